//! The sweeps: what the last one left for the next one.
//!
//! Its output is proved like every other history: nobody but the guard's own definition writes the
//! output of an execution that is of no version and no alias and was never redriven.

use aws_sdk_sfn::types::{ExecutionListItem, ExecutionStatus};
use incident::survey::SweepOutput;
use incident::{ExecutionArn, Timestamp};

use crate::history::{PAUSES, ReadError, timestamp};
use crate::{AwsError, Executions, FailureName, HandlerError, SettingError, classify};

/// How many executions are looked at, the newest first; and how many if none of these counts.
const LOOKED_AT: [i32; 2] = [20, 1000];
/// How many running ones are looked at: all of them, unless somebody starts more than that.
const MOST_RUNNING: i32 = 1000;

/// The executions of the state machine `STACK-sweep`.
#[derive(Clone, Debug)]
pub struct Sweeps {
    executions: Executions,
}

/// Why the sweeps cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SweepError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(
        "could not list the sweeps ({}: {}); check the permissions of the role of the function",
        .0.code, .0.message
    )]
    List(AwsError),
    #[error(
        "could not read the output of the sweep `{execution}` ({problem}), and no earlier one can be read, so nothing is compared and no incident starts; look at that execution, and find out in CloudTrail who started it"
    )]
    Unreadable {
        execution: ExecutionArn,
        problem: String,
    },
}

impl From<SweepError> for HandlerError {
    fn from(error: SweepError) -> Self {
        match error {
            SweepError::Read(error) => error.into(),
            SweepError::List(ref cause) => Self::new(cause.name(), error.to_string()),
            SweepError::Unreadable { .. } => {
                Self::new(FailureName::SweepUnreadable, error.to_string())
            }
        }
    }
}

impl Sweeps {
    /// The sweeps that are the executions of this state machine.
    #[must_use]
    pub fn new(executions: Executions) -> Self {
        Self { executions }
    }

    /// The sweeps beside these incidents.
    ///
    /// # Errors
    ///
    /// If the name of the state machine does not end as the template names it.
    pub fn beside(incidents: &Executions) -> Result<Self, SettingError> {
        incidents.sibling("sweep").map(Self::new)
    }

    #[must_use]
    pub fn executions(&self) -> &Executions {
        &self.executions
    }

    /// The output of the last sweep that succeeded; `None` before the first one.
    ///
    /// # Errors
    ///
    /// If Step Functions cannot be asked, or no output can be read.
    pub async fn last(&self) -> Result<Option<SweepOutput>, SweepError> {
        let mut unreadable = None;
        for most in LOOKED_AT {
            let listed = self.list(ExecutionStatus::Succeeded, most).await?;
            let is_all = usize::try_from(most).is_ok_and(|most| listed.len() < most);
            for item in listed {
                let Ok(execution) = ExecutionArn::parse(&item.execution_arn) else {
                    continue;
                };
                match self.output(&execution, &item).await? {
                    Ok(output) => return Ok(Some(output)),
                    Err(problem) => {
                        unreadable.get_or_insert(SweepError::Unreadable { execution, problem });
                    }
                }
            }
            if is_all {
                break;
            }
        }
        unreadable.map_or(Ok(None), Err)
    }

    async fn output(
        &self,
        execution: &ExecutionArn,
        item: &ExecutionListItem,
    ) -> Result<Result<SweepOutput, String>, ReadError> {
        const REDRIVEN: &str = "it was redriven";
        const OF_VERSION: &str = "it ran a version of the state machine";
        // Whoever makes hundreds of such executions must not make the guard describe them all.
        if item.redrive_count.unwrap_or_default() > 0 {
            return Ok(Err(REDRIVEN.to_owned()));
        }
        if item.state_machine_version_arn.is_some() || item.state_machine_alias_arn.is_some() {
            return Ok(Err(OF_VERSION.to_owned()));
        }
        let described = self.executions.described(execution).await?;
        if described.redrive_count.unwrap_or_default() > 0 {
            return Ok(Err(REDRIVEN.to_owned()));
        }
        if described.state_machine_version_arn.is_some()
            || described.state_machine_alias_arn.is_some()
        {
            return Ok(Err(OF_VERSION.to_owned()));
        }
        let output = described.output.unwrap_or_default();
        let output = SweepOutput::read(&output).map_err(|error| error.to_string());
        if let Err(problem) = &output {
            tracing::warn!(%execution, problem, "the output of a sweep cannot be used");
        }
        Ok(output)
    }

    /// The sweep that runs and began before `me`, if there is one.
    ///
    /// # Errors
    ///
    /// If Step Functions cannot be asked, or does not show `me` yet.
    pub async fn running_before(
        &self,
        me: &ExecutionArn,
    ) -> Result<Option<ExecutionArn>, SweepError> {
        let order = |item: &ExecutionListItem| (timestamp(&item.start_date), item.name.clone());
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            let running = self.list(ExecutionStatus::Running, MOST_RUNNING).await?;
            let own = running
                .iter()
                .find(|item| item.execution_arn == me.as_str())
                .map(order);
            let Some(own) = own else {
                continue;
            };
            let earlier = running.iter().filter(|item| order(item) < own);
            let first = earlier.min_by_key(|item| order(item));
            let first = first.map(|item| ExecutionArn::parse(&item.execution_arn));
            return Ok(first.and_then(Result::ok));
        }
        Err(ReadError::NotFound(me.clone()).into())
    }

    /// When the last sweep began, if it or the one before it knew this grant. What an administrator
    /// denied at `denied` counts only if the last sweep found it in force later.
    ///
    /// # Errors
    ///
    /// As [`Sweeps::last`].
    pub async fn known_since(
        &self,
        id: &incident::survey::GrantId,
        denied: Option<Timestamp>,
    ) -> Result<Option<Timestamp>, SweepError> {
        let last = self.last().await?;
        let last = last.filter(|last| match denied {
            Some(denied) => last.knows(id) && denied < last.started_at,
            None => last.knew(id),
        });
        Ok(last.map(|last| last.started_at))
    }

    async fn list(
        &self,
        status: ExecutionStatus,
        most: i32,
    ) -> Result<Vec<ExecutionListItem>, SweepError> {
        let listed = self
            .executions
            .client()
            .list_executions()
            .state_machine_arn(self.executions.state_machine_arn())
            .status_filter(status)
            .max_results(most)
            .send()
            .await
            .map_err(|error| SweepError::List(classify(&error)))?;
        Ok(listed.executions)
    }
}
