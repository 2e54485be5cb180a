//! The functions of CloudFormation, evaluated as far as the template alone allows ("Intrinsic
//! function reference").

use super::foreach;
use super::scope::Scope;
use super::{conditions, lists, maps, references, texts};
use crate::partial::{Choices, Item, Piece, Shape};
use crate::tree::{Node, Value};

/// The deepest nesting of values, with what they refer to.
const MAX_DEPTH: u16 = 256;

/// What the evaluation of a value depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Env<'e> {
    pub(super) scope: &'e Scope<'e>,
    pub(super) choices: &'e Choices,
    /// Whether the order and the number of the entries of a list matter.
    pub(super) is_ordered: bool,
    /// Whether the value decides between others, as in a condition or as the key of a map.
    pub(super) decides: bool,
    /// Whether the verdict does not depend on the value, so that no choice is worth a combination.
    is_idle: bool,
    depth: u16,
}

impl<'e> Env<'e> {
    pub(super) fn new(scope: &'e Scope<'e>, choices: &'e Choices) -> Self {
        Self {
            scope,
            choices,
            is_ordered: false,
            decides: false,
            is_idle: false,
            depth: 0,
        }
    }

    /// The index of the option taken; `None` if the choice is left open.
    pub(super) fn take(
        self,
        key: &str,
        count: usize,
        what: impl FnOnce() -> String,
    ) -> Option<usize> {
        match self.is_idle {
            true => None,
            false => self.choices.take(key, count, what),
        }
    }

    /// The index of an option that was taken before.
    pub(super) fn taken(self, key: &str) -> Option<usize> {
        self.choices.taken(key)
    }

    /// The value of a condition, which is evaluated once.
    pub(super) fn condition(
        self,
        name: &str,
        evaluate: impl FnOnce() -> Option<bool>,
    ) -> Option<bool> {
        let idle = if self.is_idle { "idle " } else { "" };
        self.choices.condition(&format!("{idle}{name}"), evaluate)
    }

    pub(super) fn deeper(self) -> Option<Self> {
        let depth = self.depth + 1;
        (depth <= MAX_DEPTH).then_some(Self { depth, ..self })
    }

    pub(super) fn ordered(self) -> Self {
        Self {
            is_ordered: true,
            ..self
        }
    }

    pub(super) fn deciding(self) -> Self {
        Self {
            decides: true,
            ..self
        }
    }

    fn idle(self) -> Self {
        Self {
            is_idle: true,
            ..self
        }
    }
}

/// Evaluates a value; `None` for one that the template leaves out (`AWS::NoValue`).
pub(super) fn evaluate(node: &Node<'_>, env: Env<'_>) -> Option<Item> {
    let Some(env) = env.deeper().filter(|env| env.choices.spend()) else {
        let what = "the document is too large with all that it refers to";
        return Some(item(Shape::Unknown(what.to_owned()), node));
    };
    let shape = match &node.value {
        Value::Null => Shape::Null,
        Value::Bool(value) => Shape::Plain(value.to_string()),
        Value::Number(number) => Shape::Plain(number.to_string()),
        Value::Text(text) => Shape::Text(texts::literal(text, env)),
        Value::List(entries) => {
            let entries = entries.iter().filter_map(|entry| evaluate(entry, env));
            Shape::List(entries.collect())
        }
        Value::Object(members) => {
            if let Some(function) = members.iter().find(|it| is_function(&it.key)) {
                let item = call(node, &function.key, &function.value, env)?;
                // The place is that of the function, because a reader of the file finds that there.
                return Some(Item {
                    span: node.span.clone(),
                    ..item
                });
            }
            object(node, env)
        }
    };
    Some(item(shape, node))
}

fn object(node: &Node<'_>, env: Env<'_>) -> Shape {
    let is_loop = |key: &str| key.starts_with(foreach::PREFIX);
    let is_plain =
        env.scope.loops().is_empty() && !node.members().iter().any(|it| is_loop(&it.key));
    if is_plain {
        let members = node.members().iter().filter_map(|it| {
            let env = of_member(node, &it.key, &it.value, env);
            Some((it.key.to_string(), member(&it.key, &it.value, env)?))
        });
        return Shape::Object(members.collect());
    }
    let expanded = foreach::members(node, env.scope);
    if expanded.iter().any(|it| it.is_key_open) {
        return Shape::Unknown("the values of a loop".to_owned());
    }
    let members = expanded.iter().filter_map(|it| {
        let env = of_member(node, &it.key, it.value, env);
        let env = Env {
            scope: &it.scope,
            ..env
        };
        Some((it.key.clone(), member(&it.key, it.value, env)?))
    });
    Shape::Object(members.collect())
}

