//! What the intrinsic functions of the template become in a partition, with the longest stack name.

use serde_json::{Map, Value};

use super::{many, properties, resources, transformed};

/// The length of the longest name of a stack: a rule `NAME-watch` has at most 64 characters.
pub(crate) const LONGEST_STACK: usize = 58;

/// A partition, and its Region of the events of IAM.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) partition: &'static str,
    region: &'static str,
    suffix: &'static str,
}

pub(crate) const PLACES: [Place; 3] = [
    Place {
        partition: "aws",
        region: "us-east-1",
        suffix: "amazonaws.com",
    },
    Place {
        partition: "aws-cn",
        region: "cn-north-1",
        suffix: "amazonaws.com.cn",
    },
    Place {
        partition: "aws-us-gov",
        region: "us-gov-west-1",
        suffix: "amazonaws.com",
    },
];

const ACCOUNT: &str = "111122223333";
const UUID: &str = "0d1e2f3a-0b1c-2d3e-4f5a-6b7c8d9e0f1a";

/// What the value becomes in the commercial Regions.
pub(crate) fn resolved(value: &Value) -> Value {
    resolved_in(PLACES[0], value)
}

/// What the value becomes in a partition: of the two branches of a condition, the longer one.
pub(crate) fn resolved_in(place: Place, value: &Value) -> Value {
    let inside = |value: &Value| resolved_in(place, value);
    match value {
        Value::Object(members) => {
            let only = members.iter().next().filter(|_| members.len() == 1);
            match only.map(|(key, inner)| (key.as_str(), inner)) {
                Some(("Ref", name)) => reference(place, name.as_str().unwrap()).into(),
                Some(("Fn::GetAtt", parts)) => attribute(
                    place,
                    parts[0].as_str().unwrap(),
                    parts[1].as_str().unwrap(),
                )
                .into(),
                Some(("Fn::Sub", text)) => substituted(place, text).into(),
                Some(("Fn::If", choice)) => {
                    let branches = [inside(&choice[1]), inside(&choice[2])];
                    let longest = branches.into_iter().max_by_key(|it| it.to_string().len());
                    longest.unwrap_or_default()
                }
                Some(("Fn::Join", join)) => {
                    let parts: Vec<Value> = many(&join[1]).into_iter().map(inside).collect();
                    let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
                    parts.join(join[0].as_str().unwrap()).into()
                }
                Some(("Fn::Split", split)) => {
                    let text = inside(&split[1]);
                    let parts = text.as_str().unwrap();
                    parts.split(split[0].as_str().unwrap()).collect()
                }
                Some((key, inner)) => {
                    assert!(!key.starts_with("Fn::"), "{key} is not known here");
                    Value::Object([(key.to_owned(), inside(inner))].into_iter().collect())
                }
                None => members
                    .iter()
                    .map(|(key, value)| (key.clone(), inside(value)))
                    .collect::<Map<_, _>>()
                    .into(),
            }
        }
        Value::Array(values) => values.iter().map(inside).collect(),
        value => value.clone(),
    }
}

/// What `Ref` returns (AWS CloudFormation User Guide, "Ref", and the page of each resource).
fn reference(place: Place, name: &str) -> String {
    let arn = |service: &str, rest: String| arn(place, service, &rest);
    let own = || named(place, name);
    match name {
        "AWS::Partition" => place.partition.to_owned(),
        "AWS::Region" => place.region.to_owned(),
        "AWS::URLSuffix" => place.suffix.to_owned(),
        "AWS::AccountId" => ACCOUNT.to_owned(),
        "AWS::StackName" => stack(),
        "AWS::StackId" => arn("cloudformation", format!("stack/{}/{UUID}", stack())),
        "AWS::NoValue" => String::new(),
        _ if transformed()["Parameters"][name].is_object() => parameter(name),
        _ => match kind(name) {
            "AWS::StepFunctions::StateMachine" => arn("states", format!("stateMachine:{}", own())),
            "AWS::SNS::Topic" => arn("sns", own()),
            "AWS::SQS::Queue" => format!(
                "https://sqs.{}.{}/{ACCOUNT}/{}",
                place.region,
                place.suffix,
                own()
            ),
            "AWS::KMS::Key" => UUID.to_owned(),
            "AWS::ApiGateway::RestApi" => "a1b2c3d4e5".to_owned(),
            "AWS::IAM::Role"
            | "AWS::Lambda::Function"
            | "AWS::Events::Rule"
            | "AWS::CloudWatch::Alarm"
            | "AWS::CloudWatch::Dashboard"
            | "AWS::Logs::LogGroup"
            | "AWS::S3::Bucket" => own(),
            kind => panic!("what `Ref` returns for a {kind} is not known here"),
        },
    }
}

