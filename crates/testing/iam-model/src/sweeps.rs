//! The executions of the sweep, as Step Functions shows them.

use aws_sdk_sfn::operation::describe_execution::{DescribeExecutionError, DescribeExecutionOutput};
use aws_sdk_sfn::operation::list_executions::{
    ListExecutionsError, ListExecutionsInput, ListExecutionsOutput,
};
use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types::{ExecutionListItem, ExecutionStatus};
use aws_smithy_mocks::MockResponse;

use crate::StepFunctions;

/// A sweep.
#[derive(Clone, Debug)]
pub struct Sweep {
    pub name: String,
    pub status: ExecutionStatus,
    /// When it began, in seconds.
    pub started: i64,
    pub output: Option<String>,
    pub redrives: i32,
    /// Whether it ran a version of the state machine.
    pub of_version: bool,
}

impl Sweep {
    /// The state machine of the sweeps.
    pub const MACHINE: &'static str =
        "arn:aws:states:us-east-1:111122223333:stateMachine:guard-sweep";

    /// A sweep that runs.
    #[must_use]
    pub fn running(name: &str, started: i64) -> Self {
        Self {
            name: name.to_owned(),
            status: ExecutionStatus::Running,
            started,
            output: None,
            redrives: 0,
            of_version: false,
        }
    }

    fn version_arn(&self) -> String {
        format!("{}:1", Self::MACHINE)
    }

    /// A sweep that succeeded with this output.
    #[must_use]
    pub fn succeeded(name: &str, started: i64, output: &str) -> Self {
        Self {
            status: ExecutionStatus::Succeeded,
            output: Some(output.to_owned()),
            ..Self::running(name, started)
        }
    }

    /// The ARN of the execution.
    #[must_use]
    pub fn arn(&self) -> String {
        let machine = Self::MACHINE.replace(":stateMachine:", ":execution:");
        format!("{machine}:{}", self.name)
    }
}

impl StepFunctions {
    /// Ends a sweep in this way.
    pub fn end_sweep(&self, name: &str, output: Option<&str>) {
        self.change_sweeps(|sweeps| {
            for sweep in sweeps.iter_mut().filter(|sweep| sweep.name == name) {
                sweep.output = output.map(str::to_owned);
                sweep.status = match output {
                    Some(_) => ExecutionStatus::Succeeded,
                    None => ExecutionStatus::Aborted,
                };
            }
        });
    }
}

pub(crate) fn listed(
    sweeps: &[Sweep],
    request: &ListExecutionsInput,
) -> MockResponse<ListExecutionsOutput, ListExecutionsError> {
    let wanted = request.status_filter();
    let most = usize::try_from(request.max_results().unwrap_or(100)).unwrap_or_default();
    let is_asked = request.state_machine_arn() == Some(Sweep::MACHINE);
    let shown = sweeps.iter().rev();
    let shown = shown.filter(|sweep| is_asked && wanted.is_none_or(|it| *it == sweep.status));
    let items = shown.take(most).map(|sweep| {
        ExecutionListItem::builder()
            .execution_arn(sweep.arn())
            .state_machine_arn(Sweep::MACHINE)
            .name(&sweep.name)
            .status(sweep.status.clone())
            .start_date(DateTime::from_secs(sweep.started))
            .redrive_count(sweep.redrives)
            .set_state_machine_version_arn(sweep.of_version.then(|| sweep.version_arn()))
            .build()
    });
    let items: Result<Vec<_>, _> = items.collect();
    let output = items.and_then(|items| {
        ListExecutionsOutput::builder()
            .set_executions(Some(items))
            .build()
    });
    match output {
        Ok(output) => MockResponse::Output(output),
        Err(error) => MockResponse::Error(ListExecutionsError::unhandled(error)),
    }
}

pub(crate) fn described(
    sweeps: &[Sweep],
    arn: &str,
) -> Option<MockResponse<DescribeExecutionOutput, DescribeExecutionError>> {
    let sweep = sweeps.iter().find(|sweep| sweep.arn() == arn)?;
    let described = DescribeExecutionOutput::builder()
        .execution_arn(arn)
        .state_machine_arn(Sweep::MACHINE)
        .status(sweep.status.clone())
        .start_date(DateTime::from_secs(sweep.started))
        .set_output(sweep.output.clone())
        .redrive_count(sweep.redrives)
        .set_state_machine_version_arn(sweep.of_version.then(|| sweep.version_arn()))
        .build();
    Some(match described {
        Ok(described) => MockResponse::Output(described),
        Err(error) => MockResponse::Error(DescribeExecutionError::unhandled(error)),
    })
}
