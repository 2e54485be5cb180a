use std::sync::Arc;

use iam_policy::{Quota, quota_size};

use crate::{Account, IamError};

/// How many versions a managed policy can have.
pub const MAX_VERSIONS: usize = 5;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    /// The `PolicyId`. A policy that is created again has another.
    pub id: String,
    pub created: i64,
    /// The number of the version in force.
    pub default: u32,
    /// Its versions, oldest first.
    pub versions: Vec<PolicyVersion>,
    /// The highest number so far. IAM does not use a number again.
    last: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PolicyVersion {
    /// The number behind the `v`.
    pub number: u32,
    pub created: i64,
    /// The text as it was written.
    pub document: Arc<str>,
}

/// How the ARN of a policy begins that belongs to AWS.
const AWS_MANAGED: &str = "arn:aws:iam::aws:policy/";

pub(crate) fn is_aws_managed(arn: &str) -> bool {
    arn.starts_with(AWS_MANAGED)
}

impl Policy {
    #[must_use]
    pub fn version(&self, number: u32) -> Option<&PolicyVersion> {
        self.versions
            .iter()
            .find(|version| version.number == number)
    }

    #[must_use]
    pub fn in_force(&self) -> &str {
        self.version(self.default)
            .map_or("", |version| &version.document)
    }

    fn add(&mut self, created: i64, document: Arc<str>) -> u32 {
        self.last += 1;
        self.versions.push(PolicyVersion {
            number: self.last,
            created,
            document,
        });
        self.last
    }
}

impl Account {
    /// The ARN of a policy; `path` begins and ends with `/`.
    #[must_use]
    pub fn arn(&self, path: &str, name: &str) -> String {
        format!("arn:aws:iam::{}:policy{path}{name}", self.id())
    }

    #[must_use]
    pub fn policy(&self, arn: &str) -> Option<&Policy> {
        self.policies.get(arn)
    }

    fn policy_mut(&mut self, arn: &str) -> Result<&mut Policy, IamError> {
        self.policies
            .get_mut(arn)
            .ok_or_else(|| IamError::no_such(format_args!("Policy {arn}")))
    }

    /// `CreatePolicy`: answers with the ARN.
    ///
    /// # Errors
    ///
    /// As IAM: the name is taken in any letter case, or the document is not accepted.
    pub fn create_policy(
        &mut self,
        path: &str,
        name: &str,
        document: impl Into<Arc<str>>,
    ) -> Result<String, IamError> {
        let document = self.managed_document(document)?;
        let arn = self.arn(path, name);
        let mut own = self.policies.keys().filter(|arn| !is_aws_managed(arn));
        let is_taken = own.any(|known| {
            let known = known.rsplit('/').next().unwrap_or(known);
            known.eq_ignore_ascii_case(name)
        });
        if is_taken {
            return Err(IamError::exists(format_args!("A policy called {name}")));
        }
        let created = self.now();
        let mut policy = Policy {
            id: self.unique_id("ANPA"),
            created,
            default: 1,
            versions: Vec::new(),
            last: 0,
        };
        policy.add(created, document);
        self.policies.insert(arn.clone(), policy);
        Ok(arn)
    }

    /// Publishes a policy of AWS's own, and answers with its ARN.
    ///
    /// # Errors
    ///
    /// As IAM: the document is not accepted.
    pub fn publish_policy(
        &mut self,
        name: &str,
        document: impl Into<Arc<str>>,
    ) -> Result<String, IamError> {
        let document = self.managed_document(document)?;
        let arn = format!("{AWS_MANAGED}{name}");
        let mut policy = Policy {
            id: self.unique_id("ANPA"),
            created: self.now(),
            default: 1,
            versions: Vec::new(),
            last: 0,
        };
        policy.add(policy.created, document);
        self.policies.insert(arn.clone(), policy);
        Ok(arn)
    }

    /// `CreatePolicyVersion`: answers with the number.
    ///
    /// # Errors
    ///
    /// As IAM: no such policy, five versions, or a document that is not accepted.
    pub fn create_policy_version(
        &mut self,
        arn: &str,
        document: impl Into<Arc<str>>,
        as_default: bool,
    ) -> Result<u32, IamError> {
        let document = self.managed_document(document)?;
        let created = self.now();
        let policy = self.policy_mut(arn)?;
        if policy.versions.len() >= MAX_VERSIONS {
            return Err(IamError::limit(format!(
                "A managed policy can have up to {MAX_VERSIONS} versions. Before you create a new version, you must delete an existing version."
            )));
        }
        let number = policy.add(created, document);
        if as_default {
            policy.default = number;
        }
        Ok(number)
    }

    /// `SetDefaultPolicyVersion`.
    ///
    /// # Errors
    ///
    /// As IAM: no such policy or version.
    pub fn set_default_policy_version(&mut self, arn: &str, number: u32) -> Result<(), IamError> {
        let policy = self.policy_mut(arn)?;
        if policy.version(number).is_none() {
            return Err(no_such_version(arn, number));
        }
        policy.default = number;
        Ok(())
    }

    /// `DeletePolicyVersion`.
    ///
    /// # Errors
    ///
    /// As IAM: no such policy or version, or the version is in force.
    pub fn delete_policy_version(&mut self, arn: &str, number: u32) -> Result<(), IamError> {
        let policy = self.policy_mut(arn)?;
        if policy.version(number).is_none() {
            return Err(no_such_version(arn, number));
        }
        if policy.default == number {
            return Err(IamError::conflict(
                "Cannot delete the default version of a policy.",
            ));
        }
        policy.versions.retain(|version| version.number != number);
        Ok(())
    }

    /// `DeletePolicy`: only after every version that is not in force.
    ///
    /// # Errors
    ///
    /// As IAM: no such policy, or it has further versions.
    pub fn delete_policy(&mut self, arn: &str) -> Result<(), IamError> {
        if self.policy_mut(arn)?.versions.len() > 1 {
            return Err(IamError::conflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's versions.",
            ));
        }
        self.policies.remove(arn);
        Ok(())
    }

    fn managed_document(&self, document: impl Into<Arc<str>>) -> Result<Arc<str>, IamError> {
        let document = document.into();
        self.check(&document)?;
        if quota_size(&document) > Quota::MANAGED.limit() {
            return Err(IamError::limit(format!(
                "Cannot exceed quota for PolicySize: {}",
                Quota::MANAGED.limit()
            )));
        }
        Ok(document)
    }
}

fn no_such_version(arn: &str, number: u32) -> IamError {
    IamError::no_such(format_args!("Version v{number} of policy {arn}"))
}
