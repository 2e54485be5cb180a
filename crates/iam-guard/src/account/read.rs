//! Reads the files of an answer.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::encoding::decoded;
use super::split::{Part, Splitter};
use crate::input::{self, InputError, InputPath};

/// The bytes of text that are read at once.
const CHUNK: usize = 256 * 1024;

/// The files at the paths. In folders, they are sorted by name.
pub(super) fn files(paths: &[PathBuf]) -> Vec<Result<InputPath, InputError>> {
    input::walk(paths, |_| true, is_page)
}

fn is_page(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".json") || name.ends_with(".json.gz")
}

/// Reads a file, or standard input if the path is `-`, and passes its parts to `take`.
pub(super) fn read(path: &Path, take: impl FnMut(Part<'_>)) -> io::Result<()> {
    let stream: Box<dyn Read> = match path.as_os_str() == "-" {
        true => Box::new(io::stdin().lock()),
        false => Box::new(File::open(path)?),
    };
    let mut stream = BufReader::with_capacity(CHUNK / 4, stream);
    let is_gzip = stream.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    let text = match is_gzip {
        true => decoded(BufReader::new(MultiGzDecoder::new(stream)))?,
        false => decoded(stream)?,
    };
    split(text, take)
}

fn split(mut text: impl Read, mut take: impl FnMut(Part<'_>)) -> io::Result<()> {
    let mut splitter = Splitter::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = match text.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        splitter.feed(chunk.get(..length).unwrap_or_default(), &mut take);
    }
    if !splitter.is_between() {
        let problem = "it ends in the middle of a page";
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, problem));
    }
    if splitter.has_strays() {
        let problem = "it holds something else than pages in JSON";
        return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
    }
    Ok(())
}
