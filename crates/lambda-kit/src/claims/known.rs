//! What a sweep finds in force: which incident accounts for it.

use aws_sdk_sfn::types::ExecutionStatus;
use iam_policy::{Quota, RestrictedActions};
use incident::memory::{ClaimName, Known, KnownName, MemoryKey, Standing, Wanted};
use incident::message::{Contained, OutcomeResult, Response};
use incident::survey::{Accounted, GrantId};
use incident::{Analysis, ExecutionArn, Subject, Timestamp};

use super::index::{Found, Started};
use super::proof::{Shown, remembered};
use super::{Claims, MemoryError, QUICK};
use crate::history::ReadError;

impl Claims {
    /// Lets a sweep find the execution `me`, which leaves this grant in force, or asks about it
    /// first; `response` is what the lists say about the grant. The name, if `me` has it.
    ///
    /// # Errors
    ///
    /// If Step Functions cannot be asked.
    pub async fn make_known(
        &self,
        id: &GrantId,
        response: Response,
        subject: &Subject,
        me: &ExecutionArn,
    ) -> Result<Option<KnownName>, MemoryError> {
        let names = KnownName::around(id, Timestamp::now());
        self.take_name(names, response, subject, me).await
    }

    /// Lets a sweep find the execution `me`, if its remediation leaves something in force that is
    /// only reported. Nothing waits long for that: without a name, the next sweep reports it.
    pub async fn make_left_known(
        &self,
        restricted: &RestrictedActions,
        subject: &Subject,
        contained: &mut Contained,
        me: &ExecutionArn,
    ) {
        if contained.left.is_empty() {
            return;
        }
        // Nothing is remediated, so the quota does not matter.
        let analysis = Analysis::new(restricted, Quota::MANAGED);
        let Some(id) = GrantId::of_left(subject, contained, &analysis) else {
            return;
        };
        let names = KnownName::left_around(&id, Timestamp::now());
        let taking = self.take_name(names, Response::Report, subject, me);
        match tokio::time::timeout(QUICK, taking).await {
            Ok(Ok(name)) => contained.known = name,
            Ok(Err(error)) => {
                tracing::warn!(%error, "a sweep may report what this execution left");
            }
            Err(_) => {
                tracing::warn!(
                    "a sweep may report what this execution left: Step Functions is slow"
                );
            }
        }
    }

    async fn take_name(
        &self,
        [before, this]: [KnownName; 2],
        response: Response,
        subject: &Subject,
        me: &ExecutionArn,
    ) -> Result<Option<KnownName>, MemoryError> {
        let now = Timestamp::now();
        let mut is_known = false;
        for name in this.generations() {
            if !is_known && let Started::Started = self.start(&name, subject, me).await? {
                return Ok(Some(name));
            }
            let Some(found) = self.found(name).await? else {
                break;
            };
            if found.incident.as_ref() == Some(me) {
                return Ok(Some(found.name));
            }
            match self.accounts(&found, response, now).await? {
                Known::Yes => is_known = true,
                // It says nothing about who adds the same once more.
                Known::Denied => is_known = false,
                Known::Pending | Known::Unanswered | Known::No => {}
            }
        }
        // This execution may have been interrupted in the month before.
        for name in before.generations() {
            match self.found(name).await? {
                Some(found) if found.incident.as_ref() == Some(me) => {
                    return Ok(Some(found.name));
                }
                Some(_) => {}
                None => break,
            }
        }
        Ok(None)
    }

    /// Marks a restricted document that stood in force before: a claim that names the sweep and
    /// proves nothing, so that whoever claims the same document asks what the last sweep knew.
    ///
    /// # Errors
    ///
    /// If Step Functions cannot be asked.
    pub async fn mark(
        &self,
        key: &MemoryKey,
        subject: &Subject,
        sweep: &ExecutionArn,
    ) -> Result<(), MemoryError> {
        if let Some(first) = ClaimName::generations(key).next() {
            self.start(&first, subject, sweep).await?;
        }
        Ok(())
    }

    /// What incidents say about a restricted document in force that the sweep before did not know;
    /// and when the request began that an administrator denied, if that is the newest decision.
    ///
    /// An allow counts for as long as Step Functions keeps it, whatever `MemoryDays` says: what was
    /// allowed must not be asked about because a sweep finds it.
    ///
    /// # Errors
    ///
    /// If Step Functions cannot be asked.
    pub async fn account_for(
        &self,
        wanted: &Wanted,
        analysis: &Analysis<'_>,
        is_contained_first: bool,
        now: Timestamp,
    ) -> Result<(Accounted, Option<Timestamp>), MemoryError> {
        let whole = self.remembering_all();
        let newest = whole.newest(&wanted.key).await?;
        let Some(found) = &newest.found else {
            return Ok((Accounted::No, None));
        };
        // An incident that has just begun may contain what the sweep has just seen.
        let is_recent = is_within(JUST_NOW, found.started, now);
        let mut denied = None;
        let accounted = match whole.standing(&newest, wanted, analysis).await? {
            Shown::It(before) => match before.standing {
                Standing::Allowed if before.until.is_none() => Accounted::Known,
                Standing::Allowed => Accounted::Pending,
                // It was contained, and is in force again.
                Standing::Pending if before.asks && is_contained_first && !is_recent => {
                    Accounted::No
                }
                Standing::Pending => Accounted::Pending,
                Standing::Denied if is_recent => Accounted::Pending,
                Standing::Denied => {
                    denied = Some(found.started);
                    Accounted::No
                }
            },
            // What must be contained is, and where all names are taken, no claim counts.
            Shown::Nothing if is_contained_first || !newest.can_be_replaced() => Accounted::No,
            Shown::Nothing if whole.is_unanswered(found, wanted, analysis).await? => {
                silence(found.started, now)
            }
            Shown::Nothing => Accounted::No,
            Shown::NotYet => undecided(found.started, now),
        };
        Ok((accounted, denied))
    }

