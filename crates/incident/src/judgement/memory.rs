//! What a memory changes in a verdict.

use crate::memory::{Before, Memory, Standing};
use crate::message::{Response, Verdict, VerdictResult};

impl Verdict {
    /// Whether the guard would act on something restricted, so that it matters what was decided
    /// about it before.
    #[must_use]
    pub fn asks(&self) -> bool {
        matches!(self.response, Response::Contain | Response::Ask)
    }

    /// The verdict of an execution that claims the question, or that knows what was decided.
    ///
    /// Only what is contained may be taken away without a question. What the guard asks about
    /// first, and what a call added, stays while it is asked about.
    #[must_use]
    pub fn remembering(self, memory: Memory) -> Self {
        let standing = memory.before.as_ref().map(|before| before.standing);
        let result = match (standing, self.response) {
            (Some(Standing::Allowed), _) => VerdictResult::AllowedBefore,
            (Some(Standing::Pending), Response::Ask) => VerdictResult::Joined,
            _ => return Self { memory, ..self },
        };
        Self {
            result,
            response: Response::None,
            memory,
            ..self
        }
    }

    /// The verdict where the last sweep knew the document in force, and CloudTrail knows no event
    /// since then that wrote it: nothing changes.
    #[must_use]
    pub fn unconfirmed(self) -> Self {
        Self {
            result: VerdictResult::Unconfirmed,
            response: Response::Report,
            ..self
        }
    }

    /// The verdict where an allow of the same execution has ended, and nothing has to be contained:
    /// what it had allowed was changed, or allowed again.
    #[must_use]
    pub fn lapsed(self) -> Self {
        Self {
            result: VerdictResult::Lapsed,
            response: Response::Report,
            ..self
        }
    }

    /// The verdict on a named document whose remediation is in force, where no incident is proved
    /// to have contained it: someone had the grant, and remediated it himself.
    #[must_use]
    pub fn withdrawn(self, before: Option<Before>) -> Self {
        Self {
            result: VerdictResult::Withdrawn,
            response: Response::Report,
            memory: Memory {
                before,
                ..self.memory
            },
            ..self
        }
    }
}
