//! Whether a text is JSON, as serde_json says it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::tree::TreeError;

pub(super) fn check(text: &str) -> Result<(), TreeError> {
    let Checked = serde_json::from_str(text).map_err(|error| {
        let at = offset(text, error.line(), error.column());
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        TreeError {
            message: message.to_owned(),
            span: at..at,
        }
    })?;
    Ok(())
}

/// The offset of a place that serde_json gives as a line, from 1, and the bytes read of that line.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let lines = text.split_inclusive('\n').take(line.saturating_sub(1));
    let start: usize = lines.map(str::len).sum();
    text.floor_char_boundary(start + column.saturating_sub(1))
}

/// A value that was read and is not kept.
struct Checked;

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CheckVisitor)
    }
}

/// Reads all values, because serde_json does not look into those that it ignores.
struct CheckVisitor;

impl<'de> Visitor<'de> for CheckVisitor {
    type Value = Checked;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_str<E>(self, _: &str) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Checked, A::Error> {
        while let Some(Checked) = seq.next_element()? {}
        Ok(Checked)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Checked, A::Error> {
        while let Some((Checked, Checked)) = map.next_entry()? {}
        Ok(Checked)
    }
}

#[cfg(test)]
mod tests {
    use crate::tree::json::parse;

    #[test]
    fn other_text_is_refused_with_the_place_of_the_error() {
        let deep = "[".repeat(100_000);
        for text in [
            "",
            " ",
            "{",
            "{a: 1}",
            "[1,]",
            "// x\n1",
            "'x'",
            "[1 2]",
            "1 2",
            &deep,
            "é",
            "[\"é\n",
            "[\"\\ud800\"]",
            "{\"\\ud800\": 1}",
            "{\"a\": 1e999}",
            &"9".repeat(400),
        ] {
            let error = parse(text).unwrap_err();
            assert!(text.is_char_boundary(error.span.start), "{error:?}");
        }
        assert_eq!(parse("{\"a\": nul}").unwrap_err().span.start, 9);
        assert_eq!(parse("{\n\"a\" 1}").unwrap_err().span.start, 6);
    }

    #[test]
    fn texts_are_refused_that_the_engine_refuses() {
        let nested = |depth| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        for depth in [99, 100, 101, 126, 127, 128, 129, 199, 200, 201, 300] {
            let text = nested(depth);
            let is_read = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            assert_eq!(parse(&text).is_ok(), is_read, "{depth}");
        }
        assert!(parse("[1e300, -1.5E-300, \"\\ud83d\\ude00\"]").is_ok());
    }
}
