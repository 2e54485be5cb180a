//! The state machines and the code.

use std::collections::BTreeSet;

use incident::Call;
use incident::reconcile::{CONSISTENT_AFTER, MAX_LOOKS, WAITS};
use lambda_kit::FailureName;
use serde_json::{Map, Value};

use crate::{DEFINITIONS, definition, read_json, texts};

/// The states of an incident.
fn states() -> Map<String, Value> {
    definition()["States"].as_object().unwrap().clone()
}

/// The states of all definitions, those within a map left out.
fn all_states() -> Vec<(String, Value)> {
    let definitions = DEFINITIONS.iter().map(|(_, file)| read_json(file));
    let states = definitions.map(|it| it["States"].as_object().unwrap().clone());
    states.flatten().collect()
}

fn resource_is(state: &Value, suffix: &str) -> bool {
    state["Resource"]
        .as_str()
        .is_some_and(|resource| resource.ends_with(suffix))
}

fn resource_is_part(state: &Value, part: &str) -> bool {
    state["Resource"]
        .as_str()
        .is_some_and(|resource| resource.contains(part))
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

/// Each call of the code is a state of its name, and takes its target from the verdict.
#[test]
fn each_call_to_iam_is_a_state() {
    let states = states();
    let is_action = |state: &Value| resource_is_part(state, ":::aws-sdk:");
    let actions: BTreeSet<&str> = states
        .iter()
        .filter(|(_, state)| is_action(state))
        .map(|(name, _)| name.as_str())
        .collect();
    let calls: BTreeSet<&str> = Call::ALL.iter().map(|call| call.as_str()).collect();
    assert_eq!(actions, calls);
    let choices = states["NextAction"]["Choices"].as_array().unwrap();
    for call in Call::ALL {
        let name = call.as_str();
        let state = &states[name];
        let (first, rest) = name.split_at(1);
        let operation = format!(
            ":::aws-sdk:{}:{}{rest}",
            call.service(),
            first.to_lowercase()
        );
        assert!(resource_is(state, &operation), "{name}");
        let condition = format!("{{% $states.input.work.action.call = '{name}' %}}");
        let mut leading = choices.iter().filter(|choice| choice["Next"] == name);
        assert_eq!(leading.next().unwrap()["Condition"], condition);
        assert_eq!(leading.next(), None);

        // It changes nothing, and names its event only.
        assert_eq!(call.service() != "iam", call.confirms(), "{name}");
        if call.confirms() {
            assert!(
                !state["Arguments"]
                    .to_string()
                    .contains("$states.input.work")
            );
            continue;
        }
        let mut is_guarded = false;
        let guard = if call.takes_back() {
            "{% $lookedUp and $states.context.Execution.RedriveCount = 0 ? "
        } else {
            "{% $states.context.Execution.RedriveCount = 0 ? "
        };
        for (argument, value) in state["Arguments"].as_object().unwrap() {
            let value = value.to_string();
            // A redriven execution must not change what has the name by then.
            is_guarded |= value.contains(guard) && value.contains(" : $error('redriven");
            let expected = match argument.as_str() {
                "PolicyDocument" | "VersionId" => "$states.input.work.action.",
                "SetAsDefault" => "true",
                // Never active.
                "Status" => "Inactive",
                _ => "$states.input.verdict.change.subject.",
            };
            assert!(value.contains(expected), "{name}: {argument} is {value}");
            // A function says what to write, and never where.
            let is_from_answer = value.contains("$states.input.work");
            assert_eq!(
                is_from_answer,
                expected.contains("work"),
                "{name}: {argument}"
            );
        }
        assert!(is_guarded, "{name} acts after a redrive");
        // It ends in its catcher, so that no redrive begins with it.
        let catchers = state["Catch"].as_array().unwrap();
        assert_eq!(catchers.len(), 1);
        assert_eq!(texts(&catchers[0]["ErrorEquals"]), ["States.ALL"]);
        for end in [state, &catchers[0]] {
            assert_eq!(end["Next"], "RunAgain", "{name}");
            assert_eq!(end["Output"], "{% $states.input %}", "{name}");
        }
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
fn every_task_retries_and_lets_no_error_through() {
    let states = all_states();
    for (name, state) in states.iter().filter(|(_, state)| state["Type"] == "Task") {
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
    for (state_name, state) in &all_states() {
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
    for (state_name, state) in all_states()
        .iter()
        .filter(|(_, state)| resource_is(state, "lambda:invoke"))
    {
        let retried = error_names(state, "Retry");
        for &name in FailureName::ALL {
            assert_eq!(
                retried.contains(name.as_str()),
                name.is_transient(),
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
const CONTAINING: [&str; 4] = [
    "ValidatePolicy",
    "ValidateOnceMore",
    "StartIncidents",
    "TempRemove",
];

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
        assert_eq!(assign["done"], Value::Null);
        assert!(assign.as_object().unwrap().contains_key("done"));
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

/// A function learns once what became of an action.
#[test]
fn a_task_that_learned_what_became_of_an_action_forgets_it() {
    for name in ["TempRemove", "Approved", "Denied"] {
        let state = &states()[name];
        assert_eq!(state["Arguments"]["Payload"]["done"], "{% $done %}");
        assert_eq!(state["Assign"], serde_json::json!({ "done": null }));
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
    // The condition reads the count of the tries before.
    let tries = 1 + number_after(&last_try()["Condition"], "$tries.count >= ");
    // Each look has all retries and a choice after it; each action and each wait one more.
    let action = most_of("CreatePolicyVersion") + 2;
    let (first_looks, later_looks) = MAX_LOOKS;
    let of_try = |task: &str, looks: usize, waits: usize| {
        let look = most_of(task) + 2;
        looks * (look + action) + waits * (look + 2 + 2) + look
    };
    let judging = most_of("ValidatePolicy") + CONSISTENT_AFTER * (most_of("ValidateOnceMore") + 6);
    let waiting = 8;
    let reporting = 2 * ["AssessFailure", "ReportFailure", "ReportFailurePlainly"]
        .map(most_of)
        .iter()
        .sum::<usize>();
    let first = judging + 2 + of_try("TempRemove", first_looks, WAITS.len());
    let later = most_of("ValidateOnceMore")
        + of_try("TempRemove", later_looks, WAITS.len() - CONSISTENT_AFTER)
        + waiting;
    // The paths of the three answers.
    let answering = 3 * (most_of("AskUser") + most_of("Approved") + 10)
        + of_try("Approved", first_looks, WAITS.len())
        + most_of("ReportOutcome")
        // Three events for others, and those of the second question after an allow for a time.
        + 6 * most_of("PublishEnded");
    let longest = first + (tries - 1) * later + reporting + answering;
    assert!(longest < 25_000, "{longest}");
    println!("the longest history has {longest} events");
}

#[test]
fn every_choice_has_a_default() {
    for (name, state) in all_states()
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
    for (name, state) in &all_states() {
        let takes = state.to_string().contains("Task.Token");
        assert_eq!(takes, name == "AskUser", "{name}");
    }
}
