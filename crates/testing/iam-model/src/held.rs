//! What roles, users and groups of an [`Account`] hold besides inline policies.
//!
//! No call of the protocol changes it: a test does, as somebody whose event was lost.

use crate::{Account, IamError, OwnerKind};

impl Account {
    /// Attaches a managed policy. The model does not check that there is such a holder.
    pub fn attach(&mut self, arn: &str, kind: OwnerKind, name: &str) {
        let holders = self.holders.entry(arn.to_owned()).or_default();
        holders.insert((kind, name.to_owned()));
    }

    /// Detaches a managed policy; `false` where it was not attached.
    pub fn detach(&mut self, arn: &str, kind: OwnerKind, name: &str) -> bool {
        let holders = self.holders.get_mut(arn);
        holders.is_some_and(|holders| holders.remove(&(kind, name.to_owned())))
    }

    /// Adds a user to a group. The model does not check that there is such a user.
    pub fn join(&mut self, group: &str, user: &str) {
        let members = self.members.entry(group.to_owned()).or_default();
        members.insert(user.to_owned());
    }

    /// Removes a user from a group; `false` where it was no member.
    pub fn leave(&mut self, group: &str, user: &str) -> bool {
        let members = self.members.get_mut(group);
        members.is_some_and(|members| members.remove(user))
    }

    /// Sets the permissions boundary of a role or a user, or deletes it.
    ///
    /// # Errors
    ///
    /// As IAM: no such owner.
    pub fn set_boundary(
        &mut self,
        kind: OwnerKind,
        name: &str,
        arn: Option<&str>,
    ) -> Result<(), IamError> {
        self.owner_mut(kind, name)?.boundary = arn.map(str::to_owned);
        Ok(())
    }

    /// The managed policies that an owner holds.
    pub(crate) fn attached<'a>(
        &'a self,
        kind: OwnerKind,
        name: &'a str,
    ) -> impl Iterator<Item = &'a str> {
        let all = self.holders.iter();
        let of_it = all.filter(move |(_, holders)| holders.contains(&(kind, name.to_owned())));
        of_it.map(|(arn, _)| arn.as_str())
    }

    /// The groups of a user.
    pub(crate) fn groups_of<'a>(&'a self, user: &'a str) -> impl Iterator<Item = &'a str> {
        let all = self.members.iter();
        let of_it = all.filter(move |(_, members)| members.contains(user));
        of_it.map(|(group, _)| group.as_str())
    }

    pub(crate) fn holders_of(&self, arn: &str) -> impl Iterator<Item = &(OwnerKind, String)> {
        self.holders.get(arn).into_iter().flatten()
    }

    /// How many have this permissions boundary.
    pub(crate) fn bounded_by(&self, arn: &str) -> usize {
        let owners = self.owners.values();
        owners
            .filter(|owner| owner.boundary.as_deref() == Some(arn))
            .count()
    }

    pub(crate) fn is_in_use(&self, arn: &str) -> bool {
        self.holders_of(arn).next().is_some() || self.bounded_by(arn) > 0
    }
}
