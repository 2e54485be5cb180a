//! Tests of `GetAccountAuthorizationDetails`: the account in pages.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use aws_sdk_iam::error::ProvideErrorMetadata as _;
use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput as Page;
use aws_sdk_iam::types::{EntityType, PolicyDetail, Tag};
use local_aws::Emulator;
use tokio::task::JoinSet;

use crate::support::{DOCUMENT, EVERYTHING, TRUST, emulator};

const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const POWER_USER: &str = "arn:aws:iam::aws:policy/PowerUserAccess";
const SHARED: &str = "arn:aws:iam::000000000000:policy/team/shared";

async fn page(
    emulator: &Emulator,
    kinds: &[EntityType],
    size: i32,
    marker: Option<&str>,
) -> Result<Page> {
    let read = emulator.iam().get_account_authorization_details();
    let read = read.max_items(size).set_marker(marker.map(str::to_owned));
    let kinds = (!kinds.is_empty()).then(|| kinds.to_vec());
    Ok(read.set_filter(kinds).send().await?)
}

/// The names of all entries, with the first letter of their kinds.
fn names(page: &Page) -> Vec<String> {
    let users = page.user_detail_list().iter();
    let groups = page.group_detail_list().iter();
    let roles = page.role_detail_list().iter();
    let policies = page.policies().iter();
    let named = |kind: &str, name: Option<&str>| format!("{kind} {}", name.unwrap_or("-"));
    users
        .map(|it| named("U", it.user_name()))
        .chain(groups.map(|it| named("G", it.group_name())))
        .chain(roles.map(|it| named("R", it.role_name())))
        .chain(policies.map(|it| named("P", it.policy_name())))
        .collect()
}

/// An account with entries of all kinds.
async fn fill(emulator: &Emulator) -> Result<()> {
    let iam = emulator.iam();
    let create = iam.create_policy().policy_name("shared").path("/team/");
    create.policy_document(DOCUMENT).send().await?;
    let create = iam.create_policy_version().policy_arn(SHARED);
    let create = create.policy_document(EVERYTHING);
    create.set_as_default(true).send().await?;
    let create = iam.create_policy().policy_name("alone");
    create.policy_document(DOCUMENT).send().await?;
    iam.create_user().user_name("alice").send().await?;
    iam.create_user().user_name("bob").send().await?;
    iam.create_group().group_name("staff").send().await?;
    let add = iam.add_user_to_group().group_name("staff");
    add.user_name("alice").send().await?;
    let put = iam.put_group_policy().group_name("staff").policy_name("in");
    put.policy_document(DOCUMENT).send().await?;
    let attach = iam.attach_group_policy().group_name("staff");
    attach.policy_arn(SHARED).send().await?;
    for name in ["deploy", "build"] {
        let create = iam.create_role().role_name(name).path("/ci/");
        let create = create.assume_role_policy_document(TRUST);
        let tag = Tag::builder().key("team").value("a b").build()?;
        create.permissions_boundary(SHARED).tags(tag).send().await?;
    }
    let put = iam.put_role_policy().role_name("deploy").policy_name("in");
    put.policy_document(DOCUMENT).send().await?;
    for arn in [SHARED, READ_ONLY] {
        let attach = iam.attach_role_policy().role_name("deploy");
        attach.policy_arn(arn).send().await?;
    }
    let create = iam.create_instance_profile();
    create.instance_profile_name("box").send().await?;
    let add = iam.add_role_to_instance_profile().role_name("deploy");
    add.instance_profile_name("box").send().await?;
    let bound = iam.put_user_permissions_boundary().user_name("bob");
    bound.permissions_boundary(POWER_USER).send().await?;
    Ok(())
}

/// The name and the percent-encoded document of the only inline policy.
fn only(policies: &[PolicyDetail]) -> Vec<(Option<&str>, Option<&str>)> {
    let policies = policies.iter();
    let both = policies.map(|it| (it.policy_name(), it.policy_document()));
    both.collect()
}

