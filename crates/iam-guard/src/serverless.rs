//! The configuration of the Serverless Framework, `serverless.yml`.

use crate::found::{Content, FoundPolicies};
use crate::managed::ManagedPolicies;
use crate::template::{self, Parameters};
use crate::tree::{Member, Node, Value};

/// Whether a tree is such a configuration for AWS.
pub fn is_configuration(root: &Node<'_>) -> bool {
    let provider = root.get("provider");
    let name = provider.and_then(|it| it.get("name").unwrap_or(it).text());
    root.get("service").is_some() && name == Some("aws")
}

/// Finds the policies that a configuration writes into roles.
pub fn find<'s>(root: &'s Node<'s>, managed: &'s ManagedPolicies) -> FoundPolicies<'s> {
    let mut found = FoundPolicies::default();
    if let Some(provider) = root.get("provider") {
        role(&mut found, "provider", provider, managed);
    }
    for function in functions(root) {
        for attribute in ["iamRoleStatements", "role"] {
            let statements = function.value.get(attribute);
            // A role that is a text is one that exists.
            let statements = statements.filter(|it| it.text().is_none());
            let name = format!("functions.{}", function.key);
            add(&mut found, &name, statements);
        }
    }
    for part in root
        .get("resources")
        .map(Node::one_or_many)
        .unwrap_or_default()
    {
        resources(&mut found, part, managed);
    }
    found
}

/// The functions, which are an object or a list of objects.
fn functions<'s>(root: &'s Node<'s>) -> impl Iterator<Item = &'s Member<'s>> {
    let functions = root.get("functions").map(Node::one_or_many);
    functions.unwrap_or_default().iter().flat_map(Node::members)
}

/// The role of all functions, in the form of each version of the framework.
fn role<'s>(
    found: &mut FoundPolicies<'s>,
    at: &str,
    provider: &'s Node<'s>,
    managed: &'s ManagedPolicies,
) {
    add(found, at, provider.get("iamRoleStatements"));
    add(found, at, provider.at(&["iam", "role", "statements"]));
    for path in [
        &["iam", "role", "managedPolicies"][..],
        &["iamManagedPolicies"],
    ] {
        let arns = provider.at(path).map(Node::one_or_many).unwrap_or_default();
        for arn in arns {
            let known = arn.text().filter(|arn| !arn.contains("${"));
            managed.attach(found, at, arn.span.clone(), known);
        }
    }
}

/// Adds a list of statements as a document.
fn add<'s>(found: &mut FoundPolicies<'s>, name: &str, statements: Option<&'s Node<'s>>) {
    let Some(statements) = statements.filter(|it| !it.is_null()) else {
        return;
    };
    let span = statements.span.clone();
    let document = Node {
        value: Value::Object(vec![Member {
            key: "Statement".into(),
            key_span: span.clone(),
            value: with_variables(statements),
        }]),
        span: span.clone(),
    };
    found.policy(name, span, Content::Made(document));
}

/// The same tree with `Fn::Sub` around each text that has variables of the framework, such as
/// `${self:custom.bucket}`: their values are not known here.
fn with_variables<'s>(node: &Node<'s>) -> Node<'s> {
    let value = match &node.value {
        Value::List(entries) => Value::List(entries.iter().map(with_variables).collect()),
        Value::Object(members) => {
            let members = members.iter().map(|member| Member {
                key: member.key.clone(),
                key_span: member.key_span.clone(),
                value: with_variables(&member.value),
            });
            Value::Object(members.collect())
        }
        Value::Text(text) if text.contains("${") => {
            // `Fn::Sub` ends a variable at the first brace, so it cannot read nested ones.
            let is_nested = text.split("${").skip(1).any(|part| !part.contains('}'));
            let function = if is_nested { "Fn::Variable" } else { "Fn::Sub" };
            Value::Object(vec![Member {
                key: function.into(),
                key_span: node.span.clone(),
                value: node.clone(),
            }])
        }
        value => value.clone(),
    };
    Node {
        value,
        span: node.span.clone(),
    }
}

/// A part of `resources`: a template, or a text that names a file.
fn resources<'s>(found: &mut FoundPolicies<'s>, part: &'s Node<'s>, managed: &'s ManagedPolicies) {
    if part.text().is_some() {
        let reason = "resources of another file, which is judged only where it stands";
        found.not_judged("resources", part.span.clone(), reason);
        return;
    }
    let inner = template::find(part, managed, Parameters::none());
    found.policies.extend(inner.policies);
    found.not_judged.extend(inner.not_judged);
    found.templates.extend(inner.templates);
    if let Some(extensions) = part.get("extensions") {
        let reason = "changes resources that the framework makes";
        found.not_judged("resources.extensions", extensions.span.clone(), reason);
    }
}
