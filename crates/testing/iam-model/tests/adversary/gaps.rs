//! What a guard can do wrong with its memory, although each step looks right.
//!
//! The walks play the guard without these. `gap_histories.rs` has the shortest history of each,
//! which shows that the invariants find it. The guard does none of them, but what remains of
//! [`Gap::LateClaim`] where the incident has a claim of another document from its judgement.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// A claim that was taken after a containment counts for nothing until the history shows it.
    LateClaim,
    /// After a containment, an incident is joined that has judged the document. It can contain, and
    /// ask about, another one.
    JoinsJudged,
    /// A claim that was taken under other lists counts after a containment under these.
    OtherLists,
    /// An answer leaves the newest claim as it is. After a failure of the memory, or if someone
    /// made a claim in the meantime, that is the claim of another execution, whose decision
    /// outlives the answer.
    LeavesOlder,
    /// A deny that was found at the judgement counts after the containment, and a newer allow does
    /// not.
    OldDeny,
    /// A claim counts although all names of its key are taken, and no newer one can take its place.
    LastName,
    /// When an allow ends, what was written in the meantime goes without a question, where the task
    /// is interrupted after it has taken the claim.
    LapsesOther,
}
