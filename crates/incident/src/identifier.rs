//! Identifiers that AWS assigns. Each type checks its text once, where it comes in.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::arn::{self, Arn};

/// A text is not the identifier that it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    #[error("`{0}` is not the ARN of a managed policy")]
    PolicyArn(String),
    #[error("`{0}` is not a policy version such as `v1`")]
    VersionId(String),
    #[error("`{0}` is not the ARN of a Step Functions execution")]
    ExecutionArn(String),
}

macro_rules! text_identifier {
    ($name:ident) => {
        impl $name {
            /// The identifier as AWS writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdentifierError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(identifier: $name) -> Self {
                identifier.0
            }
        }
    };
}

/// The ARN of a managed policy, path included.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PolicyArn(String);

text_identifier!(PolicyArn);

impl PolicyArn {
    /// Reads `arn:PARTITION:iam::ACCOUNT:policy/PATH/NAME`.
    ///
    /// # Errors
    ///
    /// [`IdentifierError::PolicyArn`] with the text.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let is_policy = |arn: &Arn<'_>| {
            let name = arn.resource.strip_prefix("policy/");
            arn.service == "iam"
                && arn.region.is_empty()
                && !arn.partition.is_empty()
                && !arn.account.is_empty()
                && name.is_some_and(|name| !name.is_empty() && !name.ends_with('/'))
                && arn::is_plain(text)
        };
        match Arn::split(text).filter(is_policy) {
            Some(_) => Ok(Self(text.to_owned())),
            None => Err(IdentifierError::PolicyArn(text.to_owned())),
        }
    }

    /// Whether both name the same policy. IAM accepts an ARN in any letter case.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }

    /// The policy's name without its path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The partition, such as `aws` or `aws-cn`.
    #[must_use]
    pub fn partition(&self) -> &str {
        Arn::split(&self.0).map_or("aws", |arn| arn.partition)
    }

    /// Whether AWS owns the policy, so that no principal of the account can change it.
    #[must_use]
    pub fn is_aws_managed(&self) -> bool {
        Arn::split(&self.0).is_some_and(|arn| arn.account == "aws")
    }
}

/// The identifier of a version of a managed policy, such as `v3`.
///
/// IAM counts versions up and never reuses a number (IAM User Guide, "Versioning IAM policies").
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VersionId(String);

text_identifier!(VersionId);

impl VersionId {
    /// Reads `v` and a number without leading zeros, with an optional suffix behind a dot.
    ///
    /// # Errors
    ///
    /// [`IdentifierError::VersionId`] with the text.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let refused = || IdentifierError::VersionId(text.to_owned());
        let rest = text.strip_prefix('v').ok_or_else(refused)?;
        let (number, suffix) = rest.split_once('.').unwrap_or((rest, ""));
        let digits =
            !number.starts_with('0') && number.parse::<u64>().is_ok() && !number.starts_with('+');
        let plain = suffix
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-');
        if digits && plain {
            Ok(Self(text.to_owned()))
        } else {
            Err(refused())
        }
    }

    /// The number, which orders versions by time.
    #[must_use]
    pub fn number(&self) -> u64 {
        let rest = self.0.trim_start_matches('v');
        let number = rest.split('.').next().unwrap_or(rest);
        number.parse().unwrap_or(u64::MAX)
    }
}

/// The ARN of an execution of the state machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ExecutionArn(String);

text_identifier!(ExecutionArn);

