use incident::{Changeable, Next, Reconciler, Refusal, VersionId};

use crate::{PolicyStore, StoreError, StoreErrorKind};

/// More actions than any way to rest has.
const MAX_ACTIONS: usize = 16;

/// The calls to IAM for one kind of subject that the guard can change.
pub trait Stored: Changeable {
    /// All that IAM holds of it, with the reads that `earlier` makes needless left out.
    ///
    /// # Errors
    ///
    /// If IAM cannot be reached, refuses, or has no such thing.
    fn observe(
        &self,
        store: &PolicyStore,
        earlier: Option<&Self::Observed>,
    ) -> impl Future<Output = Result<Self::Observed, StoreError>>;

    /// Takes an action. Returns the version that it made, if it makes one.
    ///
    /// # Errors
    ///
    /// If IAM cannot be reached or refuses.
    fn take(
        &self,
        store: &PolicyStore,
        action: Self::Action,
    ) -> impl Future<Output = Result<Option<VersionId>, StoreError>>;
}

/// How a run stopped.
#[derive(Clone, Debug)]
pub enum Reconciled<E, O> {
    /// The subject is at rest; `observed` is what the last look at IAM showed of it.
    End {
        /// How the run ended.
        end: E,
        /// `None` where IAM shows no such thing.
        observed: Option<O>,
    },
    /// IAM does not show the change yet.
    Wait,
    /// The subject is not at rest after as many actions as a run may take.
    OutOfActions,
}

impl PolicyStore {
    /// Observes a subject, takes the one next action that `run` asks for, and observes again, until
    /// the subject is at rest.
    ///
    /// The last look at IAM is at the same time the proof of what is in force.
    ///
    /// # Errors
    ///
    /// If IAM cannot be reached, or refuses an action to which the run knows no other.
    pub async fn reconcile<S: Stored, R: Reconciler<S>>(
        &self,
        subject: &S,
        run: &mut R,
    ) -> Result<Reconciled<R::End, S::Observed>, StoreError> {
        let mut observed = None;
        for _ in 0..MAX_ACTIONS {
            observed = found(subject.observe(self, observed.as_ref()).await)?;
            let action = match run.next(observed.as_ref()) {
                Next::Act(action) => action,
                Next::Wait => return Ok(Reconciled::Wait),
                Next::End(end) => return Ok(Reconciled::End { end, observed }),
            };
            tracing::debug!(?action, "next action");
            match subject.take(self, action).await {
                Ok(made) => run.carried_out(made),
                // The last look is out of date: the next one shows what to do.
                Err(error)
                    if matches!(
                        error.kind,
                        StoreErrorKind::NotFound
                            | StoreErrorKind::VersionLimit
                            | StoreErrorKind::DefaultVersion
                    ) => {}
                Err(error) if refusal(&error).is_some_and(|why| run.refused(why)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Reconciled::OutOfActions)
    }
}

/// Turns "there is no such thing" into `None`; other errors stay errors.
pub(crate) fn found<T>(answer: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind == StoreErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn refusal(error: &StoreError) -> Option<Refusal> {
    match error.kind {
        StoreErrorKind::TooLarge => Some(Refusal::TooLarge),
        StoreErrorKind::DocumentRefused => Some(Refusal::Malformed),
        _ => None,
    }
}
