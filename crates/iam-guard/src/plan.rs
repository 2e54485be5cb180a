//! Terraform plans and states, as `terraform show -json` prints them ("JSON Output Format").

use std::collections::HashSet;

use crate::found::{Content, FoundPolicies};
use crate::managed::ManagedPolicies;
use crate::template::Scope;
use crate::tree::{Node, Value};

/// Resources with one policy, and the attribute that has it.
const CARRIERS: [(&str, &str); 5] = [
    ("aws_iam_policy", "policy"),
    ("aws_iam_role_policy", "policy"),
    ("aws_iam_user_policy", "policy"),
    ("aws_iam_group_policy", "policy"),
    ("aws_ssoadmin_permission_set_inline_policy", "inline_policy"),
];

/// Resources that attach policies, and the attribute with their ARNs.
const ATTACHMENTS: [(&str, &str); 9] = [
    ("aws_iam_role", "managed_policy_arns"),
    ("aws_iam_role_policy_attachment", "policy_arn"),
    ("aws_iam_user_policy_attachment", "policy_arn"),
    ("aws_iam_group_policy_attachment", "policy_arn"),
    ("aws_iam_policy_attachment", "policy_arn"),
    ("aws_iam_role_policy_attachments_exclusive", "policy_arns"),
    ("aws_iam_user_policy_attachments_exclusive", "policy_arns"),
    ("aws_iam_group_policy_attachments_exclusive", "policy_arns"),
    (
        "aws_ssoadmin_managed_policy_attachment",
        "managed_policy_arn",
    ),
];

/// Resources that put users into groups.
const MEMBERSHIPS: [&str; 2] = ["aws_iam_group_membership", "aws_iam_user_group_membership"];

/// Whether a tree is a plan or a state.
pub fn is_plan(root: &Node<'_>) -> bool {
    let is_plan = ["resource_changes", "planned_values"]
        .iter()
        .any(|it| root.get(it).is_some());
    is_plan || root.get("format_version").is_some() && root.at(&["values", "root_module"]).is_some()
}

/// Finds the policies in a plan. A policy in several sections counts once.
pub fn find<'s>(root: &'s Node<'s>, managed: &'s ManagedPolicies) -> FoundPolicies<'s> {
    let mut finder = Finder {
        managed,
        configured: Configured::read(root),
        seen: HashSet::new(),
        made: HashSet::new(),
        found: FoundPolicies::default(),
    };
    let changes = root.entries_of("resource_changes").iter();
    let deferred = root.entries_of("deferred_changes").iter();
    let mut resources: Vec<Resource<'s>> = changes
        .chain(deferred.filter_map(|change| change.get("resource_change")))
        .filter_map(Resource::of_change)
        .collect();
    // The changes come first, because only they say which values are unknown. The first resource
    // with an address counts.
    for path in [["planned_values", "root_module"], ["values", "root_module"]] {
        if let Some(module) = root.at(&path) {
            planned(module, &mut resources);
        }
    }
    finder.made = resources
        .iter()
        .filter(|resource| resource.kind == "aws_iam_policy")
        .filter_map(|resource| resource.values.get("arn")?.text())
        .collect();
    for resource in resources {
        if finder.seen.insert(resource.address) {
            finder.resource(&resource);
        }
    }
    finder.found
}

/// A resource as it will be after the apply.
struct Resource<'s> {
    address: &'s str,
    kind: &'s str,
    /// Its address in the configuration: modules and name, without indexes.
    configured: String,
    values: &'s Node<'s>,
    /// The same structure, with `true` in place of each unknown value (`after_unknown`).
    unknown: Option<&'s Node<'s>>,
    /// Whether a missing value is unknown rather than unset.
    is_partial: bool,
}

impl<'s> Resource<'s> {
    fn of_change(change: &'s Node<'s>) -> Option<Self> {
        let after = change.at(&["change", "after"])?;
        let is_deleted = after.is_null() || change.get("deposed").is_some();
        if is_deleted {
            return None;
        }
        let unknown = change.at(&["change", "after_unknown"]);
        Self::new(change, after, unknown, false)
    }

