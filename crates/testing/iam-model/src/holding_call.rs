//! The calls that change who holds what, as CloudTrail records them.

use serde_json::{Value, json};

use crate::{Account, OwnerKind};

/// A call that changes who holds what. Owners, policies and groups are meant by their names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HoldingCall {
    CreateOwner(OwnerKind, String),
    DeleteOwner(OwnerKind, String),
    /// `UpdateUser` or `UpdateGroup` with a new name.
    Rename(OwnerKind, String, String),
    /// A policy of this name, with this document.
    CreatePolicy(String, String),
    DeletePolicy(String),
    /// `CreatePolicyVersion`, as the default version.
    Rewrite(String, String),
    Attach(OwnerKind, String, String),
    Detach(OwnerKind, String, String),
    /// `AddUserToGroup`: the user, and the group.
    Join(String, String),
    /// `RemoveUserFromGroup`.
    Leave(String, String),
    CreateAccessKey(String),
    UpdateAccessKey(String, String, bool),
    DeleteAccessKey(String, String),
    CreateCredential(String),
    UpdateCredential(String, String, bool),
    DeleteCredential(String, String),
    CreateLoginProfile(String),
    DeleteLoginProfile(String),
}

impl HoldingCall {
    /// The name of the operation, and its parameters as a record has them.
    pub(crate) fn recorded(&self, account: &Account) -> (String, Value) {
        let status = |is_active: &bool| if *is_active { "Active" } else { "Inactive" };
        let name = |kind: &OwnerKind| format!("{}Name", kind.as_str().to_lowercase());
        match self {
            Self::CreateOwner(kind, owner) => (
                format!("Create{}", kind.as_str()),
                json!({name(kind): owner}),
            ),
            Self::DeleteOwner(kind, owner) => (
                format!("Delete{}", kind.as_str()),
                json!({name(kind): owner}),
            ),
            Self::Rename(kind, before, after) => {
                let new = format!("new{}Name", kind.as_str());
                (
                    format!("Update{}", kind.as_str()),
                    json!({name(kind): before, new: after}),
                )
            }
            Self::CreatePolicy(policy, document) => (
                "CreatePolicy".to_owned(),
                json!({"policyName": policy, "policyDocument": document}),
            ),
            Self::DeletePolicy(arn) => ("DeletePolicy".to_owned(), json!({"policyArn": arn})),
            Self::Rewrite(arn, document) => {
                let number = account.policy(arn).map_or(1, |policy| policy.default);
                (
                    "CreatePolicyVersion".to_owned(),
                    json!({
                        "policyArn": arn, "policyDocument": document, "setAsDefault": true,
                        "versionId": format!("v{number}"),
                    }),
                )
            }
            Self::Attach(kind, owner, arn) => (
                format!("Attach{}Policy", kind.as_str()),
                json!({name(kind): owner, "policyArn": arn}),
            ),
            Self::Detach(kind, owner, arn) => (
                format!("Detach{}Policy", kind.as_str()),
                json!({name(kind): owner, "policyArn": arn}),
            ),
            Self::Join(user, group) => {
                let request = json!({"userName": user, "groupName": group});
                ("AddUserToGroup".to_owned(), request)
            }
            Self::Leave(user, group) => {
                let request = json!({"userName": user, "groupName": group});
                ("RemoveUserFromGroup".to_owned(), request)
            }
            Self::CreateAccessKey(user) => {
                ("CreateAccessKey".to_owned(), json!({"userName": user}))
            }
            Self::UpdateAccessKey(user, id, is_active) => (
                "UpdateAccessKey".to_owned(),
                json!({"userName": user, "accessKeyId": id, "status": status(is_active)}),
            ),
            Self::DeleteAccessKey(user, id) => (
                "DeleteAccessKey".to_owned(),
                json!({"userName": user, "accessKeyId": id}),
            ),
            Self::CreateCredential(user) => (
                "CreateServiceSpecificCredential".to_owned(),
                json!({"userName": user, "serviceName": "codecommit.amazonaws.com"}),
            ),
            Self::UpdateCredential(user, id, is_active) => (
                "UpdateServiceSpecificCredential".to_owned(),
                json!({
                    "userName": user, "serviceSpecificCredentialId": id,
                    "status": status(is_active),
                }),
            ),
            Self::DeleteCredential(user, id) => (
                "DeleteServiceSpecificCredential".to_owned(),
                json!({"userName": user, "serviceSpecificCredentialId": id}),
            ),
            Self::CreateLoginProfile(user) => {
                ("CreateLoginProfile".to_owned(), json!({"userName": user}))
            }
            Self::DeleteLoginProfile(user) => {
                ("DeleteLoginProfile".to_owned(), json!({"userName": user}))
            }
        }
    }
}
