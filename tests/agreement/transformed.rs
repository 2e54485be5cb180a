//! The template as CloudFormation gets it, after the SAM transform.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::process::Command;
use std::sync::OnceLock;

use local_aws::tools::{self, Tool};
use serde_json::{Map, Value};

pub(crate) use resolve::{LONGEST_STACK, PLACES, Place, resolved, resolved_in};

use crate::path;

mod resolve;

/// The transformed template, intrinsic functions as `Fn::` members.
pub(crate) fn transformed() -> &'static Value {
    static TEMPLATE: OnceLock<Value> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let template = path("template.yaml").into_os_string();
        serde_json::from_slice(&python("tests/agreement/transform.py", &[template])).unwrap()
    })
}

/// What a script prints when the Python of the pinned SAM CLI runs it.
pub(crate) fn python(script: &str, arguments: &[OsString]) -> Vec<u8> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(tools::ensure(&[Tool::Sam])).unwrap();
    let output = Command::new(Tool::Sam.bin().join("python"))
        .arg(path(script))
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

pub(crate) fn resources() -> &'static Map<String, Value> {
    transformed()["Resources"].as_object().unwrap()
}

/// The resources of one type, by their names.
pub(crate) fn of_type(kind: &str) -> impl Iterator<Item = (&'static str, &'static Value)> {
    resources()
        .iter()
        .filter(move |(_, resource)| resource["Type"] == kind)
        .map(|(name, resource)| (name.as_str(), &resource["Properties"]))
}

/// The rules that watch the guard: all but the one that starts incidents and the schedule of the
/// sweep.
pub(crate) fn watch_rules() -> BTreeSet<&'static str> {
    let rules = of_type("AWS::Events::Rule").map(|(name, _)| name);
    let others = ["PolicyWriteRule", "SweepRule"];
    rules.filter(|name| !others.contains(name)).collect()
}

pub(crate) fn properties(name: &str) -> &'static Value {
    &resources()
        .get(name)
        .unwrap_or_else(|| panic!("the template has no resource `{name}`"))["Properties"]
}

/// The logical name that `Ref`, `Fn::GetAtt` or a plain `Fn::Sub` names.
pub(crate) fn referred(value: &Value) -> Option<&str> {
    let attribute = value["Fn::GetAtt"]
        .as_array()
        .and_then(|parts| parts.first())
        .and_then(Value::as_str);
    attribute.or_else(|| value["Ref"].as_str())
}

/// One value or a list of them.
pub(crate) fn many(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values.iter().collect(),
        value => vec![value],
    }
}
