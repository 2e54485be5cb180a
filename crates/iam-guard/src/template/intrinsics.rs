//! The functions of CloudFormation, evaluated as far as the template alone allows ("Intrinsic
//! function reference").

use std::collections::BTreeMap;

use crate::partial::{ConditionValues, Item, Piece, Shape};
use crate::tree::{Node, Value};

/// The parts of a template that its values depend on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'t> {
    /// The section `Mappings`.
    pub mappings: Option<&'t Node<'t>>,
    /// Conditions are unknown without values.
    pub conditions: Option<&'t ConditionValues>,
}

/// The names of the conditions that a value depends on, each once.
pub fn condition_names(node: &Node<'_>) -> Vec<String> {
    let mut names = Vec::new();
    collect_condition_names(node, &mut names);
    names.sort();
    names.dedup();
    names
}

fn collect_condition_names(node: &Node<'_>, names: &mut Vec<String>) {
    for entry in node.entries() {
        collect_condition_names(entry, names);
    }
    for member in node.members() {
        if member.key == "Fn::If" {
            let condition = member.value.entries().first().and_then(Node::text);
            names.extend(condition.map(str::to_owned));
        }
        collect_condition_names(&member.value, names);
    }
}

/// Evaluates a value; `None` for one that the template leaves out (`AWS::NoValue`).
pub fn evaluate(node: &Node<'_>, context: Context<'_>) -> Option<Item> {
    let shape = match &node.value {
        Value::Null => Shape::Null,
        Value::Bool(value) => Shape::Plain(value.to_string()),
        Value::Number(number) => Shape::Plain(number.to_string()),
        Value::Text(text) => known(text),
        Value::List(entries) => {
            let entries = entries.iter().filter_map(|entry| evaluate(entry, context));
            Shape::List(entries.collect())
        }
        Value::Object(members) => {
            if let Some(function) = members.iter().find(|it| is_function(&it.key)) {
                let item = call(node, &function.key, &function.value, context)?;
                // The place is that of the function, because a reader of the file finds that there.
                return Some(Item {
                    span: node.span.clone(),
                    ..item
                });
            }
            let members = members.iter().filter_map(|member| {
                let value = evaluate(&member.value, context);
                let value = match member.key.as_ref() {
                    "Statement" => statements(&member.value, value),
                    _ => value?,
                };
                Some((member.key.to_string(), value))
            });
            Shape::Object(members.collect())
        }
    };
    Some(item(shape, node))
}

/// The statements of a document. If the conditions leave none, the result is a statement that
/// grants nothing, because the engine refuses a document without statements.
fn statements(node: &Node<'_>, statements: Option<Item>) -> Item {
    let is_left = |item: &Item| match &item.shape {
        Shape::List(list) => !list.is_empty() || node.entries().is_empty(),
        _ => true,
    };
    if let Some(statements) = statements.filter(is_left) {
        return statements;
    }
    let members = [("Effect", "Allow"), ("NotAction", "*"), ("Resource", "*")];
    let members = members.map(|(key, value)| (key.to_owned(), item(known(value), node)));
    item(Shape::Object(members.to_vec()), node)
}

fn is_function(key: &str) -> bool {
    key == "Ref" || key.starts_with("Fn::")
}

fn call(node: &Node<'_>, name: &str, argument: &Node<'_>, context: Context<'_>) -> Option<Item> {
    let unknown = || item(Shape::Unknown(written(name, argument)), node);
    let value = match name {
        "Ref" if argument.text() == Some("AWS::NoValue") => return None,
        "Fn::If" => {
            let [condition, yes, no] = argument.entries() else {
                return Some(unknown());
            };
            let holds = condition
                .text()
                .and_then(|name| context.conditions?.get(name));
            return match holds {
                Some(true) => evaluate(yes, context),
                Some(false) => evaluate(no, context),
                None => Some(unknown()),
            };
        }
        "Fn::Sub" => substitute(argument, context),
        "Fn::Join" => join(argument, context),
        "Fn::Split" => split(argument, context),
        "Fn::Select" => select(argument, context),
        "Fn::FindInMap" => find_in_map(argument, context),
        _ => None,
    };
    Some(value.unwrap_or_else(unknown))
}

