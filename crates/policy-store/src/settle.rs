use incident::subject::{InlinePolicy, ManagedPolicy};
use incident::{Observed, Plan, Refusal, Rest, Step, Subject, VersionId};

use crate::{PolicyStore, StoreError, StoreErrorKind};

/// More steps than any way to rest has.
const MAX_STEPS: usize = 16;

/// How a subject came to rest.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one value lives for one invocation"
)]
pub enum Settled {
    /// At rest, as this last look at IAM shows.
    At(Rest, Option<Observed>),
    /// Not at rest after as many steps as a run may take.
    Unsettled,
}

impl PolicyStore {
    /// Looks at a subject, takes the one next step that `plan` asks for, and looks again, until the subject is at rest.
    ///
    /// The last look is at the same time the proof of what is in force.
    ///
    /// # Errors
    ///
    /// If IAM cannot be reached, or refuses a step for which the plan has no other.
    pub async fn settle(
        &self,
        subject: &Subject,
        plan: &mut impl Plan,
    ) -> Result<Settled, StoreError> {
        let mut look = None;
        for _ in 0..MAX_STEPS {
            look = self.look(subject, look.as_ref()).await?;
            let step = plan.next_step(look.as_ref());
            tracing::debug!(?step, "next step");
            let taken = match (step, subject) {
                (Step::Rest(rest), _) => return Ok(Settled::At(rest, look)),
                (step, Subject::Managed(policy)) => self.take_managed(policy, step).await,
                (step, Subject::Inline(policy)) => self.take_inline(policy, step).await,
                (_, Subject::Reported(told)) => Err(StoreError::misplaced(told)),
            };
            match taken {
                Ok(made) => plan.carried_out(made),
                // The last look is out of date: the next one shows what to do.
                Err(error)
                    if matches!(
                        error.kind,
                        StoreErrorKind::NotFound
                            | StoreErrorKind::VersionLimit
                            | StoreErrorKind::DefaultVersion
                    ) => {}
                Err(error) if refusal(&error).is_some_and(|why| plan.refused(why)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Settled::Unsettled)
    }

    async fn take_managed(
        &self,
        policy: &ManagedPolicy,
        step: Step,
    ) -> Result<Option<VersionId>, StoreError> {
        match step {
            Step::CreateVersion(document) => self
                .create_default_version(policy, &document)
                .await
                .map(Some),
            Step::SetDefault(version) => self
                .set_default_version(policy, &version)
                .await
                .map(|()| None),
            Step::DeleteVersion(version) => {
                self.delete_version(policy, &version).await.map(|()| None)
            }
            Step::Put(_) | Step::Delete | Step::Rest(_) => Err(StoreError::misplaced(policy)),
        }
    }

    async fn take_inline(
        &self,
        policy: &InlinePolicy,
        step: Step,
    ) -> Result<Option<VersionId>, StoreError> {
        match step {
            Step::Put(document) => self.put_inline(policy, &document).await.map(|()| None),
            Step::Delete => self.delete_inline(policy).await.map(|()| None),
            Step::CreateVersion(_)
            | Step::SetDefault(_)
            | Step::DeleteVersion(_)
            | Step::Rest(_) => Err(StoreError::misplaced(policy)),
        }
    }
}

fn refusal(error: &StoreError) -> Option<Refusal> {
    match error.kind {
        StoreErrorKind::TooLarge => Some(Refusal::TooLarge),
        StoreErrorKind::DocumentRefused => Some(Refusal::Malformed),
        _ => None,
    }
}
