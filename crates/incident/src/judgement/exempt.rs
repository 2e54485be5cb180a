//! The parameter `ExemptPrincipals`.

use std::str::FromStr;

use wildmatch::WildMatch;

use crate::Actor;
use crate::arn::Arn;

/// The principals whose writes the guard reports and never reverts.
///
/// A pattern matches the ARN of a role or user, with its path. `*` matches any characters except
/// `/`, and `?` exactly one, so a wildcard covers one part of a path. Values that a caller can
/// choose, such as the name of a session or of a client, never count.
#[derive(Clone, Debug, Default)]
pub struct ExemptPrincipals(Vec<ArnPattern>);

/// A pattern for an ARN: its text, and a matcher for each part of the path.
#[derive(Clone, Debug)]
struct ArnPattern {
    text: String,
    parts: Vec<WildMatch>,
}

impl ArnPattern {
    fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            parts: text.split('/').map(WildMatch::new).collect(),
        }
    }

    fn matches(&self, arn: &str) -> bool {
        let parts: Vec<&str> = arn.split('/').collect();
        let mut both = self.parts.iter().zip(&parts);
        self.parts.len() == parts.len() && both.all(|(pattern, part)| pattern.matches(part))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a valid ARN pattern of a role or user; write an account, and a name that is more than wildcards, as in `arn:aws:iam::111122223333:role/deploy/*`"
)]
pub struct ExemptPrincipalsError(String);

impl ExemptPrincipals {
    /// The first pattern that covers the principal behind a caller.
    ///
    /// The root user is never covered, and neither is a caller that the record does not name.
    #[must_use]
    pub fn covering(&self, actor: &Actor) -> Option<String> {
        let arn = principal(actor)?;
        let pattern = self.0.iter().find(|pattern| pattern.matches(arn))?;
        Some(pattern.text.clone())
    }
}

/// The role or user behind a call: for a session, its issuer (CloudTrail User Guide, "CloudTrail
/// userIdentity element").
fn principal(actor: &Actor) -> Option<&str> {
    match &actor.issuer_arn {
        Some(issuer) => Some(issuer),
        None if actor.kind == "IAMUser" => actor.arn.as_deref(),
        None => None,
    }
}

impl FromStr for ExemptPrincipals {
    type Err = ExemptPrincipalsError;

    /// Reads patterns separated by commas and ignores empty ones.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split(',').map(str::trim);
        let patterns = parts.filter(|part| !part.is_empty()).map(|part| {
            if is_pattern(part) {
                Ok(ArnPattern::new(part))
            } else {
                Err(ExemptPrincipalsError(part.to_owned()))
            }
        });
        Ok(Self(patterns.collect::<Result<_, _>>()?))
    }
}

/// Whether a pattern names one account and more than wildcards.
///
/// The template refuses wrong patterns at deployment. This is the second check, because a pattern
/// such as `*` would exempt every principal.
fn is_pattern(text: &str) -> bool {
    let Some(arn) = Arn::split(text) else {
        return false;
    };
    let role = arn.resource.strip_prefix("role/");
    let name = role.or_else(|| arn.resource.strip_prefix("user/"));
    arn.partition.starts_with("aws")
        && arn.service == "iam"
        && arn.region.is_empty()
        && arn.account.len() == 12
        && arn.account.chars().all(|digit| digit.is_ascii_digit())
        && name.is_some_and(|name| name.chars().any(|c| !matches!(c, '*' | '?' | '/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(kind: &str, arn: &str, issuer: Option<&str>) -> Actor {
        Actor {
            kind: kind.to_owned(),
            name: "deploy".to_owned(),
            arn: Some(arn.to_owned()),
            issuer_arn: issuer.map(str::to_owned),
            ..Actor::default()
        }
    }

    #[test]
    fn a_pattern_covers_the_principal_behind_the_caller() {
        let role = "arn:aws:iam::111122223333:role/ci/deploy";
        let session = "arn:aws:sts::111122223333:assumed-role/deploy/run-1";
        let user = "arn:aws:iam::111122223333:user/alice";
        let root = "arn:aws:iam::111122223333:root";
        let cases = [
            (role, caller("AssumedRole", session, Some(role)), true),
            (
                "arn:aws:iam::111122223333:role/ci/*",
                caller("AssumedRole", session, Some(role)),
                true,
            ),
            (
                "arn:aws:iam::111122223333:role/ci/deplo?",
                caller("AssumedRole", session, Some(role)),
                true,
            ),
            (user, caller("IAMUser", user, None), true),
            // A wildcard covers one part of a path.
            (
                "arn:aws:iam::111122223333:role/c*",
                caller("AssumedRole", session, Some(role)),
                false,
            ),
            (
                "arn:aws:iam::111122223333:role/*/deploy",
                caller("AssumedRole", session, Some(role)),
                true,
            ),
            (
                "arn:aws:iam::111122223333:role/*eploy",
                caller("AssumedRole", session, Some(role)),
                false,
            ),
            (
                user,
                caller(
                    "FederatedUser",
                    "arn:aws:sts::111122223333:federated-user/bob",
                    Some(user),
                ),
                true,
            ),
            // Names, accounts and paths are compared letter by letter.
            (
                "arn:aws:iam::111122223333:role/CI/*",
                caller("AssumedRole", session, Some(role)),
                false,
            ),
            (
                "arn:aws:iam::444455556666:role/ci/*",
                caller("AssumedRole", session, Some(role)),
                false,
            ),
            (
                "arn:aws:iam::111122223333:role/deploy",
                caller("AssumedRole", session, Some(role)),
                false,
            ),
            (
                "arn:aws:iam::111122223333:user/*e",
                caller("AssumedRole", session, Some(role)),
                false,
            ),
            // A caller can choose the ARN of its session, so that does not count.
            (role, caller("AssumedRole", role, None), false),
            (
                "arn:aws:iam::111122223333:role/r*t",
                caller("Root", root, None),
                false,
            ),
            (
                "arn:aws:iam::111122223333:role/*d*",
                caller("Root", root, Some(root)),
                false,
            ),
        ];
        for (pattern, actor, expected) in cases {
            let exempt: ExemptPrincipals = pattern.parse().unwrap();
            let covering = exempt.covering(&actor);
            assert_eq!(
                covering.as_deref(),
                expected.then_some(pattern),
                "{pattern} {actor:?}"
            );
        }
    }

    #[test]
    fn a_pattern_needs_an_account_and_a_name() {
        for (text, count) in [
            ("", 0),
            (" , ", 0),
            (
                "arn:aws:iam::111122223333:role/a, arn:aws-cn:iam::111122223333:user/b/*",
                2,
            ),
        ] {
            assert_eq!(
                text.parse::<ExemptPrincipals>().unwrap().0.len(),
                count,
                "{text}"
            );
        }
        for text in [
            "*",
            "arn:*",
            "arn:aws:iam::111122223333:role/*",
            "arn:aws:iam::111122223333:user/*/?",
            "arn:aws:iam::*:role/deploy",
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::111122223333:*",
            "arn:aws:sts::111122223333:assumed-role/deploy/*",
            "deploy",
        ] {
            assert!(text.parse::<ExemptPrincipals>().is_err(), "{text}");
        }
    }
}
