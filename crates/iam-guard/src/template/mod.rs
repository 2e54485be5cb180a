//! CloudFormation and SAM templates.

mod attachments;
mod conditions;
mod connectors;
mod dynamic;
mod foreach;
mod intrinsics;
mod lists;
mod maps;
mod parameters;
mod references;
mod resources;
mod sam;
mod sam_events;
mod sam_roles;
mod scope;
mod stacks;
mod texts;
mod transforms;

use std::collections::HashMap;
use std::sync::Arc;

pub use parameters::{Parameter, ParameterError, Parameters};
pub use scope::{Scope, as_written, judge};

use crate::found::{Content, FoundPolicies};
use crate::managed::ManagedPolicies;
use crate::source::Span;
use crate::tree::{Member, Node};
use scope::Template;

/// Whether a tree is a template.
pub fn is_template(root: &Node<'_>) -> bool {
    let is_resource = |member: &Member<'_>| {
        let kind = member.value.get("Type").and_then(Node::text);
        let is_made = member.key.starts_with("Fn::") || resources::is_call(&member.value);
        is_made || kind.is_some_and(|kind| kind.contains("::"))
    };
    root.get("AWSTemplateFormatVersion").is_some()
        || root.members_of("Resources").iter().any(is_resource)
}

/// Finds the policies in a template, which is deployed with these parameters.
pub fn find<'s>(
    root: &'s Node<'s>,
    managed: &'s ManagedPolicies,
    parameters: &'s Parameters,
) -> FoundPolicies<'s> {
    let mut finder = Finder {
        root,
        managed,
        found: FoundPolicies::default(),
    };
    finder.transforms();
    finder.modules();
    let template = Template::new(root, parameters);
    if let Some(resources) = root.get("Resources") {
        finder.resources(resources, template);
    }
    finder.found
}

struct Finder<'s> {
    root: &'s Node<'s>,
    managed: &'s ManagedPolicies,
    found: FoundPolicies<'s>,
}

impl<'s> Finder<'s> {
    fn resources(&mut self, resources: &'s Node<'s>, template: Template<'s>) {
        let template = Arc::new(template);
        let scope = Scope::of(Arc::clone(&template));
        let expanded = foreach::members(resources, &scope);
        let kinds = expanded.iter().filter_map(|it| {
            let kind = it.value.get("Type").and_then(Node::text)?;
            Some((it.key.clone(), kind.to_owned()))
        });
        template.tell_kinds(kinds.collect());
        for member in expanded {
            self.resource(member);
        }
    }

    fn document(&mut self, name: &str, document: &'s Node<'s>, scope: Scope<'s>) {
        let content = Content::Template { document, scope };
        self.found.policy(name, document.span.clone(), content);
    }

    /// A policy of which the template does not tell the document.
    fn unknown(&mut self, name: impl Into<String>, span: Span, reason: impl Into<String>) {
        self.found
            .policy(name, span, Content::Unknown(reason.into()));
    }

    /// A policy that is made of these actions.
    fn actions(&mut self, name: String, span: Span, actions: &[&str], what: String) {
        let actions: Vec<String> = actions.iter().map(|it| format!("\"{it}\"")).collect();
        let actions = actions.join(",");
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":[{actions}],"Resource":"arn:*"}}]}}"#
        );
        let content = Content::Text {
            text: text.into(),
            what: Some(what),
        };
        self.found.policy(name, span, content);
    }
}

/// The members that count: of repeated keys, a deployment takes the last.
fn last_members<'n, 's>(object: &'n Node<'s>) -> impl Iterator<Item = &'n Member<'s>> {
    let members = object.members().iter().enumerate();
    let last: HashMap<&str, usize> = members.clone().map(|(at, it)| (&*it.key, at)).collect();
    members
        .filter(move |(at, it)| last.get(&*it.key) == Some(at))
        .map(|(_, member)| member)
}

/// An entry of a list, with the conditions under which it is deployed.
struct Branch<'s> {
    /// The index among all entries of all branches.
    index: usize,
    node: &'s Node<'s>,
    scope: Scope<'s>,
}

/// The entries that a list can have: of an `Fn::If`, those of both branches.
fn branches<'s>(node: &'s Node<'s>, scope: &Scope<'s>) -> Vec<Branch<'s>> {
    let mut found = Vec::new();
    collect_branches(node, scope, &mut found);
    found.retain(|branch| branch.scope.is_possible());
    found
}

fn collect_branches<'s>(node: &'s Node<'s>, scope: &Scope<'s>, found: &mut Vec<Branch<'s>>) {
    for entry in node.one_or_many() {
        match entry.get("Fn::If").map(Node::entries) {
            Some([condition, yes, no]) => {
                let assuming = |value| match condition.text() {
                    Some(condition) => scope.assuming(condition, value),
                    None => scope.clone(),
                };
                collect_branches(yes, &assuming(true), found);
                collect_branches(no, &assuming(false), found);
            }
            _ if is_no_value(entry) => {}
            _ => found.push(Branch {
                index: found.len(),
                node: entry,
                scope: scope.clone(),
            }),
        }
    }
}

fn is_no_value(node: &Node<'_>) -> bool {
    node.get("Ref").and_then(Node::text) == Some("AWS::NoValue")
}

#[cfg(test)]
mod deployment_tests;
#[cfg(test)]
mod found_tests;
#[cfg(test)]
mod test_support;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod values_tests;
