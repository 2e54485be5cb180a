//! Splits a stream of JSON into CloudTrail records without parsing them.
//!
//! A parser would need a whole file in memory, or would copy every record byte by byte. Only 2 % of
//! the records of an account are about IAM, and files can be of any size.

use memchr::memchr2;

/// The longest record that is read. Records of CloudTrail have at most 256 KB.
const MAX_RECORD: usize = 4 * 1024 * 1024;

/// A part of the stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Record(&'a [u8]),
    /// The first bytes of a record that is too long.
    TooLong(&'a [u8]),
}

/// Finds the records in the files of CloudTrail (an object with `Records`), in the responses of
/// `lookup-events` (an object with `Events`), in arrays of records, and in sequences of records.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    /// The count of open objects and arrays.
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// Whether the outermost value is an array.
    is_array: bool,
    /// Whether the array of records in the outermost object is open.
    in_records: bool,
    /// The last string of the outermost object, which may be the key of that array.
    key: Vec<u8>,
    /// The depth at which the open record began.
    record: Option<usize>,
    /// The part of the open record in earlier chunks.
    kept: Vec<u8>,
    too_long: bool,
}

impl Splitter {
    /// Whether the text does not end inside a value.
    pub(super) fn is_between(&self) -> bool {
        self.depth == 0 && !self.in_string
    }

    /// Takes the next chunk of the text.
    pub(super) fn feed(&mut self, chunk: &[u8], mut found: impl FnMut(Part<'_>)) {
        let mut from = 0;
        let mut at = 0;
        while let Some(&byte) = chunk.get(at) {
            if self.in_string {
                at = self.string(chunk, at);
                continue;
            }
            match byte {
                b'"' => {
                    self.in_string = true;
                    if self.depth == 1 {
                        self.key.clear();
                    }
                }
                b'{' => {
                    if self.begins_record() {
                        self.record = Some(self.depth);
                        from = at;
                    }
                    self.depth += 1;
                }
                b'[' => {
                    match self.depth {
                        0 => self.is_array = true,
                        1 if !self.is_array && is_container(&self.key) => {
                            // The outermost object is not a record itself.
                            self.in_records = true;
                            self.forget();
                        }
                        _ => {}
                    }
                    self.depth += 1;
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if byte == b'}' && self.record == Some(self.depth) {
                        self.end(chunk.get(from..=at).unwrap_or_default(), &mut found);
                    }
                    match self.depth {
                        0 => (self.is_array, self.in_records) = (false, false),
                        1 if byte == b']' => self.in_records = false,
                        _ => {}
                    }
                }
                _ => {}
            }
            at += 1;
        }
        if self.record.is_some() {
            self.keep(chunk.get(from..).unwrap_or_default());
        }
    }

    /// The end of the string around `at`, or the end of the chunk.
    fn string(&mut self, chunk: &[u8], mut at: usize) -> usize {
        let start = at;
        if self.escaped {
            self.escaped = false;
            at += 1;
        }
        loop {
            let rest = chunk.get(at..).unwrap_or_default();
            let Some(next) = memchr2(b'"', b'\\', rest) else {
                at = chunk.len();
                break;
            };
            if rest.get(next) == Some(&b'"') {
                self.in_string = false;
                at += next + 1;
                break;
            }
            at += next + 2;
            if at > chunk.len() {
                self.escaped = true;
                at = chunk.len();
                break;
            }
        }
        if self.depth == 1 && self.key.len() < 16 {
            let text = chunk.get(start..at).unwrap_or_default();
            self.key.extend(text.iter().take(16));
        }
        at
    }

    fn begins_record(&self) -> bool {
        match self.depth {
            0 => true,
            1 => self.is_array,
            2 => self.in_records && self.record.is_none(),
            _ => false,
        }
    }

    fn keep(&mut self, part: &[u8]) {
        let room = MAX_RECORD.saturating_sub(self.kept.len());
        self.too_long |= part.len() > room;
        self.kept.extend(part.iter().take(room));
    }

    fn end(&mut self, part: &[u8], found: &mut impl FnMut(Part<'_>)) {
        if self.kept.is_empty() && part.len() <= MAX_RECORD {
            found(Part::Record(part));
        } else {
            self.keep(part);
            found(match self.too_long {
                true => Part::TooLong(&self.kept),
                false => Part::Record(&self.kept),
            });
        }
        self.forget();
    }

    fn forget(&mut self) {
        self.record = None;
        self.too_long = false;
        self.kept.clear();
    }
}

/// Whether the array at a key has records. The key ends with its quotation mark.
fn is_container(key: &[u8]) -> bool {
    matches!(key, b"Records\"" | b"Events\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The records, which must be the same for every size of chunks.
    fn records(text: &str) -> Vec<String> {
        let split = |size: usize| {
            let mut splitter = Splitter::default();
            let mut records = Vec::new();
            for chunk in text.as_bytes().chunks(size) {
                splitter.feed(chunk, |part| match part {
                    Part::Record(record) => {
                        records.push(String::from_utf8(record.to_vec()).unwrap())
                    }
                    Part::TooLong(_) => records.push("too long".to_owned()),
                });
            }
            records
        };
        let whole = split(text.len().max(1));
        for size in 1..8 {
            assert_eq!(split(size), whole, "chunks of {size}");
        }
        whole
    }

    #[test]
    fn records_are_found_in_every_form() {
        let one = r#"{"a": "}\"{\\", "b": {"c": [{"d": 1}]}}"#;
        for text in [
            format!("{{\"Records\": [{one}, {one}]}}"),
            format!("{{\"x\": {{\"Records\": [1]}}, \"Events\" : [{one},{one}], \"y\": [{{}}]}}"),
            format!("[{one},{one}]"),
            format!("{one}\n{one}\n"),
            format!("{{\"Records\": [{one}]}}\n{{\"Records\": [{one}]}}"),
            format!("{{\"Records\": []}}[{one}]{one}"),
        ] {
            assert_eq!(records(&text), [one, one], "{text}");
        }
        assert!(records(r#"{"Records": []}"#).is_empty());
        assert!(records("").is_empty());
        assert_eq!(records(r#"{"Record": [{"a": 1}]}"#).len(), 1);
        // Only an array of the outermost object has records.
        assert_eq!(
            records(r#"[{"Records": [{"a": 1}]}]"#),
            [r#"{"Records": [{"a": 1}]}"#]
        );
    }

    #[test]
    fn a_record_that_is_too_long_is_left_out() {
        let long = format!("{{\"a\": \"{}\"}}", "x".repeat(MAX_RECORD));
        let mut splitter = Splitter::default();
        let mut seen = Vec::new();
        for chunk in format!("[{long},{{}}]").as_bytes().chunks(100_000) {
            splitter.feed(chunk, |part| seen.push(matches!(part, Part::Record(_))));
        }
        assert_eq!(seen, [false, true]);
        assert!(splitter.is_between());
    }
}
