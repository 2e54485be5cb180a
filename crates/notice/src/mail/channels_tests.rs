//! E-mail and chat beside each other: every notice of every test is compared here.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::text::{plain, without_links};
use crate::{ChatMessage, Fact, Kind, Label};

/// The e-mail about a notice, after a look at the other channel.
#[track_caller]
fn told(request: &NotifyRequest, links: Option<&Links>) -> Mail {
    shown_alike(&Notice::from(request), links)
}

/// The same about any notice.
#[track_caller]
pub(super) fn shown_alike(notice: &Notice, links: Option<&Links>) -> Mail {
    let mail = Mail::of(notice, links);
    let chat = ChatMessage::of(notice).to_json();
    let chat: Value = serde_json::from_str(&chat).unwrap();
    let schema = include_str!("../../testdata/chat/schema.json");
    conforms(&chat, &serde_json::from_str(schema).unwrap(), "message");
    same_facts(notice, &mail, &chat);
    no_secrets(&chat);
    harmless(&chat);
    mail
}

pub(super) fn decision_request(request: &AskRequest, links: &Links) -> Mail {
    told(&NotifyRequest::Ask(request.clone()), Some(links))
}

pub(super) fn verdict(request: &ReportVerdict) -> Mail {
    told(&NotifyRequest::ReportVerdict(request.clone()), None)
}

pub(super) fn outcome(request: &ReportOutcome) -> Mail {
    told(&NotifyRequest::ReportOutcome(request.clone()), None)
}

pub(super) fn failure(request: &ReportFailure) -> Mail {
    told(&NotifyRequest::ReportFailure(request.clone()), None)
}

/// Checks the parts of JSON Schema that the file uses.
#[track_caller]
fn conforms(value: &Value, schema: &Value, at: &str) {
    match schema["type"].as_str().unwrap() {
        "object" => {
            let members = value.as_object().unwrap();
            for required in schema["required"].as_array().into_iter().flatten() {
                let required = required.as_str().unwrap();
                assert!(members.contains_key(required), "{at} has no {required}");
            }
            for (name, member) in members {
                let known = &schema["properties"][name];
                assert!(known.is_object(), "{at} has an unknown member {name}");
                conforms(member, known, name);
            }
        }
        "array" => {
            let entries = value.as_array().unwrap();
            let most = schema["maxItems"].as_u64().unwrap();
            assert!(entries.len() as u64 <= most, "{at}: {}", entries.len());
            for entry in entries {
                conforms(entry, &schema["items"], at);
            }
        }
        "string" => {
            let text = value.as_str().unwrap();
            let length = text.chars().count() as u64;
            let most = schema["maxLength"].as_u64().unwrap();
            assert!((1..=most).contains(&length), "{at}: {length} characters");
            if let Some(only) = schema.get("enum") {
                assert!(only.as_array().unwrap().contains(value), "{at}: {text}");
            }
        }
        other => panic!("{at} has the type {other}"),
    }
}

/// The texts of a message, with the name of their member.
fn texts(chat: &Value) -> Vec<(&str, &str)> {
    fn add<'v>(name: &'v str, value: &'v Value, texts: &mut Vec<(&'v str, &'v str)>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, it)| add(name, it, texts)),
            Value::Array(entries) => entries.iter().for_each(|it| add(name, it, texts)),
            value => texts.push((name, value.as_str().unwrap())),
        }
    }
    let mut all = Vec::new();
    add("", chat, &mut all);
    all
}

/// A text without what the channels do to it so that it is harmless.
fn bare(text: &str) -> String {
    let changed = "*∗~∼#＃|｜\\＼_＿:：`'<‹>›&＆@＠[]. ";
    text.chars().filter(|c| !changed.contains(*c)).collect()
}

/// Each fact is in the e-mail and in the chat, or counted there among those that are left out.
#[track_caller]
fn same_facts(notice: &Notice, mail: &Mail, chat: &Value) {
    let text = bare(mail.message());
    let message = bare(chat["content"]["description"].as_str().unwrap());
    let step = chat["content"]["nextSteps"].to_string();
    assert!(step.contains(&notice.console_link()), "{step}");
    let starts = |text: &str, max| bare(&plain(text, max)).trim_end_matches('…').to_owned();
    assert!(text.contains(&starts(&notice.headline, 300)), "{text}");
    assert!(
        message.contains(&starts(&notice.headline, 300)),
        "{message}"
    );
    let is_cut = message.contains("morefactsinthee-mail");
    for fact in notice.facts().iter() {
        let Fact { label, values, .. } = fact;
        for value in values.iter().take(10) {
            let value = starts(value, 280);
            let is_shown = message.contains(&value);
            assert!(is_shown || is_cut, "{label:?} {value} is not in {message}");
            // A long e-mail has the first patterns, and says how many more there are.
            let is_known = *label == Label::Restricted && text.contains("more;");
            assert!(
                text.contains(&value) || is_known,
                "{label:?} {value}: {text}"
            );
        }
    }
}

