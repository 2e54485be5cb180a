//! Answers of the AWS CLI, such as that of `aws iam get-policy-version`.

use std::borrow::Cow;
use std::collections::HashSet;

use iam_policy::decode_document;

use crate::found::{Content, FoundPolicies};
use crate::managed::ManagedPolicies;
use crate::template::{self, Parameters};
use crate::tree::{Node, Value};

/// What an answer has.
#[derive(Debug)]
pub enum Answer<'s> {
    Policies(FoundPolicies<'s>),
    /// It has no policy document: a sentence that says what to do, without a full stop.
    Nothing(&'static str),
}

/// Reads an answer; `None` for anything else.
pub fn find<'s>(
    root: &'s Node<'s>,
    managed: &'s ManagedPolicies,
    parameters: &'s Parameters,
) -> Option<Answer<'s>> {
    let mut found = FoundPolicies::default();
    let has_versions = |policy: &Node<'_>| policy.get("PolicyVersionList").is_some();
    let is_of_details = LISTS.iter().any(|list| root.get(list).is_some_and(is_list))
        || root.entries_of("Policies").iter().any(has_versions);
    if is_of_details {
        details(root, managed, &mut found);
    } else if OWNERS
        .iter()
        .any(|(_, inline, _)| root.get(inline).is_some_and(is_list))
    {
        for (_, inline, name) in OWNERS {
            owner(root, inline, name, managed, &HashSet::new(), &mut found);
        }
    } else if let Some(version) = root
        .get("PolicyVersion")
        .filter(|it| it.get("Document").is_some())
    {
        let id = version.get("VersionId").and_then(Node::text);
        document(
            &mut found,
            id.unwrap_or("PolicyVersion"),
            version.get("Document"),
        );
    } else if root.get("PolicyDocument").is_some() && root.get("PolicyName").is_some() {
        let name = root.get("PolicyName").and_then(Node::text);
        document(
            &mut found,
            name.unwrap_or("PolicyDocument"),
            root.get("PolicyDocument"),
        );
    } else if let Some(template) = root.get("TemplateBody") {
        body(&mut found, template, managed, parameters);
    } else if let Some(attached) = root.get("AttachedPolicies").filter(|it| is_list(it)) {
        attachments(
            &mut found,
            "AttachedPolicies",
            attached,
            managed,
            &HashSet::new(),
        );
    } else if let Some(inline) = root.get("InlinePolicy").filter(|it| it.text().is_some()) {
        // A permission set without an inline policy has an empty one.
        if inline.text().is_some_and(|text| !text.trim().is_empty()) {
            document(&mut found, "InlinePolicy", Some(inline));
        }
    } else {
        return without_document(root).map(Answer::Nothing);
    }
    let says = |name: &str| {
        root.get(name)
            .is_some_and(|it| it.is_true() || it.text().is_some())
    };
    if says("IsTruncated") || says("NextToken") {
        let reason = "the answer breaks off here, and another page has the rest".to_owned();
        found.policy("the next page", root.span.clone(), Content::Unknown(reason));
    }
    Some(Answer::Policies(found))
}

/// The lists of `get-account-authorization-details`.
const LISTS: [&str; 3] = ["UserDetailList", "GroupDetailList", "RoleDetailList"];

/// Each list, and the members of its entries with the inline policies and the name.
const OWNERS: [(&str, &str, &str); 3] = [
    ("UserDetailList", "UserPolicyList", "UserName"),
    ("GroupDetailList", "GroupPolicyList", "GroupName"),
    ("RoleDetailList", "RolePolicyList", "RoleName"),
];

fn is_list(node: &Node<'_>) -> bool {
    matches!(node.value, Value::List(_))
}

