//! `Fn::FindInMap`.

use std::collections::BTreeSet;

use super::conditions::cases;
use super::intrinsics::{Env, canonical, evaluate, written};
use super::last_members;
use crate::partial::{Item, Piece, Shape};
use crate::tree::Node;

/// A map with more keys has too many values to try. CloudFormation allows 200.
const MAX_KEYS: usize = 256;

pub(super) fn find(argument: &Node<'_>, env: Env<'_>) -> Option<Item> {
    let (map, first, second, default) = match argument.entries() {
        [map, first, second] => (map, first, second, None),
        [map, first, second, options] => (map, first, second, options.get("DefaultValue")),
        _ => return None,
    };
    let key = |node: &Node<'_>| match evaluate(node, env.deciding())?.shape {
        Shape::Text(pieces) => Some(pieces),
        Shape::Plain(text) => Some(vec![Piece::Known(text)]),
        _ => Some(vec![Piece::Hole(String::new())]),
    };
    let name: String = key(map)?.iter().map(Piece::known).collect::<Option<_>>()?;
    let mappings = env.scope.template()?.section("Mappings")?;
    let map = mappings.get(&name)?;
    let (first_key, second_key) = (key(first)?, key(second)?);
    let mut values = Vec::new();
    for row in of_key(map, &first_key, cases(first, env))? {
        values.extend(of_key(row, &second_key, cases(second, env))?);
    }
    let is_known = |key: &[Piece]| key.iter().all(|piece| piece.known().is_some());
    let are_known = is_known(&first_key) && is_known(&second_key);
    // Without a value for a key, there is the default, or no deployment.
    if let (true, Some(value)) = (are_known, values.first()) {
        return evaluate(value, env);
    }
    if !are_known {
        values.extend(default);
    }
    match (values.as_slice(), default) {
        ([], Some(default)) => evaluate(default, env),
        ([], None) => {
            let is_literal = |node: &Node<'_>| node.text().is_some();
            if !(is_literal(first) && is_literal(second)) {
                env.choices.refuse();
            }
            None
        }
        ([one], _) => evaluate(one, env),
        (several, _) => {
            let what = || written("Fn::FindInMap", argument);
            let key = format!("FindInMap {}", canonical(argument));
            let at = env.take(&key, several.len(), what)?;
            evaluate(several.get(at)?, env)
        }
    }
}

/// The values of an object at the keys that a key can be; `None` if not all of them are here. A key
/// that is not known is none of the keys that are cases of their own.
fn of_key<'n>(
    object: &'n Node<'n>,
    key: &[Piece],
    cases: Option<&BTreeSet<String>>,
) -> Option<Vec<&'n Node<'n>>> {
    if object.members().iter().any(|it| it.key.starts_with("Fn::")) {
        return None;
    }
    let known: Option<String> = key.iter().map(Piece::known).collect();
    if let Some(known) = known {
        return Some(object.get(&known).into_iter().collect());
    }
    if object.members().len() > MAX_KEYS {
        return None;
    }
    let fits = |own: &str| {
        let first = key.first().and_then(Piece::known).unwrap_or_default();
        let last = key.last().and_then(Piece::known).unwrap_or_default();
        let is_case = cases.is_some_and(|cases| cases.contains(own));
        let is_long = own.len() >= first.len() + last.len();
        !is_case && is_long && own.starts_with(first) && own.ends_with(last)
    };
    let members = last_members(object).filter(|it| fits(&it.key));
    Some(members.map(|it| &it.value).collect())
}
