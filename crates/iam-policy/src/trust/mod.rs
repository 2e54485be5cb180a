//! Trust policies: who outside may come into a role.
//!
//! An outsider is a caller of another account than the role's own and those that are trusted. What
//! is judged is the policy's text alone, by these rules:
//!
//! - A statement counts if it may mean one of the three calls by which somebody comes in:
//!   `sts:AssumeRole` for callers that have credentials of AWS, `sts:AssumeRoleWithSAML` and
//!   `sts:AssumeRoleWithWebIdentity` for those of an identity provider.
//! - `*`, alone or under `AWS`, is everybody, and so is a `NotPrincipal` ("AWS JSON policy
//!   elements: Principal", "AWS JSON policy elements: NotPrincipal"). Accounts and the principals
//!   in them are told unless they are inside.
//! - Services of AWS are never told, with or without `aws:SourceAccount`: roles for services are
//!   the most ordinary ones.
//! - A provider of an own account lets in whom the account's administrators made it for. One that
//!   everybody shares, such as GitHub's, lets in everybody unless a condition says whose identity
//!   it must be.
//! - A condition excludes outsiders if it demands an account (`aws:PrincipalAccount`,
//!   `aws:SourceAccount`), or an ARN that has an account (`aws:PrincipalArn`, `aws:SourceArn`). One
//!   that demands an organization narrows everybody to it, and is told: an organization is more
//!   than this account and the trusted ones. Every other condition, `sts:ExternalId` above all,
//!   narrows at best, and is told with the outsider.
//! - Operators that hold for a request without the key (`…IfExists`, `ForAllValues:…`) and negated
//!   ones exclude nobody, nor do values that have wildcards or policy variables in the wrong place,
//!   nor what is not known.
//! - A `Deny` takes away if it is for everybody and has no condition, or has one negated condition
//!   that leaves accounts or organizations (`StringNotEquals` on `aws:PrincipalOrgID`). A second
//!   condition may spare services (`BoolIfExists` on `aws:PrincipalIsAWSService`). Every other
//!   `Deny` takes away nothing.
//! - Doubt is told: a principal that does not say whose it is, and a policy that cannot be read.

mod account;
mod condition;
mod external;
mod limits;
mod principal;
mod provider;
mod statement;

use std::cell::OnceCell;
use std::collections::BTreeMap;

use account::{AccountId, ZoneOfTrust};
pub use account::{TrustedAccounts, TrustedAccountsError};
use condition::Left;
pub use external::{ExternalPrincipal, Who};
use limits::Limits;
use principal::Principal;
use statement::{Calls, Principals, TrustStatement};

use crate::message::Short;
use crate::text::decode_document;
use crate::{Effect, Truncated};

/// How many outsiders are named; the narrowest are left out first.
const MOST_NAMED: usize = 20;

/// How long a document may be: IAM takes none of more characters (IAM API reference, "CreateRole").
const MOST_CHARACTERS: usize = 131_072;

/// Who outside may come into a role by its trust policy, in the order of the statements; empty
/// where nobody may.
///
/// The role is in the account `own_account`. The document may be percent-encoded, as IAM answers
/// it. At most 20 outsiders are named, and the others counted; if anybody at all may come in, that
/// is named.
///
/// ```
/// use iam_policy::{TrustedAccounts, judge_trust};
///
/// let policy = r#"{"Version": "2012-10-17", "Statement": {
///     "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "sts:AssumeRole",
///     "Condition": {"StringEquals": {"sts:ExternalId": "42"}}
/// }}"#;
///
/// let outsiders = judge_trust(policy, "111122223333", &TrustedAccounts::default());
/// assert_eq!(
///     outsiders.shown()[0].to_string(),
///     "statement 1: the account `444455556666` may assume the role, under a condition on `sts:ExternalId`",
/// );
/// assert!(judge_trust(policy, "111122223333", &"444455556666".parse()?).is_empty());
/// # Ok::<(), iam_policy::TrustedAccountsError>(())
/// ```
#[must_use]
pub fn judge_trust(
    document: &str,
    own_account: &str,
    trusted: &TrustedAccounts,
) -> Truncated<ExternalPrincipal> {
    let text = decode_document(document);
    let statements = if text.chars().nth(MOST_CHARACTERS).is_some() {
        Err(format!(
            "it has more than the {MOST_CHARACTERS} characters that IAM takes"
        ))
    } else {
        statement::read(&text).map_err(|error| error.to_string())
    };
    let mut list = List::default();
    match statements {
        Ok(statements) => {
            let insiders = ZoneOfTrust::new(own_account, trusted);
            let denied = Denied::by(&statements, &insiders);
            for statement in &statements {
                if statement.effect == Effect::Allow {
                    allowed(statement, &denied, &insiders, &mut list);
                }
            }
        }
        Err(reason) => list.add(Who::Unreadable { reason }, |who| ExternalPrincipal {
            statement: None,
            sid: None,
            who,
            conditions: Vec::new(),
            more_conditions: 0,
        }),
    }
    Truncated::of(list.shown, list.more)
}

