//! `census.json`: each write of IAM's API, and what the guard does about it. `neighbours.json`:
//! other services that hand out permissions.
//!
//! With a new version of the SDK, these tests fail until someone says what its new operations can
//! hand out.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use incident::WatchedCall;
use serde::Deserialize;
use serde_json::Value;

use crate::{path, read, template};

pub(crate) const CENSUS: &str = "tests/agreement/census.json";
const NEIGHBOURS: &str = "tests/agreement/neighbours.json";

/// What the guard does about a call, the strongest response first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Response {
    Contained,
    /// The guard asks first, and a deny takes back what the call added.
    Asked,
    Reported,
    /// The rule does not forward the call.
    None,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Census {
    /// The operations of the SDK that change something.
    pub(crate) writes: Vec<Entry>,
    /// Other actions of IAM that are no reads, such as `PassRole`.
    pub(crate) actions: Vec<Entry>,
}

/// Operations that hand out the same.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) operations: Vec<String>,
    pub(crate) response: Response,
    /// Whether a principal can get more by such a call, and the guard does not hear it.
    #[serde(default)]
    pub(crate) gap: bool,
    /// The scenarios that show the response.
    #[serde(default)]
    pub(crate) scenarios: Vec<String>,
    /// What a caller can give to itself or to others.
    pub(crate) hands_out: String,
    /// Of a contained call, what remains; of one that is asked about or reported, when; of the
    /// others, why not.
    pub(crate) reason: Option<String>,
}

/// Another service that hands out permissions.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Neighbour {
    pub(crate) service: String,
    pub(crate) hands_out: String,
    /// What the guard sees of it.
    pub(crate) sees: String,
    /// Where to look instead.
    pub(crate) look: String,
    /// The actions whose records are worth an alarm.
    pub(crate) alarm_on: Vec<String>,
}

pub(crate) fn census() -> Census {
    serde_json::from_str(&read(CENSUS)).unwrap_or_else(|error| panic!("{CENSUS}: {error}"))
}

pub(crate) fn neighbours() -> Vec<Neighbour> {
    serde_json::from_str(&read(NEIGHBOURS)).unwrap_or_else(|error| panic!("{NEIGHBOURS}: {error}"))
}

impl Census {
    /// The entry of an operation of the SDK, if it is a write.
    pub(crate) fn of(&self, operation: &str) -> Option<&Entry> {
        let mut writes = self.writes.iter();
        writes.find(|entry| entry.operations.iter().any(|it| it == operation))
    }

    /// How many operations of the SDK get one of these responses.
    pub(crate) fn count(&self, is_counted: impl Fn(&Entry) -> bool) -> usize {
        let counted = self.writes.iter().filter(|entry| is_counted(entry));
        counted.map(|entry| entry.operations.len()).sum()
    }
}

/// The calls to IAM that the watch reports, of the roles of the stack only.
pub(crate) fn of_the_watch() -> BTreeSet<String> {
    let template = template();
    let pattern = &template["Resources"]["WatchRoles"]["Properties"]["EventPattern"];
    let ways = pattern["detail"]["$or"].as_sequence().unwrap().iter();
    let names = ways.filter_map(|way| way.get("eventName")?.as_sequence());
    let names = names
        .flatten()
        .map(|name| name.as_str().unwrap().to_owned());
    names.collect()
}

