//! What the command is to read: files, folders, standard input.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::source::Source;

/// A file as it was read.
#[derive(Debug)]
pub struct Input {
    pub source: Source,
    /// Whether somebody named this very file, rather than a folder above it.
    pub is_named: bool,
    pub encoding: Encoding,
}

/// How the text was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    /// With a byte order mark, which is not in the text here; JSON has none.
    Utf8WithMark,
    /// As shells on Windows write it.
    Utf16,
    /// The text is not what the file says: parts of it could not be read.
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

/// A path to a file, and whether it was named itself.
#[derive(Debug)]
pub struct Named {
    pub path: PathBuf,
    pub is_named: bool,
}

/// The files that the paths name, those of folders in alphabetical order; hidden folders and packages are left out.
pub fn files(paths: &[PathBuf]) -> Vec<Result<Named, InputError>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(Ok(Named {
                path: path.clone(),
                is_named: true,
            }));
            continue;
        }
        let walk = WalkDir::new(path).sort_by_file_name().into_iter();
        for entry in walk.filter_entry(is_looked_into) {
            match entry {
                Ok(entry) if entry.file_type().is_file() && has_extension(entry.path()) => {
                    files.push(Ok(Named {
                        path: entry.into_path(),
                        is_named: false,
                    }));
                }
                Ok(_) => {}
                Err(error) => files.push(Err(InputError {
                    name: error.path().unwrap_or(path).display().to_string(),
                    error: error.into(),
                })),
            }
        }
    }
    files
}

fn is_looked_into(entry: &DirEntry) -> bool {
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

/// Reads a file, or standard input where the path is `-`.
///
/// # Errors
///
/// If the operating system refuses it.
pub fn read(named: &Named) -> Result<Input, InputError> {
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
    fn encodings_are_told_apart() {
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
