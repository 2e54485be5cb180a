use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use iam_policy::{Quota, quota_size};

use crate::{Account, IamError};

/// The kinds of owners of inline policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OwnerKind {
    Role,
    User,
    Group,
}

impl OwnerKind {
    pub const ALL: [Self; 3] = [Self::Role, Self::User, Self::Group];

    /// The word in the names of calls and members.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Role => "Role",
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    pub(crate) fn id_prefix(self) -> &'static str {
        match self {
            Self::Role => "AROA",
            Self::User => "AIDA",
            Self::Group => "AGPA",
        }
    }

    /// The quota of all inline policies of one owner together.
    #[must_use]
    pub fn quota(self) -> Quota {
        match self {
            Self::Role => Quota::ROLE_INLINE,
            Self::User => Quota::USER_INLINE,
            Self::Group => Quota::GROUP_INLINE,
        }
    }
}

impl fmt::Display for OwnerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_str().to_lowercase())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The `RoleId`, `UserId` or `GroupId`. An owner that is created again has another.
    pub id: String,
    pub created: i64,
    /// Its path, which begins and ends with `/`.
    pub path: String,
    /// Its inline policies by name.
    pub inline: BTreeMap<String, Arc<str>>,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// The trust policy of a role.
    pub trust: Arc<str>,
}

/// The trust policy of each new role.
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;

impl Account {
    #[must_use]
    pub fn owner(&self, kind: OwnerKind, name: &str) -> Option<&Owner> {
        self.owners.get(&(kind, name.to_owned()))
    }

    #[must_use]
    pub fn inline(&self, kind: OwnerKind, owner: &str, name: &str) -> Option<&str> {
        let document = self.owner(kind, owner)?.inline.get(name)?;
        Some(document)
    }

    pub(crate) fn owner_mut(
        &mut self,
        kind: OwnerKind,
        name: &str,
    ) -> Result<&mut Owner, IamError> {
        self.owners
            .get_mut(&(kind, name.to_owned()))
            .ok_or_else(|| IamError::no_such(format_args!("The {kind} with name {name}")))
    }

    /// Gives an owner a path that IAM may refuse to callers.
    ///
    /// # Errors
    ///
    /// If there is no such owner.
    pub fn set_path(&mut self, kind: OwnerKind, name: &str, path: &str) -> Result<(), IamError> {
        path.clone_into(&mut self.owner_mut(kind, name)?.path);
        Ok(())
    }

    /// `CreateRole`, `CreateUser`, `CreateGroup`.
    ///
    /// # Errors
    ///
    /// As IAM: the name is taken in any letter case.
    pub fn create_owner(&mut self, kind: OwnerKind, name: &str) -> Result<(), IamError> {
        let is_taken = self
            .owners
            .keys()
            .any(|(known, taken)| *known == kind && taken.eq_ignore_ascii_case(name));
        if is_taken {
            return Err(IamError::exists(format_args!(
                "The {kind} with name {name}"
            )));
        }
        let owner = Owner {
            id: self.unique_id(kind.id_prefix()),
            created: self.now(),
            path: "/".to_owned(),
            inline: BTreeMap::new(),
            boundary: None,
            trust: TRUST.into(),
        };
        self.owners.insert((kind, name.to_owned()), owner);
        Ok(())
    }

    /// `DeleteRole`, `DeleteUser`, `DeleteGroup`: only after every inline policy and attachment.
    ///
    /// # Errors
    ///
    /// As IAM: no such owner, or it has policies.
    pub fn delete_owner(&mut self, kind: OwnerKind, name: &str) -> Result<(), IamError> {
        let is_attached = self.attached(kind, name).next().is_some();
        if !self.owner_mut(kind, name)?.inline.is_empty() || is_attached {
            return Err(IamError::conflict(
                "Cannot delete entity, must delete policies first.",
            ));
        }
        self.owners.remove(&(kind, name.to_owned()));
        Ok(())
    }

    /// `UpdateUser`, `UpdateGroup` with a new name. The owner keeps its id.
    ///
    /// # Errors
    ///
    /// As IAM: no such owner, or the new name is taken.
    pub fn rename_owner(
        &mut self,
        kind: OwnerKind,
        before: &str,
        after: &str,
    ) -> Result<(), IamError> {
        let owner = self.owner_mut(kind, before)?.clone();
        if self.owner(kind, after).is_some() {
            return Err(IamError::exists(format_args!(
                "The {kind} with name {after}"
            )));
        }
        self.owners.remove(&(kind, before.to_owned()));
        self.owners.insert((kind, after.to_owned()), owner);
        // What is attached and joined stays.
        for holders in self.holders.values_mut() {
            if holders.remove(&(kind, before.to_owned())) {
                holders.insert((kind, after.to_owned()));
            }
        }
        if kind == OwnerKind::Group
            && let Some(members) = self.members.remove(before)
        {
            self.members.insert(after.to_owned(), members);
        }
        for members in self.members.values_mut() {
            if kind == OwnerKind::User && members.remove(before) {
                members.insert(after.to_owned());
            }
        }
        Ok(())
    }

    /// `PutRolePolicy`, `PutUserPolicy`, `PutGroupPolicy`.
    ///
    /// # Errors
    ///
    /// As IAM: no such owner, the sum of all inline policies is over the quota, or a document that
    /// is not accepted.
    pub fn put_inline(
        &mut self,
        kind: OwnerKind,
        owner: &str,
        name: &str,
        document: impl Into<Arc<str>>,
    ) -> Result<(), IamError> {
        let document = document.into();
        self.check(&document)?;
        let holder = self.owner_mut(kind, owner)?;
        let others = holder.inline.iter().filter(|(known, _)| *known != name);
        let sum: usize = others.map(|(_, document)| quota_size(document)).sum();
        if sum + quota_size(&document) > kind.quota().limit() {
            return Err(IamError::limit(format!(
                "Maximum policy size of {} bytes exceeded for {kind} {owner}",
                kind.quota().limit()
            )));
        }
        self.put_inline_of_any_size(kind, owner, name, document)
    }

    /// The same without a quota: IAM does not say whether it counts white space in a string.
    ///
    /// # Errors
    ///
    /// If there is no such owner.
    pub fn put_inline_of_any_size(
        &mut self,
        kind: OwnerKind,
        owner: &str,
        name: &str,
        document: impl Into<Arc<str>>,
    ) -> Result<(), IamError> {
        let holder = self.owner_mut(kind, owner)?;
        holder.inline.insert(name.to_owned(), document.into());
        Ok(())
    }

    /// `DeleteRolePolicy`, `DeleteUserPolicy`, `DeleteGroupPolicy`.
    ///
    /// # Errors
    ///
    /// As IAM: no such owner or policy.
    pub fn delete_inline(
        &mut self,
        kind: OwnerKind,
        owner: &str,
        name: &str,
    ) -> Result<(), IamError> {
        let holder = self.owner_mut(kind, owner)?;
        match holder.inline.remove(name) {
            Some(_) => Ok(()),
            None => Err(no_such_inline(kind, name)),
        }
    }
}

pub(crate) fn no_such_inline(kind: OwnerKind, name: &str) -> IamError {
    IamError::no_such(format_args!("The {kind} policy with name {name}"))
}
