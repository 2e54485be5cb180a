//! The state machine and the code.

use std::collections::BTreeSet;

use lambda_kit::FailureName;
use serde_json::{Map, Value};

use crate::{definition, texts};

fn states() -> Map<String, Value> {
    definition()["States"].as_object().unwrap().clone()
}

fn resource_is(state: &Value, suffix: &str) -> bool {
    state["Resource"]
        .as_str()
        .is_some_and(|resource| resource.ends_with(suffix))
}

fn error_names(state: &Value, field: &str) -> BTreeSet<String> {
    let blocks = state[field].as_array().cloned().unwrap_or_default();
    blocks
        .iter()
        .flat_map(|block| texts(&block["ErrorEquals"]))
        .collect()
}

#[test]
fn the_published_states_are_there() {
    let states = states();
    for name in [
        "ValidatePolicy",
        "ChooseAction",
        "AllowWithNotification",
        "TempRemove",
        "AskUser",
        "UsersChoice",
        "Approved",
        "Denied",
    ] {
        assert!(states.contains_key(name), "{name}");
    }
}

#[test]
fn the_functions_that_change_policies_get_the_execution_and_nothing_else() {
    for name in ["TempRemove", "Approved", "Denied"] {
        let payload = &states()[name]["Arguments"]["Payload"];
        assert_eq!(
            payload,
            &serde_json::json!({"execution": "{% $states.context.Execution.Id %}"}),
            "{name}"
        );
    }
}

/// Whoever starts an execution can put any member into its input; none of them reaches another state.
#[test]
fn the_first_states_hand_on_new_objects() {
    let states = states();
    for name in ["ValidatePolicy", "ValidateOnceMore"] {
        assert_eq!(
            states[name]["Output"], "{% $states.result.Payload %}",
            "{name}"
        );
    }
    for catcher in states["ValidatePolicy"]["Catch"].as_array().unwrap() {
        let output = catcher["Output"].as_str().unwrap();
        assert!(!output.contains("$states.input"), "{output}");
        // Each member is named, and cut.
        assert!(output.contains("{'event': {'account': $short("), "{output}");
    }
}

#[test]
fn every_task_retries_and_has_a_way_to_the_failure_mail() {
    for (name, state) in states().iter().filter(|(_, state)| state["Type"] == "Task") {
        let retries = state["Retry"].as_array().unwrap();
        assert!(!retries.is_empty(), "{name} has no Retry");
        for retry in retries.iter().filter(|retry| retry["MaxAttempts"] != 0) {
            assert!(
                retry["MaxAttempts"].is_u64(),
                "{name}: a retry without a bound"
            );
            assert!(
                retry["BackoffRate"].as_f64().unwrap() > 1.0,
                "{name}: a retry without backoff"
            );
        }
        assert!(
            error_names(state, "Catch").contains("States.ALL"),
            "{name} lets errors through"
        );
        assert!(state["TimeoutSeconds"].is_u64(), "{name} can wait for ever");
    }
}

#[test]
fn names_of_errors_are_names_that_the_functions_have() {
    let known: BTreeSet<&str> = FailureName::ALL.iter().map(|name| name.as_str()).collect();
    let of_aws = |name: &str| name.contains('.');
    for (state_name, state) in &states() {
        for field in ["Retry", "Catch"] {
            for name in error_names(state, field) {
                assert!(
                    of_aws(&name) || known.contains(name.as_str()),
                    "{state_name} {field} lists `{name}`, which no function has"
                );
            }
        }
    }
}

#[test]
fn what_passes_by_itself_is_retried_and_nothing_else() {
    for (state_name, state) in states()
        .iter()
        .filter(|(_, state)| resource_is(state, "lambda:invoke"))
    {
        let retried = error_names(state, "Retry");
        for name in FailureName::ALL {
            // Only a state that reads or writes a policy can find that IAM does not show it, and only until its answer is believed.
            let expected = name.is_transient()
                && (name != FailureName::ChangeNotVisible
                    || error_names(state, "Catch").contains(name.as_str()));
            assert_eq!(
                retried.contains(name.as_str()),
                expected,
                "{state_name}: {name}"
            );
        }
        assert!(
            !retried.contains("States.ALL") && !retried.contains("States.TaskFailed"),
            "{state_name} retries what cannot pass"
        );
    }
}

#[test]
fn every_choice_has_a_default() {
    for (name, state) in states()
        .iter()
        .filter(|(_, state)| state["Type"] == "Choice")
    {
        assert!(
            state["Default"].is_string(),
            "{name} can end without a match"
        );
    }
}

#[test]
fn only_the_wait_for_the_administrator_takes_the_token() {
    for (name, state) in &states() {
        let takes = state.to_string().contains("Task.Token");
        assert_eq!(takes, name == "AskUser", "{name}");
    }
}
