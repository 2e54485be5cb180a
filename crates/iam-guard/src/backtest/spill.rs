//! Values in a temporary file, so that any number of them needs little memory.

use std::fs::File;
use std::io::{
    self, BufRead as _, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _,
};

use std::marker::PhantomData;

use iam_policy::Response;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The most values that are sorted.
const MAX_SORTED: usize = 300_000;

/// A change that is an incident, or may be one once all records are read.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SpilledChange {
    pub(super) event_id: String,
    pub(super) time: String,
    pub(super) second: i64,
    pub(super) actor: String,
    pub(super) subject: String,
    /// Whether the caller is exempt.
    pub(super) exempt: bool,
    pub(super) response: Response,
    #[serde(default, skip_serializing_if = "<[u16]>::is_empty")]
    pub(super) patterns: Box<[u16]>,
    #[serde(default, skip_serializing_if = "<[Box<str>]>::is_empty")]
    pub(super) entries: Box<[Box<str>]>,
    /// The version that was put in force, if its document is still unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
}

/// The file with the values.
#[derive(Debug)]
pub(super) struct Spill<T> {
    file: BufWriter<File>,
    /// Order, offset and length of each value.
    places: Vec<(i64, u64, u32)>,
    end: u64,
    count: usize,
    values: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> Spill<T> {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            file: BufWriter::new(tempfile::tempfile()?),
            places: Vec::new(),
            end: 0,
            count: 0,
            values: PhantomData,
        })
    }

    pub(super) fn push(&mut self, order: i64, value: &T) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.count += 1;
        if self.places.len() < MAX_SORTED {
            let length = u32::try_from(line.len()).map_err(io::Error::other)?;
            self.places.push((order, self.end, length));
        }
        self.end += u64::try_from(line.len()).map_err(io::Error::other)?;
        Ok(())
    }

    /// Passes the values to `take`, sorted unless there are too many.
    pub(super) fn take(self, mut take: impl FnMut(T) -> io::Result<()>) -> io::Result<()> {
        let mut file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        let mut places = self.places;
        if self.count > places.len() {
            file.seek(SeekFrom::Start(0))?;
            for line in BufReader::new(file).lines() {
                take(serde_json::from_str(&line?)?)?;
            }
            return Ok(());
        }
        places.sort_unstable();
        let mut line = Vec::new();
        for (_, start, length) in places {
            file.seek(SeekFrom::Start(start))?;
            line.clear();
            (&mut file).take(length.into()).read_to_end(&mut line)?;
            take(serde_json::from_slice(&line)?)?;
        }
        Ok(())
    }
}
