//! The answers of the stub of AWS: one managed policy that changes as in IAM, one waiting execution and one topic.

use std::borrow::Cow;
use std::fmt::Write as _;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

#[derive(Debug)]
pub(crate) struct StubResponse {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

/// What AWS holds.
#[derive(Debug, Default)]
pub(crate) struct StubState {
    versions: Vec<Version>,
    made: usize,
    event: String,
    history: Vec<Value>,
    calls: Vec<String>,
}

#[derive(Debug)]
struct Version {
    id: String,
    document: String,
    is_default: bool,
}

impl StubState {
    /// A policy with these documents as `v1`, `v2` and so on, of which the last is in force, and an execution that this event started, with this history, newest first.
    pub(crate) fn new(documents: &[&str], event: String, history: Vec<Value>) -> Self {
        let mut state = Self {
            event,
            history,
            ..Self::default()
        };
        for document in documents {
            state.add(document);
        }
        state
    }

    /// The names of the calls so far.
    pub(crate) fn calls(&self) -> &[String] {
        &self.calls
    }

    /// Answers a call. In a JSON protocol, `target` names the operation; in the query protocol, the body names it.
    pub(crate) fn answer(&mut self, target: Option<&str>, body: &[u8]) -> StubResponse {
        if let Some(operation) = target.and_then(|target| target.split_once('.')) {
            return self.answer_json(operation.1, body);
        }
        let parameters: Vec<_> = form_urlencoded::parse(body).collect();
        let parameter = |name: &str| -> Cow<'_, str> {
            parameters
                .iter()
                .find(|(key, _)| key == name)
                .map_or(Cow::Borrowed(""), |(_, value)| value.clone())
        };
        self.answer_query(&parameter("Action"), parameter)
    }

    fn answer_json(&mut self, operation: &str, request: &[u8]) -> StubResponse {
        self.calls.push(operation.to_owned());
        let (status, body) = match operation {
            "GetExecutionHistory" => (200, self.newest_events(request)),
            "DescribeExecution" => (200, self.running(request)),
            "SendTaskSuccess" => (200, "{}".to_owned()),
            _ => (400, r#"{"__type":"UnknownOperationException"}"#.to_owned()),
        };
        StubResponse {
            status,
            content_type: "application/x-amz-json-1.0",
            body,
        }
    }

    /// The first page, with as many events as the request asks for.
    fn newest_events(&self, request: &[u8]) -> String {
        let request: Value = serde_json::from_slice(request).unwrap_or_default();
        let limit = request.get("maxResults").and_then(Value::as_u64);
        let events = limit
            .and_then(|limit| self.history.get(..usize::try_from(limit).ok()?))
            .unwrap_or(&self.history);
        let next = (events.len() < self.history.len()).then_some("the second page");
        json!({ "events": events, "nextToken": next }).to_string()
    }

    /// The execution that a request names, while it runs.
    fn running(&self, request: &[u8]) -> String {
        let request: Value = serde_json::from_slice(request).unwrap_or_default();
        let execution = request.get("executionArn").and_then(Value::as_str);
        let execution = execution.unwrap_or_default();
        let machine = execution.replace(":execution:", ":stateMachine:");
        let machine = machine.rsplit_once(':').map_or("", |(machine, _)| machine);
        json!({
            "executionArn": execution,
            "stateMachineArn": machine,
            "status": "RUNNING",
            "startDate": 1_772_442_930.0,
            "input": self.event,
        })
        .to_string()
    }

    fn answer_query<'p>(
        &mut self,
        action: &str,
        parameter: impl Fn(&str) -> Cow<'p, str>,
    ) -> StubResponse {
        self.calls.push(action.to_owned());
        let id = parameter("VersionId");
        let result = match action {
            "ListPolicyVersions" => {
                let mut members = String::new();
                for version in self.versions.iter().rev() {
                    member(&mut members, "member", version, false);
                }
                Some(format!(
                    "<Versions>{members}</Versions><IsTruncated>false</IsTruncated>"
                ))
            }
            "ListEntitiesForPolicy" => Some("<IsTruncated>false</IsTruncated>".to_owned()),
            "GetPolicy" => Some(self.policy()),
            "GetPolicyVersion" => {
                self.versions
                    .iter()
                    .find(|version| version.id == id)
                    .map(|version| {
                        let mut text = String::new();
                        member(&mut text, "PolicyVersion", version, true);
                        text
                    })
            }
            "CreatePolicyVersion" => {
                self.add(&parameter("PolicyDocument"));
                let mut text = String::new();
                if let Some(version) = self.versions.last() {
                    member(&mut text, "PolicyVersion", version, false);
                }
                Some(text)
            }
            "SetDefaultPolicyVersion" => {
                for version in &mut self.versions {
                    version.is_default = version.id == id;
                }
                Some(String::new())
            }
            "DeletePolicyVersion" => {
                self.versions.retain(|version| version.id != id);
                Some(String::new())
            }
            "Publish" => {
                Some("<MessageId>567910cd-659e-55d4-8ccb-5aaf14679dc0</MessageId>".to_owned())
            }
            _ => None,
        };
        let (status, body) = match result {
            Some(result) => (
                200,
                format!(
                    "<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"
                ),
            ),
            None => (
                404,
                "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>not in this stub</Message></Error></ErrorResponse>"
                    .to_owned(),
            ),
        };
        StubResponse {
            status,
            content_type: "text/xml",
            body,
        }
    }

    fn policy(&self) -> String {
        let default = self.versions.iter().find(|version| version.is_default);
        let default = default.map_or("", |version| version.id.as_str());
        format!(
            "<Policy><PolicyId>ANPAZ3XMPLE1EXAMPLE12</PolicyId><DefaultVersionId>{default}</DefaultVersionId><CreateDate>2026-03-02T09:15:27Z</CreateDate></Policy>"
        )
    }

    /// Adds a version and puts it in force at once, because every caller asks for that.
    fn add(&mut self, document: &str) {
        self.made += 1;
        for version in &mut self.versions {
            version.is_default = false;
        }
        self.versions.push(Version {
            id: format!("v{}", self.made),
            document: document.to_owned(),
            is_default: true,
        });
    }
}

fn member(into: &mut String, element: &str, version: &Version, with_document: bool) {
    let document = if with_document {
        let encoded = utf8_percent_encode(&version.document, NON_ALPHANUMERIC);
        format!("<Document>{encoded}</Document>")
    } else {
        String::new()
    };
    // Writing to a string cannot fail.
    if write!(
        into,
        "<{element}>{document}<VersionId>{}</VersionId><IsDefaultVersion>{}</IsDefaultVersion><CreateDate>2026-03-02T09:15:27Z</CreateDate></{element}>",
        version.id, version.is_default
    )
    .is_err()
    {}
}
