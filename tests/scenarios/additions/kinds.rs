//! The kinds of additions, and what each leaves in IAM.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_iam::Client;
use aws_sdk_iam::types::StatusType;
use end_to_end::{Owner, World, access_key, join};

use crate::reported::{ADMINISTRATOR, HARMLESS};

/// The calls that add something.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Attach(Owner),
    Join,
    AccessKey,
    ActivatedKey,
    Credential,
    Password,
}

pub(super) const KINDS: [Kind; 8] = [
    Kind::Attach(Owner::Role),
    Kind::Attach(Owner::User),
    Kind::Attach(Owner::Group),
    Kind::Join,
    Kind::AccessKey,
    Kind::ActivatedKey,
    Kind::Credential,
    Kind::Password,
];

impl Kind {
    pub(super) fn call(self) -> &'static str {
        match self {
            Self::Attach(Owner::Role) => "AttachRolePolicy",
            Self::Attach(Owner::User) => "AttachUserPolicy",
            Self::Attach(Owner::Group) => "AttachGroupPolicy",
            Self::Join => "AddUserToGroup",
            Self::AccessKey => "CreateAccessKey",
            Self::ActivatedKey => "UpdateAccessKey",
            Self::Credential => "CreateServiceSpecificCredential",
            Self::Password => "CreateLoginProfile",
        }
    }

    /// Makes what the call needs, and things beside it that must stay.
    pub(super) async fn prepare(self, world: &World, name: &str) -> Result<()> {
        let iam = world.emulator.iam();
        match self {
            Self::Attach(owner) => {
                owner.create(iam, name).await?;
                owner.attach(iam, name, HARMLESS).await?;
            }
            Self::Join => {
                Owner::User.create(iam, name).await?;
                for (group, policy) in [
                    (name.to_owned(), ADMINISTRATOR),
                    (format!("{name}-readers"), HARMLESS),
                ] {
                    Owner::Group.create(iam, &group).await?;
                    Owner::Group.attach(iam, &group, policy).await?;
                }
                join(iam, name, &format!("{name}-readers")).await?;
            }
            Self::AccessKey | Self::ActivatedKey | Self::Credential | Self::Password => {
                Owner::User.create(iam, name).await?;
                // Its user holds nothing at this time.
                let key = access_key(iam, name).await?;
                let made = world.incident("CreateAccessKey", &key).await?;
                ensure!(made.outcome().await? == "clean");
                // The holder was known before.
                Owner::User.attach(iam, name, ADMINISTRATOR).await?;
                self.settle(world, name).await?;
            }
        }
        if let Self::ActivatedKey = self {
            let key = access_key(iam, name).await?;
            let update = iam.update_access_key().user_name(name).access_key_id(key);
            update.status("Inactive".into()).send().await?;
        }
        Ok(())
    }

    /// Answers what the preparation started.
    async fn settle(self, world: &World, name: &str) -> Result<()> {
        let incident = world.incident("AttachUserPolicy", name).await?;
        incident.answer("allow").await?;
        incident.outcome().await?;
        Ok(())
    }

    pub(super) async fn carry_out(self, iam: &Client, name: &str) -> Result<()> {
        match self {
            Self::Attach(owner) => owner.attach(iam, name, ADMINISTRATOR).await?,
            Self::Join => join(iam, name, name).await?,
            Self::AccessKey => drop(access_key(iam, name).await?),
            Self::ActivatedKey => {
                let inactive = keys(iam, name).await?;
                let id = inactive
                    .iter()
                    .find_map(|key| key.strip_suffix(" Inactive"));
                let update = iam.update_access_key().user_name(name);
                let update = update.access_key_id(id.context("no inactive key")?);
                update.status("Active".into()).send().await?;
            }
            Self::Credential => {
                let create = iam.create_service_specific_credential().user_name(name);
                create
                    .service_name("codecommit.amazonaws.com")
                    .send()
                    .await?;
            }
            Self::Password => {
                let create = iam.create_login_profile().user_name(name);
                create.password("a-long-Passw0rd").send().await?;
            }
        }
        Ok(())
    }

    /// Everything that such a name holds now and that could act.
    pub(super) async fn state(self, iam: &Client, name: &str) -> Result<BTreeSet<String>> {
        let mut state = BTreeSet::new();
        if let Self::Attach(owner) = self {
            state.extend(owner.attached(iam, name).await?);
            return Ok(state);
        }
        let groups = iam.list_groups_for_user().user_name(name).send().await?;
        state.extend(groups.groups.into_iter().map(|group| group.group_name));
        state.extend(
            keys(iam, name)
                .await?
                .into_iter()
                .filter(|key| key.ends_with(" Active")),
        );
        let list = iam.list_service_specific_credentials().user_name(name);
        let credentials = list
            .send()
            .await?
            .service_specific_credentials
            .unwrap_or_default();
        let active = credentials
            .into_iter()
            .filter(|it| it.status.as_str() == "Active");
        state.extend(active.map(|it| it.service_specific_credential_id));
        if iam.get_login_profile().user_name(name).send().await.is_ok() {
            state.insert("password".to_owned());
        }
        state.extend(Owner::User.attached(iam, name).await?);
        Ok(state)
    }
}

/// The access keys of a user, each with its status.
async fn keys(iam: &Client, name: &str) -> Result<Vec<String>> {
    let listed = iam.list_access_keys().user_name(name).send().await?;
    let keys = listed.access_key_metadata.into_iter();
    let status = |status: Option<StatusType>| status.map(|it| it.as_str().to_owned());
    Ok(keys
        .map(|key| {
            format!(
                "{} {}",
                key.access_key_id.unwrap_or_default(),
                status(key.status).unwrap_or_default()
            )
        })
        .collect())
}
