//! Functions that make texts.

use std::collections::BTreeMap;

use super::intrinsics::{Env, evaluate, item, known};
use super::references;
use crate::partial::{Item, Piece, Shape};
use crate::tree::{Node, Value};

/// The pieces of a literal text, in which a loop replaces its variable.
pub(super) fn literal(text: &str, env: Env<'_>) -> Vec<Piece> {
    let mut pieces = vec![Piece::Known(text.to_owned())];
    for variable in env.scope.loops() {
        let [plain, bare] = variable.placeholders();
        if !text.contains(&plain) && !text.contains(&bare) {
            continue;
        }
        let value = variable.value(env);
        let value = value.map_or_else(|| Piece::Hole(plain.clone()), Piece::Known);
        let stripped = match &value {
            Piece::Known(text) => Piece::Known(alphanumeric(text)),
            _ => Piece::Hole(bare.clone()),
        };
        pieces = replaced(pieces, &plain, &value);
        pieces = replaced(pieces, &bare, &stripped);
    }
    pieces
}

/// The letters and digits of a text, which a logical id may have.
pub(super) fn alphanumeric(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn replaced(pieces: Vec<Piece>, placeholder: &str, by: &Piece) -> Vec<Piece> {
    let mut found = Vec::new();
    for piece in pieces {
        let Some(text) = piece.known() else {
            found.push(piece);
            continue;
        };
        for (at, part) in text.split(placeholder).enumerate() {
            if at > 0 {
                found.push(by.clone());
            }
            found.push(Piece::Known(part.to_owned()));
        }
    }
    found
}

/// The pieces of a value that is part of a text.
pub(super) fn pieces(item: Item) -> Vec<Piece> {
    match item.shape {
        Shape::Text(pieces) => pieces,
        Shape::Plain(json) => vec![Piece::Known(json)],
        Shape::Unknown(what) => vec![Piece::Hole(format!("${{{}}}", what.trim_matches('`')))],
        Shape::Null | Shape::List(_) | Shape::Object(_) => vec![Piece::Hole("${…}".to_owned())],
    }
}

pub(super) fn substitute(argument: &Node<'_>, env: Env<'_>) -> Option<Shape> {
    let (pattern, given) = match &argument.value {
        Value::Text(text) => (text.as_ref(), None),
        Value::List(list) => match list.as_slice() {
            [pattern, given] => (pattern.text()?, Some(given)),
            [pattern] => (pattern.text()?, None),
            _ => return None,
        },
        _ => return None,
    };
    let mut values: BTreeMap<&str, Vec<Piece>> = BTreeMap::new();
    for member in given.map(Node::members).unwrap_or_default() {
        let value = evaluate(&member.value, env)?;
        values.insert(&member.key, pieces(value));
    }
    let mut found = Vec::new();
    // A loop replaces its variable before the function sees the text.
    for piece in literal(pattern, env) {
        let Piece::Known(text) = piece else {
            found.push(piece);
            continue;
        };
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            found.push(Piece::Known(before.to_owned()));
            let (name, behind) = after.split_once('}')?;
            rest = behind;
            match (name.strip_prefix('!'), values.get(name.trim())) {
                (Some(literal), _) => found.push(Piece::Known(format!("${{{literal}}}"))),
                (None, Some(value)) => found.extend(value.iter().cloned()),
                (None, None) => found.extend(named(name, env)),
            }
        }
        found.push(Piece::Known(rest.to_owned()));
    }
    Some(Shape::Text(found))
}

/// What `${name}` stands for in `Fn::Sub`: a reference or an attribute.
fn named(name: &str, env: Env<'_>) -> Vec<Piece> {
    let shape = match name.trim().split_once('.') {
        Some((logical, attribute)) => references::attribute_of(logical, attribute, env),
        None => references::named(name.trim(), env.ordered()),
    };
    match shape {
        Some(Shape::Text(pieces)) => pieces,
        _ => vec![Piece::Hole(format!("${{{name}}}"))],
    }
}

pub(super) fn join(argument: &Node<'_>, env: Env<'_>) -> Option<Shape> {
    let [delimiter, list] = argument.entries() else {
        return None;
    };
    let delimiter = delimiter.text()?;
    let Shape::List(list) = evaluate(list, env.ordered())?.shape else {
        return None;
    };
    let mut joined = Vec::new();
    for (at, entry) in list.into_iter().enumerate() {
        if at > 0 {
            joined.push(Piece::Known(delimiter.to_owned()));
        }
        joined.extend(pieces(entry));
    }
    Some(Shape::Text(joined))
}

pub(super) fn split(argument: &Node<'_>, env: Env<'_>) -> Option<Shape> {
    let [delimiter, whole] = argument.entries() else {
        return None;
    };
    let delimiter = delimiter.text().filter(|it| !it.is_empty())?;
    let whole = evaluate(whole, env.ordered())?.known_text()?;
    let parts = whole.split(delimiter);
    let parts = parts.map(|part| item(known(part), argument));
    Some(Shape::List(parts.collect()))
}
