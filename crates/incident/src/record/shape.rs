//! The members of a record that the guard reads, as CloudTrail writes them.

use serde::Deserialize;
use serde_json::Value;

use crate::actor::{Actor, OnBehalfOf};

#[derive(Deserialize)]
pub(super) struct Envelope {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) detail: Detail,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Detail {
    #[serde(default)]
    pub(super) user_identity: UserIdentity,
    pub(super) event_time: String,
    #[serde(default)]
    pub(super) event_source: String,
    pub(super) event_name: String,
    #[serde(rename = "sourceIPAddress", default)]
    pub(super) source_ip_address: Option<String>,
    #[serde(default)]
    pub(super) user_agent: Option<String>,
    #[serde(default)]
    pub(super) error_code: Option<String>,
    #[serde(default)]
    pub(super) request_parameters: Value,
    #[serde(default)]
    pub(super) response_elements: Value,
    #[serde(rename = "eventID")]
    pub(super) event_id: String,
    #[serde(default)]
    pub(super) session_credential_from_console: Value,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct UserIdentity {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) arn: Option<String>,
    pub(super) account_id: Option<String>,
    pub(super) user_name: Option<String>,
    pub(super) invoked_by: Option<String>,
    pub(super) session_context: Option<SessionContext>,
    pub(super) on_behalf_of: Option<OnBehalfOf>,
    pub(super) invoked_by_delegate: Option<Delegate>,
}

/// The provider of a product that acts by a temporary delegation.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Delegate {
    pub(super) account_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SessionContext {
    pub(super) session_issuer: Option<SessionIssuer>,
    pub(super) source_identity: Option<String>,
}

/// The root user has an empty one.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SessionIssuer {
    pub(super) arn: Option<String>,
}

impl From<UserIdentity> for Actor {
    fn from(identity: UserIdentity) -> Self {
        let kind = identity.kind.unwrap_or_default();
        let session = identity.session_context.unwrap_or_default();
        let last_of_arn = identity
            .arn
            .as_deref()
            .and_then(|arn| arn.rsplit(['/', ':']).next())
            .filter(|name| !name.is_empty())
            .map(str::to_owned);
        let name = identity
            .user_name
            .or(last_of_arn)
            .or_else(|| identity.invoked_by.clone())
            .unwrap_or_else(|| {
                if kind.is_empty() {
                    "someone unknown".to_owned()
                } else {
                    kind.clone()
                }
            });
        Self {
            kind,
            name,
            arn: identity.arn,
            issuer_arn: session.session_issuer.and_then(|issuer| issuer.arn),
            account: identity.account_id,
            invoked_by: identity.invoked_by,
            source_identity: session.source_identity,
            delegate: identity.invoked_by_delegate.and_then(|it| it.account_id),
            on_behalf_of: identity.on_behalf_of,
        }
    }
}
