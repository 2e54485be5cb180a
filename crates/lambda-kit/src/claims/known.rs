//! What a sweep finds in force: which incident accounts for it.

use aws_sdk_sfn::types::ExecutionStatus;
use incident::memory::{ClaimName, KnownName, MemoryKey, Standing, Wanted};
use incident::survey::{Accounted, GrantId};
use incident::{Analysis, ExecutionArn, Subject, Timestamp};

use super::index::{Found, Started};
use super::proof::{Shown, remembered};
use super::{Claims, MemoryError};
use crate::history::{PAUSES, ReadBack, ReadError};

impl Claims {
    /// Lets a sweep find the execution `me`, which leaves this grant in force, or asks about it
    /// first. The name, if `me` has it.
    ///
    /// # Errors
    ///
    /// If Step Functions cannot be asked.
    pub async fn make_known(
        &self,
        id: &GrantId,
        subject: &Subject,
        me: &ExecutionArn,
    ) -> Result<Option<KnownName>, MemoryError> {
        let [before, this] = KnownName::around(id, Timestamp::now());
        if let Started::Started = self.start(&this, subject, me).await? {
            return Ok(Some(this));
        }
        // This execution may have been interrupted, in this month or in the one before.
        for name in [this, before] {
            if let Some(found) = self.found(name).await?
                && found.incident.as_ref() == Some(me)
            {
                return Ok(Some(found.name));
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

    /// What incidents say about a restricted document in force that the sweep before did not know.
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
    ) -> Result<Accounted, MemoryError> {
        let whole = self.remembering_all();
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            let newest = whole.newest(&wanted.key).await?;
            match whole.standing(&newest, wanted, analysis).await? {
                Shown::It(before) => {
                    return Ok(match before.standing {
                        Standing::Allowed if before.until.is_none() => Accounted::Known,
                        Standing::Allowed => Accounted::Pending,
                        // It was contained, and is in force again.
                        Standing::Pending if before.asks && is_contained_first => Accounted::No,
                        Standing::Pending => Accounted::Pending,
                        Standing::Denied => Accounted::No,
                    });
                }
                Shown::Nothing => return Ok(Accounted::No),
                Shown::NotYet => {}
            }
        }
        // Whoever has the claim is about to judge it.
        Ok(Accounted::Pending)
    }

    /// What the execution says that left a grant in force, or asks about it first.
    ///
    /// # Errors
    ///
    /// If Step Functions cannot be asked.
    pub async fn known_by(&self, id: &GrantId) -> Result<Accounted, MemoryError> {
        let mut accounted = Accounted::No;
        for name in KnownName::around(id, Timestamp::now()) {
            if let Some(found) = self.found(name).await? {
                match self.accounts(&found).await? {
                    Accounted::No => {}
                    Accounted::Known => return Ok(Accounted::Known),
                    Accounted::Pending => accounted = Accounted::Pending,
                }
            }
        }
        Ok(accounted)
    }

    async fn accounts(&self, found: &Found<KnownName>) -> Result<Accounted, MemoryError> {
        let Some((execution, described)) = self.proved(found).await? else {
            return Ok(Accounted::No);
        };
        let is_running = described.status == ExecutionStatus::Running;
        if !is_running && described.status != ExecutionStatus::Succeeded {
            return Ok(Accounted::No);
        }
        let incident = match self.executions.incident(&execution, ReadBack::State).await {
            Ok(incident) => incident,
            // It has only just begun.
            Err(ReadError::NotFound(_) | ReadError::StateNotShown(_)) => {
                return Ok(Accounted::Pending);
            }
            Err(error) => return Err(error.into()),
        };
        Ok(match remembered(&incident) {
            Some(remembered) => remembered.accounts(&found.name),
            None if is_running => Accounted::Pending,
            None => Accounted::No,
        })
    }
}
