//! What the history of an earlier incident means for the same thing now.

use serde_json::Value;

use super::{Before, ClaimName, KnownName, Standing, Thing, Wanted};
use crate::message::{
    Decision, DecisionAction, OutcomeResult, Quarantine, Response, Restricted, Verdict,
    VerdictResult,
};
use crate::{Analysis, ExecutionArn, Snapshot, Timestamp, UniqueId, VersionId};

/// What the history of an execution shows of its incident.
#[derive(Clone, Copy, Debug)]
pub struct Remembered<'h> {
    pub execution: &'h ExecutionArn,
    /// Whether it has succeeded; otherwise it runs.
    pub has_succeeded: bool,
    /// The newest state that it entered.
    pub state: Option<&'h str>,
    pub verdict: &'h Verdict,
    pub quarantine: Option<&'h Quarantine>,
    /// The answer, which can be any JSON.
    pub decision: Option<&'h Value>,
    pub outcome: Option<OutcomeResult>,
    /// When an allow ends.
    pub until: Option<Timestamp>,
}

/// What an earlier incident means for a grant that a sweep found in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It reported the grant, or an administrator allowed it for good.
    Yes,
    /// It waits for a decision.
    Pending,
    /// No one answered its question.
    Unanswered,
    /// An administrator denied it.
    Denied,
    No,
}

