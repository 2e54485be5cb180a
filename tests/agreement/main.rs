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
mod coverage;
mod definition;
mod invoke_payloads;
mod operations;
mod roles;
mod scp;
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

fn definition() -> Value {
    read_json("statemachine/policy_approval.asl.json")
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
