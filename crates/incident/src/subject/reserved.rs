//! What IAM lets no caller change, by its path.

use serde::{Deserialize, Serialize};

/// Who alone can change something that IAM protects (IAM User Guide, "Service-linked roles"; IAM
/// Identity Center User Guide, "Permission sets").
///
/// IAM refuses these paths to callers. The path always comes from an answer of IAM: a record can
/// name any path, and a caller can choose a name that looks like one of these roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reserved {
    /// IAM Identity Center, which writes the roles of its permission sets.
    IdentityCenter,
    /// The service that a service-linked role belongs to.
    Service,
}

impl Reserved {
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        if path.starts_with("/aws-reserved/") {
            Some(Self::IdentityCenter)
        } else if path.starts_with("/aws-service-role/") {
            Some(Self::Service)
        } else {
            None
        }
    }

    /// Whether the name of a role looks like one that only its path can prove.
    #[must_use]
    pub fn is_likely(role: &str) -> bool {
        let is_prefix = |prefix: &str| {
            role.get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        is_prefix("AWSReservedSSO_") || is_prefix("AWSServiceRoleFor")
    }
}
