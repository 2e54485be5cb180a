//! What earlier executions say about a change.

use incident::judgement::GuardConfig;
use incident::memory::{Memory, MemoryKey, Standing, Wanted};
use incident::message::{ObservedPolicy, Response, Verdict, VerdictResult};
use incident::subject::{Addition, ReportedState};
use incident::{Analysis, ExecutionArn, Observed, Record};
use lambda_kit::claims::{Claim, ContainedBy, Reporting};
use lambda_kit::{Claims, HandlerError};
use serde_json::Value;

/// The memory, for one execution.
pub(crate) struct Remembering<'a> {
    pub(crate) rules: &'a GuardConfig,
    pub(crate) claims: &'a Claims,
    pub(crate) execution: &'a ExecutionArn,
    /// Whether an allow of this execution has ended.
    pub(crate) lapsed: bool,
}

impl Remembering<'_> {
    /// The verdict on a document; `None` if IAM may not show the change yet.
    pub(crate) async fn document(
        &self,
        analysis: &Analysis<'_>,
        record: &Record,
        observed: Option<&Observed>,
        waited: bool,
    ) -> Result<Option<Verdict>, HandlerError> {
        let Some(verdict) = self.rules.judge(analysis, record, observed, waited) else {
            return Ok(None);
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
        if self.lapsed && !stays_restricted {
            return Ok(Some(verdict.lapsed()));
        }
        match verdict.result {
            VerdictResult::AlreadyContained | VerdictResult::Withdrawn => {
                self.named(analysis, verdict).await.map(Some)
            }
            _ => Ok(Some(verdict)),
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
        verdict: Verdict,
    ) -> Result<Option<Verdict>, HandlerError> {
        let in_force = verdict.in_force.as_ref();
        let wanted = in_force
            .and_then(|in_force| Wanted::document(&verdict.change.subject, in_force, analysis));
        let Some(wanted) = wanted else {
            return Ok(Some(verdict));
        };
        let Some(claim) = self.claim(analysis, &wanted, verdict.response).await? else {
            return Ok(Some(verdict));
        };
        let memory = match claim {
            Claim::Unnamed => Memory::default(),
            // This execution allowed the document for a time, and is over with it.
            Claim::Mine(_) if self.lapsed => Memory {
                lapsed: true,
                ..Memory::default()
            },
            Claim::Mine(name) => Memory {
                claim: Some(name),
                ..Memory::default()
            },
            Claim::Earlier(before) => Memory {
                before: Some(before),
                ..Memory::default()
            },
        };
        let is_allowed = memory
            .before
            .as_ref()
            .is_some_and(|before| before.standing == Standing::Allowed);
        if !is_allowed {
            return Ok(Some(verdict.remembering(memory)));
        }
        if self.lapsed {
            return Ok(Some(verdict.remembering(memory).lapsed()));
        }
        let verdict = self.rules.judge_allowed(analysis, record, observed, waited);
        Ok(verdict.map(|verdict| Verdict { memory, ..verdict }))
    }

    /// Who asks about it; `None` where a containment would have to wait for that.
    async fn claim(
        &self,
        analysis: &Analysis<'_>,
        wanted: &Wanted,
        response: Response,
    ) -> Result<Option<Claim>, HandlerError> {
        if self.lapsed {
            // The claim of this execution is that of its allow. What someone wrote in the meantime
            // has none.
            let found = self.claims.find(wanted, analysis, self.execution).await?;
            if found != Claim::Unnamed {
                return Ok(Some(found));
            }
        }
        if response == Response::Contain {
            let taking = self
                .claims
                .take_quickly(wanted, analysis, self.execution)
                .await;
            return Ok(taking);
        }
        let claim = self.claims.take(wanted, analysis, self.execution).await?;
        // Only what is contained is taken away without a question.
        if let Claim::Earlier(before) = &claim
            && before.standing == Standing::Denied
        {
            let next = self
                .claims
                .take_next(Some(&before.claim), wanted, self.execution)
                .await?;
            return Ok(Some(next));
        }
        Ok(Some(claim))
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
        let memory = match self.claim(analysis, &wanted, verdict.response).await? {
            None | Some(Claim::Unnamed) => Memory::default(),
            Some(Claim::Mine(name)) => Memory {
                claim: Some(name),
                ..Memory::default()
            },
            Some(Claim::Earlier(before)) => Memory {
                before: Some(before),
                ..Memory::default()
            },
        };
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
        let Some(wanted) = Wanted::document(&change.subject, &written, analysis) else {
            return Ok(verdict.withdrawn(None));
        };
        let is_contained = verdict.result == VerdictResult::AlreadyContained;
        let by = self
            .claims
            .contained_by(&wanted, analysis, change.event_time)
            .await?;
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
    pub(crate) async fn report(&self, event: &Value, verdict: &mut Verdict) {
        verdict.notify = self.rules.notifies(verdict);
        let is_end = verdict.result == VerdictResult::Lapsed;
        if !verdict.notify || verdict.asks() || is_end {
            return;
        }
        let null = Value::Null;
        let parameters = event.pointer("/detail/requestParameters").unwrap_or(&null);
        let key = match &verdict.memory.before {
            // A denied document shares the week with the reports of its containment.
            Some(before) => Some(before.claim.key().clone()),
            None => MemoryKey::of_report(verdict, parameters),
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
