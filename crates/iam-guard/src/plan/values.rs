//! The values of a resource, with what is known of them.

use std::collections::BTreeSet;

use crate::source::Span;
use crate::tree::{Node, Value};

/// A value, with what is unknown in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values<'s> {
    pub(super) node: &'s Node<'s>,
    /// The same structure, with `true` in place of each unknown value (`after_unknown`).
    unknown: Option<&'s Node<'s>>,
    /// Whether a missing value is unknown rather than unset, as in `planned_values`.
    is_partial: bool,
}

/// A value as far as it is known.
#[derive(Clone, Debug)]
pub(super) enum Known<'s> {
    Unset,
    Unknown(Span),
    Set(Values<'s>),
}

impl<'s> Values<'s> {
    /// The values of a change, with what is unknown of them.
    pub(super) fn changed(node: &'s Node<'s>, unknown: Option<&'s Node<'s>>) -> Self {
        Self {
            node,
            unknown,
            is_partial: false,
        }
    }

    /// Values without the unknown ones.
    pub(super) fn partial(node: &'s Node<'s>) -> Self {
        Self {
            node,
            unknown: None,
            is_partial: true,
        }
    }

    pub(super) fn is_partial(&self) -> bool {
        self.is_partial
    }

    pub(super) fn text(&self) -> Option<&'s str> {
        self.node.text()
    }

    pub(super) fn get(&self, key: &str) -> Known<'s> {
        if let Some(all) = self.unknown.filter(|unknown| unknown.is_true()) {
            return Known::Unknown(all.span.clone());
        }
        let value = self.node.get(key);
        match self.unknown.and_then(|unknown| unknown.get(key)) {
            Some(unknown) if unknown.is_true() => Known::Unknown(unknown.span.clone()),
            unknown => match value {
                None if self.is_partial => Known::Unknown(self.node.span.clone()),
                Some(value) if !value.is_null() => Known::Set(self.inner(value, unknown)),
                _ => Known::Unset,
            },
        }
    }

    /// The members of an object, each once.
    pub(super) fn members(&self) -> Vec<(&'s str, Known<'s>)> {
        let unknown = self.unknown.map(Node::members).unwrap_or_default();
        let unknown = unknown.iter().filter(|member| member.value.is_true());
        let members = self.node.members().iter().chain(unknown);
        let keys: BTreeSet<&'s str> = members.map(|member| member.key.as_ref()).collect();
        keys.into_iter().map(|key| (key, self.get(key))).collect()
    }

    /// The entries of a list, or the value itself as the only one. `None` if it is not known how
    /// many there are.
    pub(super) fn entries(&self) -> Option<Vec<Known<'s>>> {
        let Value::List(entries) = &self.node.value else {
            return Some(vec![Known::Set(*self)]);
        };
        let unknown = self.unknown.map(Node::entries).unwrap_or_default();
        // Early versions of Terraform leave the unknown entries out.
        if unknown.len() != entries.len() && self.unknown.is_some_and(has_true) {
            return None;
        }
        let known = |(index, entry): (usize, &'s Node<'s>)| match unknown.get(index) {
            Some(unknown) if unknown.is_true() => Known::Unknown(unknown.span.clone()),
            _ if entry.is_null() && self.is_partial => Known::Unknown(entry.span.clone()),
            _ if entry.is_null() => Known::Unset,
            unknown => Known::Set(self.inner(entry, unknown)),
        };
        Some(entries.iter().enumerate().map(known).collect())
    }

    fn inner(&self, node: &'s Node<'s>, unknown: Option<&'s Node<'s>>) -> Self {
        Self {
            node,
            unknown,
            is_partial: self.is_partial,
        }
    }
}

impl<'s> Known<'s> {
    pub(super) fn text(&self) -> Option<&'s str> {
        match self {
            Self::Set(values) => values.text(),
            _ => None,
        }
    }
}

fn has_true(node: &Node<'_>) -> bool {
    let mut members = node.members().iter().map(|member| &member.value);
    node.is_true() || node.entries().iter().any(has_true) || members.any(has_true)
}
