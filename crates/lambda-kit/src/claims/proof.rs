//! The proof: what the history of the incident shows that a claim names.
//!
//! The execution must be one of the guard's state machine and not of a version or an alias, must
//! never have been redriven, must have begun in the time that counts, and must name the claim in
//! turn. With `DecideBy` `Mail`, an allow counts only if it came with the key of the e-mail.

use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use aws_sdk_sfn::types::ExecutionStatus;
use incident::memory::{Before, ClaimName, Remembered, Standing, Wanted};
use incident::message::{Decision, OutcomeResult};
use incident::{Analysis, DecideBy, ExecutionArn, Timestamp};

use super::index::{Found, Newest};
use super::{Claims, MemoryError};
use crate::history::{Incident, ReadBack, ReadError, StateData, timestamp};

/// What the history of a named incident shows.
pub(super) enum Shown<T> {
    It(T),
    Nothing,
    /// It runs, and its judgement is not in its history yet.
    NotYet,
}

impl Claims {
    /// What the incident of the newest claim means for `wanted`.
    pub(super) async fn standing(
        &self,
        newest: &Newest,
        wanted: &Wanted,
        analysis: &Analysis<'_>,
    ) -> Result<Shown<Before>, MemoryError> {
        let now = Timestamp::now();
        let Some(found) = newest.found.as_ref().filter(|_| newest.can_be_replaced()) else {
            return Ok(Shown::Nothing);
        };
        let Some((execution, described)) = self.proved(found).await? else {
            return Ok(Shown::Nothing);
        };
        let started = timestamp(&described.start_date);
        let counts = matches!(
            described.status,
            ExecutionStatus::Running | ExecutionStatus::Succeeded
        );
        if !counts || !self.rules.remember(started, now) {
            return Ok(Shown::Nothing);
        }
        let incident = match self.read(&execution, &described).await {
            Ok(incident) => incident,
            Err(ReadError::NotFound(_) | ReadError::StateNotShown(_)) => return Ok(Shown::NotYet),
            Err(error) => return Err(error.into()),
        };
        let Some(remembered) = remembered(&incident) else {
            let is_running = described.status == ExecutionStatus::Running;
            return Ok(if is_running {
                Shown::NotYet
            } else {
                Shown::Nothing
            });
        };
        if remembered.may_still_claim() {
            return Ok(Shown::NotYet);
        }
        let standing = remembered.standing(&found.name, wanted, analysis, now);
        let standing = standing
            .filter(|before| before.standing != Standing::Allowed || self.is_proved(&incident));
        Ok(standing.map_or(Shown::Nothing, Shown::It))
    }

    /// The incident, as far back as the key of its e-mail if that counts.
    pub(super) async fn read(
        &self,
        execution: &ExecutionArn,
        described: &DescribeExecutionOutput,
    ) -> Result<Incident, ReadError> {
        let incident = match described.output.as_deref() {
            // The output of an execution that succeeded is what its history would show.
            Some(output) => Incident::from_output(execution, output),
            None => self.executions.incident(execution, ReadBack::State).await?,
        };
        let is_allowed = matches!(
            incident.data.outcome,
            Some(OutcomeResult::Allowed | OutcomeResult::Kept)
        );
        if self.decide_by == DecideBy::Mail && is_allowed {
            return self.executions.incident(execution, ReadBack::Key).await;
        }
        Ok(incident)
    }

    /// Whether the incident of a claim contained `wanted`, whatever became of it.
    pub(super) async fn has_contained(
        &self,
        found: &Found<ClaimName>,
        wanted: &Wanted,
        analysis: &Analysis<'_>,
    ) -> Result<bool, MemoryError> {
        let Some((execution, _)) = self.proved(found).await? else {
            return Ok(false);
        };
        let incident = self
            .executions
            .incident(&execution, ReadBack::State)
            .await?;
        Ok(remembered(&incident).is_some_and(|it| it.has_contained(&found.name, wanted, analysis)))
    }

    /// Whether the incident of a claim asked about `wanted`, left it in force, and got no answer.
    pub(super) async fn is_unanswered(
        &self,
        found: &Found<ClaimName>,
        wanted: &Wanted,
        analysis: &Analysis<'_>,
    ) -> Result<bool, MemoryError> {
        let Some((execution, described)) = self.proved(found).await? else {
            return Ok(false);
        };
        if described.status != ExecutionStatus::Succeeded {
            return Ok(false);
        }
        let incident = self.read(&execution, &described).await?;
        Ok(remembered(&incident).is_some_and(|it| it.is_unanswered(&found.name, wanted, analysis)))
    }

    /// The incident that a claim names, if the guard's own definition ran in it.
    pub(super) async fn proved<N>(
        &self,
        found: &Found<N>,
    ) -> Result<Option<(ExecutionArn, DescribeExecutionOutput)>, MemoryError> {
        let Some(execution) = &found.incident else {
            return Ok(None);
        };
        if !self.executions.owns(execution) {
            return Ok(None);
        }
        let described = match self.executions.described(execution).await {
            Ok(described) => described,
            Err(ReadError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let is_forgotten = self.rules.forget(timestamp(&described.start_date));
        let is_other = is_forgotten
            || described.redrive_count.unwrap_or_default() > 0
            || described.state_machine_version_arn.is_some()
            || described.state_machine_alias_arn.is_some();
        Ok((!is_other).then(|| (execution.clone(), described)))
    }

    /// Whether an allow came as the deployment demands it.
    pub(super) fn is_proved(&self, incident: &Incident) -> bool {
        let key = || incident.data.decision.as_ref().and_then(Decision::key);
        self.decide_by == DecideBy::Token || incident.verify_key(key().as_ref())
    }
}

/// What the history shows, if it shows a judgement.
pub(super) fn remembered(incident: &Incident) -> Option<Remembered<'_>> {
    let StateData {
        verdict,
        quarantine,
        decision,
        outcome,
        until,
        ..
    } = &incident.data;
    Some(Remembered {
        execution: &incident.execution,
        has_succeeded: incident.has_succeeded,
        state: incident.state.as_deref(),
        verdict: verdict.as_ref()?,
        quarantine: quarantine.as_ref(),
        decision: decision.as_ref(),
        outcome: *outcome,
        until: *until,
    })
}
