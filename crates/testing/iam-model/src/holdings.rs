//! What roles, users and groups hold, and CloudTrail's memory of the calls that gave it to them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{Hash, Hasher};

use serde_json::{Value, json};

use crate::{Account, HoldingCall, IamError, OwnerKind};

/// How many access keys a user can have.
const MAX_KEYS: usize = 2;

/// An account with all that its roles, users and groups hold besides inline policies.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    account: Account,
    holders: BTreeMap<(OwnerKind, String), Holder>,
    trail: Vec<Value>,
}

/// What one role, user or group holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Holder {
    /// The ARNs of the managed policies that are attached to it.
    pub attached: BTreeSet<String>,
    /// The names of the groups of a user.
    pub groups: BTreeSet<String>,
    /// The access keys of a user, by their ids.
    pub keys: BTreeMap<String, Key>,
    /// The service-specific credentials of a user, by their ids.
    pub credentials: BTreeMap<String, Key>,
    /// When the password of a user was made.
    pub password: Option<i64>,
}

impl Holder {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An access key or a service-specific credential.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub created: i64,
    pub is_active: bool,
}

impl Hash for Holdings {
    /// Without the records: how many there are is enough for most uses.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.account, &self.holders, self.trail.len()).hash(state);
    }
}

impl Holdings {
    /// The owners and the policies.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Lets time pass.
    pub fn pass(&mut self, seconds: i64) {
        self.account.pass(seconds);
    }

    /// What an owner holds; `None` if there is no such owner.
    #[must_use]
    pub fn holder(&self, kind: OwnerKind, name: &str) -> Option<&Holder> {
        self.holders.get(&(kind, name.to_owned()))
    }

    /// All owners with what they hold.
    pub fn holders(&self) -> impl Iterator<Item = (OwnerKind, &str, &Holder)> {
        let all = self.holders.iter();
        all.map(|((kind, name), holder)| (*kind, name.as_str(), holder))
    }

    /// The members of a group.
    pub fn members<'h>(&'h self, group: &'h str) -> impl Iterator<Item = &'h str> {
        let all = self.holders();
        all.filter(|(_, _, holder)| holder.groups.contains(group))
            .map(|(_, name, _)| name)
    }

    /// The record that CloudTrail has of an event.
    #[must_use]
    pub fn look_up(&self, event_id: &str) -> Option<&Value> {
        self.trail
            .iter()
            .find(|record| record.get("eventID").and_then(Value::as_str) == Some(event_id))
    }

    /// Carries a call out, and answers with its record.
    ///
    /// # Errors
    ///
    /// As IAM: what a call names is not there or is in use, or a limit is reached.
    pub fn carry_out(&mut self, call: &HoldingCall, caller: &str) -> Result<Value, IamError> {
        let response = match call {
            HoldingCall::CreateOwner(..)
            | HoldingCall::DeleteOwner(..)
            | HoldingCall::Rename(..) => self.change_owner(call),
            HoldingCall::CreatePolicy(..)
            | HoldingCall::DeletePolicy(_)
            | HoldingCall::Rewrite(..) => self.change_policy(call),
            HoldingCall::Attach(..)
            | HoldingCall::Detach(..)
            | HoldingCall::Join(..)
            | HoldingCall::Leave(..) => self.change_membership(call),
            _ => self.change_credentials(call),
        }?;
        let (name, request) = call.recorded(&self.account);
        let record = crate::trail::record(
            &self.account,
            (&name, caller),
            request,
            response,
            self.trail.len(),
        );
        self.trail.push(record.clone());
        Ok(record)
    }

    fn change_owner(&mut self, call: &HoldingCall) -> Result<Value, IamError> {
        match call {
            HoldingCall::CreateOwner(kind, name) => {
                self.account.create_owner(*kind, name)?;
                self.holders
                    .insert((*kind, name.clone()), Holder::default());
            }
            HoldingCall::DeleteOwner(kind, name) => {
                let has_members = *kind == OwnerKind::Group && self.members(name).next().is_some();
                if has_members || !self.held(*kind, name)?.is_empty() {
                    return Err(IamError::conflict(
                        "Cannot delete entity, must detach all policies first.",
                    ));
                }
                self.account.delete_owner(*kind, name)?;
                self.holders.remove(&(*kind, name.clone()));
            }
            HoldingCall::Rename(kind, before, after) => {
                self.account.rename_owner(*kind, before, after)?;
                let holder = self.holders.remove(&(*kind, before.clone()));
                let moved = holder.map(|holder| ((*kind, after.clone()), holder));
                self.holders.extend(moved);
                for holder in self.holders.values_mut() {
                    if *kind == OwnerKind::Group && holder.groups.remove(before) {
                        holder.groups.insert(after.clone());
                    }
                }
            }
            _ => {}
        }
        Ok(Value::Null)
    }

