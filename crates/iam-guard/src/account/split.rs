//! Splits the answer of `GetAccountAuthorizationDetails` into its entries without parsing them.
//!
//! An answer can be larger than memory, and a page of the CLI is the whole answer. An entry is
//! small.

use iam_account::List;
use memchr::memchr2;

/// The longest entry that is read. The quotas of IAM allow less than 1 MB.
const MAX_ENTRY: usize = 16 * 1024 * 1024;
/// The longest key or value of a page that is read.
const MAX_TEXT: usize = 4096;
/// How many keys of a page are kept that are none of the lists.
const MAX_OTHERS: usize = 20;

/// A part of the stream, with the line that it begins at.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Entry(List, &'a [u8], usize),
    TooLong(List, usize),
    /// The list is no array, or an element of it is no object.
    NotAList(List, usize),
    /// A page ends. It had these lists.
    End(Page),
}

/// What a page says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) lists: Vec<List>,
    /// Whether more pages follow.
    pub(super) is_truncated: bool,
    /// The line that it begins at.
    pub(super) line: usize,
    /// Some of its other keys.
    pub(super) others: Vec<String>,
}

/// Finds the entries in pages: one object, several objects one after another, or an array.
#[derive(Debug)]
pub(super) struct Splitter {
    line: usize,
    /// The count of open objects and arrays.
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// Whether the outermost value is an array.
    is_array: bool,
    /// Whether a value stands beside the pages that is none.
    has_strays: bool,
    page: Option<Page>,
    /// The depth inside the page.
    page_depth: usize,
    /// The key of the page before the colon, then the value behind it.
    key: Vec<u8>,
    value: Option<Vec<u8>>,
    /// The list that is open.
    list: Option<List>,
    /// The line of the entry that is open.
    entry: Option<usize>,
    /// The part of the open entry in earlier chunks.
    kept: Vec<u8>,
    too_long: bool,
}

impl Splitter {
    pub(super) fn new() -> Self {
        Self {
            line: 1,
            depth: 0,
            in_string: false,
            escaped: false,
            is_array: false,
            has_strays: false,
            page: None,
            page_depth: 0,
            key: Vec::new(),
            value: None,
            list: None,
            entry: None,
            kept: Vec::new(),
            too_long: false,
        }
    }

    /// Whether the text does not end inside a value.
    pub(super) fn is_between(&self) -> bool {
        self.depth == 0 && !self.in_string
    }

    /// Whether a value stands beside the pages that is none.
    pub(super) fn has_strays(&self) -> bool {
        self.has_strays
    }

