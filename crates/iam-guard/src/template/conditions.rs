//! The section `Conditions`, as far as the template alone decides it ("Condition functions").

use std::collections::{BTreeMap, BTreeSet};

use super::intrinsics::{Env, canonical, evaluate, written};
use super::parameters::scalar;
use crate::partial::Item;
use crate::tree::Node;

/// The texts that each reference is compared with, and the keys of the maps that it selects from.
///
/// For all other values, the reference decides nothing, so these are the cases to try.
pub(super) fn constants(root: &Node<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    collect(root, root, &mut found);
    found
}

fn collect(node: &Node<'_>, root: &Node<'_>, found: &mut BTreeMap<String, BTreeSet<String>>) {
    for entry in node.entries() {
        collect(entry, root, found);
    }
    for member in node.members() {
        collect(&member.value, root, found);
        let mut add = |reference: &Node<'_>, texts: &mut dyn Iterator<Item = String>| {
            if let Some(name) = reference.get("Ref").and_then(Node::text) {
                found.entry(name.to_owned()).or_default().extend(texts);
            }
        };
        match (member.key.as_ref(), member.value.entries()) {
            ("Fn::Equals", [one, other]) => {
                add(one, &mut scalar(other).into_iter());
                add(other, &mut scalar(one).into_iter());
            }
            ("Fn::FindInMap", [map, first, second, ..]) => {
                let map = map.text().map(|name| ["Mappings", name]);
                let map = map.and_then(|path| root.at(&path));
                let rows = map.map(Node::members).unwrap_or_default();
                add(first, &mut rows.iter().map(|it| it.key.to_string()));
                let columns = rows.iter().flat_map(|it| it.value.members());
                add(second, &mut columns.map(|it| it.key.to_string()));
            }
            _ => {}
        }
    }
}

/// The value of a condition; `None` if it is left open.
pub(super) fn value(name: &str, env: Env<'_>) -> Option<bool> {
    let env = env.deciding();
    let evaluated = || {
        let sections = env.scope.template().and_then(|it| it.section("Conditions"));
        match (sections.and_then(|it| it.get(name)), env.deeper()) {
            (Some(expression), Some(env)) => holds(expression, env),
            _ => None,
        }
    };
    let free = || {
        let key = format!("Condition {name}");
        Some(env.take(&key, 2, || format!("the condition `{name}`"))? == 0)
    };
    env.condition(name, || evaluated().or_else(free))
}

fn holds(expression: &Node<'_>, env: Env<'_>) -> Option<bool> {
    let [member] = expression.members() else {
        return None;
    };
    let (argument, env) = (&member.value, env.deeper()?);
    match member.key.as_ref() {
        "Condition" => value(argument.text()?, env),
        "Fn::Not" => match argument.entries() {
            [one] => holds(one, env).map(|it| !it),
            _ => None,
        },
        "Fn::And" => decided(argument.entries(), false, env),
        "Fn::Or" => decided(argument.entries(), true, env),
        "Fn::Equals" => {
            let [one, other] = argument.entries() else {
                return None;
            };
            let free = || {
                let key = canonical(expression);
                Some(env.take(&key, 2, || written(&member.key, argument))? == 0)
            };
            equals(one, other, env).or_else(free)
        }
        _ => None,
    }
}

/// The value of a list of which one entry with the value `decisive` decides.
fn decided(entries: &[Node<'_>], decisive: bool, env: Env<'_>) -> Option<bool> {
    let mut all_known = true;
    for entry in entries {
        match holds(entry, env) {
            Some(value) if value == decisive => return Some(decisive),
            Some(_) => {}
            None => all_known = false,
        }
    }
    all_known.then_some(!decisive)
}

fn equals(one: &Node<'_>, other: &Node<'_>, env: Env<'_>) -> Option<bool> {
    if canonical(one) == canonical(other) {
        return Some(true);
    }
    let text = |node: &Node<'_>| scalar_text(&evaluate(node, env)?);
    match (text(one), text(other)) {
        (Some(one), Some(other)) => Some(one == other),
        (Some(text), None) => is_other(other, &text, env).then_some(false),
        (None, Some(text)) => is_other(one, &text, env).then_some(false),
        (None, None) => None,
    }
}

fn scalar_text(item: &Item) -> Option<String> {
    let text = item.known_text().or_else(|| item.plain())?;
    // CloudFormation compares dynamic references before it resolves them, or refuses them.
    (!text.contains("{{resolve:")).then_some(text)
}

/// Whether a reference of unknown value cannot be this text, because that is a case of its own.
fn is_other(node: &Node<'_>, text: &str, env: Env<'_>) -> bool {
    cases(node, env).is_some_and(|cases| cases.contains(text))
}

/// The texts that a reference of unknown value is not, because each is a case of its own.
pub(super) fn cases<'e>(node: &Node<'_>, env: Env<'e>) -> Option<&'e BTreeSet<String>> {
    let name = node.get("Ref").and_then(Node::text)?;
    env.taken(&format!("Ref {name}"))?;
    env.scope.template()?.constants(name)
}
