//! Trust policies: the external principals that may assume a role.
//!
//! The zone of trust holds the role's own account and the trusted accounts; every other caller is
//! an external principal. The text of the policy alone is judged, by these rules:
//!
//! - A statement counts if it may apply to one of the three calls that assume a role:
//!   `sts:AssumeRole` for callers with AWS credentials, `sts:AssumeRoleWithSAML` and
//!   `sts:AssumeRoleWithWebIdentity` for identities of a provider.
//! - `*`, alone or under `AWS`, is every caller, and so is a `NotPrincipal` ("AWS JSON policy
//!   elements: Principal", "AWS JSON policy elements: NotPrincipal"). Accounts and the principals
//!   in them are reported if they are outside the zone of trust.
//! - AWS service principals are not reported, with or without `aws:SourceAccount`: roles for
//!   services are the most common ones. Two services pass a role on to people or machines whom the
//!   IAM of the account does not name; they are reported unless a condition names the resource or
//!   the account that passes it on, or the certificate of the caller.
//! - A provider in an account of the zone admits the identities that the account's administrators
//!   set it up for. A provider that all its customers share, such as GitHub's, admits every
//!   identity unless a condition identifies the owner.
//! - A condition excludes external principals if it requires an account (`aws:PrincipalAccount`,
//!   `aws:SourceAccount`), or an ARN with an account (`aws:PrincipalArn`, `aws:SourceArn`). A
//!   condition that requires an organization is reported with the organization, because an
//!   organization is more than the zone of trust. Every other condition, above all
//!   `sts:ExternalId`, narrows at best, and is reported with the principal.
//! - Operators that are true for a request without the key (`…IfExists`, `ForAllValues:…`), negated
//!   operators, unknown operators, and values with wildcards or policy variables in the wrong place
//!   exclude no principal.
//! - A `Deny` counts if it is for all principals and has no condition, or has one negated condition
//!   that spares accounts or organizations (`StringNotEquals` on `aws:PrincipalOrgID`). A second
//!   condition may spare services (`BoolIfExists` on `aws:PrincipalIsAWSService`). Every other
//!   `Deny` is ignored.
//! - Ambiguous principals are reported: a principal that does not identify its account, and a
//!   policy that cannot be read.

mod account;
mod comparison;
mod condition;
mod entrants;
mod external;
mod limits;
mod principal;
mod provider;
mod statement;

use std::cell::OnceCell;
use std::collections::BTreeMap;

use account::{AccountId, ZoneOfTrust};
pub use account::{TrustedAccounts, TrustedAccountsError};
pub use comparison::{TrustComparison, compare_trust};
use condition::Left;
pub use entrants::{Entrants, entrants};
pub use external::{ExternalPrincipal, Who};
use limits::Limits;
use principal::Principal;
use statement::{Calls, Principals, TrustStatement};

use crate::message::Short;
use crate::text::decode_document;
use crate::{Effect, Truncated};

/// How many external principals are reported; the narrowest are left out first.
const MOST_NAMED: usize = 20;

/// The number of characters that IAM accepts in a trust policy (IAM API reference, "CreateRole").
const MOST_CHARACTERS: usize = 131_072;

