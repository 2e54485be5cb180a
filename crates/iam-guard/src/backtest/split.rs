//! Splits a stream of JSON into the values that can have CloudTrail records, without parsing them.
//!
//! A parser would need a whole file in memory, or would copy every record byte by byte. Only 2 % of
//! the records of an account are about IAM, and files can be of any size.

use std::mem::take;

use memchr::memchr3;

use super::keys::{ALL_MEMBERS, CONTAINERS, MAX_KEY, member};

/// The longest value that is kept. Records of CloudTrail have at most 256 KB, and a wrapper writes
/// a quotation mark of a record as up to eight characters.
const MAX_UNIT: usize = 4 * 1024 * 1024;
/// The most wrappers around a value.
const MAX_OPEN: usize = 16;

/// A part of the stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// An object, a row or a string, and whether it has the members of every CloudTrail record.
    Whole(&'a [u8], bool),
    /// A value that breaks off, and whether it has members of a record itself.
    Cut(&'a [u8], bool),
    /// The first bytes of a value that is too long.
    TooLong(&'a [u8]),
}

/// Finds the values that wrappers enclose: the elements of `Records` in the files of CloudTrail, of
/// the lists in answers of AWS, of arrays, and of sequences.
///
/// A wrapper is an outermost array, an object with one of [`CONTAINERS`], and everything that is
/// too long for a record. All that stands in wrappers and is none itself is a unit: a part.
#[derive(Debug)]
pub(super) struct Splitter {
    /// The most bytes that are kept.
    limit: usize,
    /// The open wrappers, and whether each is an array.
    open: Vec<bool>,
    unit: Option<Unit>,
    in_string: bool,
    escaped: bool,
    /// The beginning of the last string directly in the unit, if an earlier chunk has it.
    key: Vec<u8>,
    /// The part of the unit in earlier chunks.
    kept: Vec<u8>,
    too_long: bool,
    has_records: bool,
}

#[derive(Debug)]
struct Unit {
    kind: Kind,
    /// The count of open objects and arrays, with the unit itself.
    depth: usize,
    /// Which of the members of a record it has.
    members: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Object,
    Array,
    Text,
}

/// Where in a chunk something begins.
#[derive(Debug, Default)]
struct Begins {
    /// The unit, or its continuation.
    unit: usize,
    /// The open string, if it begins in the chunk.
    string: Option<usize>,
    /// The last string directly in the unit, and its end, if it begins in the chunk.
    last: Option<(usize, usize)>,
}

impl Begins {
    fn unit(unit: usize) -> Self {
        let (string, last) = (None, None);
        Self { unit, string, last }
    }

    fn last_string<'c>(&self, chunk: &'c [u8]) -> Option<&'c [u8]> {
        let (start, end) = self.last?;
        chunk.get(start..end)
    }
}

/// Where the end of a string is.
enum StringEnd {
    At(usize),
    /// A line break, which no string of JSON has.
    Cut(usize),
    LaterChunk,
}

impl Default for Splitter {
    fn default() -> Self {
        Self::with_limit(MAX_UNIT)
    }
}

impl Splitter {
    fn with_limit(limit: usize) -> Self {
        Self {
            limit,
            open: Vec::new(),
            unit: None,
            in_string: false,
            escaped: false,
            key: Vec::new(),
            kept: Vec::new(),
            too_long: false,
            has_records: false,
        }
    }

    /// Whether an object had a list with the name that CloudTrail uses, empty or not.
    pub(super) fn has_records(&self) -> bool {
        self.has_records
    }

