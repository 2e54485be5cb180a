//! What the allows of one document give, among the denies of other documents and within a
//! permissions boundary.
//!
//! The engine of `iam-policy` judges documents, so the question is put as one. An `Allow` of a
//! boundary becomes a `Deny` of everything else: `Action` becomes the `NotAction` of a `Deny`, and
//! `NotAction` its `Action`. A boundary with several such statements allows what any of them
//! allows, so each one is judged, and the answers are joined. That is exact, because the union of
//! what is granted within each part is what is granted within the whole.

use iam_policy::{ActionPattern, judge};

use crate::bits::Bits;
use crate::document::{Part, Summary, document, is_certain, statement, write};
use crate::watched::Watched;

/// The restricted patterns that are held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// Those of which an action is granted, to whatever extent.
    pub(crate) any: Bits,
    /// Those of which an action is granted without a condition and for all resources, and not
    /// denied under any condition or for any resource.
    pub(crate) sure: Bits,
}

impl Held {
    pub(crate) fn add(&mut self, other: &Held) {
        self.any.add(&other.any);
        self.sure.add(&other.sure);
    }
}

/// The permissions boundary of a principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Boundary<D> {
    None,
    /// There is one, but its document is not known.
    Missing,
    Known(D),
}

/// What takes grants away from every document of a principal.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    any: Limit,
    sure: Limit,
    has_boundary: bool,
}

/// One reading of what takes grants away.
#[derive(Debug, Default)]
struct Limit {
    denies: Vec<String>,
    /// What the boundary leaves, in parts, each as the denial of everything else; `None` is a part
    /// that leaves everything.
    parts: Vec<Option<String>>,
}

impl Limits {
    /// The limits of these documents, each of which denies something, and of a boundary.
    pub(crate) fn new(denying: &[&Summary], boundary: Boundary<&Summary>) -> Limits {
        let mut limits = Limits {
            has_boundary: !matches!(boundary, Boundary::None),
            ..Limits::default()
        };
        match boundary {
            Boundary::None => {
                limits.any.parts.push(None);
                limits.sure.parts.push(None);
            }
            Boundary::Missing => limits.any.parts.push(None),
            Boundary::Known(summary) => {
                limits.any.parts = parts(summary, false);
                limits.sure.parts = parts(summary, true);
            }
        }
        let of_boundary = match boundary {
            Boundary::Known(summary) => Some(summary),
            _ => None,
        };
        let denies = denying.iter().copied().chain(of_boundary);
        for deny in denies.flat_map(|it| &it.denies).filter(|it| it.meets) {
            if deny.is_wide {
                limits.any.denies.push(deny.text.to_string());
            }
            limits.sure.denies.extend(widened(deny));
        }
        limits
    }

    /// What the allows of this document give within the limits.
    pub(crate) fn held(&self, summary: &Summary, watched: &Watched) -> Held {
        let mut any = match self.any.denies.is_empty() && !self.has_boundary {
            true => summary.met.clone(),
            false => self.any.leave(summary.allows.iter(), watched),
        };
        if summary.doubt.is_some() {
            any = watched.everything();
        }
        let sure = match self.sure.denies.is_empty() && !self.has_boundary {
            true => summary.met_widely.clone(),
            false => {
                let wide = summary.allows.iter().filter(|allow| allow.is_wide);
                self.sure.leave(wide, watched)
            }
        };
        Held {
            sure: sure.and(&any),
            any,
        }
    }
}

impl Limit {
    /// The restricted patterns that these allows grant an action of, and the limit leaves.
    fn leave<'s>(&self, allows: impl Iterator<Item = &'s Part>, watched: &Watched) -> Bits {
        let allows = allows.filter(|allow| allow.meets);
        let allows: Vec<&str> = allows.map(|allow| allow.text.as_ref()).collect();
        let mut left = Bits::default();
        if allows.is_empty() {
            return left;
        }
        for part in &self.parts {
            let denies = self.denies.iter().chain(part).map(String::as_str);
            let statements: Vec<&str> = allows.iter().copied().chain(denies).collect();
            let judgement = judge(&document(&statements), watched.restricted());
            left.add(&watched.numbers(&judgement.restricted_patterns()));
        }
        left
    }
}

