//! The template as CloudFormation gets it, after the SAM transform.

use std::ffi::OsString;
use std::process::Command;
use std::sync::OnceLock;

use local_aws::tools::{self, Tool};
use serde_json::{Map, Value};

use crate::path;

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

/// The value with each intrinsic function replaced by a text as long as the real one may be.
pub(crate) fn resolved(value: &Value) -> Value {
    const LONG: &str = "arn:aws:states:us-gov-west-1:111122223333:execution:automated-iam-policy-alerts-and-approvals-x:";
    match value {
        Value::Object(members) => match members.iter().next() {
            Some((key, inner)) if members.len() == 1 => match key.as_str() {
                "Ref" => Value::from(referred_text(inner, LONG)),
                // The longest of what it may become.
                "Fn::If" => {
                    let branches = [resolved(&inner[1]), resolved(&inner[2])];
                    let longest = branches.into_iter().max_by_key(|it| it.to_string().len());
                    longest.unwrap_or_default()
                }
                "Fn::Join" => {
                    let parts: Vec<Value> = many(&inner[1]).into_iter().map(resolved).collect();
                    let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
                    Value::from(parts.join(inner[0].as_str().unwrap_or_default()))
                }
                "Fn::Split" => {
                    let text = resolved(&inner[1]);
                    let parts = text.as_str().unwrap_or_default();
                    parts.split(inner[0].as_str().unwrap_or_default()).collect()
                }
                "Fn::GetAtt" => Value::from(LONG),
                "Fn::Sub" => Value::from(sub(inner, LONG)),
                _ => Value::Object([(key.clone(), resolved(inner))].into_iter().collect()),
            },
            _ => members
                .iter()
                .map(|(key, value)| (key.clone(), resolved(value)))
                .collect::<Map<_, _>>()
                .into(),
        },
        Value::Array(values) => values.iter().map(resolved).collect(),
        value => value.clone(),
    }
}

/// A parameter is as long as it may be, and everything else as long as a name.
fn referred_text(name: &Value, stand_in: &str) -> String {
    let parameter = &transformed()["Parameters"][name.as_str().unwrap_or_default()];
    let length = parameter["MaxLength"].as_u64().unwrap_or(64);
    let length = usize::try_from(length).unwrap_or_default();
    stand_in.chars().cycle().take(length).collect()
}

fn sub(value: &Value, stand_in: &str) -> String {
    let text = value
        .as_str()
        .or_else(|| value[0].as_str())
        .unwrap_or_default();
    let mut result = String::new();
    for (index, part) in text.split("${").enumerate() {
        match part.split_once('}') {
            Some((name, rest)) if index > 0 => {
                result.push_str(match name {
                    "AWS::Partition" => "aws",
                    "AWS::Region" => "us-east-1",
                    "AWS::AccountId" => "111122223333",
                    _ => &stand_in[..64],
                });
                result.push_str(rest);
            }
            _ => result.push_str(part),
        }
    }
    result
}
