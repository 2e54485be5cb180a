//! The calls about managed policies.

use aws_sdk_iam::types::PolicyVersion;
use incident::subject::{ManagedPolicy, ObservedManaged, Reserved, Version};
use incident::{Snapshot, Timestamp, UniqueId, VersionId};

use crate::error::classify;
use crate::observe::found;
use crate::{PolicyStore, StoreError, StoreErrorKind, Stored};

impl Stored for ManagedPolicy {
    async fn read(&self, store: &PolicyStore) -> Result<ObservedManaged, StoreError> {
        store.all_versions(self).await
    }
}

impl PolicyStore {
    /// The version in force, and the version `named` if IAM has it; `None` where IAM shows no such
    /// policy.
    ///
    /// # Errors
    ///
    /// If IAM cannot be reached or refuses.
    pub async fn managed(
        &self,
        policy: &ManagedPolicy,
        named: Option<&VersionId>,
    ) -> Result<Option<ObservedManaged>, StoreError> {
        found(self.named_versions(policy, named).await)
    }

    async fn named_versions(
        &self,
        policy: &ManagedPolicy,
        named: Option<&VersionId>,
    ) -> Result<ObservedManaged, StoreError> {
        let Shown {
            identity,
            default,
            reserved,
        } = self.identity(policy).await?;
        let mut versions = vec![self.version(policy, &default).await?];
        if let Some(named) = named.filter(|named| **named != default) {
            versions.extend(found(self.version(policy, named).await)?);
        }
        observed(policy, identity, reserved, &default, versions)
    }

    /// Every version with its document.
    ///
    /// The unique id is read last: if the policy was made again in between, it is that of the new
    /// one, so that no version passes for one of the old policy.
    async fn all_versions(&self, policy: &ManagedPolicy) -> Result<ObservedManaged, StoreError> {
        let doing = format!("list the versions of {policy}");
        let listed: Vec<PolicyVersion> = self
            .client
            .list_policy_versions()
            .policy_arn(policy.arn.as_str())
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(|error| classify(&doing, &error))?;
        let mut versions = Vec::with_capacity(listed.len());
        let mut default = None;
        for listed in listed {
            let id = version_id(&doing, listed.version_id())?;
            if listed.is_default_version() {
                default = Some(id.clone());
            }
            let version = match self.version(policy, &id).await {
                Ok(version) => version,
                // Another caller deleted it between the two calls.
                Err(error)
                    if error.kind == StoreErrorKind::NotFound && !listed.is_default_version() =>
                {
                    continue;
                }
                Err(error) => return Err(error),
            };
            versions.push(version);
        }
        let Shown {
            identity, reserved, ..
        } = self.identity(policy).await?;
        let default = default.ok_or_else(|| incomplete(&doing, "no default version"))?;
        observed(policy, identity, reserved, &default, versions)
    }

    /// The policy without its documents.
    pub(crate) async fn identity(&self, policy: &ManagedPolicy) -> Result<Shown, StoreError> {
        let doing = format!("read {policy}");
        let answer = self
            .client
            .get_policy()
            .policy_arn(policy.arn.as_str())
            .send()
            .await
            .map_err(|error| classify(&doing, &error))?;
        let found = answer
            .policy
            .ok_or_else(|| incomplete(&doing, "no policy"))?;
        let identity = UniqueId {
            id: found
                .policy_id
                .ok_or_else(|| incomplete(&doing, "no policy identifier"))?,
            created: date(found.create_date.as_ref()),
        };
        let default = version_id(&doing, found.default_version_id.as_deref())?;
        Ok(Shown {
            identity,
            default,
            reserved: found.path.as_deref().and_then(Reserved::of_path),
        })
    }

    async fn version(
        &self,
        policy: &ManagedPolicy,
        version: &VersionId,
    ) -> Result<Version, StoreError> {
        let (found, document) = self.read_version(policy, version).await?;
        Ok(Version {
            id: version.clone(),
            created: created(&found),
            document: Snapshot::new(&document),
        })
    }

    /// The text of a version, of any length.
    pub(crate) async fn version_document(
        &self,
        policy: &ManagedPolicy,
        version: &VersionId,
    ) -> Result<String, StoreError> {
        let (_, document) = self.read_version(policy, version).await?;
        Ok(document)
    }

    async fn read_version(
        &self,
        policy: &ManagedPolicy,
        version: &VersionId,
    ) -> Result<(PolicyVersion, String), StoreError> {
        let doing = format!("read version {version} of {policy}");
        let answer = self
            .client
            .get_policy_version()
            .policy_arn(policy.arn.as_str())
            .version_id(version.as_str())
            .send()
            .await
            .map_err(|error| classify(&doing, &error))?;
        let found = answer
            .policy_version
            .ok_or_else(|| incomplete(&doing, "no version"))?;
        let document = found
            .document()
            .ok_or_else(|| incomplete(&doing, "no document"))?
            .to_owned();
        Ok((found, document))
    }
}

/// What IAM shows of a managed policy besides its versions.
pub(crate) struct Shown {
    pub(crate) identity: UniqueId,
    pub(crate) default: VersionId,
    reserved: Option<Reserved>,
}

fn observed(
    policy: &ManagedPolicy,
    identity: UniqueId,
    reserved: Option<Reserved>,
    default: &VersionId,
    versions: Vec<Version>,
) -> Result<ObservedManaged, StoreError> {
    ObservedManaged::new(identity, default, versions)
        .map(|observed| ObservedManaged {
            reserved,
            ..observed
        })
        .ok_or_else(|| incomplete(&format!("read {policy}"), "no default version"))
}

fn version_id(doing: &str, text: Option<&str>) -> Result<VersionId, StoreError> {
    let text = text.ok_or_else(|| incomplete(doing, "no version identifier"))?;
    VersionId::parse(text).map_err(|error| incomplete(doing, &error.to_string()))
}

fn created(version: &PolicyVersion) -> Timestamp {
    date(version.create_date())
}

/// A thing without a date counts as the oldest there can be.
pub(crate) fn date(date: Option<&aws_sdk_iam::primitives::DateTime>) -> Timestamp {
    date.and_then(|date| Timestamp::from_second(date.secs()).ok())
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

pub(crate) fn incomplete(doing: &str, what: &str) -> StoreError {
    StoreError {
        doing: doing.to_owned(),
        kind: StoreErrorKind::Transient,
        code: "AnswerIncomplete".to_owned(),
        message: format!("IAM answered with {what}"),
    }
}
