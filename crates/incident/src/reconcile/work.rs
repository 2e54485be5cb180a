//! What `remediate` and `revert` answer, and what they get back of their last answer.

use serde::{Deserialize, Deserializer, Serialize};

use super::confirmation::Swept;
use super::pace::Pace;
use super::taking::Taking;
use super::{Action, Call, Changeable, Next, Progress, Reconciler, Refusal};
use crate::{FailureName, VersionId};

/// `work`: the last answer of the task, as the state of the execution holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Work {
    /// The action that was asked for.
    pub action: Option<Action>,
    pub progress: Progress,
    pub(super) pace: Pace,
    /// How far taking back an addition came.
    pub(super) taking: Taking,
}

/// `done`: what became of that action.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(untagged)]
pub enum Done {
    /// IAM did not carry it out.
    Refused {
        /// The name that Step Functions gives the error, such as `Iam.NoSuchEntityException`.
        error: String,
        #[serde(default)]
        cause: String,
    },
    /// CloudTrail answered.
    LookedUp {
        /// The record that it has; empty if it has none.
        record: String,
    },
    /// Step Functions showed the sweep.
    Swept { swept: Swept },
    /// IAM carried it out.
    CarriedOut {
        /// The version that it made, if it makes one.
        #[serde(default)]
        made: Option<VersionId>,
    },
}

/// What `remediate` and `revert` answer. `E` is the message that ends the task.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer<E> {
    /// The state machine takes this action, and runs the task again.
    Act {
        action: Action,
        #[serde(flatten)]
        memory: Memory,
    },
    /// IAM does not show the change yet. The state machine waits, and runs the task again.
    Wait {
        seconds: u32,
        #[serde(flatten)]
        memory: Memory,
    },
    /// Nothing is left to do.
    End(E),
}

/// What the next run of the task gets back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Memory {
    progress: Progress,
    pace: Pace,
    #[serde(skip_serializing_if = "Taking::is_new")]
    taking: Taking,
}

/// Why a task cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WorkError {
    pub name: FailureName,
    message: String,
}

impl Work {
    /// Reads a payload's member, which is `null` before the first answer.
    ///
    /// # Errors
    ///
    /// Those of the deserializer.
    pub fn or_new<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<Self>::deserialize(deserializer).map(Option::unwrap_or_default)
    }

    /// The work of a task whose definition has waited for IAM, or not.
    #[must_use]
    pub fn after_waiting(has_waited: bool) -> Self {
        Self {
            pace: Pace::after_waiting(has_waited),
            ..Self::default()
        }
    }

    /// Whether the task did not answer yet.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.pace == Pace::default()
    }

    /// Begins a run of the task, after so many tries that failed.
    pub fn begin(&mut self, failed_tries: usize) {
        if self.pace.look(failed_tries) {
            self.progress.forget_recent();
        }
    }

    /// Whether IAM had its time to become consistent, so that its answers count as current.
    #[must_use]
    pub fn has_waited(&self) -> bool {
        self.pace.has_waited()
    }

    /// Tells `run` what became of the last action.
    ///
    /// # Errors
    ///
    /// If IAM refused it, and the run knows no other action.
    pub fn learn<S: Changeable, R: Reconciler<S>>(
        &self,
        subject: &S,
        run: &mut R,
        done: Option<Done>,
    ) -> Result<(), WorkError> {
        match done {
            // Only an addition is looked up.
            None | Some(Done::LookedUp { .. } | Done::Swept { .. }) => Ok(()),
            Some(Done::CarriedOut { made }) => {
                run.carried_out(made);
                Ok(())
            }
            Some(Done::Refused { error, cause }) => match refusal(&error, &cause) {
                // The last look is out of date: the next one shows what to do.
                Refused::OutOfDate => Ok(()),
                // The call was repeated at once, and not for long: what has the name changes.
                Refused::Transient if !self.pace.is_out_of_looks() => Ok(()),
                Refused::Document(why) if run.refused(why) => Ok(()),
                refused => Err(self.failure(subject, refused, &error, &cause)),
            },
        }
    }

    pub(super) fn failure(
        &self,
        subject: &impl Changeable,
        refused: Refused,
        error: &str,
        cause: &str,
    ) -> WorkError {
        let call = self.action.as_ref().map(|action| action.call);
        let service = match call {
            Some(Call::LookupEvents) => "CloudTrail",
            Some(Call::DescribeExecution) => "Step Functions",
            _ => "IAM",
        };
        let call = call.map_or("the call", Call::as_str);
        let (name, advice) = match refused {
            Refused::Unmodifiable => (
                FailureName::UnmodifiableEntity,
                "IAM lets no one change a service-linked role or a role of IAM Identity Center; change the permission set, or the service that the role belongs to",
            ),
            Refused::Document(_) => (
                FailureName::AwsRefused,
                "look at the document in the execution, and correct the policy by hand",
            ),
            Refused::OutOfDate | Refused::Transient => (
                FailureName::PolicyUnsettled,
                "the state machine has tried several times; if IAM keeps failing, change the policy by hand",
            ),
            Refused::Otherwise => (
                FailureName::AwsRefused,
                "check the permissions of the role of the state machine, and the service control policies; then change the policy by hand",
            ),
        };
        WorkError {
            name,
            message: format!(
                "{service} did not carry out {call} on {subject} ({error}: {cause}); {advice}"
            ),
        }
    }

    /// The answer to what `run` says next.
    ///
    /// # Errors
    ///
    /// If the task has taken too many actions, or waited too long.
    pub fn answer<S: Changeable, R: Reconciler<S>, E>(
        self,
        subject: &S,
        run: &mut R,
        next: Next<S::Action, R::End>,
        end: impl FnOnce(R::End) -> Result<E, WorkError>,
    ) -> Result<Answer<E>, WorkError> {
        let progress = std::mem::take(run.progress());
        self.answer_of(subject, progress, next, end)
    }

    /// The answer to what a run says next that remembers `progress`.
    ///
    /// # Errors
    ///
    /// If the task has taken too many actions, or waited too long.
    pub fn answer_of<S: Changeable, End, E>(
        mut self,
        subject: &S,
        progress: Progress,
        next: Next<S::Action, End>,
        end: impl FnOnce(End) -> Result<E, WorkError>,
    ) -> Result<Answer<E>, WorkError> {
        self.progress = progress;
        match next {
            Next::End(ended) => end(ended).map(Answer::End),
            Next::Act(_) if self.pace.is_out_of_looks() => Err(WorkError::unsettled(subject)),
            Next::Act(action) => Ok(Answer::Act {
                action: subject.call(action),
                memory: self.memory(),
            }),
            Next::Wait => {
                let seconds = self.pace.wait();
                let seconds = seconds.ok_or_else(|| WorkError::unsettled(subject))?;
                if self.has_waited() {
                    self.progress.forget_recent();
                }
                Ok(Answer::Wait {
                    seconds,
                    memory: self.memory(),
                })
            }
        }
    }

    pub(super) fn memory(self) -> Memory {
        Memory {
            progress: self.progress,
            pace: self.pace,
            taking: self.taking,
        }
    }
}

