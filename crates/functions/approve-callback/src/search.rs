//! The search for the execution of a token that was pasted by hand, as in the published
//! walkthrough, and so names no execution.

use aws_sdk_sfn::types::ExecutionStatus;
use incident::{ExecutionArn, TaskToken};
use lambda_kit::Executions;
use lambda_kit::history::{Incident, Standing};

use crate::read;
use crate::reply::ReadProblem;

/// How many running executions are read, the newest first: as many as API Gateway waits for.
const MAX_EXECUTIONS: i32 = 60;

/// The running execution that waits with `token`; `None` if it is not among the newest.
pub(crate) async fn waiting_with(
    executions: &Executions,
    token: &TaskToken,
) -> Result<Option<Incident>, ReadProblem> {
    let listed = executions
        .client()
        .list_executions()
        .state_machine_arn(executions.state_machine_arn())
        .status_filter(ExecutionStatus::Running)
        .max_results(MAX_EXECUTIONS)
        .send()
        .await
        .map_err(|error| {
            let fault = lambda_kit::classify(&error);
            tracing::error!(
                code = fault.code,
                kind = ?fault.kind,
                "the running executions could not be listed"
            );
            ReadProblem::Unreachable
        })?;
    let mut without_token = Vec::new();
    for listed in listed.executions {
        let Ok(arn) = ExecutionArn::parse(&listed.execution_arn) else {
            continue;
        };
        let incident = match read(executions, &arn, token).await {
            Ok(incident) if incident.standing == Standing::Waiting => incident,
            Ok(_) | Err(ReadProblem::NotFound) => continue,
            Err(problem) => return Err(problem),
        };
        match &incident.request {
            Some(request) if request.token == *token => return Ok(Some(incident)),
            Some(_) => {}
            None => without_token.push(incident),
        }
    }
    // A history without a token is certain only if a single execution waits. The decision names
    // that execution, so it cannot count for another one.
    let only = without_token.pop();
    Ok(only.filter(|_| without_token.is_empty()))
}
