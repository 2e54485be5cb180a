//! What one document denies and another does not.

use std::collections::BTreeMap;

use crate::canonical::{Part, statement as form};
use crate::{ActionPattern, Effect, PolicyDocument, Statement};

impl PolicyDocument {
    /// The statements that deny something here that no statement of `other` certainly denies.
    ///
    /// A statement of `other` denies it if it names these actions or more, for the same resources
    /// or all, under the same conditions or none.
    ///
    /// ```
    /// use iam_policy::PolicyDocument;
    ///
    /// let denying = |action: &str| -> PolicyDocument {
    ///     let text = format!(
    ///         r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Deny", "Action": "{action}", "Resource": "*"}}}}"#
    ///     );
    ///     text.parse().expect("a policy")
    /// };
    /// let before = denying("s3:Delete*");
    /// assert_eq!(before.denials_beyond(&denying("s3:*")).len(), 0);
    /// assert_eq!(before.denials_beyond(&denying("s3:DeleteBucket")).len(), 1);
    /// ```
    #[must_use]
    pub fn denials_beyond(&self, other: &PolicyDocument) -> Vec<&Statement> {
        let denies = |statement: &&Statement| statement.effect() == Effect::Deny;
        let others: Vec<&Statement> = other.statements().iter().filter(denies).collect();
        let lost = self.statements().iter().filter(denies);
        lost.filter(|statement| !others.iter().any(|other| covers(other, statement)))
            .collect()
    }
}

/// Whether `outer` denies all that `inner` denies.
fn covers(outer: &Statement, inner: &Statement) -> bool {
    if outer.is_negated() != inner.is_negated() {
        return false;
    }
    let all_of = |some: &[ActionPattern], others: &[ActionPattern]| {
        some.iter()
            .all(|one| others.iter().any(|other| other.covers(one)))
    };
    let actions = if outer.is_negated() {
        // The fewer actions it spares, the more it denies.
        all_of(outer.patterns(), inner.patterns())
    } else {
        all_of(inner.patterns(), outer.patterns())
    };
    actions && applies_as_widely(form(outer), form(inner))
}

/// Whether everything but the actions lets one statement apply wherever the other applies.
fn applies_as_widely(outer: BTreeMap<String, Part>, inner: BTreeMap<String, Part>) -> bool {
    let is_compared = |key: &str| !matches!(key, "Sid" | "Effect" | "Action" | "NotAction");
    let mut inner: BTreeMap<_, _> = inner
        .into_iter()
        .filter(|(key, _)| is_compared(key))
        .collect();
    let mut outer: BTreeMap<_, _> = outer
        .into_iter()
        .filter(|(key, _)| is_compared(key))
        .collect();
    let is_everywhere = |part: &Part| matches!(part, Part::Set(all) if all.contains("*"));
    if outer.get("Resource").is_some_and(is_everywhere) {
        outer.remove("Resource");
        inner.retain(|key, _| !matches!(key.as_str(), "Resource" | "NotResource"));
    }
    if !outer.contains_key("Condition") {
        inner.remove("Condition");
    }
    inner == outer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(statement: &str) -> PolicyDocument {
        format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#)
            .parse()
            .unwrap()
    }

    #[track_caller]
    fn check(before: &str, now: &str, lost: usize) {
        let deny = |rest: &str| match rest {
            "" => r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#.to_owned(),
            rest => format!(r#"{{"Effect":"Deny",{rest}}}"#),
        };
        let (before, now) = (document(&deny(before)), document(&deny(now)));
        assert_eq!(
            before.denials_beyond(&now).len(),
            lost,
            "{before:?} {now:?}"
        );
    }

    #[test]
    fn what_is_denied_as_widely_or_more_is_not_lost() {
        let all = r#""Action":"s3:Delete*","Resource":"*""#;
        let one = r#""Action":["s3:DeleteBucket"],"Resource":"arn:aws:s3:::logs""#;
        let conditional = r#""Action":"s3:DeleteBucket","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}"#;
        let spares = r#""NotAction":["s3:Get*","s3:List*"],"Resource":"*""#;
        let spares_less = r#""NotAction":"s3:GetObject","Resource":"*""#;
        let elsewhere = r#""Action":"s3:DeleteBucket","NotResource":"arn:aws:s3:::scratch""#;
        for same in [all, one, conditional, spares, elsewhere] {
            check(same, same, 0);
            check(same, &format!(r#""Sid":"Renamed",{same}"#), 0);
            check(same, "", 1);
            check("", same, 0);
        }
        check(one, all, 0);
        check(all, one, 1);
        check(conditional, all, 0);
        check(all, conditional, 1);
        check(elsewhere, all, 0);
        check(all, elsewhere, 1);
        check(spares, spares_less, 0);
        check(spares_less, spares, 1);
        check(all, spares, 1);
        check(spares, all, 1);
    }
}
