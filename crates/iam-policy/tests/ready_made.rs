//! The ready-made lists: their entries and sources, and what the lists about permissions must have.
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

/// How a source begins that is a technique.
const TECHNIQUE: &str = "ATT&CK ";

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
fn privilege_escalation_cuts_every_path() {
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
    // An entry names every path that it cuts. An entry that cuts none names a technique.
    for entry in list.entries() {
        match cut.get(entry.action) {
            Some(ids) => assert_eq!(ids.join(" "), entry.source, "{}", entry.action),
            None => assert!(entry.source.starts_with(TECHNIQUE), "{}", entry.action),
        }
    }
    // No action of a path is on the list without need.
    let sets: Vec<_> = paths().into_iter().map(|path| path.required).collect();
    let mut bound = usize::MAX;
    smallest(&sets, 0, &mut bound);
    assert_eq!(cut.len(), bound);
    assert_eq!(bound, 29);
}

/// The calls of IAM that write, and that are not on `@iam-administration`.
#[cfg(feature = "catalogue")]
const OTHER_WRITES: [(&str, &[&str]); 5] = [
    (
        "takes access away, or deletes what is not in force",
        &[
            "DeleteAccessKey",
            "DeleteGroup",
            "DeleteInstanceProfile",
            "DeleteLoginProfile",
            "DeleteOpenIDConnectProvider",
            "DeletePolicy",
            "DeletePolicyVersion",
            "DeleteRole",
            "DeleteSAMLProvider",
            "DeleteSSHPublicKey",
            "DeleteServiceLinkedRole",
            "DeleteServiceSpecificCredential",
            "DeleteSigningCertificate",
            "DeleteUser",
            "DisableOrganizationsRootCredentialsManagement",
            "DisableOrganizationsRootSessions",
            "DisableOutboundWebIdentityFederation",
            "RejectDelegationRequest",
            "RemoveClientIDFromOpenIDConnectProvider",
            "RemoveRoleFromInstanceProfile",
        ],
    ),
    (
        "makes or asks for something that has no permissions until another call gives it some",
        &[
            "AssociateDelegationRequest",
            "CreateDelegationRequest",
            "CreateGroup",
            "CreateInstanceProfile",
            "CreateVirtualMFADevice",
        ],
    ),
    (
        "hands an existing role to a service, and writes nothing to IAM",
        &["PassRole"],
    ),
    (
        "makes a role whose permissions AWS chooses, and that only a service of AWS can assume",
        &["CreateServiceLinkedRole"],
    ),
    (
        "changes neither permissions nor what another person signs in with",
        &[
            "ChangePassword",
            "CreateAccountAlias",
            "DeleteAccountAlias",
            "DeleteCloudFrontPublicKey",
            "DeleteServerCertificate",
            "DeleteVirtualMFADevice",
            "ResyncMFADevice",
            "SetSTSRegionalEndpointStatus",
            "SetSecurityTokenServicePreferences",
            "TagMFADevice",
            "TagServerCertificate",
            "UntagMFADevice",
            "UntagServerCertificate",
            "UpdateAccountName",
            "UpdateCloudFrontPublicKey",
            "UpdateRoleDescription",
            "UpdateServerCertificate",
            "UploadCloudFrontPublicKey",
            "UploadServerCertificate",
        ],
    ),
];

/// A new action of IAM fails this test: it belongs on the list or among [`OTHER_WRITES`].
#[test]
#[cfg_attr(not(feature = "catalogue"), ignore = "the known actions are left out")]
fn iam_administration_has_every_write_of_iam_but_those_with_a_reason() {
    #[cfg(feature = "catalogue")]
    {
        const READS: [&str; 4] = ["iam:Get", "iam:List", "iam:Generate", "iam:Simulate"];
        let list = ReadyMadeList::named("iam-administration").unwrap();
        let mut expected: BTreeSet<String> =
            iam_policy::catalogue::named_by(&"iam:*".parse().unwrap())
                .into_iter()
                .filter(|action| !READS.iter().any(|read| action.starts_with(read)))
                .collect();
        for (reason, names) in OTHER_WRITES {
            for name in names {
                let was_there = expected.remove(&format!("iam:{name}"));
                assert!(was_there, "{name} ({reason}) is not a write of IAM");
            }
        }
        let listed: BTreeSet<String> = list.entries().map(|it| it.action.to_owned()).collect();
        assert_eq!(listed, expected);
    }
}

#[test]
fn iam_administration_has_what_privilege_escalation_has_of_iam() {
    let [escalation, administration] = ["privilege-escalation", "iam-administration"]
        .map(|name| ReadyMadeList::named(name).unwrap());
    for entry in escalation.entries() {
        if entry.action.starts_with("iam:") && entry.action != "iam:PassRole" {
            assert!(
                administration.entries().any(|other| other == entry),
                "{}",
                entry.action
            );
        }
    }
}

#[test]
fn every_source_is_paths_or_a_technique_and_perhaps_a_page() {
    let known: BTreeSet<String> = paths().into_iter().map(|path| path.id).collect();
    let is_technique = |id: &str| {
        let digits = |text: &str, count| {
            text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        id.strip_prefix('T')
            .is_some_and(|id| match id.split_once('.') {
                Some((technique, part)) => digits(technique, 4) && digits(part, 3),
                None => digits(id, 4),
            })
    };
    let is_source = |source: &str| match source.strip_prefix(TECHNIQUE) {
        Some(rest) => match rest.split_once("; ") {
            Some((id, page)) => {
                is_technique(id)
                    && page
                        .split_once(" Guide: ")
                        .is_some_and(|(guide, title)| !guide.is_empty() && !title.is_empty())
            }
            None => is_technique(rest),
        },
        None => source.split(' ').all(|id| known.contains(id)),
    };
    assert!(is_source("iam-001 iam-016"));
    assert!(is_source("ATT&CK T1098"));
    assert!(is_source(
        "ATT&CK T1098.001; IAM User Guide: Policy evaluation logic"
    ));
    for wrong in [
        "",
        "iam-999",
        "iam-001  iam-016",
        "T1098",
        "ATT&CK 1098",
        "ATT&CK T1098.1",
        "ATT&CK T1098 T1485",
        "ATT&CK T1098; Policy evaluation logic",
    ] {
        assert!(!is_source(wrong), "{wrong}");
    }
    for list in ReadyMadeList::ALL {
        for entry in list.entries() {
            assert!(
                is_source(entry.source),
                "{}: {}",
                entry.action,
                entry.source
            );
            // ATT&CK 19 replaced T1562.001 by T1685, and T1562.008 by T1685.002.
            assert!(!entry.source.contains("T1562"), "{}", entry.action);
        }
    }
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
    let names = ReadyMadeList::ALL.map(|list| format!("@{}", list.name()));
    let all = read(&names.join(","));
    // Lists share entries, and each action counts once.
    let actions: BTreeSet<&str> = ReadyMadeList::ALL
        .iter()
        .flat_map(ReadyMadeList::entries)
        .map(|entry| entry.action)
        .collect();
    assert_eq!(all.patterns().len(), actions.len());
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
