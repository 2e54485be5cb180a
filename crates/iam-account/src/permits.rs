//! The roles on which the policies of a principal allow `sts:AssumeRole`.

use std::collections::HashMap;

use crate::arn;
use crate::bits::Bits;
use crate::document::{Part, Resources, Summary};
use crate::held::Boundary;

/// How much work the search among the roles of an account may take, in steps of about a
/// nanosecond.
const MAX_STEPS: usize = 2_000_000_000;

/// The roles of an account by their ARNs, which are sorted.
#[derive(Debug)]
pub(crate) struct Roles<'a> {
    arns: Vec<&'a str>,
    numbers: HashMap<&'a str, usize>,
    steps: usize,
}

/// The roles on which some policies allow `sts:AssumeRole`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Permits {
    /// To whatever extent.
    pub(crate) any: Bits,
    /// Whatever the conditions are.
    pub(crate) sure: Bits,
    /// The roles that a `Deny` takes off, however they are allowed.
    pub(crate) denied: Bits,
    /// The roles that a condition of a `Deny`, or a boundary, may take off.
    pub(crate) doubted: Bits,
}

/// The roles that statements are about, to whatever extent and for certain.
#[derive(Default)]
struct Covered {
    any: Bits,
    sure: Bits,
}

impl<'a> Roles<'a> {
    pub(crate) fn new(arns: Vec<&'a str>) -> Roles<'a> {
        let numbers = arns.iter().enumerate().map(|(number, arn)| (*arn, number));
        Roles {
            numbers: numbers.collect(),
            arns,
            steps: MAX_STEPS,
        }
    }

    /// The roles on which these documents allow it within this boundary; `None` if it takes too
    /// long to find out.
    pub(crate) fn permitted(
        &mut self,
        summaries: &[&Summary],
        boundary: Boundary<&Summary>,
    ) -> Option<Permits> {
        let of_boundary = match boundary {
            Boundary::Known(summary) => Some(summary),
            _ => None,
        };
        let allowed = self.covered(summaries.iter().flat_map(|it| &it.allows))?;
        let denies = summaries.iter().copied().chain(of_boundary);
        let denied = self.covered(denies.flat_map(|it| &it.denies))?;
        let all = Bits::below(self.arns.len());
        let within = match boundary {
            Boundary::None => Covered {
                any: all.clone(),
                sure: all.clone(),
            },
            Boundary::Missing => Covered {
                any: all.clone(),
                sure: Bits::default(),
            },
            Boundary::Known(summary) if summary.doubt.is_some() => Covered {
                any: all.clone(),
                sure: Bits::default(),
            },
            Boundary::Known(summary) => self.covered(&summary.allows)?,
        };
        let mut doubted = denied.any.without(&denied.sure);
        doubted.add(&all.without(&within.sure));
        let sure = allowed.sure.and(&within.sure);
        Some(Permits {
            any: allowed.any.and(&within.any).without(&denied.sure),
            sure: sure.without(&denied.any),
            denied: denied.sure,
            doubted,
        })
    }

    fn covered<'s>(&mut self, parts: impl IntoIterator<Item = &'s Part>) -> Option<Covered> {
        let mut covered = Covered::default();
        for resources in parts.into_iter().filter_map(|part| part.roles.as_ref()) {
            let (any, sure) = self.of(resources)?;
            covered.any.add(&any);
            if !resources.is_conditional {
                covered.sure.add(&sure);
            }
        }
        Some(covered)
    }

    /// The roles among the resources, to whatever extent and for certain.
    fn of(&mut self, resources: &Resources) -> Option<(Bits, Bits)> {
        let (mut any, mut sure) = (Bits::default(), Bits::default());
        for pattern in resources.patterns() {
            match open(pattern) {
                // Only the request tells what a variable stands for.
                Some(open) => any.add(&self.matching(&open)?),
                None => {
                    let matching = self.matching(pattern)?;
                    any.add(&matching);
                    sure.add(&matching);
                }
            }
        }
        if resources.negated {
            let all = Bits::below(self.arns.len());
            return Some((all.without(&sure), all.without(&any)));
        }
        Some((any, sure))
    }

