//! The definition of the sweep: what it takes in, what it may do, and how it ends.

use std::collections::BTreeSet;

use iam_policy::{ReadyMadeList, RestrictedActions, judge};
use incident::message::{ReportSweep, SurveyRequest};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::roles::{allowed, statements, trust};
use crate::transformed::{many, of_type, properties, referred, resources, transformed};
use crate::{definition, sweep_definition};

fn state(name: &str) -> Value {
    let state = sweep_definition()["States"][name].clone();
    assert!(state.is_object(), "{name}");
    state
}

fn start_incident(definition: &Value) -> Value {
    definition["States"]["StartIncidents"]["ItemProcessor"]["States"]["StartIncident"].clone()
}

/// Whoever starts a sweep can put any member into its input. It can only ask for an e-mail.
#[test]
fn nothing_but_the_wish_for_a_report_is_read_from_the_input() {
    let definition = sweep_definition();
    assert_eq!(definition["StartAt"], "Begin");
    let begin = state("Begin");
    let length = "$length($string($states.context.Execution.Input)) <= 10000";
    assert_eq!(
        begin["Output"],
        format!("{{% {length} ? {{}} : $error('the input is too long') %}}")
    );
    assert_eq!(begin["Assign"], json!({"waits": 0}));
    assert_eq!(begin["Next"], "Survey");
    let text = definition.to_string();
    assert_eq!(text.matches("Execution.Input").count(), 2);
    let survey = state("Survey");
    let report = &survey["Arguments"]["Payload"]["report"];
    assert_eq!(
        report,
        "{% $states.context.Execution.Input.report = true %}"
    );
    assert_eq!(survey["Output"], "{% $states.result.Payload %}");
}

/// The functions can read what the states send.
#[test]
fn the_payloads_have_the_members_that_the_functions_read() {
    fn check<Request: DeserializeOwned>(name: &str, payload: &Value) {
        let sent = &state(name)["Arguments"]["Payload"];
        let keys =
            |it: &Value| -> BTreeSet<String> { it.as_object().unwrap().keys().cloned().collect() };
        assert_eq!(keys(sent), keys(payload), "{name}");
        assert_eq!(sent["task"], payload["task"], "{name}");
        let read: Result<Request, _> = serde_json::from_value(payload.clone());
        assert!(read.is_ok(), "{name}: {:?}", read.err());
    }
    let execution = "arn:aws:states:us-east-1:111122223333:execution:guard-sweep:5c1f2c3e";
    let time = "2026-03-02T09:15:31.482Z";
    let survey =
        json!({"task": "survey", "execution": execution, "startedAt": time, "report": false});
    check::<SurveyRequest>("Survey", &survey);
    let counts = json!({
        "users": 1, "groups": 1, "roles": 2, "managedPolicies": 3, "inlinePolicies": 4,
        "restricted": {"managed": 1, "inline": 0, "attachments": 1, "memberships": 0, "reserved": 0},
        "new": 0, "accounted": 0, "started": 0, "pending": 0, "gone": 0,
    });
    let report = json!({
        "reason": "first", "startedAt": time, "account": "111122223333", "counts": counts, "most": 20,
        "stateMachine": "arn:aws:states:us-east-1:111122223333:stateMachine:guard-incidents",
        "patterns": [], "grants": [],
    });
    let payload =
        json!({"task": "reportSweep", "execution": execution, "entered": time, "report": report});
    check::<ReportSweep>("ReportSweep", &payload);
}

/// What failed leaves the sweep as it was, so that the next one finds the same. What only reports
/// or proves something does not end it.
#[test]
fn a_sweep_fails_unless_only_its_proof_cannot_be_written() {
    for (name, next) in [
        ("Survey", "Failed"),
        ("StartIncidents", "Failed"),
        ("ReportSweep", "Failed"),
        ("WriteProbe", "NextStep"),
    ] {
        let catchers = state(name)["Catch"].as_array().unwrap().clone();
        assert_eq!(catchers.len(), 1, "{name}");
        assert_eq!(catchers[0]["ErrorEquals"], json!(["States.ALL"]), "{name}");
        assert_eq!(catchers[0]["Next"], next, "{name}");
        assert_eq!(state(name)["Next"], "NextStep", "{name}");
    }
    let without = state("WriteProbe")["Catch"][0]["Output"].to_string();
    assert!(without.contains("probeError"), "{without}");
    assert!(!without.contains("probedAt"), "{without}");
    let written = state("WriteProbe")["Output"].to_string();
    assert!(written.contains("'probedAt': $now()"), "{written}");
    let end = state("Swept");
    assert_eq!(end["Output"], "{% $states.input.sweep %}");
    assert_eq!(end["End"], true);
}

