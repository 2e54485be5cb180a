//! The memory of the guard: claims find an earlier incident, and its history proves it.
//!
//! A claim is an execution of a state machine with one state. Its name is the key of what an
//! incident is about, and its input names the incident. Step Functions lets a name be taken once.
//! Anyone who may start executions can take a name, so a claim only says where to look.

mod index;
mod known;
mod proof;
mod reports;

use std::time::Duration;

use incident::memory::{
    Before, ClaimName, ForgetBefore, MemoryDays, MemoryRules, Standing, Wanted,
};
use incident::{Analysis, DecideBy, ExecutionArn, Timestamp};

use self::index::Started;
use self::proof::Shown;
pub use self::reports::Reporting;
use crate::history::{PAUSES, ReadError};
use crate::{AwsError, AwsErrorKind, Executions, HandlerError, SettingError, parsed};

/// How long a containment waits for the memory. Without it, the guard contains and asks.
const QUICK: Duration = Duration::from_secs(2);

/// The claims of the guard, and the executions that they lead to.
#[derive(Clone, Debug)]
pub struct Claims {
    executions: Executions,
    machine_arn: String,
    rules: MemoryRules,
    decide_by: DecideBy,
}

/// Who asks about something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// This execution, by this claim.
    Mine(ClaimName),
    /// An earlier execution is proved to be about the same thing.
    Earlier(Before),
    /// All names are taken: ask, and remember nothing.
    Unnamed,
}

/// What is known of a document whose remediation is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainedBy {
    /// An incident of the guard contained it after the write, or still asks about it.
    Guard,
    /// An incident knew the same document before, and a decision about it counts.
    Decided(Before),
    /// No incident is proved to have contained it.
    Unknown,
}

/// Why the memory cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(
        "could not use the claim `{claim}` ({}: {}); check that the state machine of the claims exists, and the permissions of the role of the function",
        error.code, error.message
    )]
    Claim { claim: String, error: AwsError },
}

impl MemoryError {
    /// Whether the same call can succeed later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Read(ReadError::Refused { error, .. }) | Self::Claim { error, .. } => {
                error.kind != AwsErrorKind::Refused
            }
            Self::Read(_) => true,
        }
    }
}

impl From<MemoryError> for HandlerError {
    fn from(error: MemoryError) -> Self {
        match &error {
            MemoryError::Read(read) => read.clone().into(),
            MemoryError::Claim { error: cause, .. } => Self::new(cause.name(), error.to_string()),
        }
    }
}

impl Claims {
    #[must_use]
    pub fn new(
        executions: Executions,
        machine_arn: String,
        rules: MemoryRules,
        decide_by: DecideBy,
    ) -> Self {
        Self {
            executions,
            machine_arn,
            rules,
            decide_by,
        }
    }

    /// Reads the settings of the template.
    ///
    /// # Errors
    ///
    /// If one is missing or cannot be read.
    pub fn from_env(executions: Executions) -> Result<Self, SettingError> {
        let rules = MemoryRules {
            days: parsed::<MemoryDays>("MEMORY_DAYS")?.unwrap_or_default(),
            forget_before: parsed::<ForgetBefore>("FORGET_BEFORE")?,
        };
        let decide_by = parsed("DECIDE_BY")?.unwrap_or(DecideBy::Mail);
        let claims = executions.sibling("claims")?;
        let machine_arn = claims.state_machine_arn().to_owned();
        Ok(Self::new(executions, machine_arn, rules, decide_by))
    }

    #[must_use]
    pub fn executions(&self) -> &Executions {
        &self.executions
    }

    /// The same memory, as long as it can be.
    fn remembering_all(&self) -> Self {
        Self {
            rules: MemoryRules {
                days: MemoryDays::default(),
                ..self.rules
            },
            ..self.clone()
        }
    }

