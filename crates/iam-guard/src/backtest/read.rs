//! Finds log files and reads the records in them.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use incident::WatchedCall;
use memchr::memmem::Finder;

use super::progress::Progress;
use super::split::{Part, Splitter};
use super::step::UNWATCHED;
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

/// Selects the records that can be about what someone holds. Searching the bytes for the names is
/// much faster than parsing every record.
pub(super) struct Filter {
    source: Finder<'static>,
    writes: Vec<Finder<'static>>,
    others: Vec<Finder<'static>>,
}

impl Filter {
    pub(super) fn new() -> Self {
        let is_write = |call: &WatchedCall| WatchedCall::DOCUMENT_WRITES.contains(call);
        let (writes, others): (Vec<WatchedCall>, Vec<WatchedCall>) =
            WatchedCall::ALL.iter().partition(|call| is_write(call));
        let unwatched = UNWATCHED.iter().map(|(name, _)| *name);
        let others = others.into_iter().map(WatchedCall::as_str).chain(unwatched);
        Self {
            source: Finder::new("iam.amazonaws.com"),
            writes: writes.iter().map(|it| Finder::new(it.as_str())).collect(),
            others: others.map(Finder::new).collect(),
        }
    }

    pub(super) fn is_candidate(&self, record: &[u8]) -> bool {
        let mut names = self.writes.iter().chain(&self.others);
        self.source.find(record).is_some() && names.any(|name| name.find(record).is_some())
    }

    /// Whether the record can be a write of a policy document.
    pub(super) fn is_write(&self, record: &[u8]) -> bool {
        let mut names = self.writes.iter();
        self.source.find(record).is_some() && names.any(|name| name.find(record).is_some())
    }
}
