//! `docs/coverage.md`: what the guard does about each write of IAM and about each known way to more
//! permissions, the scenario that shows it, and where to look for the rest.
//!
//! `UPDATE_DOCS=1 cargo test --workspace --test agreement coverage` writes the page anew.

use std::fmt::Write as _;
use std::fs;

use crate::census::{Census, Entry, Response, census, neighbours, of_the_watch};
use crate::{path, read, read_json, texts};

/// A way to more permissions.
struct Way {
    id: String,
    required: Vec<String>,
    /// The strongest response to any of its steps, with its scenario.
    response: Option<(Response, String)>,
}

fn ways(census: &Census) -> Vec<Way> {
    let data = read_json("crates/iam-policy/data/escalation-paths.json");
    let paths = data["paths"].as_array().unwrap();
    let way = |path: &serde_json::Value| {
        let required = texts(&path["required"]);
        let responses = required.iter().filter_map(|action| {
            let entry = census.of(action.strip_prefix("iam:")?)?;
            Some((entry.response, entry.scenarios.first()?.clone()))
        });
        Way {
            id: path["id"].as_str().unwrap().to_owned(),
            response: responses.min(),
            required,
        }
    };
    paths.iter().map(way).collect()
}

/// Why the guard does not see a way.
fn reason(way: &Way) -> &'static str {
    let needs = |action: &str| way.required.iter().any(|one| one == action);
    if needs("sts:AssumeRole") {
        "uses a trust that is there already"
    } else if needs("iam:PassRole") {
        "hands an existing role to a service; no IAM write"
    } else {
        "uses what runs under an existing role; no IAM write"
    }
}

/// Every response, the strongest first.
const RESPONSES: [Response; 4] = [
    Response::Contained,
    Response::Asked,
    Response::Reported,
    Response::None,
];

/// How many ways the guard contains, asks about, reports and does not see.
fn counts(ways: &[Way]) -> [usize; 4] {
    let count = |wanted: Response| {
        let of = |way: &&Way| way.response.as_ref().map_or(Response::None, |(it, _)| *it) == wanted;
        ways.iter().filter(of).count()
    };
    RESPONSES.map(count)
}

/// How many writes the guard contains, asks about, reports and does not hear.
fn writes(census: &Census) -> [usize; 4] {
    RESPONSES.map(|response| census.count(|entry| entry.response == response))
}

/// The sentences at the head of the page.
fn sentences(census: &Census) -> [String; 2] {
    let [contained, asked, reported, unheard] = writes(census);
    let gaps = census.count(|entry| entry.gap);
    let all = contained + asked + reported + unheard;
    let of_writes = format!(
        "Of the {all} writes in the API of IAM, the guard contains {contained}, asks about {asked}, reports {reported} and does not hear {unheard}: for {} of these there is nothing to report, and {gaps} are known gaps",
        unheard - gaps
    );
    let ways = ways(census);
    let [contained, asked, reported, unseen] = counts(&ways);
    let of_ways = format!(
        "Of the {} known ways to more permissions, it contains {contained}, asks about {asked}, reports {reported} and does not see {unseen}",
        ways.len()
    );
    [of_writes, of_ways]
}

