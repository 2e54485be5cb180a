//! Whether a call that the guard does not undo is told of.

use std::str::FromStr as _;

use iam_policy::{ActionPattern, Effect, Excerpt, Judgement, PolicyDocument, judge, judge_trust};

use super::{Mode, Rules, alert};
use crate::message::{Reason, Restricted, ToldOf, Verdict, VerdictResult};
use crate::target::{HeldPolicy, Told, ToldLook};
use crate::{KeptDocument, Record};

/// The bytes of JSON that the restricted patterns of all policies may take.
const PATTERN_BYTES: usize = 3 * 1024;

impl Rules {
    /// The verdict on a call that is not undone; `None` where IAM may not show it yet.
    ///
    /// `look` is what IAM shows of it, and none where one of the things that it names does not exist.
    #[must_use]
    pub fn judge_told(
        &self,
        record: &Record,
        told: &Told,
        look: Option<&ToldLook>,
        waited: bool,
    ) -> Option<Verdict> {
        let Some(look) = look else {
            return waited.then(|| self.told(record, VerdictResult::Clean, &[], Vec::new()));
        };
        let judged = self.judged(&look.policies);
        let (is_so, reasons) = match told {
            Told::Attachment { .. } | Told::Membership { .. } | Told::Renaming { .. } => {
                (look.is_so, grants(&judged, look))
            }
            // Of what is there again, nothing is gone.
            Told::Detachment { .. } | Told::Departure { .. } if !look.is_so => (false, Vec::new()),
            Told::Detachment { .. } | Told::Departure { .. } => (true, denies(look)),
            Told::Boundary { boundary, .. } => {
                let reasons = match look.boundary {
                    None => vec![Reason::NoBoundary],
                    Some(_) => grants(&judged, look),
                };
                (look.boundary == *boundary, reasons)
            }
            Told::Credentials { is_own: true, .. } => (true, Vec::new()),
            Told::Credentials { .. } => (true, grants(&judged, look)),
            Told::Trust { .. } => self.trust(record, look),
        };
        if !is_so && !waited {
            return None;
        }
        let result = match told {
            _ if reasons.is_empty() => VerdictResult::Clean,
            // What is in force is told of, whichever call put it there.
            Told::Boundary { .. } | Told::Trust { .. } => VerdictResult::Told,
            _ if is_so => VerdictResult::Told,
            _ => VerdictResult::Withdrawn,
        };
        Some(self.told(record, result, &judged, reasons))
    }

    fn judged<'l>(&self, policies: &'l [HeldPolicy]) -> Vec<(&'l HeldPolicy, Judgement<'_>)> {
        let judged = policies
            .iter()
            .map(|held| (held, judge(&held.document, &self.restricted)));
        judged.collect()
    }

    fn told(
        &self,
        record: &Record,
        result: VerdictResult,
        judged: &[(&HeldPolicy, Judgement<'_>)],
        reasons: Vec<Reason>,
    ) -> Verdict {
        let is_grant = |reason: &Reason| matches!(reason, Reason::Grants { .. });
        let patterns = if reasons.iter().any(is_grant) {
            self.met(judged)
        } else {
            Vec::new()
        };
        let patterns = Excerpt::within(PATTERN_BYTES, patterns);
        let restricted = Restricted {
            more_patterns: patterns.more(),
            patterns: patterns.into_shown(),
            ..Restricted::default()
        };
        let is_told = result != VerdictResult::Clean;
        Verdict {
            told: is_told.then(|| ToldOf::new(&reasons, self.mode == Mode::Monitor)),
            exemption: self
                .exempt
                .covering(&record.change.actor)
                .filter(|_| is_told),
            ..alert(result, record, None, None, restricted)
        }
    }

    /// The restricted patterns that the policies meet together, in the order of the list.
    fn met<'r>(&'r self, judged: &[(&HeldPolicy, Judgement<'r>)]) -> Vec<&'r ActionPattern> {
        let mut met: Vec<&ActionPattern> = Vec::new();
        for (_, judgement) in judged {
            for pattern in judgement.restricted_patterns() {
                if !met.contains(&pattern) {
                    met.push(pattern);
                }
            }
        }
        met
    }

    /// Whether the trust policy is the one of the record, and whom it lets in from outside.
    fn trust(&self, record: &Record, look: &ToldLook) -> (bool, Vec<Reason>) {
        let Some(document) = &look.trust else {
            return (false, Vec::new());
        };
        let outsiders = judge_trust(document, &self.account, &self.trusted);
        let mut reasons: Vec<Reason> = outsiders
            .shown()
            .iter()
            .cloned()
            .map(|outsider| Reason::Outsider { outsider })
            .collect();
        if let more @ 1.. = outsiders.more() {
            reasons.push(Reason::MoreOutsiders { more });
        }
        let is_written = record.document.as_deref().is_none_or(|written| {
            let kept = KeptDocument::new(written);
            crate::document::same_meaning(kept.as_str(), document)
        });
        (is_written || !reasons.is_empty(), reasons)
    }
}

fn grants(judged: &[(&HeldPolicy, Judgement<'_>)], look: &ToldLook) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = judged
        .iter()
        .filter(|(_, judgement)| !judgement.is_clean())
        .map(|(held, judgement)| Reason::grants(&held.policy, &judgement.restricted_patterns()))
        .collect();
    if look.has_more {
        reasons.push(Reason::Unread);
    }
    reasons
}

/// The policies that hold a `Deny`; one that cannot be read may.
fn denies(look: &ToldLook) -> Vec<Reason> {
    let has_deny = |held: &&HeldPolicy| match PolicyDocument::from_str(&held.document) {
        Ok(document) => document
            .statements()
            .iter()
            .any(|statement| statement.effect() == Effect::Deny),
        Err(_) => true,
    };
    let mut reasons: Vec<Reason> = look
        .policies
        .iter()
        .filter(has_deny)
        .map(|held| Reason::Denied {
            policy: held.policy.clone(),
        })
        .collect();
    if look.has_more {
        reasons.push(Reason::Unread);
    }
    reasons
}
