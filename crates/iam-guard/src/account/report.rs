//! The content of the reports.

use std::cmp::Reverse;
use std::collections::HashMap;

use iam_account::{Account, Becoming, Gap, HeldBy, Kind, PolicyRef, Principal, Through, Verdict};
use iam_policy::{ActionPattern, Response};

use crate::exit::Exit;

/// A report on an account.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) account: &'a Account,
    /// How many things could not be read.
    problems: usize,
    /// Who holds each managed policy that gives something restricted.
    held_by: HashMap<&'a str, HeldBy>,
    /// The patterns with another response than to contain.
    responses: HashMap<&'a ActionPattern, Response>,
}

/// How many there are of each kind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) users: usize,
    pub(super) groups: usize,
    pub(super) roles: usize,
}

impl Counts {
    pub(super) fn sum(self) -> usize {
        self.users + self.groups + self.roles
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = |count: usize, one: &str| match count {
            1 => format!("1 {one}"),
            count => format!("{count} {one}s"),
        };
        write!(
            f,
            "{}, {} and {}",
            of(self.users, "user"),
            of(self.groups, "group"),
            of(self.roles, "role")
        )
    }
}

/// A name with how many hold it for certain, and how many under conditions.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) sure: usize,
    pub(super) maybe: usize,
    /// The two as percentages of the longest bar.
    pub(super) sure_percent: usize,
    pub(super) maybe_percent: usize,
}

impl<'a> Report<'a> {
    pub(super) fn new(account: &'a Account, problems: usize) -> Self {
        let mut held_by = HashMap::new();
        for principal in account.principals().iter().filter(|it| is_holder(it)) {
            for through in account.holdings(principal).through() {
                if let PolicyRef::Managed { arn } = through.policy {
                    let count = || account.held_by(through.policy);
                    held_by.entry(arn).or_insert_with(count);
                }
            }
        }
        Self {
            account,
            problems,
            held_by,
            responses: responses(account),
        }
    }

    /// The strictest response to what a principal holds, where it is another one than to contain.
    pub(super) fn response(&self, principal: &Principal) -> Option<Response> {
        response(self.account, &self.responses, principal)
    }

    pub(super) fn count(&self, verdict: Verdict) -> Counts {
        let of = |kind| self.account.count(kind, verdict);
        Counts {
            users: of(Kind::User),
            groups: of(Kind::Group),
            roles: of(Kind::Role),
        }
    }

    /// How many principals there are.
    pub(super) fn all(&self) -> Counts {
        let verdicts = [Verdict::No, Verdict::Unknown, Verdict::Maybe, Verdict::Yes];
        verdicts
            .map(|it| self.count(it))
            .into_iter()
            .fold(Counts::default(), |sum, it| Counts {
                users: sum.users + it.users,
                groups: sum.groups + it.groups,
                roles: sum.roles + it.roles,
            })
    }

    pub(super) fn is_incomplete(&self) -> bool {
        self.problems > 0 || !self.account.gaps().is_empty()
    }

    pub(super) fn exit(&self) -> Exit {
        let has = |verdict| self.count(verdict).sum() > 0;
        let is_held = |(pattern, sure, maybe): (&ActionPattern, usize, usize)| {
            let response = self.responses.get(pattern).copied().unwrap_or_default();
            sure + maybe > 0 && response.removes()
        };
        if self.account.by_pattern().into_iter().any(is_held) {
            Exit::Restricted
        } else if self.is_incomplete() || has(Verdict::Unknown) {
            Exit::NotKnown
        } else {
            Exit::Clean
        }
    }

    /// Whether some principals hold what is only reported, and none holds anything stricter.
    pub(super) fn is_reported(&self) -> bool {
        self.exit() == Exit::Clean && self.account.principals().iter().any(is_holder)
    }

