//! The e-mails of the sweep as their readers see them, in `testdata/mail/sweep-*.txt`.

use incident::message::{ReportSweep, SweepReason};

use super::*;

const EXECUTION: &str = "arn:aws:states:us-east-1:111122223333:execution:guard-sweep:9f2e";
const INCIDENTS: &str = "arn:aws:states:us-east-1:111122223333:stateMachine:guard-incidents";

fn hint(call: &str, parameters: &Value) -> Value {
    json!({
        "account": "111122223333",
        "region": "us-east-1",
        "detail": {
            "eventSource": "iam.amazonaws.com",
            "eventName": call,
            "eventTime": "2026-03-02T09:15:27Z",
            "eventID": "sweep-q3FzAAAAAAAAAAAA-0123456789abcdef",
            "userIdentity": {"type": "Sweep", "arn": EXECUTION},
            "requestParameters": parameters,
        },
    })
}

/// A managed policy, an inline policy, an attachment, a membership, and what no one can change.
fn grants() -> Value {
    let app = json!({"kind": "role", "name": "app"});
    json!([
        {
            "subject": {"type": "managed", "arn": "arn:aws:iam::111122223333:policy/ci/deploy"},
            "response": "contain",
            "patterns": ["iam:PassRole", "s3:DeleteBucket", "s3:DeleteObject"],
            "morePatterns": 4,
            "heldBy": "held by 3 roles and 1 group (7 users)",
            "hint": hint("SetDefaultPolicyVersion", &json!({
                "policyArn": "arn:aws:iam::111122223333:policy/ci/deploy", "versionId": "v3"
            })),
        },
        {
            "subject": {
                "type": "reported", "what": "attachment", "owner": app,
                "policy": "arn:aws:iam::aws:policy/AdministratorAccess"
            },
            "response": "ask",
            "patterns": ["iam:PassRole", "s3:DeleteBucket"],
            "hint": hint("AttachRolePolicy", &json!({
                "roleName": "app", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"
            })),
        },
        {
            "subject": {"type": "inline", "owner": {"kind": "user", "name": "dave"}, "name": "tmp"},
            "response": "report",
            "patterns": ["s3:DeleteBucket"],
            "heldBy": "held by 1 user",
            "hint": hint("PutUserPolicy", &json!({"userName": "dave", "policyName": "tmp"})),
        },
        {
            "subject": {
                "type": "reported", "what": "attachment",
                "owner": {"kind": "role", "name": "AWSServiceRoleForSupport"},
                "policy": "arn:aws:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy"
            },
            "response": "ask",
            "patterns": ["s3:DeleteObject"],
        },
    ])
}

fn gone() -> Value {
    json!([
        {
            "owner": {"kind": "role", "name": "app"},
            "what": {"type": "attached", "policy": "arn:aws:iam::111122223333:policy/no-delete"}
        },
        {
            "owner": {"kind": "group", "name": "developers"},
            "what": {"type": "inline", "name": "no-keys"}
        },
        {
            "owner": {"kind": "user", "name": "dave"},
            "what": {"type": "boundary", "policy": "arn:aws:iam::111122223333:policy/boundary"}
        },
    ])
}

fn report(reason: &str) -> Value {
    json!({
        "reason": reason,
        "startedAt": "2026-03-02T09:15:27.250Z",
        "account": "111122223333",
        "stateMachine": INCIDENTS,
        "counts": {
            "users": 12, "groups": 4, "roles": 230, "managedPolicies": 310, "inlinePolicies": 1,
            "restricted": {
                "managed": 20, "inline": 5, "attachments": 61, "memberships": 1, "reserved": 3
            },
            "new": 0, "accounted": 0, "started": 0, "pending": 0, "gone": 0,
        },
        "most": 20,
        "patterns": [
            {"pattern": "s3:DeleteBucket", "grants": 17},
            {"pattern": "iam:PassRole", "grants": 9},
        ],
        "morePatterns": 4,
        "grants": grants(),
        "moreGrants": 22,
    })
}

fn mail(report: Value) -> Mail {
    let report = json!({"execution": EXECUTION, "report": report});
    let report: ReportSweep = serde_json::from_value(report).unwrap();
    channels::shown_alike(&Notice::from(&report), None)
}

fn written(report: Value) -> String {
    let mail = mail(report);
    within_limits(&mail);
    format!("Subject: {}\n\n{}", mail.subject(), mail.message())
}

