//! The paths that were given, and what their files turned out to be.

use std::path::{Path, PathBuf};
use std::slice;

use crate::input;

/// The most files that are passed over and named.
const MAX_NAMED: usize = 3;

/// A file, or a folder with its files.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    pub(super) is_folder: bool,
    pub(super) files: Vec<PathBuf>,
    /// Whether records, or a problem that is reported, were found in it.
    is_told: bool,
    empty: u64,
    digests: u64,
}

/// What a file turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    Log,
    /// A log without a record, which CloudTrail delivers too.
    Empty,
    /// The hashes of logs.
    Digest,
    /// A file with a problem that is reported.
    Broken,
    /// A file without a record that is no log.
    Other,
}

/// The files by their kinds.
#[derive(Clone, Debug, Default)]
pub(super) struct Files {
    pub(super) logs: u64,
    pub(super) empty: u64,
    pub(super) digests: u64,
    /// Files in folders that have no record.
    pub(super) passed_over: u64,
    /// The first of these.
    pub(super) named: Vec<String>,
}

impl Source {
    /// The log files at the paths, sorted by name, and descriptions of errors. CloudTrail's names
    /// begin with the time.
    pub(super) fn at(paths: &[PathBuf]) -> (Vec<Self>, Vec<String>) {
        let mut problems = Vec::new();
        let sources = paths.iter().map(|path| {
            let mut files = Vec::new();
            let before = problems.len();
            for file in input::walk(slice::from_ref(path), |it| it.file_name() != ".git", is_log) {
                match file {
                    Ok(file) => files.push(file.path),
                    Err(error) => problems.push(error.to_string()),
                }
            }
            Self {
                is_folder: path.is_dir(),
                path: path.clone(),
                files,
                is_told: problems.len() > before,
                empty: 0,
                digests: 0,
            }
        });
        (sources.collect(), problems)
    }

    /// Notes what one of the files turned out to be.
    pub(super) fn note(&mut self, file: &Path, kind: FileKind, files: &mut Files) {
        match kind {
            FileKind::Log => (self.is_told, files.logs) = (true, files.logs + 1),
            FileKind::Broken => self.is_told = true,
            FileKind::Empty => (self.empty, files.empty) = (self.empty + 1, files.empty + 1),
            FileKind::Digest => {
                (self.digests, files.digests) = (self.digests + 1, files.digests + 1);
            }
            FileKind::Other if self.is_folder => {
                files.passed_over += 1;
                if files.named.len() < MAX_NAMED {
                    let name = file.strip_prefix(&self.path).unwrap_or(file);
                    files.named.push(name.display().to_string());
                }
            }
            FileKind::Other => {}
        }
    }

    /// What is wrong if there are no records. Empty logs are nothing wrong beside others.
    pub(super) fn problem(&self, has_records: bool) -> Option<String> {
        let is_log = self.empty > 0 || self.digests > 0;
        if self.is_told || is_log && has_records {
            return None;
        }
        let path = self.path.display();
        let problem = match (self.is_folder, is_log) {
            (true, true) => ", only empty logs and digest files",
            (true, false) => "; it is most likely the wrong folder",
            (false, _) => "",
        };
        Some(format!(
            "{path}: no CloudTrail record was found in it{problem}"
        ))
    }
}

/// Whether a file can be a log by its name. Firehose gives its files no extension.
fn is_log(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    is_json(path) || !name.contains('.') || name.ends_with(".gz") || name.ends_with(".log")
}

/// Whether a file has JSON by its name.
pub(super) fn is_json(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    [".json", ".jsonl", ".ndjson"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Whether CloudTrail gives such names to its logs.
pub(super) fn is_delivered(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.contains("_CloudTrail_")
}

impl Files {
    /// The files that had no record and were no logs; empty if there are none.
    pub(super) fn passed_over(&self) -> String {
        let others = match self.passed_over {
            0 => None,
            1 => Some("1 file without CloudTrail records".to_owned()),
            count => Some(format!("{count} files without CloudTrail records")),
        };
        let others = others.map(|others| {
            let more = match self.passed_over > MAX_NAMED as u64 {
                true => ", …",
                false => "",
            };
            format!("{others} ({}{more})", self.named.join(", "))
        });
        let digests = match self.digests {
            0 => None,
            1 => Some("1 digest file".to_owned()),
            count => Some(format!("{count} digest files")),
        };
        let parts: Vec<String> = others.into_iter().chain(digests).collect();
        parts.join(" and ")
    }
}
