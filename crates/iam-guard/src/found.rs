//! What is found in a file: policies, and what attaches policies that are somewhere else.

use std::borrow::Cow;

use crate::source::Span;
use crate::tree::Node;

/// A policy in a file.
#[derive(Debug)]
pub struct Policy<'s> {
    /// The resource that has it, as the file names the resource.
    pub name: String,
    pub span: Span,
    pub content: Content<'s>,
}

#[derive(Debug)]
pub enum Content<'s> {
    /// The whole file is the document.
    File,
    /// The text of the document, which stands in the file as a string.
    Text(Cow<'s, str>),
    /// The text of a document that stands elsewhere, and what it is.
    Elsewhere { text: Cow<'s, str>, what: String },
    /// A part of a file in which functions can stand.
    Template {
        document: &'s Node<'s>,
        mappings: Option<&'s Node<'s>>,
    },
    /// The document is not known before the deployment: a sentence without a full stop.
    Unknown(String),
}

/// Something that grants by a policy which is not here.
#[derive(Debug)]
pub struct NotJudged {
    pub name: String,
    pub span: Span,
    /// A sentence without a full stop.
    pub reason: String,
}

/// All that is found in one file.
#[derive(Debug, Default)]
pub struct Found<'s> {
    pub policies: Vec<Policy<'s>>,
    pub not_judged: Vec<NotJudged>,
}

impl<'s> Found<'s> {
    pub fn policy(&mut self, name: impl Into<String>, span: Span, content: Content<'s>) {
        self.policies.push(Policy {
            name: name.into(),
            span,
            content,
        });
    }

    pub fn not_judged(&mut self, name: impl Into<String>, span: Span, reason: impl Into<String>) {
        self.not_judged.push(NotJudged {
            name: name.into(),
            span,
            reason: reason.into(),
        });
    }
}
