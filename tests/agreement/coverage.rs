//! `docs/coverage.md`: what the guard does about each known way to more permissions, and the test that shows it.
//!
//! `UPDATE_DOCS=1 cargo test --package end-to-end --test agreement` writes the page anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use incident::WatchedCall;

use crate::{path, read, read_json, texts};

/// What the guard does about a call, and the scenario that shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    Contained(&'static str),
    Reported(&'static str),
}

fn seen(call: WatchedCall) -> Seen {
    match call {
        WatchedCall::CreatePolicy => Seen::Contained("writes::create_policy_denied"),
        WatchedCall::CreatePolicyVersion => Seen::Contained("writes::create_policy_version_denied"),
        WatchedCall::SetDefaultPolicyVersion => {
            Seen::Contained("writes::set_default_policy_version_denied")
        }
        WatchedCall::PutRolePolicy => Seen::Contained("writes::put_role_policy_denied"),
        WatchedCall::PutUserPolicy => Seen::Contained("writes::put_user_policy_denied"),
        WatchedCall::PutGroupPolicy => Seen::Contained("writes::put_group_policy_denied"),
        WatchedCall::AttachRolePolicy
        | WatchedCall::AttachUserPolicy
        | WatchedCall::AttachGroupPolicy => Seen::Reported("reported::attachments"),
        WatchedCall::AddUserToGroup => Seen::Reported("reported::memberships"),
        WatchedCall::DetachRolePolicy
        | WatchedCall::DetachUserPolicy
        | WatchedCall::DetachGroupPolicy
        | WatchedCall::RemoveUserFromGroup => Seen::Reported("reported::what_denied_something"),
        WatchedCall::PutRolePermissionsBoundary
        | WatchedCall::PutUserPermissionsBoundary
        | WatchedCall::DeleteRolePermissionsBoundary
        | WatchedCall::DeleteUserPermissionsBoundary => Seen::Reported("reported::boundaries"),
        WatchedCall::UpdateAssumeRolePolicy | WatchedCall::CreateRole => {
            Seen::Reported("reported::trust")
        }
        WatchedCall::CreateAccessKey
        | WatchedCall::CreateLoginProfile
        | WatchedCall::UpdateLoginProfile => Seen::Reported("reported::credentials"),
        WatchedCall::UpdateUser | WatchedCall::UpdateGroup => Seen::Reported("reported::renamings"),
    }
}

/// A way to more permissions, and what the guard sees of it.
struct Way {
    id: String,
    required: Vec<String>,
    seen: Option<Seen>,
}

fn ways() -> Vec<Way> {
    let data = read_json("crates/iam-policy/data/escalation-paths.json");
    let paths = data["paths"].as_array().unwrap();
    let way = |path: &serde_json::Value| {
        let required = texts(&path["required"]);
        let calls = required.iter().filter_map(|action| {
            let name = action.strip_prefix("iam:")?;
            WatchedCall::from_event_name(name)
        });
        Way {
            id: path["id"].as_str().unwrap().to_owned(),
            // The strongest answer to any of its steps: `Contained` comes first.
            seen: calls.map(seen).min(),
            required,
        }
    };
    paths.iter().map(way).collect()
}

/// Why a way is not seen.
fn unseen(way: &Way) -> &'static str {
    let needs = |action: &str| way.required.iter().any(|one| one == action);
    if needs("sts:AssumeRole") {
        "uses a trust that is there already; nothing is written"
    } else if needs("iam:PassRole") {
        "hands an existing role to a service; no IAM write"
    } else {
        "uses what runs under an existing role; no IAM write"
    }
}

fn page() -> String {
    let ways = ways();
    let count =
        |wanted: fn(&Option<Seen>) -> bool| ways.iter().filter(|way| wanted(&way.seen)).count();
    let contained = count(|seen| matches!(seen, Some(Seen::Contained(_))));
    let told = count(|seen| matches!(seen, Some(Seen::Reported(_))));
    let mut page = format!(
        "# Coverage\n\n\
        This page lists the {} ways to more permissions that pathfinding.cloud describes (data of 2025-12-17, Apache-2.0), and what the guard does about each of them.\n\n\
        | the guard | ways |\n|---|---|\n| contains: it removes the grant and asks | {contained} |\n| tells: it sends an e-mail, and the change stays | {told} |\n| does not see | {} |\n\n\
        The guard contains and tells where the change brings an action of the restricted list; for `CreateRole` and `UpdateAssumeRolePolicy`, where it lets in somebody from outside.\n\
        A way that the guard does not see writes nothing to IAM, so no record of IAM shows it.\n\
        Put its actions on the restricted list, so that nobody gets them without a decision: the ready-made list `@privilege-escalation` cuts every way on this page ([ready-made lists](ready-made-lists.md)).\n\
        What the stack itself needs against these calls is in the [threat model](threat-model.md).\n\n\
        A test makes this page from the data and from the calls that the rule forwards, and checks that each scenario exists.\n\n\
        | way | needs | the guard | scenario, or why not |\n|---|---|---|---|\n",
        ways.len(),
        ways.len() - contained - told,
    );
    for way in &ways {
        let needs: Vec<String> = way
            .required
            .iter()
            .map(|action| format!("`{action}`"))
            .collect();
        let (answer, why) = match way.seen {
            Some(Seen::Contained(test)) => ("contains", format!("`{test}`")),
            Some(Seen::Reported(test)) => ("tells", format!("`{test}`")),
            None => ("does not see", unseen(way).to_owned()),
        };
        _ = writeln!(
            page,
            "| {} | {} | {answer} | {why} |",
            way.id,
            needs.join(", ")
        );
    }
    page
}

#[test]
fn the_page_is_true() {
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path("docs/coverage.md"), &page).unwrap();
    }
    assert_eq!(
        read("docs/coverage.md"),
        page,
        "docs/coverage.md is out of date; see the head of this test's file"
    );
}

#[test]
fn each_way_whose_step_is_an_iam_write_is_seen() {
    let ways = ways();
    assert_eq!(ways.len(), 65);
    let mut by_service: BTreeMap<bool, usize> = BTreeMap::new();
    for way in &ways {
        let is_write = way.id.starts_with("iam-");
        assert_eq!(way.seen.is_some(), is_write, "{}", way.id);
        *by_service.entry(is_write).or_default() += 1;
    }
    assert_eq!(by_service[&true], 21);
}

#[test]
fn each_scenario_exists_and_each_call_has_one() {
    for &call in WatchedCall::ALL {
        let (Seen::Contained(scenario) | Seen::Reported(scenario)) = seen(call);
        let (file, _) = scenario.split_once("::").unwrap();
        let source = read(&format!("tests/scenarios/{file}.rs"));
        assert!(
            source.contains(&format!("\"{scenario}\"")),
            "{call}: {scenario}"
        );
    }
}

#[test]
fn the_readme_has_the_three_numbers() {
    let ways = ways();
    let contained = ways
        .iter()
        .filter(|way| matches!(way.seen, Some(Seen::Contained(_))))
        .count();
    let told = ways
        .iter()
        .filter(|way| matches!(way.seen, Some(Seen::Reported(_))))
        .count();
    let unseen = ways.len() - contained - told;
    let sentence = format!(
        "Of the {} known ways to more permissions, it contains {contained}, reports {told} and does not see {unseen}",
        ways.len()
    );
    assert!(read("README.md").contains(&sentence), "{sentence}");
}
