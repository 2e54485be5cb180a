//! Reads the values in log files.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use incident::WatchedCall;
use memchr::memmem::Finder;

use super::progress::Progress;
use super::split::{Part, Splitter};
use super::step::UNWATCHED;
use super::utf16::{self, Utf16};

/// The bytes of text that are read at once.
const CHUNK: usize = 256 * 1024;

/// What a file has, apart from its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Json {
        /// Whether there is a list with the name that CloudTrail uses.
        has_records: bool,
        /// Whether the end is in the middle of a value.
        is_cut: bool,
    },
    /// Something else, which was not read.
    Other,
}

/// Reads a file and passes its values to `take`. With `is_log`, the file has JSON whatever it
/// begins with. The inner error is about the file; the outer one is that of `take`.
pub(super) fn read(
    path: &Path,
    is_log: bool,
    progress: &Progress,
    mut take: impl FnMut(Part<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<io::Result<Content>> {
    let mut text = match open(path, progress) {
        Ok((text, is_json)) if is_log || is_json => text,
        Ok(_) => return Ok(Ok(Content::Other)),
        Err(error) => return Ok(Err(error)),
    };
    let mut splitter = Splitter::default();
    let mut chunk = vec![0; CHUNK];
    let mut taken = Ok(());
    let mut take = |part: Part<'_>| {
        if taken.is_ok() {
            taken = take(part);
        }
    };
    let result = loop {
        match text.read(&mut chunk) {
            Ok(0) => break Ok(()),
            Ok(length) => splitter.feed(chunk.get(..length).unwrap_or_default(), &mut take),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Err(error),
        }
    };
    let is_cut = !splitter.finish(&mut take);
    taken?;
    let has_records = splitter.has_records();
    Ok(result.map(|()| Content::Json {
        has_records,
        is_cut,
    }))
}

/// The text of a file, and whether it begins like JSON or like the lines that CloudWatch Logs
/// exports, which begin with a time.
fn open(path: &Path, progress: &Progress) -> io::Result<(Box<dyn BufRead>, bool)> {
    let file = progress.reading(File::open(path)?);
    let mut text: Box<dyn BufRead> = Box::new(BufReader::with_capacity(CHUNK / 4, file));
    // Firehose compresses what CloudWatch Logs has compressed already.
    for _ in 0..2 {
        if text.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
            let text_of_gzip = MultiGzDecoder::new(text);
            text = Box::new(BufReader::with_capacity(CHUNK / 4, text_of_gzip));
        }
    }
    let start = text.fill_buf()?;
    if let Some(order) = utf16::order(start) {
        return Ok((Box::new(BufReader::new(Utf16::new(text, order))), true));
    }
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let first = start.trim_ascii_start().first();
    let is_json = first.is_some_and(|it| matches!(it, b'{' | b'[' | b'"' | b'0'..=b'9'));
    let is_text = memchr::memchr(0, start).is_none();
    Ok((text, is_json && is_text))
}

/// Selects the records that can be about what someone holds. Searching the bytes for the names is
/// much faster than parsing every record.
pub(super) struct Filter {
    source: Finder<'static>,
    calls: Vec<Finder<'static>>,
}

impl Filter {
    pub(super) fn new() -> Self {
        let watched = WatchedCall::ALL.iter().map(|call| call.as_str());
        let unwatched = UNWATCHED.iter().map(|(name, _)| *name);
        Self {
            source: Finder::new("iam.amazonaws.com"),
            calls: watched.chain(unwatched).map(Finder::new).collect(),
        }
    }

    pub(super) fn is_candidate(&self, record: &[u8]) -> bool {
        let mut calls = self.calls.iter();
        self.source.find(record).is_some() && calls.any(|name| name.find(record).is_some())
    }
}
