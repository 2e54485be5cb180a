//! Whether a trust policy that IAM shows is the one that a call wrote.
//!
//! IAM does not show a trust policy as it was written. An account number becomes the ARN of the
//! account, the unique id of a principal becomes its ARN, and the ARN of a principal that was
//! deleted becomes its unique id ("AWS JSON policy elements: Principal").

use std::collections::{BTreeMap, BTreeSet};

use super::account::AccountId;
use crate::canonical::{self, Canonical, Part};
use crate::text::decode_document;

/// The most statements that are compared one by one. A trust policy has room for fewer ("IAM and
/// AWS STS quotas").
const MOST_STATEMENTS: usize = 200;

/// How a trust policy that IAM shows compares with one that a call wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrustComparison {
    /// The two are equivalent.
    Same,
    /// They are equivalent, except that IAM shows the unique ids of principals that were deleted
    /// after the call named them. Such an id admits no principal, and never comes back.
    SameWithoutDeleted,
    /// They may be equivalent: the call named principals by their unique ids, and IAM shows ARNs.
    /// The text does not say whether these are the same principals.
    Ambiguous,
    /// They are not equivalent.
    Different,
}

impl TrustComparison {
    /// Whether IAM certainly shows what the call wrote.
    #[must_use]
    pub fn is_same(self) -> bool {
        matches!(self, Self::Same | Self::SameWithoutDeleted)
    }
}

/// Compares the trust policy that a call wrote with the one that IAM shows, by meaning.
///
/// The role is in an account of this partition. Either text may be percent-encoded. Texts that
/// cannot be read are compared letter by letter.
///
/// ```
/// use iam_policy::{TrustComparison, compare_trust};
///
/// let trusting = |principal: &str| {
///     format!(
///         r#"{{"Version": "2012-10-17", "Statement": {{
///             "Effect": "Allow", "Principal": {{"AWS": {principal}}}, "Action": "sts:AssumeRole"
///         }}}}"#
///     )
/// };
/// let written = trusting(r#""444455556666""#);
/// let shown = trusting(r#"["arn:aws:iam::444455556666:root"]"#);
/// assert_eq!(compare_trust(&written, &shown, "aws"), TrustComparison::Same);
/// assert_eq!(compare_trust(&written, &shown, "aws-cn"), TrustComparison::Different);
/// ```
#[must_use]
pub fn compare_trust(written: &str, shown: &str, partition: &str) -> TrustComparison {
    let [written, shown] = [written, shown].map(decode_document);
    let (Some(one), Some(other)) = (form(&written, partition), form(&shown, partition)) else {
        return if written == shown {
            TrustComparison::Same
        } else {
            TrustComparison::Different
        };
    };
    let (written, shown) = (one, other);
    if written == shown {
        return TrustComparison::Same;
    }
    let is_alike = written.version == shown.version
        && written.others == shown.others
        && written.statements.len() == shown.statements.len()
        && written.statements.len() <= MOST_STATEMENTS;
    if is_alike {
        pair(&written.statements, shown.statements)
    } else {
        TrustComparison::Different
    }
}

type Statement = BTreeMap<String, Part>;

/// The canonical form, in which each account is the ARN that IAM shows; `None` for a text that
/// cannot be read.
pub(super) fn form(text: &str, partition: &str) -> Option<Canonical> {
    super::statement::read(text).ok()?;
    let mut form = canonical::trust_form(text)?;
    for part in form.statements.iter_mut().flat_map(BTreeMap::values_mut) {
        let Part::Principals(kinds) = part else {
            continue;
        };
        // A kind without entries stands for no principal.
        kinds.retain(|_, entries| !entries.is_empty());
        if let Some(entries) = kinds.get_mut("AWS") {
            let shown = std::mem::take(entries).into_iter().map(|entry| {
                let account = AccountId::read(&entry);
                account.map_or(entry, |account| {
                    format!("arn:{partition}:iam::{account}:root")
                })
            });
            *entries = shown.collect();
        }
    }
    form.statements.sort();
    Some(form)
}

/// Finds for each written statement a shown one that differs in nothing but unique ids.
fn pair(written: &[Statement], mut shown: Vec<Statement>) -> TrustComparison {
    let mut result = TrustComparison::Same;
    for written in written {
        let found = shown.iter().enumerate().find_map(|(at, shown)| {
            let compared = compare(written, shown);
            (compared != TrustComparison::Different).then_some((at, compared))
        });
        let Some((at, compared)) = found else {
            return TrustComparison::Different;
        };
        shown.remove(at);
        result = match (result, compared) {
            (TrustComparison::Ambiguous, _) | (_, TrustComparison::Ambiguous) => {
                TrustComparison::Ambiguous
            }
            (TrustComparison::Same, compared) => compared,
            (result, _) => result,
        };
    }
    result
}

