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
    assert_eq!(
        states["ValidatePolicy"]["Output"],
        "{% $states.result.Payload %}"
    );
    // Its own input is what the catchers of the first state made.
    assert_eq!(
        states["ValidateOnceMore"]["Output"],
        "{% $merge([$states.result.Payload, $exists($states.input.tries) ? {'tries': $states.input.tries} : {}]) %}"
    );
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
        for &name in FailureName::ALL {
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

/// The states whose failure leaves a grant in force: they are tried again.
const CONTAINING: [&str; 3] = ["ValidatePolicy", "ValidateOnceMore", "TempRemove"];

#[test]
fn a_containment_is_tried_again_unless_no_try_can_succeed() {
    let names: Vec<String> = FailureName::ALL
        .iter()
        // Of a containment nobody asks for a proof.
        .filter(|name| name.is_final() && **name != FailureName::DecisionUnproven)
        .map(|name| format!("'{name}'"))
        .collect();
    let list = format!("$states.errorOutput.Error in [{}]", names.join(", "));
    for (name, state) in &states() {
        let catchers = state["Catch"].as_array().cloned().unwrap_or_default();
        let all = catchers
            .iter()
            .find(|catcher| catcher["ErrorEquals"][0] == "States.ALL");
        let Some(all) = all else { continue };
        let failure = all["Assign"]["failure"].as_str().unwrap_or_default();
        let tries = failure.contains("'again': $count < 100");
        assert_eq!(tries, CONTAINING.contains(&name.as_str()), "{name}");
        assert_eq!(failure.contains(&list), tries, "{name}: {list}");
        assert_eq!(all["Next"] == "CountTries", tries, "{name}");
    }
}

/// The number behind a text of an expression.
fn number_after(expression: &Value, text: &str) -> usize {
    let (_, rest) = expression.as_str().unwrap().split_once(text).unwrap();
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

/// A history with more than 25,000 events ends its execution (Step Functions Developer Guide, "Step Functions service quotas").
#[test]
fn the_longest_history_has_room() {
    let states = states();
    let most_of = |name: &str| {
        let retries = states[name]["Retry"].as_array().unwrap().iter();
        let retries = retries.map(|retry| retry["MaxAttempts"].as_u64().unwrap_or(3));
        let attempts = 1 + retries.sum::<u64>();
        // Entered and exited; and each attempt is scheduled and started, and ends.
        2 + 3 * usize::try_from(attempts).unwrap()
    };
    let temp_remove = &states["TempRemove"];
    let rounds = number_after(
        &states["CheckQuarantine"]["Choices"][0]["Condition"],
        "$states.input.rounds < ",
    );
    let used = number_after(&temp_remove["Catch"][1]["Output"], "'rounds': ");
    let tries = number_after(&temp_remove["Catch"][1]["Assign"]["failure"], "$count < ");
    // Each round with all its retries, a choice after it, and once the way through the state that believes IAM.
    let round = most_of("TempRemove") + 2;
    let believing = most_of("TempRemove") + 2;
    let waiting = 8;
    let telling = 2 * ["AssessFailure", "ReportFailure", "ReportFailurePlainly"]
        .map(most_of)
        .iter()
        .sum::<usize>();
    let first =
        most_of("ValidatePolicy") + most_of("ValidateOnceMore") + 4 + rounds * round + believing;
    let later = (rounds - used) * round + believing + waiting;
    // The ways of an answer, of which there are three.
    let answering = 3 * (most_of("AskUser") + most_of("Approved") * 2 + 10)
        + most_of("Denied") * 2
        + most_of("ReportOutcome");
    let longest = first + (tries - 1) * later + telling + answering;
    assert!(longest < 25_000, "{longest}");
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
