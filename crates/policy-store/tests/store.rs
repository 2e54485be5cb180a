//! The store on IAM in memory: what it reads, and what it does about an error.

#![cfg(test)]

use fixtures::documents::allows_s3 as document;
use fixtures::{ARN, block_on, recreate_owner};
use iam_model::{Account, Fault, Iam, IamError, OwnerKind};
use incident::subject::{InlinePolicy, ManagedPolicy, Owner};
use incident::{PolicyArn, Record, Subject, VersionId};
use policy_store::{PolicyStore, StoreError, StoreErrorKind, Stored};

fn managed() -> ManagedPolicy {
    ManagedPolicy {
        arn: PolicyArn::parse(ARN).unwrap(),
    }
}

fn inline(kind: incident::OwnerKind) -> InlinePolicy {
    InlinePolicy {
        owner: Owner {
            kind,
            name: "app".to_owned(),
        },
        name: "inline".to_owned(),
    }
}

fn version(number: u32) -> VersionId {
    VersionId::parse(&format!("v{number}")).unwrap()
}

/// A policy with three versions, the second in force.
fn iam() -> Iam {
    let mut account = Account::default();
    account.create_policy("/", "app", document("One")).unwrap();
    for action in ["Two", "Three"] {
        account.pass(1);
        account
            .create_policy_version(ARN, document(action), action == "Two")
            .unwrap();
    }
    for kind in OwnerKind::ALL {
        account.create_owner(kind, "app").unwrap();
        account
            .put_inline(kind, "app", "inline", document("One"))
            .unwrap();
    }
    Iam::new(account)
}

fn observe<S: Stored>(iam: &Iam, policy: &S) -> Result<Option<S::Observed>, StoreError> {
    let store = PolicyStore::from_client(iam.client());
    block_on(store.observe(policy))
}

#[test]
fn an_observed_managed_policy_has_every_version_with_its_document() {
    let Some(observed) = observe(&iam(), &managed()).unwrap() else {
        panic!("the policy is there");
    };
    let all: Vec<_> = observed
        .versions()
        .map(|version| (version.id.as_str(), version.document.as_str().to_owned()))
        .collect();
    assert_eq!(
        all,
        [
            ("v1", document("One")),
            ("v2", document("Two")),
            ("v3", document("Three"))
        ]
    );
    assert_eq!(observed.default.id, version(2));
    assert_eq!(
        observed.default.created.as_second(),
        observed.identity.created.as_second() + 1
    );
}

#[test]
fn what_is_in_force_is_read_with_the_named_version_only() {
    let iam = iam();
    let store = PolicyStore::from_client(iam.client());
    let observed = block_on(store.managed(&managed(), Some(&version(1)))).unwrap();
    let Some(observed) = observed else {
        panic!("the policy is there");
    };
    assert_eq!(observed.default.id, version(2));
    assert_eq!(observed.others.len(), 1);
    assert_eq!(
        iam.calls(),
        ["GetPolicy", "GetPolicyVersion", "GetPolicyVersion"]
    );
    let observed = block_on(store.managed(&managed(), Some(&version(9)))).unwrap();
    assert!(matches!(observed, Some(observed) if observed.others.is_empty()));
}

#[test]
fn an_absent_policy_is_not_an_error() {
    let iam = Iam::default();
    assert!(observe(&iam, &managed()).unwrap().is_none());
    for kind in [
        incident::OwnerKind::Role,
        incident::OwnerKind::User,
        incident::OwnerKind::Group,
    ] {
        assert!(observe(&iam, &inline(kind)).unwrap().is_none());
    }
}

