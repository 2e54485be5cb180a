//! Policies as resources of Kubernetes: AWS Controllers for Kubernetes (ACK) and Crossplane.

use std::borrow::Cow;

use crate::found::{Content, FoundPolicies};
use crate::managed::ManagedPolicies;
use crate::template::Scope;
use crate::tree::Node;

/// The ends of the API groups of IAM, with and without the namespaces of newer versions.
const GROUPS: [&str; 4] = [
    "iam.services.k8s.aws",
    "iam.aws.crossplane.io",
    "iam.aws.upbound.io",
    "iam.aws.m.upbound.io",
];

/// How deep manifests may be inside others, such as those of a composition.
const MAX_DEPTH: usize = 8;

/// Whether a manifest, or one inside it, is about IAM.
pub fn is_manifest(root: &Node<'_>) -> bool {
    root.get("apiVersion").is_some() && root.get("kind").is_some() && has_iam(root, 0)
}

/// Finds the policies in a manifest.
pub fn find<'s>(root: &'s Node<'s>, managed: &'s ManagedPolicies) -> FoundPolicies<'s> {
    let mut found = FoundPolicies::default();
    search(root, managed, &mut found, 0);
    found
}

fn is_iam(node: &Node<'_>) -> bool {
    let version = node.get("apiVersion").and_then(Node::text);
    let group = version.and_then(|version| version.split('/').next());
    group.is_some_and(|group| GROUPS.contains(&group))
}

fn has_iam(node: &Node<'_>, depth: usize) -> bool {
    let mut inside = children(node);
    is_iam(node) || depth < MAX_DEPTH && inside.any(|child| has_iam(child, depth + 1))
}

fn children<'n>(node: &'n Node<'n>) -> impl Iterator<Item = &'n Node<'n>> {
    let members = node.members().iter().map(|member| &member.value);
    node.entries().iter().chain(members)
}

fn search<'s>(
    node: &'s Node<'s>,
    managed: &'s ManagedPolicies,
    found: &mut FoundPolicies<'s>,
    depth: usize,
) {
    if is_iam(node) {
        resource(node, managed, found);
    } else if depth < MAX_DEPTH {
        for child in children(node) {
            search(child, managed, found, depth + 1);
        }
    }
}

fn resource<'s>(node: &'s Node<'s>, managed: &'s ManagedPolicies, found: &mut FoundPolicies<'s>) {
    let name = node.at(&["metadata", "name"]).and_then(Node::text);
    let name = name.or_else(|| node.get("kind").and_then(Node::text));
    let name = name.unwrap_or("manifest");
    let Some(spec) = node.get("spec") else { return };
    let given = spec.get("forProvider").unwrap_or(spec);
    for attribute in ["policyDocument", "document", "policy"] {
        document(found, name, given.get(attribute));
    }
    // ACK has an object from names to documents, Crossplane a list.
    for inline in given.members_of("inlinePolicies") {
        document(
            found,
            &format!("{name}.{}", inline.key),
            Some(&inline.value),
        );
    }
    for attribute in ["inlinePolicy", "inlinePolicies"] {
        for inline in given.entries_of(attribute) {
            document(
                found,
                name,
                inline.get("policy").or_else(|| inline.get("document")),
            );
        }
    }
    for attribute in ["policies", "managedPolicyArns", "policyArn"] {
        let arns = given.get(attribute).map(Node::one_or_many);
        for arn in arns.unwrap_or_default() {
            managed.attach(found, name, arn.span.clone(), arn.text());
        }
    }
    for attribute in ["policyRefs", "policyArnRef", "policyArnSelector"] {
        if let Some(reference) = given.get(attribute) {
            let reason = "attaches a policy that is judged only where it stands";
            found.not_judged(name, reference.span.clone(), reason);
        }
    }
}

fn document<'s>(found: &mut FoundPolicies<'s>, name: &str, document: Option<&'s Node<'s>>) {
    let Some(document) = document.filter(|document| !document.is_null()) else {
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
    found.policy(name, document.span.clone(), content);
}