impl Remembered<'_> {
    /// The claim that the incident names.
    #[must_use]
    pub fn claim(&self) -> Option<&ClaimName> {
        let contained = self.quarantine.and_then(Quarantine::contained);
        let later = contained.and_then(|contained| contained.claim.as_ref());
        later.or(self.verdict.memory.claim.as_ref())
    }

    /// What it means for `wanted`, where `claim` led to it; `None` where it means nothing.
    #[must_use]
    pub fn standing(
        &self,
        claim: &ClaimName,
        wanted: &Wanted,
        analysis: &Analysis<'_>,
        now: Timestamp,
    ) -> Option<Before> {
        if !self.names(claim, wanted) || !self.is_about(wanted, analysis) {
            return None;
        }
        let decision = self.decision.map(Decision::read);
        let action = decision.as_ref().map(|decision| decision.action);
        let standing = match self.outcome {
            None if self.has_succeeded || self.is_failing() => return None,
            None => match self.quarantine {
                Some(Quarantine::Superseded | Quarantine::Gone) => return None,
                _ if self.asks_otherwise(wanted) => return None,
                _ => Standing::Pending,
            },
            Some(OutcomeResult::Allowed | OutcomeResult::Kept) => {
                let is_over = self.until.is_some_and(|until| until <= now);
                if action != Some(DecisionAction::Allow) || is_over {
                    return None;
                }
                Standing::Allowed
            }
            Some(OutcomeResult::Denied | OutcomeResult::TakenBack) => Standing::Denied,
            Some(
                OutcomeResult::Expired
                | OutcomeResult::Unconfirmed
                | OutcomeResult::Superseded
                | OutcomeResult::Gone
                | OutcomeResult::Joined
                | OutcomeResult::DeniedBefore
                | OutcomeResult::Lapsed,
            ) => return None,
        };
        let decision = decision.filter(|_| standing != Standing::Pending);
        let decision = decision.as_ref();
        let shortened = |text: &String, most| text.chars().take(most).collect();
        Some(Before {
            execution: self.execution.clone(),
            claim: claim.clone(),
            standing,
            asks: standing == Standing::Pending && self.asks(),
            seen: now,
            decided: decision.and_then(|decision| decision.time),
            until: self.until.filter(|_| standing == Standing::Allowed),
            source_ip_address: decision
                .and_then(|decision| decision.source_ip_address.as_ref())
                .map(|address| shortened(address, MAX_ADDRESS)),
            reason: decision
                .and_then(|decision| decision.reason.as_ref())
                .map(|reason| shortened(reason, MAX_REASON)),
            original: self.original(),
        })
    }

    /// What it means for the grant that a sweep found in force, where `name` led to it. `response`
    /// is what the lists say about the grant now: the name of an addition stays the same where a
    /// policy or a group comes to grant more.
    #[must_use]
    pub fn known(&self, name: &KnownName, response: Response) -> Known {
        if self.leaves(name) {
            return Known::Yes;
        }
        if self.verdict.memory.known.as_ref() != Some(name) {
            return Known::No;
        }
        let listed = Response::from(self.verdict.restricted.response);
        let known = match listed.stricter(response) == listed {
            true => Known::Yes,
            false => Known::No,
        };
        let stays = matches!(
            self.verdict.result,
            VerdictResult::Exempt | VerdictResult::Monitored | VerdictResult::Reported
        );
        match self.outcome {
            Some(OutcomeResult::Allowed | OutcomeResult::Kept) if self.until.is_none() => known,
            Some(OutcomeResult::Denied | OutcomeResult::TakenBack) => Known::Denied,
            // The grant stays, and the same question is not asked at once.
            Some(OutcomeResult::Expired) if self.is_silent() => Known::Unanswered,
            // Also where nothing confirmed the event: the sweep itself confirms what it asks.
            Some(_) => Known::No,
            // What is only reported needs no decision.
            None if stays && self.verdict.response != Response::Ask => known,
            None if self.has_succeeded || self.is_failing() => Known::No,
            None => Known::Pending,
        }
    }

    /// Whether its remediation leaves the grant in force, where `name` led to it. Its e-mail says
    /// so, and no decision changes it.
    fn leaves(&self, name: &KnownName) -> bool {
        let known = match self.quarantine {
            Some(Quarantine::InPlace(contained)) => contained.known.as_ref(),
            _ => None,
        };
        known == Some(name) && !self.is_failing()
    }

    /// Whether it contained what is wanted, whatever became of it later.
    #[must_use]
    pub fn has_contained(
        &self,
        claim: &ClaimName,
        wanted: &Wanted,
        analysis: &Analysis<'_>,
    ) -> bool {
        matches!(self.quarantine, Some(Quarantine::InPlace(_)))
            && self.names(claim, wanted)
            && self.is_about(wanted, analysis)
    }

    /// Whether it asked about `wanted` and left it in force, and no one answered.
    #[must_use]
    pub fn is_unanswered(
        &self,
        claim: &ClaimName,
        wanted: &Wanted,
        analysis: &Analysis<'_>,
    ) -> bool {
        matches!(self.quarantine, Some(Quarantine::Proposed(_)))
            && self.outcome == Some(OutcomeResult::Expired)
            && self.is_silent()
            && self.names(claim, wanted)
            && self.is_about(wanted, analysis)
    }

    /// Whether it names this claim, which is one of `wanted`.
    fn names(&self, claim: &ClaimName, wanted: &Wanted) -> bool {
        self.claim() == Some(claim) && claim.key() == &wanted.key
    }

    /// Whether no answer came. An answer that does not count is still an answer. Otherwise, anyone
    /// who can send one could keep the guard from asking again.
    fn is_silent(&self) -> bool {
        let decision = self.decision.map(Decision::read);
        decision.is_some_and(|decision| !decision.unproven)
    }

    /// Whether its request does not stand for another one.
    ///
    /// After `Mode` has changed, one says that the document is in force, and the other that it is
    /// not. What is in force while it is asked about may have come after the look of a deny that is
    /// being carried out. A deny about a call takes back what CloudTrail has a record of, so a
    /// made-up event must not stand for a real one.
    fn asks_otherwise(&self, wanted: &Wanted) -> bool {
        let is_answered = self.decision.is_some();
        match &wanted.thing {
            Thing::Document { response, .. } => {
                *response != self.verdict.response || (*response == Response::Ask && is_answered)
            }
            Thing::Addition { event_id, .. } => {
                *event_id != self.verdict.change.event_id || is_answered
            }
        }
    }

    /// Whether it asks about what it is about, and does not join another one.
    fn asks(&self) -> bool {
        match self.quarantine {
            Some(Quarantine::InPlace(contained)) => contained.settled.is_none(),
            Some(Quarantine::Proposed(_) | Quarantine::Added(_)) => true,
            Some(Quarantine::Superseded | Quarantine::Gone) | None => false,
        }
    }

    /// Whether it has not come to its containment, and names no claim yet. It takes one after the
    /// containment, if it could not before.
    #[must_use]
    pub fn may_still_claim(&self) -> bool {
        !self.has_succeeded
            && self.quarantine.is_none()
            && self.outcome.is_none()
            && self.claim().is_none()
    }

    /// Whether nothing but its end is left, which is that of a failure.
    fn is_failing(&self) -> bool {
        matches!(self.state, Some("PublishFailed" | "Failed"))
    }

    /// Whether it is about the same subject, identity, document and patterns.
    fn is_about(&self, wanted: &Wanted, analysis: &Analysis<'_>) -> bool {
        if self.verdict.change.subject.folded() != wanted.subject.folded() {
            return false;
        }
        match &wanted.thing {
            Thing::Document {
                observed,
                restricted,
                ..
            } => self.document().is_some_and(|(identity, document, of)| {
                *identity == observed.identity
                    && analysis.is_equivalent(document, &observed.document)
                    && is_same(of, restricted)
            }),
            Thing::Addition {
                identity,
                restricted,
                ..
            } => match self.quarantine {
                Some(Quarantine::Added(addition)) => {
                    addition.identity == *identity && is_same(&addition.restricted, restricted)
                }
                _ => false,
            },
        }
    }

    /// The document that it is about: what it contained or asks about, or else what it judged.
    fn document(&self) -> Option<(&UniqueId, &Snapshot, &Restricted)> {
        match self.quarantine {
            Some(quarantine) => {
                let contained = quarantine.contained()?;
                Some((
                    &contained.identity,
                    &contained.original,
                    &contained.restricted,
                ))
            }
            None => {
                let judged = self.verdict.in_force.as_ref()?;
                Some((&judged.identity, &judged.document, &self.verdict.restricted))
            }
        }
    }

    /// The version of a managed policy that its decision is about.
    fn original(&self) -> Option<VersionId> {
        let contained = self.quarantine.and_then(Quarantine::contained);
        match contained.and_then(|contained| contained.versions.as_ref()) {
            Some(versions) => Some(versions.original.clone()),
            None => self.verdict.in_force.as_ref()?.version.clone(),
        }
    }
}

/// The characters that the address and the reason of a decision may have in another execution. The
/// execution that was decided has all of them.
const MAX_ADDRESS: usize = 45;
const MAX_REASON: usize = 120;

/// Whether the same patterns are met, with the same response.
fn is_same(one: &Restricted, other: &Restricted) -> bool {
    let patterns = |of: &Restricted| {
        let mut patterns: Vec<String> = of.patterns.iter().map(ToString::to_string).collect();
        patterns.sort_unstable();
        patterns
    };
    one.response == other.response
        && one.more_patterns == other.more_patterns
        && patterns(one) == patterns(other)
}
