//! What the last sweep left.

use std::time::Duration;

use aws_sdk_sfn::types::ExecutionStatus;
use fixtures::{block_on, sweeps};
use iam_model::{StepFunctions, Sweep};
use incident::ExecutionArn;
use incident::survey::{GrantId, SweepOutput};
use lambda_kit::{FailureName, SweepError};
use serde_json::json;

const KNOWN: &str = "q3Fzq3Fzq3Fzq3Fz";

fn output(started_at: &str) -> String {
    json!({
        "startedAt": started_at, "rules": "digest", "memory": [KNOWN],
        "counts": {
            "users": 0, "groups": 0, "roles": 0, "managedPolicies": 0, "inlinePolicies": 0,
            "restricted": {"managed": 1, "inline": 0, "attachments": 0, "memberships": 0, "reserved": 0},
            "new": 0, "accounted": 0, "started": 0, "pending": 0, "gone": 0,
        },
    })
    .to_string()
}

/// Step Functions with a sweep at each of the first hours, the newest last.
fn hourly(count: i64) -> StepFunctions {
    let step_functions = StepFunctions::default();
    for hour in 0..count {
        let output = output(&format!("2026-11-01T{:02}:00:00Z", hour % 24));
        let sweep = Sweep::succeeded(&format!("sweep{hour}"), hour * 3600, &output);
        step_functions.sweep(sweep);
    }
    step_functions
}

fn last(step_functions: &StepFunctions) -> Result<Option<SweepOutput>, SweepError> {
    block_on(sweeps(step_functions).last())
}

fn hour_of_last(step_functions: &StepFunctions) -> String {
    let last = last(step_functions).unwrap().unwrap();
    last.started_at.strftime("%H").to_string()
}

fn change_newest(step_functions: &StepFunctions, change: impl FnOnce(&mut Sweep)) {
    step_functions.change_sweeps(|sweeps| change(sweeps.last_mut().unwrap()));
}

#[test]
fn before_the_first_sweep_there_is_none() {
    assert_eq!(last(&StepFunctions::default()).unwrap(), None);
    let step_functions = StepFunctions::default();
    step_functions.sweep(Sweep::running("now", 0));
    step_functions.sweep(Sweep::running("stopped", 0));
    step_functions.end_sweep("stopped", None);
    assert_eq!(last(&step_functions).unwrap(), None);
}

#[test]
fn the_newest_one_counts_that_is_the_guards_own() {
    let step_functions = hourly(4);
    assert_eq!(hour_of_last(&step_functions), "03");
    change_newest(&step_functions, |sweep| sweep.redrives = 1);
    assert_eq!(hour_of_last(&step_functions), "02");
    step_functions.change_sweeps(|sweeps| sweeps[2].of_version = true);
    assert_eq!(hour_of_last(&step_functions), "01");
    step_functions.change_sweeps(|sweeps| sweeps[1].output = Some("{}".to_owned()));
    assert_eq!(hour_of_last(&step_functions), "00");
    // What runs, failed or was stopped has left nothing.
    for status in [
        ExecutionStatus::Running,
        ExecutionStatus::Failed,
        ExecutionStatus::Aborted,
        ExecutionStatus::TimedOut,
    ] {
        step_functions.sweep(Sweep {
            status,
            ..Sweep::succeeded("other", 9 * 3600, &output("2026-11-01T09:00:00Z"))
        });
    }
    assert_eq!(hour_of_last(&step_functions), "00");
}

/// Whoever may redrive sweeps must not blind the ones to come.
#[test]
fn a_hundred_redriven_sweeps_hide_nothing() {
    let step_functions = hourly(101);
    step_functions.change_sweeps(|sweeps| sweeps.iter_mut().skip(1).for_each(|it| it.redrives = 1));
    let before = step_functions.calls().len();
    assert_eq!(hour_of_last(&step_functions), "00");
    let calls = step_functions.calls();
    assert_eq!(
        calls[before..],
        ["ListExecutions", "ListExecutions", "DescribeExecution"]
    );
}

