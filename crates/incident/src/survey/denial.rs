//! What denies something. Nobody can read a deleted policy, so the sweep remembers its name.

use std::fmt;

use iam_policy::PolicyDocument;

use crate::PolicyArn;
use crate::message::GoneThing;
use crate::subject::{Owner, OwnerKind};

/// Something that denies, and the unique id of who has it.
///
/// Written, it is `OWNER-ID KIND NAME`, and for a group `OWNER-ID:GROUP KIND NAME`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Denial {
    owner: String,
    /// The name of the owner, if that is a group: who was in it is still there after it is deleted.
    group: Option<String>,
    what: GoneThing,
}

impl Denial {
    pub(super) fn new(id: &str, owner: &Owner, what: GoneThing) -> Self {
        Self {
            owner: id.to_owned(),
            group: (owner.kind == OwnerKind::Group).then(|| owner.name.clone()),
            what,
        }
    }

    /// The unique id of the owner.
    pub(super) fn owner(&self) -> &str {
        &self.owner
    }

    /// The owner, if it is a group.
    pub(super) fn group(&self) -> Option<Owner> {
        self.group.as_ref().map(|name| Owner {
            kind: OwnerKind::Group,
            name: name.clone(),
        })
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
        let (owner, group) = match owner.split_once(':') {
            Some((owner, group)) => (owner, Some(group.to_owned())),
            None => (owner, None),
        };
        let owner = owner.to_owned();
        Some(Self { owner, group, what })
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
        f.write_str(&self.owner)?;
        if let Some(group) = &self.group {
            write!(f, ":{group}")?;
        }
        match &self.what {
            GoneThing::Attached { policy } => write!(f, " attached {policy}"),
            GoneThing::Boundary { policy } => write!(f, " boundary {policy}"),
            GoneThing::Inline { name } => write!(f, " inline {name}"),
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
