//! Finds log files and reads the records in them.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use incident::WatchedCall;
use memchr::memmem::Finder;

use super::progress::Progress;
use super::split::{Part, Splitter};
use crate::input;

/// The bytes of text that are read at once.
const CHUNK: usize = 256 * 1024;

/// The log files at the paths, sorted by name, and descriptions of errors. CloudTrail's names begin
/// with the time.
pub(super) fn files(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<String>) {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    for path in input::walk(paths, |_| true, is_log) {
        match path {
            Ok(path) => files.push(path.path),
            Err(error) => problems.push(error.to_string()),
        }
    }
    (files, problems)
}

fn is_log(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    [".json", ".json.gz", ".jsonl", ".jsonl.gz"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Reads a file and passes its records to `take`. The inner error is about the file; the outer one
/// is that of `take`.
pub(super) fn read(
    path: &Path,
    progress: &Progress,
    take: impl FnMut(Part<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<io::Result<()>> {
    let open = || {
        let file = progress.reading(File::open(path)?);
        let mut file = BufReader::with_capacity(CHUNK / 4, file);
        let is_gzip = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        Ok((file, is_gzip))
    };
    match open() {
        Ok((file, true)) => read_text(MultiGzDecoder::new(file), take),
        Ok((file, false)) => read_text(file, take),
        Err(error) => Ok(Err(error)),
    }
}

fn read_text(
    mut text: impl Read,
    mut take: impl FnMut(Part<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<io::Result<()>> {
    let mut splitter = Splitter::default();
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = match text.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Ok(Err(error)),
        };
        let mut taken = Ok(());
        splitter.feed(chunk.get(..length).unwrap_or_default(), |part| {
            if taken.is_ok() {
                taken = take(part);
            }
        });
        taken?;
    }
    if splitter.is_between() {
        return Ok(Ok(()));
    }
    let problem = "it ends in the middle of a record";
    Ok(Err(io::Error::new(io::ErrorKind::UnexpectedEof, problem)))
}

/// Selects the records that can be writes of policies. Searching the bytes for the names is much
/// faster than parsing every record.
pub(super) struct Filter {
    source: Finder<'static>,
    names: Vec<Finder<'static>>,
}

impl Filter {
    pub(super) fn new() -> Self {
        Self {
            source: Finder::new("iam.amazonaws.com"),
            names: WatchedCall::DOCUMENT_WRITES
                .iter()
                .map(|write| Finder::new(write.as_str()))
                .collect(),
        }
    }

    pub(super) fn is_candidate(&self, record: &[u8]) -> bool {
        self.source.find(record).is_some()
            && self.names.iter().any(|name| name.find(record).is_some())
    }
}
