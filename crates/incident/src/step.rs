//! What to do next with a subject. One loop carries it out, in the crate `policy-store`.
//!
//! IAM has no transactions and no conditional writes, answers get lost, and reads can be stale.
//! So nobody carries out a plan: a function looks at what IAM holds, asks for the one next step, takes it, and looks again until the subject is at rest.
//! Whatever was interrupted before, the same look leads to the same rest.

use crate::message::Kept;
use crate::{Observed, Snapshot, Timestamp, VersionId};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make a version of this document and put it in force.
    CreateVersion(String),
    /// Put this existing version in force.
    SetDefault(VersionId),
    /// Delete this version, which is not in force.
    DeleteVersion(VersionId),
    /// Write this document over the inline policy.
    Put(String),
    /// Delete the inline policy.
    Delete,
    /// Nothing is left to do here.
    Rest(Rest),
}

/// Why a loop ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rest {
    /// The remediated document is in force.
    Contained(ContainedRest),
    /// These documents must be in the execution before the next step may overwrite or delete them.
    KeepFirst(Kept),
    /// The decision is in force.
    Settled,
    /// Something else is in force, or it is another subject of the same name: it stays untouched.
    Superseded,
    /// The subject does not exist any more.
    Gone,
    /// IAM does not show the change yet. It is eventually consistent, so the task is to run again later.
    NotVisible,
}

/// What a containment came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainedRest {
    /// The document that was in force before, as IAM showed it.
    pub original: Snapshot,
    /// Its version, of a managed policy.
    pub original_version: Option<VersionId>,
    pub original_created: Option<Timestamp>,
    /// The version in force, of a managed policy.
    pub quarantine_version: Option<VersionId>,
    /// The remediated document, as IAM shows it.
    pub document: Snapshot,
    /// Whether the guard made the version in force, so that it may be deleted when the original returns.
    pub created: bool,
    /// Whether the inline policy was deleted, since the quota left no room even for a document that grants nothing.
    pub removed: bool,
}

/// What a run did so far. It is lost when the run is interrupted, so nothing that must hold rests on it alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Progress {
    /// The versions that the look before the last write showed; none before a write.
    pub(crate) seen_before_write: Option<Vec<VersionId>>,
    pub(crate) has_written: bool,
    pub(crate) made: Vec<VersionId>,
    /// The documents that the run wrote over, of an inline policy.
    pub(crate) overwritten: Vec<Snapshot>,
    /// The original whose candidates are tried, and how many of them IAM refused.
    pub(crate) trying: Option<(Snapshot, usize)>,
}

impl Progress {
    #[must_use]
    pub fn made(&self) -> &[VersionId] {
        &self.made
    }
}

/// Why IAM did not accept a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The quota leaves no room for it.
    TooLarge,
    Malformed,
}

/// Answers each look with the next step, and is told what became of it.
pub trait Plan {
    /// The next step; `None` stands for a subject that IAM does not show.
    fn next_step(&mut self, look: Option<&Observed>) -> Step;

    /// IAM carried the last step out, and made this version where that was the step.
    fn carried_out(&mut self, made: Option<VersionId>);

    /// IAM refused the document of the last step. Answers whether there is another step to try.
    fn refused(&mut self, why: Refusal) -> bool;
}