/// Each part of the answer leads to its state, which removes it, so that the choice ends.
#[test]
fn the_choice_takes_each_part_once() {
    let choices = state("NextStep")["Choices"].as_array().unwrap().clone();
    let leads: Vec<_> = choices.iter().map(|it| it["Next"].clone()).collect();
    let parts = [
        ("StartIncidents", "hints"),
        ("ReportSweep", "report"),
        ("WriteProbe", "writesProbe"),
    ];
    let names = parts.map(|(name, _)| name);
    let expected = ["SweepBusy", "WaitForOther"].into_iter().chain(names);
    assert_eq!(leads, expected.map(Value::from).collect::<Vec<_>>());
    for (name, part) in parts {
        let state = state(name);
        let mut ends = vec![&state["Output"]];
        let catcher = &state["Catch"][0];
        ends.extend(Some(&catcher["Output"]).filter(|_| catcher["Next"] == "NextStep"));
        for output in ends {
            let output = output.as_str().unwrap();
            let gone = output.contains(&format!("$name != '{part}'"));
            let off = output.contains(&format!("'{part}': false"));
            assert!(gone || off, "{name}: {output}");
        }
    }
}

#[test]
fn the_bounds_of_a_sweep_fit_into_each_other() {
    let survey = state("Survey");
    let seconds = |value: &Value| value.as_f64().unwrap();
    let mut longest = seconds(&survey["TimeoutSeconds"]);
    for retry in survey["Retry"].as_array().unwrap() {
        let mut pause = seconds(&retry["IntervalSeconds"]);
        for _ in 0..retry["MaxAttempts"].as_u64().unwrap() {
            longest += pause + seconds(&survey["TimeoutSeconds"]);
            pause *= seconds(&retry["BackoffRate"]);
            pause = pause.min(seconds(&retry["MaxDelaySeconds"]));
        }
    }
    let all = seconds(&sweep_definition()["TimeoutSeconds"]);
    assert!(longest < all, "a survey can take {longest} seconds");
    // Throttled, it waits for minutes.
    let throttled = survey["Retry"].as_array().unwrap().iter();
    let mut throttled =
        throttled.filter(|it| many(&it["ErrorEquals"]).contains(&&json!("Throttled")));
    assert!(seconds(&throttled.next().unwrap()["IntervalSeconds"]) >= 60.0);
    // No task outlasts the function that it waits for, but for those that judge one change.
    for (name, function) in of_type("AWS::Lambda::Function") {
        let expected = if name == "ValidatePolicyFunction" {
            300
        } else {
            30
        };
        assert_eq!(function["Timeout"], expected, "{name}");
    }
    assert!(seconds(&survey["TimeoutSeconds"]) > 300.0);
    // Ten minutes of waits for another sweep.
    let wait = state("WaitForOther");
    assert_eq!(
        (&wait["Seconds"], &wait["Next"]),
        (&json!(30), &json!("Survey"))
    );
    let busy = &state("NextStep")["Choices"][0]["Condition"];
    assert!(busy.as_str().unwrap().contains("$waits >= 20"), "{busy}");
    assert_eq!(state("SweepBusy")["Error"], "SweepBusy");
}

/// A redriven sweep acts on what was the case days ago.
#[test]
fn a_redriven_sweep_starts_and_writes_nothing() {
    let start = start_incident(&sweep_definition());
    let probe = state("WriteProbe");
    let targets = [
        &start["Arguments"]["StateMachineArn"],
        &probe["Arguments"]["RoleName"],
    ];
    for target in targets {
        let target = target.as_str().unwrap();
        assert!(target.starts_with("{% $states.context.Execution.RedriveCount = 0 ? '${"));
        assert!(target.ends_with("}' : $error('redriven') %}"), "{target}");
    }
}

/// A sweep starts incidents as an incident starts others.
#[test]
fn incidents_start_as_in_the_other_definition() {
    let [ours, others] = [sweep_definition(), definition()].map(|it| start_incident(&it));
    for member in ["Resource", "Retry", "Catch", "TimeoutSeconds", "Output"] {
        assert_eq!(ours[member], others[member], "{member}");
    }
}

