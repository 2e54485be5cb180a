//! Documents that a template has as a partly unknown text, such as `!Sub '{"Statement": …}'`.

use super::{Item, Piece, Shape};
use crate::source::Span;
use crate::tree::{Node, Value, json};

/// Private-use characters, which stand for the unknown parts while the text is parsed as JSON. The
/// character says which part: the first one is `FIRST`. A text that has such a character itself is
/// not opened.
const FIRST: u32 = 0xf_0000;
const LAST: u32 = 0xf_fffd;

/// Parses a partly unknown text into the document that it is. A known text stays a text, and a text
/// that is not JSON becomes unknown.
pub(super) fn opened(item: Item) -> Item {
    let Shape::Text(pieces) = &item.shape else {
        return item;
    };
    let holes = pieces.iter().filter(|piece| piece.known().is_none());
    let holes: Vec<&Piece> = holes.collect();
    if holes.is_empty() {
        return item;
    }
    let mut placeholders = (FIRST..=LAST).filter_map(char::from_u32);
    let text: Option<String> = pieces
        .iter()
        .map(|piece| match piece.known() {
            Some(text) if text.contains(is_placeholder) => None,
            Some(text) => Some(text.to_owned()),
            None => placeholders.next().map(String::from),
        })
        .collect();
    let unknown = || {
        let written: Vec<&str> = holes.iter().map(|piece| piece.as_written()).collect();
        Item {
            shape: Shape::Unknown(format!("`{}`", written.join("`, `"))),
            span: item.span.clone(),
        }
    };
    let Some(text) = text else {
        return unknown();
    };
    match json::parse(&text) {
        Ok(root) => convert(&root, &holes, &item.span),
        Err(_) => unknown(),
    }
}

fn is_placeholder(c: char) -> bool {
    (FIRST..=LAST).contains(&u32::from(c))
}

fn convert(node: &Node<'_>, holes: &[&Piece], span: &Span) -> Item {
    let shape = match &node.value {
        Value::Null => Shape::Null,
        Value::Bool(value) => Shape::Plain(value.to_string()),
        Value::Number(number) => Shape::Plain(number.to_string()),
        Value::Text(text) => Shape::Text(pieces(text, holes)),
        Value::List(entries) => {
            Shape::List(entries.iter().map(|it| convert(it, holes, span)).collect())
        }
        Value::Object(members) if members.iter().any(|it| it.key.contains(is_placeholder)) => {
            Shape::Unknown("a key of the document".to_owned())
        }
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|member| (member.key.to_string(), convert(&member.value, holes, span)));
            Shape::Object(members.collect())
        }
    };
    Item {
        shape,
        span: span.clone(),
    }
}

fn pieces(text: &str, holes: &[&Piece]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for part in text.split_inclusive(is_placeholder) {
        let known = part.trim_end_matches(is_placeholder);
        pieces.push(Piece::Known(known.to_owned()));
        let placeholder = part.chars().next_back().filter(|c| is_placeholder(*c));
        let index = placeholder.and_then(|c| usize::try_from(u32::from(c) - FIRST).ok());
        let hole = index.and_then(|index| holes.get(index));
        pieces.extend(hole.map(|piece| (*piece).clone()));
    }
    pieces
}