/// The external principals that may assume a role by its trust policy, in the order of the
/// statements; empty if there are none.
///
/// The role is in the account `own_account`. The document may be percent-encoded, as IAM returns
/// it. At most 20 principals are reported, and the others are counted; a principal that stands for
/// every caller is never left out.
///
/// ```
/// use iam_policy::{TrustedAccounts, judge_trust};
///
/// let policy = r#"{"Version": "2012-10-17", "Statement": {
///     "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "sts:AssumeRole",
///     "Condition": {"StringEquals": {"sts:ExternalId": "42"}}
/// }}"#;
///
/// let external = judge_trust(policy, "111122223333", &TrustedAccounts::default());
/// assert_eq!(
///     external.shown()[0].to_string(),
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
            let zone = ZoneOfTrust::new(own_account, trusted);
            let denied = Denied::by(&statements, &zone);
            for statement in &statements {
                if statement.effect == Effect::Allow {
                    allowed(statement, &denied, &zone, &mut list);
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

/// Adds the external principals that an `Allow` admits.
fn allowed(statement: &TrustStatement, denied: &Denied, zone: &ZoneOfTrust<'_>, list: &mut List) {
    let limits = &statement.conditions.leave(zone);
    let open = OnceCell::new();
    let is_open = |issuer: &str| {
        let open = open.get_or_init(|| provider::open(&statement.conditions));
        open.contains(&issuer)
    };
    let everyone = [Principal::Everyone];
    let (principals, everybody) = match &statement.principals {
        Principals::Named(principals) => (principals.as_slice(), Who::Everybody),
        Principals::AllBut => (everyone.as_slice(), Who::EverybodyElse),
    };
    for principal in principals {
        let calls = denied.not_all_of(statement.calls.and(calls_of(principal)));
        if calls.is_empty() {
            continue;
        }
        let left = denied.leave(calls);
        let admit = |account| limits.admit(account) && left.admit(account);
        let is_everyone = *principal == Principal::Everyone;
        let make = |who| report(statement, who, left, is_everyone);
        match principal {
            Principal::Everyone => within([limits, left], &everybody, list, make),
            Principal::Account(account) => {
                if !zone.contains(*account) && admit(*account) {
                    list.add(Who::account(*account), make);
                }
            }
            Principal::Arn { account, arn } => {
                if !zone.contains(*account) && admit(*account) {
                    list.add(Who::principal(arn), make);
                }
            }
            // Roles for services are the most common ones, so reporting them would hide the others.
            Principal::Service => {}
            Principal::Relay(service) => {
                if !(statement.conditions.narrow_relay(zone) || left.name_accounts()) {
                    let service = service.clone();
                    list.add(Who::EverybodyBy { service }, make);
                }
            }
            Principal::Saml { account, arn } => {
                if !zone.contains(*account) {
                    list.add(Who::provider(arn), make);
                }
            }
            Principal::Oidc { issuer, registered } => match registered {
                Some((account, arn)) if !zone.contains(*account) => {
                    list.add(Who::provider(arn), make);
                }
                _ if is_open(issuer) => {
                    let provider = issuer.clone();
                    list.add(Who::EverybodyAt { provider }, make);
                }
                _ => {}
            },
            Principal::Unclear { kind, text } => {
                // A principal under `AWS` belongs to some account, so limits that admit no account
                // exclude it. The accounts of other kinds are unknown.
                if kind != "AWS" || !(limits.is_empty() || left.is_empty()) {
                    list.add(Who::unclear(kind, text), make);
                }
            }
        }
    }
}

/// The calls that such a principal can make.
fn calls_of(principal: &Principal) -> Calls {
    match principal {
        Principal::Account(_)
        | Principal::Arn { .. }
        | Principal::Service
        | Principal::Relay(_) => Calls::ASSUME_ROLE,
        Principal::Saml { .. } => Calls::SAML,
        Principal::Oidc { .. } => Calls::WEB_IDENTITY,
        Principal::Everyone | Principal::Unclear { .. } => Calls::ALL,
    }
}

/// Adds the callers that both limits admit, by the narrowest description that the limits have.
fn within(
    limits: [&Limits; 2],
    everybody: &Who,
    list: &mut List,
    make: impl Fn(Who) -> ExternalPrincipal,
) {
    if limits.iter().any(|limits| limits.is_empty()) {
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

/// The report on a principal that the statement admits and that other statements deny only in part.
///
/// For a statement that admits all callers, `who` already describes its conditions, so the keys
/// that it is based on are not repeated.
fn report(
    statement: &TrustStatement,
    who: Who,
    left: &Limits,
    is_everyone: bool,
) -> ExternalPrincipal {
    let is_said = |key: &str| match key {
        "aws:principalaccount" => is_everyone && matches!(who, Who::Account { .. }),
        "aws:principalarn" => is_everyone && matches!(who, Who::Principal { .. }),
        "aws:principalorgid" => matches!(who, Who::Organization { .. } | Who::OwnOrganization),
        _ => false,
    };
    let mut keys: BTreeMap<&str, &str> = statement.conditions.narrowing().collect();
    // Federated identities do not carry an organization.
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

/// The effect of the `Deny` statements.
struct Denied {
    /// The calls that are denied for all principals.
    all: Calls,
    /// The principals that they spare, for each set of calls.
    left: Vec<Limits>,
}

impl Denied {
    fn by(statements: &[TrustStatement], zone: &ZoneOfTrust<'_>) -> Denied {
        let mut all = Calls::NONE;
        let mut each: Vec<(Calls, Limits)> =
            Calls::each().map(|it| (it, Limits::default())).collect();
        for statement in statements {
            let is_for_everyone = match &statement.principals {
                Principals::Named(named) => named.contains(&Principal::Everyone),
                Principals::AllBut => false,
            };
            let denies = statement.effect == Effect::Deny && !statement.has_unknown_key;
            if !(denies && is_for_everyone) {
                continue;
            }
            match statement.conditions.deny_leaves(zone) {
                Left::None => all = all.or(statement.calls),
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
        // A principal may come in by any call that the statement allows, so the limits of a set of
        // calls are the union of the limits of each.
        let left = Calls::sets()
            .map(|calls| {
                each.iter()
                    .filter(|(call, _)| !calls.and(*call).is_empty())
                    .fold(Limits::nothing(), |left, (_, limits)| left.or(limits))
            })
            .collect();
        Denied { all, left }
    }

    /// The calls that are not denied for all principals.
    fn not_all_of(&self, calls: Calls) -> Calls {
        calls.without(self.all)
    }

    /// The callers with AWS credentials that the statements spare.
    fn leave(&self, calls: Calls) -> &Limits {
        const UNLIMITED: &Limits = &Limits::NONE;
        self.left.get(calls.index()).unwrap_or(UNLIMITED)
    }
}

/// The external principals to report, and the number of the others.
#[derive(Default)]
struct List {
    shown: Vec<ExternalPrincipal>,
    more: usize,
}

impl List {
    /// Adds a principal; in a full list, it replaces the last one of the narrowest.
    fn add(&mut self, who: Who, make: impl FnOnce(Who) -> ExternalPrincipal) {
        if self.shown.len() >= MOST_NAMED {
            self.more += 1;
            let narrowness = |principal: &ExternalPrincipal| principal.who.narrowness();
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
