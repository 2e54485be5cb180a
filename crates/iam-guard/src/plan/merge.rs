//! How the provider merges documents: a statement replaces an earlier one with the same `Sid`.

use std::collections::HashMap;

use crate::partial::{Item, Piece, Shape};
use crate::source::Span;

/// A document that is partly unknown.
#[derive(Clone, Debug)]
pub(super) struct Document {
    span: Span,
    version: String,
    statements: Vec<Statement>,
    /// The indexes of the statements with a known `Sid`.
    by_sid: HashMap<String, usize>,
    size: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) sid: Sid,
    pub(super) item: Item,
}

/// The `Sid` of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sid {
    None,
    Known(String),
    Unknown,
}

impl Sid {
    pub(super) fn known(text: &str) -> Self {
        match text {
            "" => Self::None,
            text => Self::Known(text.to_owned()),
        }
    }
}

/// The largest document that is built. IAM takes at most 32,768 characters without white space.
const MAX_SIZE: usize = 100_000;

impl Document {
    pub(super) fn new(span: Span) -> Self {
        Self {
            span,
            version: String::new(),
            statements: Vec::new(),
            by_sid: HashMap::new(),
            size: 0,
        }
    }

    /// Takes the version if it is newer. An unknown one changes nothing about what is granted.
    pub(super) fn version(&mut self, version: Option<&str>) {
        if version > Some(self.version.as_str()) {
            self.version = version.unwrap_or_default().to_owned();
        }
    }

    /// Merges a statement. `None` if the document becomes too large.
    pub(super) fn add(&mut self, statement: Statement) -> Option<()> {
        self.size += size(&statement.item);
        if self.size > MAX_SIZE {
            return None;
        }
        let index = self.statements.len();
        let index = match &statement.sid {
            Sid::Known(sid) => *self.by_sid.entry(sid.clone()).or_insert(index),
            Sid::None | Sid::Unknown => index,
        };
        match self.statements.get_mut(index) {
            Some(replaced) => *replaced = statement,
            None => self.statements.push(statement),
        }
        Some(())
    }

    /// About as many bytes as the document takes.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Merges another document.
    pub(super) fn merge(&mut self, other: &Self) -> Option<()> {
        self.version(Some(&other.version));
        let mut statements = other.statements.iter().cloned();
        statements.try_for_each(|statement| self.add(statement))
    }

    /// The document to judge.
    pub(super) fn item(&self) -> Item {
        let known = |text: &str| Shape::Text(vec![Piece::Known(text.to_owned())]);
        let item = |shape| Item {
            shape,
            span: self.span.clone(),
        };
        let mut members = Vec::new();
        if !self.version.is_empty() {
            members.push(("Version".to_owned(), item(known(&self.version))));
        }
        let mut statements: Vec<Item> = self.statements.iter().map(|it| it.item.clone()).collect();
        if self.can_replace() {
            statements.push(item(Shape::Unknown("a `Sid`".to_owned())));
        }
        if !statements.is_empty() {
            members.push(("Statement".to_owned(), item(Shape::List(statements))));
        }
        item(Shape::Object(members))
    }

    /// Whether an unknown `Sid` can make a statement replace another one. Then nothing is certain,
    /// because any statement with a `Sid` may be gone.
    fn can_replace(&self) -> bool {
        let unknown = self.statements.iter().filter(|it| it.sid == Sid::Unknown);
        let unknown = unknown.count();
        unknown > 1 || unknown == 1 && !self.by_sid.is_empty()
    }
}

/// About as many bytes as the value takes.
fn size(item: &Item) -> usize {
    16 + match &item.shape {
        Shape::Null => 0,
        Shape::Plain(text) | Shape::Unknown(text) => text.len(),
        Shape::Text(pieces) => pieces.iter().map(|piece| piece.as_written().len()).sum(),
        Shape::List(entries) => entries.iter().map(size).sum(),
        Shape::Object(members) => {
            let members = members.iter();
            members.map(|(key, value)| key.len() + size(value)).sum()
        }
    }
}
