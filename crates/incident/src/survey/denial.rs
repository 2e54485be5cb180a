//! What denies something. Nobody can read a deleted policy, so the sweep remembers its name.

use std::fmt;

use iam_policy::PolicyDocument;

use crate::PolicyArn;
use crate::message::GoneThing;

/// Something that denies, and the unique id of who has it.
///
/// Written, it is `OWNER-ID KIND NAME`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Denial {
    owner: String,
    what: GoneThing,
}

impl Denial {
    pub(super) fn new(owner: &str, what: GoneThing) -> Self {
        Self {
            owner: owner.to_owned(),
            what,
        }
    }

    /// The unique id of the owner.
    pub(super) fn owner(&self) -> &str {
        &self.owner
    }

    pub(super) fn into_what(self) -> GoneThing {
        self.what
    }

    /// Reads what a sweep wrote; `None` if it is nothing of that kind.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        let (owner, kind, name) = (parts.next()?, parts.next()?, parts.next()?);
        let name = name.to_owned();
        let what = match kind {
            "attached" => GoneThing::Attached { policy: name },
            "boundary" => GoneThing::Boundary { policy: name },
            "inline" => GoneThing::Inline { name },
            _ => return None,
        };
        Some(Self::new(owner, what))
    }

    /// Whether an owner that has these still has it. A boundary that was replaced is not gone.
    pub(super) fn is_among<'i>(
        &self,
        attached: &[PolicyArn],
        mut inline: impl Iterator<Item = &'i str>,
        boundary: Option<&PolicyArn>,
    ) -> bool {
        match &self.what {
            GoneThing::Attached { policy } => attached.iter().any(|arn| arn.as_str() == policy),
            GoneThing::Inline { name } => inline.any(|known| known == name),
            GoneThing::Boundary { .. } => boundary.is_some(),
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owner = &self.owner;
        match &self.what {
            GoneThing::Attached { policy } => write!(f, "{owner} attached {policy}"),
            GoneThing::Boundary { policy } => write!(f, "{owner} boundary {policy}"),
            GoneThing::Inline { name } => write!(f, "{owner} inline {name}"),
        }
    }
}

/// Whether a document has a `Deny`. One that cannot be read may have one.
pub(super) fn denies(document: &str) -> bool {
    match document.parse::<PolicyDocument>() {
        Ok(document) => document
            .statements()
            .iter()
            .any(|statement| statement.effect() == iam_policy::Effect::Deny),
        Err(_) => true,
    }
}