/// The denial of the same actions everywhere and always.
fn widened(deny: &Part) -> Option<String> {
    let statement = statement(&deny.text)?;
    let element = element(statement.is_negated());
    Some(write("Deny", element, statement.patterns()))
}

fn element(is_negated: bool) -> &'static str {
    match is_negated {
        true => "NotAction",
        false => "Action",
    }
}

/// What a boundary allows, in parts. With `only_sure`, only what it allows without a condition and
/// for all resources.
fn parts(boundary: &Summary, only_sure: bool) -> Vec<Option<String>> {
    if boundary.doubt.is_some() && !only_sure {
        return vec![None];
    }
    let mut named: Vec<ActionPattern> = Vec::new();
    let mut parts = Vec::new();
    for allow in boundary.allows.iter().filter(|allow| allow.meets) {
        if only_sure && !allow.is_wide {
            continue;
        }
        let Some(statement) = statement(&allow.text) else {
            continue;
        };
        let patterns = statement.patterns();
        if !statement.is_negated() {
            named.extend(patterns.iter().cloned());
        } else if patterns.iter().all(is_certain) {
            parts.push(Some(write("Deny", "Action", patterns)));
        } else if !only_sure {
            // IAM may read what the boundary leaves out in another way.
            return vec![None];
        }
    }
    if only_sure {
        named.retain(is_certain);
    } else if !named.iter().all(is_certain) {
        return vec![None];
    }
    if !named.is_empty() {
        parts.push(Some(write("Deny", "NotAction", &named)));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "s3:DeleteBucket,iam:*,kms:Schedule*";

    fn summary(statements: &[&str], watched: &Watched) -> Summary {
        Summary::new(&document(statements), watched)
    }

    fn allow(rest: &str) -> String {
        format!(r#"{{"Effect":"Allow",{rest}}}"#)
    }

    fn deny(rest: &str) -> String {
        format!(r#"{{"Effect":"Deny",{rest}}}"#)
    }

    /// What is held, and what of it surely, by the first letters of the patterns.
    fn held(allows: &[&str], denies: &[&str], boundary: Option<&[&str]>) -> (String, String) {
        let watched = Watched::new(LIST.parse().unwrap());
        let own = |it: &[&str], write: fn(&str) -> String| -> Vec<String> {
            it.iter().map(|it| write(it)).collect()
        };
        let texts = |it: &[String]| -> Summary {
            summary(&it.iter().map(String::as_str).collect::<Vec<_>>(), &watched)
        };
        let denying = texts(&own(denies, deny));
        let boundary = boundary.map(|it| texts(&own(it, allow)));
        let boundary = boundary.as_ref().map_or(Boundary::None, Boundary::Known);
        let limits = Limits::new(&[&denying], boundary);
        let held = limits.held(&texts(&own(allows, allow)), &watched);
        let letters = |bits: &Bits| -> String {
            let patterns = watched.patterns(bits);
            patterns
                .iter()
                .filter_map(|it| it.as_str().chars().next())
                .collect()
        };
        (letters(&held.any), letters(&held.sure))
    }

    #[track_caller]
    fn check(allows: &[&str], denies: &[&str], boundary: Option<&[&str]>, any: &str, sure: &str) {
        let (is_any, is_sure) = held(allows, denies, boundary);
        assert_eq!((is_any.as_str(), is_sure.as_str()), (any, sure));
    }

    const ALL: &str = r#""Action":"*","Resource":"*""#;

    #[test]
    fn a_narrow_grant_is_not_sure() {
        check(&[ALL], &[], None, "sik", "sik");
        check(
            &[r#""Action":"iam:Get*","Resource":"arn:aws:iam::*:role/a""#],
            &[],
            None,
            "i",
            "",
        );
        check(
            &[
                r#""Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}"#,
                r#""Action":"iam:*","NotResource":"arn:aws:iam::*:role/a""#,
                r#""Action":"kms:*","Resource":"*""#,
                r#""Action":"*","Resource":[]"#,
            ],
            &[],
            None,
            "sik",
            "k",
        );
        check(
            &[r#""NotAction":["iam:*","kms:*"],"Resource":"*""#],
            &[],
            None,
            "s",
            "s",
        );
    }

    #[test]
    fn a_deny_takes_grants_off_or_makes_them_unsure() {
        check(
            &[ALL],
            &[r#""Action":["s3:*","kms:*"],"Resource":"*""#],
            None,
            "i",
            "i",
        );
        check(
            &[ALL],
            &[r#""NotAction":"kms:*","Resource":"*""#],
            None,
            "k",
            "k",
        );
        check(
            &[ALL],
            &[r#""Action":"s3:*","Resource":"arn:aws:s3:::a""#],
            None,
            "sik",
            "ik",
        );
        check(
            &[ALL],
            &[r#""Action":"iam:Get*","Resource":"*""#],
            None,
            "sik",
            "sik",
        );
        let unless =
            r#""Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}"#;
        check(&[ALL], &[unless], None, "sik", "");
        // What these mean is not documented.
        check(
            &[ALL],
            &[r#""Action":"s3:*","Resource":"*","Other":1"#],
            None,
            "sik",
            "ik",
        );
        check(
            &[ALL],
            &[r#""Action":"*3:*","Resource":"*""#],
            None,
            "sik",
            "sik",
        );
    }

    #[test]
    fn a_boundary_leaves_what_it_allows() {
        let only = |it: &'static str| -> [&str; 1] { [it] };
        let s3 = only(r#""Action":"s3:*","Resource":"*""#);
        check(&[ALL], &[], Some(&s3), "s", "s");
        check(
            &[r#""Action":"iam:*","Resource":"*""#],
            &[],
            Some(&s3),
            "",
            "",
        );
        check(
            &[ALL],
            &[],
            Some(&only(r#""Action":"ec2:*","Resource":"*""#)),
            "",
            "",
        );
        check(
            &[ALL],
            &[],
            Some(&only(r#""NotAction":"iam:*","Resource":"*""#)),
            "sk",
            "sk",
        );
        check(
            &[ALL],
            &[],
            Some(&only(r#""Action":"s3:*","Resource":"arn:aws:s3:::a""#)),
            "s",
            "",
        );
        // Exact where the grant and the boundary meet only outside of what is restricted.
        check(
            &[r#""Action":"iam:Get*","Resource":"*""#],
            &[],
            Some(&only(r#""Action":"iam:List*","Resource":"*""#)),
            "",
            "",
        );
        let two = [
            r#""NotAction":["iam:*","s3:*"],"Resource":"*""#,
            r#""Action":"iam:Get*","Resource":"*""#,
        ];
        check(&[ALL], &[], Some(&two), "ik", "ik");
        check(
            &[ALL],
            &[r#""Action":"iam:*","Resource":"*""#],
            Some(&two),
            "k",
            "k",
        );
        check(
            &[ALL],
            &[],
            Some(&only(r#""Action":"i*:Get*","Resource":"*""#)),
            "sik",
            "",
        );
    }

    #[test]
    fn an_unknown_boundary_makes_grants_unsure() {
        let watched = Watched::new(LIST.parse().unwrap());
        let limits = Limits::new(&[], Boundary::Missing);
        let all = summary(&[&allow(ALL)], &watched);
        let held = limits.held(&all, &watched);
        assert_eq!(
            (held.any, held.sure),
            (watched.everything(), Bits::default())
        );
    }

    #[test]
    fn what_cannot_be_read_may_grant_anything() {
        let watched = Watched::new(LIST.parse().unwrap());
        let odd = r#""Action":"s3:\u00e9*","Resource":"*""#;
        for text in ["{", "{}", &document(&[&allow(odd)])] {
            let summary = Summary::new(text, &watched);
            assert!(summary.doubt.is_some(), "{text}");
            let denying = Summary::new(&document(&[&deny(ALL)]), &watched);
            let held = Limits::new(&[&denying], Boundary::None).held(&summary, &watched);
            assert_eq!(
                (held.any, held.sure),
                (watched.everything(), Bits::default())
            );
        }
    }
}
