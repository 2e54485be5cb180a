//! The roles of the provider and of single functions.

use super::variables::with_variables;
use super::{RoleNames, cut, elsewhere};
use crate::found::{Content, FoundPolicies};
use crate::managed::ManagedPolicies;
use crate::tree::{Member, Node, Value};

/// The role that the framework makes if nothing names another one.
const DEFAULT_ROLE: &str = "IamRoleLambdaExecution";

pub(super) struct Roles<'s> {
    pub(super) managed: &'s ManagedPolicies,
    pub(super) of_file: RoleNames,
}

impl<'s> Roles<'s> {
    /// The role of all functions or of one, in the form of each version of the framework.
    pub(super) fn of(&self, found: &mut FoundPolicies<'s>, at: &str, owner: &Node<'s>) {
        add(found, at, owner.get("iamRoleStatements"));
        self.attach(found, at, owner.get("iamManagedPolicies"));
        if let Some(role) = owner.get("role") {
            self.role(found, at, "role", role);
        }
        let Some(iam) = owner.get("iam") else {
            return;
        };
        if elsewhere(found, &format!("{at}.iam"), iam) {
            return;
        }
        if let Some(role) = iam.get("role") {
            self.role(found, at, "iam.role", role);
        }
    }

    fn role(&self, found: &mut FoundPolicies<'s>, at: &str, path: &str, role: &Node<'s>) {
        let is_new = matches!(role.value, Value::Object(_)) && !is_call(role);
        match &role.value {
            Value::Null => {}
            Value::List(_) => add(found, at, Some(role)),
            _ if is_new => {
                add(found, at, role.get("statements"));
                self.attach(found, at, role.get("managedPolicies"));
            }
            _ => self.existing(found, &format!("{at}.{path}"), role),
        }
    }

    fn attach(&self, found: &mut FoundPolicies<'s>, at: &str, arns: Option<&Node<'s>>) {
        let arns = arns.filter(|it| !it.is_null()).map(Node::one_or_many);
        for arn in arns.unwrap_or_default() {
            let known = arn.text().filter(|arn| !arn.contains("${"));
            self.managed.attach(found, at, arn.span.clone(), known);
        }
    }

    /// A role by its logical id or its ARN. One of this file is judged where it stands.
    fn existing(&self, found: &mut FoundPolicies<'s>, name: &str, role: &Node<'_>) {
        if elsewhere(found, name, role) {
            return;
        }
        let written = written(role);
        let is_here = written
            .as_deref()
            .is_some_and(|it| it == DEFAULT_ROLE || self.of_file.contains(it));
        if is_here {
            return;
        }
        let which = match written {
            Some(written) => format!("the role `{}`", cut(&written)),
            None => "a role".to_owned(),
        };
        let reason = format!("uses {which}, whose policies are not in this file");
        found.not_judged(name, role.span.clone(), reason);
    }
}

/// Whether an object is the call of a function of CloudFormation.
fn is_call(node: &Node<'_>) -> bool {
    let mut members = node.members().iter();
    members.any(|it| it.key == "Ref" || it.key.starts_with("Fn::"))
}

/// The logical id or the ARN in a reference to a role.
fn written(role: &Node<'_>) -> Option<String> {
    let before_attribute = |text: &str| text.split('.').next().unwrap_or(text).to_owned();
    if let Some(text) = role.text() {
        return Some(text.to_owned());
    }
    if let Some(name) = role.get("Ref") {
        return name.text().map(str::to_owned);
    }
    if let Some(attribute) = role.get("Fn::GetAtt") {
        let logical = attribute.one_or_many().first();
        return logical.and_then(Node::text).map(before_attribute);
    }
    let pattern = role.get("Fn::Sub").and_then(Node::text)?;
    let inside = pattern
        .strip_prefix("${")
        .and_then(|it| it.strip_suffix('}'));
    Some(inside.map_or_else(|| pattern.to_owned(), before_attribute))
}

/// Adds a list of statements as a document.
fn add<'s>(found: &mut FoundPolicies<'s>, name: &str, statements: Option<&Node<'s>>) {
    let Some(statements) = statements.filter(|it| !it.is_null()) else {
        return;
    };
    let span = statements.span.clone();
    let document = Node {
        value: Value::Object(vec![Member {
            key: "Statement".into(),
            key_span: span.clone(),
            value: statements.clone(),
        }]),
        span: span.clone(),
    };
    found.policy(name, span, Content::Made(with_variables(&document)));
}