/// The proof of life meets every list and helps no one.
#[test]
fn the_proof_of_life_is_restricted_and_unusable() {
    let arguments = &state("WriteProbe")["Arguments"];
    let text = arguments["PolicyDocument"].as_str().unwrap();
    assert!(!text.contains("{%"), "the same bytes each time");
    let document: Value = serde_json::from_str(&text.replace("${Partition}", "aws")).unwrap();
    for list in ReadyMadeList::ALL {
        let list = format!("@{}", list.name());
        let list = list.parse::<RestrictedActions>().unwrap();
        assert!(!judge(&document.to_string(), &list).is_clean(), "{list:?}");
    }
    let [statement] = many(&document["Statement"])[..] else {
        panic!("more than one statement: {document}");
    };
    // No bucket has this name: S3 wants three characters at least.
    assert_eq!(statement["Resource"], "arn:aws:s3:::no");
    let never = json!({"DateLessThan": {"aws:CurrentTime": "2000-01-01T00:00:00Z"}});
    assert_eq!(statement["Condition"], never);

    let trust = trust("ProbeRole");
    assert_eq!(trust["Condition"], never);
    let root = &trust["Principal"]["AWS"]["Fn::Sub"];
    assert_eq!(root, "arn:${AWS::Partition}:iam::${AWS::AccountId}:root");
    // CloudFormation deletes the policy whatever is in it, and after the state machine that writes
    // it.
    let policy = properties("ProbePolicy");
    assert_eq!(policy["PolicyName"], arguments["PolicyName"]);
    assert_eq!(referred(&policy["Roles"][0]), Some("ProbeRole"));
    let [statement] = statements("ProbeRole", "Allow")[..] else {
        panic!("more than one statement: {policy}");
    };
    assert_eq!(statement["Condition"], never);
    assert_eq!(referred(&statement["Resource"]), Some("ProbeRole"));
    assert_eq!(resources()["SweepStateMachine"]["DependsOn"], "ProbePolicy");
    for function in [
        "ValidatePolicyFunction",
        "RemediateFunction",
        "NotifyFunction",
        "ApproveCallbackFunction",
    ] {
        let variables = &properties(function)["Environment"]["Variables"];
        assert_eq!(referred(&variables["PROBE_ROLE"]), Some("ProbeRole"));
    }
}

#[test]
fn the_sweep_may_do_what_its_definition_does() {
    let substitutions = &properties("SweepStateMachine")["DefinitionSubstitutions"];
    let granted = |action: &str| -> Vec<&Value> {
        let statements = statements("SweepRole", "Allow").into_iter();
        let of = statements.filter(|it| many(&it["Action"]).contains(&&json!(action)));
        of.flat_map(|it| many(&it["Resource"])).collect()
    };
    let called = ["ValidatePolicyFunctionArn", "NotifyFunctionArn"];
    let called: Vec<_> = called.iter().map(|name| &substitutions[*name]).collect();
    assert_eq!(granted("lambda:InvokeFunction"), called);
    let machine = &substitutions["IncidentStateMachineArn"];
    assert_eq!(referred(machine), Some("PolicyApprovalStateMachine"));
    let incidents = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${AWS::StackName}-incidents";
    let incidents = json!({"Fn::Sub": incidents});
    assert_eq!(granted("states:StartExecution"), [&incidents]);
    let probe = &substitutions["ProbeRoleName"];
    assert_eq!(referred(probe), Some("ProbeRole"));
    let probe = json!({"Fn::GetAtt": ["ProbeRole", "Arn"]});
    assert_eq!(granted("iam:PutRolePolicy"), [&probe]);
    let for_the_tasks = [
        "lambda:InvokeFunction",
        "states:StartExecution",
        "iam:PutRolePolicy",
    ];
    // What Step Functions needs for logs and traces is what the other state machine has.
    let others = allowed("PolicyApprovalRole");
    let rest = allowed("SweepRole");
    for action in rest.difference(&BTreeSet::from(for_the_tasks)) {
        let of_service = action.starts_with("logs:") || action.starts_with("xray:");
        assert!(of_service && others.contains(action), "{action}");
    }
    // The functions find the sweeps by the name of their state machine.
    let sweeps = ":${AWS::StackName}-sweep";
    for (role, action) in [
        ("ValidatePolicyRole", "states:ListExecutions"),
        ("ValidatePolicyRole", "states:DescribeExecution"),
        ("NotifyRole", "states:DescribeExecution"),
        ("NotifyRole", "states:GetExecutionHistory"),
    ] {
        let mut all = statements(role, "Allow")
            .into_iter()
            .filter(|it| many(&it["Action"]).contains(&&json!(action)));
        let found = all.any(|it| it["Resource"].to_string().contains(sweeps));
        assert!(found, "{role} may not {action}");
    }
}

/// Without a schedule there is nothing that could be missing.
#[test]
fn an_empty_schedule_turns_the_sweep_off() {
    let conditions = &transformed()["Conditions"];
    let sweeps = json!({"Fn::Not": [{"Fn::Equals": [{"Ref": "SweepSchedule"}, ""]}]});
    assert_eq!(conditions["Sweeps"], sweeps);
    for (name, condition) in [
        ("SweepRule", "Sweeps"),
        ("SweepMissingAlarm", "Sweeps"),
        ("ProofOfLifeAlarm", "SweepsOnAws"),
    ] {
        assert_eq!(resources()[name]["Condition"], condition, "{name}");
    }
    let rule = properties("SweepRule");
    assert_eq!(referred(&rule["ScheduleExpression"]), Some("SweepSchedule"));
    assert!(rule["EventPattern"].is_null());
    let target = &rule["Targets"][0];
    assert_eq!(referred(&target["Arn"]), Some("SweepStateMachine"));
    assert!(target["Input"].is_null());
    // By hand, sweeps still run.
    assert!(resources()["SweepStateMachine"]["Condition"].is_null());
}
