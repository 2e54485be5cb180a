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
            WatchedCall::AcquireRole => ReportedCall::AcquiredRole {
                role: self
                    .answered_name(&["role", "roleName"])?
                    .ok_or_else(|| missing("responseElements.role.roleName"))?,
            },
            WatchedCall::AddRoleToInstanceProfile => ReportedCall::InstanceProfile {
                role: name("roleName")?,
                profile: name("instanceProfileName")?,
            },
            WatchedCall::CreateAccessKey
            | WatchedCall::UpdateAccessKey
            | WatchedCall::CreateLoginProfile
            | WatchedCall::UpdateLoginProfile
            | WatchedCall::CreateServiceSpecificCredential
            | WatchedCall::ResetServiceSpecificCredential
            | WatchedCall::UpdateServiceSpecificCredential
            | WatchedCall::UploadSSHPublicKey
            | WatchedCall::UpdateSSHPublicKey
            | WatchedCall::UploadSigningCertificate
            | WatchedCall::UpdateSigningCertificate
            | WatchedCall::DeactivateMFADevice => {
                self.credentials(actor, self.credentials_named()?, missing)?
            }
            WatchedCall::CreateSAMLProvider
            | WatchedCall::UpdateSAMLProvider
            | WatchedCall::CreateOpenIDConnectProvider
            | WatchedCall::AddClientIDToOpenIDConnectProvider
            | WatchedCall::UpdateOpenIDConnectProviderThumbprint
            | WatchedCall::AcceptDelegationRequest
            | WatchedCall::PutAccountProperties
            | WatchedCall::EnableOutboundWebIdentityFederation
            | WatchedCall::EnableOrganizationsRootCredentialsManagement
            | WatchedCall::EnableOrganizationsRootSessions => ReportedCall::Rare {
                call: self.event_name,
                named: self.rare()?,
            },
            WatchedCall::UpdateUser => renamed(OwnerKind::User, "newUserName")?,
            WatchedCall::UpdateGroup => renamed(OwnerKind::Group, "newGroupName")?,
        }))
    }

    /// The provider or the request that a rare call names.
    fn rare(&self) -> Result<Option<String>, RecordError> {
        for key in [
            "sAMLProviderArn",
            "openIDConnectProviderArn",
            "delegationRequestId",
            "url",
            "name",
        ] {
            if let Some(named) = self.request(key)? {
                return Ok(Some(named));
            }
        }
        Ok(None)
    }

    /// The credentials of a call, with their identifier.
    fn credentials_named(&self) -> Result<Credentials, RecordError> {
        let answered = |part, key: &str| match self.request(key)? {
            None => self.response(&[part, key]),
            named => Ok(named),
        };
        let active = self
            .request("status")?
            .is_none_or(|status| status == "Active");
        if !active {
            return Err(self.problem("`requestParameters.status` is not `Active`"));
        }
        Ok(match self.event_name {
            WatchedCall::CreateAccessKey => {
                Credentials::AccessKey(self.response(&["accessKey", "accessKeyId"])?)
            }
            WatchedCall::UpdateAccessKey => Credentials::ActivatedKey(self.request("accessKeyId")?),
            WatchedCall::CreateServiceSpecificCredential
            | WatchedCall::ResetServiceSpecificCredential
            | WatchedCall::UpdateServiceSpecificCredential => Credentials::ServiceSpecific(
                answered("serviceSpecificCredential", "serviceSpecificCredentialId")?,
            ),
            WatchedCall::UploadSSHPublicKey | WatchedCall::UpdateSSHPublicKey => {
                Credentials::SshKey(answered("sSHPublicKey", "sSHPublicKeyId")?)
            }
            WatchedCall::UploadSigningCertificate | WatchedCall::UpdateSigningCertificate => {
                Credentials::SigningCertificate(answered("certificate", "certificateId")?)
            }
            WatchedCall::DeactivateMFADevice => {
                Credentials::WithoutMfa(self.request("serialNumber")?)
            }
            _ => Credentials::Password,
        })
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