fn code(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// A table of the entries that are wanted: its heads, and the cells after the operations.
fn table(
    page: &mut String,
    entries: &[Entry],
    heads: &[&str],
    is_wanted: impl Fn(&Entry) -> bool,
    cells: impl Fn(&Entry) -> Vec<String>,
) {
    _ = writeln!(page, "| {} |", heads.join(" | "));
    _ = writeln!(page, "|{}", "---|".repeat(heads.len()));
    for entry in entries.iter().filter(|entry| is_wanted(entry)) {
        let cells = cells(entry).join(" | ");
        _ = writeln!(page, "| {} | {cells} |", code(&entry.operations));
    }
    page.push('\n');
}

fn shown(entry: &Entry) -> Vec<String> {
    let reason = entry.reason.clone().unwrap_or_default();
    vec![entry.hands_out.clone(), reason, code(&entry.scenarios)]
}

fn not_heard(entry: &Entry) -> Vec<String> {
    let mut reason = entry.reason.clone().unwrap_or_default();
    let watched = of_the_watch();
    let mut of_the_stack = entry.operations.clone();
    of_the_stack.retain(|name| watched.contains(name));
    if !of_the_stack.is_empty() {
        _ = write!(
            reason,
            " Of the roles of the stack, the watch reports {}.",
            code(&of_the_stack)
        );
    }
    vec![entry.hands_out.clone(), reason]
}

fn census_part(page: &mut String, census: &Census) {
    *page += "## The writes of IAM\n\n\
        These tables have every operation of IAM that changes something, as the AWS SDK for Rust has them.\n\
        A *restricted grant* is an `Allow` of an action that `restrictedActions`, `askActions` or `reportActions` names, by a policy that is inline, attached, or held through a group; its conditions do not matter.\n\
        An *external principal* is one outside this account and `TrustedAccounts`, and everyone whom Roles Anywhere or account access manager lets in where no condition narrows that.\n\n\
        ### Contained\n\n\
        If what the call puts in force grants something that `restrictedActions` names, the guard removes the grant and asks.\n\
        If only `askActions` or only `reportActions` names it, it asks first, or only reports.\n\
        With `Mode` set to `Ask`, it asks first at most. With `Mode` set to `Monitor`, and for exempt principals, it only reports.\n\n";
    let heads = ["call", "what it can hand out", "besides", "scenario"];
    let is = |response| move |entry: &Entry| entry.response == response;
    table(page, &census.writes, &heads, is(Response::Contained), shown);
    *page += "### Asked\n\n\
        An e-mail asks, and the change stays until a deny takes back what the call added.\n\
        The guard only reports such a call if only `reportActions` names what it brings, with `Mode` set to `Monitor`, for exempt principals, and for roles of IAM Identity Center or of a service.\n\
        It also only reports an attachment or a membership that holds a `Deny`, and what cannot be read for certain: the e-mail has the command.\n\n";
    let heads = ["call", "what it can hand out", "asked if", "scenario"];
    table(page, &census.writes, &heads, is(Response::Asked), shown);
    *page += "### Reported\n\n\
        An e-mail says what the call handed out, and the change stays.\n\n";
    let heads = ["call", "what it can hand out", "reported if", "scenario"];
    table(page, &census.writes, &heads, is(Response::Reported), shown);
    let heads = [
        "call",
        "what it can hand out",
        "why the guard does not hear it",
    ];
    *page += "### Not heard: known gaps\n\n\
        A principal can get more by these calls, and no e-mail about the call says so.\n\n";
    table(page, &census.writes, &heads, |entry| entry.gap, not_heard);
    *page += "### Not heard: nothing to report\n\n";
    let is_harmless = |entry: &Entry| entry.response == Response::None && !entry.gap;
    table(page, &census.writes, &heads, is_harmless, not_heard);
    *page += "### Actions that no SDK has\n\n\
        The catalogue of actions has a few more of IAM. No operation of the SDK has these names.\n\n";
    let heads = [
        "action",
        "what it can hand out",
        "why the guard does not hear it",
    ];
    table(page, &census.actions, &heads, |_| true, not_heard);
}

fn ways_part(page: &mut String, ways: &[Way]) {
    *page += "## The known ways to more permissions\n\n\
        pathfinding.cloud describes these ways (data of 2025-12-17, Apache-2.0).\n\
        No step of a way that the guard does not see is a write of IAM.\n\
        Put its actions into `restrictedActions` or `askActions`, so that a principal gets them only by a decision: the ready-made list `@privilege-escalation` cuts every way in this table ([ready-made lists](ready-made-lists.md)).\n\n\
        | way | needs | the guard | scenario, or why not |\n|---|---|---|---|\n";
    for way in ways {
        let (answer, why) = match &way.response {
            Some((Response::Contained, scenario)) => ("contains", format!("`{scenario}`")),
            Some((Response::Asked, scenario)) => ("asks", format!("`{scenario}`")),
            Some((_, scenario)) => ("reports", format!("`{scenario}`")),
            None => ("does not see", reason(way).to_owned()),
        };
        let needs = code(&way.required);
        _ = writeln!(page, "| {} | {needs} | {answer} | {why} |", way.id);
    }
    page.push('\n');
}

fn neighbours_part(page: &mut String) {
    *page += "## The neighbours\n\n\
        IAM is not the only service that hands out permissions.\n\
        The guard hears IAM only, in one Region. The records of these services arrive in the Region of the call, and some of them in another account.\n\
        The last column names actions whose records are worth an alarm of your own. CloudTrail calls an event by the part after the colon; AWS Lambda adds a date to it, as in `AddPermission20150331v2`.\n\
        An unused access analyzer of IAM Access Analyzer finds roles, keys and permissions that nobody needs any more, whichever way they came.\n\n\
        | service | what it can hand out | what the guard sees | where to look instead | alarm on |\n|---|---|---|---|---|\n";
    for neighbour in neighbours() {
        _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} |",
            neighbour.service,
            neighbour.hands_out,
            neighbour.sees,
            neighbour.look,
            code(&neighbour.alarm_on)
        );
    }
}

