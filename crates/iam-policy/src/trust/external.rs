//! The external principals of a trust policy.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::account::AccountId;
use super::limits::Organization;
use crate::message::Short;
use crate::message::{is_zero, write_place};

/// A principal outside the zone of trust that a statement of a trust policy allows to assume the
/// role.
///
/// Displayed, it is one sentence without a full stop. Statements count from 1 there and from 0 in
/// the field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExternalPrincipal {
    /// The index of the statement, counted from 0; none for a policy that cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<usize>,
    /// The statement's `Sid`, if it has one that is not empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The principal.
    pub who: Who,
    /// The condition keys that narrow the principal further than `who` does, at most
    /// [`ExternalPrincipal::MAX_CONDITIONS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
    /// How many more such keys there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_conditions: usize,
}

/// The principals that a statement allows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[non_exhaustive]
pub enum Who {
    /// Every caller of every account.
    Everybody,
    /// Every caller that a `NotPrincipal` does not name.
    EverybodyElse,
    /// Every identity of a provider that all its customers share, such as GitHub's.
    EverybodyAt {
        /// The issuer, without the scheme.
        provider: String,
    },
    /// Every person or machine that a service lets in, whom the IAM of the account does not name.
    EverybodyBy {
        /// The service.
        service: String,
    },
    /// The accounts of the organization of the role's account.
    OwnOrganization,
    /// The accounts of an organization.
    Organization {
        /// Its id.
        id: String,
    },
    /// An account, and every principal in it that its administrators allow.
    Account {
        /// Its id.
        account: String,
    },
    /// A role, a user or a session of another account.
    Principal {
        /// Its ARN, or a pattern of ARNs.
        arn: String,
    },
    /// Every identity of an identity provider in another account.
    Provider {
        /// The provider's ARN.
        arn: String,
    },
    /// An unknown principal: its kind has no documented meaning in a trust policy, or it is the id
    /// of a principal that was deleted.
    Unclear {
        /// Its key, such as `AWS`.
        element: String,
        /// The principal.
        principal: String,
    },
    /// Unknown principals: the policy cannot be read.
    Unreadable {
        /// What is wrong with it, where, and what it must be.
        reason: String,
    },
}

impl Who {
    pub(super) fn account(account: AccountId) -> Who {
        let account = account.to_string();
        Who::Account { account }
    }

    pub(super) fn principal(arn: &str) -> Who {
        let arn = Short(arn).to_string();
        Who::Principal { arn }
    }

    pub(super) fn provider(arn: &str) -> Who {
        let arn = Short(arn).to_string();
        Who::Provider { arn }
    }

    pub(super) fn organization(organization: &Organization) -> Who {
        match organization {
            Organization::Own => Who::OwnOrganization,
            Organization::Id(id) => Who::Organization {
                id: Short(id).to_string(),
            },
        }
    }

    pub(super) fn unclear(element: &str, principal: &str) -> Who {
        Who::Unclear {
            element: Short(element).to_string(),
            principal: Short(principal).to_string(),
        }
    }

    /// The rank for truncation: the greater, the earlier it is left out.
    pub(super) fn narrowness(&self) -> u8 {
        match self {
            Who::Everybody | Who::EverybodyElse | Who::Unreadable { .. } => 0,
            Who::EverybodyAt { .. } | Who::EverybodyBy { .. } => 1,
            Who::OwnOrganization | Who::Organization { .. } => 2,
            _ => 3,
        }
    }
}

impl ExternalPrincipal {
    /// How many condition keys are named at most.
    pub const MAX_CONDITIONS: usize = 3;
}

impl fmt::Display for ExternalPrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(statement) = self.statement {
            write_place(f, statement, self.sid.as_deref())?;
        }
        self.who.fmt(f)?;
        for (at, key) in self.conditions.iter().enumerate() {
            let lead = if at == 0 {
                ", under a condition on "
            } else {
                ", "
            };
            write!(f, "{lead}`{key}`")?;
        }
        match self.more_conditions {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// A sentence that names the principals.
impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Who::Everybody => f.write_str("everybody in every AWS account may assume the role"),
            Who::EverybodyElse => {
                f.write_str("every principal that `NotPrincipal` does not name may assume the role")
            }
            Who::EverybodyAt { provider } => write!(
                f,
                "everybody who has an identity at `{provider}` may assume the role, because no condition says whose \
                 identity it must be"
            ),
            Who::EverybodyBy { service } => write!(
                f,
                "everybody whom `{service}` lets in may assume the role, because no condition says by what or for whom"
            ),
            Who::OwnOrganization => {
                f.write_str("every account of the role's own organization may assume the role")
            }
            Who::Organization { id } => {
                write!(
                    f,
                    "every account of the organization `{id}` may assume the role"
                )
            }
            Who::Account { account } => write!(f, "the account `{account}` may assume the role"),
            Who::Principal { arn } => write!(f, "`{arn}` may assume the role"),
            Who::Provider { arn } => write!(
                f,
                "every identity of the provider `{arn}` in another account may assume the role"
            ),
            Who::Unclear { element, principal } => write!(
                f,
                "`{principal}` under `{element}` may stand for any principal, because it does not identify an account"
            ),
            Who::Unreadable { reason } => write!(
                f,
                "the trust policy cannot be read, so any principal may assume the role: {reason}"
            ),
        }
    }
}
