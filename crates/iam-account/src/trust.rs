//! Which principals of the answer a trust policy lets assume its role.
//!
//! `iam-policy` names who may enter a role from outside. This module finds the users and roles of
//! the answer, whose ARNs are known, among the principals.

use std::borrow::Cow;
use std::sync::OnceLock;

use iam_policy::{ActionPattern, entrants};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::arn;
use crate::condition::Condition;
use crate::entry::Text;
use crate::texts::Texts;
use crate::watched::ASSUME_ROLE;

/// The statements of a trust policy about `sts:AssumeRole`.
#[derive(Debug)]
pub(crate) struct Trust {
    text: Box<str>,
    /// Whom `iam-policy` names, once somebody asks.
    entrants: OnceLock<Vec<String>>,
    /// None if the policy cannot be read.
    statements: Vec<TrustStatement>,
    /// Why the policy cannot be read.
    problem: Option<String>,
}

#[derive(Debug)]
struct TrustStatement {
    is_deny: bool,
    /// Whether it is for all principals but these.
    is_negated: bool,
    everybody: bool,
    accounts: Vec<Box<str>>,
    arns: Vec<Box<str>>,
    condition: Condition,
}

/// How certain something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    #[default]
    No,
    Maybe,
    Yes,
}

/// How a trust policy lets a principal assume its role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Admission {
    /// Whatever the policies of the principal allow.
    pub(crate) alone: Strength,
    /// If the policies of the principal allow `sts:AssumeRole`.
    pub(crate) if_permitted: Strength,
}

/// Whom a trust policy lets in that says the same about all principals of an account.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Doors<'t> {
    /// The accounts whose principals it lets in, if their policies allow it.
    pub(crate) accounts: Vec<(&'t str, Strength)>,
    /// Those that it names.
    pub(crate) arns: Vec<&'t str>,
}

impl Trust {
    /// Reads the JSON of a trust policy.
    pub(crate) fn new(json: &str) -> Trust {
        let (statements, problem) = match read(json) {
            Ok(statements) => (statements, None),
            Err(problem) => (Vec::new(), Some(problem)),
        };
        Trust {
            text: json.into(),
            entrants: OnceLock::new(),
            statements,
            problem,
        }
    }

    /// Why the policy cannot be read. Then it lets in nobody here, and everybody by
    /// [`Self::entrants`].
    pub(crate) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Who may assume the role, as `iam-policy` names them. All roles with this policy are in this
    /// partition.
    pub(crate) fn entrants(&self, partition: &str) -> &[String] {
        let name = || entrants(&self.text, None, partition).principals;
        self.entrants.get_or_init(name)
    }

    /// Whom the policy lets in; `None` if only the ARN of a principal tells.
    pub(crate) fn doors(&self) -> Option<Doors<'_>> {
        let mut doors = Doors::default();
        for statement in &self.statements {
            let strength = match statement.condition {
                _ if statement.is_deny || statement.is_negated || statement.everybody => {
                    return None;
                }
                Condition::Arns { .. } => return None,
                Condition::None => Strength::Yes,
                Condition::Other => Strength::Maybe,
            };
            let accounts = statement.accounts.iter();
            doors
                .accounts
                .extend(accounts.map(|it| (it.as_ref(), strength)));
            // A session stands for its role, which has another ARN.
            if statement
                .arns
                .iter()
                .any(|it| it.contains(":assumed-role/"))
            {
                return None;
            }
            doors.arns.extend(statement.arns.iter().map(Box::as_ref));
        }
        Some(doors)
    }

    /// How the user or role with this ARN may assume the role, which is in this account.
    pub(crate) fn admit(&self, principal: &str, account: &str) -> Admission {
        let mut admission = Admission::default();
        let mut most = Strength::Yes;
        for statement in &self.statements {
            let Some(is_by_name) = statement.names(principal) else {
                continue;
            };
            let applies = match statement.condition.applies_to(principal) {
                // The meaning of `NotPrincipal` for roles is intricate.
                Strength::Yes if statement.is_negated => Strength::Maybe,
                applies => applies,
            };
            if statement.is_deny {
                most = most.min(match applies {
                    Strength::Yes => Strength::No,
                    Strength::Maybe => Strength::Maybe,
                    Strength::No => Strength::Yes,
                });
            } else if is_by_name && arn::account(principal) == account {
                admission.alone = admission.alone.max(applies);
            } else {
                // Between accounts, both policies must allow it.
                admission.if_permitted = admission.if_permitted.max(applies);
            }
        }
        Admission {
            alone: admission.alone.min(most),
            if_permitted: admission.if_permitted.min(most),
        }
    }
}

