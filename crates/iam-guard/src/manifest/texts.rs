//! Texts that make resources when the cluster runs them, such as a template in Go.

use super::resources::{OWNERS, SERVICES};
use crate::tree::Node;

/// Why resources that a value makes are not judged; `None` if it makes none of IAM.
pub(super) fn reason(node: &Node<'_>) -> Option<&'static str> {
    if let Some(text) = node.text() {
        let reason = "a text with resources that can grant permissions, which is not read";
        return has_iam(text).then_some(reason);
    }
    let kind = node.get("kind")?.text()?;
    let source = node.at(&["spec", "source"]).or(node.get("source"));
    let source = source.and_then(Node::text).unwrap_or_default();
    let is_elsewhere = match kind {
        "GoTemplate" => !matches!(source, "" | "Inline"),
        "KCLInput" => source.contains("://"),
        _ => false,
    };
    is_elsewhere.then_some("makes resources by code that is not here")
}

fn has_iam(text: &str) -> bool {
    let is_owner = |rest: &str| {
        let mut owners = OWNERS.iter().filter_map(|owner| rest.strip_prefix(owner));
        owners.any(|rest| rest.starts_with('/'))
    };
    let names = |service: &str| {
        text.match_indices(service).any(|(at, it)| {
            let rest = text.get(at + it.len()..).unwrap_or_default();
            rest.strip_prefix('.').is_some_and(is_owner)
        })
    };
    // The last is for programs, which import the types of the resources.
    text.contains("apiVersion") && SERVICES.iter().any(|(service, _)| names(service))
        || text.contains("upbound.aws.iam.")
}
