//! CloudTrail: the record of each write that succeeded, as EventBridge delivers it.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::{Map, Value, json};

use crate::Account;
use crate::query::Call;

/// The event of a call that was carried out; `account` is as the call left it.
pub(crate) fn event(call: &Call, account: &Account, number: usize) -> Value {
    let (request, response) = (request_parameters(call), response_elements(call, account));
    let detail = record(
        account,
        (&call.action, "mallory"),
        request,
        response,
        number,
    );
    json!({
        "version": "0",
        "id": format!("00000000-0000-4000-8000-{number:012}"),
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.iam",
        "account": account.id(),
        "time": time(account),
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    })
}

/// The record of a call, by its name and its caller's; `account` is as the call left it.
pub(crate) fn record(
    account: &Account,
    (call, caller): (&str, &str),
    request: Value,
    response: Value,
    number: usize,
) -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDACKCEVSQ6C2EXAMPLE",
            "arn": format!("arn:aws:iam::{}:user/{caller}", account.id()),
            "accountId": account.id(),
            "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "userName": caller
        },
        "eventTime": time(account),
        "eventSource": "iam.amazonaws.com",
        "eventName": call,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.66",
        "userAgent": "aws-cli/2.27.41",
        "requestParameters": request,
        "responseElements": response,
        "eventID": format!("00000000-0000-4000-9000-{number:012}"),
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": account.id(),
        "eventCategory": "Management"
    })
}

fn time(account: &Account) -> String {
    DateTime::from_secs(account.now())
        .fmt(Format::DateTime)
        .unwrap_or_default()
}

/// The parameters, with the names of the API in lower camel case and booleans as booleans.
fn request_parameters(call: &Call) -> Value {
    let members = call
        .parameters()
        .filter(|(key, _)| !["Action", "Version"].contains(key));
    let members: Map<String, Value> = members
        .map(|(key, value)| {
            let mut letters = key.chars();
            let first = letters.next().map(|letter| letter.to_ascii_lowercase());
            let name: String = first.into_iter().chain(letters).collect();
            let value = match value {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                text => Value::from(text),
            };
            (name, value)
        })
        .collect();
    Value::Object(members)
}

/// The record's part of the answer; null for most calls.
fn response_elements(call: &Call, account: &Account) -> Value {
    match call.action.as_str() {
        "CreatePolicy" => {
            let path = call.optional("Path").unwrap_or("/");
            let arn = account.arn(path, call.optional("PolicyName").unwrap_or_default());
            let id = account.policy(&arn).map(|policy| policy.id.as_str());
            json!({"policy": {"arn": arn, "policyId": id, "defaultVersionId": "v1"}})
        }
        "CreatePolicyVersion" => {
            let policy = call
                .optional("PolicyArn")
                .and_then(|arn| account.policy(arn));
            let newest = policy.and_then(|policy| Some((policy, policy.versions.last()?)));
            match newest {
                Some((policy, version)) => json!({"policyVersion": {
                    "versionId": format!("v{}", version.number),
                    "isDefaultVersion": version.number == policy.default,
                }}),
                None => Value::Null,
            }
        }
        _ => Value::Null,
    }
}