/// Nothing in a chat decides.
#[track_caller]
fn no_secrets(chat: &Value) {
    for (name, text) in texts(chat) {
        for secret in ["AQCE", "token=", "key=", "/Prod/", "AAECAwQFBgcICQoLDA0ODw"] {
            assert!(!text.contains(secret), "{name} has {secret}: {text}");
        }
        let links = text.matches("://").count();
        let is_console = text.starts_with("The execution, with every step: https://");
        assert_eq!(links, usize::from(is_console), "{text}");
    }
}

/// No text means anything in Slack or Microsoft Teams but the code spans and the list.
#[track_caller]
fn harmless(chat: &Value) {
    for (name, text) in texts(chat) {
        assert!(!text.contains(['<', '>', '&', '@']), "{name}: {text}");
        assert!(!text.contains("]("), "{name}: {text}");
        assert!(!text.chars().any(|c| is_unseen(c) && c != '\n'), "{text:?}");
        assert!(name == "description" || !text.contains('\n'), "{text:?}");
        for (number, line) in text.lines().enumerate() {
            // The lines of a description after its headline are a list with our own labels.
            let is_ours = line.is_empty()
                || line
                    .strip_prefix("- ")
                    .is_some_and(|it| it.starts_with(char::is_alphabetic));
            assert!(number == 0 || is_ours, "{line}");
            let spans: Vec<&str> = line.split('`').collect();
            assert!(spans.len() % 2 == 1, "an open code span: {line}");
            let url = line.find("https://console").or(line.find("https://us-"));
            for prose in spans.iter().step_by(2).filter(|_| url.is_none()) {
                assert!(!prose.contains(['*', '~', '#', '|', '\\']), "{line}");
                assert_eq!(without_links(prose), *prose, "{line}");
            }
            for span in spans.iter().skip(1).step_by(2) {
                assert!(!span.is_empty(), "{line}");
                assert_eq!(without_links(span), *span, "{line}");
            }
        }
    }
}

fn shown(request: &NotifyRequest) -> String {
    let message = ChatMessage::of(&Notice::from(request));
    format!("{}\n", serde_json::to_string_pretty(&message).unwrap())
}

/// A decision about what this request asks.
fn answered(request: &AskRequest, action: DecisionAction) -> NotifyRequest {
    let quarantine = request.quarantine.clone();
    let (execution, change) = (request.execution.clone(), request.change.clone());
    let decision = decision(action);
    NotifyRequest::ReportDecision(ReportDecision {
        execution,
        change,
        quarantine,
        decision,
    })
}

#[test]
fn each_answer_is_told_before_it_is_carried_out() {
    let contained = request();
    let added = addition::added();
    for (request, asks) in [(contained, false), (added, true)] {
        let request: AskRequest = read(request);
        for (action, title) in [
            (DecisionAction::Allow, "Answered with allow: "),
            (DecisionAction::Deny, "Answered with deny: "),
        ] {
            let answered = answered(&request, action);
            told(&answered, None);
            let notice = Notice::from(&answered);
            assert_eq!(notice.kind(), Kind::Decision);
            assert!(notice.title().starts_with(title), "{}", notice.title());
            let waits = asks && action == DecisionAction::Deny;
            assert_eq!(notice.advice().len(), usize::from(waits));
            let response = notice.facts().get(Label::Response).unwrap();
            assert_eq!(response.value(), if asks { "ask" } else { "contain" });
            for label in [Label::Decision, Label::DecidedAt, Label::Reason] {
                assert!(notice.facts().get(label).is_some(), "{label:?}");
            }
        }
    }
}

/// They are one thread.
#[test]
fn each_kind_of_message_matches_its_file() {
    let mut value = request();
    value["quarantine"]["heldBy"] = json!({"roles": 3, "groups": 1, "members": 7});
    let request = read(value);
    let quarantine = Quarantine::InPlace(request.quarantine.contained().unwrap().clone());
    let denied = ended(
        &request,
        quarantine,
        Some(decision(DecisionAction::Deny)),
        Some(Outcome {
            result: OutcomeResult::Denied,
            in_force: None,
            attached_to: None,
            until: None,
        }),
    );
    let failed = NotifyRequest::ReportFailure(failed(&request, "Rate exceeded"));
    let answered = answered(&request, DecisionAction::Deny);
    let asked = NotifyRequest::Ask(request);
    let denied = NotifyRequest::ReportOutcome(denied);
    expect_file!["../../testdata/chat/request.json"].assert_eq(&shown(&asked));
    expect_file!["../../testdata/chat/decision.json"].assert_eq(&shown(&answered));
    expect_file!["../../testdata/chat/denied.json"].assert_eq(&shown(&denied));
    expect_file!["../../testdata/chat/failure.json"].assert_eq(&shown(&failed));
    let threads: BTreeMap<Kind, Value> = [asked, answered, denied, failed]
        .iter()
        .map(|request| {
            let notice = Notice::from(request);
            let chat = ChatMessage::of(&notice).to_json();
            let chat: Value = serde_json::from_str(&chat).unwrap();
            (notice.kind(), chat["metadata"]["threadId"].clone())
        })
        .collect();
    assert_eq!(threads.len(), 4);
    assert!(
        threads.values().all(|thread| thread == "3f1c"),
        "{threads:?}"
    );
}

