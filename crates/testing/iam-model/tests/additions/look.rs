//! What IAM shows of what a call added, as the crate `policy-store` reads it.

use iam_model::{Holdings, OwnerKind};
use incident::subject::{
    Added, AddedIdentity, Credentials, HeldPolicy, ManagedPolicy, Named, NotRead, Owner,
    ReportedCall, ReportedState,
};
use incident::{PolicyArn, Subject, Timestamp, UniqueId};

pub(crate) fn look(iam: &Holdings, call: &ReportedCall, time: Timestamp) -> ReportedState {
    match call {
        ReportedCall::Attachment { owner, policy } => attachment(iam, owner, policy),
        ReportedCall::AddedToGroup { user, group } => membership(iam, user, group, time),
        ReportedCall::Credentials {
            user, credentials, ..
        } => with_credentials(iam, user, credentials, time),
        other => panic!("{other} adds nothing"),
    }
}

fn attachment(iam: &Holdings, owner: &Owner, policy: &PolicyArn) -> ReportedState {
    let holder = iam.holder(kind(owner), &owner.name);
    let arn = policy.to_string();
    let is_so = holder.is_some_and(|it| it.attached.contains(&arn));
    ReportedState {
        is_in_effect: is_so,
        absent: holder.is_none().then(|| owner.clone()),
        policies: document(iam, &arn).into_iter().collect(),
        added: added(owner_id(iam, owner), policy_id(iam, &arn), is_so),
        ..ReportedState::default()
    }
}

fn membership(iam: &Holdings, user: &str, group: &str, time: Timestamp) -> ReportedState {
    let (user, group) = (
        named(incident::OwnerKind::User, user),
        named(incident::OwnerKind::Group, group),
    );
    let holder = iam.holder(OwnerKind::User, &user.name);
    let is_so = holder.is_some_and(|it| it.groups.contains(&group.name));
    let group_id = owner_id(iam, &group);
    let is_read = holder.is_none() || is_from(group_id.as_ref(), time);
    ReportedState {
        is_in_effect: is_so,
        absent: holder.is_none().then(|| user.clone()),
        policies: held(iam, &group),
        not_read: (!is_read).then(|| NotRead {
            named: Named::Owner(group.clone()),
            held: held(iam, &user),
            has_more: false,
        }),
        added: added(owner_id(iam, &user), group_id, is_so),
        ..ReportedState::default()
    }
}

fn with_credentials(
    iam: &Holdings,
    user: &str,
    credentials: &Credentials,
    time: Timestamp,
) -> ReportedState {
    let user = named(incident::OwnerKind::User, user);
    let identity = owner_id(iam, &user);
    let holder = iam.holder(OwnerKind::User, &user.name);
    let Some(holder) = holder.filter(|_| is_from(identity.as_ref(), time)) else {
        return ReportedState {
            absent: Some(user),
            ..ReportedState::default()
        };
    };
    let (id, key) = match credentials {
        Credentials::AccessKey(Some(id)) | Credentials::ActivatedKey(Some(id)) => {
            (id.as_str(), holder.keys.get(id))
        }
        Credentials::ServiceSpecific(Some(id)) => (id.as_str(), holder.credentials.get(id)),
        _ => ("password", None),
    };
    let key = key.map(|key| (key.created, key.is_active));
    let shown = key.or(holder
        .password
        .map(|created| (created, true))
        .filter(|_| id == "password"));
    let added = shown.and_then(|(created, is_active)| {
        let made = unique(id, created);
        added(identity, Some(made), is_active)
    });
    ReportedState {
        is_in_effect: true,
        policies: held(iam, &user),
        added,
        ..ReportedState::default()
    }
}

fn added(owner: Option<UniqueId>, added: Option<UniqueId>, is_present: bool) -> Option<Added> {
    Some(Added {
        identity: AddedIdentity {
            owner: owner?,
            added: added?,
        },
        is_present,
    })
}

/// What an owner holds, a user through groups, too.
fn held(iam: &Holdings, owner: &Owner) -> Vec<HeldPolicy> {
    let holder = iam.holder(kind(owner), &owner.name);
    let own = holder.into_iter().flat_map(|it| &it.attached);
    let groups = holder.into_iter().flat_map(|it| &it.groups);
    let of_groups = groups
        .filter_map(|group| iam.holder(OwnerKind::Group, group))
        .flat_map(|group| &group.attached);
    own.chain(of_groups)
        .filter_map(|arn| document(iam, arn))
        .collect()
}

fn document(iam: &Holdings, arn: &str) -> Option<HeldPolicy> {
    let policy = iam.account().policy(arn)?;
    Some(HeldPolicy {
        policy: Subject::Managed(ManagedPolicy {
            arn: PolicyArn::parse(arn).unwrap(),
        }),
        document: policy.in_force().to_owned(),
    })
}

fn owner_id(iam: &Holdings, owner: &Owner) -> Option<UniqueId> {
    let owner = iam.account().owner(kind(owner), &owner.name)?;
    Some(unique(&owner.id, owner.created))
}

fn policy_id(iam: &Holdings, arn: &str) -> Option<UniqueId> {
    let policy = iam.account().policy(arn)?;
    Some(unique(&policy.id, policy.created))
}

fn unique(id: &str, created: i64) -> UniqueId {
    UniqueId {
        id: id.to_owned(),
        created: Timestamp::from_second(created).unwrap(),
    }
}

fn is_from(made: Option<&UniqueId>, time: Timestamp) -> bool {
    made.is_some_and(|made| made.created.as_second() <= time.as_second())
}

fn named(kind: incident::OwnerKind, name: &str) -> Owner {
    Owner {
        kind,
        name: name.to_owned(),
    }
}

pub(crate) fn kind(owner: &Owner) -> OwnerKind {
    match owner.kind {
        incident::OwnerKind::Role => OwnerKind::Role,
        incident::OwnerKind::User => OwnerKind::User,
        incident::OwnerKind::Group => OwnerKind::Group,
    }
}