    fn change_policy(&mut self, call: &HoldingCall) -> Result<Value, IamError> {
        match call {
            HoldingCall::CreatePolicy(name, document) => {
                let arn = self.account.create_policy("/", name, document.as_str())?;
                return Ok(json!({"policy": {"arn": arn, "defaultVersionId": "v1"}}));
            }
            HoldingCall::DeletePolicy(arn) => {
                let mut all = self.holders.values();
                if all.any(|holder| holder.attached.contains(arn)) {
                    return Err(IamError::conflict(
                        "Cannot delete a policy attached to entities.",
                    ));
                }
                self.account.delete_policy(arn)?;
            }
            HoldingCall::Rewrite(arn, document) => {
                let number = self
                    .account
                    .create_policy_version(arn, document.as_str(), true)?;
                // One version is enough here, and it can be deleted with its policy.
                self.account.delete_policy_version(arn, number - 1)?;
            }
            _ => {}
        }
        Ok(Value::Null)
    }

    /// Attaching and adding again what is there succeed. Taking away what is not there does not.
    fn change_membership(&mut self, call: &HoldingCall) -> Result<Value, IamError> {
        match call {
            HoldingCall::Attach(kind, name, arn) => {
                if self.account.policy(arn).is_none() {
                    return Err(IamError::no_such(format_args!("Policy {arn}")));
                }
                self.held_mut(*kind, name)?.attached.insert(arn.clone());
            }
            HoldingCall::Detach(kind, name, arn) => {
                let was_there = self.held_mut(*kind, name)?.attached.remove(arn);
                was_taken(was_there, format_args!("Policy {arn}"))?;
            }
            HoldingCall::Join(user, group) => {
                self.held(OwnerKind::Group, group)?;
                self.held_mut(OwnerKind::User, user)?
                    .groups
                    .insert(group.clone());
            }
            HoldingCall::Leave(user, group) => {
                self.held(OwnerKind::Group, group)?;
                let was_there = self.held_mut(OwnerKind::User, user)?.groups.remove(group);
                was_taken(was_there, format_args!("The user {user} in {group}"))?;
            }
            _ => {}
        }
        Ok(Value::Null)
    }

    fn change_credentials(&mut self, call: &HoldingCall) -> Result<Value, IamError> {
        let created = self.account.now();
        let made = Key {
            created,
            is_active: true,
        };
        match call {
            HoldingCall::CreateAccessKey(user) => {
                if self.held(OwnerKind::User, user)?.keys.len() >= MAX_KEYS {
                    let message = format!("Cannot exceed quota for AccessKeysPerUser: {MAX_KEYS}");
                    return Err(IamError::limit(message));
                }
                let id = self.account.unique_id("AKIA");
                let keys = &mut self.held_mut(OwnerKind::User, user)?.keys;
                keys.insert(id.clone(), made);
                return Ok(json!({"accessKey": {"accessKeyId": id, "userName": user}}));
            }
            HoldingCall::CreateCredential(user) => {
                self.held(OwnerKind::User, user)?;
                let id = self.account.unique_id("ACCA");
                let credentials = &mut self.held_mut(OwnerKind::User, user)?.credentials;
                credentials.insert(id.clone(), made);
                return Ok(json!({
                    "serviceSpecificCredential": {"serviceSpecificCredentialId": id}
                }));
            }
            HoldingCall::UpdateAccessKey(user, id, is_active) => {
                let holder = self.held_mut(OwnerKind::User, user)?;
                known(&mut holder.keys, id)?.is_active = *is_active;
            }
            HoldingCall::UpdateCredential(user, id, is_active) => {
                let holder = self.held_mut(OwnerKind::User, user)?;
                known(&mut holder.credentials, id)?.is_active = *is_active;
            }
            HoldingCall::DeleteAccessKey(user, id) => {
                let holder = self.held_mut(OwnerKind::User, user)?;
                known(&mut holder.keys, id)?;
                holder.keys.remove(id);
            }
            HoldingCall::DeleteCredential(user, id) => {
                let holder = self.held_mut(OwnerKind::User, user)?;
                known(&mut holder.credentials, id)?;
                holder.credentials.remove(id);
            }
            HoldingCall::CreateLoginProfile(user) => {
                let password = &mut self.held_mut(OwnerKind::User, user)?.password;
                if password.is_some() {
                    return Err(IamError::exists(format_args!("Login Profile for {user}")));
                }
                *password = Some(created);
                return Ok(json!({"loginProfile": {"userName": user}}));
            }
            HoldingCall::DeleteLoginProfile(user) => {
                let password = &mut self.held_mut(OwnerKind::User, user)?.password;
                let was_there = password.take().is_some();
                was_taken(was_there, format_args!("Login Profile for {user}"))?;
            }
            _ => {}
        }
        Ok(Value::Null)
    }

    fn held(&self, kind: OwnerKind, name: &str) -> Result<&Holder, IamError> {
        self.holder(kind, name)
            .ok_or_else(|| IamError::no_such(format_args!("The {kind} with name {name}")))
    }

    fn held_mut(&mut self, kind: OwnerKind, name: &str) -> Result<&mut Holder, IamError> {
        self.holders
            .get_mut(&(kind, name.to_owned()))
            .ok_or_else(|| IamError::no_such(format_args!("The {kind} with name {name}")))
    }
}

fn was_taken(was_there: bool, what: fmt::Arguments<'_>) -> Result<(), IamError> {
    match was_there {
        true => Ok(()),
        false => Err(IamError::no_such(what)),
    }
}

fn known<'k>(keys: &'k mut BTreeMap<String, Key>, id: &str) -> Result<&'k mut Key, IamError> {
    keys.get_mut(id)
        .ok_or_else(|| IamError::no_such(format_args!("The key with id {id}")))
}
