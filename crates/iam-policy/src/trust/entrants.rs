//! Who may assume a role by its trust policy, as the policy names them.

use std::collections::{BTreeMap, BTreeSet};

use super::comparison::form;
use crate::canonical::Part;
use crate::message::Short;
use crate::text::decode_document;

/// A statement without its principals and its `Sid`.
type Terms = Vec<(String, Part)>;

/// Who may assume a role by its trust policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrants {
    /// Their names, each once, in alphabetical order.
    pub principals: Vec<String>,
    /// Whether only those are named who could not assume the role before.
    pub are_new: bool,
}

/// Who may assume a role by its trust policy `now`.
///
/// With `before`, only those who may do so now and could not do so on the same terms before. If
/// these are none, or `before` cannot be read, all are named. The policies are those of a role in
/// this partition, and may be percent-encoded. Principals that a `Deny` stops are named too.
///
/// ```
/// use iam_policy::entrants;
///
/// let trusting = |principals: &str| {
///     format!(
///         r#"{{"Version": "2012-10-17", "Statement": {{
///             "Effect": "Allow", "Principal": {principals}, "Action": "sts:AssumeRole"
///         }}}}"#
///     )
/// };
/// let before = trusting(r#"{"Service": "ec2.amazonaws.com"}"#);
/// let now = trusting(r#"{"Service": "ec2.amazonaws.com", "AWS": "111122223333"}"#);
/// let all = ["`arn:aws:iam::111122223333:root`", "`ec2.amazonaws.com`"];
/// assert_eq!(entrants(&now, None, "aws").principals, all);
/// assert_eq!(entrants(&now, Some(&before), "aws").principals, all[..1]);
/// ```
#[must_use]
pub fn entrants(now: &str, before: Option<&str>, partition: &str) -> Entrants {
    let Some(now) = admitted(now, partition) else {
        return Entrants {
            principals: vec!["everybody, because the trust policy cannot be read".to_owned()],
            are_new: false,
        };
    };
    let before = before.and_then(|before| admitted(before, partition));
    let mut are_new = before.is_some();
    let known = before.unwrap_or_default();
    let names = |is_wanted: &dyn Fn(&Terms, &String) -> bool| -> BTreeSet<String> {
        let pairs = now
            .iter()
            .flat_map(|(terms, names)| names.iter().map(move |name| (terms, name)));
        let wanted = pairs.filter(|(terms, name)| is_wanted(terms, name));
        wanted.map(|(_, name)| name.clone()).collect()
    };
    let is_new = |terms: &Terms, name: &String| {
        let before = known.get(terms);
        !before.is_some_and(|names| names.contains(name))
    };
    let mut shown = names(&is_new);
    if shown.is_empty() {
        are_new = false;
        shown = names(&|_, _| true);
    }
    Entrants {
        principals: shown.into_iter().collect(),
        are_new,
    }
}

/// The names of each `Allow`, by its terms; `None` for a policy that cannot be read.
fn admitted(document: &str, partition: &str) -> Option<BTreeMap<Terms, BTreeSet<String>>> {
    let form = form(&decode_document(document), partition)?;
    let mut admitted: BTreeMap<Terms, BTreeSet<String>> = BTreeMap::new();
    for statement in form.statements {
        if statement.get("Effect").is_some_and(Part::is_deny) {
            continue;
        }
        let mut terms = Terms::new();
        let mut names = BTreeSet::new();
        for (key, part) in statement {
            match (key.as_str(), part) {
                ("Sid", _) => {}
                ("Principal", Part::Principals(kinds)) => {
                    names.extend(kinds.into_values().flatten().map(|name| spelled(&name)));
                }
                ("NotPrincipal", Part::Principals(kinds)) => {
                    let spared = kinds.into_values().flatten().map(|name| spelled(&name));
                    let spared: Vec<String> = spared.collect();
                    names.insert(format!("everybody but {}", spared.join(", ")));
                }
                (_, part) => terms.push((key, part)),
            }
        }
        admitted.entry(terms).or_default().extend(names);
    }
    Some(admitted)
}

fn spelled(name: &str) -> String {
    match name {
        "*" => "everybody".to_owned(),
        name => format!("`{}`", Short(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(statements: &str) -> String {
        format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
    }

    fn statement(principal: &str, condition: &str) -> String {
        format!(
            r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"{condition}}}"#
        )
    }

    fn names(now: &str, before: Option<&str>) -> Vec<String> {
        entrants(now, before, "aws").principals
    }

    const ALICE: &str = r#"{"AWS":"arn:aws:iam::111122223333:user/alice"}"#;

    #[test]
    fn a_principal_on_other_terms_is_new() {
        let condition = r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#;
        let before =
            policy(&[statement(ALICE, condition), statement(r#""*""#, condition)].join(","));
        let now = policy(&[statement(ALICE, ""), statement(r#""*""#, condition)].join(","));
        assert_eq!(
            names(&now, Some(&before)),
            ["`arn:aws:iam::111122223333:user/alice`"]
        );
        // Fewer may come in, so all of them are named.
        let fewer = policy(&statement(r#""*""#, condition));
        assert_eq!(names(&fewer, Some(&before)), ["everybody"]);
    }

    #[test]
    fn what_denies_lets_nobody_in() {
        let denies = statement(r#""*""#, "").replace("Allow", "Deny");
        assert!(names(&policy(&denies), None).is_empty());
        let but = statement(ALICE, "").replace("Principal", "NotPrincipal");
        assert_eq!(
            names(&policy(&but), None),
            ["everybody but `arn:aws:iam::111122223333:user/alice`"]
        );
    }

    #[test]
    fn what_cannot_be_read_lets_everybody_in() {
        for text in ["", "{", r#"{"Statement":{"Effect":"Allow"}}"#] {
            let [named] = names(text, None).try_into().unwrap();
            assert!(named.starts_with("everybody"), "{named}");
        }
        let now = policy(&statement(ALICE, ""));
        assert_eq!(names(&now, Some("{")), names(&now, None));
    }
}
