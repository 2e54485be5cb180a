//! The whole account, as an SDK client reads it.

#![cfg(test)]

use aws_sdk_iam::error::ProvideErrorMetadata as _;
use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput as Page;
use iam_model::{Account, Fault, Iam, IamError, OwnerKind};

const GRANTS: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::a%+<b"}}"#;
const OWN: &str = "arn:aws:iam::111122223333:policy/team/own";

/// A user in a group, a role with a boundary, a policy of the account and two of AWS.
fn account() -> Account {
    let mut account = Account::default();
    account.create_owner(OwnerKind::User, "ann").unwrap();
    account.create_owner(OwnerKind::Group, "staff").unwrap();
    account.create_owner(OwnerKind::Role, "app").unwrap();
    account.set_path(OwnerKind::Role, "app", "/team/").unwrap();
    account.create_policy("/team/", "own", GRANTS).unwrap();
    account.pass(5);
    account.create_policy_version(OWN, "{}", false).unwrap_err();
    account.create_policy_version(OWN, GRANTS, true).unwrap();
    let used = account.publish_policy("Used", GRANTS).unwrap();
    account.publish_policy("Unused", GRANTS).unwrap();
    account.attach(&used, OwnerKind::Role, "app");
    account.attach(OWN, OwnerKind::Group, "staff");
    account.join("staff", "ann");
    account
        .put_inline(OwnerKind::User, "ann", "inline", GRANTS)
        .unwrap();
    account
        .set_boundary(OwnerKind::Role, "app", Some(OWN))
        .unwrap();
    account
}

async fn pages(iam: &Iam, size: i32) -> Vec<Page> {
    let client = iam.client();
    let mut pages: Vec<Page> = Vec::new();
    loop {
        let marker = pages.last().and_then(|page| page.marker.clone());
        let page = client
            .get_account_authorization_details()
            .max_items(size)
            .set_marker(marker)
            .send()
            .await
            .unwrap();
        let is_truncated = page.is_truncated;
        pages.push(page);
        if !is_truncated {
            return pages;
        }
    }
}

fn decoded(document: &str) -> String {
    assert!(!document.contains('{'), "{document} is not encoded");
    percent_encoding::percent_decode_str(document)
        .decode_utf8()
        .unwrap()
        .into_owned()
}

#[tokio::test]
async fn the_whole_account_is_one_answer() {
    let iam = Iam::new(account());
    let pages = pages(&iam, 100).await;
    let [page] = &*pages else {
        panic!("{} pages", pages.len());
    };
    let [user] = page.user_detail_list() else {
        panic!("{page:?}");
    };
    assert_eq!(user.arn(), Some("arn:aws:iam::111122223333:user/ann"));
    assert!(user.user_id().unwrap().starts_with("AIDA"));
    assert_eq!(user.group_list(), ["staff"]);
    let [inline] = user.user_policy_list() else {
        panic!("{user:?}");
    };
    assert_eq!(decoded(inline.policy_document().unwrap()), GRANTS);
    let group = &page.group_detail_list()[0];
    assert_eq!(group.attached_managed_policies()[0].policy_arn(), Some(OWN));
    let role = &page.role_detail_list()[0];
    assert_eq!(role.path(), Some("/team/"));
    assert_eq!(role.arn(), Some("arn:aws:iam::111122223333:role/team/app"));
    assert!(decoded(role.assume_role_policy_document().unwrap()).contains("sts:AssumeRole"));
    let boundary = role.permissions_boundary().unwrap();
    assert_eq!(boundary.permissions_boundary_arn(), Some(OWN));
    let arns = page.policies().iter().map(|it| it.arn().unwrap());
    assert_eq!(
        arns.collect::<Vec<_>>(),
        [OWN, "arn:aws:iam::aws:policy/Used"]
    );
    let own = &page.policies()[0];
    assert_eq!(
        (own.path(), own.attachment_count()),
        (Some("/team/"), Some(1))
    );
    assert_eq!(own.permissions_boundary_usage_count(), Some(1));
    assert_eq!(own.default_version_id(), Some("v2"));
    let versions = own.policy_version_list().iter();
    let versions: Vec<_> = versions.map(|it| it.version_id().unwrap()).collect();
    assert_eq!(versions, ["v2", "v1"]);
    assert!(own.policy_version_list()[0].create_date() > own.create_date());
}

#[tokio::test]
async fn pages_hold_each_entry_once() {
    let iam = Iam::new(account());
    for size in 1..=6 {
        let pages = pages(&iam, size).await;
        let count = |of: fn(&Page) -> usize| pages.iter().map(of).sum::<usize>();
        let counts = [
            count(|page| page.user_detail_list().len()),
            count(|page| page.group_detail_list().len()),
            count(|page| page.role_detail_list().len()),
            count(|page| page.policies().len()),
        ];
        assert_eq!(counts, [1, 1, 1, 2], "{size} a page");
        assert_eq!(
            pages.len(),
            5_usize.div_ceil(usize::try_from(size).unwrap())
        );
    }
}

#[tokio::test]
async fn a_page_can_be_throttled_and_an_entry_can_lack_its_id() {
    let iam = Iam::new(account());
    let call = || iam.client().get_account_authorization_details().send();
    iam.fail(0, Fault::Refused(IamError::other("Throttling", 400)));
    assert_eq!(call().await.unwrap_err().code(), Some("Throttling"));
    iam.fail(0, Fault::Lacks("RoleId"));
    let page = call().await.unwrap();
    assert_eq!(page.role_detail_list()[0].role_id(), None);
    assert!(page.user_detail_list()[0].user_id().is_some());
    assert!(
        call().await.unwrap().role_detail_list()[0]
            .role_id()
            .is_some()
    );
}

#[test]
fn a_rename_keeps_what_is_held() {
    let mut account = account();
    account
        .rename_owner(OwnerKind::Group, "staff", "team")
        .unwrap();
    assert!(account.detach(OWN, OwnerKind::Group, "team"));
    assert!(!account.detach(OWN, OwnerKind::Group, "team"));
    account.rename_owner(OwnerKind::User, "ann", "eve").unwrap();
    assert!(account.leave("team", "eve") && !account.leave("team", "ann"));
    account.delete_owner(OwnerKind::Role, "app").unwrap_err();
}
