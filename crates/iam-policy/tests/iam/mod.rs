//! A slow model of IAM by its manual, for a few callers; it does not use the judgement.

use serde_json::Value;

/// The account of the role.
pub(crate) const OWN: &str = "111122223333";

/// A caller that makes one of the calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Caller {
    pub(crate) is_outside: bool,
    pub(crate) call: &'static str,
    pub(crate) account: Option<&'static str>,
    pub(crate) arn: Option<&'static str>,
    pub(crate) organization: Option<&'static str>,
    pub(crate) service: Option<&'static str>,
    /// The ARN of the identity provider.
    pub(crate) provider: Option<&'static str>,
    pub(crate) issuer: Option<&'static str>,
    /// Further keys of the request, in lower case.
    pub(crate) keys: Vec<(&'static str, &'static str)>,
}

/// Callers in the zone of trust and external principals of every kind in the documents of the
/// tests.
pub(crate) fn callers() -> Vec<Caller> {
    let principals = [
        ("arn:aws:iam::111122223333:role/app", "o-1111111111", false),
        ("arn:aws:iam::222233334444:role/ci", "o-2222222222", false),
        ("arn:aws:iam::999988887777:role/ci", "o-1111111111", true),
        ("arn:aws:iam::999988887777:role/other", "o-1111111111", true),
        ("arn:aws:iam::555566667777:user/eve", "o-2222222222", true),
        ("arn:aws:iam::555566667777:role/ci", "o-2222222222", true),
        ("arn:aws:iam::333344445555:role/x", "", true),
        ("arn:aws:iam::333344445555:role/:role/ci", "", true),
        ("arn:aws:iam::666677778888:role/x", "o-3333333333", true),
    ];
    let mut callers = Vec::new();
    for (arn, organization, is_outside) in principals {
        for external_id in [None, Some("42"), Some("43")] {
            callers.push(Caller {
                is_outside,
                call: "sts:AssumeRole",
                account: arn.split(':').nth(4),
                arn: Some(arn),
                organization: Some(organization).filter(|it| !it.is_empty()),
                keys: external_id
                    .map(|id| ("sts:externalid", id))
                    .into_iter()
                    .collect(),
                ..Caller::default()
            });
        }
    }
    for source in ["111122223333", "999988887777"] {
        callers.push(Caller {
            call: "sts:AssumeRole",
            service: Some("ec2.amazonaws.com"),
            keys: vec![("aws:sourceaccount", source)],
            ..Caller::default()
        });
    }
    let subjects = [
        ("repo:octo/a:ref:refs/heads/main", false),
        ("repo:octo-evil/a:ref:refs/heads/main", true),
        ("repo:evil/a:ref:refs/heads/main", true),
    ];
    for (subject, is_outside) in subjects {
        callers.push(Caller {
            is_outside,
            call: "sts:AssumeRoleWithWebIdentity",
            provider: Some(
                "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com",
            ),
            issuer: Some("token.actions.githubusercontent.com"),
            keys: vec![
                ("token.actions.githubusercontent.com:sub", subject),
                (
                    "token.actions.githubusercontent.com:aud",
                    "sts.amazonaws.com",
                ),
            ],
            ..Caller::default()
        });
    }
    callers.push(Caller {
        is_outside: true,
        call: "sts:AssumeRoleWithSAML",
        provider: Some("arn:aws:iam::999988887777:saml-provider/p"),
        ..Caller::default()
    });
    callers
}

impl Caller {
    /// The values of a key of the request.
    fn values(&self, key: &str) -> Vec<String> {
        let own = |text: Option<&str>| text.map(str::to_owned).into_iter().collect();
        match key {
            "aws:principalaccount" => own(self.account),
            "aws:principalarn" => own(self.arn),
            "aws:principalorgid" => own(self.organization),
            "aws:principalorgpaths" => {
                own(self.organization.map(|id| format!("{id}/r-1/")).as_deref())
            }
            "aws:principalisawsservice" if self.call == "sts:AssumeRole" => {
                vec![self.service.is_some().to_string()]
            }
            _ => {
                let found = self.keys.iter().find(|(other, _)| *other == key);
                own(found.map(|(_, value)| *value))
            }
        }
    }
}