/// CloudTrail marks such calls as reads, and EventBridge does not deliver their records.
fn is_read(name: &str) -> bool {
    let reads = ["Get", "List", "Generate", "Simulate"];
    reads.iter().any(|verb| name.starts_with(verb))
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(path(""))
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

/// The operations of the SDK that `Cargo.lock` names, as they are called on the wire.
fn operations_of_the_sdk() -> BTreeSet<String> {
    // The external crates of other platforms may not be on this machine.
    let version = cargo(&["--version", "--verbose"]);
    let mut lines = version.lines();
    let platform = lines.find_map(|line| line.strip_prefix("host: ")).unwrap();
    let options = ["--format-version=1", "--offline", "--filter-platform"];
    let metadata = cargo(&[&["metadata"], &options[..], &[platform]].concat());
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let mut packages = metadata["packages"].as_array().unwrap().iter();
    let sdk = packages.find(|package| package["name"] == "aws-sdk-iam");
    let manifest = Path::new(sdk.unwrap()["manifest_path"].as_str().unwrap());
    let folder = manifest.with_file_name("src").join("operation");
    let files = fs::read_dir(&folder).unwrap().map(|it| it.unwrap().path());
    let files = files.filter(|file| file.extension().is_some_and(|it| it == "rs"));
    let name = |file: std::path::PathBuf| {
        let text = fs::read_to_string(&file).unwrap();
        let name = text.split_once("Metadata::new(").and_then(|(_, rest)| {
            let (name, _) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
            Some(name.to_owned())
        });
        name.unwrap_or_else(|| panic!("{} names no operation", file.display()))
    };
    files.map(name).collect()
}

/// The names of the actions of a service in the catalogue.
fn actions(service: &str) -> BTreeSet<String> {
    let catalogue = read("crates/iam-policy/data/actions.txt");
    let head = format!("{service}:");
    let names = catalogue.lines().skip_while(|line| *line != head).skip(1);
    let names = names.take_while(|line| !line.ends_with(':') && !line.is_empty());
    names.map(str::to_owned).collect()
}

/// What is wrong with the entries, given the names that they must have, each once.
fn differences(entries: &[Entry], names: &BTreeSet<String>, what: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for name in entries.iter().flat_map(|entry| &entry.operations) {
        if !names.contains(name) {
            wrong.push(format!(
                "`{name}` is no {what}: correct the name, or take it out of {CENSUS}"
            ));
        } else if !seen.insert(name.clone()) {
            wrong.push(format!("`{name}` is in {CENSUS} twice: take one out"));
        }
    }
    for name in names.difference(&seen) {
        wrong.push(format!(
            "`{name}` is a {what} that {CENSUS} does not have: find out what it can hand out. If \
             that is something, add it to `PolicyWriteRule` and to `WatchedCall`. In either case, \
             give it an entry"
        ));
    }
    wrong
}

#[test]
fn every_write_of_the_sdk_is_in_the_census() {
    let operations = operations_of_the_sdk();
    assert!(operations.len() >= 180, "{} operations", operations.len());
    let writes = operations.into_iter().filter(|name| !is_read(name));
    let what = "write of the pinned aws-sdk-iam";
    let wrong = differences(&census().writes, &writes.collect(), what);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_other_action_of_iam_is_in_the_census() {
    let operations = operations_of_the_sdk();
    let others = actions("iam").into_iter();
    let others = others.filter(|name| !is_read(name) && !operations.contains(name));
    let what = "action of IAM in the catalogue, a read or an operation of the SDK apart,";
    let wrong = differences(&census().actions, &others.collect(), what);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_census_agrees_with_the_rule() {
    let census = census();
    let mut wrong = Vec::new();
    for entry in census.writes.iter().chain(&census.actions) {
        for name in &entry.operations {
            let by_the_rule: &[Response] = match WatchedCall::from_event_name(name) {
                Some(call) if WatchedCall::DOCUMENT_WRITES.contains(&call) => {
                    &[Response::Contained]
                }
                Some(_) => &[Response::Asked, Response::Reported],
                None => &[Response::None],
            };
            if !by_the_rule.contains(&entry.response) {
                wrong.push(format!(
                    "{CENSUS} says that `{name}` is {:?}; by the rule it is {by_the_rule:?}: \
                     correct the one that is wrong",
                    entry.response
                ));
            }
        }
    }
    for call in WatchedCall::ALL {
        if census.of(call.as_str()).is_none() {
            wrong.push(format!("the rule forwards `{call}`, which is no write"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The texts are cells of tables.
#[test]
fn the_census_says_why() {
    let census = census();
    for entry in census.writes.iter().chain(&census.actions) {
        let is_heard = entry.response != Response::None;
        let names = entry.operations.join(", ");
        assert!(!entry.operations.is_empty(), "an entry has no operation");
        let reason = entry.reason.as_deref().unwrap_or_default();
        if entry.response != Response::Contained {
            assert!(!reason.is_empty(), "{names}: add a `reason` to {CENSUS}");
        }
        assert!(
            !entry.hands_out.is_empty(),
            "{names}: say what it hands out"
        );
        assert!(
            !reason.contains('|') && !entry.hands_out.contains('|'),
            "{names}: `|`"
        );
        assert_eq!(
            is_heard,
            !entry.scenarios.is_empty(),
            "{names}: scenarios are for what is heard"
        );
        assert!(!(is_heard && entry.gap), "{names}: what is heard is no gap");
        let gives_something = entry.hands_out != "nothing";
        assert!(
            gives_something || !entry.gap,
            "{names}: a gap hands out something"
        );
    }
}

#[test]
fn the_neighbours_name_actions_that_exist() {
    for neighbour in neighbours() {
        assert!(!neighbour.alarm_on.is_empty(), "{}", neighbour.service);
        for action in &neighbour.alarm_on {
            let (service, name) = action.split_once(':').unwrap();
            assert!(
                actions(service).contains(name),
                "{action} is no known action"
            );
        }
        for text in [
            neighbour.service,
            neighbour.hands_out,
            neighbour.sees,
            neighbour.look,
        ] {
            assert!(!text.is_empty() && !text.contains('|'), "{text}");
        }
    }
}