/// What `Fn::GetAtt` returns.
fn attribute(place: Place, name: &str, attribute: &str) -> String {
    let own = named(place, name);
    match (kind(name), attribute) {
        ("AWS::IAM::Role", "Arn") => {
            format!("arn:{}:iam::{ACCOUNT}:role/{own}", place.partition)
        }
        ("AWS::Lambda::Function", "Arn") => arn(place, "lambda", &format!("function:{own}")),
        ("AWS::Events::Rule", "Arn") => arn(place, "events", &format!("rule/{own}")),
        ("AWS::SQS::Queue", "Arn") => arn(place, "sqs", &own),
        ("AWS::KMS::Key", "Arn") => arn(place, "kms", &format!("key/{UUID}")),
        ("AWS::Logs::LogGroup", "Arn") => arn(place, "logs", &format!("log-group:{own}:*")),
        ("AWS::S3::Bucket", "Arn") => format!("arn:{}:s3:::{own}", place.partition),
        ("AWS::SQS::Queue", "QueueName") | ("AWS::SNS::Topic", "TopicName") => own,
        (kind, attribute) => panic!("`{attribute}` of a {kind} is not known here"),
    }
}

fn substituted(place: Place, value: &Value) -> String {
    let text = value.as_str().or_else(|| value[0].as_str()).unwrap();
    let mut parts = text.split("${");
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap();
        let given = value.get(1).and_then(|names| names.get(name));
        result.push_str(&match (given, name.split_once('.')) {
            (Some(given), _) => resolved_in(place, given).as_str().unwrap().to_owned(),
            (None, Some((name, part))) => attribute(place, name, part),
            (None, None) => reference(place, name),
        });
        result.push_str(rest);
    }
    result
}

fn kind(name: &str) -> &'static str {
    let resource = resources().get(name);
    let resource = resource.unwrap_or_else(|| panic!("`{name}` is not in the template"));
    resource["Type"].as_str().unwrap()
}

fn stack() -> String {
    "automated-iam-policy-alerts-and-approvals-"
        .chars()
        .cycle()
        .take(LONGEST_STACK)
        .collect()
}

/// The longest value that a parameter takes.
fn parameter(name: &str) -> String {
    let parameter = &transformed()["Parameters"][name];
    let longest = parameter["AllowedValues"].as_array().and_then(|values| {
        let texts = values.iter().filter_map(Value::as_str);
        texts.max_by_key(|text| text.len())
    });
    let length = parameter["MaxLength"].as_u64().unwrap_or(256);
    longest.map_or_else(
        || "x".repeat(usize::try_from(length).unwrap()),
        str::to_owned,
    )
}

/// The name that the template gives, or the longest one that CloudFormation makes: those of the
/// stack and of the resource, and up to thirteen random characters, cut to what the service takes.
fn named(place: Place, name: &str) -> String {
    let (given, longest) = match kind(name) {
        "AWS::Events::Rule" => ("Name", 64),
        "AWS::IAM::Role" => ("RoleName", 64),
        "AWS::Lambda::Function" => ("FunctionName", 64),
        "AWS::StepFunctions::StateMachine" => ("StateMachineName", 80),
        "AWS::SQS::Queue" => ("QueueName", 80),
        "AWS::SNS::Topic" => ("TopicName", 256),
        "AWS::CloudWatch::Alarm" => ("AlarmName", 255),
        "AWS::CloudWatch::Dashboard" => ("DashboardName", 255),
        "AWS::Logs::LogGroup" => ("LogGroupName", 512),
        "AWS::S3::Bucket" => ("BucketName", 63),
        // They have no name, or one that nothing refers to.
        _ => return String::new(),
    };
    let made = || format!("{}-{name}-0A1B2C3D4E5F6", stack());
    match &properties(name)[given] {
        Value::Null => made().chars().take(longest).collect(),
        given => {
            let given = resolved_in(place, given).as_str().unwrap().to_owned();
            assert!(given.len() <= longest, "{name}: {given} is too long");
            given
        }
    }
}

fn arn(place: Place, service: &str, rest: &str) -> String {
    let Place {
        partition, region, ..
    } = place;
    format!("arn:{partition}:{service}:{region}:{ACCOUNT}:{rest}")
}

#[test]
fn a_value_becomes_what_cloudformation_makes_of_it() {
    let value = serde_json::json!({
        "rule": {"Fn::GetAtt": ["WatchRules", "Arn"]},
        "queue": {"Fn::Sub": "/${AWS::AccountId}/${UndeliveredEventsQueue.QueueName}"},
        "key": {"Fn::GetAtt": ["AlertKey", "Arn"]},
        "machine": {"Ref": "PolicyApprovalStateMachine"},
        "either": {"Fn::If": ["IsAws", "longer", {"Ref": "AWS::NoValue"}]},
    });
    let in_gov = resolved_in(PLACES[2], &value);
    let stack = stack();
    let at = |service: &str| format!("arn:aws-us-gov:{service}:us-gov-west-1:{ACCOUNT}:");
    assert_eq!(
        in_gov["rule"],
        format!("{}rule/{stack}-watch", at("events"))
    );
    assert_eq!(in_gov["key"], format!("{}key/{UUID}", at("kms")));
    assert_eq!(
        in_gov["machine"],
        format!("{}stateMachine:{stack}-incidents", at("states"))
    );
    assert_eq!(in_gov["either"], "longer");
    let queue = in_gov["queue"].as_str().unwrap();
    assert!(queue.starts_with(&format!("/{ACCOUNT}/{stack}-Undelivered")));
    assert_eq!(queue.len(), "/111122223333/".len() + 80);
}
