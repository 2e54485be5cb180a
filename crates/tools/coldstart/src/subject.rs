//! The subjects: the five functions and the one that does nothing, each with its event, its settings and the state of AWS.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use local::{functions, workspace};
use serde_json::{Value, json};

use crate::answers::StubState;

pub(crate) const DO_NOTHING: &str = "do-nothing";
/// The ARN under which the functions are invoked.
pub(crate) const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:111122223333:function:measured";

/// The environment from the template and from Lambda, except variables that differ from run to run.
const ENVIRONMENT: [(&str, &str); 19] = [
    ("RESTRICTED_ACTIONS", "s3:DeleteBucket,s3:DeleteObject"),
    (
        "TOPIC_ARN",
        "arn:aws:sns:us-east-1:111122223333:automated-iam-policy-alerts-and-approvals",
    ),
    (
        "API_URL",
        "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/Prod",
    ),
    ("DECIDE_BY", "Token"),
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
    pub(crate) name: &'static str,
    pub(crate) payload: String,
    /// What started the execution.
    event: String,
    /// The documents of the policy's versions.
    documents: Vec<String>,
    /// The events of the execution, newest first.
    history: Vec<Value>,
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
        let incident = Incident::read()?;
        let (documents, history) = match name {
            "validate-policy" => (vec![incident.original()?], Vec::new()),
            "remediate" => (vec![incident.original()?], incident.judged()),
            "approve-callback" => (Vec::new(), incident.waiting()),
            "revert" => (
                vec![incident.original()?, incident.remediated()?],
                incident.allowed(),
            ),
            _ => (Vec::new(), Vec::new()),
        };
        Ok(Self {
            name,
            payload: payload.to_string(),
            event: read("events/create-policy.json")?.to_string(),
            documents,
            history,
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
    pub(crate) fn stub_state(&self) -> StubState {
        let documents: Vec<_> = self.documents.iter().map(String::as_str).collect();
        StubState::new(&documents, self.event.clone(), self.history.clone())
    }
}

fn read_payload(name: &str) -> Result<Value> {
    read(&format!("events/invoke/{name}.json"))
}

fn read(file: &str) -> Result<Value> {
    let path = workspace::root().join(file);
    let json = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    serde_json::from_str(&json).with_context(|| format!("`{}` is not JSON", path.display()))
}

/// The incident whose functions are measured, as the payload of `notify` has it.
struct Incident {
    asked: Value,
}

impl Incident {
    fn read() -> Result<Self> {
        Ok(Self {
            asked: read_payload("notify")?,
        })
    }

    fn of_asked(&self, pointer: &str) -> Value {
        self.asked.pointer(pointer).cloned().unwrap_or_default()
    }

    fn text(&self, pointer: &str) -> Result<String> {
        let found = self.of_asked(pointer).as_str().map(str::to_owned);
        found.with_context(|| format!("the payload of `notify` has no text at `{pointer}`"))
    }

    fn original(&self) -> Result<String> {
        self.text("/quarantine/original")
    }

    fn remediated(&self) -> Result<String> {
        self.text("/quarantine/document")
    }

    /// What the states know after `ValidatePolicy`.
    fn state(&self) -> Value {
        json!({
            "event": {},
            "verdict": {
                "action": "remedy",
                "result": "restricted",
                "change": self.of_asked("/change"),
                "inForce": {
                    "identity": self.of_asked("/quarantine/identity"),
                    "version": "v1",
                    "document": self.of_asked("/quarantine/original"),
                },
                "restricted": self.of_asked("/quarantine/restricted"),
                "findings": self.of_asked("/quarantine/findings"),
            },
        })
    }

    fn contained(&self) -> Value {
        let mut state = self.state();
        if let Some(members) = state.as_object_mut() {
            let mut quarantine = self.of_asked("/quarantine");
            if let Some(quarantine) = quarantine.as_object_mut() {
                quarantine.insert("status".to_owned(), json!("inPlace"));
            }
            members.insert("quarantine".to_owned(), quarantine);
        }
        state
    }

    /// An execution that contains the policy.
    fn judged(&self) -> Vec<Value> {
        let state = self.state();
        newest_first([
            exited("ChoiceStateExited", "ChooseAction", &state),
            entered("TaskStateEntered", "TempRemove", &state),
            scheduled("invoke", &self.called()),
            plain("TaskStarted"),
        ])
    }

    /// An execution that waits for the administrator.
    fn waiting(&self) -> Vec<Value> {
        let state = self.contained();
        newest_first([
            exited("TaskStateExited", "TempRemove", &state),
            entered("ChoiceStateEntered", "CheckQuarantine", &state),
            exited("ChoiceStateExited", "CheckQuarantine", &state),
            entered("TaskStateEntered", "AskUser", &state),
            scheduled("invoke.waitForTaskToken", &self.asked),
            plain("TaskStarted"),
            plain("TaskSubmitted"),
        ])
    }

    /// An execution that carries an allow out.
    fn allowed(&self) -> Vec<Value> {
        let mut state = self.contained();
        if let Some(members) = state.as_object_mut() {
            let decision = json!({ "action": "allow", "execution": self.of_asked("/execution") });
            members.insert("decision".to_owned(), decision);
        }
        newest_first([
            exited("ChoiceStateExited", "UsersChoice", &state),
            entered("TaskStateEntered", "Approved", &state),
            scheduled("invoke", &self.called()),
            plain("TaskStarted"),
        ])
    }

    fn called(&self) -> Value {
        json!({ "execution": self.of_asked("/execution") })
    }
}

type Event = (&'static str, &'static str, Value);

fn entered(kind: &'static str, name: &str, state: &Value) -> Event {
    let details = json!({ "name": name, "input": state.to_string() });
    (kind, "stateEnteredEventDetails", details)
}

fn exited(kind: &'static str, name: &str, state: &Value) -> Event {
    let details = json!({ "name": name, "output": state.to_string() });
    (kind, "stateExitedEventDetails", details)
}

fn scheduled(resource: &str, payload: &Value) -> Event {
    let parameters = json!({ "FunctionName": FUNCTION_ARN, "Payload": payload }).to_string();
    let details = json!({ "resourceType": "lambda", "resource": resource, "region": "us-east-1", "parameters": parameters });
    ("TaskScheduled", "taskScheduledEventDetails", details)
}

fn plain(kind: &'static str) -> Event {
    let member = match kind {
        "TaskStarted" => "taskStartedEventDetails",
        _ => "taskSubmittedEventDetails",
    };
    (
        kind,
        member,
        json!({ "resourceType": "lambda", "resource": "invoke" }),
    )
}

fn newest_first<const N: usize>(oldest_first: [Event; N]) -> Vec<Value> {
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
    events
}
