use incident::Document;

use crate::{PolicyStore, StoreError, StoreErrorKind};

/// The reads of IAM for one kind of subject that the guard can change.
pub trait Stored: Document {
    /// All that IAM holds of it.
    ///
    /// # Errors
    ///
    /// If IAM cannot be reached, refuses, or has no such thing.
    fn read(&self, store: &PolicyStore)
    -> impl Future<Output = Result<Self::Observed, StoreError>>;
}

impl PolicyStore {
    /// What IAM shows of a subject; `None` where it shows no such thing.
    ///
    /// # Errors
    ///
    /// If IAM cannot be reached or refuses.
    pub async fn observe<S: Stored>(&self, subject: &S) -> Result<Option<S::Observed>, StoreError> {
        found(subject.read(self).await)
    }
}

/// Returns `None` where IAM has no such entity. Other errors stay errors.
pub(crate) fn found<T>(answer: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind == StoreErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