/// Adds whom an `Allow` lets in.
fn allowed(
    statement: &TrustStatement,
    denied: &Denied,
    insiders: &ZoneOfTrust<'_>,
    list: &mut List,
) {
    let limits = &statement.conditions.leave(insiders);
    let open = OnceCell::new();
    let is_open = |issuer: &str| {
        let open = open.get_or_init(|| provider::open(&statement.conditions));
        open.contains(&issuer)
    };
    let anybody = [Principal::Anybody];
    let (principals, everybody) = match &statement.principals {
        Principals::Named(principals) => (principals.as_slice(), Who::Everybody),
        Principals::AllBut => (anybody.as_slice(), Who::EverybodyElse),
    };
    for principal in principals {
        let calls = denied.not_all_of(statement.calls.and(calls_of(principal)));
        if calls.is_empty() {
            continue;
        }
        let left = denied.leave(calls);
        let admit = |account| limits.admit(account) && left.admit(account);
        let is_anybody = *principal == Principal::Anybody;
        let make = |who| outsider(statement, who, left, is_anybody);
        match principal {
            Principal::Anybody => within([limits, left], &everybody, list, make),
            Principal::Account(account) => {
                if !insiders.contains(*account) && admit(*account) {
                    list.add(Who::account(*account), make);
                }
            }
            Principal::Arn { account, arn } => {
                if !insiders.contains(*account) && admit(*account) {
                    list.add(Who::principal(arn), make);
                }
            }
            Principal::Service => {}
            Principal::Saml { account, arn } => {
                if !insiders.contains(*account) {
                    list.add(Who::provider(arn), make);
                }
            }
            Principal::Oidc { issuer, registered } => match registered {
                Some((account, arn)) if !insiders.contains(*account) => {
                    list.add(Who::provider(arn), make);
                }
                _ if is_open(issuer) => {
                    let provider = issuer.clone();
                    list.add(Who::EverybodyAt { provider }, make);
                }
                _ => {}
            },
            Principal::Unclear { kind, text } => {
                // Whoever it is, callers of an account are within the limits or not; of others it
                // is not known.
                if kind != "AWS" || !(limits.is_nobody() || left.is_nobody()) {
                    list.add(Who::unclear(kind, text), make);
                }
            }
        }
    }
}

/// The calls by which such a principal comes in.
fn calls_of(principal: &Principal) -> Calls {
    match principal {
        Principal::Account(_) | Principal::Arn { .. } | Principal::Service => Calls::ASSUME_ROLE,
        Principal::Saml { .. } => Calls::SAML,
        Principal::Oidc { .. } => Calls::WEB_IDENTITY,
        Principal::Anybody | Principal::Unclear { .. } => Calls::ALL,
    }
}

/// Adds those whom both limits leave of everybody, by the narrowest that these say.
fn within(
    limits: [&Limits; 2],
    everybody: &Who,
    list: &mut List,
    make: impl Fn(Who) -> ExternalPrincipal,
) {
    if limits.iter().any(|limits| limits.is_nobody()) {
        return;
    }
    let [first, second] = limits;
    if let Some(arns) = first.arns.as_ref().or(second.arns.as_ref()) {
        let is_left = |account| first.admit(account) && second.admit(account);
        let arns = arns.iter().filter(|(account, _)| is_left(*account));
        list.add_narrow(arns, |(_, arn)| make(Who::principal(arn)));
        return;
    }
    let make_account = |account: &AccountId| make(Who::account(*account));
    match (&first.accounts, &second.accounts) {
        (Some(first), Some(second)) => {
            list.add_narrow(first.intersection(second), make_account);
        }
        (Some(accounts), None) | (None, Some(accounts)) => {
            list.add_narrow(accounts.iter(), make_account);
        }
        (None, None) => match Limits::organizations_of(limits) {
            Some(organizations) => {
                for organization in &organizations {
                    list.add(Who::organization(organization), &make);
                }
            }
            None => list.add(everybody.clone(), make),
        },
    }
}

