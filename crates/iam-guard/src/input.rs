//! The input of the command: files, folders, standard input.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::source::Source;

/// A file that was read.
#[derive(Debug)]
pub struct Input {
    pub source: Source,
    /// Whether the path of the file was given, rather than that of a folder above it.
    pub is_named: bool,
    pub encoding: Encoding,
}

/// The encoding of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    /// With a byte order mark, which JSON does not allow. The text here leaves it out.
    Utf8WithMark,
    /// The encoding of shells on Windows.
    Utf16,
    /// Another encoding; the text here differs from the file.
    Unknown,
}

/// A file that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {name}: {error}")]
pub struct InputError {
    pub name: String,
    pub error: std::io::Error,
}

const EXTENSIONS: [&str; 4] = ["json", "template", "yaml", "yml"];

/// The path of a file, and whether it was given itself.
#[derive(Debug)]
pub struct InputPath {
    pub path: PathBuf,
    pub is_named: bool,
}

/// The policies, plans and templates at the paths, without those in hidden folders and
/// `node_modules`.
pub fn files(paths: &[PathBuf]) -> Vec<Result<InputPath, InputError>> {
    walk(paths, is_searched, has_extension)
}

/// The files at the paths. In folders, they are sorted by name and filtered.
pub fn walk(
    paths: &[PathBuf],
    is_searched: fn(&DirEntry) -> bool,
    is_wanted: fn(&Path) -> bool,
) -> Vec<Result<InputPath, InputError>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(Ok(InputPath {
                path: path.clone(),
                is_named: true,
            }));
            continue;
        }
        let walk = WalkDir::new(path)
            .follow_links(true)
            .sort_by_file_name()
            .into_iter();
        for entry in walk.filter_entry(is_searched) {
            match entry {
                Ok(entry) if entry.file_type().is_file() && is_wanted(entry.path()) => {
                    files.push(Ok(InputPath {
                        path: entry.into_path(),
                        is_named: false,
                    }));
                }
                Ok(_) => {}
                // A link to a folder around it leads to nothing new.
                Err(error) if error.loop_ancestor().is_some() => {}
                // A link that leads nowhere is as good as none unless its name says more.
                Err(error)
                    if error
                        .path()
                        .is_some_and(|it| it.is_symlink() && !is_wanted(it)) => {}
                Err(error) => files.push(Err(InputError {
                    name: error.path().unwrap_or(path).display().to_string(),
                    error: error.into(),
                })),
            }
        }
    }
    files
}

fn is_searched(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let is_hidden = name.starts_with('.') && entry.depth() > 0;
    !(is_hidden || entry.file_type().is_dir() && name == "node_modules")
}

fn has_extension(path: &Path) -> bool {
    let extension = path
        .extension()
        .and_then(|it| it.to_str())
        .unwrap_or_default();
    EXTENSIONS
        .iter()
        .any(|it| extension.eq_ignore_ascii_case(it))
}

/// Reads a file, or standard input if the path is `-`.
pub fn read(named: &InputPath) -> Result<Input, InputError> {
    let name = named.path.display().to_string();
    let bytes = if name == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(&named.path)
    };
    let bytes = bytes.map_err(|error| InputError {
        name: name.clone(),
        error,
    })?;
    let (text, encoding) = decode(bytes);
    Ok(Input {
        source: Source::new(name, text),
        is_named: named.is_named,
        encoding,
    })
}

fn decode(bytes: Vec<u8>) -> (String, Encoding) {
    let order: Option<fn([u8; 2]) -> u16> = match bytes.as_slice() {
        [0xff, 0xfe, ..] => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] => Some(u16::from_be_bytes),
        _ => None,
    };
    if let Some(order) = order {
        let (pairs, _) = bytes.as_chunks::<2>();
        let units = pairs.iter().skip(1).map(|pair| order(*pair));
        let text = char::decode_utf16(units).collect::<Result<String, _>>();
        if let Ok(text) = text {
            return (text, Encoding::Utf16);
        }
    }
    match String::from_utf8(bytes) {
        Ok(text) => match text.strip_prefix('\u{feff}') {
            Some(bare) => (bare.to_owned(), Encoding::Utf8WithMark),
            None => (text, Encoding::Utf8),
        },
        Err(error) => {
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            (text, Encoding::Unknown)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_recognized() {
        let utf16: Vec<u8> = "\u{feff}{\"é\"}"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(decode(utf16), ("{\"é\"}".to_owned(), Encoding::Utf16));
        assert_eq!(decode(b"{}".to_vec()).1, Encoding::Utf8);
        let marked = "\u{feff}{}".as_bytes().to_vec();
        assert_eq!(decode(marked), ("{}".to_owned(), Encoding::Utf8WithMark));
        assert_eq!(decode(b"{\"\xe9\"}".to_vec()).1, Encoding::Unknown);
        assert_eq!(decode(vec![0xff, 0xfe, 0x00, 0xd8]).1, Encoding::Unknown);
    }
}
