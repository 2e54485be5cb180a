//! Three lists in one deployment, and the ceiling over them.
#![expect(
    clippy::unwrap_used,
    reason = "what goes wrong in a helper fails the test that called it"
)]

use iam_policy::{Quota, RestrictedActions, TrustedAccounts};
use incident::judgement::{ExemptPrincipals, GuardConfig, Mode};
use incident::message::{Proposal, Reason, Response, Verdict, VerdictResult};
use incident::subject::ObservedInline;
use incident::{Analysis, Observed, Record, Snapshot, UniqueId};
use serde_json::{Value, json};

fn document(actions: &[&str]) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]
    })
    .to_string()
}

fn record(document: &str) -> Record {
    Record::parse(&json!({
        "account": "111122223333", "region": "us-east-1",
        "detail": {
            "eventID": "e", "eventName": "PutRolePolicy", "eventSource": "iam.amazonaws.com",
            "eventTime": "2026-03-02T09:15:27Z",
            "userIdentity": {"type": "IAMUser", "userName": "alice", "arn": "arn:aws:iam::111122223333:user/alice"},
            "requestParameters": {"roleName": "app", "policyName": "p", "policyDocument": document}
        }
    }))
    .unwrap()
}

fn rules(mode: Mode) -> GuardConfig {
    GuardConfig {
        restricted: RestrictedActions::of_lists(|response| match response {
            iam_policy::Response::Contain => "s3:DeleteBucket",
            iam_policy::Response::Ask => "s3:DeleteObject",
            _ => "s3:PutObject",
        })
        .unwrap(),
        mode,
        exempt: ExemptPrincipals::default(),
        account: "111122223333".to_owned(),
        partition: "aws".to_owned(),
        trusted: TrustedAccounts::default(),
        notify_on_allowed: false,
    }
}

/// What IAM shows.
fn observed(actions: &[&str]) -> Observed {
    Observed::Inline(ObservedInline {
        identity: UniqueId {
            id: "AROAEXAMPLE".to_owned(),
            created: "2026-01-01T00:00:00Z".parse().unwrap(),
        },
        reserved: None,
        document: Some(Snapshot::new(&document(actions))),
    })
}

/// The verdict on what an event names while `in_force` is, and what the guard proposes.
fn judge(rules: &GuardConfig, named: &[&str], in_force: &[&str]) -> (Verdict, Option<Proposal>) {
    let analysis = Analysis::new(&rules.restricted, Quota::ROLE_INLINE);
    let observed = observed(in_force);
    let verdict = rules.judge(&analysis, &record(&document(named)), Some(&observed), true);
    let verdict = verdict.unwrap();
    let proposal = Proposal::of(&verdict, &analysis);
    (verdict, proposal)
}

#[test]
fn the_strictest_list_decides_and_the_mode_is_the_ceiling() {
    let (contain, ask, report) = (["s3:DeleteBucket"], ["s3:DeleteObject"], ["s3:PutObject"]);
    let all = ["s3:DeleteBucket", "s3:DeleteObject", "s3:PutObject"];
    let (two, none) = (["s3:PutObject", "s3:DeleteObject"], ["s3:GetObject"]);
    use {Mode::*, Response as To, VerdictResult as Is};
    for (mode, actions, response, result) in [
        (Enforce, &contain[..], To::Contain, Is::Restricted),
        (Enforce, &ask, To::Ask, Is::Restricted),
        (Enforce, &report, To::Report, Is::Reported),
        (Enforce, &all, To::Contain, Is::Restricted),
        (Enforce, &two, To::Ask, Is::Restricted),
        (Enforce, &["s3:*"], To::Contain, Is::Restricted),
        (Enforce, &none, To::None, Is::Clean),
        (Ask, &contain, To::Ask, Is::Restricted),
        (Ask, &ask, To::Ask, Is::Restricted),
        (Ask, &report, To::Report, Is::Reported),
        (Monitor, &contain, To::Report, Is::Monitored),
        (Monitor, &ask, To::Report, Is::Monitored),
        (Monitor, &report, To::Report, Is::Reported),
        (Monitor, &none, To::None, Is::Clean),
    ] {
        let (verdict, proposal) = judge(&rules(mode), actions, actions);
        let case = format!("{mode:?} {actions:?}");
        assert_eq!(
            (verdict.response, verdict.result),
            (response, result),
            "{case}"
        );
        assert_eq!(proposal.is_some(), response == To::Ask, "{case}");
        let is_reported = result == Is::Reported;
        let reasons = verdict.report.map(|report| report.reasons);
        assert_eq!(
            reasons,
            is_reported.then(|| vec![Reason::OnlyReported]),
            "{case}"
        );
    }
}

