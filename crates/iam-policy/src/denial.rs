//! What one document denies and another does not.

use std::collections::BTreeMap;

use crate::canonical::{Part, statement as form};
use crate::{ActionPattern, Effect, PolicyDocument, Statement};

impl PolicyDocument {
    /// The statements that deny something here that no statement of `other` certainly denies.
    ///
    /// Statements of `other` deny it if they name these actions or more, each for these resources
    /// or more, under the same conditions or none.
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
        lost.filter(|statement| !cover(&others, statement))
            .collect()
    }
}

/// Whether the statements together deny all that `inner` denies.
fn cover(others: &[&Statement], inner: &Statement) -> bool {
    let wide: Vec<&&Statement> = others
        .iter()
        .filter(|other| applies_as_widely(form(other), form(inner)))
        .collect();
    let names = |pattern: &ActionPattern| {
        let mut named = wide.iter().filter(|other| !other.is_negated());
        named.any(|other| other.patterns().iter().any(|one| one.covers(pattern)))
    };
    if inner.is_negated() {
        // The fewer actions one spares, the more it denies.
        let spares_less = |other: &&&&Statement| {
            let mut spared = other.patterns().iter();
            spared.all(|one| inner.patterns().iter().any(|spared| spared.covers(one)))
        };
        let mut negated = wide.iter().filter(|other| other.is_negated());
        negated.any(|other| spares_less(&other)) || "*".parse().is_ok_and(|all| names(&all))
    } else {
        inner.patterns().iter().all(names)
    }
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
    // More resources, or fewer that are spared.
    for (key, wide, narrow) in [
        ("Resource", &outer, &inner),
        ("NotResource", &inner, &outer),
    ] {
        if let (Some(Part::Set(wide)), Some(Part::Set(narrow))) = (wide.get(key), narrow.get(key))
            && narrow.is_subset(wide)
        {
            let rest = |parts: &BTreeMap<String, Part>| {
                let rest = parts.iter().filter(|(other, _)| *other != key);
                rest.map(|(key, part)| format!("{key} {part:?}"))
                    .collect::<Vec<_>>()
            };
            return rest(&inner) == rest(&outer);
        }
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
        // More of it, split or wider.
        let both = r#""Action":["s3:DeleteBucket","s3:DeleteObject"],"Resource":["a","b"]"#;
        let fewer = r#""Action":["s3:DeleteObject","s3:DeleteBucket"],"Resource":"a""#;
        check(fewer, both, 0);
        check(both, fewer, 1);
        let split = r#""Action":"s3:DeleteBucket","Resource":["a","b"]},{"Effect":"Deny","Action":"s3:DeleteObject","Resource":["b","a"]"#;
        check(both, split, 0);
        check(split, both, 0);
        check(spares, r#""Action":"*","Resource":"*""#, 0);
        let spares_two = r#""Action":"s3:*","NotResource":["a","b"]"#;
        let spares_one = r#""Action":"s3:*","NotResource":"a""#;
        check(spares_two, spares_one, 0);
        check(spares_one, spares_two, 1);
    }
}
