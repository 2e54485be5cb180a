//! What the state machine asks before it takes something back.

use std::collections::BTreeSet;

use incident::Call;
use incident::survey::{SweepOutput, hint_name};
use serde_json::{Value, json};

use crate::definition;
use crate::roles::statements;
use crate::transformed::many;

/// The expression that says whether the sweep lists the addition.
fn asks() -> String {
    let states = definition()["States"].clone();
    let asks = &states["DescribeExecution"]["Assign"]["lookedUp"];
    asks.as_str().unwrap().to_owned()
}

/// Only an answer of CloudTrail or of Step Functions lets an addition go.
#[test]
fn only_the_two_questions_confirm() {
    let states = definition()["States"].as_object().unwrap().clone();
    let confirming: BTreeSet<&str> = Call::ALL
        .iter()
        .filter(|call| call.confirms())
        .map(|call| call.as_str())
        .collect();
    let mut setting = BTreeSet::new();
    for (name, state) in &states {
        let mut places = vec![state];
        for part in ["Catch", "Choices"] {
            places.extend(many(&state[part]));
        }
        for value in places.iter().map(|place| &place["Assign"]["lookedUp"]) {
            if !value.is_null() && *value != json!(false) {
                setting.insert(name.as_str());
            }
        }
    }
    assert_eq!(setting, confirming);
    // A question that fails sets nothing.
    for name in confirming {
        let [caught] = many(&states[name]["Catch"])[..] else {
            panic!("{name} has more than one catcher");
        };
        assert!(caught["Assign"]["lookedUp"].is_null(), "{name}");
    }
}

#[test]
fn a_sweep_counts_as_it_counts_for_the_next_one() {
    let state = definition()["States"]["DescribeExecution"].clone();
    let asks = asks();
    for condition in [
        "$sweep.Status = 'SUCCEEDED'",
        "$sweep.StateMachineArn = $replace($states.context.StateMachine.Id, /-incidents$/, '-sweep')",
        "$type($sweep.StateMachineVersionArn) = 'string'",
        "$type($sweep.StateMachineAliasArn) = 'string'",
        "$sweep.RedriveCount > 0",
        "$states.context.Execution.Name = $states.input.verdict.change.eventId",
        "$states.input.work.action.grant in $parse($sweep.Output).asked",
    ] {
        assert!(asks.contains(condition), "{asks}: {condition}");
    }
    // The function learns the same, and nothing else: the output has no room in the data.
    let swept = json!({"status": "{% $states.result.Status %}", "asks": asks});
    assert_eq!(state["Assign"]["done"], json!({"swept": swept}));
    assert_eq!(state["Output"], "{% $states.input %}");
    let arn = json!({"ExecutionArn": "{% $states.input.verdict.change.actor.arn %}"});
    assert_eq!(state["Arguments"], arn);
}

/// The output of a sweep that asks about one addition.
fn a_sweep() -> Value {
    json!({
        "startedAt": "2026-03-02T09:15:31Z", "rules": "r", "memory": [], "lost": [],
        "asked": ["AAAAAAAAAAAAAAAA"], "denials": [], "moreDenials": 0,
        "counts": {
            "users": 0, "groups": 0, "roles": 0, "managedPolicies": 0, "inlinePolicies": 0,
            "restricted": {
                "managed": 0, "inline": 0, "attachments": 0, "memberships": 0, "reserved": 0
            },
            "new": 1, "accounted": 0, "started": 1, "pending": 0, "gone": 0
        },
    })
}

/// The member that the definition reads is the one that a sweep writes.
#[test]
fn a_sweep_writes_what_the_definition_reads() {
    let output = a_sweep();
    let read = SweepOutput::read(&output.to_string()).unwrap();
    let sweep = "arn:aws:states:us-east-1:111122223333:execution:guard-sweep:5c1f2c3e";
    let sweep = serde_json::from_value(json!(sweep)).unwrap();
    let written: Value = serde_json::to_value(&read).unwrap();
    assert_eq!(written["asked"], output["asked"]);
    // The name of an execution has at most 80 characters.
    assert!(hint_name(&read.asked[0], &sweep).len() <= 80);
}

/// It reads the sweeps of its stack, and no other execution.
#[test]
fn the_state_machine_reads_sweeps_only() {
    let reading: Vec<&Value> = statements("PolicyApprovalRole", "Allow")
        .into_iter()
        .filter(|statement| {
            let actions = many(&statement["Action"]).into_iter();
            let mut actions = actions.filter_map(Value::as_str);
            actions.any(|action| action.starts_with("states:") && action != "states:StartExecution")
        })
        .collect();
    let arn = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:execution:";
    let sweeps = format!("{arn}${{AWS::StackName}}-sweep:*");
    let expected = json!({
        "Effect": "Allow", "Action": "states:DescribeExecution", "Resource": {"Fn::Sub": sweeps}
    });
    assert_eq!(reading, [&expected]);
}

/// A state has room for 256 KB, and the output of the sweep stands in its answer as a text.
#[test]
fn the_longest_output_of_a_sweep_fits_into_its_description() {
    let mut longest = a_sweep();
    let id = json!("AAAAAAAAAAAAAAAA");
    longest["memory"] = json!(vec![&id; SweepOutput::MAX_GRANTS]);
    longest["asked"] = json!(vec![&id; 200]);
    // A path of a policy may have quotes, which are escaped once more.
    let denial = "\"".repeat(500);
    let bytes = serde_json::to_string(&denial).unwrap().len() + 1;
    longest["denials"] = json!(vec![denial; SweepOutput::DENIAL_BYTES / bytes]);
    longest["probeError"] = json!("\"".repeat(1_000));
    let input = "\"".repeat(10_000);
    let described = json!({"Output": longest.to_string(), "Input": json!(input).to_string()});
    let bytes = described.to_string().len();
    assert!(bytes < 256 * 1024, "{bytes}");
    println!("the description of the longest sweep has {bytes} bytes");
}
