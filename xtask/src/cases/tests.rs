use serde_json::json;

use super::*;

fn wanted() -> Wanted {
    Wanted {
        month: "2026-11".parse().unwrap(),
        actor: String::new(),
        subject: String::new(),
    }
}

/// A case as `revert` writes it, with these members instead of its own.
fn message(members: Value) -> String {
    let mut case = json!({
        "case": 1, "outcome": "denied", "ended": "2026-11-29T12:31:02.123456789Z",
        "execution": "arn:aws:states:us-east-1:111122223333:execution:guard-incidents:one",
        "subject": "arn:aws:iam::111122223333:policy/app",
        "identity": {"id": "ANPAZ3XMPLE1EXAMPLE12"},
        "event": "CreatePolicy", "actor": "IAM user alice",
        "caller": {"arn": "arn:aws:iam::111122223333:user/alice"},
        "decided": "2026-11-29T12:31:00Z", "action": "deny",
        "from": "203.0.113.9", "reason": "not in production",
    });
    let members = members.as_object().unwrap().clone();
    case.as_object_mut().unwrap().extend(members);
    case.to_string()
}

fn of(messages: &[String], wanted: &Wanted) -> Vec<Case> {
    let events = (1..).zip(messages);
    let events: Vec<Value> = events
        .map(|(time, message)| json!({"timestamp": time, "message": message}))
        .collect();
    of_events(&events, wanted)
}

fn row(members: Value) -> String {
    table(&of(&[message(members)], &wanted())).pop().unwrap()
}

#[test]
fn a_month_is_read_and_lasts_from_its_first_to_its_last_millisecond() {
    let bounds = |text: &str| {
        let month: Month = text.parse().unwrap();
        assert_eq!(month.to_string(), text);
        let bounds = month.milliseconds().unwrap();
        bounds.map(|it| Timestamp::from_millisecond(it).unwrap().to_string())
    };
    assert_eq!(
        bounds("2026-11"),
        ["2026-11-01T00:00:00Z", "2026-11-30T23:59:59.999Z"]
    );
    assert_eq!(
        bounds("2028-02"),
        ["2028-02-01T00:00:00Z", "2028-02-29T23:59:59.999Z"]
    );
    assert_eq!(
        bounds("2026-12"),
        ["2026-12-01T00:00:00Z", "2026-12-31T23:59:59.999Z"]
    );
    for wrong in [
        "",
        "2026",
        "2026-13",
        "2026-1",
        "202611",
        "2026-11-01",
        "11-2026",
        "2026-ab",
        "2026/11",
    ] {
        let error = wrong.parse::<Month>().unwrap_err().to_string();
        assert!(error.contains("MONTH=2026-11"), "{error}");
    }
    let [from, to] = Month::now().milliseconds().unwrap();
    assert!((from..=to).contains(&Timestamp::now().as_millisecond()));
}

#[test]
fn only_cases_are_read() {
    let others = [
        "START RequestId: 1".to_owned(),
        json!({"level": "INFO", "message": "outcome"}).to_string(),
        json!({"case": 2}).to_string(),
        json!({"case": "1"}).to_string(),
        json!([{"case": 1}]).to_string(),
    ];
    assert!(of(&others, &wanted()).is_empty());
    assert_eq!(of(&[message(json!({}))], &wanted()).len(), 1);
}

#[test]
fn a_case_that_was_written_twice_is_read_once() {
    let one = message(json!({}));
    let again = message(json!({"ended": "2026-11-29T12:32:00Z"}));
    let cases = of(&[one.clone(), again.clone()], &wanted());
    assert_eq!(cases.len(), 1);
    assert_eq!(cases.first().unwrap().line, one);
    // The order in which CloudWatch Logs answers is not that of the time.
    let events = json!([{"timestamp": 2, "message": again}, {"timestamp": 1, "message": one}]);
    let cases = of_events(events.as_array().unwrap(), &wanted());
    assert_eq!(cases.first().unwrap().line, one);
    // Someone else's line about the same decision does not hide it.
    let forged = message(json!({"reason": "made up", "ended": "2026-11-28T12:32:00Z"}));
    assert_eq!(of(&[forged, one.clone()], &wanted()).len(), 2);
    // An allow for a time and its end are two cases of one execution.
    let lapsed = message(json!({"outcome": "lapsed", "decided": null}));
    assert_eq!(of(&[one, lapsed], &wanted()).len(), 2);
}

