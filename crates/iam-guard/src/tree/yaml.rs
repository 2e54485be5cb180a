//! YAML, by the port of libyaml, which reads what CloudFormation reads. The short forms of
//! CloudFormation's functions become their long forms.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{Chain, Read as _};

use libyaml_safer::{Event, EventData, Mark, Parser, ScalarStyle};

use super::{Member, Node, TreeError, Value, quiet};
use crate::source::{Source, Span};

/// The deepest nesting of values.
const MAX_DEPTH: usize = 128;
/// The most values of a file with its aliases expanded. Aliases of aliases grow exponentially.
const MAX_VALUES: usize = 2_000_000;

/// Reads the documents of a text, one tree each.
///
/// # Errors
///
/// If the text is not YAML, is nested too deep, or has aliases that expand to too many values.
pub fn parse(source: &Source) -> Result<Vec<Node<'_>>, TreeError> {
    // The parser panics on some texts, such as a tag with a comma after it, instead of refusing
    // them.
    quiet::catch(|| read(source)).unwrap_or_else(|| {
        let span = 0..0;
        let message = "the parser cannot go on".to_owned();
        Err(TreeError { message, span })
    })
}

fn read(source: &Source) -> Result<Vec<Node<'_>>, TreeError> {
    // The parser panics if the last line is one of a block scalar and does not end.
    let is_ended = source.text.ends_with(['\n', '\r']);
    let end_of_line = if is_ended { "" } else { "\n" };
    let mut text = source.text.as_bytes().chain(end_of_line.as_bytes());
    let mut events = Parser::new();
    events.set_input(&mut text);
    let mut reader = Reader {
        text: &source.text,
        is_ended,
        events,
        anchors: HashMap::new(),
        values: 0,
    };
    let mut documents = Vec::new();
    loop {
        let event = reader.next()?;
        match event.data {
            EventData::StreamEnd => return Ok(documents),
            EventData::StreamStart { .. }
            | EventData::DocumentStart { .. }
            | EventData::DocumentEnd { .. } => {}
            _ => documents.push(reader.node(event, 0)?),
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    /// Whether the last line of the text ends.
    is_ended: bool,
    events: Parser<&'t mut Chain<&'t [u8], &'t [u8]>>,
    anchors: HashMap<String, Node<'static>>,
    values: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Result<Event, TreeError> {
        self.events.parse().map_err(|error| {
            let at = error.problem_mark().map_or(0, |mark| self.offset(mark));
            TreeError {
                message: error.problem().to_owned(),
                span: at..at,
            }
        })
    }

    /// The byte of a mark.
    fn offset(&self, mark: Mark) -> usize {
        // The parser passes a byte order mark inside of the text without counting it.
        let index = usize::try_from(mark.index).unwrap_or(usize::MAX);
        self.text.floor_char_boundary(index)
    }

    fn span(&self, event: &Event) -> Span {
        let start = self.offset(event.start_mark);
        let end = self.offset(event.end_mark);
        start..end.max(start)
    }

    fn fail<T>(&self, message: &str, span: Span) -> Result<T, TreeError> {
        Err(TreeError {
            message: message.to_owned(),
            span,
        })
    }

    fn count(&mut self, values: usize, span: &Span) -> Result<(), TreeError> {
        self.values += values;
        if self.values > MAX_VALUES {
            return self.fail("aliases make too much of it", span.clone());
        }
        Ok(())
    }

    fn node(&mut self, event: Event, depth: usize) -> Result<Node<'static>, TreeError> {
        let span = self.span(&event);
        if depth > MAX_DEPTH {
            return self.fail("values are nested too deep", span);
        }
        self.count(1, &span)?;
        let (anchor, tag, plain) = match event.data {
            EventData::Alias { anchor } => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return self.fail("an alias names an anchor that is not there", span);
                };
                self.count(size(&node), &span)?;
                return Ok(node);
            }
            EventData::Scalar {
                anchor,
                tag,
                value,
                style,
                ..
            } => {
                let is_last = span.end == self.text.len() && !self.is_ended;
                let value = match value.strip_suffix('\n') {
                    // The text does not have the last line break.
                    Some(shown) if is_last => shown.to_owned(),
                    _ => value,
                };
                let value = scalar(value, style, tag.as_deref());
                (anchor, tag, Node { value, span })
            }
            EventData::SequenceStart { anchor, tag, .. } => (anchor, tag, self.list(span, depth)?),
            EventData::MappingStart { anchor, tag, .. } => (anchor, tag, self.object(span, depth)?),
            _ => return self.fail("there is no value", span),
        };
        let node = with_tag(plain, tag.as_deref());
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self, mut span: Span, depth: usize) -> Result<Node<'static>, TreeError> {
        let mut entries = Vec::new();
        loop {
            let event = self.next()?;
            if event.data == EventData::SequenceEnd {
                span.end = span.end.max(self.span(&event).end);
                break;
            }
            entries.push(self.node(event, depth + 1)?);
        }
        Ok(Node {
            value: Value::List(entries),
            span,
        })
    }

    fn object(&mut self, mut span: Span, depth: usize) -> Result<Node<'static>, TreeError> {
        let mut members: Vec<Member<'static>> = Vec::new();
        let mut merged = Vec::new();
        loop {
            let event = self.next()?;
            if event.data == EventData::MappingEnd {
                span.end = span.end.max(self.span(&event).end);
                break;
            }
            let key = self.node(event, depth + 1)?;
            let event = self.next()?;
            let value = self.node(event, depth + 1)?;
            let key_span = key.span;
            let key = match key.value {
                Value::Text(key) | Value::Number(key) => key,
                Value::Bool(key) => Cow::Owned(key.to_string()),
                Value::Null => Cow::Borrowed("null"),
                Value::List(_) | Value::Object(_) => {
                    return self.fail("a key is a list or an object", key_span);
                }
            };
            if key == "<<" {
                merged.extend(value.one_or_many().iter().flat_map(Node::members).cloned());
                continue;
            }
            members.push(Member {
                key,
                key_span,
                value,
            });
        }
        // The own members of an object win over those that `<<` merges in.
        for member in merged {
            if members.iter().all(|own| own.key != member.key) {
                members.push(member);
            }
        }
        Ok(Node {
            value: Value::Object(members),
            span,
        })
    }
}