#[tokio::test]
async fn an_entry_has_all_that_iam_knows_of_it() -> Result<()> {
    let emulator = emulator().await?;
    fill(&emulator).await?;
    let all = page(&emulator, &[], 1000, None).await?;
    let expected = [
        "U alice",
        "U bob",
        "G staff",
        "R build",
        "R deploy",
        "P alone",
        "P shared",
        "P PowerUserAccess",
        "P ReadOnlyAccess",
    ];
    assert_eq!(names(&all), expected);
    assert!(!all.is_truncated);
    assert_eq!(all.marker(), None);

    let encoded = "%7B%22Version%22%3A%20%222012-10-17%22%2C%20%22Statement%22%3A%20%5B%7B%22Effect%22%3A%20%22Allow%22%2C%20%22Action%22%3A%20%22s3%3A%2A%22%2C%20%22Resource%22%3A%20%22%2A%22%7D%5D%7D";
    let alice = all.user_detail_list().first().context("no user")?;
    assert_eq!(alice.group_list(), ["staff"]);
    assert!(alice.user_id().is_some_and(|it| it.starts_with("AIDA")));
    assert!(alice.create_date().is_some());
    let bob = all.user_detail_list().get(1).context("no second user")?;
    let bound = bob.permissions_boundary().context("no boundary")?;
    assert_eq!(bound.permissions_boundary_arn(), Some(POWER_USER));

    let staff = all.group_detail_list().first().context("no group")?;
    assert_eq!(
        only(staff.group_policy_list()),
        [(Some("in"), Some(encoded))]
    );
    assert!(staff.group_id().is_some_and(|it| it.starts_with("AGPA")));
    assert!(staff.create_date().is_some());

    let deploy = all.role_detail_list().get(1).context("no second role")?;
    assert_eq!(deploy.path(), Some("/ci/"));
    assert!(deploy.role_id().is_some_and(|it| it.starts_with("AROA")));
    assert!(deploy.create_date().is_some());
    assert_eq!(
        only(deploy.role_policy_list()),
        [(Some("in"), Some(encoded))]
    );
    let attached = deploy.attached_managed_policies().iter();
    let attached: Vec<_> = attached.filter_map(|it| it.policy_arn()).collect();
    assert_eq!(attached, [SHARED, READ_ONLY]);
    let bound = deploy.permissions_boundary().context("no boundary")?;
    assert_eq!(bound.permissions_boundary_arn(), Some(SHARED));
    let tag = deploy.tags().first().context("no tag")?;
    assert_eq!(tag.value(), "a b");
    assert_eq!(deploy.instance_profile_list().len(), 1);
    let trust = deploy.assume_role_policy_document();
    assert!(trust.is_some_and(|it| it.starts_with("%7B%22Version")));

    let shared = all.policies().get(1).context("no second policy")?;
    assert!(shared.policy_id().is_some_and(|it| it.starts_with("ANPA")));
    assert_eq!(shared.path(), Some("/team/"));
    assert_eq!(shared.default_version_id(), Some("v2"));
    assert_eq!(shared.attachment_count(), Some(2));
    assert_eq!(shared.permissions_boundary_usage_count(), Some(2));
    assert!(shared.create_date().is_some() && shared.update_date().is_some());
    let versions = shared.policy_version_list().iter();
    let versions: Vec<_> = versions
        .map(|it| {
            assert!(it.create_date().is_some());
            (it.version_id().unwrap_or("-"), it.is_default_version)
        })
        .collect();
    assert_eq!(versions, [("v2", true), ("v1", false)]);
    let first = shared.policy_version_list().last().context("no version")?;
    assert_eq!(first.document(), Some(encoded));
    emulator.stop().await
}

#[tokio::test]
async fn pages_have_each_entry_once_and_only_the_wanted_kinds() -> Result<()> {
    let emulator = emulator().await?;
    fill(&emulator).await?;
    let all = names(&page(&emulator, &[], 1000, None).await?);
    for size in [1, 2, 4, 9] {
        let (mut found, mut marker) = (Vec::new(), None);
        loop {
            let page = page(&emulator, &[], size, marker.as_deref()).await?;
            let entries = names(&page);
            assert!(entries.len() <= usize::try_from(size)?);
            assert_eq!(page.is_truncated, page.marker.is_some());
            found.extend(entries);
            marker = page.marker;
            if marker.is_none() {
                break;
            }
        }
        assert_eq!(found, all, "in pages of {size}");
    }

    let cases: [(&[EntityType], &[&str]); 4] = [
        (&[EntityType::Role], &["R build", "R deploy"]),
        (&[EntityType::LocalManagedPolicy], &["P alone", "P shared"]),
        (
            &[EntityType::AwsManagedPolicy],
            &["P PowerUserAccess", "P ReadOnlyAccess"],
        ),
        (
            &[EntityType::Group, EntityType::User],
            &["U alice", "U bob", "G staff"],
        ),
    ];
    for (kinds, expected) in cases {
        let page = page(&emulator, kinds, 100, None).await?;
        assert_eq!(names(&page), expected, "{kinds:?}");
    }

    // An entry that goes between two pages takes no other with it.
    let first = page(&emulator, &[EntityType::User], 1, None).await?;
    let iam = emulator.iam();
    let leave = iam.remove_user_from_group().group_name("staff");
    leave.user_name("alice").send().await?;
    iam.delete_user().user_name("alice").send().await?;
    let second = page(&emulator, &[EntityType::User], 1, first.marker()).await?;
    assert_eq!(names(&second), ["U bob"]);

    let read = || iam.get_account_authorization_details();
    let refused = [
        ("no item", read().max_items(0)),
        ("too many items", read().max_items(1001)),
        ("a strange marker", read().marker("x")),
        ("a strange kind", read().filter(EntityType::from("Roles"))),
    ];
    for (what, read) in refused {
        let error = read.send().await.err().context(what)?.into_service_error();
        assert_eq!(error.code(), Some("ValidationError"), "{what}");
    }
    emulator.stop().await
}

#[tokio::test]
async fn a_thousand_roles_take_less_than_a_second_a_page() -> Result<()> {
    let emulator = emulator().await?;
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let iam = emulator.iam().clone();
        writers.spawn(async move {
            for number in (writer..1000).step_by(8) {
                let name = format!("role-{number:04}");
                let create = iam.create_role().role_name(&name);
                create.assume_role_policy_document(TRUST).send().await?;
                let put = iam.put_role_policy().role_name(&name);
                let put = put.policy_name("in").policy_document(EVERYTHING);
                put.send().await?;
                let attach = iam.attach_role_policy().role_name(&name);
                attach.policy_arn(READ_ONLY).send().await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(written) = writers.join_next().await {
        written??;
    }
    for size in [200, 1000] {
        let (mut roles, mut slowest, mut marker) = (0, Duration::ZERO, None);
        loop {
            let start = Instant::now();
            let page = page(&emulator, &[], size, marker.as_deref()).await?;
            slowest = slowest.max(start.elapsed());
            roles += page.role_detail_list().len();
            marker = page.marker;
            if marker.is_none() {
                break;
            }
        }
        println!("pages of {size}: {slowest:?} at most");
        assert_eq!(roles, 1000);
        assert!(slowest < Duration::from_secs(1), "{slowest:?} for {size}");
    }
    emulator.stop().await
}
