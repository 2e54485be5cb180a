//! Reads log files and sends on the records that can be writes of policies.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use flate2::bufread::MultiGzDecoder;
use incident::WatchedCall;
use memchr::memmem::Finder;
use walkdir::WalkDir;

use super::progress::Progress;
use super::split::{Part, Splitter};

/// The bytes of text that are read at once.
const CHUNK: usize = 256 * 1024;
/// The bytes of records that are sent at once, and the most batches that wait.
const BATCH: usize = 256 * 1024;
const WAITING: usize = 8;

/// The records of one part of the logs.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The count of records of every kind.
    pub(super) records: u64,
    /// Records that can be writes of policies.
    pub(super) candidates: Vec<Vec<u8>>,
    /// Writes of policies that are too long to be read.
    pub(super) too_long: u64,
    /// Descriptions of errors.
    pub(super) problems: Vec<String>,
    bytes: usize,
}

/// The log files at the paths, sorted by name. CloudTrail's names begin with the time.
pub(super) fn files(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<String>) {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        for entry in WalkDir::new(path).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_file() && is_log(entry.path()) => {
                    files.push(entry.into_path());
                }
                Ok(_) => {}
                Err(error) => problems.push(format!("cannot read {error}")),
            }
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

/// Reads the files in another thread, and passes each batch to `take`.
pub(super) fn read<T>(
    files: &[PathBuf],
    progress: &Progress,
    mut take: impl FnMut(Batch) -> anyhow::Result<T>,
) -> anyhow::Result<()> {
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(WAITING);
        scope.spawn(move || {
            let mut reader = Reader::new(sender);
            for path in files {
                if let Err(error) = reader.file(path, progress) {
                    let problem = format!("cannot read {}: {error}", path.display());
                    reader.batch.problems.push(problem);
                }
                // The receiver has failed and is gone.
                if reader.is_abandoned {
                    return;
                }
            }
            reader.send();
        });
        for batch in receiver {
            take(batch)?;
        }
        Ok(())
    })
}

struct Reader {
    sender: SyncSender<Batch>,
    batch: Batch,
    is_abandoned: bool,
    filter: Filter,
}

impl Reader {
    fn new(sender: SyncSender<Batch>) -> Self {
        Self {
            sender,
            batch: Batch::default(),
            is_abandoned: false,
            filter: Filter::new(),
        }
    }

    fn file(&mut self, path: &Path, progress: &Progress) -> io::Result<()> {
        let file = progress.reading(File::open(path)?);
        let mut file = BufReader::with_capacity(CHUNK / 4, file);
        let is_gzip = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        if is_gzip {
            self.text(MultiGzDecoder::new(file))
        } else {
            self.text(file)
        }
    }

    fn text(&mut self, mut text: impl Read) -> io::Result<()> {
        let mut splitter = Splitter::default();
        let mut chunk = vec![0; CHUNK];
        loop {
            let length = match text.read(&mut chunk) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let (batch, filter) = (&mut self.batch, &self.filter);
            splitter.feed(chunk.get(..length).unwrap_or_default(), |part| {
                batch.records += 1;
                match part {
                    Part::Record(record) if filter.is_candidate(record) => {
                        batch.bytes += record.len();
                        batch.candidates.push(record.to_vec());
                    }
                    Part::Record(_) => {}
                    Part::TooLong(start) => {
                        batch.too_long += u64::from(filter.is_candidate(start));
                    }
                }
            });
            if self.batch.bytes >= BATCH {
                self.send();
            }
            if self.is_abandoned {
                return Ok(());
            }
        }
        if splitter.is_between() {
            Ok(())
        } else {
            Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "it ends in the middle of a record",
            ))
        }
    }

    fn send(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        self.is_abandoned |= self.sender.send(batch).is_err();
    }
}

/// Selects the records that can be writes of policies. Searching the bytes for the names is much
/// faster than parsing every record.
struct Filter {
    source: Finder<'static>,
    names: Vec<Finder<'static>>,
}

impl Filter {
    fn new() -> Self {
        Self {
            source: Finder::new("iam.amazonaws.com"),
            names: WatchedCall::DOCUMENT_WRITES
                .iter()
                .map(|write| Finder::new(write.as_str()))
                .collect(),
        }
    }

    fn is_candidate(&self, record: &[u8]) -> bool {
        self.source.find(record).is_some()
            && self.names.iter().any(|name| name.find(record).is_some())
    }
}
