//! Metrics of incidents, as log lines in the embedded metric format, which CloudWatch reads without
//! a call (CloudWatch User Guide, "Specification: Embedded metric format").
//!
//! A metric that cannot be written is a warning in the log, and the work goes on.

use std::io::Write as _;
use std::time::Duration;

use incident::message::{Decision, OutcomeResult, Response, VerdictResult};
use incident::{ExecutionArn, PolicyChange, Timestamp};
use metrique_writer::format::Format as _;
use metrique_writer::{Entry, IoStreamError};
use metrique_writer_format_emf::Emf;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::optional;

/// The namespace of all metrics in CloudWatch.
pub const NAMESPACE: &str = "IamPolicyGuard";

/// The dimension that separates stacks.
const MACHINE: &str = "StateMachine";

#[derive(Entry)]
struct JudgedCount<'m> {
    #[entry(name = "StateMachine")]
    machine: &'m str,
    #[entry(name = "Verdict")]
    verdict: &'m str,
    #[entry(name = "Judged")]
    judged: u64,
}

#[derive(Entry)]
struct RespondedCount<'m> {
    #[entry(name = "StateMachine")]
    machine: &'m str,
    #[entry(name = "Response")]
    response: &'m str,
    #[entry(name = "Responded")]
    responded: u64,
}

#[derive(Entry)]
struct EndedCount<'m> {
    #[entry(name = "StateMachine")]
    machine: &'m str,
    #[entry(name = "Outcome")]
    outcome: &'m str,
    #[entry(name = "Ended")]
    ended: u64,
}

#[derive(Entry)]
struct RepeatedCount<'m> {
    #[entry(name = "StateMachine")]
    machine: &'m str,
    #[entry(name = "Repeated")]
    repeated: u64,
}

#[derive(Entry)]
struct ContainmentTime<'m> {
    #[entry(name = "StateMachine")]
    machine: &'m str,
    #[entry(name = "TimeToContainment")]
    time: Duration,
}

#[derive(Entry)]
struct QuotaWait<'m> {
    #[entry(name = "StateMachine")]
    machine: &'m str,
    #[entry(name = "QuotaWaitSeconds")]
    seconds: u64,
}

#[derive(Entry)]
struct ChatFailedCount<'m> {
    #[entry(name = "StateMachine")]
    machine: &'m str,
    #[entry(name = "ChatFailed")]
    failed: u64,
}

#[derive(Entry)]
struct DecisionTime<'m> {
    #[entry(name = "StateMachine")]
    machine: &'m str,
    #[entry(name = "TimeToDecision")]
    time: Duration,
}

#[derive(Entry)]
struct ProofOfLife<'m> {
    #[entry(name = "StateMachine")]
    machine: &'m str,
    #[entry(name = "ProofOfLife")]
    proofs: u64,
}

#[derive(Entry)]
struct KnownGrants<'m> {
    #[entry(name = "StateMachine")]
    machine: &'m str,
    #[entry(name = "RestrictedGrants")]
    grants: u64,
}

/// Counts a judgement: `Judged` by `Verdict`.
pub fn judged(execution: &ExecutionArn, verdict: VerdictResult) {
    let machine = &execution.state_machine_arn();
    let entry = JudgedCount {
        machine: name(machine),
        verdict: verdict.as_str(),
        judged: 1,
    };
    write(&[MACHINE, "Verdict"], &entry);
}

/// Counts a response: `Responded` by `Response`; nothing if nothing restricted is concerned.
pub fn responded(execution: &ExecutionArn, response: Response) {
    if response == Response::None {
        return;
    }
    let machine = &execution.state_machine_arn();
    let entry = RespondedCount {
        machine: name(machine),
        response: response.as_str(),
        responded: 1,
    };
    write(&[MACHINE, "Response"], &entry);
}

/// Counts the end of an incident: `Ended` by `Outcome`.
pub fn ended(execution: &ExecutionArn, outcome: OutcomeResult) {
    let machine = &execution.state_machine_arn();
    let entry = EndedCount {
        machine: name(machine),
        outcome: outcome.as_str(),
        ended: 1,
    };
    write(&[MACHINE, "Outcome"], &entry);
}

/// Counts what was written again while the guard asks about it, or after a deny: `Repeated`.
pub fn repeated(execution: &ExecutionArn) {
    let machine = &execution.state_machine_arn();
    let entry = RepeatedCount {
        machine: name(machine),
        repeated: 1,
    };
    write(&[MACHINE], &entry);
}

/// Counts a message that the topic of the chat did not take: `ChatFailed`.
pub fn chat_failed(execution: &ExecutionArn) {
    let machine = &execution.state_machine_arn();
    let entry = ChatFailedCount {
        machine: name(machine),
        failed: 1,
    };
    write(&[MACHINE], &entry);
}

/// `TimeToContainment`: from the write of the policy until now, in milliseconds. CloudTrail records
/// the time of the write in whole seconds.
pub fn contained(execution: &ExecutionArn, change: &PolicyChange) {
    let machine = &execution.state_machine_arn();
    let entry = ContainmentTime {
        machine: name(machine),
        time: since(change, Timestamp::now()),
    };
    write(&[MACHINE], &entry);
}

