//! The verdict on calls that the guard reports, for every state that IAM can show.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what goes wrong in a helper fails the test that called it"
)]

mod credentials;
mod doors;
mod in_force;
mod not_read;
mod over;
mod trust;

use incident::judgement::{GuardConfig, Mode};
use incident::message::{Response, Verdict, VerdictResult};
use incident::subject::{HeldPolicy, ManagedPolicy, Owner, OwnerKind, ReportedCall, ReportedState};
use incident::{PolicyArn, Record, Subject};
use serde_json::Value;

const GRANTS: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:*","iam:PassRole"],"Resource":"*"}}"#;
const HARMLESS: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}}"#;
const DENIES: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;

fn config() -> GuardConfig {
    GuardConfig {
        restricted: "iam:PassRole,s3:DeleteBucket,kms:*".parse().unwrap(),
        mode: Mode::Enforce,
        exempt: "arn:aws:iam::111122223333:user/carol".parse().unwrap(),
        account: "111122223333".to_owned(),
        partition: "aws".to_owned(),
        trusted: "999999999999".parse().unwrap(),
        notify_on_allowed: true,
    }
}

fn event(name: &str) -> Value {
    let path = format!("{}/../../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn record(name: &str) -> Record {
    Record::parse(&event(name)).unwrap()
}

fn reported_call(record: &Record) -> &ReportedCall {
    match &record.change.subject {
        Subject::Reported(call) => call,
        other => panic!("{other} is not a reported call"),
    }
}

fn held(documents: &[&str]) -> Vec<HeldPolicy> {
    let arn = |number| format!("arn:aws:iam::aws:policy/Held{number}");
    let documents = documents.iter().enumerate();
    let held = documents.map(|(number, document)| HeldPolicy {
        policy: Subject::Managed(ManagedPolicy {
            arn: PolicyArn::parse(&arn(number)).unwrap(),
        }),
        document: (*document).to_owned(),
    });
    held.collect()
}

fn state(is_in_effect: bool, documents: &[&str]) -> ReportedState {
    ReportedState {
        is_in_effect,
        policies: held(documents),
        ..ReportedState::default()
    }
}

/// The same state, but IAM has no role, user or group with the name in the call.
fn without(kind: OwnerKind, state: ReportedState) -> ReportedState {
    let name = "dave".to_owned();
    ReportedState {
        is_in_effect: false,
        absent: Some(Owner { kind, name }),
        ..state
    }
}

fn judge(record: &Record, state: &ReportedState, waited: bool) -> Option<Verdict> {
    config().judge_reported(record, reported_call(record), state, waited)
}

#[track_caller]
fn result(record: &Record, state: &ReportedState, waited: bool) -> VerdictResult {
    let verdict = judge(record, state, waited).unwrap();
    assert_ne!(verdict.response, Response::Contain);
    assert_eq!(
        verdict.report.is_some(),
        verdict.result != VerdictResult::Clean
    );
    verdict.result
}
