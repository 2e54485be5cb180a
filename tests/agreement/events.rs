//! The events for others: the definition, the schema, the role, the recipes and the page about them
//! agree, and nothing that decides can be in an event.

use std::collections::BTreeSet;
use std::fs;

use incident::message::{OutcomeResult, VerdictResult};
use serde_json::{Map, Value, json};

use crate::roles::statements;
use crate::transformed::{many, of_type};
use crate::{definition, path, read, read_json};

const SCHEMA: &str = "docs/events.schema.json";

/// What an event may take of an execution.
const TAKEN: [&str; 34] = [
    "$states.context.Execution.Id",
    "$states.context.Execution.Name",
    "$states.input.event.detail",
    "$detail.eventID",
    "$detail.eventName",
    "$states.input.verdict",
    "$states.input.verdict.response",
    "$states.input.verdict.result",
    "$states.input.verdict.change",
    "$states.input.verdict.change.subject",
    "$states.input.verdict.change.actor",
    "$change.eventId",
    "$change.eventName",
    "$change.eventTime",
    "$actor.kind",
    "$actor.name",
    "$actor.arn",
    "$actor.issuerArn",
    "$actor.account",
    "$actor.invokedBy",
    "$actor.sourceIdentity",
    "$actor.delegate",
    "$actor.onBehalfOf",
    "$actor.onBehalfOf.userId",
    "$actor.onBehalfOf.identityStoreArn",
    "$of.moreRestricted",
    "$decision.action",
    "$decision.time",
    "$decision.reason",
    "$decision.minutes",
    "$states.input.outcome.result",
    "$states.input.outcome.until",
    "$failure.state",
    "$failure.Error",
];

/// What an expression only asks for, or takes a member of.
const ASKED: [&str; 5] = [
    "$states.input.quarantine",
    "$states.input.quarantine.restricted",
    "$states.input.quarantine.settled",
    "$states.input.decision",
    "$states.input.outcome",
];

/// The states that put an event.
fn publishing() -> Map<String, Value> {
    let mut states = definition()["States"].as_object().unwrap().clone();
    states.retain(|_, state| {
        let resource = state["Resource"].as_str().unwrap_or_default();
        resource.contains(":::events:")
    });
    assert_eq!(states.len(), 5);
    states
}

fn entry(state: &Value) -> &Value {
    let entries = state["Arguments"]["Entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1);
    &entries[0]
}

fn names(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

fn detail_schema() -> Value {
    read_json(SCHEMA)["properties"]["detail"].clone()
}

/// Every text in a value.
fn all_texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(all_texts).collect(),
        Value::Object(members) => members.values().flat_map(all_texts).collect(),
        _ => Vec::new(),
    }
}

/// The paths in an expression, such as `$states.input.decision`.
fn paths(expression: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
    let after = expression.match_indices('$').map(|(at, _)| at);
    let path = |at: usize| {
        let rest = &expression[at + 1..];
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        expression[at..=at + length].trim_end_matches('.')
    };
    after.map(path).filter(|path| path.contains('.')).collect()
}

#[test]
fn each_event_has_the_members_of_the_schema() {
    let schema = read_json(SCHEMA);
    let detail = detail_schema();
    let all = names(&detail["properties"]);
    let required: BTreeSet<String> = crate::texts(&detail["required"]).into_iter().collect();
    let kinds = crate::texts(&schema["properties"]["detail-type"]["enum"]);
    let mut seen = BTreeSet::new();
    for (name, state) in publishing() {
        let entry = entry(&state);
        assert_eq!(entry["EventBusName"], "default", "{name}");
        assert_eq!(
            entry["Source"], schema["properties"]["source"]["const"],
            "{name}"
        );
        let kind = entry["DetailType"].as_str().unwrap();
        assert!(kinds.iter().any(|it| it == kind), "{name}: {kind}");
        let more: &[&str] = match kind {
            "Incident opened" => &[],
            "Incident decided" => &["decision"],
            _ => &["decision", "outcome"],
        };
        let mut expected = required.clone();
        expected.extend(more.iter().map(|it| (*it).to_owned()));
        assert_eq!(names(&entry["Detail"]), expected, "{name}");
        assert_eq!(
            entry["Detail"]["version"],
            detail["properties"]["version"]["const"]
        );
        seen.extend(expected);
    }
    assert_eq!(seen, all);
}

#[test]
fn what_all_events_have_is_the_same_in_all() {
    let states = publishing();
    let common = |state: &Value| {
        let mut detail = entry(state)["Detail"].as_object().unwrap().clone();
        detail.retain(|name, _| !["decision", "outcome"].contains(&name.as_str()));
        detail
    };
    let first = common(states.values().next().unwrap());
    for (name, state) in &states {
        assert_eq!(common(state), first, "{name}");
    }
    // The same hosts as in the e-mails.
    let links = read("crates/notice/src/console.rs");
    let console = first["console"].as_str().unwrap();
    for host in links.split('"').filter(|text| text.starts_with("console.")) {
        assert!(console.contains(host), "{host}");
    }
    assert!(console.contains("/states/home?region="));
    assert!(links.contains("/states/home?region={region}#/v2/executions/details/{execution}"));
}

