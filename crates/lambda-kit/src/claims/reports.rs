//! Reports of the same thing: mailed once a week.

use aws_sdk_sfn::types::ExecutionStatus;
use incident::memory::{MemoryKey, ReportName};
use incident::message::Quarantine;
use incident::{ExecutionArn, Subject, Timestamp};

use super::index::{Found, Started};
use super::proof::{Shown, remembered};
use super::{Claims, MemoryError};
use crate::history::{PAUSES, ReadBack, ReadError};

/// Whether an execution reports something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reporting {
    /// It is the first one in a week, by this name.
    First(ReportName),
    /// It reports, and no name says so.
    Unnamed,
    /// An earlier one is proved to have reported it in the last seven days.
    Reported,
}

impl Claims {
    /// Whether the execution `me` reports what has this key.
    ///
    /// # Errors
    ///
    /// If Step Functions cannot be asked.
    pub async fn report(
        &self,
        key: &MemoryKey,
        subject: &Subject,
        me: &ExecutionArn,
    ) -> Result<Reporting, MemoryError> {
        if !self.rules.is_on() {
            return Ok(Reporting::Unnamed);
        }
        let now = Timestamp::now();
        let [before, this] = ReportName::around(key, now);
        if let Some(found) = self.found(before).await?
            && self.has_reported(&found, now).await?
        {
            return Ok(Reporting::Reported);
        }
        if let Started::Started = self.start(&this, subject, me).await? {
            return Ok(Reporting::First(this));
        }
        let Some(found) = self.found(this).await? else {
            return Ok(Reporting::Unnamed);
        };
        if found.incident.as_ref() == Some(me) {
            return Ok(Reporting::First(found.name));
        }
        Ok(if self.has_reported(&found, now).await? {
            Reporting::Reported
        } else {
            Reporting::Unnamed
        })
    }

    /// Whether the incident of a claim is proved to have sent its report.
    async fn has_reported(
        &self,
        found: &Found<ReportName>,
        now: Timestamp,
    ) -> Result<bool, MemoryError> {
        let age = now.as_second() - found.started.as_second();
        if age >= ReportName::SECONDS {
            return Ok(false);
        }
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            match self.shows_report(found).await? {
                Shown::It(has_reported) => return Ok(has_reported),
                Shown::Nothing => return Ok(false),
                Shown::NotYet => {}
            }
        }
        Ok(false)
    }

    async fn shows_report(&self, found: &Found<ReportName>) -> Result<Shown<bool>, MemoryError> {
        let Some((execution, described)) = self.proved(found).await? else {
            return Ok(Shown::Nothing);
        };
        let is_running = described.status == ExecutionStatus::Running;
        if !is_running && described.status != ExecutionStatus::Succeeded {
            return Ok(Shown::Nothing);
        }
        let incident = match self.executions.incident(&execution, ReadBack::State).await {
            Ok(incident) => incident,
            Err(ReadError::NotFound(_) | ReadError::StateNotShown(_)) => return Ok(Shown::NotYet),
            Err(error) => return Err(error.into()),
        };
        let Some(remembered) = remembered(&incident) else {
            return Ok(Shown::NotYet);
        };
        let verdict = remembered.verdict;
        let by_verdict = verdict.notify && verdict.memory.report.as_ref() == Some(&found.name);
        let settled = remembered
            .quarantine
            .and_then(Quarantine::contained)
            .and_then(|contained| contained.settled.as_ref());
        let by_outcome = settled
            .is_some_and(|settled| settled.notify && settled.report.as_ref() == Some(&found.name));
        // A denied document is reported at the end.
        let is_before = is_running && !by_verdict && settled.is_none();
        Ok(match by_verdict || by_outcome {
            true => Shown::It(true),
            false if is_before => Shown::NotYet,
            false => Shown::It(false),
        })
    }
}