/// A first sweep would be a baseline, so nobody must be able to make one look like the first.
#[test]
fn where_none_can_be_read_there_is_no_baseline() {
    let broken: [fn(&mut Sweep); 6] = [
        |sweep| sweep.redrives = 1,
        |sweep| sweep.of_version = true,
        |sweep| sweep.output = None,
        |sweep| sweep.output = Some(String::new()),
        |sweep| sweep.output = Some("null".to_owned()),
        |sweep| sweep.output = Some(json!({"busy": "arn"}).to_string()),
    ];
    for (number, change) in broken.into_iter().enumerate() {
        let step_functions = hourly(1);
        change_newest(&step_functions, change);
        let error = last(&step_functions).unwrap_err();
        let SweepError::Unreadable { execution, .. } = &error else {
            panic!("{number}: {error}");
        };
        assert_eq!(execution.as_str(), step_functions_arn("sweep0"));
        let error = lambda_kit::HandlerError::from(error);
        assert_eq!(error.name(), FailureName::SweepUnreadable, "{number}");
        assert!(error.to_string().contains("sweep0"), "{error}");
    }
}

fn step_functions_arn(name: &str) -> String {
    Sweep::running(name, 0).arn()
}

#[test]
fn a_grant_is_known_since_the_sweep_that_knew_it_last() {
    let step_functions = hourly(3);
    let since = |id: &str| {
        let id = GrantId::try_from(id.to_owned()).unwrap();
        block_on(sweeps(&step_functions).known_since(&id, None)).unwrap()
    };
    assert_eq!(since(KNOWN).unwrap().to_string(), "2026-11-01T02:00:00Z");
    assert_eq!(since("AAAAAAAAAAAAAAAA"), None);
}

fn before(step_functions: &StepFunctions, me: &str) -> Result<Option<String>, SweepError> {
    let me = ExecutionArn::parse(&step_functions_arn(me)).unwrap();
    let found = block_on(sweeps(step_functions).running_before(&me))?;
    Ok(found.map(|it| it.as_str().rsplit(':').next().unwrap().to_owned()))
}

#[test]
fn of_those_that_run_one_is_the_first() {
    let step_functions = hourly(3);
    for (name, second) in [("b", 100), ("a", 100), ("late", 101), ("early", 99)] {
        step_functions.sweep(Sweep::running(name, second));
    }
    let first = Some("early".to_owned());
    assert_eq!(before(&step_functions, "early").unwrap(), None);
    for name in ["a", "b", "late"] {
        assert_eq!(before(&step_functions, name).unwrap(), first);
    }
    step_functions.end_sweep("early", None);
    // At the same moment, the names decide, so that one of them goes on.
    assert_eq!(before(&step_functions, "a").unwrap(), None);
    assert_eq!(before(&step_functions, "b").unwrap(), Some("a".to_owned()));
}

/// Whoever starts many sweeps keeps none from being the first.
#[test]
fn many_that_run_hide_none() {
    let step_functions = StepFunctions::default();
    step_functions.sweep(Sweep::running("first", 1));
    for number in 0..100 {
        step_functions.sweep(Sweep::running(&format!("more{number}"), 2));
    }
    assert_eq!(before(&step_functions, "first").unwrap(), None);
    let first = Some("first".to_owned());
    assert_eq!(before(&step_functions, "more0").unwrap(), first);
}

/// The list is consistent in the end only.
#[test]
fn a_sweep_that_is_not_listed_yet_is_waited_for() {
    let step_functions = StepFunctions::default();
    let error = before(&step_functions, "me").unwrap_err();
    let error = lambda_kit::HandlerError::from(error);
    assert!(error.name().is_transient(), "{error}");
    assert_eq!(step_functions.calls().len(), 4);
    let waited = async {
        let sweeps = sweeps(&step_functions);
        let me = ExecutionArn::parse(&step_functions_arn("me")).unwrap();
        let (found, ()) = tokio::join!(sweeps.running_before(&me), async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            step_functions.sweep(Sweep::running("me", 1));
        });
        found
    };
    assert_eq!(block_on(waited).unwrap(), None);
}