/// Counts a proof of life whose event arrived, and that was dealt with: `ProofOfLife`; nothing for
/// any other change, and for one that only a sweep found.
pub fn proof_of_life(execution: &ExecutionArn, change: &PolicyChange) {
    // The role that nobody can assume. Without it, there is no proof of life.
    let Ok(Some(role)) = optional("PROBE_ROLE") else {
        return;
    };
    if change.actor.is_sweep() || !change.subject.is_proof_of_life(&role) {
        return;
    }
    let machine = &execution.state_machine_arn();
    let entry = ProofOfLife {
        machine: name(machine),
        proofs: 1,
    };
    write(&[MACHINE], &entry);
}

/// `RestrictedGrants`: how many restricted grants a sweep found in force.
pub fn surveyed(sweep: &ExecutionArn, grants: usize) {
    let machine = &sweep.state_machine_arn();
    let entry = KnownGrants {
        machine: name(machine),
        grants: u64::try_from(grants).unwrap_or(u64::MAX),
    };
    write(&[MACHINE], &entry);
}

/// `QuotaWaitSeconds`: how long a state has waited, because AWS throttles its function; nothing if
/// the payload does not say since when.
pub fn throttled(payload: &RawValue) {
    #[derive(Deserialize)]
    struct Waiting {
        execution: ExecutionArn,
        entered: Timestamp,
    }
    let Ok(waiting) = serde_json::from_str::<Waiting>(payload.get()) else {
        return;
    };
    let machine = &waiting.execution.state_machine_arn();
    let waited: Duration = Timestamp::now()
        .duration_since(waiting.entered)
        .try_into()
        .unwrap_or_default();
    let entry = QuotaWait {
        machine: name(machine),
        seconds: waited.as_secs(),
    };
    write(&[MACHINE], &entry);
}

/// `TimeToDecision`: from the write of the policy until the decision, in milliseconds; nothing if
/// the decision has no time.
pub fn decided(execution: &ExecutionArn, change: &PolicyChange, decision: &Decision) {
    let Some(time) = decision.time else {
        return;
    };
    let machine = &execution.state_machine_arn();
    let entry = DecisionTime {
        machine: name(machine),
        time: since(change, time),
    };
    write(&[MACHINE], &entry);
}

/// The last part of a state machine's ARN.
fn name(machine: &str) -> &str {
    machine.rsplit(':').next().unwrap_or(machine)
}

/// Clocks differ: a time before the write counts as zero.
fn since(change: &PolicyChange, time: Timestamp) -> Duration {
    time.duration_since(change.event_time)
        .try_into()
        .unwrap_or_default()
}

fn write(dimensions: &[&str], entry: &impl Entry) {
    let written = line(dimensions, entry).and_then(|line| {
        std::io::stdout()
            .write_all(&line)
            .map_err(IoStreamError::Io)
    });
    if let Err(error) = written {
        tracing::warn!(%error, "a metric could not be written");
    }
}

fn line(dimensions: &[&str], entry: &impl Entry) -> Result<Vec<u8>, IoStreamError> {
    let dimensions = dimensions.iter().map(|&name| name.to_owned()).collect();
    let mut format = Emf::builder(NAMESPACE.to_owned(), vec![dimensions]).build();
    let mut line = Vec::new();
    format.format(entry, &mut line)?;
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_line_is_in_the_embedded_metric_format() {
        let entry = JudgedCount {
            machine: name("arn:aws:states:us-east-1:111122223333:stateMachine:guard-incidents"),
            verdict: VerdictResult::Restricted.as_str(),
            judged: 1,
        };
        let text = String::from_utf8(line(&[MACHINE, "Verdict"], &entry).unwrap()).unwrap();
        assert!(text.ends_with('\n') && text.lines().count() == 1, "{text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            value.pointer("/_aws/CloudWatchMetrics"),
            Some(&json!([{
                "Namespace": "IamPolicyGuard",
                "Dimensions": [["StateMachine", "Verdict"]],
                "Metrics": [{"Name": "Judged"}],
            }]))
        );
        assert_eq!(
            value.pointer("/StateMachine"),
            Some(&json!("guard-incidents"))
        );
        assert_eq!(value.pointer("/Verdict"), Some(&json!("restricted")));
        assert_eq!(value.pointer("/Judged"), Some(&json!(1)));
        assert!(value.pointer("/_aws/Timestamp").is_some_and(Value::is_u64));
    }

    #[test]
    fn times_are_milliseconds() {
        let entry = ContainmentTime {
            machine: "guard-incidents",
            time: Duration::from_millis(2_500),
        };
        let text = line(&[MACHINE], &entry).unwrap();
        let value: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(value.pointer("/TimeToContainment"), Some(&json!(2500)));
        assert_eq!(
            value.pointer("/_aws/CloudWatchMetrics/0/Metrics"),
            Some(&json!([{"Name": "TimeToContainment", "Unit": "Milliseconds"}]))
        );
    }

    #[test]
    fn dimension_values_are_the_words_of_the_execution() {
        for verdict in VerdictResult::ALL {
            assert_eq!(json!(verdict), json!(verdict.as_str()));
        }
        for response in Response::ALL {
            assert_eq!(json!(response), json!(response.as_str()));
        }
        for outcome in OutcomeResult::ALL {
            assert_eq!(json!(outcome), json!(outcome.as_str()));
        }
    }
}