fn compare(written: &Statement, shown: &Statement) -> TrustComparison {
    if !written.keys().eq(shown.keys()) {
        return TrustComparison::Different;
    }
    let mut result = TrustComparison::Same;
    for (key, one) in written {
        let Some(other) = shown.get(key).filter(|other| *other != one) else {
            continue;
        };
        // An exclusion of a principal that was deleted is not compared: it never names an outsider.
        let compared = match (key.as_str(), one, other) {
            ("Principal", Part::Principals(one), Part::Principals(other)) => {
                compare_principals(one, other)
            }
            _ => TrustComparison::Different,
        };
        if compared == TrustComparison::Different {
            return compared;
        }
        result = compared;
    }
    result
}

type Principals = BTreeMap<String, BTreeSet<String>>;

fn compare_principals(written: &Principals, shown: &Principals) -> TrustComparison {
    let others = |kinds: &Principals| -> Principals {
        let others = kinds.iter().filter(|(kind, _)| *kind != "AWS");
        others
            .map(|(kind, all)| (kind.clone(), all.clone()))
            .collect()
    };
    if others(written) != others(shown) {
        return TrustComparison::Different;
    }
    let none = BTreeSet::new();
    let [written, shown] = [written, shown].map(|kinds| kinds.get("AWS").unwrap_or(&none));
    let only_written: Vec<Name> = written.difference(shown).map(|it| Name::of(it)).collect();
    let only_shown: Vec<Name> = shown.difference(written).map(|it| Name::of(it)).collect();
    let count = |names: &[Name], name| names.iter().filter(|it| **it == name).count();
    // Each principal has one name on either side, so each ARN stands for one unique id.
    let is_renamed = [(Name::Role, Name::RoleId), (Name::User, Name::UserId)]
        .into_iter()
        .all(|(arn, id)| {
            count(&only_written, arn) == count(&only_shown, id)
                && count(&only_written, id) == count(&only_shown, arn)
        });
    let is_unknown = |names: &[Name]| names.contains(&Name::Other);
    if !is_renamed || is_unknown(&only_written) || is_unknown(&only_shown) {
        TrustComparison::Different
    } else if only_written.iter().any(|name| name.is_id()) {
        TrustComparison::Ambiguous
    } else {
        TrustComparison::SameWithoutDeleted
    }
}

/// What an entry under `AWS` names, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Role,
    RoleId,
    User,
    UserId,
    Other,
}

impl Name {
    fn of(entry: &str) -> Name {
        let resource = entry.splitn(6, ':').nth(5).unwrap_or_default();
        // The prefixes are in "IAM identifiers".
        let is_id = entry.len() >= 16 && entry.bytes().all(|it| it.is_ascii_alphanumeric());
        match entry {
            _ if resource.starts_with("role/") => Name::Role,
            _ if resource.starts_with("user/") => Name::User,
            _ if is_id && entry.starts_with("AROA") => Name::RoleId,
            _ if is_id && entry.starts_with("AIDA") => Name::UserId,
            _ => Name::Other,
        }
    }

