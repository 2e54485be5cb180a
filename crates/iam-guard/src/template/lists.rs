//! Functions that read lists.

use super::intrinsics::{Env, canonical, evaluate, item, written};
use super::parameters;
use crate::partial::{Item, Shape};
use crate::tree::Node;

pub(super) fn select(argument: &Node<'_>, env: Env<'_>) -> Option<Item> {
    let [index, list] = argument.entries() else {
        return None;
    };
    let known = |item: Item| item.known_text().or_else(|| item.plain());
    let index: Option<usize> = match evaluate(index, env.deciding()).and_then(known) {
        Some(index) => Some(index.parse().ok()?),
        None => None,
    };
    if let (Some(index), Some(name)) = (index, list.get("Ref").and_then(Node::text)) {
        let entry = parameters::entry_of(name, index, env);
        if let Some(entry) = entry {
            return Some(item(entry, argument));
        }
    }
    let Shape::List(list) = evaluate(list, env.ordered())?.shape else {
        return None;
    };
    let index = match index {
        Some(index) => index,
        None => {
            let what = || written("Fn::Select", argument);
            env.take(&format!("Select {}", canonical(argument)), list.len(), what)?
        }
    };
    list.into_iter().nth(index)
}

pub(super) fn length(argument: &Node<'_>, env: Env<'_>) -> Option<Shape> {
    match evaluate(argument, env.ordered())?.shape {
        Shape::List(list) => Some(Shape::Plain(list.len().to_string())),
        _ => None,
    }
}