impl TrustStatement {
    /// Whether the statement is about this user or role by its name, or as one of its account.
    fn names(&self, principal: &str) -> Option<bool> {
        let is_named = self.arns.iter().any(|it| is_of(it, principal));
        let account = arn::account(principal);
        let is_of_account = self.accounts.iter().any(|it| **it == *account);
        match (self.is_negated, is_named || self.everybody) {
            (true, true) => None,
            (true, false) | (false, true) => Some(true),
            (false, false) => is_of_account.then_some(false),
        }
    }
}

/// Whether the principal of a statement is this user or role, or a session of it.
fn is_of(named: &str, principal: &str) -> bool {
    if named == principal {
        return true;
    }
    let session = named.split_once(":assumed-role/").map(|(_, rest)| rest);
    let role = session.and_then(|rest| rest.split('/').next());
    role.is_some_and(|role| {
        principal.contains(":role/")
            && role == arn::name(principal)
            && arn::account(named) == arn::account(principal)
    })
}

#[derive(Deserialize)]
struct Members<'a> {
    #[serde(rename = "Statement", borrow)]
    statements: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StatementMembers<'a> {
    #[serde(borrow)]
    effect: Text<'a>,
    #[serde(borrow)]
    action: Option<Texts<'a>>,
    #[serde(borrow)]
    not_action: Option<Texts<'a>>,
    #[serde(borrow)]
    principal: Option<&'a RawValue>,
    #[serde(borrow)]
    not_principal: Option<&'a RawValue>,
    #[serde(borrow)]
    condition: Option<&'a RawValue>,
}

/// The principals of one kind; those of other kinds are not in the answer.
#[derive(Default, Deserialize)]
struct Kinds<'a> {
    #[serde(rename = "AWS", borrow)]
    aws: Option<Texts<'a>>,
}

/// The statements about `sts:AssumeRole`, or why they cannot be read.
fn read(json: &str) -> Result<Vec<TrustStatement>, String> {
    let reason = |error: serde_json::Error| error.to_string();
    let members: Members<'_> = serde_json::from_str(json).map_err(reason)?;
    let statements = members.statements.get();
    let read: Vec<StatementMembers<'_>> = match statements.starts_with('{') {
        true => vec![serde_json::from_str(statements).map_err(reason)?],
        false => serde_json::from_str(statements).map_err(reason)?,
    };
    let mut about = Vec::new();
    for (number, statement) in (1..).zip(&read) {
        if !matches!(statement.effect.0.as_ref(), "Allow" | "Deny") {
            return Err(format!("statement {number} neither allows nor denies"));
        }
        if statement.assumes() {
            let read = statement.read();
            let problem = || format!("statement {number} does not say for whom it is");
            about.push(read.ok_or_else(problem)?);
        }
    }
    Ok(about)
}