/// A call in its short form, cut after one line.
fn written(name: &str, argument: &Node<'_>) -> String {
    let name = name.strip_prefix("Fn::").unwrap_or(name);
    let parts: Vec<&str> = argument
        .one_or_many()
        .iter()
        .filter_map(Node::text)
        .collect();
    let parts = parts.join(if name == "GetAtt" { "." } else { ", " });
    match parts.lines().next() {
        Some(line) => format!("`!{name} {}`", line.chars().take(80).collect::<String>()),
        None => format!("`!{name}`"),
    }
}

fn known(text: &str) -> Shape {
    Shape::Text(vec![Piece::Known(text.to_owned())])
}

fn item(shape: Shape, node: &Node<'_>) -> Item {
    Item {
        shape,
        span: node.span.clone(),
    }
}

/// The pieces of a value that is part of a text.
fn pieces(item: Item) -> Vec<Piece> {
    match item.shape {
        Shape::Text(pieces) => pieces,
        Shape::Plain(json) => vec![Piece::Known(json)],
        Shape::Unknown(what) => vec![Piece::Hole(format!("${{{}}}", what.trim_matches('`')))],
        Shape::Null | Shape::List(_) | Shape::Object(_) => vec![Piece::Hole("${…}".to_owned())],
    }
}

fn substitute(argument: &Node<'_>, context: Context<'_>) -> Option<Item> {
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
        let value = evaluate(&member.value, context)?;
        values.insert(&member.key, pieces(value));
    }
    let mut found = Vec::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        found.push(Piece::Known(before.to_owned()));
        let (name, behind) = after.split_once('}')?;
        rest = behind;
        match (name.strip_prefix('!'), values.get(name.trim())) {
            (Some(literal), _) => found.push(Piece::Known(format!("${{{literal}}}"))),
            (None, Some(value)) => found.extend(value.iter().cloned()),
            (None, None) => found.push(Piece::Hole(format!("${{{name}}}"))),
        }
    }
    found.push(Piece::Known(rest.to_owned()));
    Some(item(Shape::Text(found), argument))
}

fn join(argument: &Node<'_>, context: Context<'_>) -> Option<Item> {
    let [delimiter, list] = argument.entries() else {
        return None;
    };
    let delimiter = delimiter.text()?;
    let Shape::List(list) = evaluate(list, context)?.shape else {
        return None;
    };
    let mut joined = Vec::new();
    for (at, entry) in list.into_iter().enumerate() {
        if at > 0 {
            joined.push(Piece::Known(delimiter.to_owned()));
        }
        joined.extend(pieces(entry));
    }
    Some(item(Shape::Text(joined), argument))
}

fn split(argument: &Node<'_>, context: Context<'_>) -> Option<Item> {
    let [delimiter, whole] = argument.entries() else {
        return None;
    };
    let delimiter = delimiter.text().filter(|it| !it.is_empty())?;
    let whole = evaluate(whole, context)?.known_text()?;
    let parts = whole.split(delimiter);
    let parts = parts.map(|part| item(known(part), argument));
    Some(item(Shape::List(parts.collect()), argument))
}

fn select(argument: &Node<'_>, context: Context<'_>) -> Option<Item> {
    let [index, list] = argument.entries() else {
        return None;
    };
    let index: usize = match &index.value {
        Value::Text(number) | Value::Number(number) => number.parse().ok()?,
        _ => return None,
    };
    match evaluate(list, context)?.shape {
        Shape::List(list) => list.into_iter().nth(index),
        _ => None,
    }
}

fn find_in_map(argument: &Node<'_>, context: Context<'_>) -> Option<Item> {
    let [map, first, second] = argument.entries() else {
        return None;
    };
    let key = |node: &Node<'_>| evaluate(node, context)?.known_text();
    let map = context.mappings?.get(&key(map)?)?;
    evaluate(map.get(&key(first)?)?.get(&key(second)?)?, context)
}