/// Answers that tell of policies but have no documents.
fn without_document(root: &Node<'_>) -> Option<&'static str> {
    let policy = root.get("Policy");
    if policy.is_some_and(|policy| policy.get("DefaultVersionId").is_some()) {
        return Some(
            "this answer of `aws iam get-policy` has no document; check that of `aws iam get-policy-version`",
        );
    }
    let summary = policy.and_then(|policy| policy.get("PolicySummary"));
    if summary.is_some_and(|summary| summary.get("Type").is_some()) {
        return Some("this is a policy of AWS Organizations, which grants nothing to anybody");
    }
    if policy.is_some_and(|policy| policy.text().is_some()) && root.members().len() <= 3 {
        return Some("this is the policy of a resource, and not that of a user, group or role");
    }
    if ["Role", "User", "Group"]
        .iter()
        .any(|it| root.get(it).is_some_and(|owner| owner.get("Arn").is_some()))
    {
        return Some(
            "this answer has no policies; check that of `aws iam get-account-authorization-details`",
        );
    }
    let names = root.get("PolicyNames").is_some_and(is_list);
    let policies = root.get("Policies").is_some_and(|policies| {
        policies
            .entries()
            .iter()
            .any(|policy| policy.get("DefaultVersionId").is_some())
    });
    (names || policies).then_some(
        "this list of policies has no documents; check the answer of `aws iam get-account-authorization-details`",
    )
}

/// Adds a document that is an object, a JSON text, or a percent-encoded one as the API returns it.
fn document<'s>(found: &mut FoundPolicies<'s>, name: &str, document: Option<&'s Node<'s>>) {
    let text = document.and_then(Node::text).map(decode_document);
    let (Some(document), Some(Cow::Owned(text))) = (document, text) else {
        return found.document(name, document);
    };
    let content = Content::Text {
        text: text.into(),
        what: Some("this part of the answer".to_owned()),
    };
    found.policy(name, document.span.clone(), content);
}

/// The template of `aws cloudformation get-template`.
fn body<'s>(
    found: &mut FoundPolicies<'s>,
    body: &'s Node<'s>,
    managed: &'s ManagedPolicies,
    parameters: &'s Parameters,
) {
    match body.text() {
        Some(text) => found.template("", body.span.clone(), text),
        None => *found = template::find(body, managed, parameters),
    }
}

/// The policies in force of `get-account-authorization-details`, each once.
fn details<'s>(root: &'s Node<'s>, managed: &'s ManagedPolicies, found: &mut FoundPolicies<'s>) {
    let policies = root.entries_of("Policies");
    let arns = policies
        .iter()
        .filter_map(|policy| policy.get("Arn")?.text());
    let here: HashSet<&str> = arns.collect();
    for (list, inline, name) in OWNERS {
        for entry in root.entries_of(list) {
            owner(entry, inline, name, managed, &here, found);
        }
    }
    for policy in policies {
        let name = policy.get("PolicyName").or_else(|| policy.get("Arn"));
        let name = name.and_then(Node::text).unwrap_or("Policies");
        let versions = policy.entries_of("PolicyVersionList").iter();
        let mut in_force = versions
            .filter(|version| version.get("IsDefaultVersion").is_some_and(Node::is_true))
            .peekable();
        if in_force.peek().is_none() {
            let reason = "the answer has no version of the policy that is in force".to_owned();
            found.policy(name, policy.span.clone(), Content::Unknown(reason));
        }
        for version in in_force {
            if version.get("Document").is_none() {
                let reason = "the answer has no document of the version in force".to_owned();
                found.policy(name, version.span.clone(), Content::Unknown(reason));
            }
            document(found, name, version.get("Document"));
        }
    }
}

/// The policies of an entry of such a list.
fn owner<'s>(
    owner: &'s Node<'s>,
    inline: &str,
    name: &str,
    managed: &'s ManagedPolicies,
    here: &HashSet<&str>,
    found: &mut FoundPolicies<'s>,
) {
    let owner_name = owner.get(name).and_then(Node::text).unwrap_or(inline);
    let inline = owner.entries_of(inline);
    for policy in inline {
        // One document goes by its owner's name alone.
        let policy_name = policy.get("PolicyName").and_then(Node::text);
        let name = match policy_name {
            Some(policy_name) if inline.len() > 1 => format!("{owner_name}/{policy_name}"),
            _ => owner_name.to_owned(),
        };
        if policy.get("PolicyDocument").is_none_or(Node::is_null) {
            let reason = "the answer has no document of the policy".to_owned();
            found.policy(&name, policy.span.clone(), Content::Unknown(reason));
        }
        document(found, &name, policy.get("PolicyDocument"));
    }
    if let Some(attached) = owner.get("AttachedManagedPolicies") {
        attachments(found, owner_name, attached, managed, here);
    }
}

fn attachments<'s>(
    found: &mut FoundPolicies<'s>,
    at: &str,
    attached: &'s Node<'s>,
    managed: &'s ManagedPolicies,
    here: &HashSet<&str>,
) {
    for policy in attached.entries() {
        let arn = policy.get("PolicyArn").and_then(Node::text);
        if !arn.is_some_and(|arn| here.contains(arn)) {
            managed.attach(found, at, policy.span.clone(), arn);
        }
    }
}
