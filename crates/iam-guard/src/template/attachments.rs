//! Attached policies: those of the template, those of AWS, and others.

use super::intrinsics::Env;
use super::references;
use super::{Finder, Scope, branches};
use crate::partial::Choices;
use crate::source::Span;
use crate::tree::Node;

impl<'s> Finder<'s> {
    /// One ARN or a list.
    pub(super) fn attachments(&mut self, at: &str, arns: &'s Node<'s>, scope: &Scope<'s>) {
        for arn in branches(arns, scope) {
            self.attachment(at, arn.node, &arn.scope);
        }
    }

    pub(super) fn attachment(&mut self, at: &str, arn: &'s Node<'s>, scope: &Scope<'s>) {
        if is_made_here(arn, scope, "AWS::IAM::ManagedPolicy") {
            return;
        }
        match scope.texts(arn) {
            // The deployment attaches one of several, so each counts.
            Some(texts) => {
                for text in texts {
                    self.attach(at, arn.span.clone(), Some(&text));
                }
            }
            None => self.attach(at, arn.span.clone(), None),
        }
    }

    pub(super) fn attach(&mut self, at: &str, span: Span, arn: Option<&str>) {
        let managed = self.managed;
        managed.attach(&mut self.found, at, span, arn);
    }

    /// An AWS managed policy that SAM attaches.
    pub(super) fn attach_managed(&mut self, at: &str, span: Span, name: &str) {
        self.attach(at, span, Some(&format!("arn:aws:iam::aws:policy/{name}")));
    }
}

/// Whether a reference names a resource of this template and type.
pub(super) fn is_made_here(node: &Node<'_>, scope: &Scope<'_>, kind: &str) -> bool {
    let choices = Choices::open();
    let env = Env::new(scope, &choices);
    let logical = if let Some(name) = node.get("Ref") {
        references::name(name, env)
    } else if let Some(attribute) = node.get("Fn::GetAtt") {
        references::logical_and_attribute(attribute, env).map(|(logical, _)| logical)
    } else {
        let text = node.get("Fn::Sub").and_then(Node::text);
        let inside = text.and_then(|it| it.strip_prefix("${")?.strip_suffix('}'));
        inside.map(|it| it.split('.').next().unwrap_or(it).to_owned())
    };
    let template = scope.template();
    let made = logical
        .zip(template)
        .and_then(|(logical, template)| template.kind(&logical));
    made == Some(kind)
}
