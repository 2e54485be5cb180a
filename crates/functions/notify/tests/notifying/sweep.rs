//! The task of the sweep: its own state machine sends it, and no other execution can.

use iam_model::Sweep;

use super::*;

const SWEEP: &str = "arn:aws:states:us-east-1:111122223333:execution:guard-sweep:one";

/// What `ReportSweep` sends.
fn report() -> Value {
    let restricted =
        json!({"managed": 1, "inline": 0, "attachments": 0, "memberships": 0, "reserved": 0});
    json!({
        "task": "reportSweep",
        "execution": SWEEP,
        "entered": "2026-03-02T09:15:31.482Z",
        "report": {
            "reason": "first", "startedAt": "2026-03-02T09:15:27Z", "account": "111122223333",
            "stateMachine": "arn:aws:states:us-east-1:111122223333:stateMachine:guard-incidents",
            "counts": {
                "users": 1, "groups": 1, "roles": 2, "managedPolicies": 3, "inlinePolicies": 4,
                "restricted": restricted,
                "new": 0, "accounted": 0, "started": 0, "pending": 0, "gone": 0,
            },
            "most": 20,
            "patterns": [{"pattern": "s3:DeleteBucket", "grants": 1}],
            "grants": [{
                "subject": {"type": "managed", "arn": "arn:aws:iam::111122223333:policy/deploy"},
                "response": "contain",
                "patterns": ["s3:DeleteBucket"],
            }],
        },
    })
}

/// A sweep that runs this state, with what it sent.
fn sweeping(state: &str, payload: &Value) -> Execution {
    let mut execution = running(state, payload);
    execution.machine = Sweep::MACHINE.to_owned();
    execution.arn = SWEEP.to_owned();
    execution
}

fn call(execution: &str) -> NotifyCall {
    let forged = json!({
        "task": "reportSweep", "execution": execution,
        "report": {"account": "forged", "grants": "forged"},
    });
    serde_json::from_value(forged).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_report_of_a_sweep_is_mailed_as_its_history_has_it() {
    let (client, published) = topic();
    let sweep = sweeping("ReportSweep", &report());
    let notified = invoke(&client, &sweep, call(SWEEP)).await.unwrap();
    assert!(notified.token.is_none() && notified.key_sha256.is_none());
    let published = published.lock().unwrap();
    assert_eq!(published.len(), 1);
    let message = published[0].message().unwrap();
    for part in ["the account 111122223333", "policy/deploy", SWEEP] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(!message.contains("forged"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_chat_gets_the_same_facts() {
    let (client, published) = topic();
    let sweep = sweeping("ReportSweep", &report());
    invoke_with_chat(&client, &sweep, call(SWEEP))
        .await
        .unwrap();
    let published = published.lock().unwrap();
    let topics: Vec<_> = published.iter().map(|it| it.topic_arn().unwrap()).collect();
    assert_eq!(topics, [TOPIC, CHAT]);
    let message: Value = serde_json::from_str(published[1].message().unwrap()).unwrap();
    let shown = message["content"]["description"].as_str().unwrap();
    for part in ["111122223333", "s3:DeleteBucket"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_sweep_that_runs_is_mailed() {
    let of = || sweeping("ReportSweep", &report());
    let elsewhere = sweeping("Survey", &report());
    let mut answered = of();
    answered.in_flight = false;
    let mut redriven = of();
    redriven.redriven = true;
    let mut version = of();
    version.version = Some(format!("{}:1", Sweep::MACHINE));
    let mut ended = of();
    ended.end = Some((HistoryEventType::ExecutionAborted, Value::Null));
    let mut other = of();
    other.arn = SWEEP.replace(":one", ":two");
    let mut unreadable = report();
    unreadable["report"]["reason"] = json!("unknown");
    // An execution of the incidents, whose caller chooses its input and its name.
    let mut incident = running("ReportSweep", &report());
    incident.arn = EXECUTION.to_owned();
    for (execution, asked, what) in [
        (elsewhere, SWEEP, "another state"),
        (answered, SWEEP, "a task that has answered"),
        (redriven, SWEEP, "a redriven sweep"),
        (version, SWEEP, "a version"),
        (ended, SWEEP, "a sweep that was stopped"),
        (other, SWEEP, "a sweep that does not exist"),
        (
            sweeping("ReportSweep", &unreadable),
            SWEEP,
            "another report",
        ),
        (incident, EXECUTION, "an execution of the incidents"),
    ] {
        let (client, published) = topic();
        let answer = invoke(&client, &execution, call(asked)).await;
        assert!(answer.is_err(), "{what}");
        assert!(published.lock().unwrap().is_empty(), "{what}");
    }
}

/// A sweep has no incident, whatever it says.
#[tokio::test(start_paused = true)]
async fn a_sweep_sends_no_mail_of_an_incident() {
    for &task in NotifyTask::ALL {
        let (client, published) = topic();
        let mut payload = failure();
        payload["execution"] = json!(SWEEP);
        let sweep = sweeping(task.state(), &payload);
        let mut call = call(SWEEP);
        call.task = task;
        assert!(invoke(&client, &sweep, call).await.is_err(), "{task:?}");
        assert!(published.lock().unwrap().is_empty(), "{task:?}");
    }
}

/// A sweep that started many incidents has its beginning on another page of its history.
#[tokio::test(start_paused = true)]
async fn a_version_of_the_sweep_is_found_behind_a_long_history() {
    for (version, is_mailed) in [(None, true), (Some(format!("{}:1", Sweep::MACHINE)), false)] {
        let mut sweep = sweeping("StartIncident", &report());
        for _ in 0..20 {
            sweep = sweep.then("StartIncident", json!({}));
        }
        sweep = sweep.then("ReportSweep", json!({}));
        sweep.version = version;
        let (client, published) = topic();
        let answer = invoke(&client, &sweep, call(SWEEP)).await;
        assert_eq!(answer.is_ok(), is_mailed);
        assert_eq!(published.lock().unwrap().len(), usize::from(is_mailed));
    }
}