    /// What the executions say that left a grant in force, or ask about it first. A later denial
    /// outlives what was reported or allowed before, also one at `denied`.
    ///
    /// # Errors
    ///
    /// If Step Functions cannot be asked.
    pub async fn known_by(
        &self,
        id: &GrantId,
        response: Response,
        denied: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Accounted, MemoryError> {
        let (mut known, mut unanswered, mut is_pending) = (None, None, false);
        for first in KnownName::around(id, now) {
            for name in first.generations() {
                let Some(found) = self.found(name).await? else {
                    break;
                };
                match self.accounts(&found, response, now).await? {
                    Known::No => {}
                    Known::Yes => known = Some(found.started),
                    Known::Denied => (known, unanswered) = (None, None),
                    Known::Pending => is_pending = true,
                    Known::Unanswered => unanswered = Some(found.started),
                }
            }
        }
        Ok(match known {
            Some(known) if denied.is_none_or(|denied| known > denied) => Accounted::Known,
            _ if is_pending => Accounted::Pending,
            _ => unanswered.map_or(Accounted::No, |asked| silence(asked, now)),
        })
    }

    /// What the execution says whose remediation left this in force, which is only reported. One
    /// that is older than the last sweep says nothing: that sweep would know the grant, so it was
    /// gone and is back.
    ///
    /// # Errors
    ///
    /// If Step Functions cannot be asked.
    pub async fn left_by(
        &self,
        id: &GrantId,
        last_sweep: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Accounted, MemoryError> {
        let mut accounted = Accounted::No;
        for first in KnownName::left_around(id, now) {
            for name in first.generations() {
                let Some(found) = self.found(name).await? else {
                    break;
                };
                if last_sweep.is_some_and(|sweep| found.started < sweep) {
                    continue;
                }
                match self.accounts(&found, Response::Report, now).await? {
                    Known::No | Known::Denied | Known::Unanswered => {}
                    Known::Yes => return Ok(Accounted::Known),
                    Known::Pending => accounted = Accounted::Pending,
                }
            }
        }
        Ok(accounted)
    }

    /// Whether an incident that began after the sweep of that time has reported this.
    ///
    /// # Errors
    ///
    /// If Step Functions cannot be asked.
    pub async fn reported_since(
        &self,
        id: &GrantId,
        sweep: Option<Timestamp>,
    ) -> Result<bool, MemoryError> {
        let now = Timestamp::now();
        for first in KnownName::around(id, now) {
            for name in first.generations() {
                let Some(found) = self.found(name).await? else {
                    break;
                };
                let is_since = sweep.is_none_or(|sweep| found.started >= sweep);
                // One that has not come to its judgement proves nothing, and anyone can start it.
                // What is gone is reported now or never.
                let known = self.accounts(&found, Response::None, now);
                if is_since && known.await? == Known::Yes {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    async fn accounts(
        &self,
        found: &Found<KnownName>,
        response: Response,
        now: Timestamp,
    ) -> Result<Known, MemoryError> {
        let Some((execution, described)) = self.proved(found).await? else {
            return Ok(Known::No);
        };
        let is_running = described.status == ExecutionStatus::Running;
        if !is_running && described.status != ExecutionStatus::Succeeded {
            return Ok(Known::No);
        }
        let incident = match self.read(&execution, &described).await {
            Ok(incident) => incident,
            Err(ReadError::NotFound(_) | ReadError::StateNotShown(_)) => {
                return Ok(is_undecided(found.started, now));
            }
            Err(error) => return Err(error.into()),
        };
        let is_allowed = matches!(
            incident.data.outcome,
            Some(OutcomeResult::Allowed | OutcomeResult::Kept)
        );
        if is_allowed && !self.is_proved(&incident) {
            return Ok(Known::No);
        }
        Ok(match remembered(&incident) {
            Some(remembered) => remembered.known(&found.name, response),
            None if is_running => is_undecided(found.started, now),
            None => Known::No,
        })
    }
}

/// What an execution may take to its judgement. One that takes longer hides nothing.
const TO_JUDGEMENT: i64 = 60 * 60;
/// What an incident may take to its containment.
const JUST_NOW: i64 = 5 * 60;
/// A sweep does not repeat a question for two weeks. With the default timeout, that is a week after
/// the question expires. A key has nine names in 90 days, so a question that is never answered does
/// not use them up.
const QUESTION: i64 = 14 * 24 * 60 * 60;

fn is_within(seconds: i64, started: Timestamp, now: Timestamp) -> bool {
    now.as_second() - started.as_second() < seconds
}

/// What an unanswered question means.
fn silence(asked: Timestamp, now: Timestamp) -> Accounted {
    match is_within(QUESTION, asked, now) {
        true => Accounted::Pending,
        false => Accounted::Unanswered,
    }
}

/// What an execution without a judgement says about a grant.
fn is_undecided(started: Timestamp, now: Timestamp) -> Known {
    match is_within(TO_JUDGEMENT, started, now) {
        true => Known::Pending,
        false => Known::No,
    }
}

/// The same about a document.
fn undecided(started: Timestamp, now: Timestamp) -> Accounted {
    match is_within(TO_JUDGEMENT, started, now) {
        true => Accounted::Pending,
        false => Accounted::No,
    }
}
