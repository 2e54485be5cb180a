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

/// The caller that starts an execution can put any member into its input. No member reaches another
/// state.
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
        let timeout = &state["TimeoutSeconds"];
        assert!(
            timeout.is_u64() || timeout == "{% ${ApprovalTimeoutSeconds} %}",
            "{name} can wait for ever"
        );
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
fn each_task_retries_transient_errors_and_no_others() {
    for (state_name, state) in states()
        .iter()
        .filter(|(_, state)| resource_is(state, "lambda:invoke"))
    {
        let retried = error_names(state, "Retry");
        for &name in FailureName::ALL {
            // Only a state that reads or writes a policy can find that IAM does not show it, and
            // only until its answer is believed.
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

/// The choice that stops the tries: its condition names their number and the final errors.
fn last_try() -> Value {
    states()["CountTries"]["Choices"][0].clone()
}

#[test]
fn a_containment_is_tried_again_unless_no_try_can_succeed() {
    let names: Vec<String> = FailureName::ALL
        .iter()
        // No task of a containment asks for a proof.
        .filter(|name| name.is_final() && **name != FailureName::DecisionUnproven)
        .map(|name| format!("'{name}'"))
        .collect();
    let list = format!("$failure.Error in [{}]", names.join(", "));
    let condition = last_try()["Condition"].as_str().unwrap().to_owned();
    assert!(condition.contains(&list), "{condition}: {list}");
    let failure = "{% $merge([$states.errorOutput, {'state': $states.context.State.Name}]) %}";
    for (name, state) in &states() {
        let catchers = state["Catch"].as_array().cloned().unwrap_or_default();
        let last = catchers.last().map_or(&Value::Null, |last| &last["Next"]);
        let tries = CONTAINING.contains(&name.as_str());
        assert_eq!(last == "CountTries", tries, "{name}");
        if tries || last == "AssessFailure" {
            assert_eq!(
                catchers.last().unwrap()["Assign"]["failure"],
                failure,
                "{name}"
            );
        }
    }
}

/// An expression that reads an unassigned variable fails, so every way out of the first state
/// assigns them.
#[test]
fn the_first_state_assigns_the_variables_that_later_states_read() {
    let first = &states()["ValidatePolicy"];
    let catchers = first["Catch"].as_array().unwrap();
    for assign in catchers.iter().chain([first]).map(|it| &it["Assign"]) {
        let tries = serde_json::json!({"count": 0, "reported": false});
        assert_eq!(assign["tries"], tries);
        assert_eq!(assign["rounds"], 0);
    }
    let count = "{% $tries.count + 1 %}";
    for (name, state) in &states() {
        assert_eq!(
            state.to_string().contains(count),
            name == "CountTries",
            "{name} counts"
        );
    }
}

/// The number after a text in an expression.
fn number_after(expression: &Value, text: &str) -> usize {
    let (_, rest) = expression.as_str().unwrap().split_once(text).unwrap();
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

/// A history with more than 25,000 events ends its execution (Step Functions Developer Guide, "Step
/// Functions service quotas").
#[test]
fn the_longest_history_has_room() {
    let states = states();
    let most_of = |name: &str| {
        let retries = states[name]["Retry"].as_array().unwrap().iter();
        let retries = retries.map(|retry| retry["MaxAttempts"].as_u64().unwrap_or(3));
        let attempts = 1 + retries.sum::<u64>();
        // A state is entered and exited. Each attempt is scheduled and started, and ends.
        2 + 3 * usize::try_from(attempts).unwrap()
    };
    let temp_remove = &states["TempRemove"];
    let rounds = number_after(
        &states["CheckQuarantine"]["Choices"][0]["Condition"],
        "$rounds < ",
    );
    let used = &temp_remove["Catch"][1]["Assign"]["rounds"];
    assert_eq!(
        used,
        &states["CheckQuarantine"]["Choices"][1]["Assign"]["rounds"]
    );
    let used = usize::try_from(used.as_u64().unwrap()).unwrap();
    // The condition reads the count of the tries before.
    let tries = 1 + number_after(&last_try()["Condition"], "$tries.count >= ");
    // Each round has all retries and a choice after it, and one run of the task believes IAM.
    let round = most_of("TempRemove") + 2;
    let believing = most_of("TempRemove") + 2;
    let waiting = 8;
    let reporting = 2 * ["AssessFailure", "ReportFailure", "ReportFailurePlainly"]
        .map(most_of)
        .iter()
        .sum::<usize>();
    let first =
        most_of("ValidatePolicy") + most_of("ValidateOnceMore") + 4 + rounds * round + believing;
    let later = (rounds - used) * round + believing + waiting;
    // The paths of the three answers.
    let answering = 3 * (most_of("AskUser") + most_of("Approved") * 2 + 10)
        + most_of("Denied") * 2
        + most_of("ReportOutcome");
    let longest = first + (tries - 1) * later + reporting + answering;
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
