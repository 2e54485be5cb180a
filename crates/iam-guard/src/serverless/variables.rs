//! Variables whose values are not in the file, as functions of CloudFormation.

use crate::tree::{Member, Node, Value};

/// The keys of a statement whose values are texts or lists of texts, so that a variable that is
/// nothing else can be reported as a text.
const TEXTS: [&str; 5] = ["Action", "NotAction", "Resource", "NotResource", "Effect"];

/// The same tree with `Fn::Sub` around each text that has variables of the framework, such as
/// `${opt:bucket}`: their values are not known here. A variable that stands for a whole value can
/// be anything, so it is a function that nobody knows.
pub(super) fn with_variables<'s>(node: &Node<'s>) -> Node<'s> {
    below("", node)
}

/// The same for the value of a key.
fn below<'s>(key: &str, node: &Node<'s>) -> Node<'s> {
    let value = match &node.value {
        Value::List(entries) => {
            Value::List(entries.iter().map(|entry| below(key, entry)).collect())
        }
        Value::Object(members) => {
            let members = members.iter().map(|member| Member {
                key: member.key.clone(),
                key_span: member.key_span.clone(),
                value: match member.key.as_ref() {
                    "Fn::Sub" => pattern(&member.value),
                    key => below(key, &member.value),
                },
            });
            Value::Object(members.collect())
        }
        Value::Text(text) if is_open(text) => {
            let is_text = TEXTS.contains(&key) || !is_whole(text);
            return match is_readable(text) && is_text {
                true => call("Fn::Sub", node),
                false => call("Fn::Variable", node),
            };
        }
        value => value.clone(),
    };
    Node {
        value,
        span: node.span.clone(),
    }
}

/// The argument of `Fn::Sub`, whose text has variables already.
fn pattern<'s>(argument: &Node<'s>) -> Node<'s> {
    let text_in = |node: &Node<'s>| match node.text() {
        Some(text) if is_open(text) && !is_readable(text) => call("Fn::Variable", node),
        Some(_) => node.clone(),
        None => below("", node),
    };
    match &argument.value {
        Value::List(entries) => {
            let entries = entries.iter().enumerate();
            let entries = entries.map(|(at, entry)| match at {
                0 => text_in(entry),
                _ => below("", entry),
            });
            Node {
                value: Value::List(entries.collect()),
                span: argument.span.clone(),
            }
        }
        _ => text_in(argument),
    }
}

fn is_open(text: &str) -> bool {
    // The second is the variable of a loop, which is known only in the template.
    text.contains("${") || text.contains("&{")
}

/// Whether `Fn::Sub` finds the variables. It ends one at the first brace, so it cannot read nested
/// ones.
fn is_readable(text: &str) -> bool {
    !text.contains("&{") && text.split("${").skip(1).all(|part| part.contains('}'))
}

/// Whether a text is one variable of the framework and nothing else.
fn is_whole(text: &str) -> bool {
    let inside = text.trim().strip_prefix("${");
    let inside = inside.and_then(|it| it.strip_suffix('}'));
    inside.is_some_and(|it| !it.contains('}') && !it.starts_with("AWS::"))
}

fn call<'s>(function: &'static str, argument: &Node<'s>) -> Node<'s> {
    Node {
        value: Value::Object(vec![Member {
            key: function.into(),
            key_span: argument.span.clone(),
            value: argument.clone(),
        }]),
        span: argument.span.clone(),
    }
}