fn member(key: &str, node: &Node<'_>, env: Env<'_>) -> Option<Item> {
    let value = evaluate(node, env);
    match key {
        "Statement" => Some(statements(node, value)),
        _ => value,
    }
}

/// The verdict on an `Allow` does not depend on its resources and conditions. It does depend on
/// whether it has them.
fn of_member<'e>(statement: &Node<'_>, key: &str, value: &Node<'_>, env: Env<'e>) -> Env<'e> {
    let is_counted = matches!(key, "Action" | "NotAction" | "Effect" | "Statement");
    let allows = || statement.get("Effect").and_then(Node::text) == Some("Allow");
    if !is_counted && allows() && value.get("Fn::If").is_none() {
        return env.idle();
    }
    env
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

/// Whether an object with this key is the call of a function.
pub(super) fn is_function(key: &str) -> bool {
    key == "Ref" || key.starts_with("Fn::") && !key.starts_with(foreach::PREFIX)
}

fn call(node: &Node<'_>, name: &str, argument: &Node<'_>, env: Env<'_>) -> Option<Item> {
    let value = match name {
        "Ref" if argument.text() == Some("AWS::NoValue") => return None,
        "Fn::If" => {
            if let [condition, yes, no] = argument.entries() {
                let holds = condition.text().and_then(|it| conditions::value(it, env));
                if let Some(holds) = holds {
                    return evaluate(if holds { yes } else { no }, env);
                }
            }
            None
        }
        "Ref" => references::reference(argument, env),
        "Fn::GetAtt" => references::attribute(argument, env),
        "Fn::Sub" => texts::substitute(argument, env),
        "Fn::Join" => texts::join(argument, env),
        "Fn::Split" => texts::split(argument, env),
        "Fn::ToJsonString" => document(argument, env),
        "Fn::Select" => {
            return lists::select(argument, env).or_else(|| unknown(node, name, argument));
        }
        "Fn::Length" => lists::length(argument, env),
        "Fn::FindInMap" => {
            return maps::find(argument, env).or_else(|| unknown(node, name, argument));
        }
        _ => None,
    };
    match value {
        Some(shape) => Some(item(shape, node)),
        None => unknown(node, name, argument),
    }
}

fn unknown(node: &Node<'_>, name: &str, argument: &Node<'_>) -> Option<Item> {
    Some(item(Shape::Unknown(written(name, argument)), node))
}

/// A document as JSON, which is the document itself.
fn document(argument: &Node<'_>, env: Env<'_>) -> Option<Shape> {
    let shape = evaluate(argument, env)?.shape;
    matches!(shape, Shape::Object(_)).then_some(shape)
}

/// A call in its short form, cut after one line.
pub(super) fn written(name: &str, argument: &Node<'_>) -> String {
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

/// A text that is the same for values that are the same.
pub(super) fn canonical(node: &Node<'_>) -> String {
    let mut text = String::new();
    write(node, &mut text);
    text
}

fn write(node: &Node<'_>, text: &mut String) {
    match &node.value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => text.push_str(number),
        Value::Text(own) => text.push_str(&serde_json::Value::from(own.as_ref()).to_string()),
        Value::List(entries) => {
            text.push('[');
            for (at, entry) in entries.iter().enumerate() {
                text.push_str(if at == 0 { "" } else { "," });
                write(entry, text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            text.push('{');
            for (at, member) in members.iter().enumerate() {
                text.push_str(if at == 0 { "" } else { "," });
                text.push_str(&serde_json::Value::from(member.key.as_ref()).to_string());
                text.push(':');
                write(&member.value, text);
            }
            text.push('}');
        }
    }
}

pub(super) fn known(text: &str) -> Shape {
    Shape::Text(vec![Piece::Known(text.to_owned())])
}

pub(super) fn item(shape: Shape, node: &Node<'_>) -> Item {
    Item {
        shape,
        span: node.span.clone(),
    }
}
