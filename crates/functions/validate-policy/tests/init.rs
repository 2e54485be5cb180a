//! The log of the function before it takes an event, from the standard output of its process.

#![cfg(test)]

use std::process::Command;

use serde_json::Value;

/// The messages at the level `WARN` of a start with this restricted list.
fn warnings(restricted: &str) -> Vec<String> {
    // Nothing listens at that address, so the process ends when it asks for its first event.
    let output = Command::new(env!("CARGO_BIN_EXE_validate-policy"))
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")
        .env("AWS_LAMBDA_FUNCTION_NAME", "validate-policy")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "group")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
        .env("AWS_REGION", "us-east-1")
        .env(
            "STATE_MACHINE_ARN",
            "arn:aws:states:us-east-1:123456789012:stateMachine:guard",
        )
        .env("RESTRICTED_ACTIONS", restricted)
        .output()
        .unwrap();
    let log = String::from_utf8(output.stdout).unwrap();
    log.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["level"] == "WARN")
        .map(|line| line["message"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn each_entry_that_names_no_known_action_is_one_warning() {
    assert_eq!(
        warnings("s3:DeleteBuckets,iam:PassRole,s3:Xyz*"),
        [
            "in the parameters restrictedActions, askActions and reportActions, `s3:DeleteBuckets` names no action known today; did you mean `s3:DeleteBucket`?",
            "in the parameters restrictedActions, askActions and reportActions, `s3:Xyz*` names no action known today",
        ]
    );
    assert!(warnings("s3:DeleteBucket,s3:DeleteObject").is_empty());
}
