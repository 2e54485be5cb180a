//! The subjects: the five functions and the one that does nothing, each with its event, its settings and the state of AWS.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use local::{functions, workspace};
use serde_json::{Value, json};

use crate::answers::World;

/// The function that does nothing.
pub(crate) const DO_NOTHING: &str = "do-nothing";
/// The ARN under which the functions are invoked.
pub(crate) const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:111122223333:function:measured";

/// The environment from the template and from Lambda, except variables that differ from run to run.
const ENVIRONMENT: [(&str, &str); 18] = [
    ("RESTRICTED_ACTIONS", "s3:DeleteBucket,s3:DeleteObject"),
    (
        "TOPIC_ARN",
        "arn:aws:sns:us-east-1:111122223333:automated-iam-policy-alerts-and-approvals",
    ),
    (
        "API_URL",
        "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/Prod",
    ),
    ("LINK_CONFIRMATION", "Required"),
    (
        "STATE_MACHINE_ARN",
        "arn:aws:states:us-east-1:111122223333:stateMachine:automated-iam-policy-alerts-and-approvals-incidents",
    ),
    ("AWS_REGION", "us-east-1"),
    ("AWS_DEFAULT_REGION", "us-east-1"),
    ("AWS_ACCESS_KEY_ID", "ASIAI44QH8DHBEXAMPLE"),
    (
        "AWS_SECRET_ACCESS_KEY",
        "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY",
    ),
    (
        "AWS_SESSION_TOKEN",
        "AQoDYXdzEJr//////////wEaoAK1wvxJY12r2IrDFT2IvAzTCn3zHoZ7YNtpiQLF0MqZye/qwjzP2iEXAMPLEbw/m3hsj8VBTkPORGvr9jM5sgP+w9IZWZnU+LWhmg==",
    ),
    ("AWS_LAMBDA_FUNCTION_NAME", "measured"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/measured"),
    (
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "2026/11/22/[$LATEST]0f3f9d3e6f0b4c399a771f0e5a6f2d10",
    ),
    ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
    ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
    ("_HANDLER", "bootstrap"),
];

/// A function under measurement.
#[derive(Debug)]
pub(crate) struct Subject {
    /// The name of the function.
    pub(crate) name: &'static str,
    /// The event for the function.
    pub(crate) payload: String,
    start: Start,
}

/// The state of AWS before each invocation.
#[derive(Debug)]
enum Start {
    Documents(Vec<String>),
    History(Vec<Value>),
}

impl Subject {
    /// The function that does nothing, and then the five functions in the order of the workflow.
    pub(crate) fn all() -> Result<Vec<Self>> {
        let mut all = vec![Self::of(DO_NOTHING)?];
        for name in functions::BINARIES {
            all.push(Self::of(name)?);
        }
        Ok(all)
    }

    fn of(name: &'static str) -> Result<Self> {
        let payload = match name {
            DO_NOTHING => read_payload("validate-policy")?,
            _ => read_payload(name)?,
        };
        let start = match name {
            "remediate" => Start::Documents(vec![text(&payload, "/document")?]),
            "revert" => Start::Documents(vec![
                text(&payload, "/document")?,
                text(&payload, "/quarantine/document")?,
            ]),
            "approve-callback" => Start::History(waiting_history()?),
            _ => Start::Documents(Vec::new()),
        };
        Ok(Self {
            name,
            payload: payload.to_string(),
            start,
        })
    }

    /// The executable from `cargo lambda build --release`.
    pub(crate) fn program(&self) -> PathBuf {
        workspace::root()
            .join("target/lambda")
            .join(self.name)
            .join("bootstrap")
    }

    /// The environment, except variables that differ from run to run.
    pub(crate) fn environment() -> &'static [(&'static str, &'static str)] {
        &ENVIRONMENT
    }

    /// The state of AWS before an invocation.
    pub(crate) fn world(&self) -> World {
        match &self.start {
            Start::Documents(documents) => {
                World::with_documents(&documents.iter().map(String::as_str).collect::<Vec<_>>())
            }
            Start::History(history) => World::with_history(history.clone()),
        }
    }
}

fn read_payload(name: &str) -> Result<Value> {
    let path = workspace::root().join(format!("events/invoke/{name}.json"));
    let json = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    serde_json::from_str(&json).with_context(|| format!("`{}` is not JSON", path.display()))
}

fn text(payload: &Value, pointer: &str) -> Result<String> {
    payload
        .pointer(pointer)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .with_context(|| format!("the payload has no text at `{pointer}`"))
}

/// The events of an execution that waits for the administrator, newest first, back to the containment of the policy.
fn waiting_history() -> Result<Vec<Value>> {
    const RESOURCE: &str = "invoke.waitForTaskToken";
    let asked = read_payload("notify")?;
    let of_asked = |name: &str| asked.get(name).cloned().unwrap_or_default();
    let mut state = match read_payload("validate-policy")?.get_mut("event") {
        Some(Value::Object(event)) => std::mem::take(event),
        _ => bail!("the payload of `validate-policy` has no event"),
    };
    let verdict = json!({
        "action": "remedy",
        "change": of_asked("change"),
        "findings": of_asked("findings"),
        "document": of_asked("document"),
    });
    state.insert("verdict".to_owned(), verdict);
    state.insert("quarantine".to_owned(), of_asked("quarantine"));
    let state = Value::Object(state).to_string();
    let parameters = json!({ "FunctionName": FUNCTION_ARN, "Payload": asked }).to_string();
    let exited = |name: &str| json!({ "name": name, "output": state });
    let entered = |name: &str| json!({ "name": name, "input": state });
    let oldest_first = [
        (
            "TaskStateExited",
            "stateExitedEventDetails",
            exited("TempRemove"),
        ),
        (
            "ChoiceStateEntered",
            "stateEnteredEventDetails",
            entered("CheckQuarantine"),
        ),
        (
            "ChoiceStateExited",
            "stateExitedEventDetails",
            exited("CheckQuarantine"),
        ),
        (
            "TaskStateEntered",
            "stateEnteredEventDetails",
            entered("AskUser"),
        ),
        (
            "TaskScheduled",
            "taskScheduledEventDetails",
            json!({ "resourceType": "lambda", "resource": RESOURCE, "region": "us-east-1", "parameters": parameters }),
        ),
        (
            "TaskStarted",
            "taskStartedEventDetails",
            json!({ "resourceType": "lambda", "resource": RESOURCE }),
        ),
        (
            "TaskSubmitted",
            "taskSubmittedEventDetails",
            json!({ "resourceType": "lambda", "resource": RESOURCE, "output": "{}" }),
        ),
    ];
    let mut events: Vec<_> = (14..)
        .zip(oldest_first)
        .map(|(id, (kind, member, details))| {
            json!({
                "id": id,
                "previousEventId": id - 1,
                "timestamp": 1_772_442_932.1,
                "type": kind,
                member: details,
            })
        })
        .collect();
    events.reverse();
    Ok(events)
}