#[test]
fn cases_are_chosen_by_actor_and_subject() {
    let all = [
        message(json!({})),
        message(
            json!({"execution": "two", "actor": "role deploy (session ci)", "caller": {"issuerArn": "arn:aws:iam::111122223333:role/ci/Deploy"}, "subject": "inline policy `x` of role app", "identity": {"id": "AROA1"}}),
        ),
    ];
    let chosen = |actor: &str, subject: &str| {
        let wanted = Wanted {
            actor: actor.to_owned(),
            subject: subject.to_owned(),
            ..wanted()
        };
        let cases = of(&all, &wanted);
        cases.iter().map(|it| it.text("actor")).collect::<Vec<_>>()
    };
    assert_eq!(chosen("", "").len(), 2);
    assert_eq!(chosen("ALICE", ""), ["IAM user alice"]);
    assert_eq!(chosen("user/alice", ""), ["IAM user alice"]);
    assert_eq!(chosen("ci/deploy", ""), ["role deploy (session ci)"]);
    assert_eq!(chosen("", "policy/app"), ["IAM user alice"]);
    assert_eq!(chosen("", "aroa1"), ["role deploy (session ci)"]);
    assert!(chosen("alice", "aroa1").is_empty());
    assert!(chosen("outcome", "").is_empty(), "a name of a member");
}

#[test]
fn a_row_says_who_wrote_what_and_who_decided_why() {
    assert_eq!(
        row(json!({})),
        "2026-11-29 12:31:02  denied   IAM user alice  CreatePolicy arn:aws:iam::111122223333:policy/app  \
         deny at 2026-11-29 12:31:00 from 203.0.113.9: not in production"
    );
    let ends = |members: Value, end: &str| {
        let row = row(members);
        assert!(row.ends_with(end), "{row}");
    };
    ends(
        json!({"action": "expire", "decided": null, "reason": null}),
        "  no one decided",
    );
    ends(json!({"decided": null}), "  deny, not by the pages");
    ends(
        json!({"action": "allow", "until": "2026-11-29T13:31:00Z"}),
        "allow at 2026-11-29 12:31:00 from 203.0.113.9, until 2026-11-29 13:31:00: not in production",
    );
    ends(
        json!({"before": "earlier", "from": null}),
        "  deny at 2026-11-29 12:31:00, in earlier: not in production",
    );
}

#[test]
fn a_hostile_text_cannot_move_the_cursor_or_make_a_row() {
    let hostile =
        "alice\u{1b}[2J\r\n2026-11-29 allowed \u{202e}\u{9b}2J".to_owned() + &"x".repeat(500);
    let members = json!({"actor": hostile, "reason": hostile, "subject": hostile});
    let cases = of(&[message(members.clone())], &wanted());
    let table = table(&cases).join("\n");
    assert_eq!(table.lines().count(), 2, "{table}");
    let is_bad = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    assert!(!table.chars().any(is_bad), "{table:?}");
    assert!(
        table.lines().all(|it| it.chars().count() < 1_000),
        "{table}"
    );
    // The lines of JSON have the whole text.
    let spread =
        serde_json::to_string_pretty(&serde_json::from_str::<Value>(&message(members)).unwrap());
    let cases = of(&[spread.unwrap()], &wanted());
    let line = &cases.first().unwrap().line;
    assert_eq!(line.lines().count(), 1);
    let read: Value = serde_json::from_str(line).unwrap();
    assert_eq!(read.get("actor"), Some(&json!(hostile)));
}