    /// What the answer lacks, in at most so many lines.
    pub(super) fn incomplete_lines(&self, most: usize) -> Vec<String> {
        let gaps = self.account.gaps();
        let mut lines: Vec<String> = gaps.iter().take(most).map(Gap::to_string).collect();
        if let Some(more @ 1..) = gaps.len().checked_sub(most) {
            lines.push(format!("more like this: {more}"));
        }
        lines
    }

    /// What a reader should know about the answer.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let all = self.all();
        for (count, kinds) in [
            (all.users, "users"),
            (all.groups, "groups"),
            (all.roles, "roles"),
        ] {
            if count == 0 {
                notes.push(format!(
                    "The answer has no {kinds}. A filter can leave them out."
                ));
            }
        }
        match self.account.built_in().count() {
            0 => {}
            1 => notes
                .push("The document of one AWS managed policy is not from the answer.".to_owned()),
            count => notes.push(format!(
                "The documents of {count} AWS managed policies are not from the answer."
            )),
        }
        if self
            .account
            .principals()
            .iter()
            .any(Principal::is_reach_cut)
        {
            notes.push(
                "The search for who may become whom took too long, so some roles are missing there."
                    .to_owned(),
            );
        }
        notes
    }

    /// Those who hold something restricted, the worst first: by the number of patterns that they
    /// hold for certain, then by the number of those that they may hold, then people first.
    pub(super) fn holders(&self) -> Vec<&'a Principal> {
        let mut holders: Vec<&Principal> = self.account.principals().iter().collect();
        holders.retain(|it| is_holder(it));
        // The principals are in the order of their kinds and ARNs.
        holders.sort_by_key(|it| Reverse(it.counts()));
        holders
    }

    /// Those who can become a role that holds something restricted: those first who gain the most.
    pub(super) fn climbers(&self) -> Vec<&'a Principal> {
        let mut climbers: Vec<&Principal> = self.account.principals().iter().collect();
        climbers.retain(|it| it.roles_in_reach().1 > 0);
        climbers.sort_by_cached_key(|it| {
            let best = self.account.holdings(it).becoming();
            let best = best
                .iter()
                .filter_map(|it| it.chain.last())
                .map(|it| it.counts());
            Reverse((
                best.max()
                    .unwrap_or_default()
                    .0
                    .saturating_sub(it.counts().0),
                it.roles_in_reach().1,
            ))
        });
        climbers
    }

    pub(super) fn bars(&self) -> Vec<Bar> {
        let mut counts = self.account.by_pattern();
        counts.retain(|(_, sure, maybe)| sure + maybe > 0);
        counts.sort_by_key(|(_, sure, maybe)| Reverse((sure + maybe, *sure)));
        bars(
            counts
                .into_iter()
                .map(|(pattern, sure, maybe)| (pattern.to_string(), sure, maybe)),
        )
    }

    pub(super) fn list_bars(&self) -> Vec<Bar> {
        let counts = self.account.by_list().into_iter();
        bars(counts.map(|(list, sure, maybe)| (format!("@{}", list.name()), sure, maybe)))
    }

    /// A policy, and who holds it.
    pub(super) fn policy(&self, through: &Through<'_>) -> String {
        let policy = through.policy;
        let held = match policy {
            PolicyRef::Managed { arn } => self.held_by.get(arn).copied(),
            PolicyRef::Inline { owner, .. } if owner.kind() == Kind::Group => {
                Some(self.account.held_by(policy))
            }
            PolicyRef::Inline { .. } => None,
        };
        let held = held.map(|held| format!(", {held}")).unwrap_or_default();
        let doubt = through
            .doubt()
            .map(|it| format!("; {it}"))
            .unwrap_or_default();
        match (policy, through.group) {
            (PolicyRef::Managed { .. }, Some(group)) => {
                format!("{policy} of group `{}`{held}{doubt}", group.name())
            }
            _ => format!("{policy}{held}{doubt}"),
        }
    }

    /// The managed policies that give something restricted, with their holders, by their ARNs.
    pub(super) fn policies(&self) -> Vec<(&'a str, HeldBy)> {
        let mut policies: Vec<(&str, HeldBy)> = self
            .held_by
            .iter()
            .map(|(arn, held)| (*arn, *held))
            .collect();
        policies.sort_unstable_by_key(|(arn, _)| *arn);
        policies
    }
}