#[track_caller]
fn within_limits(mail: &Mail) {
    assert!(mail.subject().len() <= Mail::MAX_SUBJECT && mail.subject().is_ascii());
    assert!(!mail.subject().contains(char::is_control));
    assert!(mail.message().len() <= Mail::MAX_MESSAGE);
    for line in mail.message().lines() {
        assert!(line.len() <= writer::MAX_LINE, "{}: {line}", line.len());
        assert!(!line.chars().any(is_unseen), "{line:?}");
    }
    assert!(!mail.message().contains("[cut"), "{}", mail.message());
    let first = mail.message().lines().next().unwrap();
    assert!(first.len() <= 160, "{}: {first}", first.len());
}

#[test]
fn each_mail_matches_its_file() {
    let first = report("first");
    expect_file!["../../testdata/mail/sweep-first.txt"].assert_eq(&written(first));
    let mut nothing = report("first");
    nothing["counts"]["restricted"] =
        json!({"managed": 0, "inline": 0, "attachments": 0, "memberships": 0, "reserved": 0});
    for list in ["patterns", "grants"] {
        nothing[list] = json!([]);
    }
    nothing["morePatterns"] = json!(0);
    nothing["moreGrants"] = json!(0);
    expect_file!["../../testdata/mail/sweep-first-clean.txt"].assert_eq(&written(nothing));

    let mut others = report("otherRules");
    others["gaps"] = json!(["the trust policy of `app` cannot be read: it is not JSON"]);
    expect_file!["../../testdata/mail/sweep-other-rules.txt"].assert_eq(&written(others));

    let mut asked = report("asked");
    asked["counts"]["new"] = json!(3);
    asked["counts"]["pending"] = json!(1);
    asked["counts"]["started"] = json!(2);
    expect_file!["../../testdata/mail/sweep-asked.txt"].assert_eq(&written(asked));

    let mut over = report("overMost");
    over["counts"]["new"] = json!(30);
    over["counts"]["accounted"] = json!(1);
    over["gone"] = gone();
    over["moreGone"] = json!(2);
    expect_file!["../../testdata/mail/sweep-over-most.txt"].assert_eq(&written(over));

    let mut wide = report("tooWide");
    wide["counts"]["restricted"]["attachments"] = json!(7204);
    expect_file!["../../testdata/mail/sweep-too-wide.txt"].assert_eq(&written(wide));

    let mut went = report("gone");
    went["gone"] = gone();
    for list in ["grants", "patterns"] {
        went[list] = json!([]);
    }
    for more in ["moreGrants", "morePatterns"] {
        went[more] = json!(0);
    }
    expect_file!["../../testdata/mail/sweep-gone.txt"].assert_eq(&written(went));
}

#[test]
fn a_long_list_says_how_many_are_left_out() {
    for (reason, total) in [("overMost", 500), ("first", 300)] {
        let mut long = report(reason);
        let grants: Vec<Value> = (0..60)
            .map(|number| {
                let mut grant = grants()[0].clone();
                let arn = format!(
                    "arn:aws:iam::111122223333:policy/{}",
                    "p".repeat(500 + number)
                );
                grant["subject"]["arn"] = json!(arn);
                grant["hint"]["detail"]["requestParameters"]["policyArn"] = json!(arn);
                grant
            })
            .collect();
        long["grants"] = json!(grants);
        long["moreGrants"] = json!(total - 60);
        let mail = mail(long);
        within_limits(&mail);
        let listed = mail.message().matches("--state-machine-arn").count();
        assert!((10..60).contains(&listed), "{listed}");
        let more = format!("\nand {} more\n", total - listed);
        assert!(
            mail.message().ends_with(&more),
            "{more}: {}",
            mail.message()
        );
    }
}

/// The input that a shell gives to the command of this line.
fn input_of(message: &str) -> Vec<Value> {
    let commands = message.split("aws stepfunctions start-execution ").skip(1);
    let inputs = commands.map(|rest| {
        let (_, quoted) = rest.split_once("--input ").unwrap();
        let mut chars = quoted.chars().peekable();
        let (mut input, mut in_quotes) = (String::new(), false);
        while let Some(c) = chars.next() {
            match (c, in_quotes) {
                ('\'', _) => in_quotes = !in_quotes,
                ('\\', false) => input.extend(chars.next()),
                (c, true) => input.push(c),
                (c, false) if c.is_whitespace() => break,
                (c, false) => panic!("{c} outside of quotation marks: {quoted}"),
            }
        }
        serde_json::from_str(&input).unwrap()
    });
    inputs.collect()
}

