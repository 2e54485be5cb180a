//! The section `resources`: templates in parts.

use super::resolve::Resolver;
use super::variables::with_variables;
use super::{RoleNames, elsewhere};
use crate::found::{Content, FoundPolicies, InnerTemplate, Policy};
use crate::managed::ManagedPolicies;
use crate::template::{self, Parameters};
use crate::tree::Node;

/// A part of `resources`: a template, or a text that names a file.
pub(super) struct Part<'s> {
    /// As the file has it.
    written: &'s Node<'s>,
    /// With the values of the variables that are in the file.
    resolved: Node<'s>,
}

pub(super) fn parts<'s>(root: &'s Node<'s>, resolver: &Resolver<'s>) -> Vec<Part<'s>> {
    let parts = root.get("resources").map(Node::one_or_many);
    let mut found = Vec::new();
    for written in parts.unwrap_or_default() {
        // A variable can stand for several parts.
        let resolved = resolver.resolved(written);
        found.extend(resolved.one_or_many().iter().map(|part| Part {
            written,
            resolved: part.clone(),
        }));
    }
    found
}

/// The logical ids of the roles in all parts.
pub(super) fn roles(parts: &[Part<'_>]) -> RoleNames {
    let resources = parts
        .iter()
        .flat_map(|part| part.resolved.members_of("Resources"));
    let is_role = |node: &Node<'_>| node.get("Type").and_then(Node::text) == Some("AWS::IAM::Role");
    resources
        .filter(|it| is_role(&it.value))
        .map(|it| it.key.to_string())
        .collect()
}

impl<'s> Part<'s> {
    pub(super) fn find(self, found: &mut FoundPolicies<'s>, managed: &'s ManagedPolicies) {
        let part = &self.resolved;
        if elsewhere(found, "resources", part) {
            return;
        }
        if part.text().is_some() {
            let reason = "resources of another file, which is judged only where it stands";
            found.not_judged("resources", part.span.clone(), reason);
            return;
        }
        let resources = part.get("Resources");
        if !resources.is_some_and(|it| elsewhere(found, "resources.Resources", it)) {
            for resource in part.members_of("Resources") {
                elsewhere(found, &resource.key, &resource.value);
            }
            let inner = self.policies(managed);
            found.policies.extend(inner.policies);
            found.not_judged.extend(inner.not_judged);
            found.templates.extend(inner.templates);
        }
        if let Some(extensions) = part.get("extensions") {
            let reason = "changes resources that the framework makes";
            found.not_judged("resources.extensions", extensions.span.clone(), reason);
        }
    }

    /// The policies of the template. A document with variables leaves its template, so that what
    /// it takes from there is not known either.
    fn policies(&self, managed: &'s ManagedPolicies) -> FoundPolicies<'s> {
        let made = with_variables(&self.resolved);
        let written = template::find(self.written, managed, Parameters::none());
        if made == *self.written {
            return written;
        }
        let mut same = match is_same_around(self.written, &made) {
            true => written.policies,
            false => Vec::new(),
        };
        let FoundPolicies {
            policies,
            not_judged,
            templates,
        } = template::find(&made, managed, Parameters::none());
        let mut own = |policy: Policy<'_>| {
            let at = same.iter().position(|it| is_same(it, &policy));
            at.map_or_else(|| owned(policy), |at| same.swap_remove(at))
        };
        FoundPolicies {
            policies: policies.into_iter().map(&mut own).collect(),
            not_judged,
            templates: templates
                .into_iter()
                .map(|it| InnerTemplate {
                    name: it.name,
                    span: it.span,
                    text: it.text.into_owned().into(),
                })
                .collect(),
        }
    }
}

/// Whether documents without variables depend on the same conditions, parameters and maps.
fn is_same_around(written: &Node<'_>, made: &Node<'_>) -> bool {
    let is_same = |key: &str| key == "Resources" || written.get(key) == made.get(key);
    written.members().len() == made.members().len()
        && made.members().iter().all(|it| is_same(&it.key))
        && !has_loop(made)
}

fn has_loop(node: &Node<'_>) -> bool {
    let is_loop = |key: &str| key.starts_with("Fn::ForEach");
    let mut members = node.members().iter();
    members.any(|it| is_loop(&it.key) || has_loop(&it.value)) || node.entries().iter().any(has_loop)
}

fn is_same(one: &Policy<'_>, other: &Policy<'_>) -> bool {
    match (&one.content, &other.content) {
        (
            Content::Template { document, .. },
            Content::Template {
                document: other_document,
                ..
            },
        ) => one.name == other.name && document == other_document,
        _ => false,
    }
}

/// The same policy without a part of the tree.
fn owned(policy: Policy<'_>) -> Policy<'static> {
    Policy {
        name: policy.name,
        span: policy.span,
        content: match policy.content {
            Content::File => Content::File,
            Content::Text { text, what } => Content::Text {
                text: text.into_owned().into(),
                what,
            },
            Content::Template { document, .. } => Content::Made(document.to_static()),
            Content::Made(document) => Content::Made(document.to_static()),
            Content::Partial(documents) => Content::Partial(documents),
            Content::Unknown(reason) => Content::Unknown(reason),
        },
    }
}