#[test]
fn a_policy_that_is_created_again_during_a_read_has_the_unique_id_of_the_new_one() {
    let iam = Iam::default();
    iam.change(|account| account.create_policy("/", "app", document("One")))
        .unwrap();
    iam.before(2, |account| {
        account.delete_policy(ARN).unwrap();
        account.pass(1);
        account
            .create_policy("/", "app", document("Other"))
            .unwrap();
    });
    let observed = observe(&iam, &managed()).unwrap().unwrap();
    let policy = iam.account().policy(ARN).unwrap().clone();
    assert_eq!(observed.identity.id, policy.id);

    let iam = self::iam();
    iam.before(1, |account| recreate_owner(account, OwnerKind::Role, 0));
    let observed = observe(&iam, &inline(incident::OwnerKind::Role))
        .unwrap()
        .unwrap();
    let owner = iam.account().owner(OwnerKind::Role, "app").unwrap().clone();
    assert_eq!(observed.identity.id, owner.id);
}

#[test]
fn a_version_that_is_deleted_during_a_read_is_not_observed() {
    let iam = iam();
    iam.before(2, |account| account.delete_policy_version(ARN, 1).unwrap());
    let observed = observe(&iam, &managed()).unwrap();
    assert!(matches!(observed, Some(observed) if observed.others.len() == 1));
}

#[test]
fn errors_are_classified_by_what_to_do_about_them() {
    for (code, status, kind) in [
        ("Throttling", 400, StoreErrorKind::Throttled),
        ("ServiceFailure", 500, StoreErrorKind::Transient),
        ("ConcurrentModification", 409, StoreErrorKind::Transient),
        ("AccessDenied", 403, StoreErrorKind::Refused),
    ] {
        for call in 0..5 {
            let iam = iam();
            iam.fail(call, Fault::Refused(IamError::other(code, status)));
            let error = observe(&iam, &managed()).unwrap_err();
            assert_eq!((error.kind, error.code.as_str()), (kind, code), "{error}");
        }
    }
}

/// What the request says about who holds the policy.
fn held_by(iam: &Iam, subject: &Subject) -> Option<String> {
    let change = Record::parse(&fixtures::event("create-policy"))
        .unwrap()
        .change;
    let mut contained = fixtures::contained(&change, &document("DeleteBucket"));
    let store = PolicyStore::from_client(iam.client());
    block_on(store.add_holders(subject, &mut contained));
    contained.held_by.map(|held| held.to_string())
}

#[test]
fn a_user_counts_once_in_however_many_groups() {
    let iam = iam();
    let managed = Subject::Managed(managed());
    assert_eq!(
        held_by(&iam, &managed).as_deref(),
        Some("held by no principal")
    );
    iam.change(|account| {
        for (kind, name) in [
            (OwnerKind::Role, "app"),
            (OwnerKind::Role, "other"),
            (OwnerKind::User, "app"),
            (OwnerKind::Group, "app"),
            (OwnerKind::Group, "gone"),
        ] {
            account.attach(ARN, kind, name);
        }
        for user in ["app", "ann", "bob"] {
            account.join("app", user);
        }
    });
    // A group that IAM does not show by now is counted, and its members are not.
    assert_eq!(
        held_by(&iam, &managed).as_deref(),
        Some("held by at least 2 roles, 1 user and 2 groups (2 other users)")
    );
    for (kind, expected) in [
        (incident::OwnerKind::Role, "held by 1 role"),
        (incident::OwnerKind::User, "held by 1 user"),
        (incident::OwnerKind::Group, "held by 1 group (3 users)"),
    ] {
        let inline = Subject::Inline(inline(kind));
        assert_eq!(held_by(&iam, &inline).as_deref(), Some(expected));
    }
}

#[test]
fn what_cannot_be_read_about_holders_is_left_out() {
    let iam = iam();
    let refused = || Fault::Refused(IamError::other("AccessDenied", 403));
    iam.fail(0, refused());
    assert_eq!(held_by(&iam, &Subject::Managed(managed())), None);
    let group = Subject::Inline(inline(incident::OwnerKind::Group));
    iam.fail(0, refused());
    assert_eq!(
        held_by(&iam, &group).as_deref(),
        Some("held by at least 1 group (0 users)")
    );
}
