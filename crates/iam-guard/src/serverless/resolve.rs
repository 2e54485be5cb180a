//! Variables whose values are in the same file, such as `${self:custom.bucket}`.

use std::borrow::Cow;
use std::cell::Cell;

use crate::tree::{Member, Node, Value};

/// The deepest nesting of values, with those of variables.
const MAX_DEPTH: usize = 100;

/// The most values and bytes of texts that variables stand for.
const MAX_SIZE: usize = 200_000;

/// What the command line of the framework can replace.
const REPLACED: [&[&str]; 5] = [
    &[""],
    &["provider"],
    &["provider", "stage"],
    &["provider", "region"],
    &["provider", "profile"],
];

pub(super) struct Resolver<'s> {
    root: &'s Node<'s>,
    left: Cell<usize>,
}

impl<'s> Resolver<'s> {
    pub(super) fn new(root: &'s Node<'s>) -> Self {
        Self {
            root,
            left: Cell::new(MAX_SIZE),
        }
    }

    /// The same tree with the values of the variables that are in the file. Others stay.
    pub(super) fn resolved(&self, node: &Node<'s>) -> Node<'s> {
        self.at_depth(node, 0)
    }

    fn at_depth(&self, node: &Node<'s>, depth: usize) -> Node<'s> {
        let value = match &node.value {
            Value::List(entries) => {
                let entries = entries.iter().map(|it| self.at_depth(it, depth + 1));
                Value::List(entries.collect())
            }
            Value::Object(members) => {
                let members = members.iter().map(|member| Member {
                    key: member.key.clone(),
                    key_span: member.key_span.clone(),
                    value: self.at_depth(&member.value, depth + 1),
                });
                Value::Object(members.collect())
            }
            Value::Text(text) if text.contains("${") => self.text(text, depth),
            value => value.clone(),
        };
        Node {
            value,
            span: node.span.clone(),
        }
    }

    /// The value of a text: any value if the text is one variable, otherwise a text.
    fn text(&self, text: &str, depth: usize) -> Value<'s> {
        let whole = text.trim().strip_prefix("${").and_then(inside);
        if let Some((variable, "")) = whole {
            let value = self.variable(variable, depth);
            return value.unwrap_or_else(|| Value::Text(text.to_owned().into()));
        }
        let mut made = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            made.push_str(before);
            let Some((variable, behind)) = inside(after) else {
                // Nothing behind it is worth another search, which would be slow for many.
                made.push_str("${");
                rest = after;
                break;
            };
            rest = behind;
            match self.variable(variable, depth) {
                Some(Value::Text(value) | Value::Number(value)) => made.push_str(&value),
                Some(Value::Bool(value)) => made.push_str(&value.to_string()),
                _ => {
                    made.push_str("${");
                    made.push_str(variable);
                    made.push('}');
                }
            }
        }
        made.push_str(rest);
        self.spend(made.len());
        Value::Text(made.into())
    }

    /// The value of a variable without its braces. A default counts only if the framework does not
    /// find the value before it, which a file alone does not tell.
    fn variable(&self, variable: &str, depth: usize) -> Option<Value<'s>> {
        let address = first(variable).trim().strip_prefix("self:")?;
        if depth >= MAX_DEPTH || !self.spend(1) {
            return None;
        }
        let address = match address.contains("${") {
            true => match self.text(address, depth + 1) {
                Value::Text(text) if !text.contains("${") => text,
                _ => return None,
            },
            false => Cow::Borrowed(address),
        };
        let path: Vec<&str> = address.split('.').collect();
        if REPLACED.contains(&path.as_slice()) {
            return None;
        }
        let mut node = Cow::Borrowed(self.root);
        for key in path {
            if node.text().is_some_and(|text| text.contains("${")) {
                node = Cow::Owned(self.at_depth(&node, depth + 1));
            }
            node = match node {
                Cow::Borrowed(node) => Cow::Borrowed(child(node, key)?),
                Cow::Owned(node) => Cow::Owned(child(&node, key)?.clone()),
            };
        }
        if node.is_null() || !self.spend(size(&node)) {
            return None;
        }
        Some(self.at_depth(&node, depth + 1).value)
    }

    /// Counts what variables stand for; false if it is too much.
    fn spend(&self, size: usize) -> bool {
        let left = self.left.get().checked_sub(size);
        self.left.set(left.unwrap_or(0));
        left.is_some()
    }
}

fn child<'n, 's>(node: &'n Node<'s>, key: &str) -> Option<&'n Node<'s>> {
    match &node.value {
        Value::List(entries) => entries.get(key.parse::<usize>().ok()?),
        _ => node.get(key),
    }
}

fn size(node: &Node<'_>) -> usize {
    let entries = node.entries().iter();
    let members = node.members().iter().map(|member| &member.value);
    let inner: usize = entries.chain(members).map(size).sum();
    inner + 1 + node.text().map_or(0, str::len)
}

/// The text up to the brace that ends a variable, and the text behind it.
fn inside(after: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (at, character) in after.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => return Some((after.get(..at)?, after.get(at + 1..)?)),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// A variable without its defaults, which are behind commas.
fn first(variable: &str) -> &str {
    let mut depth = 0_usize;
    let end = variable.find(|character| {
        match character {
            '{' | '(' => depth += 1,
            '}' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    });
    end.and_then(|end| variable.get(..end)).unwrap_or(variable)
}