    /// Takes the next chunk of the text.
    pub(super) fn feed(&mut self, chunk: &[u8], mut found: impl FnMut(Part<'_>)) {
        self.scan(chunk, &mut found);
    }

    /// Takes the end of the text, and says whether it ends between two values.
    pub(super) fn finish(&mut self, mut found: impl FnMut(Part<'_>)) -> bool {
        let is_between = self.open.is_empty() && self.unit.is_none();
        // What follows a cut record looks as if it were in it.
        while let Some(unit) = &self.unit {
            let is_record = unit.members != 0;
            if is_record || unit.kind == Kind::Text {
                found(Part::Cut(&self.kept, is_record));
            }
            if self.unwrap_unit(0, &mut found).is_none() {
                break;
            }
        }
        is_between
    }

    fn scan(&mut self, chunk: &[u8], found: &mut dyn FnMut(Part<'_>)) {
        let mut at = 0;
        let mut begins = Begins::default();
        loop {
            let Some(&byte) = chunk.get(at) else {
                match self.unwrap_if_too_long(chunk.len(), &begins, found) {
                    Some(next) => (at, begins) = (next, Begins::unit(next)),
                    None => break,
                }
                continue;
            };
            // Where the unit ends, and whether it is cut there.
            let mut end = None;
            if self.in_string {
                match self.string_end(chunk, at) {
                    StringEnd::At(quote) => {
                        self.in_string = false;
                        self.note_string(chunk, quote, &mut begins);
                        at = quote + 1;
                        let is_text = |unit: &Unit| unit.kind == Kind::Text;
                        end = self
                            .unit
                            .as_ref()
                            .is_some_and(is_text)
                            .then_some((at, false));
                    }
                    StringEnd::Cut(line_break) => {
                        end = Some((line_break, true));
                        at = line_break + 1;
                    }
                    StringEnd::LaterChunk => at = chunk.len(),
                }
            } else {
                match byte {
                    b'"' => {
                        self.in_string = true;
                        if self.unit.is_none() {
                            self.begin(Kind::Text);
                            begins = Begins::unit(at);
                        }
                        at += 1;
                        begins.string = Some(at);
                    }
                    b'{' | b'[' => {
                        if self.is_container(begins.last_string(chunk))
                            && let Some(next) = self.unwrap_unit(begins.unit, found)
                        {
                            (at, begins) = (next, Begins::unit(next));
                            continue;
                        }
                        if self.opens_unit(byte == b'[') {
                            begins = Begins::unit(at);
                        }
                        at += 1;
                    }
                    b'}' | b']' => {
                        at += 1;
                        end = self.closes_unit().then_some((at, false));
                    }
                    _ => at += 1,
                }
            }
            let Some((end, is_cut)) = end else { continue };
            match self.unwrap_if_too_long(end, &begins, found) {
                Some(next) => (at, begins) = (next, Begins::unit(next)),
                None => {
                    let part = chunk.get(begins.unit..end).unwrap_or_default();
                    self.end(part, is_cut, found);
                }
            }
        }
        if self.unit.is_some() {
            self.keep_key(chunk, &begins);
            self.keep(chunk.get(begins.unit..).unwrap_or_default());
        }
    }

    fn string_end(&mut self, chunk: &[u8], mut at: usize) -> StringEnd {
        if take(&mut self.escaped) && chunk.get(at) != Some(&b'\n') {
            at += 1;
        }
        loop {
            let rest = chunk.get(at..).unwrap_or_default();
            let Some(next) = memchr3(b'"', b'\\', b'\n', rest) else {
                return StringEnd::LaterChunk;
            };
            at += next;
            match (rest.get(next), rest.get(next + 1)) {
                (Some(b'"'), _) => return StringEnd::At(at),
                (Some(b'\n'), _) => return StringEnd::Cut(at),
                (_, Some(b'\n')) => at += 1,
                (_, Some(_)) => at += 2,
                (_, None) => {
                    self.escaped = true;
                    return StringEnd::LaterChunk;
                }
            }
        }
    }

    /// Notes a string directly in the unit. It is a key, or a value that is none of the names.
    fn note_string(&mut self, chunk: &[u8], end: usize, begins: &mut Begins) {
        let start = begins.string.take();
        let Some(unit) = self.unit.as_mut().filter(|unit| unit.depth == 1) else {
            return;
        };
        match start {
            Some(start) => {
                unit.members |= member(chunk.get(start..end).unwrap_or_default());
                begins.last = Some((start, end));
            }
            None => {
                let room = MAX_KEY.saturating_sub(self.key.len());
                self.key.extend(chunk.iter().take(end.min(room)));
                unit.members |= member(&self.key);
            }
        }
    }

    /// Keeps the string directly in the unit that the next chunk continues or needs.
    fn keep_key(&mut self, chunk: &[u8], begins: &Begins) {
        if self.unit.as_ref().is_none_or(|unit| unit.depth != 1) {
            return;
        }
        let text = match begins.string {
            // The string began in an earlier chunk.
            None if self.in_string => chunk,
            start => {
                let open = start.and_then(|start| chunk.get(start..));
                let Some(text) = open.or_else(|| begins.last_string(chunk)) else {
                    return;
                };
                self.key.clear();
                text
            }
        };
        let room = MAX_KEY.saturating_sub(self.key.len());
        self.key.extend(text.iter().take(room));
    }

    /// Whether the value that begins shows that the unit is a wrapper.
    fn is_container(&mut self, key: Option<&[u8]>) -> bool {
        let Some(unit) = &self.unit else { return false };
        if unit.depth != 1 || unit.kind != Kind::Object || unit.members == ALL_MEMBERS {
            return false;
        }
        let key = key.unwrap_or(&self.key);
        self.has_records |= key == b"Records";
        CONTAINERS.contains(&key)
    }

    /// Opens an object or an array. Returns whether it is a unit.
    fn opens_unit(&mut self, is_array: bool) -> bool {
        match &mut self.unit {
            Some(unit) => unit.depth += 1,
            // An array in an array is a row.
            None if is_array && self.open.last() != Some(&true) => self.open.push(true),
            None => {
                self.begin(match is_array {
                    true => Kind::Array,
                    false => Kind::Object,
                });
                return true;
            }
        }
        false
    }

    /// Closes an object or an array. Returns whether it is the unit.
    fn closes_unit(&mut self) -> bool {
        match &mut self.unit {
            Some(unit) => {
                unit.depth = unit.depth.saturating_sub(1);
                unit.depth == 0
            }
            None => {
                self.open.pop();
                false
            }
        }
    }

    fn begin(&mut self, kind: Kind) {
        let (depth, members) = (1, 0);
        self.unit = Some(Unit {
            kind,
            depth,
            members,
        });
        self.key.clear();
    }

    /// Takes the unit as a wrapper if it is too long for a record.
    fn unwrap_if_too_long(
        &mut self,
        end: usize,
        begins: &Begins,
        found: &mut dyn FnMut(Part<'_>),
    ) -> Option<usize> {
        let part = end.saturating_sub(begins.unit);
        let is_too_long = self.unit.is_some() && self.kept.len() + part > self.limit;
        is_too_long.then(|| self.unwrap_unit(begins.unit, found))?
    }

    /// Takes the unit as a wrapper, and looks at its content again. Returns where to go on in the
    /// chunk; `None` if the unit cannot be a wrapper.
    fn unwrap_unit(&mut self, from: usize, found: &mut dyn FnMut(Part<'_>)) -> Option<usize> {
        let unit = self.unit.as_ref()?;
        if unit.kind == Kind::Text || self.open.len() >= MAX_OPEN {
            return None;
        }
        self.open.push(unit.kind == Kind::Array);
        (self.unit, self.in_string, self.escaped) = (None, false, false);
        match take(&mut self.kept).get(1..) {
            None => Some(from + 1),
            Some(content) => {
                self.scan(content, found);
                Some(0)
            }
        }
    }

    fn keep(&mut self, part: &[u8]) {
        let room = self.limit.saturating_sub(self.kept.len());
        self.too_long |= part.len() > room;
        self.kept.extend(part.iter().take(room));
    }

    fn end(&mut self, part: &[u8], is_cut: bool, found: &mut dyn FnMut(Part<'_>)) {
        let members = self.unit.take().map_or(0, |unit| unit.members);
        let mut text = part;
        if !self.kept.is_empty() || part.len() > self.limit {
            self.keep(part);
            text = &self.kept;
        }
        found(match (self.too_long, is_cut) {
            (true, _) => Part::TooLong(text),
            (false, true) => Part::Cut(text, members != 0),
            (false, false) => Part::Whole(text, members == ALL_MEMBERS),
        });
        self.kept.clear();
        self.too_long = false;
        if is_cut {
            // The next line is a new value.
            self.open.clear();
            self.in_string = false;
        }
    }
}

#[cfg(test)]
mod tests;
