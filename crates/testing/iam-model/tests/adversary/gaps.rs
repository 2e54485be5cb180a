//! What a guard can do wrong with its memory, although each step looks right.
//!
//! The walks play the guard without these. `gap_histories.rs` has the shortest history of each,
//! which shows that the invariants find it. The guard does two of them, and
//! `docs/architecture.md` says so: [`Gap::AsksWithoutClaim`] and [`Gap::OldClaim`]. Of [`Gap::LateClaim`] it does what remains where the incident has a claim of
//! another document from its judgement.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// A claim that was taken after a containment counts for nothing until the history shows it.
    LateClaim,
    /// After a containment, an incident is joined that has judged the document. It can contain, and
    /// ask about, another one.
    JoinsJudged,
    /// A claim that was taken under other lists counts after a containment under these.
    OtherLists,
    /// After a failure of the memory, the guard asks without a claim, and an older allow outlives
    /// the answer.
    AsksWithoutClaim,
    /// A claim that was the newest at the judgement counts after the containment, and a newer allow
    /// outlives the answer.
    OldClaim,
    /// A deny that was found at the judgement counts after the containment, and a newer allow does
    /// not.
    OldDeny,
    /// A claim counts although all names of its key are taken, and no newer one can take its place.
    LastName,
    /// When an allow ends, what was written in the meantime goes without a question, where the task
    /// is interrupted after it has taken the claim.
    LapsesOther,
}