/// Returns true if the trust policy admits the caller.
pub(crate) fn admits(document: &Value, caller: &Caller) -> bool {
    let statements = list(&document["Statement"]);
    let speaks = |effect: &str| {
        statements.iter().any(|statement| {
            statement["Effect"] == effect
                && speaks_of(statement, caller)
                && names(statement, caller)
                && holds(&statement["Condition"], caller)
        })
    };
    speaks("Allow") && !speaks("Deny")
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(many) => many.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    }
}

/// Returns true if the statement applies to the caller's call.
pub(crate) fn speaks_of(statement: &Value, caller: &Caller) -> bool {
    let any = |key: &str| {
        let patterns = list(&statement[key]);
        patterns.iter().any(|pattern| {
            let pattern = pattern.as_str().unwrap().to_lowercase();
            like(&pattern, &caller.call.to_lowercase())
        })
    };
    match statement.get("NotAction") {
        Some(_) => !any("NotAction"),
        None => any("Action"),
    }
}

fn names(statement: &Value, caller: &Caller) -> bool {
    let is_named = |principal: &Value| {
        let any = |kind: &str, is: &dyn Fn(&str) -> bool| {
            list(&principal[kind])
                .iter()
                .any(|it| is(it.as_str().unwrap()))
        };
        principal == "*"
            || any("AWS", &|text| {
                let root = caller.account.map(|id| format!("arn:aws:iam::{id}:root"));
                text == "*"
                    || Some(text) == caller.account
                    || Some(text) == caller.arn
                    || Some(text) == root.as_deref()
            })
            || any("Service", &|text| Some(text) == caller.service)
            || any("Federated", &|text| Some(text) == caller.provider)
    };
    match statement.get("NotPrincipal") {
        Some(principal) => !is_named(principal),
        None => is_named(&statement["Principal"]),
    }
}

fn holds(condition: &Value, caller: &Caller) -> bool {
    let Some(operators) = condition.as_object() else {
        return true;
    };
    operators.iter().all(|(operator, keys)| {
        keys.as_object().unwrap().iter().all(|(key, expected)| {
            let expected: Vec<String> = list(expected)
                .iter()
                .map(|value| value.as_str().unwrap().to_owned())
                .collect();
            let found = caller.values(&key.to_lowercase());
            compare(operator, &found, &expected)
        })
    })
}

/// An operator on the values of the request and of the policy.
fn compare(operator: &str, found: &[String], expected: &[String]) -> bool {
    let (quantifier, rest) = operator.split_once(':').unwrap_or(("", operator));
    let name = rest.strip_suffix("IfExists").unwrap_or(rest);
    // An unknown operator may be true.
    if name == "StringUnheardOf" {
        return true;
    }
    if found.is_empty() {
        let is_negated = name.contains("Not") && quantifier != "ForAnyValue";
        return rest.ends_with("IfExists") || quantifier == "ForAllValues" || is_negated;
    }
    let one = |found: &String| {
        let any = |fits: &dyn Fn(&str) -> bool| expected.iter().any(|it| fits(it));
        match name {
            // The caller's own value.
            _ if any(&|it| it.contains("${")) => !name.contains("Not"),
            "StringEquals" | "Bool" => any(&|it| it == found),
            "StringNotEquals" => !any(&|it| it == found),
            "StringLike" => any(&|it| like(it, found)),
            "StringNotLike" => !any(&|it| like(it, found)),
            "ArnLike" => any(&|it| arn_like(it, found)),
            "ArnNotLike" => !any(&|it| arn_like(it, found)),
            other => panic!("{other}"),
        }
    };
    match quantifier {
        "ForAllValues" => found.iter().all(one),
        _ => found.iter().any(one),
    }
}

fn arn_like(pattern: &str, arn: &str) -> bool {
    let parts = |text: &str| -> Vec<String> { text.splitn(6, ':').map(str::to_owned).collect() };
    let (pattern, arn) = (parts(pattern), parts(arn));
    pattern.len() == 6 && arn.len() == 6 && pattern.iter().zip(&arn).all(|(a, b)| like(a, b))
}

/// The obvious matcher of wildcards.
pub(crate) fn like(pattern: &str, text: &str) -> bool {
    fn fits(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), next) => {
                fits(rest, text) || next.is_some_and(|(_, behind)| fits(pattern, behind))
            }
            (Some((b'?', rest)), Some((_, behind))) => fits(rest, behind),
            (Some((own, rest)), Some((c, behind))) => own == c && fits(rest, behind),
            _ => false,
        }
    }
    fits(pattern.as_bytes(), text.as_bytes())
}