impl WorkError {
    /// Another caller keeps changing the subject, or IAM is slower than ever.
    #[must_use]
    pub fn unsettled(subject: &impl Changeable) -> Self {
        Self {
            name: FailureName::PolicyUnsettled,
            message: format!(
                "could not settle {subject}, because something else keeps changing it; find out who does, and then change the policy by hand"
            ),
        }
    }
}

/// What an error of IAM asks for.
pub(super) enum Refused {
    /// Something changed since the look that led to the action.
    OutOfDate,
    /// IAM did not accept the document.
    Document(Refusal),
    /// IAM lets no caller change the role.
    Unmodifiable,
    /// The same call can succeed later.
    Transient,
    Otherwise,
}

/// Sorts an error by the name that Step Functions gives it (AWS Step Functions Developer Guide,
/// "Integrating with AWS SDK services"). An unknown error is a failure.
pub(super) fn refusal(error: &str, cause: &str) -> Refused {
    match error {
        "Iam.NoSuchEntityException"
        | "Iam.DeleteConflictException"
        | "Iam.ConcurrentModificationException" => Refused::OutOfDate,
        // The error means "five versions" as well as "document too long".
        "Iam.LimitExceededException" if is_about_versions(cause) => Refused::OutOfDate,
        "Iam.LimitExceededException" => Refused::Document(Refusal::TooLarge),
        "Iam.MalformedPolicyDocumentException" => Refused::Document(Refusal::Malformed),
        "Iam.UnmodifiableEntityException" => Refused::Unmodifiable,
        "Iam.ServiceFailureException" | "Iam.SdkClientException" | "States.Timeout" => {
            Refused::Transient
        }
        // IAM's model does not list the errors for throttling.
        "Iam.IamException" if cause.contains("Rate exceeded") || cause.contains("Throttl") => {
            Refused::Transient
        }
        _ => Refused::Otherwise,
    }
}

fn is_about_versions(cause: &str) -> bool {
    let cause = cause.to_ascii_lowercase();
    cause.contains("version") && !cause.contains("policysize")
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

    #[test]
    fn what_became_of_an_action_is_read() {
        let read = |text| serde_json::from_str::<Done>(text).unwrap();
        assert_eq!(read("{}"), Done::CarriedOut { made: None });
        let made = VersionId::parse("v2").ok();
        assert_eq!(read(r#"{"made":"v2"}"#), Done::CarriedOut { made });
        let refused = read(r#"{"error":"Iam.IamException","cause":"Rate exceeded"}"#);
        assert!(matches!(refused, Done::Refused { .. }), "{refused:?}");
        let swept = read(r#"{"swept":{"status":"SUCCEEDED","asks":true}}"#);
        assert!(matches!(swept, Done::Swept { .. }), "{swept:?}");
    }
}