impl StatementMembers<'_> {
    /// Whether the statement is about `sts:AssumeRole`.
    fn assumes(&self) -> bool {
        let names = |texts: &Texts<'_>| {
            let mut patterns = texts.iter().map(str::parse::<ActionPattern>);
            patterns.any(|it| it.is_ok_and(|pattern| pattern.matches(ASSUME_ROLE)))
        };
        match (&self.action, &self.not_action) {
            (Some(action), _) => names(action),
            (None, Some(spared)) => !names(spared),
            (None, None) => false,
        }
    }

    fn read(&self) -> Option<TrustStatement> {
        let principal = self.principal.or(self.not_principal)?.get();
        let named: Vec<Cow<'_, str>> = match principal.starts_with('"') {
            true => {
                let text: Text<'_> = serde_json::from_str(principal).ok()?;
                vec![text.0]
            }
            false => {
                let kinds: Kinds<'_> = serde_json::from_str(principal).ok()?;
                let texts = kinds.aws.iter().flat_map(Texts::iter);
                texts.map(|text| Cow::Owned(text.to_owned())).collect()
            }
        };
        let mut statement = TrustStatement {
            is_deny: self.effect.0 != "Allow",
            is_negated: self.principal.is_none(),
            everybody: false,
            accounts: Vec::new(),
            arns: Vec::new(),
            condition: self
                .condition
                .map_or(Condition::None, |it| Condition::read(it.get())),
        };
        for name in named {
            let is_account = name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit());
            match name.as_ref() {
                "*" => statement.everybody = true,
                name if is_account => statement.accounts.push(name.into()),
                name if name.ends_with(":root") => {
                    statement.accounts.push(arn::account(name).into())
                }
                name => statement.arns.push(name.into()),
            }
        }
        Some(statement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Strength::{Maybe, No, Yes};

    const ALICE: &str = "arn:aws:iam::111122223333:user/alice";
    const APP: &str = "arn:aws:iam::111122223333:role/team/app";
    const BOB: &str = "arn:aws:iam::444455556666:user/bob";

    fn trust(statements: &[&str]) -> Trust {
        Trust::new(&format!(r#"{{"Statement":[{}]}}"#, statements.join(",")))
    }

    fn statement(effect: &str, principal: &str, rest: &str) -> String {
        format!(r#"{{"Effect":"{effect}","Principal":{principal},"Action":"sts:*"{rest}}}"#)
    }

    #[track_caller]
    fn check(statements: &[&str], principal: &str, alone: Strength, if_permitted: Strength) {
        let admission = trust(statements).admit(principal, "111122223333");
        assert_eq!(
            (admission.alone, admission.if_permitted),
            (alone, if_permitted)
        );
    }

    #[test]
    fn principals_are_let_in_by_name_or_with_their_account() {
        let by_name = statement("Allow", &format!(r#"{{"AWS":["{ALICE}","{BOB}"]}}"#), "");
        check(&[&by_name], ALICE, Yes, No);
        check(&[&by_name], BOB, No, Yes);
        check(&[&by_name], APP, No, No);
        let session = r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/app/x"}"#;
        check(&[&statement("Allow", session, "")], APP, Yes, No);
        let accounts = r#"{"AWS":["arn:aws:iam::111122223333:root","444455556666"]}"#;
        for principal in [ALICE, APP, BOB] {
            check(&[&statement("Allow", accounts, "")], principal, No, Yes);
        }
        check(&[&statement("Allow", r#""*""#, "")], ALICE, Yes, No);
        check(&[&statement("Allow", r#"{"AWS":"*"}"#, "")], BOB, No, Yes);
        check(
            &[&statement(
                "Allow",
                r#"{"Service":"ec2.amazonaws.com"}"#,
                "",
            )],
            ALICE,
            No,
            No,
        );
        let but = by_name.replace("Principal", "NotPrincipal");
        check(&[&but], ALICE, No, No);
        check(&[&but], APP, Maybe, No);
        let tags = by_name.replace("sts:*", "sts:TagSession");
        check(&[&tags], ALICE, No, No);
        let not_action = by_name.replace(r#""Action":"sts:*""#, r#""NotAction":"sts:TagSession""#);
        check(&[&not_action], ALICE, Yes, No);
    }

    #[test]
    fn conditions_and_denies_narrow() {
        let everybody = |effect, rest| statement(effect, r#""*""#, rest);
        let mfa = r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#;
        check(&[&everybody("Allow", mfa)], ALICE, Maybe, No);
        check(&[&everybody("Allow", r#","Condition":{}"#)], ALICE, Yes, No);
        let users = r#","Condition":{"ArnLike":{"aws:principalarn":["arn:aws:iam::*:user/*"]}}"#;
        check(&[&everybody("Allow", users)], ALICE, Yes, No);
        check(&[&everybody("Allow", users)], APP, No, No);
        let both = users.replace("}}", r#"},"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#);
        check(&[&everybody("Allow", &both)], ALICE, Maybe, No);
        check(&[&everybody("Allow", &both)], APP, No, No);
        let open = everybody("Allow", "");
        check(&[&open, &everybody("Deny", users)], ALICE, No, No);
        check(&[&open, &everybody("Deny", users)], APP, Yes, No);
        check(&[&open, &everybody("Deny", mfa)], APP, Maybe, No);
    }

    #[test]
    fn doors_are_the_same_for_all_principals_of_an_account() {
        let accounts = statement("Allow", r#"{"AWS":"111122223333"}"#, "");
        let by_name = statement("Allow", &format!(r#"{{"AWS":"{ALICE}"}}"#), "");
        let mfa = r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#;
        let narrow = statement("Allow", r#"{"AWS":"444455556666"}"#, mfa);
        let all = trust(&[&accounts, &by_name, &narrow]);
        assert_eq!(
            all.doors(),
            Some(Doors {
                accounts: vec![("111122223333", Yes), ("444455556666", Maybe)],
                arns: vec![ALICE],
            })
        );
        let denies = statement("Deny", r#""*""#, "");
        assert_eq!(trust(&[&accounts, &denies]).doors(), None);
        assert_eq!(Trust::new("{").doors(), Some(Doors::default()));
    }
}
