//! Ready-made lists of restricted actions.

use crate::ActionPattern;

/// A list of restricted actions that is part of the crate. A
/// [`RestrictedActions`](crate::RestrictedActions) list names it as `@` and its name.
///
/// Every entry is one action, as AWS spells it.
///
/// ```
/// use iam_policy::ReadyMadeList;
///
/// let list = ReadyMadeList::named("privilege-escalation").ok_or("no such list")?;
/// let entry = list.entries().find(|entry| entry.action == "iam:AddUserToGroup").ok_or("no such entry")?;
/// assert_eq!(entry.source, "iam-013");
/// assert_eq!(entry.reason, "gives a user what a group may do");
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadyMadeList {
    name: &'static str,
    summary: &'static str,
    /// One entry a line: action, source and reason, separated by tabs.
    entries: &'static str,
}

/// An entry of a [`ReadyMadeList`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadyMadeEntry {
    /// The action.
    pub action: &'static str,
    /// The source: identifiers of paths of pathfinding.cloud, separated by spaces, or `ATT&CK` and
    /// the identifier of a technique of MITRE ATT&CK. A page of the AWS documentation can follow a
    /// technique, as in `ATT&CK T1098; IAM User Guide: Policy evaluation logic`.
    pub source: &'static str,
    /// The danger of the action, as the end of a sentence.
    pub reason: &'static str,
}

impl ReadyMadeList {
    /// All lists.
    pub const ALL: [ReadyMadeList; 5] = [
        ReadyMadeList {
            name: "privilege-escalation",
            summary: "actions that lead from fewer permissions to more",
            entries: include_str!("../data/ready-made/privilege-escalation.tsv"),
        },
        ReadyMadeList {
            name: "iam-administration",
            summary: "actions of IAM that hand out permissions or credentials, or change what limits them",
            entries: include_str!("../data/ready-made/iam-administration.tsv"),
        },
        ReadyMadeList {
            name: "data-destruction",
            summary: "actions that delete data, make it unreadable or delete its backups",
            entries: include_str!("../data/ready-made/data-destruction.tsv"),
        },
        ReadyMadeList {
            name: "audit-tampering",
            summary: "actions that stop, empty or hide what records and reports",
            entries: include_str!("../data/ready-made/audit-tampering.tsv"),
        },
        ReadyMadeList {
            name: "credential-exposure",
            summary: "actions that answer with passwords, keys, tokens or secrets",
            entries: include_str!("../data/ready-made/credential-exposure.tsv"),
        },
    ];

    /// The list of this name, without the `@`; the letter case does not count.
    #[must_use]
    pub fn named(name: &str) -> Option<ReadyMadeList> {
        Self::ALL
            .into_iter()
            .find(|list| list.name.eq_ignore_ascii_case(name))
    }

    /// The name, without the `@`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The subject of the list, in one phrase.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        self.summary
    }

    /// The entries, in alphabetical order.
    pub fn entries(&self) -> impl Iterator<Item = ReadyMadeEntry> + use<> {
        self.entries.lines().filter_map(|line| {
            let (action, rest) = line.split_once('\t')?;
            let (source, reason) = rest.split_once('\t')?;
            Some(ReadyMadeEntry {
                action,
                source,
                reason,
            })
        })
    }

    /// The actions as patterns.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = ActionPattern> + use<> {
        self.entries().filter_map(|entry| entry.action.parse().ok())
    }
}
