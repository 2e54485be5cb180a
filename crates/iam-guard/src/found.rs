//! The policies of a file, and what attaches policies that are not in the file.

use std::borrow::Cow;
use std::sync::Arc;

use crate::partial::Item;
use crate::source::Span;
use crate::template::Scope;
use crate::tree::Node;

/// A policy in a file.
#[derive(Debug)]
pub struct Policy<'s> {
    /// The name of its resource in the file.
    pub name: String,
    pub span: Span,
    pub content: Content<'s>,
}

#[derive(Debug)]
pub enum Content<'s> {
    /// The whole file is the document.
    File,
    /// The text of the document: a string in the file, or a document that is not in the file. Then
    /// `what` is its name.
    Text {
        text: Cow<'s, str>,
        what: Option<String>,
    },
    /// A part of a file that can have functions of CloudFormation.
    Template {
        document: &'s Node<'s>,
        scope: Scope<'s>,
    },
    /// The same for a document that the file has in parts.
    Made(Node<'s>),
    /// The document is partly unknown. If there are several, it is one of them.
    Partial(Vec<Arc<Item>>),
    /// The document is not known before the deployment: a sentence without a full stop.
    Unknown(String),
}

/// Something that grants permissions by a policy that is not in the file.
#[derive(Debug)]
pub struct NotJudged {
    pub name: String,
    pub span: Span,
    /// A sentence without a full stop.
    pub reason: String,
}

/// A CloudFormation template that a file has as a text.
#[derive(Debug)]
pub struct InnerTemplate<'s> {
    /// The name of the resource that deploys it.
    pub name: String,
    pub span: Span,
    pub text: Cow<'s, str>,
}

/// All policies of one file.
#[derive(Debug, Default)]
pub struct FoundPolicies<'s> {
    pub policies: Vec<Policy<'s>>,
    pub not_judged: Vec<NotJudged>,
    pub templates: Vec<InnerTemplate<'s>>,
}

impl<'s> FoundPolicies<'s> {
    pub fn policy(&mut self, name: impl Into<String>, span: Span, content: Content<'s>) {
        self.policies.push(Policy {
            name: name.into(),
            span,
            content,
        });
    }

    /// Adds a document that is an object or a JSON text; nothing for `null`.
    pub fn document(&mut self, name: impl Into<String>, document: Option<&'s Node<'s>>) {
        let Some(document) = document.filter(|it| !it.is_null()) else {
            return;
        };
        let content = match document.text() {
            Some(text) => Content::Text {
                text: Cow::Borrowed(text),
                what: None,
            },
            None => Content::Template {
                document,
                scope: Scope::default(),
            },
        };
        self.policy(name, document.span.clone(), content);
    }

    /// Adds a resource of the Cloud Control API, whose properties are a JSON text, as a template
    /// with one resource.
    pub fn resource(&mut self, name: &str, span: Span, kind: &str, properties: &str) {
        let kind = serde_json::Value::from(kind);
        let text = format!(
            r#"{{"Resources":{{"Resource":{{"Type":{kind},"Properties":{properties}}}}}}}"#
        );
        self.template(name, span, text);
    }

    pub fn not_judged(&mut self, name: impl Into<String>, span: Span, reason: impl Into<String>) {
        self.not_judged.push(NotJudged {
            name: name.into(),
            span,
            reason: reason.into(),
        });
    }

    pub fn template(&mut self, name: impl Into<String>, span: Span, text: impl Into<Cow<'s, str>>) {
        self.templates.push(InnerTemplate {
            name: name.into(),
            span,
            text: text.into(),
        });
    }
}
