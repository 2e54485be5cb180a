//! JSON, as the engine reads it.
//!
//! serde_json reads the values but does not report their places. A second pass over the text, which
//! is then known to be JSON, finds the places.

use std::borrow::Cow;
use std::fmt;

use memchr::memchr2;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Member, Node, TreeError, Value};
use crate::source::Span;

/// Reads a text.
///
/// # Errors
///
/// If the text is not JSON, or is nested deeper than the engine reads.
pub fn parse(text: &str) -> Result<Node<'_>, TreeError> {
    let mut root: Node<'_> = serde_json::from_str(text).map_err(|error| {
        let at = offset(text, error.line(), error.column());
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        TreeError {
            message: message.to_owned(),
            span: at..at,
        }
    })?;
    Walk { text, at: 0 }.place(&mut root);
    Ok(root)
}

/// The offset of a place that serde_json gives as a line, from 1, and the bytes read of that line.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let lines = text.split_inclusive('\n').take(line.saturating_sub(1));
    let start: usize = lines.map(str::len).sum();
    text.floor_char_boundary(start + column.saturating_sub(1))
}

impl<'de> Deserialize<'de> for Node<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = deserializer.deserialize_any(ValueVisitor)?;
        Ok(Node { value, span: 0..0 })
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(value))
    }

    // The second pass takes numbers from the text, because they must stay as the file has them.
    fn visit_i64<E>(self, _: i64) -> Result<Value<'de>, E> {
        Ok(Value::Number(Cow::Borrowed("")))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(Cow::Borrowed("")))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value<'de>, E> {
        Ok(Value::Number(Cow::Borrowed("")))
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value<'de>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = seq.next_element()? {
            entries.push(entry);
        }
        Ok(Value::List(entries))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(Key(key)) = map.next_key()? {
            members.push(Member {
                key,
                key_span: 0..0,
                value: map.next_value()?,
            });
        }
        Ok(Value::Object(members))
    }
}

struct Key<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_str(ValueVisitor)? {
            Value::Text(key) => Ok(Key(key)),
            _ => Err(de::Error::custom("a key is not a string")),
        }
    }
}

/// A pass over a text that is JSON.
struct Walk<'s> {
    text: &'s str,
    at: usize,
}

impl<'s> Walk<'s> {
    fn place(&mut self, node: &mut Node<'s>) {
        self.pass_white_space();
        let start = self.at;
        match &mut node.value {
            Value::Null => self.at += "null".len(),
            Value::Bool(true) => self.at += "true".len(),
            Value::Bool(false) => self.at += "false".len(),
            Value::Number(number) => {
                let rest = self.text.get(start..).unwrap_or_default();
                let is_part = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
                let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                *number = Cow::Borrowed(rest.get(..end).unwrap_or_default());
                self.at += end;
            }
            Value::Text(_) => self.pass_string(),
            Value::List(entries) => {
                self.at += 1;
                for (index, entry) in entries.iter_mut().enumerate() {
                    self.pass_comma(index);
                    self.place(entry);
                }
                self.pass_white_space();
                self.at += 1;
            }
            Value::Object(members) => {
                self.at += 1;
                for (index, member) in members.iter_mut().enumerate() {
                    self.pass_comma(index);
                    self.pass_white_space();
                    let key = self.at;
                    self.pass_string();
                    member.key_span = key..self.at;
                    self.pass_white_space();
                    self.at += ":".len();
                    self.place(&mut member.value);
                }
                self.pass_white_space();
                self.at += 1;
            }
        }
        node.span = Span {
            start,
            end: self.at,
        };
    }

    fn pass_white_space(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += rest.iter().take_while(space).count();
    }

    fn pass_comma(&mut self, index: usize) {
        if index > 0 {
            self.pass_white_space();
            self.at += ",".len();
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_places() {
        let text = " {\"a\": [1 , \"x\\u0041\\\\\", {}, [ ]],\r\n \"\\\"b\":\t-1.5e3 , \"c\" :null,\"d\":true}\n";
        let tree = parse(text).unwrap();
        let written = |node: &Node<'_>| text.get(node.span.clone()).unwrap().to_owned();
        let list = tree.get("a").unwrap();
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

    #[test]
    fn other_text_is_refused_with_the_place_of_the_error() {
        let deep = "[".repeat(100_000);
        for text in [
            "", " ", "{", "{a: 1}", "[1,]", "// x\n1", "'x'", "[1 2]", "1 2", &deep, "é", "[\"é\n",
        ] {
            let error = parse(text).unwrap_err();
            assert!(text.is_char_boundary(error.span.start), "{error:?}");
        }
        assert_eq!(parse("{\"a\": nul}").unwrap_err().span.start, 9);
        assert_eq!(parse("{\n\"a\" 1}").unwrap_err().span.start, 6);
    }
}
