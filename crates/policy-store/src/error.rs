use std::fmt;

use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use lambda_kit::{FailureName, HandlerError};

/// A call to IAM that did not do what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not {doing} ({code}: {message}); {advice}", advice = .kind.advice())]
pub struct StoreError {
    /// What was being done, on which policy.
    pub doing: String,
    pub kind: StoreErrorKind,
    pub code: String,
    pub message: String,
}

/// What an error of IAM asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// There is no such thing, or not yet: IAM is eventually consistent.
    NotFound,
    /// The same call can succeed later.
    Transient,
    /// Five versions exist.
    VersionLimit,
    /// The document is longer than the quota allows.
    TooLarge,
    /// IAM does not accept the document.
    DocumentRefused,
    /// The version to delete is the default now.
    DefaultVersion,
    /// IAM lets no caller change the role: a service-linked one, or one of IAM Identity Center.
    Unmodifiable,
    /// IAM refuses the call for good.
    Refused,
}

impl StoreErrorKind {
    fn advice(self) -> &'static str {
        match self {
            Self::NotFound => {
                "IAM may not show it yet, or someone deleted it; the state machine tries again a few times"
            }
            Self::Transient => "the state machine tries again a few times",
            Self::VersionLimit => "delete one of the five versions first",
            Self::TooLarge => "make the document smaller by hand",
            Self::DocumentRefused => {
                "look at the document in the execution, and correct the policy by hand"
            }
            Self::DefaultVersion => {
                "someone changed the default version, so the state machine tries again a few times"
            }
            Self::Unmodifiable => {
                "IAM lets no one change a service-linked role or a role of IAM Identity Center; change the permission set, or the service that the role belongs to"
            }
            Self::Refused => {
                "check the permissions of the role of the function, and the service control policies; then change the policy by hand"
            }
        }
    }
}

impl From<StoreError> for HandlerError {
    fn from(error: StoreError) -> Self {
        let name = match error.kind {
            StoreErrorKind::NotFound => FailureName::ChangeNotVisible,
            StoreErrorKind::Transient
            | StoreErrorKind::VersionLimit
            | StoreErrorKind::DefaultVersion => FailureName::TransientAwsError,
            StoreErrorKind::Unmodifiable => FailureName::UnmodifiableEntity,
            StoreErrorKind::TooLarge
            | StoreErrorKind::DocumentRefused
            | StoreErrorKind::Refused => FailureName::AwsRefused,
        };
        Self::new(name, error.to_string())
    }
}

pub(crate) fn classify<E>(doing: impl fmt::Display, error: &SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let fault = lambda_kit::classify(error);
    let kind = match fault.code.as_str() {
        "NoSuchEntity" | "NoSuchEntityException" => StoreErrorKind::NotFound,
        // The code means "five versions" as well as "document too long".
        "LimitExceeded" | "LimitExceededException" if is_about_versions(&fault.message) => {
            StoreErrorKind::VersionLimit
        }
        "LimitExceeded" | "LimitExceededException" => StoreErrorKind::TooLarge,
        "MalformedPolicyDocument" | "MalformedPolicyDocumentException" => {
            StoreErrorKind::DocumentRefused
        }
        "DeleteConflict" | "DeleteConflictException" => StoreErrorKind::DefaultVersion,
        "UnmodifiableEntity" | "UnmodifiableEntityException" => StoreErrorKind::Unmodifiable,
        _ if fault.transient => StoreErrorKind::Transient,
        _ => StoreErrorKind::Refused,
    };
    StoreError {
        doing: doing.to_string(),
        kind,
        code: fault.code,
        message: fault.message,
    }
}

fn is_about_versions(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("version") && !message.contains("policysize")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_limits_are_told_apart() {
        let five = "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.";
        assert!(is_about_versions(five));
        assert!(!is_about_versions(
            "Cannot exceed quota for PolicySize: 6144"
        ));
        assert!(!is_about_versions(
            "Maximum policy size of 10240 bytes exceeded for role app"
        ));
    }
}