/// The patterns with another response than to contain.
pub(super) fn responses(account: &Account) -> HashMap<&ActionPattern, Response> {
    let patterns = account.restricted().with_responses();
    patterns
        .filter(|(_, response)| *response != Response::Contain)
        .collect()
}

/// The strictest response to what a principal holds, where it is among these.
pub(super) fn response(
    account: &Account,
    responses: &HashMap<&ActionPattern, Response>,
    principal: &Principal,
) -> Option<Response> {
    if responses.is_empty() {
        return None;
    }
    let holdings = account.holdings(principal);
    let held = holdings.sure().into_iter().chain(holdings.maybe());
    let strictest = held.map(|it| responses.get(it).copied().unwrap_or_default());
    strictest.max().filter(|it| *it != Response::Contain)
}

/// What comes after the extent of what a principal holds.
pub(super) fn suffix(response: Option<Response>) -> String {
    response.map_or_else(String::new, |response| format!("; response: {response}"))
}

fn is_holder(principal: &Principal) -> bool {
    principal.verdict() >= Verdict::Maybe
}

fn bars(counts: impl Iterator<Item = (String, usize, usize)>) -> Vec<Bar> {
    let counts: Vec<_> = counts.collect();
    let longest = counts.iter().map(|(_, sure, maybe)| sure + maybe).max();
    let longest = longest.unwrap_or(1).max(1);
    let bar = |(name, sure, maybe): (String, usize, usize)| Bar {
        name,
        sure,
        maybe,
        sure_percent: sure * 100 / longest,
        maybe_percent: maybe * 100 / longest,
    };
    counts.into_iter().map(bar).collect()
}

/// How many patterns a principal holds, as a part of a sentence.
pub(super) fn extent(principal: &Principal) -> String {
    match principal.counts() {
        (sure, 0) => patterns(sure),
        (0, maybe) => format!("maybe {}", patterns(maybe)),
        (sure, maybe) => format!("{}, and maybe {maybe} more", patterns(sure)),
    }
}

fn patterns(count: usize) -> String {
    match count {
        1 => "1 restricted pattern".to_owned(),
        count => format!("{count} restricted patterns"),
    }
}

/// How a principal can become a role, without its own name.
pub(super) fn chain(becoming: &Becoming<'_>) -> String {
    let mut names: Vec<String> = becoming
        .chain
        .iter()
        .map(|it| format!("`{}`", it.name()))
        .collect();
    if becoming.more > 0 {
        let at = names.len().saturating_sub(1);
        names.insert(at, format!("{} more", becoming.more));
    }
    let holds = becoming
        .chain
        .last()
        .map(|it| extent(it))
        .unwrap_or_default();
    let may = if becoming.is_sure { "can" } else { "may" };
    format!(
        "{may} become {}, which holds {holds}",
        names.join(", then ")
    )
}

/// The first names of a list, and the number of the others.
pub(super) fn listed<T: std::fmt::Display>(names: &[T], most: usize) -> String {
    let shown: Vec<String> = names.iter().take(most).map(T::to_string).collect();
    match names.len().saturating_sub(most) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

pub(super) fn texts(patterns: &[&ActionPattern]) -> Vec<String> {
    patterns.iter().map(|it| it.to_string()).collect()
}

/// The policies and groups of a principal that are not in the answer or cannot be read.
pub(super) fn lacking(account: &Account, principal: &Principal) -> Vec<String> {
    let holdings = account.holdings(principal);
    let missing = holdings.missing().into_iter().map(str::to_owned);
    let groups = principal.unknown_groups().map(|it| format!("group `{it}`"));
    let unreadable = holdings.unreadable().into_iter().map(|it| it.to_string());
    missing.chain(groups).chain(unreadable).collect()
}
