//! `docs/coverage.md`: the response of the guard to each known way to more permissions, and the
//! scenario that shows it.
//!
//! `UPDATE_DOCS=1 cargo test --package end-to-end --test agreement` writes the page anew.

use std::fmt::Write as _;
use std::fs;

use incident::WatchedCall;

use crate::{path, read, read_json, texts};

/// The response of the guard to a call, with the scenario that shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Response {
    Contained(&'static str),
    Reported(&'static str),
}

fn response(call: WatchedCall) -> Response {
    match call {
        WatchedCall::CreatePolicy => Response::Contained("writes::create_policy_denied"),
        WatchedCall::CreatePolicyVersion => {
            Response::Contained("writes::create_policy_version_denied")
        }
        WatchedCall::SetDefaultPolicyVersion => {
            Response::Contained("writes::set_default_policy_version_denied")
        }
        WatchedCall::PutRolePolicy => Response::Contained("writes::put_role_policy_denied"),
        WatchedCall::PutUserPolicy => Response::Contained("writes::put_user_policy_denied"),
        WatchedCall::PutGroupPolicy => Response::Contained("writes::put_group_policy_denied"),
        WatchedCall::AttachRolePolicy
        | WatchedCall::AttachUserPolicy
        | WatchedCall::AttachGroupPolicy => Response::Reported("reported::attachments"),
        WatchedCall::AddUserToGroup => Response::Reported("reported::memberships"),
        WatchedCall::DetachRolePolicy
        | WatchedCall::DetachUserPolicy
        | WatchedCall::DetachGroupPolicy
        | WatchedCall::RemoveUserFromGroup => Response::Reported("reported::removed_denials"),
        WatchedCall::PutRolePermissionsBoundary
        | WatchedCall::PutUserPermissionsBoundary
        | WatchedCall::DeleteRolePermissionsBoundary
        | WatchedCall::DeleteUserPermissionsBoundary => Response::Reported("reported::boundaries"),
        WatchedCall::UpdateAssumeRolePolicy | WatchedCall::CreateRole => {
            Response::Reported("reported::trust")
        }
        WatchedCall::CreateAccessKey
        | WatchedCall::CreateLoginProfile
        | WatchedCall::UpdateLoginProfile => Response::Reported("reported::credentials"),
        WatchedCall::UpdateUser | WatchedCall::UpdateGroup => {
            Response::Reported("reported::renamings")
        }
    }
}

/// A way to more permissions.
struct Way {
    id: String,
    required: Vec<String>,
    response: Option<Response>,
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
            // The strongest response to any of its steps; `Contained` comes first.
            response: calls.map(response).min(),
            required,
        }
    };
    paths.iter().map(way).collect()
}

/// Why the guard does not see a way.
fn reason(way: &Way) -> &'static str {
    let needs = |action: &str| way.required.iter().any(|one| one == action);
    if needs("sts:AssumeRole") {
        "uses a trust that is there already; nothing is written"
    } else if needs("iam:PassRole") {
        "hands an existing role to a service; no IAM write"
    } else {
        "uses what runs under an existing role; no IAM write"
    }
}

/// How many ways the guard contains, reports and does not see.
fn counts(ways: &[Way]) -> [usize; 3] {
    let count = |wanted: fn(&Option<Response>) -> bool| {
        let ways = ways.iter().filter(|way| wanted(&way.response));
        ways.count()
    };
    [
        count(|response| matches!(response, Some(Response::Contained(_)))),
        count(|response| matches!(response, Some(Response::Reported(_)))),
        count(Option::is_none),
    ]
}

fn page() -> String {
    let ways = ways();
    let [contained, reported, unseen] = counts(&ways);
    let mut page = format!(
        "# Coverage\n\n\
        This page lists the {} ways to more permissions that pathfinding.cloud describes (data of 2025-12-17, Apache-2.0), and what the guard does about each of them.\n\n\
        | the guard | ways |\n|---|---|\n| contains: it removes the grant and asks | {contained} |\n| reports: it sends an e-mail, and the change stays | {reported} |\n| does not see | {unseen} |\n\n\
        The guard contains or reports a change that grants a restricted action.\n\
        It reports `CreateRole` and `UpdateAssumeRolePolicy` if they let in an external principal.\n\
        A way that the guard does not see writes nothing to IAM, so no record of IAM shows it.\n\
        Put its actions on the restricted list, so that a principal gets them only by a decision: the ready-made list `@privilege-escalation` cuts every way on this page ([ready-made lists](ready-made-lists.md)).\n\
        What the stack itself needs against these calls is in the [threat model](threat-model.md).\n\n\
        A test makes this page from the data and from the calls that the rule forwards, and checks that each scenario exists.\n\n\
        | way | needs | the guard | scenario, or why not |\n|---|---|---|---|\n",
        ways.len(),
    );
    for way in &ways {
        let needs: Vec<String> = way
            .required
            .iter()
            .map(|action| format!("`{action}`"))
            .collect();
        let (answer, why) = match way.response {
            Some(Response::Contained(test)) => ("contains", format!("`{test}`")),
            Some(Response::Reported(test)) => ("reports", format!("`{test}`")),
            None => ("does not see", reason(way).to_owned()),
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
fn the_page_is_up_to_date() {
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
    for way in &ways {
        assert_eq!(
            way.response.is_some(),
            way.id.starts_with("iam-"),
            "{}",
            way.id
        );
    }
    let writes = ways.iter().filter(|way| way.response.is_some());
    assert_eq!(writes.count(), 21);
}

#[test]
fn each_scenario_exists_and_each_call_has_one() {
    for &call in WatchedCall::ALL {
        let (Response::Contained(scenario) | Response::Reported(scenario)) = response(call);
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
    let [contained, reported, unseen] = counts(&ways);
    let sentence = format!(
        "Of the {} known ways to more permissions, it contains {contained}, reports {reported} and does not see {unseen}",
        ways.len()
    );
    assert!(read("README.md").contains(&sentence), "{sentence}");
}