    fn new(
        described: &'s Node<'s>,
        values: &'s Node<'s>,
        unknown: Option<&'s Node<'s>>,
        is_partial: bool,
    ) -> Option<Self> {
        if described.get("mode").and_then(Node::text) == Some("data") {
            return None;
        }
        let kind = described.get("type")?.text()?;
        let address = described
            .get("address")
            .and_then(Node::text)
            .unwrap_or(kind);
        Some(Self {
            address,
            kind,
            configured: without_indexes(address),
            values,
            unknown,
            is_partial,
        })
    }

    /// The unknown part of an attribute.
    fn unknown(&self, attribute: &str) -> Option<&'s Node<'s>> {
        self.unknown.and_then(|unknown| unknown.get(attribute))
    }
}

/// The resources of a module and its child modules in `planned_values`, which leaves out unknown
/// values.
fn planned<'s>(module: &'s Node<'s>, resources: &mut Vec<Resource<'s>>) {
    let own = module.entries_of("resources").iter();
    resources.extend(
        own.filter_map(|resource| Resource::new(resource, resource.get("values")?, None, true)),
    );
    for child in module.entries_of("child_modules") {
        planned(child, resources);
    }
}

/// `module.a["x"].aws_iam_role.b[0]` as `module.a.aws_iam_role.b`.
fn without_indexes(address: &str) -> String {
    let mut plain = String::new();
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for c in address.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if depth > 0 => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain
}

/// The attributes that the configuration sets. A plan also lists attributes as unknown that the
/// configuration does not set, because the provider may compute them; those carry no policy.
struct Configured<'s> {
    /// Address, attribute and expression; `None` if the plan has no configuration.
    attributes: Option<Vec<(String, &'s str, &'s Node<'s>)>>,
}

impl<'s> Configured<'s> {
    fn read(root: &'s Node<'s>) -> Self {
        let module = root.at(&["configuration", "root_module"]);
        Self {
            attributes: module.map(|module| {
                let mut attributes = Vec::new();
                configured(module, "", &mut attributes);
                attributes
            }),
        }
    }

    fn sets(&self, resource: &Resource<'_>, attribute: &str) -> bool {
        self.attributes.is_none() || self.expression(resource, attribute).is_some()
    }

    fn expression(&self, resource: &Resource<'_>, attribute: &str) -> Option<&'s Node<'s>> {
        let attributes = self.attributes.as_ref()?;
        let is_it = |(address, name, _): &&(String, &str, &Node<'_>)| {
            *address == resource.configured && *name == attribute
        };
        Some(attributes.iter().find(is_it)?.2)
    }

    /// The references of an attribute, as the end of a sentence.
    fn because(&self, resource: &Resource<'_>, attribute: &str) -> String {
        let references = self
            .expression(resource, attribute)
            .map(|expression| expression.entries_of("references"));
        let names = references.unwrap_or_default().iter().filter_map(Node::text);
        let names: Vec<String> = names.take(3).map(|name| format!("`{name}`")).collect();
        match names.as_slice() {
            [] => String::new(),
            names => format!(", because it refers to {}", names.join(", ")),
        }
    }
}

/// The attributes with policies or their ARNs.
const ATTRIBUTES: [&str; 6] = [
    "policy",
    "inline_policy",
    "managed_policy_arns",
    "policy_arn",
    "policy_arns",
    "managed_policy_arn",
];

fn configured<'s>(
    module: &'s Node<'s>,
    prefix: &str,
    attributes: &mut Vec<(String, &'s str, &'s Node<'s>)>,
) {
    for resource in module.entries_of("resources") {
        let Some(address) = resource.get("address").and_then(Node::text) else {
            continue;
        };
        if !address.starts_with("aws_") {
            continue;
        }
        for member in resource.members_of("expressions") {
            if ATTRIBUTES.contains(&member.key.as_ref()) {
                attributes.push((format!("{prefix}{address}"), &member.key, &member.value));
            }
        }
    }
    for call in module.members_of("module_calls") {
        if let Some(inner) = call.value.get("module") {
            configured(inner, &format!("{prefix}module.{}.", call.key), attributes);
        }
    }
}

struct Finder<'s> {
    managed: &'s ManagedPolicies,
    configured: Configured<'s>,
    seen: HashSet<&'s str>,
    /// The ARNs of policies that the plan itself has.
    made: HashSet<&'s str>,
    found: FoundPolicies<'s>,
}

