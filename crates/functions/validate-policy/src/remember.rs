//! What earlier executions say about a change.

use incident::judgement::GuardConfig;
use incident::memory::{ClaimName, Memory, MemoryKey, Standing, Wanted};
use incident::message::{Lapse, ObservedPolicy, Response, Verdict, VerdictResult};
use incident::subject::{AddedIdentity, Addition, ReportedState};
use incident::{Analysis, Confirmed, Confirming, Done, ExecutionArn, Observed, Record};
use lambda_kit::claims::{Claim, ContainedBy, MemoryError, Reporting};
use lambda_kit::{Claims, HandlerError, Sweeps};
use serde_json::Value;

/// The memory, for one execution.
pub(crate) struct Remembering<'a> {
    pub(crate) rules: &'a GuardConfig,
    pub(crate) claims: &'a Claims,
    pub(crate) sweeps: &'a Sweeps,
    pub(crate) execution: &'a ExecutionArn,
    /// The wait for CloudTrail so far, and what it answered.
    pub(crate) confirming: Option<&'a Confirming>,
    pub(crate) done: Option<&'a Done>,
    /// The allow of this execution that has ended.
    pub(crate) lapsed: Option<&'a Lapse>,
    /// How often the judgement or the containment failed before.
    pub(crate) failed_tries: usize,
}

/// What comes of a look at a document.
pub(crate) enum Seen {
    Verdict(Box<Verdict>),
    /// IAM may not show the change yet.
    NotYet,
    /// CloudTrail must know the event first, after so many seconds.
    Unconfirmed {
        seconds: u32,
        confirming: Confirming,
    },
}

impl Seen {
    /// A verdict that counts if IAM had its time.
    fn if_some(verdict: Option<Verdict>) -> Self {
        verdict.map_or(Self::NotYet, |verdict| Self::Verdict(Box::new(verdict)))
    }
}

impl From<Verdict> for Seen {
    fn from(verdict: Verdict) -> Self {
        Self::Verdict(Box::new(verdict))
    }
}