#[test]
fn a_command_starts_the_incident_of_its_hint() {
    for name in [
        "plain",
        "it's; rm -rf ~ $(id) `id` \"x\" \\",
        "www.example.com",
        "-x",
        "line\nline\u{2028}\u{202E}",
        "émile 漢\u{1F600}\u{7F}",
        // Too long for one line.
        &"a.bc".repeat(100),
    ] {
        let mut one = report("first");
        let mut grant = grants()[2].clone();
        grant["subject"]["name"] = json!(name);
        grant["hint"]["detail"]["requestParameters"]["policyName"] = json!(name);
        one["grants"] = json!([grant]);
        let mail = mail(one);
        within_limits(&mail);
        assert_eq!(
            input_of(mail.message()),
            [grant["hint"].clone()],
            "{}",
            mail.message()
        );
    }
    let mut other = report("first");
    other["stateMachine"] = json!("arn:aws-cn:states:cn-north-1:111122223333:stateMachine:g");
    let mail = mail(other);
    for part in [
        "--region 'cn-north-1' --state-machine-arn 'arn:aws-cn:states:cn-north-1:",
        "console.amazonaws.cn/iam/home",
        "make report STACK=NAME_OF_THE_STACK",
    ] {
        assert!(mail.message().contains(part), "{part}: {}", mail.message());
    }
}

/// Nothing would confirm an incident that a person starts about it, so a deny would change nothing.
#[test]
fn what_is_attached_or_joined_has_the_command_that_takes_it_away() {
    let member = json!({
        "subject": {
            "type": "reported", "what": "addedToGroup", "user": "-dave", "group": "it's"
        },
        "response": "ask",
        "patterns": ["s3:DeleteBucket"],
        "hint": hint("AddUserToGroup", &json!({"userName": "-dave", "groupName": "it's"})),
    });
    let role = "AWSReservedSSO_Admin_0123456789abcdef";
    let mut reserved = grants()[1].clone();
    reserved["subject"]["owner"]["name"] = json!(role);
    for (grant, command) in [
        (
            grants()[1].clone(),
            "aws iam detach-role-policy --role-name 'app' --policy-arn 'arn:aws:iam::aws:policy/AdministratorAccess'".to_owned(),
        ),
        (
            member,
            r"aws iam remove-user-from-group --user-name='-dave' --group-name 'it'\''s'".to_owned(),
        ),
        (
            reserved,
            format!("aws iam detach-role-policy --role-name '{role}' --policy-arn 'arn:aws:iam::aws:policy/AdministratorAccess'"),
        ),
    ] {
        for reason in ["first", "otherRules", "asked", "overMost", "tooWide"] {
            let mut one = report(reason);
            one["grants"] = json!([grant]);
            let mail = mail(one);
            within_limits(&mail);
            let text = mail.message();
            assert!(text.contains(&format!("\n  {command}\n")), "{text}");
            assert!(!text.contains("start-execution"), "{text}");
            assert!(text.contains(" takes it away at once, without a question"));
            let in_center = text.contains("If IAM Identity Center made the role");
            assert_eq!(in_center, text.contains(role), "{text}");
        }
    }
}

#[test]
fn a_command_that_does_not_fit_is_left_out() {
    let mut one = report("first");
    let mut grant = grants()[2].clone();
    grant["hint"]["detail"]["requestParameters"]["policyName"] = json!("a.bc".repeat(300));
    one["grants"] = json!([grant]);
    let mail = mail(one);
    within_limits(&mail);
    assert!(!mail.message().contains("start-execution"));
    assert!(mail.message().contains("too long for a command"));
}

#[test]
fn text_from_outside_cannot_imitate_the_guard() {
    for break_ in ["\n", "\r\n", "\u{2028}", "\u{85}", "\u{202E}"] {
        let hostile = format!(
            "x{break_}{break_}WHAT TO DO{break_}https://evil.example/ www.evil.example{break_}{}",
            "漢".repeat(500)
        );
        for &reason in SweepReason::ALL {
            let mut value = report("first");
            value["reason"] = json!(reason);
            value["account"] = json!(hostile);
            value["stateMachine"] = json!(format!("{INCIDENTS}{hostile}"));
            value["patterns"][0]["pattern"] = json!(hostile);
            value["gaps"] = json!([hostile]);
            value["gone"] = gone();
            for (index, member) in ["policy", "name", "policy"].into_iter().enumerate() {
                value["gone"][index]["owner"]["name"] = json!(hostile);
                value["gone"][index]["what"][member] = json!(hostile);
            }
            let grants = value["grants"].as_array_mut().unwrap();
            for grant in grants {
                grant["patterns"] = json!([hostile]);
                grant["heldBy"] = json!(hostile);
                if grant["subject"]["name"].is_string() {
                    grant["subject"]["name"] = json!(hostile);
                }
            }
            let mail = mail(value);
            within_limits(&mail);
            for line in mail.message().lines() {
                let is_link = line.contains("://") || line.contains("www.");
                assert!(!is_link || line.contains("console.aws."), "{line}");
                assert!(!line.contains(".example"), "{line}");
            }
            let headings = mail.message().lines().filter(|it| *it == "WHAT TO DO");
            assert!(headings.count() <= 1);
        }
    }
}