impl<'s> Finder<'s> {
    fn resource(&mut self, resource: &Resource<'s>) {
        if let Some((_, attribute)) = CARRIERS.iter().find(|(kind, _)| *kind == resource.kind) {
            let name = resource.address.to_owned();
            let (values, unknown) = (resource.values, resource.unknown(attribute));
            self.policy(name, resource, attribute, values, unknown);
        }
        if resource.kind == "aws_iam_role" {
            self.inline(resource);
        }
        if let Some((_, attribute)) = ATTACHMENTS.iter().find(|(kind, _)| *kind == resource.kind) {
            self.attachment(resource, attribute);
        }
        if resource.kind == "aws_ssoadmin_customer_managed_policy_attachment" {
            let reason = "attaches a customer managed policy, whose document is not here";
            self.not_judged(resource, reason);
        }
        if MEMBERSHIPS.contains(&resource.kind) {
            let reason = "puts users into groups, whose policies are judged only where they stand";
            self.not_judged(resource, reason);
        }
    }

    fn not_judged(&mut self, resource: &Resource<'s>, reason: &str) {
        let span = resource.values.span.clone();
        self.found.not_judged(resource.address, span, reason);
    }

    fn policy(
        &mut self,
        name: String,
        resource: &Resource<'s>,
        attribute: &str,
        values: &'s Node<'s>,
        unknown: Option<&'s Node<'s>>,
    ) {
        let value = values.get(attribute).filter(|value| !value.is_null());
        let (span, content) = if let Some(unknown) = unknown.filter(|unknown| unknown.is_true()) {
            let because = self.configured.because(resource, attribute);
            let reason = format!("the document is not known before the apply{because}");
            (&unknown.span, Content::Unknown(reason))
        } else if let Some(value) = value {
            let content = match &value.value {
                Value::Text(text) if text.is_empty() => return,
                Value::Text(text) => Content::Text {
                    text: text.as_ref().into(),
                    what: None,
                },
                _ => Content::Template {
                    document: value,
                    scope: Scope::default(),
                },
            };
            (&value.span, content)
        } else if resource.is_partial {
            let reason = "the document is not known before the apply".to_owned();
            (&values.span, Content::Unknown(reason))
        } else {
            return;
        };
        self.found.policy(name, span.clone(), content);
    }

    fn inline(&mut self, resource: &Resource<'s>) {
        let attribute = "inline_policy";
        let unknown = resource.unknown(attribute);
        if let Some(unknown) = unknown.filter(|unknown| unknown.is_true()) {
            if self.configured.sets(resource, attribute) {
                let name = format!("{}.{attribute}", resource.address);
                let because = self.configured.because(resource, attribute);
                let reason = format!("the inline policies are not known before the apply{because}");
                let span = unknown.span.clone();
                self.found.policy(name, span, Content::Unknown(reason));
            }
            return;
        }
        let Some(blocks) = resource.values.get(attribute) else {
            return;
        };
        let unknown = unknown.map(Node::entries).unwrap_or_default();
        for (index, block) in blocks.entries().iter().enumerate() {
            let name = format!("{}.{attribute}[{index}]", resource.address);
            let unknown = unknown.get(index);
            let policy = match unknown {
                Some(unknown) if unknown.is_true() => Some(unknown),
                unknown => unknown.and_then(|unknown| unknown.get("policy")),
            };
            // An empty block removes all inline policies.
            let is_empty = ["name", "policy"]
                .iter()
                .all(|it| block.get(it).is_none_or(Node::is_null));
            if is_empty && policy.is_none_or(|policy| !policy.is_true()) {
                continue;
            }
            self.policy(name, resource, "policy", block, policy);
        }
    }

    fn attachment(&mut self, resource: &Resource<'s>, attribute: &str) {
        let managed = self.managed;
        if resource.unknown(attribute).is_some_and(Node::is_true) {
            if self.configured.sets(resource, attribute) {
                let span = resource.values.span.clone();
                managed.attach(&mut self.found, resource.address, span, None);
            }
            return;
        }
        let value = resource.values.get(attribute);
        let Some(value) = value.filter(|value| !value.is_null()) else {
            return;
        };
        for arn in value.one_or_many() {
            let (text, span) = (arn.text(), arn.span.clone());
            if !text.is_some_and(|text| self.made.contains(text)) {
                managed.attach(&mut self.found, resource.address, span, text);
            }
        }
    }
}
