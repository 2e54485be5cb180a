//! What the guard does today that breaks an invariant of the memory.
//!
//! The walks play the guard without these. `gap_histories.rs` has the shortest history of each; who
//! closes one in the guard takes it out of both files.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// A claim that was taken after a containment counts for nothing until the history shows it.
    LateClaim,
    /// After a containment, an incident is joined that has judged the document. It can contain, and
    /// ask about, another one.
    JoinsJudged,
    /// What stays in force while it is asked about is joined even if the answer is a deny that is
    /// being carried out.
    JoinsDenied,
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
    /// The last name of a key counts, and no newer claim can take its place.
    LastName,
    /// When an allow ends, what was written in the meantime goes without a question, where the task
    /// is interrupted after it has taken the claim.
    LapsesOther,
    /// An allow is believed of what IAM shows, which can be the past of another subject of this
    /// name.
    StaleAllow,
}