impl ExecutionArn {
    /// Reads `arn:PARTITION:states:REGION:ACCOUNT:execution:MACHINE:NAME`.
    ///
    /// # Errors
    ///
    /// [`IdentifierError::ExecutionArn`] with the text.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let is_execution = |arn: &Arn<'_>| {
            let resource: Vec<&str> = arn.resource.split(':').collect();
            let ["execution", machine, name] = resource.as_slice() else {
                return false;
            };
            let parts = [arn.partition, arn.region, arn.account, machine, name];
            arn.service == "states"
                && parts.iter().all(|part| !part.is_empty())
                && arn::is_plain(text)
        };
        match Arn::split(text).filter(is_execution) {
            Some(_) => Ok(Self(text.to_owned())),
            None => Err(IdentifierError::ExecutionArn(text.to_owned())),
        }
    }

    /// The execution with this name of a state machine.
    ///
    /// # Errors
    ///
    /// [`IdentifierError::ExecutionArn`] if the two do not form an ARN.
    pub fn of(state_machine_arn: &str, name: &str) -> Result<Self, IdentifierError> {
        let machine = state_machine_arn.replacen(":stateMachine:", ":execution:", 1);
        Self::parse(&format!("{machine}:{name}"))
    }

    /// Its name, unique within the state machine.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit(':').next().unwrap_or_default()
    }

    #[must_use]
    pub fn region(&self) -> &str {
        Arn::split(&self.0).map_or("", |arn| arn.region)
    }

    /// The partition, such as `aws` or `aws-cn`.
    #[must_use]
    pub fn partition(&self) -> &str {
        Arn::split(&self.0).map_or("aws", |arn| arn.partition)
    }

    /// The ARN of the state machine that the execution belongs to.
    #[must_use]
    pub fn state_machine_arn(&self) -> String {
        let machine = Arn::split(&self.0).and_then(|arn| {
            let machine = arn.resource.split(':').nth(1)?;
            let (partition, region, account) = (arn.partition, arn.region, arn.account);
            Some(format!(
                "arn:{partition}:states:{region}:{account}:stateMachine:{machine}"
            ))
        });
        machine.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_arns() {
        let arn = PolicyArn::parse("arn:aws-cn:iam::111122223333:policy/teams/data/full").unwrap();
        assert_eq!((arn.name(), arn.partition()), ("full", "aws-cn"));
        assert!(!arn.is_aws_managed());
        assert!(
            PolicyArn::parse("arn:aws:iam::aws:policy/ReadOnlyAccess")
                .unwrap()
                .is_aws_managed()
        );
        for text in [
            "",
            "arn:aws:iam::111122223333:role/a",
            "arn:aws:iam::111122223333:policy/",
            "arn:aws:iam:us-east-1:111122223333:policy/a",
            "arn:aws:iam::111122223333:policy/a b",
            "arn:aws:iam::111122223333:policy/a\nb",
        ] {
            assert!(PolicyArn::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn version_ids() {
        assert_eq!(VersionId::parse("v12").unwrap().number(), 12);
        assert_eq!(VersionId::parse("v2.a-b").unwrap().number(), 2);
        for text in [
            "", "v", "v0", "v01", "12", "V1", "v1x", "v+1", "v-1", "v1.a b",
        ] {
            assert!(VersionId::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_arn_names_one_policy_in_any_letter_case() {
        let parse = |text| PolicyArn::parse(text).unwrap();
        let listed = parse("arn:aws:iam::aws:policy/AdministratorAccess");
        assert!(listed.is_same(&parse("arn:aws:iam::aws:policy/administratoraccess")));
        assert!(!listed.is_same(&parse("arn:aws:iam::aws:policy/AdministratorAccess2")));
    }

    #[test]
    fn execution_arns() {
        let arn = "arn:aws:states:us-east-1:111122223333:execution:machine:0a1b";
        let parsed = ExecutionArn::parse(arn).unwrap();
        assert_eq!(parsed.region(), "us-east-1");
        assert_eq!(
            parsed.state_machine_arn(),
            "arn:aws:states:us-east-1:111122223333:stateMachine:machine"
        );
        for text in [
            "",
            "arn:aws:states:us-east-1:1:stateMachine:m",
            "arn:aws:states:::execution:m:n",
        ] {
            assert!(ExecutionArn::parse(text).is_err(), "{text:?}");
        }
    }
}