fn page() -> String {
    let census = census();
    let ways = ways(&census);
    let [of_writes, of_ways] = sentences(&census);
    let [contained, asked, reported, unheard] = writes(&census);
    let [ways_contained, ways_asked, ways_reported, ways_unseen] = counts(&ways);
    let mut page = format!(
        "# Coverage\n\n\
        This page says what the guard does about each call that can give a principal more permissions, and where to look for what it does not see.\n\
        {of_writes}.\n\
        {of_ways}.\n\n\
        | the guard | [writes of IAM](#the-writes-of-iam) | [known ways](#the-known-ways-to-more-permissions) |\n|---|---|---|\n\
        | contains: it removes the grant and asks | {contained} | {ways_contained} |\n\
        | asks: the change stays until a deny takes it back | {asked} | {ways_asked} |\n\
        | reports: it sends an e-mail, and the change stays | {reported} | {ways_reported} |\n\
        | does not hear or see | {unheard} | {ways_unseen} |\n\n\
        Other services hand out permissions too: they are the [neighbours](#the-neighbours).\n\
        What the stack itself needs against these calls is in the [threat model](threat-model.md).\n\n\
        Tests make this page from data, compare the data with the operations of the AWS SDK and with the calls that the rule forwards, and check that each scenario exists.\n\n",
    );
    census_part(&mut page, &census);
    ways_part(&mut page, &ways);
    neighbours_part(&mut page);
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
    let census = census();
    let ways = ways(&census);
    assert_eq!(ways.len(), 65);
    for way in &ways {
        let is_seen = way.response.is_some();
        assert_eq!(is_seen, way.id.starts_with("iam-"), "{}", way.id);
        let mut names = way.required.iter().filter_map(|it| it.strip_prefix("iam:"));
        assert!(
            is_seen || names.all(|name| census.of(name).is_none()),
            "{}",
            way.id
        );
    }
    let writes = ways.iter().filter(|way| way.response.is_some());
    assert_eq!(writes.count(), 21);
}

#[test]
fn each_scenario_exists() {
    for entry in census().writes {
        for scenario in entry.scenarios {
            let (file, _) = scenario.split_once("::").unwrap();
            let file = format!("tests/scenarios/{file}.rs");
            let source = fs::read_to_string(path(&file)).unwrap_or_default();
            assert!(
                source.contains(&format!("\"{scenario}\"")),
                "{}: {file} has no scenario `{scenario}`",
                entry.operations.join(", ")
            );
        }
    }
}