impl Remembering<'_> {
    /// The verdict on a document; `NotYet` if IAM may not show the change yet.
    pub(crate) async fn document(
        &self,
        analysis: &Analysis<'_>,
        record: &Record,
        observed: Option<&Observed>,
        waited: bool,
    ) -> Result<Seen, HandlerError> {
        let Some(verdict) = self.rules.judge(analysis, record, observed, waited) else {
            return Ok(Seen::NotYet);
        };
        if verdict.asks() {
            return self
                .question(analysis, record, observed, waited, verdict)
                .await;
        }
        let stays_restricted = matches!(
            verdict.result,
            VerdictResult::Exempt | VerdictResult::Monitored | VerdictResult::Reported
        );
        if self.lapsed.is_some() && !stays_restricted {
            // No event follows, so an answer from IAM's past must not be believed.
            return Ok(Seen::if_some(waited.then(|| verdict.lapsed())));
        }
        match verdict.result {
            VerdictResult::AlreadyContained | VerdictResult::Withdrawn => {
                self.named(analysis, verdict).await.map(Seen::from)
            }
            _ => Ok(verdict.into()),
        }
    }

    /// The guard would contain a document, or ask about it: another execution may ask already, or
    /// an administrator has decided.
    async fn question(
        &self,
        analysis: &Analysis<'_>,
        record: &Record,
        observed: Option<&Observed>,
        waited: bool,
        mut verdict: Verdict,
    ) -> Result<Seen, HandlerError> {
        // A hint of the sweep, real or forged, may only ask about what the last sweep knew.
        if verdict.change.actor.is_sweep() && verdict.response == Response::Contain {
            let wanted = wanted(&verdict, analysis);
            if self.stood_before(analysis, wanted.as_ref()).await? {
                verdict.response = Response::Ask;
            }
        }
        let Some(wanted) = wanted(&verdict, analysis) else {
            return Ok(verdict.into());
        };
        // What someone wrote in the meantime has another claim.
        if let Some(lapse) = self.lapsed
            && let Claim::Mine(own) = self.find(&wanted, analysis).await?
            && lapse.claim.as_ref() == Some(&own)
        {
            return self.lapse(&wanted, &own, verdict).await.map(Seen::from);
        }
        let memory = self.memory(analysis, &wanted, verdict.response).await?;
        if self.must_confirm(&memory, &verdict, &wanted) {
            match self.confirm(&wanted, &verdict, &memory).await? {
                Confirmed::Yes => {}
                Confirmed::No if !record.change.in_force => {
                    return Ok(self.rules.judge_prepared(analysis, record).into());
                }
                Confirmed::No => return Ok(verdict.unconfirmed().into()),
                Confirmed::NotYet {
                    seconds,
                    confirming,
                } => {
                    return Ok(Seen::Unconfirmed {
                        seconds,
                        confirming,
                    });
                }
            }
        }
        let is_allowed = memory
            .before
            .as_ref()
            .is_some_and(|before| before.standing == Standing::Allowed);
        if !is_allowed {
            let verdict = verdict.remembering(memory);
            // What stays in force unasked must not be what IAM shows of a former policy.
            let is_believed = waited || verdict.result != VerdictResult::Joined;
            return Ok(Seen::if_some(is_believed.then_some(verdict)));
        }
        if self.lapsed.is_some() {
            let lapsed = waited.then(|| verdict.remembering(memory).lapsed());
            return Ok(Seen::if_some(lapsed));
        }
        let verdict = self.rules.judge_allowed(analysis, record, observed, waited);
        Ok(Seen::if_some(verdict.map(|verdict| match verdict.result {
            VerdictResult::AllowedBefore => Verdict { memory, ..verdict },
            // It is about another document than the one that was allowed.
            _ => verdict,
        })))
    }

    /// This execution allowed the document for a time, and is over with it. What is contained needs
    /// no new question. What the guard asks about first by now, it asks about.
    async fn lapse(
        &self,
        wanted: &Wanted,
        own: &ClaimName,
        verdict: Verdict,
    ) -> Result<Verdict, HandlerError> {
        if verdict.response == Response::Contain {
            return Ok(verdict.remembering(Memory {
                lapsed: true,
                ..Memory::default()
            }));
        }
        let next = self.claims.take_next(Some(own), wanted, self.execution);
        let claim = self.or_without(next.await)?.and_then(|claim| match claim {
            Claim::Mine(name) => Some(name),
            Claim::Earlier(_) | Claim::Unnamed => None,
        });
        Ok(verdict.remembering(Memory {
            claim,
            ..Memory::default()
        }))
    }

    /// Who asks about it, and what was decided.
    async fn memory(
        &self,
        analysis: &Analysis<'_>,
        wanted: &Wanted,
        response: Response,
    ) -> Result<Memory, HandlerError> {
        let (claims, me) = (self.claims, self.execution);
        let claim = if response == Response::Contain {
            claims.take_quickly(wanted, analysis, me).await
        } else {
            match self.or_without(claims.take(wanted, analysis, me).await)? {
                // Only what is contained is taken away without a question.
                Some(Claim::Earlier(before)) if before.standing == Standing::Denied => {
                    let next = claims.take_next(Some(&before.claim), wanted, me);
                    self.or_without(next.await)?
                }
                claim => claim,
            }
        };
        Ok(match claim {
            None | Some(Claim::Unnamed) => Memory::default(),
            Some(Claim::Mine(name)) => Memory {
                claim: Some(name),
                ..Memory::default()
            },
            Some(Claim::Earlier(before)) => Memory {
                before: Some(before),
                ..Memory::default()
            },
        })
    }

    pub(crate) async fn find(
        &self,
        wanted: &Wanted,
        analysis: &Analysis<'_>,
    ) -> Result<Claim, HandlerError> {
        let found = self.claims.find(wanted, analysis, self.execution).await;
        Ok(self.or_without(found)?.unwrap_or(Claim::Unnamed))
    }

    /// An answer of the memory; `None` where it refuses for good, or failed before: then the guard
    /// does without.
    fn or_without<T>(&self, answer: Result<T, MemoryError>) -> Result<Option<T>, HandlerError> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.is_passing() && self.failed_tries == 0 => Err(error.into()),
            Err(error) => {
                tracing::warn!(%error, "the guard does without a memory");
                Ok(None)
            }
        }
    }

    /// What a call added, and whether another execution asks about it.
    pub(crate) async fn addition(
        &self,
        analysis: &Analysis<'_>,
        state: &ReportedState,
        verdict: Verdict,
    ) -> Result<Verdict, HandlerError> {
        let Some(addition) = Addition::of(&verdict, state) else {
            return Ok(verdict);
        };
        let wanted = Wanted::addition(&verdict.change, &addition);
        let memory = self.memory(analysis, &wanted, verdict.response).await?;
        Ok(verdict.remembering(memory))
    }

    /// The named document is not in force any more. If its remediation is, that is the guard's own,
    /// or that of someone who had the grant.
    async fn named(
        &self,
        analysis: &Analysis<'_>,
        verdict: Verdict,
    ) -> Result<Verdict, HandlerError> {
        let (Some(named), Some(in_force)) = (&verdict.named, &verdict.in_force) else {
            return Ok(verdict);
        };
        let change = &verdict.change;
        let written = ObservedPolicy {
            identity: in_force.identity.clone(),
            version: change.version.clone(),
            document: named.clone(),
        };
        let wanted = Wanted::document(&change.subject, &written, Response::Contain, analysis);
        let Some(wanted) = wanted else {
            return Ok(verdict.withdrawn(None));
        };
        let is_contained = verdict.result == VerdictResult::AlreadyContained;
        let by = self
            .claims
            .contained_by(&wanted, analysis, change.event_time)
            .await;
        let by = self.or_without(by)?.unwrap_or(ContainedBy::Unknown);
        Ok(match by {
            ContainedBy::Guard if is_contained => verdict,
            ContainedBy::Guard => verdict.withdrawn(None),
            ContainedBy::Decided(before) if before.standing == Standing::Allowed => verdict
                .remembering(Memory {
                    before: Some(before),
                    ..Memory::default()
                }),
            ContainedBy::Decided(before) => verdict.withdrawn(Some(before)),
            ContainedBy::Unknown => verdict.withdrawn(None),
        })
    }

    /// Whether an e-mail reports the verdict: the same thing once a week.
    pub(crate) async fn report(
        &self,
        event: &Value,
        verdict: &mut Verdict,
        added: Option<&AddedIdentity>,
    ) {
        verdict.notify = self.rules.notifies(verdict);
        let is_end = verdict.result == VerdictResult::Lapsed;
        if !verdict.notify || verdict.asks() || is_end {
            return;
        }
        let null = Value::Null;
        let parameters = event.pointer("/detail/requestParameters").unwrap_or(&null);
        let denied = verdict.memory.before.as_ref();
        let denied = denied.filter(|before| before.standing == Standing::Denied);
        let key = match denied {
            // A denied document shares the week with the reports of its containment.
            Some(before) => Some(before.claim.key().clone()),
            None => MemoryKey::of_report(verdict, parameters, added),
        };
        let Some(key) = key else {
            return;
        };
        let subject = &verdict.change.subject;
        match self.claims.report(&key, subject, self.execution).await {
            Ok(Reporting::First(name)) => verdict.memory.report = Some(name),
            Ok(Reporting::Unnamed) => {}
            Ok(Reporting::Reported) => verdict.notify = false,
            Err(error) => {
                tracing::warn!(%error, "the guard reports what it may have reported before");
            }
        }
    }
}

/// What the guard would contain or ask about; `None` where it is too long to be compared.
fn wanted(verdict: &Verdict, analysis: &Analysis<'_>) -> Option<Wanted> {
    let in_force = verdict.in_force.as_ref()?;
    let subject = &verdict.change.subject;
    Wanted::document(subject, in_force, verdict.response, analysis)
}