    /// Claims the question about `wanted` for the execution `me`, or finds who has it.
    ///
    /// Whoever asks takes the newest claim, and only the newest claim counts. Otherwise an old
    /// allow could outlive a newer deny.
    ///
    /// # Errors
    ///
    /// If Step Functions cannot be asked.
    pub async fn take(
        &self,
        wanted: &Wanted,
        analysis: &Analysis<'_>,
        me: &ExecutionArn,
    ) -> Result<Claim, MemoryError> {
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            match self.take_once(wanted, analysis, me).await? {
                Shown::It(claim) => return Ok(claim),
                Shown::NotYet | Shown::Nothing => {}
            }
        }
        // Whoever holds the claim does not come to a judgement.
        let newest = self.newest(&wanted.key).await?;
        self.take_next(newest.last.as_ref(), wanted, me).await
    }

    /// The same before a containment, which waits 2 seconds at most; `None` where that is too
    /// short, or Step Functions fails.
    pub async fn take_quickly(
        &self,
        wanted: &Wanted,
        analysis: &Analysis<'_>,
        me: &ExecutionArn,
    ) -> Option<Claim> {
        let taking = self.take_once(wanted, analysis, me);
        match tokio::time::timeout(QUICK, taking).await {
            Ok(Ok(Shown::It(claim))) => Some(claim),
            Ok(Ok(Shown::NotYet | Shown::Nothing)) => None,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the guard contains without a memory");
                None
            }
            Err(_) => {
                tracing::warn!("the guard contains without a memory: Step Functions is slow");
                None
            }
        }
    }

    async fn take_once(
        &self,
        wanted: &Wanted,
        analysis: &Analysis<'_>,
        me: &ExecutionArn,
    ) -> Result<Shown<Claim>, MemoryError> {
        if let Some(first) = ClaimName::generations(&wanted.key).next()
            && let Started::Started = self.start(&first, wanted.subject(), me).await?
        {
            return Ok(Shown::It(Claim::Mine(first)));
        }
        let newest = self.newest(&wanted.key).await?;
        let Some(found) = &newest.found else {
            return Ok(Shown::NotYet);
        };
        if found.incident.as_ref() == Some(me) {
            return Ok(Shown::It(Claim::Mine(found.name.clone())));
        }
        match self.standing(&newest, wanted, analysis).await? {
            Shown::It(before) => Ok(Shown::It(Claim::Earlier(before))),
            Shown::NotYet => Ok(Shown::NotYet),
            Shown::Nothing => {
                let next = self.take_next(newest.last.as_ref(), wanted, me).await?;
                Ok(Shown::It(next))
            }
        }
    }

    /// Takes the name after `last`, which is not free, whatever earlier claims say.
    ///
    /// # Errors
    ///
    /// If Step Functions cannot be asked.
    pub async fn take_next(
        &self,
        last: Option<&ClaimName>,
        wanted: &Wanted,
        me: &ExecutionArn,
    ) -> Result<Claim, MemoryError> {
        let mut name = match last {
            Some(last) => last.next(),
            None => ClaimName::generations(&wanted.key).next(),
        };
        while let Some(free) = name {
            if let Started::Started = self.start(&free, wanted.subject(), me).await? {
                return Ok(Claim::Mine(free));
            }
            name = free.next();
        }
        tracing::warn!(key = %wanted.key, "all names of the claims are taken");
        Ok(Claim::Unnamed)
    }

    /// Makes sure that no claim of another execution counts: the newest one names `me` from now on.
    ///
    /// Where that is a claim that `me` does not name in turn, it counts for nothing, and the next
    /// write is asked about. Where all names are taken, no claim counts anyway.
    ///
    /// # Errors
    ///
    /// If Step Functions cannot be asked.
    pub async fn replace(&self, wanted: &Wanted, me: &ExecutionArn) -> Result<(), MemoryError> {
        let newest = self.newest(&wanted.key).await?;
        let named = newest.found.and_then(|found| found.incident);
        if named.as_ref() != Some(me) {
            self.take_next(newest.last.as_ref(), wanted, me).await?;
        }
        Ok(())
    }

    /// Looks for the newest incident about `wanted`, and claims nothing; `Mine` where that is `me`.
    ///
    /// # Errors
    ///
    /// If Step Functions cannot be asked.
    pub async fn find(
        &self,
        wanted: &Wanted,
        analysis: &Analysis<'_>,
        me: &ExecutionArn,
    ) -> Result<Claim, MemoryError> {
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            let newest = self.newest(&wanted.key).await?;
            let Some(found) = &newest.found else {
                return Ok(Claim::Unnamed);
            };
            if found.incident.as_ref() == Some(me) {
                return Ok(Claim::Mine(found.name.clone()));
            }
            match self.standing(&newest, wanted, analysis).await? {
                Shown::It(before) => return Ok(Claim::Earlier(before)),
                Shown::Nothing => return Ok(Claim::Unnamed),
                Shown::NotYet => {}
            }
        }
        Ok(Claim::Unnamed)
    }

    /// Whether an incident of the guard contained `wanted`, which was written at `written`.
    ///
    /// # Errors
    ///
    /// If Step Functions cannot be asked.
    pub async fn contained_by(
        &self,
        wanted: &Wanted,
        analysis: &Analysis<'_>,
        written: Timestamp,
    ) -> Result<ContainedBy, MemoryError> {
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            let newest = self.newest(&wanted.key).await?;
            let Some(found) = &newest.found else {
                return Ok(ContainedBy::Unknown);
            };
            let before = match self.standing(&newest, wanted, analysis).await? {
                Shown::NotYet => continue,
                Shown::It(before) if before.standing == Standing::Pending => {
                    return Ok(ContainedBy::Guard);
                }
                // What was allowed may come and go.
                Shown::It(before) if before.standing == Standing::Allowed => {
                    return Ok(ContainedBy::Decided(before));
                }
                Shown::It(before) => Some(before),
                Shown::Nothing => None,
            };
            // IAM's dates, and those of CloudTrail, have whole seconds.
            let is_since = found.started.as_second() >= written.as_second();
            if is_since && self.has_contained(found, wanted, analysis).await? {
                return Ok(ContainedBy::Guard);
            }
            return Ok(before.map_or(ContainedBy::Unknown, ContainedBy::Decided));
        }
        Ok(ContainedBy::Unknown)
    }
}
