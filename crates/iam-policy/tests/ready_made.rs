//! The ready-made lists: their entries, and the minimal length of the list against privilege
//! escalation.
#![expect(
    clippy::unwrap_used,
    reason = "what goes wrong in a helper fails the test that called it"
)]

use std::collections::{BTreeMap, BTreeSet};

use iam_policy::{ReadyMadeList, RestrictedActions, judge};
use serde::Deserialize;

#[derive(Deserialize)]
struct Escalations {
    paths: Vec<Path>,
}

/// A privilege-escalation path of pathfinding.cloud.
#[derive(Deserialize)]
struct Path {
    id: String,
    /// The actions that the path requires, all of them.
    required: BTreeSet<String>,
}

fn paths() -> Vec<Path> {
    let paths: Escalations =
        serde_json::from_str(include_str!("../data/escalation-paths.json")).unwrap();
    assert_eq!(paths.paths.len(), 65);
    paths.paths
}

/// The size of the smallest set of actions with at least one of each of these sets. It tries all
/// sets that can be smaller than `bound`: one action of the smallest set that is not met yet must
/// be taken.
fn smallest(sets: &[BTreeSet<String>], taken: usize, bound: &mut usize) {
    let Some(set) = sets.iter().min_by_key(|set| set.len()) else {
        *bound = taken.min(*bound);
        return;
    };
    // Sets without a common action need one action each.
    let mut apart: Vec<&BTreeSet<String>> = Vec::new();
    for set in sets {
        if apart.iter().all(|other| other.is_disjoint(set)) {
            apart.push(set);
        }
    }
    if taken + apart.len() >= *bound {
        return;
    }
    for action in set {
        let left: Vec<_> = sets
            .iter()
            .filter(|it| !it.contains(action))
            .cloned()
            .collect();
        smallest(&left, taken + 1, bound);
    }
}

#[test]
fn the_smallest_set_that_cuts_every_path_is_found() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let cases: [(&[&[&str]], usize); 4] = [
        (&[], 0),
        (&[&["a"], &["a", "b"], &["c", "d"]], 2),
        // Taking the most frequent action first leads to three.
        (&[&["x", "a"], &["x", "b"], &["a", "c"], &["b", "c"]], 2),
        (&[&["a", "b"], &["b", "c"], &["a", "c"]], 2),
    ];
    for (sets, expected) in cases {
        let sets: Vec<BTreeSet<String>> = sets.iter().map(|names| set(names)).collect();
        let mut bound = usize::MAX;
        smallest(&sets, 0, &mut bound);
        assert_eq!(bound, expected, "{sets:?}");
    }
}

#[test]
fn privilege_escalation_cuts_every_path_with_the_fewest_actions() {
    let list = ReadyMadeList::named("privilege-escalation").unwrap();
    let mut cut: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for path in paths() {
        let entries: Vec<_> = list
            .entries()
            .filter(|entry| path.required.contains(entry.action))
            .collect();
        assert!(!entries.is_empty(), "nothing cuts {}", path.id);
        for entry in entries {
            cut.entry(entry.action).or_default().push(path.id.clone());
        }
    }
    for entry in list.entries() {
        assert_eq!(
            cut[entry.action].join(" "),
            entry.source,
            "{}",
            entry.action
        );
    }
    let sets: Vec<_> = paths().into_iter().map(|path| path.required).collect();
    let mut bound = usize::MAX;
    smallest(&sets, 0, &mut bound);
    assert_eq!(list.entries().count(), bound);
    assert_eq!(bound, 29);
}

#[test]
fn the_actions_of_a_path_violate_privilege_escalation() {
    let restricted: RestrictedActions = "@privilege-escalation".parse().unwrap();
    for path in paths() {
        let actions = serde_json::to_string(&path.required).unwrap();
        let document =
            format!(r#"{{"Statement":{{"Effect":"Allow","Action":{actions},"Resource":"*"}}}}"#);
        assert!(!judge(&document, &restricted).is_clean(), "{}", path.id);
    }
}

#[test]
#[cfg_attr(not(feature = "catalogue"), ignore = "the known actions are left out")]
fn every_entry_is_a_known_action_with_a_source_and_a_reason() {
    #[cfg(feature = "catalogue")]
    for list in ReadyMadeList::ALL {
        let mut before = "";
        for entry in list.entries() {
            let named = iam_policy::catalogue::named_by(&entry.action.parse().unwrap());
            assert_eq!(named, [entry.action], "{}", list.name());
            assert!(
                before < entry.action,
                "{} is not in its place",
                entry.action
            );
            assert!(
                !entry.source.is_empty() && !entry.reason.is_empty(),
                "{}",
                entry.action
            );
            before = entry.action;
        }
        assert!(list.entries().count() > 20, "{}", list.name());
    }
}

#[test]
fn a_list_is_named_beside_patterns_and_other_lists() {
    let read = |list: &str| list.parse::<RestrictedActions>().unwrap();
    let escalation: Vec<&str> = ReadyMadeList::named("privilege-escalation")
        .unwrap()
        .entries()
        .map(|entry| entry.action)
        .collect();
    assert_eq!(
        read("@Privilege-Escalation").to_string(),
        escalation.join(",")
    );
    let both = read(" @privilege-escalation , s3:DeleteBucket,IAM:passrole");
    assert_eq!(
        both.to_string(),
        format!("{},s3:DeleteBucket", escalation.join(","))
    );
    let all = read("@privilege-escalation,@data-destruction,@audit-tampering,@credential-exposure");
    let count: usize = ReadyMadeList::ALL
        .map(|list| list.entries().count())
        .iter()
        .sum();
    // Three ways to another user's credentials are also privilege-escalation paths.
    assert_eq!(all.patterns().len(), count - 3);
    assert_eq!(all.warnings(), []);
    assert_eq!(
        read("iam:*,@privilege-escalation")
            .to_string()
            .matches("iam:")
            .count(),
        1
    );
    assert_eq!(read(&all.to_string()), all);
}
