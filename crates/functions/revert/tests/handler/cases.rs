//! The lines that `make cases` reads.

use fixtures::{EXECUTION, contained, event};
use incident::message::{Contained, Decision, Outcome, OutcomeResult, Proposal, Question};
use incident::{ExecutionArn, LinkKey, PolicyChange, Record, Snapshot, Timestamp};
use revert::case::{CaseError, Ended, MAX_BYTES};
use serde_json::{Value, json};

use crate::support::{REMEDIATED, RESTRICTED};

const KEY: &str = "-_v7-_v7-_v7-_v7-_v7-w";

fn execution() -> ExecutionArn {
    ExecutionArn::parse(EXECUTION).unwrap()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn change() -> PolicyChange {
    Record::parse(&event("create-policy")).unwrap().change
}

fn in_place() -> Contained {
    contained(&change(), RESTRICTED)
}

fn proposed() -> Question {
    Question::Proposed(Proposal {
        version: None,
        contained: Contained {
            versions: None,
            asked: true,
            ..in_place()
        },
    })
}

/// An attachment, with the change that is about it.
fn added() -> (PolicyChange, Question) {
    let change = Record::parse(&event("attach-user-policy")).unwrap().change;
    let identity = json!({"id": "AIDAZ3XMPLE1EXAMPLE12", "created": "2026-03-02T09:00:00Z"});
    let added = json!({"id": "ANPAZ3XMPLE1EXAMPLE12", "created": "2026-03-02T08:00:00Z"});
    let question = json!({
        "status": "added", "identity": {"owner": identity, "added": added},
        "report": {"reasons": []}, "restricted": ["iam:*"], "moreRestricted": 2,
    });
    (change, serde_json::from_value(question).unwrap())
}

/// An answer as the page sends it, with the key of its link.
fn answer(action: &str) -> Value {
    json!({
        "action": action, "time": "2026-03-02T10:00:00Z", "sourceIpAddress": "203.0.113.9",
        "userAgent": "Mozilla/5.0", "reason": "a test", "execution": EXECUTION, "key": KEY,
    })
}

fn outcome(result: OutcomeResult) -> Outcome {
    Outcome {
        result,
        in_force: None,
        attached_to: None,
        until: None,
    }
}

struct Given {
    change: PolicyChange,
    question: Question,
    decision: Value,
    taken_back: Option<Contained>,
    outcome: Outcome,
}

impl Given {
    fn new(question: Question, action: &str, result: OutcomeResult) -> Self {
        Self {
            change: change(),
            question,
            decision: answer(action),
            taken_back: None,
            outcome: outcome(result),
        }
    }

    fn written(&self) -> Result<String, CaseError> {
        let ended = Ended {
            execution: &execution(),
            change: &self.change,
            question: &self.question,
            decision: &Decision::read(&self.decision),
            taken_back: self.taken_back.as_ref(),
            outcome: &self.outcome,
            is_proved: true,
            time: time("2026-03-02T10:00:05Z"),
        };
        ended.line().map(|line| String::from_utf8(line).unwrap())
    }

    /// The members of the line.
    fn line(&self) -> Value {
        let text = self.written().unwrap();
        assert!(text.ends_with('\n') && text.lines().count() == 1, "{text}");
        assert!(text.len() <= MAX_BYTES, "{} bytes", text.len());
        serde_json::from_str(&text).unwrap()
    }
}

#[test]
fn a_decided_containment_says_who_what_when_and_why() {
    let given = Given::new(
        Question::Contained(in_place()),
        "deny",
        OutcomeResult::Denied,
    );
    let contained = in_place();
    assert_eq!(
        given.line(),
        json!({
            "case": 1, "outcome": "denied", "ended": "2026-03-02T10:00:05Z",
            "execution": EXECUTION, "subject": change().subject.to_string(),
            "identity": contained.identity, "account": change().account,
            "region": change().region, "event": "CreatePolicy", "eventId": change().event_id,
            "actor": change().actor.to_string(), "caller": change().actor,
            "written": change().event_time, "response": "contain",
            "decided": "2026-03-02T10:00:00Z", "action": "deny", "reason": "a test",
            "from": "203.0.113.9", "userAgent": "Mozilla/5.0",
            "restricted": ["s3:DeleteBucket"],
            "original": RESTRICTED, "remediated": contained.document,
        })
    );
}

#[test]
fn each_outcome_has_its_line() {
    for &result in OutcomeResult::ALL {
        let given = Given::new(Question::Contained(in_place()), "deny", result);
        assert_eq!(given.line()["outcome"], result.as_str());
    }
}

#[test]
fn an_allow_for_a_time_says_until_when() {
    let mut given = Given::new(
        Question::Contained(in_place()),
        "allow",
        OutcomeResult::Allowed,
    );
    given.decision["minutes"] = json!(60);
    given.outcome.until = Some(time("2026-03-02T11:00:00Z"));
    let line = given.line();
    assert_eq!(line["action"], "allow");
    assert_eq!(line["minutes"], 60);
    assert_eq!(line["until"], "2026-03-02T11:00:00Z");
}

#[test]
fn what_was_asked_about_first_has_the_document_that_a_deny_leaves() {
    let kept = Given::new(proposed(), "allow", OutcomeResult::Kept).line();
    assert_eq!(kept["response"], "ask");
    assert_eq!(kept["original"], RESTRICTED);
    assert_eq!(kept["remediated"], json!(in_place().document));

    let mut given = Given::new(proposed(), "deny", OutcomeResult::TakenBack);
    given.taken_back = Some(Contained {
        document: Snapshot::new("{}"),
        ..in_place()
    });
    let taken = given.line();
    assert_eq!(taken["response"], "ask", "{taken}");
    assert_eq!(
        taken["remediated"], "{}",
        "what is in force, as it was read"
    );

    // The last look may get the quarantine.
    let question = Question::Contained(Contained {
        asked: true,
        ..in_place()
    });
    let taken = Given::new(question, "deny", OutcomeResult::TakenBack).line();
    assert_eq!(taken["response"], "ask");
}

#[test]
fn an_addition_has_no_documents() {
    let (change, question) = added();
    let line = Given {
        change: change.clone(),
        ..Given::new(question, "deny", OutcomeResult::TakenBack)
    }
    .line();
    assert_eq!(line["subject"], change.subject.to_string());
    assert_eq!(line["identity"]["owner"]["id"], "AIDAZ3XMPLE1EXAMPLE12");
    assert_eq!(line["identity"]["added"]["id"], "ANPAZ3XMPLE1EXAMPLE12");
    assert_eq!(
        (&line["restricted"], &line["moreRestricted"]),
        (&json!(["iam:*"]), &json!(2))
    );
    for member in ["original", "remediated", "evicted", "documents"] {
        assert_eq!(line.get(member), None, "{member}");
    }
}

#[test]
fn without_an_answer_no_one_decided() {
    let mut given = Given::new(
        Question::Contained(in_place()),
        "expire",
        OutcomeResult::Expired,
    );
    given.decision = json!({"action": "expire", "unproven": true});
    let line = given.line();
    assert_eq!(line["action"], "expire");
    assert_eq!(line["unproven"], true);
    for member in ["decided", "reason", "from", "userAgent", "before"] {
        assert_eq!(line.get(member), None, "{member}");
    }
}

#[test]
fn what_was_denied_before_names_the_decision_that_counts() {
    let before = "arn:aws:states:us-east-1:111122223333:execution:guard:before";
    let settled = json!({
        "result": "deniedBefore", "notify": false,
        "before": {
            "execution": before, "claim": format!("{}-1", "0a".repeat(32)), "standing": "denied",
            "seen": "2026-03-02T10:00:00Z", "decided": "2026-02-01T08:00:00Z",
            "sourceIpAddress": "198.51.100.7", "reason": "not in production",
        },
    });
    let question = Question::Contained(Contained {
        settled: serde_json::from_value(settled).unwrap(),
        ..in_place()
    });
    let mut given = Given::new(question, "deny", OutcomeResult::DeniedBefore);
    given.decision = json!({"action": "deny"});
    let line = given.line();
    assert_eq!(line["execution"], EXECUTION);
    assert_eq!(line["before"], before);
    assert_eq!(line["decided"], "2026-02-01T08:00:00Z");
    assert_eq!(line["reason"], "not in production");
    assert_eq!(line["from"], "198.51.100.7");
}

#[test]
fn no_line_has_the_key_of_a_link_or_a_member_that_someone_added() {
    let key = LinkKey::parse(KEY).unwrap();
    for action in ["allow", "deny", "expire"] {
        for question in [Question::Contained(in_place()), proposed(), added().1] {
            let mut given = Given::new(question, action, OutcomeResult::Allowed);
            given.decision["token"] = json!("AAAAtokenAAAA");
            given.decision["case"] = json!(2);
            let line = given.written().unwrap();
            for secret in [KEY, "AAAAtokenAAAA", &format!("{key:?}")] {
                assert!(!line.contains(secret), "{secret} in {line}");
            }
            assert_eq!(given.line()["case"], 1);
        }
    }
}

#[test]
fn hostile_texts_stay_within_their_member_and_their_line() {
    let hostile = "\",\"outcome\":\"allowed\"}\n{\"case\":1,\u{1b}[2J\u{202e}\u{0}";
    let mut given = Given::new(
        Question::Contained(in_place()),
        "deny",
        OutcomeResult::Denied,
    );
    for member in ["reason", "sourceIpAddress", "userAgent"] {
        given.decision[member] = json!(hostile.repeat(1_000));
    }
    given.change.actor.name = hostile.to_owned();
    given.change.actor.kind = "IAMUser".to_owned();
    let line = given.line();
    assert_eq!(line["outcome"], "denied");
    assert_eq!(line["actor"], format!("IAM user {hostile}"));
    for member in ["reason", "from", "userAgent"] {
        let text = line[member].as_str().unwrap();
        assert_eq!(text.chars().count(), 600, "{member}");
        assert!(hostile.repeat(100).starts_with(text));
    }
}

#[test]
fn the_longest_documents_fit_and_the_line_says_what_they_lack() {
    let of = |original: &str, document: &str, evicted: usize| {
        let mut contained = in_place();
        contained.original = Snapshot::new(original);
        contained.document = Snapshot::new(document);
        let version = json!({"version": "v1", "created": "2026-03-02T08:00:00Z", "document": contained.original});
        contained.evicted = serde_json::from_value(json!(vec![version; evicted])).unwrap();
        let question = Question::Contained(contained);
        Given::new(question, "deny", OutcomeResult::Denied).line()
    };
    let line = |document: &str, evicted: usize| of(document, document, evicted);
    let statement = |padding: &str, characters: &str| {
        format!(r#"{{"Statement":{padding}{{"Effect":"Allow","Sid":"{characters}"}}}}"#)
    };
    // The longest inline policy, if each character has four bytes.
    let longest = statement("", &"😀".repeat(10_190));
    let whole = line(&longest, 0);
    assert_eq!(whole["original"], longest);
    assert_eq!(whole.get("documents"), None);
    // Padding goes first.
    let padded = statement(&" ".repeat(20_000), &"x".repeat(2_000));
    let compacted = line(&padded, 4);
    assert_eq!(compacted["documents"], "compacted");
    assert_eq!(compacted["original"], statement("", &"x".repeat(2_000)));
    assert_eq!(compacted["evicted"].as_array().unwrap().len(), 4);
    // Then the ends go.
    let cut = line(&longest, 2);
    assert_eq!(cut["documents"], "cut");
    let text = cut["original"].as_str().unwrap();
    assert!(longest.starts_with(text.split_once("[cut: ").unwrap().0));
    assert!(text.ends_with(&format!("[cut: {} bytes in all]", longest.len())));
    // What the execution has only the beginning of.
    let cut = of(&statement("", &"x".repeat(60_000)), REMEDIATED, 0);
    assert_eq!(cut["documents"], "cut");
    assert_eq!(cut["remediated"], REMEDIATED);
    // More documents than a managed policy has versions.
    let left_out = line(&longest, 30);
    assert_eq!(left_out["documents"], "leftOut");
    assert_eq!(left_out.get("original"), None);
}

/// Only an invocation by hand can have that.
#[test]
fn what_has_no_room_without_documents_is_an_error() {
    let mut given = Given::new(
        Question::Contained(in_place()),
        "deny",
        OutcomeResult::Denied,
    );
    given.change.actor.name = "x".repeat(200_000);
    let error = given.written().unwrap_err();
    assert!(matches!(error, CaseError::TooLong(_)), "{error}");
}
