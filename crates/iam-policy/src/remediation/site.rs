//! A statement that violates, and its JSON with other entries.

use serde_json::value::RawValue;

use crate::document::write_object;
use crate::{RestrictedActions, Statement};

/// A statement that violates the restricted list, and its index.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) index: usize,
    pub(super) statement: &'a Statement,
    pub(super) restricted: &'a RestrictedActions,
}

/// The statement with these entries; `None` if there is none.
pub(super) fn write_list(statement: &Statement, key: &str, list: &[String]) -> Option<String> {
    let json = match list {
        [] => return None,
        [one] if action_json(statement).starts_with('"') => one.clone(),
        list => format!("[{}]", list.join(",")),
    };
    Some(write_with(statement, key, &json))
}

/// The statement with this in place of its `Action` or `NotAction`.
pub(super) fn write_with(statement: &Statement, key: &str, list: &str) -> String {
    write_object(statement.members().map(|(own, json)| match own {
        "Action" | "NotAction" => (key, list),
        _ => (own, json),
    }))
}

/// The JSON of `Action` or `NotAction`.
pub(super) fn action_json(statement: &Statement) -> &str {
    let mut members = statement.members();
    members
        .find(|(key, _)| matches!(*key, "Action" | "NotAction"))
        .map_or("", |(_, json)| json)
}

/// The JSON of each entry of `Action` or `NotAction`.
pub(super) fn entries_json(statement: &Statement) -> Vec<String> {
    let json = action_json(statement);
    match serde_json::from_str::<Vec<&RawValue>>(json) {
        Ok(entries) => entries
            .into_iter()
            .map(|entry| entry.get().to_owned())
            .collect(),
        // The element is one string.
        Err(_) => vec![json.to_owned()],
    }
}
