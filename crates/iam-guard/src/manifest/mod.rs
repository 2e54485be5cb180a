//! Policies as resources of Kubernetes: AWS Controllers for Kubernetes (ACK) and Crossplane.

mod patches;
mod resources;
mod texts;

use crate::found::FoundPolicies;
use crate::managed::ManagedPolicies;
use crate::tree::Node;
use patches::Patches;
use resources::Service;

/// Whether a manifest, or one inside it, is about IAM.
pub fn is_manifest(root: &Node<'_>) -> bool {
    root.get("apiVersion").is_some() && root.get("kind").is_some() && has_iam(root)
}

/// Finds the policies in a manifest.
pub fn find<'s>(root: &'s Node<'s>, managed: &'s ManagedPolicies) -> FoundPolicies<'s> {
    let mut finder = Finder {
        managed,
        found: FoundPolicies::default(),
    };
    finder.search(root, &Place::new(root));
    finder.found
}

/// The parser limits how deep values are inside others, so this does not.
fn has_iam(node: &Node<'_>) -> bool {
    Service::of(node).is_some()
        || texts::reason(node).is_some()
        || children(node).any(|(_, child)| has_iam(child))
}

/// The values inside of a value, with their keys. Annotations tell of a resource again.
fn children<'s>(node: &'s Node<'s>) -> impl Iterator<Item = (&'s str, &'s Node<'s>)> {
    let members = node.members().iter();
    let members = members.map(|member| (member.key.as_ref(), &member.value));
    let entries = node.entries().iter().map(|entry| ("", entry));
    members
        .chain(entries)
        .filter(|(key, _)| *key != "annotations")
}

/// Where a value is.
#[derive(Clone)]
struct Place<'s> {
    /// The name of the resource around it.
    name: &'s str,
    /// What patches the resources there.
    patches: Patches<'s>,
}

impl<'s> Place<'s> {
    fn new(root: &'s Node<'s>) -> Self {
        Self {
            name: name(root, "manifest"),
            patches: Patches::default(),
        }
    }

    fn within(&self, node: &'s Node<'s>) -> Self {
        Self {
            name: node
                .get("kind")
                .map_or(self.name, |_| name(node, self.name)),
            patches: self.patches.within(node),
        }
    }
}

/// The name of a resource.
fn name<'s>(node: &'s Node<'s>, otherwise: &'s str) -> &'s str {
    let name = node.at(&["metadata", "name"]).and_then(Node::text);
    let name = name.or_else(|| node.get("kind").and_then(Node::text));
    name.unwrap_or(otherwise)
}

struct Finder<'s> {
    managed: &'s ManagedPolicies,
    found: FoundPolicies<'s>,
}

impl<'s> Finder<'s> {
    fn search(&mut self, node: &'s Node<'s>, around: &Place<'s>) {
        if let Some(service) = Service::of(node) {
            self.resource(service, node);
            return self.patched(service, node, around);
        }
        if let Some(reason) = texts::reason(node) {
            self.found
                .not_judged(around.name, node.span.clone(), reason);
        }
        let place = around.within(node);
        for (_, child) in children(node) {
            self.search(child, &place);
        }
    }
}
