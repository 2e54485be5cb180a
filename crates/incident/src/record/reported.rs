//! The records of calls that the guard reports and does not revert.

use super::RecordError;
use super::members::Members;
use crate::subject::{Credentials, Owner, ReportedCall};
use crate::{Actor, OwnerKind, PolicyArn, WatchedCall};

impl Members<'_> {
    /// What the call did; `None` for a call that writes a policy document.
    pub(super) fn reported_call(
        &self,
        actor: &Actor,
        missing: impl Fn(&str) -> RecordError,
    ) -> Result<Option<ReportedCall>, RecordError> {
        let name = |key: &str| {
            let name = self.name(key)?;
            name.ok_or_else(|| missing(&format!("requestParameters.{key}")))
        };
        let owner = |kind: OwnerKind| {
            let name = name(match kind {
                OwnerKind::Role => "roleName",
                OwnerKind::User => "userName",
                OwnerKind::Group => "groupName",
            })?;
            Ok::<_, RecordError>(Owner { kind, name })
        };
        let policy = |key: &str| {
            let arn = self.request(key)?;
            let arn = arn.map(|arn| self.identifier(PolicyArn::parse(&arn)));
            arn.transpose()
        };
        let attached = |kind| {
            let policy = policy("policyArn")?;
            let policy = policy.ok_or_else(|| missing("requestParameters.policyArn"))?;
            Ok::<_, RecordError>((owner(kind)?, policy))
        };
        let renamed = |kind: OwnerKind, key: &str| {
            let before = owner(kind)?.name;
            Ok::<_, RecordError>(ReportedCall::Renaming {
                owner: Owner {
                    kind,
                    name: name(key)?,
                },
                before,
            })
        };
        Ok(Some(match self.event_name {
            WatchedCall::CreatePolicy
            | WatchedCall::CreatePolicyVersion
            | WatchedCall::SetDefaultPolicyVersion
            | WatchedCall::PutRolePolicy
            | WatchedCall::PutUserPolicy
            | WatchedCall::PutGroupPolicy => return Ok(None),
            WatchedCall::AttachRolePolicy => attachment(attached(OwnerKind::Role)?),
            WatchedCall::AttachUserPolicy => attachment(attached(OwnerKind::User)?),
            WatchedCall::AttachGroupPolicy => attachment(attached(OwnerKind::Group)?),
            WatchedCall::DetachRolePolicy => detachment(attached(OwnerKind::Role)?),
            WatchedCall::DetachUserPolicy => detachment(attached(OwnerKind::User)?),
            WatchedCall::DetachGroupPolicy => detachment(attached(OwnerKind::Group)?),
            WatchedCall::AddUserToGroup => ReportedCall::AddedToGroup {
                user: name("userName")?,
                group: name("groupName")?,
            },
            WatchedCall::RemoveUserFromGroup => ReportedCall::RemovedFromGroup {
                user: name("userName")?,
                group: name("groupName")?,
            },
            WatchedCall::PutRolePermissionsBoundary => ReportedCall::Boundary {
                owner: owner(OwnerKind::Role)?,
                boundary: policy("permissionsBoundary")?,
            },
            WatchedCall::PutUserPermissionsBoundary => ReportedCall::Boundary {
                owner: owner(OwnerKind::User)?,
                boundary: policy("permissionsBoundary")?,
            },
            WatchedCall::DeleteRolePermissionsBoundary => ReportedCall::Boundary {
                owner: owner(OwnerKind::Role)?,
                boundary: None,
            },
            WatchedCall::DeleteUserPermissionsBoundary => ReportedCall::Boundary {
                owner: owner(OwnerKind::User)?,
                boundary: None,
            },
            WatchedCall::UpdateAssumeRolePolicy => ReportedCall::Trust {
                role: name("roleName")?,
                is_new: false,
            },
            WatchedCall::CreateRole => ReportedCall::Trust {
                // If the request is too long for CloudTrail, the answer still names the role.
                role: match self.name("roleName")? {
                    Some(name) => name,
                    None => self
                        .answered_name(&["role", "roleName"])?
                        .ok_or_else(|| missing("requestParameters.roleName"))?,
                },
                is_new: true,
            },
            WatchedCall::CreateAccessKey => {
                let key = self.response(&["accessKey", "accessKeyId"])?;
                self.credentials(actor, Credentials::AccessKey(key), missing)?
            }
            WatchedCall::CreateLoginProfile | WatchedCall::UpdateLoginProfile => {
                self.credentials(actor, Credentials::Password, missing)?
            }
            WatchedCall::UpdateUser => renamed(OwnerKind::User, "newUserName")?,
            WatchedCall::UpdateGroup => renamed(OwnerKind::Group, "newGroupName")?,
        }))
    }

    fn credentials(
        &self,
        actor: &Actor,
        credentials: Credentials,
        missing: impl Fn(&str) -> RecordError,
    ) -> Result<ReportedCall, RecordError> {
        if actor.is_root() && self.request("userName")?.is_none() && !self.omitted() {
            return Ok(ReportedCall::RootCredentials { credentials });
        }
        let caller = actor.user();
        let (user, is_own) = match (self.name("userName")?, caller) {
            (Some(user), _) => {
                let is_own = caller.is_some_and(|caller| caller.eq_ignore_ascii_case(&user));
                (user, is_own)
            }
            // Without `userName`, IAM takes the user that makes the call.
            (None, Some(caller)) => (caller.to_owned(), true),
            (None, None) => return Err(missing("requestParameters.userName")),
        };
        let makes = matches!(
            self.event_name,
            WatchedCall::CreateAccessKey | WatchedCall::CreateLoginProfile
        );
        Ok(ReportedCall::Credentials {
            user,
            credentials,
            is_own,
            by_key: is_own && makes && !self.from_console,
        })
    }
}

fn attachment((owner, policy): (Owner, PolicyArn)) -> ReportedCall {
    ReportedCall::Attachment { owner, policy }
}

fn detachment((owner, policy): (Owner, PolicyArn)) -> ReportedCall {
    ReportedCall::Detachment { owner, policy }
}
