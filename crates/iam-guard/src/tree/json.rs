//! JSON, as the engine reads it.
//!
//! serde_json says whether a text is JSON but not where its values are. A second pass over the
//! text, which is then known to be JSON, builds the tree.

mod checked;
mod kept;

use std::borrow::Cow;
use std::collections::HashSet;

use kept::Kept;
use memchr::{memchr2, memchr3};
use serde::de::IgnoredAny;

use super::{Member, Node, TreeError, Value};
use crate::plan;
use crate::source::Span;

/// Reads a text. Of a plan or state of Terraform, only those parts are in the tree that can say
/// something about IAM permissions.
///
/// # Errors
///
/// If the text is not JSON, or is nested deeper than the engine reads.
pub fn parse(text: &str) -> Result<Node<'_>, TreeError> {
    // This is fast, because serde_json does not look into the strings and numbers that it ignores.
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        checked::check(text)?;
    }
    let mut walk = Walk {
        text,
        at: 0,
        depth: 0,
        is_doubtful: false,
        changed: HashSet::new(),
    };
    let root = walk.root();
    if walk.is_doubtful {
        checked::check(text)?;
    }
    Ok(root)
}

/// serde_json refuses values that are nested 128 deep. Deeper ones are not read at all.
const DOUBTFUL_DEPTH: usize = 100;
const MAX_DEPTH: usize = 200;

/// A longer number may be out of range.
const DOUBTFUL_NUMBER: usize = 300;

/// A pass over a text that is JSON.
struct Walk<'s> {
    text: &'s str,
    at: usize,
    depth: usize,
    /// Whether the engine may refuse the text because of a value that was read.
    is_doubtful: bool,
    /// The addresses of resources whose changes are in the tree, as the text has them.
    changed: HashSet<&'s str>,
}

