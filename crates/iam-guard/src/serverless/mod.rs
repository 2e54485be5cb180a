//! The configuration of the Serverless Framework, `serverless.yml`.

mod resolve;
mod resources;
mod roles;
mod variables;

use std::collections::BTreeSet;

use crate::found::FoundPolicies;
use crate::managed::ManagedPolicies;
use crate::tree::Node;
use resolve::Resolver;
use roles::Roles;

/// Whether a tree is such a configuration for AWS.
pub fn is_configuration(root: &Node<'_>) -> bool {
    let provider = root.get("provider");
    let name = provider.and_then(|it| it.get("name").unwrap_or(it).text());
    // A variable as the provider may be AWS.
    let is_aws = name.is_some_and(|name| name == "aws" || name.contains("${"));
    root.get("service").is_some() && is_aws
}

/// Finds the policies that a configuration writes into roles.
pub fn find<'s>(root: &'s Node<'s>, managed: &'s ManagedPolicies) -> FoundPolicies<'s> {
    let resolver = Resolver::new(root);
    let mut found = FoundPolicies::default();
    let parts = resources::parts(root, &resolver);
    let roles = Roles {
        managed,
        of_file: resources::roles(&parts),
    };
    if let Some(provider) = root.get("provider") {
        let provider = resolver.resolved(provider);
        if !elsewhere(&mut found, "provider", &provider) {
            roles.of(&mut found, "provider", &provider);
        }
    }
    if let Some(functions) = root.get("functions") {
        let functions = resolver.resolved(functions);
        for functions in functions.one_or_many() {
            if elsewhere(&mut found, "functions", functions) {
                continue;
            }
            for function in functions.members() {
                let name = format!("functions.{}", function.key);
                if !elsewhere(&mut found, &name, &function.value) {
                    roles.of(&mut found, &name, &function.value);
                }
            }
        }
    }
    for part in parts {
        part.find(&mut found, managed);
    }
    found
}

/// The logical ids of the roles of a file.
type RoleNames = BTreeSet<String>;

/// Names a value that comes from elsewhere, such as `${file(role.yml)}`; false for any other value.
fn elsewhere(found: &mut FoundPolicies<'_>, name: &str, node: &Node<'_>) -> bool {
    let Some(text) = node.text().filter(|text| text.contains("${")) else {
        return false;
    };
    let reason = format!("comes from `{}`, which is not in this file", cut(text));
    found.not_judged(name, node.span.clone(), reason);
    true
}

/// A text, cut after one line.
fn cut(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(80).collect()
}
