//! YAML. The short forms of CloudFormation's functions become their long forms.

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span as Marks, Tag};

use super::{Member, Node, TreeError, Value};
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
    let text = source.text.as_str();
    let mut reader = Reader {
        source,
        events: Parser::new_from_str(text),
        anchors: HashMap::new(),
        values: 0,
    };
    let mut documents = Vec::new();
    loop {
        match reader.next()? {
            (Event::StreamEnd, _) => return Ok(documents),
            (
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing,
                _,
            ) => {}
            (event, marks) => documents.push(reader.node(event, marks, 0)?),
        }
    }
}

struct Reader<'s> {
    source: &'s Source,
    events: Parser<'s, saphyr_parser::StrInput<'s>>,
    anchors: HashMap<usize, Node<'s>>,
    values: usize,
}

impl<'s> Reader<'s> {
    fn next(&mut self) -> Result<(Event<'s>, Marks), TreeError> {
        match self.events.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.refused(&error)),
            None => Ok((Event::StreamEnd, Marks::default())),
        }
    }

    fn refused(&self, error: &ScanError) -> TreeError {
        let at = self
            .source
            .offset(error.marker().line(), error.marker().col());
        TreeError {
            message: error.info().to_owned(),
            span: at..at,
        }
    }

    fn span(&self, marks: Marks) -> Span {
        let start = self.source.offset(marks.start.line(), marks.start.col());
        let end = self.source.offset(marks.end.line(), marks.end.col());
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

    fn node(
        &mut self,
        event: Event<'s>,
        marks: Marks,
        depth: usize,
    ) -> Result<Node<'s>, TreeError> {
        let span = self.span(marks);
        if depth > MAX_DEPTH {
            return self.fail("values are nested too deep", span);
        }
        self.count(1, &span)?;
        let (anchor, tag, plain) = match event {
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return self.fail("an alias names an anchor that is not there", span);
                };
                self.count(size(&node), &span)?;
                return Ok(node);
            }
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(text, style, tag.as_deref());
                (anchor, tag, Node { value, span })
            }
            Event::SequenceStart(anchor, tag) => (anchor, tag, self.list(span, depth)?),
            Event::MappingStart(anchor, tag) => (anchor, tag, self.object(span, depth)?),
            _ => return self.fail("there is no value", span),
        };
        let node = with_tag(plain, tag.as_deref());
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self, mut span: Span, depth: usize) -> Result<Node<'s>, TreeError> {
        let mut entries = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, marks) => {
                    span.end = span.end.max(self.span(marks).end);
                    break;
                }
                (event, marks) => entries.push(self.node(event, marks, depth + 1)?),
            }
        }
        Ok(Node {
            value: Value::List(entries),
            span,
        })
    }

    fn object(&mut self, mut span: Span, depth: usize) -> Result<Node<'s>, TreeError> {
        let mut members: Vec<Member<'s>> = Vec::new();
        let mut merged = Vec::new();
        loop {
            let (event, marks) = self.next()?;
            if event == Event::MappingEnd {
                span.end = span.end.max(self.span(marks).end);
                break;
            }
            let key = self.node(event, marks, depth + 1)?;
            let (event, marks) = self.next()?;
            let value = self.node(event, marks, depth + 1)?;
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
fn scalar<'s>(text: Cow<'s, str>, style: ScalarStyle, tag: Option<&Tag>) -> Value<'s> {
    if style != ScalarStyle::Plain || tag.is_some() {
        return Value::Text(text);
    }
    match text.as_ref() {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        number if serde_json::from_str::<serde_json::Number>(number).is_ok() => Value::Number(text),
        _ => Value::Text(text),
    }
}

/// The long form of a function in its short form: `!Sub x` becomes `Fn::Sub: x`.
fn with_tag<'s>(node: Node<'s>, tag: Option<&Tag>) -> Node<'s> {
    let Some(tag) = tag.filter(|tag| tag.handle == "!") else {
        return node;
    };
    let key = match tag.suffix.as_str() {
        "" => return node,
        "Ref" | "Condition" => tag.suffix.clone(),
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
}