/// The number of values in a tree.
fn size(node: &Node<'_>) -> usize {
    let inside: usize = node.entries().iter().map(size).sum();
    let members: usize = node.members().iter().map(|it| size(&it.value)).sum();
    1 + inside + members
}

/// A scalar as CloudFormation reads it. Only plain scalars that are also JSON become something
/// other than a text: `yes` and `2012-10-17` are texts.
fn scalar(text: String, style: ScalarStyle, tag: Option<&str>) -> Value<'static> {
    if style != ScalarStyle::Plain || tag.is_some() {
        return Value::Text(text.into());
    }
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        number if serde_json::from_str::<serde_json::Number>(number).is_ok() => {
            Value::Number(text.into())
        }
        _ => Value::Text(text.into()),
    }
}

/// The long form of a function in its short form: `!Sub x` becomes `Fn::Sub: x`.
fn with_tag(node: Node<'static>, tag: Option<&str>) -> Node<'static> {
    let Some(name) = tag.and_then(|tag| tag.strip_prefix('!')) else {
        return node;
    };
    let key = match name {
        "" => return node,
        "Ref" | "Condition" => name.to_owned(),
        name => format!("Fn::{name}"),
    };
    let span = node.span.clone();
    Node {
        span: span.clone(),
        value: Value::Object(vec![Member {
            key: key.into(),
            key_span: span,
            value: node,
        }]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new("test.yaml", text)
    }

    #[test]
    fn values_have_their_places_and_tags_become_functions() {
        let source =
            source("é: 1\na:\n  - !Sub 's3:${X}'\n  - !If [C, !Ref A, x]\nVersion: 2012-10-17\n");
        let tree = &parse(&source).unwrap()[0];
        let list = tree.get("a").unwrap().entries();
        let sub = list[0].get("Fn::Sub").unwrap();
        assert_eq!(sub.text(), Some("s3:${X}"));
        let written = source.text.get(sub.span.clone());
        assert_eq!(written, Some("!Sub 's3:${X}'"));
        assert_eq!(source.line(sub.span.start), 3);
        assert_eq!(
            list[1].get("Fn::If").unwrap().entries()[1]
                .get("Ref")
                .unwrap()
                .text(),
            Some("A")
        );
        assert_eq!(tree.get("Version").unwrap().text(), Some("2012-10-17"));
    }

    /// CloudFormation and libyaml read these; stricter readers refuse them.
    #[test]
    fn what_closes_may_stand_in_the_column_of_its_key() {
        for text in [
            "key: [\n  x\n]\n",
            "a:\n  key: [\n    x\n  ]\nb: 1\n",
            "a:\n  key: {\n    x: 1\n  }\n",
            "a:\n  key: \"x\n  \"\nb: 1\n",
        ] {
            let source = source(text);
            let trees = parse(&source).unwrap();
            assert_eq!(trees.len(), 1, "{text}");
        }
    }

    #[test]
    fn anchors_and_merges_are_followed() {
        let source = source("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: *a\n");
        let tree = &parse(&source).unwrap()[0];
        assert_eq!(tree.get("c"), tree.get("a"));
        let keys: Vec<_> = tree
            .get("b")
            .unwrap()
            .members()
            .iter()
            .map(|it| it.key.as_ref())
            .collect();
        assert_eq!(keys, ["y", "x"]);
    }

    #[test]
    fn a_text_that_is_too_deep_or_too_large_is_refused() {
        let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
            laughs.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
        }
        for text in [
            &"[".repeat(10_000),
            &"- ".repeat(10_000),
            &laughs,
            "a: *b",
            "a: [",
            "? [a]\n: b",
        ] {
            assert!(parse(&source(text)).is_err(), "{}", text.len());
        }
    }

    #[test]
    fn the_last_line_needs_no_end() {
        for (text, value) in [
            ("a: |\n  b", "b"),
            ("a: |\n  b\n", "b\n"),
            ("a: >\n  b\n  c", "b c"),
            ("a: |+\n  b\n\n", "b\n\n"),
            ("a: b", "b"),
            ("a: \"b\"", "b"),
        ] {
            let source = source(text);
            let trees = parse(&source).unwrap();
            assert_eq!(trees[0].get("a").unwrap().text(), Some(value), "{text:?}");
        }
    }

    #[test]
    fn a_panic_of_the_parser_is_an_error() {
        assert!(parse(&source("[!Ref, a]")).is_err());
    }

    const SEED: &str = "%YAML 1.1\n---\na: &x !Sub |+2\n   é\n\n  b\n\"c\\u0041\\\n d\": >-\n  e\n\n  f\ng: {h: 'i''j', ? k : [l, !Ref m]}\n<<: *x\n? n\n: - o # p\r\n  - q\u{2028}\n...\n--- r\n";

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2_000))]

        /// A text that is cut, or has other characters in it, must not make the parser panic.
        #[test]
        fn no_text_makes_it_panic(
            places in proptest::collection::vec((0..SEED.len(), 0..12_usize, proptest::sample::select(vec!["", "\n", "|", ">", "'", "\"", "\\", "%", "&", "*", "!", "?", ":", "-", "---", "...", "#", "{", "]", "\t", " ", "\r", "\0", "\u{85}", "\u{2028}", "\u{feff}", "\u{1f512}", "|9", "!<", "%F0"])), 0..5),
            end in 0..SEED.len(),
        ) {
            let mut text = SEED.to_owned();
            for (at, removed, added) in places {
                let start = text.floor_char_boundary(at.min(text.len()));
                let end = text.floor_char_boundary((start + removed).min(text.len()));
                text.replace_range(start..end.max(start), added);
            }
            text.truncate(text.floor_char_boundary(end));
            let source = source(&text);
            if let Err(error) = parse(&source) {
                assert!(text.is_char_boundary(error.span.start), "{error:?}");
            }
        }
    }
}
