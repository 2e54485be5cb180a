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
    let mut constants = Constants {
        root,
        found: BTreeMap::new(),
        maps: BTreeSet::new(),
    };
    constants.collect(root);
    constants.found
}

struct Constants<'r> {
    root: &'r Node<'r>,
    found: BTreeMap<String, BTreeSet<String>>,
    /// The references and the maps whose keys are found already.
    maps: BTreeSet<(&'r str, &'r str, bool)>,
}

impl<'r> Constants<'r> {
    fn collect(&mut self, node: &'r Node<'r>) {
        for entry in node.entries() {
            self.collect(entry);
        }
        for member in node.members() {
            self.collect(&member.value);
            match (member.key.as_ref(), member.value.entries()) {
                ("Fn::Equals", [one, other]) => {
                    self.compared(one, other);
                    self.compared(other, one);
                }
                ("Fn::FindInMap", [map, first, second, ..]) => {
                    self.keys(map, first, true);
                    self.keys(map, second, false);
                }
                _ => {}
            }
        }
    }

    fn compared(&mut self, one: &'r Node<'r>, other: &Node<'_>) {
        if let (Some(name), Some(text)) = (reference(one), scalar(other)) {
            self.found.entry(name.to_owned()).or_default().insert(text);
        }
    }

    fn keys(&mut self, map: &'r Node<'r>, key: &'r Node<'r>, is_first: bool) {
        let (Some(name), Some(map)) = (reference(key), map.text()) else {
            return;
        };
        if !self.maps.insert((name, map, is_first)) {
            return;
        }
        let rows = self.root.at(&["Mappings", map]).map(Node::members);
        let rows = rows.unwrap_or_default().iter();
        let found = self.found.entry(name.to_owned()).or_default();
        match is_first {
            true => found.extend(rows.map(|it| it.key.to_string())),
            false => {
                let columns = rows.flat_map(|it| it.value.members());
                found.extend(columns.map(|it| it.key.to_string()));
            }
        }
    }
}

fn reference<'n>(node: &'n Node<'n>) -> Option<&'n str> {
    node.get("Ref").and_then(Node::text)
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
    let name = reference(node)?;
    env.taken(&format!("Ref {name}"))?;
    env.scope.template()?.constants(name)
}