    fn is_id(self) -> bool {
        matches!(self, Name::RoleId | Name::UserId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusting(principal: &str) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}]}}"#
        )
    }

    fn aws(entries: &[&str]) -> String {
        trusting(&format!(r#"{{"AWS":{}}}"#, serde_json::json!(entries)))
    }

    #[track_caller]
    fn check(written: &str, shown: &str, expected: TrustComparison) {
        assert_eq!(
            compare_trust(written, shown, "aws"),
            expected,
            "{written} {shown}"
        );
    }

    const NUMBER: &str = "444455556666";
    const ACCOUNT: &str = "arn:aws:iam::444455556666:root";
    const ROLE: &str = "arn:aws:iam::444455556666:role/deploy/ci";
    const USER: &str = "arn:aws:iam::444455556666:user/alice";
    const ROLE_ID: &str = "AROACKCEVSQ6C2EXAMPLE";
    const USER_ID: &str = "AIDACKCEVSQ6C2EXAMPLE";

    #[test]
    fn the_form_that_iam_shows_means_the_same() {
        use TrustComparison::{Different, Same};
        let one = r#"{"AWS":"444455556666"}"#;
        for shown in [aws(&[ACCOUNT]), aws(&[NUMBER]), aws(&[NUMBER, ACCOUNT])] {
            check(&trusting(one), &shown, Same);
            check(&shown, &trusting(one), Same);
        }
        check(&aws(&[ROLE, NUMBER]), &aws(&[ACCOUNT, ROLE]), Same);
        check(&trusting(r#""*""#), &aws(&["*"]), Same);
        check(
            r#"{"Statement":{"Effect":"Allow","Principal":{"Service":["a.amazonaws.com","b.amazonaws.com"]},"Action":"STS:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":true}}},"Version":"2012-10-17"}"#,
            r#"%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%5B%22b.amazonaws.com%22%2C%22a.amazonaws.com%22%5D%7D%2C%22Action%22%3A%5B%22sts%3AAssumeRole%22%5D%2C%22Condition%22%3A%7B%22Bool%22%3A%7B%22aws%3AMultiFactorAuthPresent%22%3A%5B%22true%22%5D%7D%7D%7D%5D%7D"#,
            Same,
        );
        for other in [
            aws(&["arn:aws:iam::777788889999:root"]),
            aws(&["arn:aws-cn:iam::444455556666:root"]),
            aws(&[ACCOUNT, "777788889999"]),
            aws(&[ROLE]),
            trusting(r#"{"Federated":"444455556666"}"#),
            trusting(r#""*""#),
            aws(&[NUMBER]).replace("Allow", "Deny"),
            aws(&[NUMBER]).replace(r#""Principal""#, r#""NotPrincipal""#),
            aws(&[NUMBER]).replace(
                r#""Action""#,
                r#""Condition":{"StringEquals":{"sts:ExternalId":"1"}},"Action""#,
            ),
        ] {
            check(&trusting(one), &other, Different);
            check(&other, &trusting(one), Different);
        }
        // What cannot be read is compared as it is.
        check("{", "%7B", Same);
        check("{", &trusting(one), Different);
    }

    #[test]
    fn a_deleted_principal_is_shown_by_its_unique_id() {
        use TrustComparison::{Ambiguous, Different, SameWithoutDeleted};
        check(&aws(&[ROLE]), &aws(&[ROLE_ID]), SameWithoutDeleted);
        check(
            &aws(&[USER, NUMBER]),
            &aws(&[ACCOUNT, USER_ID]),
            SameWithoutDeleted,
        );
        // A unique id says only whether it was a role or a user.
        check(&aws(&[ROLE]), &aws(&[USER_ID]), Different);
        check(&aws(&[ROLE]), &aws(&[ROLE_ID, USER_ID]), Different);
        check(&aws(&[ROLE, USER]), &aws(&[ROLE_ID]), Different);
        check(&aws(&[ACCOUNT]), &aws(&[ROLE_ID]), Different);
        check(
            &aws(&[ROLE]),
            &aws(&["arn:aws:iam::444455556666:role/other"]),
            Different,
        );
        // IAM resolves the unique id of a principal that exists, and the text does not say whose
        // it was.
        check(&aws(&[ROLE_ID]), &aws(&[ROLE]), Ambiguous);
        check(&aws(&[ROLE_ID, USER]), &aws(&[ROLE, USER_ID]), Ambiguous);
        check(
            &aws(&[ROLE_ID]),
            &aws(&["AROACKCEVSQ6C2ANOTHER"]),
            Different,
        );
    }

    #[test]
    fn statements_are_paired_in_any_order() {
        let statement = |principal: &str, action: &str| {
            format!(
                r#"{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"{action}"}}"#
            )
        };
        let both = |one: String, other: String| {
            format!(r#"{{"Version":"2012-10-17","Statement":[{one},{other}]}}"#)
        };
        let written = both(
            statement(ROLE, "sts:AssumeRole"),
            statement(NUMBER, "sts:TagSession"),
        );
        let shown = both(
            statement(ACCOUNT, "sts:TagSession"),
            statement(ROLE_ID, "sts:AssumeRole"),
        );
        check(&written, &shown, TrustComparison::SameWithoutDeleted);
        let other = both(
            statement(ACCOUNT, "sts:AssumeRole"),
            statement(ROLE_ID, "sts:TagSession"),
        );
        check(&written, &other, TrustComparison::Different);
        check(&written, &aws(&[ROLE_ID]), TrustComparison::Different);
    }
}