impl<'s> Walk<'s> {
    fn root(&mut self) -> Node<'s> {
        self.pass_white_space();
        let start = self.at;
        if self.byte() != Some(b'{') {
            return self.value(&Kept::All);
        }
        let (mut members, mut waiting) = (Vec::new(), Vec::new());
        let mut changes = 0;
        self.at += 1;
        while self.is_inside(b'}') {
            let (key, key_span) = self.key();
            if key == kept::CHANGES {
                changes += 1;
                members.push(self.member(key, key_span, &kept::EACH_CHANGE));
            } else if kept::is_section(&key) {
                // It is read when it is known that the file is a plan, and what has changes.
                waiting.push((key, key_span, self.at));
                self.pass_value();
            } else {
                members.push(self.member(key, key_span, &Kept::All));
            }
        }
        let span = start..self.at;
        if changes > 1 {
            // Only the last list counts, but the addresses of all are known as changed.
            self.at = start;
            return self.value(&Kept::All);
        }
        let has = |name: &str| members.iter().any(|member| member.key == name);
        let waits = |name: &str| waiting.iter().any(|(key, ..)| key == name);
        let is_state = has("format_version") && waits("values");
        let is_plan = changes > 0 || waits("planned_values") || is_state;
        for (key, key_span, at) in waiting {
            let kept = match is_plan {
                true => kept::of_section(&key),
                false => Some(&Kept::All),
            };
            if let Some(kept) = kept {
                self.at = at;
                members.push(self.member(key, key_span, kept));
            }
        }
        members.sort_by_key(|member| member.key_span.start);
        self.at = span.end;
        Node {
            value: Value::Object(members),
            span,
        }
    }

    fn member(&mut self, key: Cow<'s, str>, key_span: Span, kept: &Kept) -> Member<'s> {
        Member {
            key,
            key_span,
            value: self.value(kept),
        }
    }

    fn value(&mut self, kept: &Kept) -> Node<'s> {
        self.pass_white_space();
        let start = self.at;
        self.depth += 1;
        self.is_doubtful |= self.depth > DOUBTFUL_DEPTH;
        let value = match self.byte() {
            Some(b'{' | b'[') if self.depth > MAX_DEPTH => {
                self.pass_value();
                Value::Null
            }
            Some(b'{') => Value::Object(self.object(kept)),
            Some(b'[') => Value::List(self.list(kept)),
            Some(b'"') => Value::Text(self.string()),
            Some(b't') => {
                self.at += "true".len();
                Value::Bool(true)
            }
            Some(b'f') => {
                self.at += "false".len();
                Value::Bool(false)
            }
            Some(b'n') => {
                self.at += "null".len();
                Value::Null
            }
            _ => Value::Number(self.number()),
        };
        self.depth -= 1;
        Node {
            value,
            span: Span {
                start,
                end: self.at,
            },
        }
    }

    fn object(&mut self, kept: &Kept) -> Vec<Member<'s>> {
        let mut members = Vec::new();
        self.at += 1;
        while self.is_inside(b'}') {
            let (key, key_span) = self.key();
            match kept.member(&key) {
                Some(kept) => members.push(self.member(key, key_span, kept)),
                None => self.pass_value(),
            }
        }
        members.shrink_to_fit();
        members
    }

    fn list(&mut self, kept: &Kept) -> Vec<Node<'s>> {
        let mut entries = Vec::new();
        self.at += 1;
        while self.is_inside(b']') {
            match kept {
                Kept::Resources(kept) => entries.extend(self.resource(kept)),
                Kept::Others(kept) => entries.extend(self.other_resource(kept)),
                _ => entries.push(self.value(kept)),
            }
        }
        entries.shrink_to_fit();
        entries
    }

    /// A resource, if its type is read.
    fn resource(&mut self, kept: &Kept) -> Option<Node<'s>> {
        let node = self.value(kept);
        let kind = node.get("type").and_then(Node::text);
        if kind.is_some_and(|kind| !plan::is_read(kind)) {
            return None;
        }
        let after = node.at(&["change", "after"]);
        let is_left = after.is_some_and(|it| !it.is_null()) && node.get("deposed").is_none();
        if is_left && kind.is_some() {
            let place = node.get("address").map(|address| address.span.clone());
            let address = place.and_then(|place| self.text.get(place));
            self.changed.extend(address);
        }
        Some(node)
    }

    /// A resource whose type is read and whose change is not in the tree.
    fn other_resource(&mut self, kept: &Kept) -> Option<Node<'s>> {
        let start = self.at;
        if self.byte() == Some(b'{') && !self.changed.is_empty() {
            let mut address = None;
            self.at += 1;
            while self.is_inside(b'}') {
                let (key, _) = self.key();
                self.pass_white_space();
                let value = self.at;
                self.pass_value();
                if key == "address" {
                    address = self.text.get(value..self.at);
                }
            }
            if address.is_some_and(|address| self.changed.contains(address)) {
                return None;
            }
            self.at = start;
        }
        self.resource(kept)
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn pass_white_space(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += rest.iter().take_while(space).count();
    }

    /// Goes to the next entry of a list or object; at its end, behind it.
    fn is_inside(&mut self, end: u8) -> bool {
        self.pass_white_space();
        if self.byte() == Some(b',') {
            self.at += 1;
            self.pass_white_space();
        }
        let is_inside = self.byte().is_some_and(|byte| byte != end);
        if !is_inside {
            self.at += 1;
        }
        is_inside
    }

    fn key(&mut self) -> (Cow<'s, str>, Span) {
        let start = self.at;
        let key = self.string();
        let span = start..self.at;
        self.pass_colon();
        (key, span)
    }

    fn pass_colon(&mut self) {
        self.pass_white_space();
        self.at += ":".len();
    }

    fn number(&mut self) -> Cow<'s, str> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let is_part = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        // At least one byte, so that every pass ends.
        self.at += end.max(1);
        let number = rest.get(..end).unwrap_or_default();
        // It may be out of range.
        self.is_doubtful |= number.len() > DOUBTFUL_NUMBER || number.contains(['e', 'E']);
        Cow::Borrowed(number)
    }

    fn string(&mut self) -> Cow<'s, str> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let inner = rest.get(1..).unwrap_or_default();
        let end = memchr2(b'"', b'\\', inner.as_bytes()).unwrap_or(inner.len());
        let plain = inner.get(..end).unwrap_or_default();
        if inner.as_bytes().get(end) != Some(&b'\\') {
            self.at += end + 2;
            return Cow::Borrowed(plain);
        }
        let mut strings = serde_json::Deserializer::from_str(rest).into_iter::<String>();
        match strings.next() {
            Some(Ok(text)) => {
                self.at += strings.byte_offset();
                Cow::Owned(text)
            }
            _ => {
                self.is_doubtful = true;
                self.pass_string();
                Cow::Borrowed(plain)
            }
        }
    }

    fn pass_string(&mut self) {
        self.at += 1;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            match memchr2(b'"', b'\\', rest) {
                Some(next) if rest.get(next) == Some(&b'\\') => self.at += next + 2,
                Some(next) => {
                    self.at += next + 1;
                    return;
                }
                None => {
                    self.at = self.text.len();
                    return;
                }
            }
        }
    }

    fn pass_value(&mut self) {
        self.pass_white_space();
        match self.byte() {
            Some(b'{') => self.pass_nested(b'{', b'}'),
            Some(b'[') => self.pass_nested(b'[', b']'),
            Some(b'"') => self.pass_string(),
            _ => {
                self.number();
            }
        }
    }

    /// Passes a list or an object. Only brackets of its own kind count.
    fn pass_nested(&mut self, open: u8, close: u8) {
        let mut depth = 0_usize;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let Some(next) = memchr3(open, close, b'"', rest) else {
                self.at = self.text.len();
                return;
            };
            self.at += next;
            match rest.get(next) {
                Some(b'"') => {
                    self.pass_string();
                    continue;
                }
                Some(byte) if *byte == open => depth += 1,
                _ => depth = depth.saturating_sub(1),
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_places() {
        let text = " {\"a\": [1 , \"x\\u0041\\\\\", {}, [ ]],\r\n \"\\\"b\":\t-1.5e3 , \"c\" :null,\"d\":true}\n";
        let tree = parse(text).unwrap();
        let written = |node: &Node<'_>| text.get(node.span.clone()).unwrap().to_owned();
        let list = &tree.members()[0].value;
        assert_eq!(written(list), "[1 , \"x\\u0041\\\\\", {}, [ ]]");
        let entries: Vec<String> = list.entries().iter().map(written).collect();
        assert_eq!(entries, ["1", "\"x\\u0041\\\\\"", "{}", "[ ]"]);
        assert_eq!(list.entries()[1].text(), Some("xA\\"));
        let number = tree.get("\"b").unwrap();
        assert_eq!(number.value, Value::Number("-1.5e3".into()));
        assert_eq!(written(number), "-1.5e3");
        let keys = tree
            .members()
            .iter()
            .map(|it| text.get(it.key_span.clone()).unwrap());
        assert_eq!(
            keys.collect::<Vec<_>>(),
            ["\"a\"", "\"\\\"b\"", "\"c\"", "\"d\""]
        );
        assert_eq!(written(&tree), text.trim());
        assert_eq!(written(tree.get("c").unwrap()), "null");
    }
}