    /// Takes the next chunk of the text.
    pub(super) fn feed(&mut self, chunk: &[u8], found: &mut impl FnMut(Part<'_>)) {
        let mut from = 0;
        let mut at = 0;
        while let Some(&byte) = chunk.get(at) {
            if self.in_string {
                at = self.string(chunk, at);
                continue;
            }
            if self.entry.is_some() {
                let (read, is_end) = self.inside(chunk.get(at..).unwrap_or_default());
                at += read;
                if is_end {
                    self.end_entry(chunk.get(from..at).unwrap_or_default(), found);
                }
                continue;
            } else if self.depth >= self.page_depth && self.page.is_some() {
                if self.in_page(byte, found) {
                    from = at;
                }
            } else {
                self.outside(byte);
            }
            at += 1;
        }
        if self.entry.is_some() {
            self.keep(chunk.get(from..).unwrap_or_default());
        }
    }

    /// Takes the bytes of an entry up to its end or up to a string; returns how many these are, and
    /// whether it ends.
    fn inside(&mut self, bytes: &[u8]) -> (usize, bool) {
        // Most bytes of an answer go through this loop.
        let (mut depth, mut line) = (self.depth, self.line);
        let mut end = (bytes.len(), false);
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                b'"' => {
                    self.in_string = true;
                    end.0 = at + 1;
                    break;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    if depth == self.page_depth + 1 {
                        end = (at + 1, true);
                        break;
                    }
                }
                b'\n' => line += 1,
                _ => {}
            }
        }
        (self.depth, self.line) = (depth, line);
        end
    }

    /// Takes a byte outside of pages.
    fn outside(&mut self, byte: u8) {
        let is_open = self.depth == 0 || self.depth == 1 && self.is_array;
        match byte {
            b'\n' => self.line += 1,
            b' ' | b'\t' | b'\r' | b',' => {}
            b'{' if is_open => {
                self.depth += 1;
                self.page_depth = self.depth;
                self.page = Some(Page {
                    line: self.line,
                    ..Page::default()
                });
                self.key.clear();
                self.value = None;
            }
            b'[' => {
                self.has_strays |= self.depth > 0;
                self.is_array |= self.depth == 0;
                self.depth += 1;
            }
            b'{' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                self.is_array &= self.depth > 0;
            }
            byte => {
                self.in_string = byte == b'"';
                self.has_strays |= is_open;
            }
        }
    }

    /// Takes a byte of a page outside of its entries; returns true if an entry begins with it.
    fn in_page(&mut self, byte: u8, found: &mut impl FnMut(Part<'_>)) -> bool {
        let is_member = self.depth == self.page_depth;
        let list = self.list.filter(|_| self.depth == self.page_depth + 1);
        match byte {
            b'\n' => self.line += 1,
            b' ' | b'\t' | b'\r' => {}
            b',' if list.is_some() => {}
            b',' if is_member => self.end_member(found),
            b':' if is_member => self.value = Some(Vec::new()),
            b'{' if list.is_some() => {
                self.entry = Some(self.line);
                self.depth += 1;
                return true;
            }
            b'[' if is_member && self.value.is_some() => {
                self.list = self.member().and_then(|key| List::named(&key));
                match (self.list, &mut self.page) {
                    (Some(list), Some(page)) => page.lists.push(list),
                    _ => self.other(),
                }
                self.value = None;
                self.depth += 1;
            }
            b'{' | b'[' => {
                if let Some(list) = list {
                    found(Part::NotAList(list, self.line));
                }
                if is_member {
                    self.push(byte);
                }
                self.depth += 1;
            }
            b'}' | b']' => {
                if is_member {
                    self.end_member(found);
                }
                self.depth = self.depth.saturating_sub(1);
                if self.depth == self.page_depth {
                    self.list = None;
                } else if self.depth < self.page_depth {
                    if let Some(page) = self.page.take() {
                        found(Part::End(page));
                    }
                    self.is_array &= self.depth > 0;
                }
            }
            byte => {
                if let Some(list) = list {
                    found(Part::NotAList(list, self.line));
                }
                if byte == b'"' {
                    self.in_string = true;
                    if is_member && self.value.is_none() {
                        self.key.clear();
                    }
                }
                if is_member {
                    self.push(byte);
                }
            }
        }
        false
    }

    /// Adds a byte to the open key or value.
    fn push(&mut self, byte: u8) {
        let text = self.value.as_mut().unwrap_or(&mut self.key);
        if text.len() < MAX_TEXT {
            text.push(byte);
        }
    }

    /// The key of the member that is open.
    fn member(&self) -> Option<String> {
        serde_json::from_slice(&self.key).ok()
    }

    fn end_member(&mut self, found: &mut impl FnMut(Part<'_>)) {
        let (Some(value), Some(key)) = (self.value.take(), self.member()) else {
            return;
        };
        let is_nothing = matches!(value.as_slice(), b"" | b"null" | b"\"\"");
        match key.as_str() {
            "IsTruncated" => {
                let is_last = matches!(value.as_slice(), b"false" | b"\"false\"");
                self.truncate(!(is_nothing || is_last));
            }
            "Marker" | "NextToken" => self.truncate(!is_nothing),
            key => match List::named(key) {
                Some(list) if !is_nothing => found(Part::NotAList(list, self.line)),
                Some(_) => {}
                None => self.other(),
            },
        }
    }

    /// Keeps the key of the member that is open.
    fn other(&mut self) {
        let key = self.member();
        if let (Some(page), Some(key)) = (&mut self.page, key)
            && page.others.len() < MAX_OTHERS
        {
            page.others.push(key);
        }
    }

    fn truncate(&mut self, is_truncated: bool) {
        if let Some(page) = &mut self.page {
            page.is_truncated |= is_truncated;
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
        if self.entry.is_none() && self.page.is_some() && self.depth == self.page_depth {
            let text = chunk.get(start..at).unwrap_or_default();
            text.iter().for_each(|byte| self.push(*byte));
        }
        at
    }

    fn keep(&mut self, part: &[u8]) {
        let room = MAX_ENTRY.saturating_sub(self.kept.len());
        self.too_long |= part.len() > room;
        self.kept.extend(part.iter().take(room));
    }

    fn end_entry(&mut self, part: &[u8], found: &mut impl FnMut(Part<'_>)) {
        let (Some(line), Some(list)) = (self.entry.take(), self.list) else {
            return;
        };
        if self.kept.is_empty() && part.len() <= MAX_ENTRY {
            return found(Part::Entry(list, part, line));
        }
        self.keep(part);
        found(match self.too_long {
            true => Part::TooLong(list, line),
            false => Part::Entry(list, &self.kept, line),
        });
        self.too_long = false;
        self.kept.clear();
    }
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