/// What is told of somebody whom the statement lets in, of whom other statements leave some.
///
/// Of a statement for anybody, `who` is whom its conditions leave, so that the keys that say it
/// need not be named again.
fn outsider(
    statement: &TrustStatement,
    who: Who,
    left: &Limits,
    is_anybody: bool,
) -> ExternalPrincipal {
    let is_said = |key: &str| match key {
        "aws:principalaccount" => is_anybody && matches!(who, Who::Account { .. }),
        "aws:principalarn" => is_anybody && matches!(who, Who::Principal { .. }),
        "aws:principalorgid" => matches!(who, Who::Organization { .. } | Who::OwnOrganization),
        _ => false,
    };
    let mut keys: BTreeMap<&str, &str> = statement.conditions.telling().collect();
    // Of identities of a provider nobody knows whether they have an organization.
    if left.organizations.is_some() && matches!(who, Who::Account { .. } | Who::Principal { .. }) {
        keys.entry("aws:principalorgid")
            .or_insert("aws:PrincipalOrgID");
    }
    keys.retain(|key, _| !is_said(key));
    let total = keys.len();
    let conditions: Vec<String> = keys
        .into_values()
        .take(ExternalPrincipal::MAX_CONDITIONS)
        .map(|key| Short(key).to_string())
        .collect();
    ExternalPrincipal {
        statement: Some(statement.index),
        sid: statement.sid.clone(),
        who,
        more_conditions: total - conditions.len(),
        conditions,
    }
}

/// What the `Deny` statements take away.
struct Denied {
    /// The calls that nobody may make.
    all: Calls,
    /// Whom they leave, by each set of calls.
    left: Vec<Limits>,
}

impl Denied {
    fn by(statements: &[TrustStatement], insiders: &ZoneOfTrust<'_>) -> Denied {
        let mut all = Calls::NONE;
        let mut each: Vec<(Calls, Limits)> =
            Calls::each().map(|it| (it, Limits::default())).collect();
        for statement in statements {
            let is_for_everybody = match &statement.principals {
                Principals::Named(named) => named.contains(&Principal::Anybody),
                Principals::AllBut => false,
            };
            let denies = statement.effect == Effect::Deny && !statement.has_unknown_key;
            if !(denies && is_for_everybody) {
                continue;
            }
            match statement.conditions.deny_leaves(insiders) {
                Left::Nobody => all = all.or(statement.calls),
                Left::Limits(limits) => {
                    for (call, left) in &mut each {
                        if !statement.calls.and(*call).is_empty() {
                            *left = std::mem::take(left).and(&limits);
                        }
                    }
                }
                Left::Unknown => {}
            }
        }
        let left = Calls::sets()
            .map(|calls| {
                each.iter()
                    .filter(|(call, _)| !calls.and(*call).is_empty())
                    .fold(Limits::nobody(), |left, (_, limits)| left.or(limits))
            })
            .collect();
        Denied { all, left }
    }

    /// Those of the calls that somebody may make.
    fn not_all_of(&self, calls: Calls) -> Calls {
        calls.without(self.all)
    }

    /// Whom the statements leave, of callers that have credentials of AWS.
    fn leave(&self, calls: Calls) -> &Limits {
        const UNLIMITED: &Limits = &Limits::NONE;
        self.left.get(calls.index()).unwrap_or(UNLIMITED)
    }
}

/// The outsiders to name, and how many others there are.
#[derive(Default)]
struct List {
    shown: Vec<ExternalPrincipal>,
    more: usize,
}

impl List {
    /// Adds somebody; in a full list, in the place of the last one of the narrowest.
    fn add(&mut self, who: Who, make: impl FnOnce(Who) -> ExternalPrincipal) {
        if self.shown.len() >= MOST_NAMED {
            self.more += 1;
            let narrowness = |outsider: &ExternalPrincipal| outsider.who.narrowness();
            let narrowest = self.shown.iter().enumerate();
            match narrowest.max_by_key(|(at, it)| (narrowness(it), *at)) {
                Some((at, it)) if narrowness(it) > who.narrowness() => {
                    self.shown.remove(at);
                }
                _ => return,
            }
        }
        self.shown.push(make(who));
    }

    /// Adds as many of the narrowest kind as there is room for, and counts the others.
    fn add_narrow<T>(
        &mut self,
        mut some: impl Iterator<Item = T>,
        make: impl Fn(T) -> ExternalPrincipal,
    ) {
        let room = MOST_NAMED.saturating_sub(self.shown.len());
        self.shown.extend(some.by_ref().take(room).map(make));
        self.more += some.count();
    }
}
