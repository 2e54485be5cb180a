//! What IAM shows of what a call added, to tell it from another thing with the same names.

use aws_sdk_iam::types::{AccessKeyMetadata, ServiceSpecificCredentialMetadata, StatusType};
use incident::UniqueId;
use incident::subject::{Added, AddedIdentity, Credentials, Owner};

use crate::error::classify;
use crate::managed::{date, incomplete};
use crate::observe::found;
use crate::{PolicyStore, StoreError};

/// `added` on `owner`, if IAM shows both.
pub(crate) fn added(
    owner: Option<UniqueId>,
    added: Option<UniqueId>,
    is_present: bool,
) -> Option<Added> {
    Some(Added {
        identity: AddedIdentity {
            owner: owner?,
            added: added?,
        },
        is_present,
    })
}

impl PolicyStore {
    /// The credentials that a call made for a user; `None` if IAM does not show them, or if the
    /// guard does not take such credentials back.
    pub(crate) async fn added_credentials(
        &self,
        user: &Owner,
        identity: UniqueId,
        credentials: &Credentials,
    ) -> Result<Option<Added>, StoreError> {
        let name = &user.name;
        let shown = match credentials {
            Credentials::AccessKey(Some(id)) | Credentials::ActivatedKey(Some(id)) => {
                found(self.access_key(name, id).await)?.flatten()
            }
            Credentials::ServiceSpecific(Some(id)) => {
                found(self.service_specific(name, id).await)?.flatten()
            }
            Credentials::Password => found(self.password(name).await)?,
            _ => None,
        };
        Ok(shown.and_then(|(key, is_active)| added(Some(identity), Some(key), is_active)))
    }

    async fn access_key(
        &self,
        user: &str,
        id: &str,
    ) -> Result<Option<(UniqueId, bool)>, StoreError> {
        let is_it = |key: &AccessKeyMetadata| key.access_key_id.as_deref() == Some(id);
        let Some(key) = self.access_keys(user).await?.into_iter().find(is_it) else {
            return Ok(None);
        };
        let identity = UniqueId {
            id: id.to_owned(),
            created: date(key.create_date.as_ref()),
        };
        Ok(Some((identity, key.status == Some(StatusType::Active))))
    }

    pub(crate) async fn access_keys(
        &self,
        user: &str,
    ) -> Result<Vec<AccessKeyMetadata>, StoreError> {
        let pages = self.client.list_access_keys().user_name(user);
        let listed: Result<Vec<_>, _> = pages.into_paginator().items().send().try_collect().await;
        let doing = format!("list the access keys of user `{user}`");
        listed.map_err(|error| classify(&doing, &error))
    }

    async fn service_specific(
        &self,
        user: &str,
        id: &str,
    ) -> Result<Option<(UniqueId, bool)>, StoreError> {
        let doing = format!("list the service-specific credentials of user `{user}`");
        let list = self.client.list_service_specific_credentials();
        let answer = list.user_name(user).send().await;
        let answer = answer.map_err(|error| classify(&doing, &error))?;
        let is_it =
            |one: &ServiceSpecificCredentialMetadata| one.service_specific_credential_id == id;
        let mut listed = answer
            .service_specific_credentials
            .unwrap_or_default()
            .into_iter();
        let Some(credential) = listed.find(is_it) else {
            return Ok(None);
        };
        let identity = UniqueId {
            id: id.to_owned(),
            created: date(Some(&credential.create_date)),
        };
        Ok(Some((identity, credential.status == StatusType::Active)))
    }

    /// A password has no id of its own: its user and its date tell it from another one.
    async fn password(&self, user: &str) -> Result<(UniqueId, bool), StoreError> {
        let doing = format!("read the password of user `{user}`");
        let answer = self.client.get_login_profile().user_name(user).send().await;
        let answer = answer.map_err(|error| classify(&doing, &error))?;
        let profile = answer.login_profile;
        let profile = profile.ok_or_else(|| incomplete(&doing, "no login profile"))?;
        let identity = UniqueId {
            id: "password".to_owned(),
            created: date(Some(&profile.create_date)),
        };
        Ok((identity, true))
    }
}