    fn matching(&mut self, pattern: &str) -> Option<Bits> {
        if pattern == "*" {
            return Some(Bits::below(self.arns.len()));
        }
        if !pattern.contains(['*', '?']) {
            return Some(self.numbers.get(pattern).copied().into_iter().collect());
        }
        let mut matching = Bits::default();
        // The ARNs are sorted, so those that begin like the pattern stand together.
        let lead = pattern.split(['*', '?']).next().unwrap_or_default();
        let first = self.arns.partition_point(|arn| *arn < lead);
        let alike = self.arns.iter().enumerate().skip(first);
        for (number, arn) in alike.take_while(|(_, arn)| arn.starts_with(lead)) {
            let steps = 20 + pattern.len() * arn.len() / 32;
            self.steps = self.steps.checked_sub(steps)?;
            if arn::matches(pattern, arn) {
                matching.insert(number);
            }
        }
        Some(matching)
    }
}

/// The pattern with `*` in place of its variables, if it has any.
fn open(pattern: &str) -> Option<String> {
    let mut parts = pattern.split("${");
    let mut open = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        open.push('*');
        open.push_str(part.split_once('}').map_or("", |(_, rest)| rest));
    }
    pattern.contains("${").then_some(open)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watched::Watched;

    const A: &str = "arn:aws:iam::111122223333:role/a";
    const B: &str = "arn:aws:iam::111122223333:role/team/b";

    fn summary(statements: &str) -> Summary {
        let watched = Watched::new("s3:DeleteBucket".parse().unwrap());
        Summary::new(&format!(r#"{{"Statement":[{statements}]}}"#), &watched)
    }

    fn statement(effect: &str, rest: &str) -> String {
        format!(r#"{{"Effect":"{effect}","Action":"sts:Assume*",{rest}}}"#)
    }

    /// The roles of `any` and `sure`, and of `denied` and `doubted`.
    fn permits(statements: &str, boundary: Boundary<&Summary>) -> [String; 4] {
        let mut roles = Roles::new(vec![A, B]);
        let permits = roles.permitted(&[&summary(statements)], boundary).unwrap();
        [permits.any, permits.sure, permits.denied, permits.doubted].map(|bits| {
            let names = bits.iter().map(|number| ["a", "b"][number]);
            names.collect()
        })
    }

    #[test]
    fn resources_name_roles() {
        let of = |rest: &str| {
            let [any, sure, ..] = permits(&statement("Allow", rest), Boundary::None);
            (any, sure)
        };
        let pair = |any: &str, sure: &str| (any.to_owned(), sure.to_owned());
        assert_eq!(of(r#""Resource":"*""#), pair("ab", "ab"));
        assert_eq!(of(&format!(r#""Resource":["{A}"]"#)), pair("a", "a"));
        assert_eq!(
            of(r#""Resource":"arn:aws:iam::*:role/team/*""#),
            pair("b", "b")
        );
        assert_eq!(of(&format!(r#""NotResource":"{A}""#)), pair("b", "b"));
        assert_eq!(
            of(r#""Resource":["arn:aws:s3:::*","arn:aws:iam::*:role/a"]"#),
            pair("a", "a")
        );
        assert_eq!(of(r#""Resource":"arn:aws:s3:::*""#), pair("", ""));
        assert_eq!(of(r#""NotResource":"arn:aws:s3:::*""#), pair("ab", "ab"));
        assert_eq!(of(r#""Resource":"arn:*role/a""#), pair("a", "a"));
        assert_eq!(
            of(r#""Resource":"arn:aws:iam::*:role/${aws:username}""#),
            pair("ab", "")
        );
        assert_eq!(
            of(r#""NotResource":"arn:aws:iam::*:role/${aws:username}""#),
            pair("ab", "")
        );
        let mfa = r#""Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#;
        assert_eq!(of(&format!(r#""Resource":"*",{mfa}"#)), pair("ab", ""));
    }

    #[test]
    fn denies_and_boundaries_take_roles_off() {
        let all = statement("Allow", r#""Resource":"*""#);
        let deny = |rest: &str| [all.clone(), statement("Deny", rest)].join(",");
        let of_a = deny(&format!(r#""Resource":"{A}""#));
        assert_eq!(permits(&of_a, Boundary::None), ["b", "b", "a", ""]);
        let mfa = r#""Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#;
        assert_eq!(permits(&deny(mfa), Boundary::None), ["ab", "", "", "ab"]);
        let boundary = summary(&statement("Allow", &format!(r#""Resource":"{A}""#)));
        assert_eq!(
            permits(&all, Boundary::Known(&boundary)),
            ["a", "a", "", "b"]
        );
        assert_eq!(permits(&all, Boundary::Missing), ["ab", "", "", "ab"]);
    }

    #[test]
    fn variables_stand_for_anything() {
        assert_eq!(open("a"), None);
        assert_eq!(open("a${b}c${d}").as_deref(), Some("a*c*"));
        assert_eq!(open("${a").as_deref(), Some("*"));
    }
}