#[test]
fn a_proposal_removes_what_is_contained_or_asked_and_names_what_it_leaves() {
    let all = [
        "s3:DeleteBucket",
        "s3:DeleteObject",
        "s3:PutObject",
        "s3:GetObject",
    ];
    let (verdict, proposal) = judge(&rules(Mode::Ask), &all, &all);
    let proposal = proposal.unwrap();
    let after: Value = serde_json::from_str(proposal.contained.document.as_str()).unwrap();
    assert_eq!(
        after["Statement"][0]["Action"],
        json!(["s3:PutObject", "s3:GetObject"])
    );
    assert_eq!(
        json!(proposal.contained.left.patterns),
        json!(["s3:PutObject"])
    );
    // What stays is not among what the administrator decides about.
    let decided = ["s3:DeleteBucket", "s3:DeleteObject"];
    assert_eq!(json!(verdict.restricted.patterns), json!(decided));
}

#[test]
fn a_duplicate_finds_what_the_guard_left_and_is_silent() {
    let named = ["s3:DeleteBucket", "s3:PutObject"];
    let (verdict, _) = judge(&rules(Mode::Enforce), &named, &["s3:PutObject"]);
    assert_eq!(verdict.result, VerdictResult::AlreadyContained);
    // Another document that only meets the list of reports is reported.
    let (verdict, _) = judge(
        &rules(Mode::Enforce),
        &["s3:PutObject", "s3:GetObject"],
        &["s3:PutObject"],
    );
    assert_eq!(verdict.result, VerdictResult::Withdrawn);
}

#[test]
fn an_exempt_principal_is_reported_whatever_the_list() {
    let mut rules = rules(Mode::Enforce);
    rules.exempt = "arn:aws:iam::111122223333:user/alice".parse().unwrap();
    for actions in [["s3:DeleteBucket"], ["s3:DeleteObject"]] {
        let (verdict, proposal) = judge(&rules, &actions, &actions);
        assert_eq!(verdict.result, VerdictResult::Exempt);
        assert!(proposal.is_none());
    }
}

#[test]
fn nobody_is_asked_about_what_iam_showed_before() {
    let analyze = |rules: &GuardConfig, named: &[&str], shown: &[&str], waited| {
        let analysis = Analysis::new(&rules.restricted, Quota::ROLE_INLINE);
        let observed = observed(shown);
        let verdict = rules.judge(
            &analysis,
            &record(&document(named)),
            Some(&observed),
            waited,
        );
        verdict.map(|verdict| verdict.response)
    };
    let (contained, asked) = (["s3:DeleteBucket"], ["s3:DeleteObject"]);
    let other = ["s3:DeleteObject", "s3:GetObject"];
    let enforce = rules(Mode::Enforce);
    // IAM may show the document from before: the guard would ask about that one, or contain it.
    for (named, shown) in [
        (&contained[..], &asked[..]),
        (&asked, &contained),
        (&asked, &other),
    ] {
        assert_eq!(analyze(&enforce, named, shown, false), None, "{named:?}");
        assert!(analyze(&enforce, named, shown, true).is_some(), "{named:?}");
    }
    assert_eq!(
        analyze(&enforce, &asked, &asked, false),
        Some(Response::Ask)
    );
    // What is contained is contained at once, whichever write put it there.
    let more = ["s3:DeleteBucket", "s3:GetObject"];
    assert_eq!(
        analyze(&enforce, &contained, &more, false),
        Some(Response::Contain)
    );
    let mut lists = rules(Mode::Enforce);
    lists.restricted = "s3:DeleteBucket".parse().unwrap();
    assert_eq!(
        analyze(&lists, &asked, &contained, false),
        Some(Response::Contain)
    );
}
