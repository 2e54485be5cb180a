//! JSON and YAML as one tree, in which every value has its place in the file.

pub mod json;
mod quiet;
pub mod yaml;

use std::borrow::Cow;
use std::collections::HashMap;

use crate::source::Span;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node<'s> {
    pub value: Value<'s>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value<'s> {
    Null,
    Bool(bool),
    /// A number as the file has it.
    Number(Cow<'s, str>),
    Text(Cow<'s, str>),
    List(Vec<Node<'s>>),
    Object(Vec<Member<'s>>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Member<'s> {
    pub key: Cow<'s, str>,
    pub key_span: Span,
    pub value: Node<'s>,
}

/// Why a text cannot be read, and the place of the error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TreeError {
    pub message: String,
    pub span: Span,
}

/// A key that an object has again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatedKey {
    pub key: String,
    /// The place of the one before, which does not count.
    pub before: Span,
    pub span: Span,
}

impl<'s> Node<'s> {
    /// The value of the last member with this key, because a deployment takes the last of several.
    pub fn get(&self, key: &str) -> Option<&Node<'s>> {
        let mut members = self.members().iter();
        Some(&members.rfind(|member| member.key == key)?.value)
    }

    /// The value at a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Node<'s>> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The members of an object; any other value has none.
    pub fn members(&self) -> &[Member<'s>] {
        match &self.value {
            Value::Object(members) => members,
            _ => &[],
        }
    }

    /// The entries of a list; any other value has none.
    pub fn entries(&self) -> &[Node<'s>] {
        match &self.value {
            Value::List(entries) => entries,
            _ => &[],
        }
    }

    /// The members of the object at `key`.
    pub fn members_of(&self, key: &str) -> &[Member<'s>] {
        self.get(key).map(Node::members).unwrap_or_default()
    }

    /// The entries of the list at `key`.
    pub fn entries_of(&self, key: &str) -> &[Node<'s>] {
        self.get(key).map(Node::entries).unwrap_or_default()
    }

    /// The entries of a list; any other value counts as a list of one entry.
    pub fn one_or_many(&self) -> &[Node<'s>] {
        match &self.value {
            Value::List(entries) => entries,
            _ => std::slice::from_ref(self),
        }
    }

    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn is_true(&self) -> bool {
        self.value == Value::Bool(true)
    }

    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    /// The same value with texts of its own.
    pub fn to_static(&self) -> Node<'static> {
        let own = |text: &str| Cow::Owned(text.to_owned());
        let value = match &self.value {
            Value::Null => Value::Null,
            Value::Bool(value) => Value::Bool(*value),
            Value::Number(number) => Value::Number(own(number)),
            Value::Text(text) => Value::Text(own(text)),
            Value::List(entries) => Value::List(entries.iter().map(Node::to_static).collect()),
            Value::Object(members) => {
                let members = members.iter().map(|member| Member {
                    key: own(&member.key),
                    key_span: member.key_span.clone(),
                    value: member.value.to_static(),
                });
                Value::Object(members.collect())
            }
        };
        Node {
            value,
            span: self.span.clone(),
        }
    }

    /// Moves all places, for a tree whose text is a part of a file.
    pub fn shift(&mut self, by: usize) {
        let moved = |span: &Span| span.start + by..span.end + by;
        self.span = moved(&self.span);
        match &mut self.value {
            Value::List(entries) => entries.iter_mut().for_each(|entry| entry.shift(by)),
            Value::Object(members) => {
                for member in members {
                    member.key_span = moved(&member.key_span);
                    member.value.shift(by);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
        }
    }

    /// The keys that an object in the tree has more than once.
    pub fn repeated_keys(&self) -> Vec<RepeatedKey> {
        let mut found = Vec::new();
        self.collect_repeated_keys(&mut found);
        found
    }

    fn collect_repeated_keys(&self, found: &mut Vec<RepeatedKey>) {
        let mut last: HashMap<&str, &Span> = HashMap::new();
        for member in self.members() {
            let before = last.insert(&member.key, &member.key_span);
            found.extend(before.map(|before| RepeatedKey {
                key: member.key.to_string(),
                before: before.clone(),
                span: member.key_span.clone(),
            }));
            member.value.collect_repeated_keys(found);
        }
        for entry in self.entries() {
            entry.collect_repeated_keys(found);
        }
    }
}
