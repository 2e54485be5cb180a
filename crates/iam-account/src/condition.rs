//! The conditions of trust policies, as far as they are about the ARN of the principal.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::arn;
use crate::texts::Texts;
use crate::trust::Strength;

/// The condition of a statement.
#[derive(Debug)]
pub(crate) enum Condition {
    None,
    /// It requires that a pattern of each list matches the ARN of the principal, and may require
    /// more.
    Arns {
        lists: Vec<Vec<Pattern>>,
        and_more: bool,
    },
    Other,
}

impl Condition {
    /// Whether the statement applies to the user or role with this ARN.
    pub(crate) fn applies_to(&self, principal: &str) -> Strength {
        match self {
            Condition::None => Strength::Yes,
            Condition::Other => Strength::Maybe,
            Condition::Arns { lists, and_more } => {
                let matches = |list: &Vec<Pattern>| list.iter().any(|it| it.matches(principal));
                match (lists.iter().all(matches), and_more) {
                    (false, _) => Strength::No,
                    (true, false) => Strength::Yes,
                    (true, true) => Strength::Maybe,
                }
            }
        }
    }

    /// The condition of this JSON.
    pub(crate) fn read(json: &str) -> Condition {
        let operators: BTreeMap<String, BTreeMap<String, &RawValue>> =
            match serde_json::from_str(json) {
                Ok(operators) => operators,
                Err(_) => return Condition::Other,
            };
        let (mut lists, mut and_more) = (Vec::new(), false);
        for (operator, keys) in &operators {
            for (key, values) in keys {
                match arns(operator, key, values.get()) {
                    Some(patterns) => lists.push(patterns),
                    None => and_more = true,
                }
            }
            and_more |= keys.is_empty();
        }
        match (lists.is_empty(), and_more) {
            (true, false) => Condition::None,
            (true, true) => Condition::Other,
            (false, _) => Condition::Arns { lists, and_more },
        }
    }
}

/// What a condition compares the ARN of the principal with.
#[derive(Debug)]
pub(crate) enum Pattern {
    /// The text itself, also if it has a `*`.
    Equal(Box<str>),
    Like(Box<str>),
    /// Each of the six parts by itself.
    Arn(Box<str>),
}

impl Pattern {
    fn matches(&self, principal: &str) -> bool {
        match self {
            Pattern::Equal(text) => **text == *principal,
            Pattern::Like(pattern) => arn::matches(pattern, principal),
            Pattern::Arn(pattern) => {
                let mut parts = pattern.splitn(6, ':').zip(principal.splitn(6, ':'));
                parts.all(|(pattern, part)| arn::matches(pattern, part))
            }
        }
    }
}

/// The ARN of the principal must match one of these patterns.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
/// says how the operators compare.
fn arns(operator: &str, key: &str, values: &str) -> Option<Vec<Pattern>> {
    // Every user and role has an ARN.
    let operator = operator.to_ascii_lowercase();
    let operator = operator.strip_suffix("ifexists").unwrap_or(&operator);
    let pattern = match operator {
        "arnequals" | "arnlike" => Pattern::Arn,
        "stringequals" => Pattern::Equal,
        "stringlike" => Pattern::Like,
        _ => return None,
    };
    if !key.eq_ignore_ascii_case("aws:PrincipalArn") {
        return None;
    }
    let texts: Texts<'_> = serde_json::from_str(values).ok()?;
    // Only the request tells what a variable stands for, and what matches no ARN by its form is not
    // documented.
    let is_arn = |text: &str| text.splitn(6, ':').count() == 6;
    let is_clear =
        |text: &str| !text.contains("${") && (is_arn(text) || !operator.starts_with("arn"));
    texts.iter().all(is_clear).then(|| {
        let patterns = texts.iter().map(|text| pattern(text.into()));
        patterns.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_compare_in_their_own_ways() {
        const APP: &str = "arn:aws:iam::111122223333:role/team/app";
        let applies = |operator: &str, value: &str| {
            let json = format!(r#"{{"{operator}":{{"aws:PrincipalArn":["{value}"]}}}}"#);
            Condition::read(&json).applies_to(APP)
        };
        let (yes, no, maybe) = (Strength::Yes, Strength::No, Strength::Maybe);
        for (operator, value, expected) in [
            ("StringEquals", APP, yes),
            ("StringEquals", "arn:aws:iam::111122223333:role/*", no),
            ("StringLike", "arn:aws:iam::111122223333:role/*", yes),
            ("StringLike", "*role/team/app", yes),
            ("ArnLike", "arn:aws:iam::*:role/*/app", yes),
            ("arnequalsifexists", "arn:*:iam::*:role/*", yes),
            ("ArnLike", "arn:aws:iam:*:*:role/team/app", yes),
            ("ArnLike", "arn:aws:*:*:*:role", no),
            ("ArnLike", "*role/team/app", maybe),
            ("StringLike", "arn:aws:iam::*:role/${aws:userid}", maybe),
            ("StringNotLike", "arn:aws:iam::*:role/*", maybe),
        ] {
            assert_eq!(applies(operator, value), expected, "{operator} {value}");
        }
    }
}
