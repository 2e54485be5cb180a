//! What the guard asks about before it acts.

use crate::message::{Contained, Left, Proposal, Response, Verdict};
use crate::{Analysis, Snapshot};

impl Proposal {
    /// What the guard would do about the document of a verdict that asks first; `None` for other
    /// verdicts.
    #[must_use]
    pub fn of(verdict: &Verdict, analysis: &Analysis<'_>) -> Option<Self> {
        let in_force = verdict
            .in_force
            .as_ref()
            .filter(|_| verdict.response == Response::Ask)?;
        let original = &in_force.document;
        let document = Snapshot::new(&analysis.candidate(original, 0)?);
        Some(Self {
            version: in_force.version.clone(),
            contained: Contained {
                identity: in_force.identity.clone(),
                versions: None,
                restricted: verdict.restricted.clone(),
                removal: analysis.removal(original, &document)?,
                left: Left::from(analysis.restricted(&document)),
                original: original.clone(),
                document,
                evicted: Vec::new(),
                attached_to: None,
                held_by: None,
                found_done: false,
                removed: false,
                asked: true,
                claim: None,
                known: None,
                settled: None,
            },
        })
    }
}
