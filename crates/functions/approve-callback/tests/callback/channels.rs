//! E-mail, page and chat about the same incident: they do not differ in facts.

use incident::message::NotifyRequest;
use notice::mail::{LinkConfirmation, Links, Mail};
use notice::{ChatMessage, Fact, Kind, Label, Notice};
use scraper::{Html, Selector};
use serde_json::{Value, json};

use crate::support::*;

/// A contained document that 3 roles and 1 group hold.
fn hold(data: &mut Value) {
    let quarantine = &mut data["quarantine"];
    quarantine["attachedTo"] = json!({"first": [{"kind": "role", "name": "app"}], "total": 4});
    quarantine["heldBy"] = json!({"roles": 3, "groups": 1, "members": 7});
    quarantine["left"] = json!({"patterns": ["s3:Put*"]});
    let actor = &mut data["verdict"]["change"]["actor"];
    actor["delegate"] = json!("999988887777");
    actor["onBehalfOf"] = json!({"userId": "94482488-3041-7026"});
    data["verdict"]["change"]["lostDenials"] =
        json!([{"version": "v3", "denied": ["s3:PutBucketPolicy"]}]);
}

/// The same, where the quota left no room.
fn remove(data: &mut Value) {
    hold(data);
    data["quarantine"]["removed"] = json!(true);
    data["quarantine"]["versions"] = Value::Null;
}

fn propose_held(data: &mut Value) {
    hold(data);
    propose(data);
}

/// Someone attached a policy to a group.
fn attach(data: &mut Value) {
    add(data);
    data["verdict"]["change"]["eventName"] = json!("AttachGroupPolicy");
    data["verdict"]["change"]["subject"] = json!({
        "type": "reported", "what": "attachment",
        "owner": {"kind": "group", "name": "administrators"},
        "policy": "arn:aws:iam::aws:policy/AdministratorAccess",
    });
    data["proposal"]["heldBy"] = json!({"groups": 1, "members": 7});
}

/// A text without the marks that a channel puts around names, or in place of a character.
fn bare(text: &str) -> String {
    text.chars()
        .filter(|c| !"`'*∗[]_＿ \n".contains(*c))
        .collect()
}

fn page_text(body: &str) -> String {
    let page = Html::parse_document(body);
    let main = Selector::parse("main").unwrap();
    let text: String = page.select(&main).flat_map(|it| it.text()).collect();
    bare(&text)
}

/// Each fact of the notice, in all three.
#[track_caller]
fn agree(request: &NotifyRequest, links: Option<&Links>, page: &str) -> Notice {
    let notice = Notice::from(request);
    let mail = bare(Mail::of(&notice, links).message());
    let chat = bare(&ChatMessage::of(&notice).to_json());
    for fact in notice.facts().iter() {
        for value in fact.values.iter().map(|value| bare(value)) {
            for (channel, text) in [("e-mail", mail.as_str()), ("chat", &chat), ("page", page)] {
                let label = fact.label;
                assert!(
                    text.contains(&value),
                    "{channel}, {label:?} {value}: {text}"
                );
            }
        }
    }
    notice
}

fn message(task: &str, data: &Value, more: Value) -> NotifyRequest {
    let quarantine = match &data["quarantine"] {
        Value::Null => &data["proposal"],
        quarantine => quarantine,
    };
    let mut message = json!({
        "task": task, "execution": EXECUTION, "change": data["verdict"]["change"],
        "quarantine": quarantine, "token": TOKEN, "askedAt": "2026-03-02T09:15:31.25Z",
        "timeoutSeconds": 604_800,
    });
    let members = message.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    serde_json::from_value(message).unwrap()
}

#[tokio::test(start_paused = true)]
async fn mail_page_and_chat_have_the_same_facts() {
    let link = |answer: &str| format!("https://api.example/Prod/{answer}?token={TOKEN}&key={KEY}");
    let links = Links {
        allow: link("allow"),
        deny: link("deny"),
        confirmation: LinkConfirmation::Required,
    };
    for (edit, answer, result) in [
        (hold as fn(&mut Value), "deny", "denied"),
        (hold, "allow", "allowed"),
        (remove, "deny", "denied"),
        (propose_held, "allow", "kept"),
        (propose_held, "deny", "takenBack"),
        (add, "deny", "takenBack"),
        (attach, "allow", "kept"),
    ] {
        let states = States::one_waiting();
        states.change(EXECUTION, |run| edit(&mut run.data));
        let mut data = asking();
        edit(&mut data);
        let page = states.answer(&request("GET", answer, &LINK)).await;
        let asked = message("ask", &data, json!({}));
        let notice = agree(&asked, Some(&links), &page_text(&page.body));
        assert_eq!(notice.kind(), Kind::Request);
        assert!(notice.facts().get(Label::DecideBy).is_some());
        let is_held = notice.facts().get(Label::HeldBy).is_some();
        assert_eq!(is_held, data["proposal"]["status"] != "added");
        let gets = notice.facts().get(Label::Gets).map(Fact::value);
        let is_attached = data["verdict"]["change"]["eventName"] == "AttachGroupPolicy";
        assert_eq!(gets, is_attached.then_some("1 group (7 users)"));

        let fields = [LINK[0], LINK[1], ("reason", "As agreed with the team.")];
        let page = states.answer(&form(answer, &fields)).await;
        assert_eq!(page.status_code, 200, "{}", page.body);
        let decision = states.decision(EXECUTION).unwrap();
        let answered = message("reportDecision", &data, json!({"decision": decision}));
        let notice = agree(&answered, None, &page_text(&page.body));
        assert_eq!(notice.kind(), Kind::Decision);
        let outcome = json!({"decision": decision, "outcome": {"result": result}});
        let ended = message("reportOutcome", &data, outcome);
        let notice = agree(&ended, None, &page_text(&page.body));
        assert_eq!(notice.kind(), Kind::Outcome);
        for label in [Label::Decision, Label::Reason, Label::DecidedAt] {
            assert!(notice.facts().get(label).is_some(), "{label:?}");
        }
    }
}
