//! Template, state machine, code, documents and the files in `events/` agree.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "in a test a panic is the report"
)]

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

mod alarms;
mod architecture;
mod census;
mod cost;
mod coverage;
mod definition;
mod documents;
mod events;
mod invoke_payloads;
mod operations;
mod roles;
mod scp;
mod sweep;
mod taking;
mod template;
mod tidy;
mod transformed;
mod watch;

fn path(relative: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", relative]
        .iter()
        .collect()
}

fn read(relative: &str) -> String {
    let path = path(relative);
    fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

fn read_json(relative: &str) -> Value {
    serde_json::from_str(&read(relative)).unwrap_or_else(|error| panic!("{relative}: {error}"))
}

/// The state machines with a definition in a file of its own.
const DEFINITIONS: [(&str, &str); 2] = [
    (
        "PolicyApprovalStateMachine",
        "statemachine/policy_approval.asl.json",
    ),
    ("SweepStateMachine", "statemachine/sweep.asl.json"),
];

/// The definition of the incidents.
fn definition() -> Value {
    let [(_, file), _] = DEFINITIONS;
    read_json(file)
}

/// The definition of the sweep.
fn sweep_definition() -> Value {
    let [_, (_, file)] = DEFINITIONS;
    read_json(file)
}

/// The template, intrinsic functions as YAML tags.
fn template() -> serde_norway::Value {
    serde_norway::from_str(&read("template.yaml")).unwrap()
}

/// The texts of a JSON array.
fn texts(value: &Value) -> Vec<String> {
    let array = value.as_array().cloned().unwrap_or_default();
    array
        .iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}
