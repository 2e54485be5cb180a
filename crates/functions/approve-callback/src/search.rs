//! The execution of a token that was pasted by hand, as in the published walkthrough, and names none.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata as _;
use aws_sdk_sfn::types::ExecutionStatus;
use incident::{ExecutionArn, TaskToken};

use crate::execution::{Execution, ReadProblem, Standing};

/// How many running executions are looked at, the newest first: as many as API Gateway has patience for.
const MAX_EXECUTIONS: i32 = 60;

/// The running execution that waits with `token`; `None` where it is not among the newest.
pub(crate) async fn waiting_with(
    states: &Client,
    state_machine_arn: &str,
    token: &TaskToken,
) -> Result<Option<Execution>, ReadProblem> {
    let listed = states
        .list_executions()
        .state_machine_arn(state_machine_arn)
        .status_filter(ExecutionStatus::Running)
        .max_results(MAX_EXECUTIONS)
        .send()
        .await
        .map_err(|error| {
            let fault = lambda_kit::classify(&error, |error| (error.code(), error.message()));
            tracing::error!(
                code = fault.code,
                transient = fault.transient,
                "the running executions could not be listed"
            );
            ReadProblem::Unreachable
        })?;
    let mut without_token = Vec::new();
    for listed in listed.executions {
        let Ok(arn) = ExecutionArn::parse(&listed.execution_arn) else {
            continue;
        };
        let execution = match Execution::read(states, &arn, token).await {
            Ok(execution) if execution.standing == Standing::Waiting => execution,
            Ok(_) | Err(ReadProblem::NotFound) => continue,
            Err(problem) => return Err(problem),
        };
        match &execution.token {
            Some(own) if own == token => return Ok(Some(execution)),
            Some(_) => {}
            None => without_token.push(execution),
        }
    }
    // A history that shows no token leaves no doubt where only one execution waits. The decision names it, so it cannot
    // count for another one.
    let only = without_token.pop();
    Ok(only.filter(|_| without_token.is_empty()))
}