#[test]
fn who_holds_the_policy_is_in_every_channel() {
    let mut value = request();
    value["quarantine"]["heldBy"] = json!({"roles": 3, "groups": 1, "members": 7});
    let links = links(LinkConfirmation::Required);
    let mail = decision_request(&read(value), &links);
    let line = "The policy is held by 3 roles and 1 group (7 users).";
    assert!(mail.message().contains(line), "{}", mail.message());
}

/// A caller of `StartExecution` chooses the name.
#[test]
fn the_name_of_an_execution_cannot_end_the_link() {
    let mut value = request();
    value["execution"] =
        json!("arn:aws:states:us-east-1:111122223333:execution:guard:a)(x)!@here'=evil");
    decision_request(&read(value), &links(LinkConfirmation::Required));
}

/// IAM takes dots in names.
#[test]
fn a_title_of_dots_is_short_enough() {
    let mut value = request();
    let (owner, name) = ("aa.".repeat(21), "aa.".repeat(42));
    value["change"]["version"] = Value::Null;
    value["change"]["subject"] = json!({
        "type": "inline", "owner": {"kind": "role", "name": owner}, "name": name
    });
    decision_request(&read(value), &links(LinkConfirmation::Required));
}

#[test]
fn a_long_message_says_how_much_it_leaves_out() {
    let mut value = request();
    let patterns: Vec<String> = (0..60)
        .map(|n| format!("ec2:{}{n}*", "T".repeat(280)))
        .collect();
    value["quarantine"]["restricted"] = json!(patterns);
    for member in ["sourceIpAddress", "userAgent"] {
        value["change"][member] = json!("x".repeat(5_000));
    }
    let request = NotifyRequest::Ask(read(value));
    let message = shown(&request);
    assert!(message.len() < 8_000, "{}", message.len());
    assert!(message.contains("more facts in the e-mail"), "{message}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// [`told`] checks each message.
    #[test]
    fn no_name_means_anything_in_a_chat(
        name in prop_oneof![
            "[ -~]{0,40}",
            "\\PC{0,30}",
            "(<!channel>|<@U123>|@here|<at>all</at>|&lt;@U1&gt;|`|```|\\*b\\*|_i_|~s~|\\[a\\]\\(https://evil\\.example\\)|!\\[x\\]\\(y\\)|https://evil\\.example|www\\.evil\\.example|:x:|# h|> q|- l|\\||\n|\r\n|\u{202E}|\u{2028}|\\\\){1,8}",
        ],
    ) {
        let mut value = request();
        value["change"]["actor"]["name"] = json!(name);
        value["change"]["actor"]["arn"] = json!(name);
        value["change"]["userAgent"] = json!(name);
        value["change"]["account"] = json!(name);
        value["change"]["sourceIpAddress"] = json!(name);
        value["change"]["version"] = Value::Null;
        value["change"]["subject"] = json!({
            "type": "inline", "owner": {"kind": "user", "name": name}, "name": name
        });
        value["quarantine"]["attachedTo"] =
            json!({"first": [{"kind": "role", "name": name}], "total": 1});
        let request = read(value.clone());
        decision_request(&request, &links(LinkConfirmation::Required));
        for &result in VerdictResult::ALL {
            verdict_of(&request, result, true);
        }
        let mut decision = decision(DecisionAction::Deny);
        decision.reason = Some(name.clone());
        decision.user_agent = Some(name.clone());
        let (execution, change) = (request.execution.clone(), request.change.clone());
        let quarantine = request.quarantine.clone();
        let answered = ReportDecision { execution, change, quarantine, decision: decision.clone() };
        told(&NotifyRequest::ReportDecision(answered), None);
        for &result in OutcomeResult::ALL {
            outcome(&ended(
                &request,
                Quarantine::InPlace(request.quarantine.contained().unwrap().clone()),
                Some(decision.clone()),
                Some(Outcome { result, in_force: None, attached_to: None, until: None }),
            ));
        }
        let mut failed = failed(&request, &name);
        failed.failure.state.clone_from(&name);
        failed.failure.error.clone_from(&name);
        failure(&failed);
        let mut added = added(&name);
        added["change"]["actor"]["name"] = json!(name);
        decision_request(&read(added), &links(LinkConfirmation::Required));
    }
}

/// A request about an attachment to a user of this name.
fn added(name: &str) -> Value {
    let mut request = addition::added();
    request["change"]["subject"]["owner"] = json!({"kind": "user", "name": name});
    request
}
