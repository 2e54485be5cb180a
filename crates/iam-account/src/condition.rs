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
        lists: Vec<Vec<Box<str>>>,
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
                let matches =
                    |list: &Vec<Box<str>>| list.iter().any(|it| arn::matches(it, principal));
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

/// The patterns one of which the ARN of the principal must match.
fn arns(operator: &str, key: &str, values: &str) -> Option<Vec<Box<str>>> {
    const OPERATORS: [&str; 4] = ["ArnEquals", "ArnLike", "StringEquals", "StringLike"];
    // Every user and role has an ARN.
    let operator = operator.strip_suffix("IfExists").unwrap_or(operator);
    let is_match = OPERATORS.iter().any(|it| it.eq_ignore_ascii_case(operator));
    if !(is_match && key.eq_ignore_ascii_case("aws:PrincipalArn")) {
        return None;
    }
    let texts: Texts<'_> = serde_json::from_str(values).ok()?;
    let is_variable = |text: &str| text.contains("${");
    (!texts.iter().any(is_variable)).then(|| texts.iter().map(Box::from).collect())
}
