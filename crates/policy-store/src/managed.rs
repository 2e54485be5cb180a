use aws_sdk_iam::types::PolicyVersion;
use incident::{ManagedSnapshot, PolicyArn, Timestamp, Version, VersionId};

use crate::error::sort;
use crate::{PolicyStore, StoreError, StoreErrorKind};

impl PolicyStore {
    /// What IAM holds of a managed policy now: every version with its document.
    ///
    /// Documents of versions that `earlier` has are not read again, since a version never changes (IAM User Guide, "Versioning IAM policies").
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::NotFound`] where there is no such policy.
    pub async fn snapshot(
        &self,
        arn: &PolicyArn,
        earlier: Option<&ManagedSnapshot>,
    ) -> Result<ManagedSnapshot, StoreError> {
        let doing = format!("list the versions of `{arn}`");
        let listed: Vec<PolicyVersion> = self
            .client
            .list_policy_versions()
            .policy_arn(arn.as_str())
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(|error| sort(&doing, &error))?;
        let mut versions = Vec::with_capacity(listed.len());
        for version in listed {
            let id = version_id(&doing, version.version_id())?;
            let known = earlier
                .and_then(|snapshot| snapshot.version(&id))
                .map(|version| version.document.clone());
            let document = match known {
                Some(document) => document,
                None => match self.version_document(arn, &id).await {
                    Ok(document) => document,
                    // Deleted between the two calls: it is not there, and no reason to fail.
                    Err(error)
                        if error.kind == StoreErrorKind::NotFound
                            && !version.is_default_version() =>
                    {
                        continue;
                    }
                    Err(error) => return Err(error),
                },
            };
            versions.push(Version {
                is_default: version.is_default_version(),
                created: created(&version),
                document,
                id,
            });
        }
        Ok(ManagedSnapshot::new(versions))
    }

    /// The document of one version, percent-encoded as IAM answers it.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::NotFound`] where there is no such policy or version.
    pub async fn version_document(
        &self,
        arn: &PolicyArn,
        version: &VersionId,
    ) -> Result<String, StoreError> {
        let doing = format!("read version {version} of `{arn}`");
        let answer = self
            .client
            .get_policy_version()
            .policy_arn(arn.as_str())
            .version_id(version.as_str())
            .send()
            .await
            .map_err(|error| sort(&doing, &error))?;
        answer
            .policy_version
            .and_then(|version| version.document)
            .ok_or_else(|| incomplete(&doing, "no document"))
    }

    /// Makes a new version of `document` and puts it in force with the same call.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::VersionLimit`], [`StoreErrorKind::TooLarge`] or [`StoreErrorKind::DocumentRefused`] where another way must be found.
    pub async fn create_default_version(
        &self,
        arn: &PolicyArn,
        document: &str,
    ) -> Result<VersionId, StoreError> {
        let doing = format!("put a new default version of `{arn}` in force");
        tracing::info!(policy_arn = %arn, "creating a default version");
        let answer = self
            .client
            .create_policy_version()
            .policy_arn(arn.as_str())
            .policy_document(document)
            .set_as_default(true)
            .send()
            .await
            .map_err(|error| sort(&doing, &error))?;
        let version = answer.policy_version();
        version_id(&doing, version.and_then(PolicyVersion::version_id))
    }

    /// Puts an existing version in force.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::NotFound`] where there is no such policy or version.
    pub async fn set_default_version(
        &self,
        arn: &PolicyArn,
        version: &VersionId,
    ) -> Result<(), StoreError> {
        tracing::info!(policy_arn = %arn, version = %version, "setting the default version");
        self.client
            .set_default_policy_version()
            .policy_arn(arn.as_str())
            .version_id(version.as_str())
            .send()
            .await
            .map_err(|error| sort(format!("put version {version} of `{arn}` in force"), &error))?;
        Ok(())
    }

    /// Deletes a version; one that is not there any more counts as deleted.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::DefaultVersion`] where it is in force.
    pub async fn delete_version(
        &self,
        arn: &PolicyArn,
        version: &VersionId,
    ) -> Result<(), StoreError> {
        tracing::info!(policy_arn = %arn, version = %version, "deleting a version");
        let deleted = self
            .client
            .delete_policy_version()
            .policy_arn(arn.as_str())
            .version_id(version.as_str())
            .send()
            .await
            .map_err(|error| sort(format!("delete version {version} of `{arn}`"), &error));
        match deleted {
            Err(error) if error.kind == StoreErrorKind::NotFound => Ok(()),
            other => other.map(|_| ()),
        }
    }
}

fn version_id(doing: &str, text: Option<&str>) -> Result<VersionId, StoreError> {
    let text = text.ok_or_else(|| incomplete(doing, "no version identifier"))?;
    VersionId::parse(text).map_err(|error| incomplete(doing, &error.to_string()))
}

/// A version without a date counts as the oldest there can be.
fn created(version: &PolicyVersion) -> Timestamp {
    version
        .create_date()
        .and_then(|date| Timestamp::from_second(date.secs()).ok())
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

fn incomplete(doing: &str, what: &str) -> StoreError {
    StoreError {
        doing: doing.to_owned(),
        kind: StoreErrorKind::Transient,
        code: "AnswerIncomplete".to_owned(),
        message: format!("IAM answered with {what}"),
    }
}