/// Neither a token, nor a key, nor a document, nor a link that decides.
#[test]
fn an_event_takes_nothing_but_the_facts() {
    let mut taken = BTreeSet::new();
    for (name, state) in publishing() {
        for text in all_texts(&entry(&state)["Detail"]) {
            for path in paths(&text) {
                let is_known = TAKEN.contains(&path) || ASKED.contains(&path);
                assert!(is_known, "{name} takes {path}");
                taken.insert(path.to_owned());
            }
            // What is not a path is taken as a whole.
            for variable in ["$states.input)", "$states.context)", "$states)"] {
                assert!(!text.contains(variable), "{name}: {text}");
            }
            // A verdict or a decision is never handed on as it is.
            for whole in ["verdict %}", "quarantine %}", "decision %}", "Token"] {
                assert!(!text.contains(whole), "{name}: {text}");
            }
        }
        let page = entry(&state)["Detail"]["page"].as_str().unwrap();
        assert_eq!(
            page,
            "{% '${ApiUrl}/allow?execution=' & $states.context.Execution.Name %}"
        );
    }
    let known: BTreeSet<String> = TAKEN.iter().chain(&ASKED).map(|it| (*it).into()).collect();
    assert_eq!(taken, known);
}

#[test]
fn the_members_of_a_decision_and_of_an_actor_are_in_the_schema() {
    let detail = detail_schema();
    for (name, state) in publishing() {
        for (member, value) in entry(&state)["Detail"].as_object().unwrap() {
            if !["decision", "actor", "event"].contains(&member.as_str()) {
                continue;
            }
            let properties = &detail["properties"][member]["properties"];
            let mut known = names(properties);
            known.extend(names(
                &properties["onBehalfOf"]["properties"]
                    .as_object()
                    .cloned()
                    .unwrap_or_default()
                    .into(),
            ));
            let text = value.as_str().unwrap_or_default();
            let made: BTreeSet<String> = text
                .split("': ")
                .filter_map(|before| before.rsplit_once('\''))
                .map(|(_, made)| made.to_owned())
                .filter(|made| made.chars().all(char::is_alphanumeric))
                .collect();
            if value.is_string() {
                assert!(made.len() >= 3, "{name}: {made:?}");
            }
            for made in made.iter().filter(|it| *it != "string") {
                assert!(
                    known.contains(made),
                    "{name}: {member} has `{made}`: {text}"
                );
            }
        }
    }
}

/// The guard goes on, whatever becomes of an event.
#[test]
fn no_event_holds_an_incident_up() {
    for (name, state) in publishing() {
        assert_eq!(state["Output"], "{% $states.input %}", "{name}");
        assert!(state["Assign"].is_null(), "{name}");
        let catchers = state["Catch"].as_array().unwrap();
        assert_eq!(catchers.len(), 1);
        assert_eq!(catchers[0]["ErrorEquals"], json!(["States.ALL"]));
        assert_eq!(catchers[0]["Output"], state["Output"], "{name}");
        if state["End"] == true {
            assert_eq!(catchers[0]["Next"], "Succeeded", "{name}");
        } else {
            assert_eq!(catchers[0]["Next"], state["Next"], "{name}");
        }
        // Four tries and their pauses take less than a minute.
        assert!(state["TimeoutSeconds"].as_u64().unwrap() <= 10);
        assert!(state["Retry"][0]["MaxAttempts"].as_u64().unwrap() <= 3);
    }
}

#[test]
fn one_role_may_put_these_events_and_no_rule_hears_them() {
    for (role, _) in of_type("AWS::IAM::Role") {
        let puts: Vec<_> = statements(role, "Allow")
            .into_iter()
            .filter(|statement| many(&statement["Action"]).contains(&&json!("events:PutEvents")))
            .collect();
        if role != "PolicyApprovalRole" {
            assert!(puts.is_empty(), "{role}");
            continue;
        }
        let [put] = puts[..] else {
            panic!("{role}: {puts:?}");
        };
        let bus = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default";
        assert_eq!(put["Resource"], json!({"Fn::Sub": bus}));
        let source = json!({"StringEquals": {"events:source": "iam-policy-guard"}});
        assert_eq!(put["Condition"], source);
    }
    for (rule, properties) in of_type("AWS::Events::Rule") {
        let pattern = &properties["EventPattern"];
        if pattern.is_null() {
            assert!(properties["ScheduleExpression"].is_object(), "{rule}");
            continue;
        }
        for source in crate::texts(&pattern["source"]) {
            assert!(source.starts_with("aws."), "{rule} hears {source}");
        }
    }
}

#[test]
fn the_schema_has_every_outcome() {
    let outcomes = OutcomeResult::ALL.iter().map(|result| result.as_str());
    // `Restricted` is no end.
    let verdicts = VerdictResult::ALL.iter().map(|result| result.as_str());
    let verdicts = verdicts.filter(|result| *result != "restricted");
    let mut known: BTreeSet<&str> = outcomes.chain(verdicts).collect();
    known.insert("failed");
    let schema = detail_schema();
    let listed = crate::texts(&schema["properties"]["outcome"]["properties"]["result"]["enum"]);
    let listed: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
    assert_eq!(listed, known);
}

#[test]
fn the_page_explains_every_member_and_every_recipe() {
    let page = read("docs/events.md");
    for name in names(&detail_schema()["properties"]) {
        assert!(
            page.contains(&format!("`{name}`")),
            "nothing explains `{name}`"
        );
    }
    for result in
        crate::texts(&detail_schema()["properties"]["outcome"]["properties"]["result"]["enum"])
    {
        assert!(
            page.contains(&format!("`{result}`")),
            "nothing explains `{result}`"
        );
    }
    let recipes = fs::read_dir(path("docs/recipes")).unwrap();
    let mut count = 0;
    for recipe in recipes {
        let name = recipe.unwrap().file_name().into_string().unwrap();
        assert!(page.contains(&format!("(recipes/{name})")), "{name}");
        count += 1;
    }
    assert_eq!(count, 3);
    assert!(page.contains("(events.schema.json)"));
}
