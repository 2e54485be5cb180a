//! Who may come in from outside.

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

/// Whom a statement lets in.
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
    /// Every caller whom a `NotPrincipal` does not name.
    EverybodyElse,
    /// Everybody who has an identity at a provider that has no owner, such as GitHub.
    EverybodyAt {
        /// The issuer, without the scheme.
        provider: String,
    },
    /// The accounts of the organization that the role's account is in.
    OwnOrganization,
    /// The accounts of an organization.
    Organization {
        /// Its id.
        id: String,
    },
    /// An account: whoever in it its own administrators let.
    Account {
        /// Its id.
        account: String,
    },
    /// A role, a user or a session of another account.
    Principal {
        /// Its ARN, or a pattern of such.
        arn: String,
    },
    /// Whoever an identity provider of another account knows.
    Provider {
        /// The provider's ARN.
        arn: String,
    },
    /// Nobody knows whom: the principal is of a kind of which no page says what it means here, or
    /// is an id that is left of one that was deleted.
    Unclear {
        /// The key under which it stands, such as `AWS`.
        element: String,
        /// The principal.
        principal: String,
    },
    /// Nobody knows whom: the policy cannot be read.
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

    /// The greater, the sooner it is left out of a list that is too long.
    pub(super) fn narrowness(&self) -> u8 {
        match self {
            Who::Everybody | Who::EverybodyElse | Who::Unreadable { .. } => 0,
            Who::EverybodyAt { .. } => 1,
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

/// A sentence that says who may come in.
impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Who::Everybody => f.write_str("everybody in every AWS account may assume the role"),
            Who::EverybodyElse => {
                f.write_str("everybody whom `NotPrincipal` does not name may assume the role")
            }
            Who::EverybodyAt { provider } => write!(
                f,
                "everybody who has an identity at `{provider}` may assume the role, because no condition says whose \
                 identity it must be"
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
                "whoever the identity provider `{arn}` of another account knows may assume the role"
            ),
            Who::Unclear { element, principal } => write!(
                f,
                "`{principal}` under `{element}` may let in anybody, because it does not tell whose principal it is"
            ),
            Who::Unreadable { reason } => write!(
                f,
                "the trust policy cannot be read, so it may let in anybody: {reason}"
            ),
        }
    }
}
