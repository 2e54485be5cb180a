//! The store on IAM in memory: what it reads, which calls it makes for an action, and what it does
//! about an error.

#![cfg(test)]

use fixtures::documents::allows_s3 as document;
use fixtures::{ARN, block_on, recreate_owner};
use iam_model::{Account, Fault, Iam, IamError, OwnerKind};
use incident::subject::{InlineAction, InlinePolicy, ManagedAction, ManagedPolicy, Owner};
use incident::{Changeable, Next, PolicyArn, Reconciler, Refusal, VersionId};
use policy_store::{PolicyStore, Reconciled, StoreError, StoreErrorKind, Stored};

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

/// A run with fixed actions that records how it was called.
struct Script<S: Changeable> {
    actions: Vec<S::Action>,
    observed: Vec<Option<S::Observed>>,
    made: Vec<VersionId>,
    carried_out: usize,
    refused: usize,
    has_another: bool,
}

impl<S: Changeable> Script<S> {
    fn of(actions: impl IntoIterator<Item = S::Action>) -> Self {
        let mut actions: Vec<S::Action> = actions.into_iter().collect();
        actions.reverse();
        Self {
            actions,
            observed: Vec::new(),
            made: Vec::new(),
            carried_out: 0,
            refused: 0,
            has_another: false,
        }
    }
}

impl<S: Changeable<Observed: Clone>> Reconciler<S> for Script<S> {
    type End = ();

    fn next(&mut self, observed: Option<&S::Observed>) -> Next<S::Action, ()> {
        self.observed.push(observed.cloned());
        self.actions.pop().map_or(Next::End(()), Next::Act)
    }

    fn carried_out(&mut self, made: Option<VersionId>) {
        self.carried_out += 1;
        self.made.extend(made);
    }

    fn refused(&mut self, _: Refusal) -> bool {
        self.refused += 1;
        self.has_another
    }
}

fn reconcile<S: Stored<Observed: Clone>>(
    iam: &Iam,
    policy: &S,
    script: &mut Script<S>,
) -> Result<Reconciled<(), S::Observed>, StoreError> {
    let store = PolicyStore::from_client(iam.client());
    block_on(store.reconcile(policy, script))
}

fn observe<S: Stored<Observed: Clone>>(
    iam: &Iam,
    policy: &S,
) -> Result<Option<S::Observed>, StoreError> {
    let mut script = Script::of([]);
    reconcile(iam, policy, &mut script)?;
    Ok(script.observed.pop().unwrap())
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
fn documents_are_read_once_and_the_unique_id_every_time() {
    let iam = iam();
    let mut script = Script::of([
        ManagedAction::SetDefault(version(1)),
        ManagedAction::DeleteVersion(version(3)),
    ]);
    reconcile(&iam, &managed(), &mut script).unwrap();
    let count = |name: &str| iam.calls().iter().filter(|call| *call == name).count();
    assert_eq!(count("GetPolicyVersion"), 3);
    assert_eq!(count("GetPolicy"), 3);
    assert_eq!(count("ListPolicyVersions"), 3);
    assert_eq!(
        iam.writes(),
        ["SetDefaultPolicyVersion", "DeletePolicyVersion"]
    );
    let policy = iam.account().policy(ARN).unwrap().clone();
    assert_eq!((policy.default, policy.versions.len()), (1, 2));
}

/// Versions of the same numbers and moments, of another policy: nothing that was read before may
/// pass for them.
#[test]
fn a_policy_that_is_created_again_within_the_second_is_not_mixed_with_the_old_one() {
    let iam = Iam::default();
    iam.change(|account| account.create_policy("/", "app", document("One")))
        .unwrap();
    // Before the second read, since the first takes three calls.
    iam.before(4, |account| {
        account.delete_policy(ARN).unwrap();
        account
            .create_policy("/", "app", document("Other"))
            .unwrap();
    });
    let mut script = Script::of([ManagedAction::SetDefault(version(1))]);
    let error = reconcile(&iam, &managed(), &mut script).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Transient, "{error}");
    assert_eq!(script.observed.len(), 1);
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
fn a_new_version_is_put_in_force_and_the_run_gets_its_number() {
    let iam = iam();
    let mut script = Script::of([ManagedAction::CreateVersion(document("Four"))]);
    reconcile(&iam, &managed(), &mut script).unwrap();
    assert_eq!((script.carried_out, &*script.made), (1, &[version(4)][..]));
    let policy = iam.account().policy(ARN).unwrap().clone();
    assert_eq!((policy.default, policy.in_force()), (4, &*document("Four")));
    assert_eq!(script.observed[1].as_ref().unwrap().default.id, version(4));
}

#[test]
fn an_inline_policy_of_every_kind_of_owner_is_written() {
    for (kind, model) in [
        (incident::OwnerKind::Role, OwnerKind::Role),
        (incident::OwnerKind::User, OwnerKind::User),
        (incident::OwnerKind::Group, OwnerKind::Group),
    ] {
        let iam = iam();
        let mut script = Script::of([InlineAction::Put(document("Two"))]);
        reconcile(&iam, &inline(kind), &mut script).unwrap();
        let account = iam.account();
        assert_eq!(
            account.inline(model, "app", "inline"),
            Some(&*document("Two"))
        );
        let observed = script.observed[1].as_ref().unwrap();
        assert_eq!(
            observed.document.as_ref().unwrap().as_str(),
            document("Two")
        );
        assert_eq!(
            observed.identity.id,
            account.owner(model, "app").unwrap().id
        );
    }
}

/// What was observed before is out of date. The next read shows what to do.
#[test]
fn an_action_that_comes_too_late_is_followed_by_another_read() {
    let iam = iam();
    // With five versions, there is no room for another.
    for _ in 0..2 {
        iam.change(|account| account.create_policy_version(ARN, document("x"), false))
            .unwrap();
    }
    let mut script = Script::of([
        ManagedAction::SetDefault(version(9)),
        ManagedAction::DeleteVersion(version(9)),
        ManagedAction::DeleteVersion(version(2)),
        ManagedAction::CreateVersion(document("Six")),
    ]);
    assert!(matches!(
        reconcile(&iam, &managed(), &mut script).unwrap(),
        Reconciled::End {
            observed: Some(_),
            ..
        }
    ));
    assert_eq!(script.observed.len(), 5);
    assert!(script.made.is_empty());
    assert_eq!(script.carried_out, 0);
}

fn check_refused<S>(policy: &S, action: S::Action, kind: StoreErrorKind)
where
    S: Stored<Observed: Clone, Action: Clone>,
{
    let mut script = Script::of([action.clone()]);
    script.has_another = true;
    reconcile(&iam(), policy, &mut script).unwrap();
    assert_eq!((script.refused, script.observed.len()), (1, 2));
    let mut script = Script::of([action]);
    let reconciled = reconcile(&iam(), policy, &mut script);
    assert_eq!(reconciled.err().map(|error| error.kind), Some(kind));
}

#[test]
fn a_document_that_iam_refuses_is_tried_another_way_or_fails_by_name() {
    let long = document(&"x".repeat(20_000));
    let create = |text: &str| ManagedAction::CreateVersion(text.to_owned());
    check_refused(&managed(), create(&long), StoreErrorKind::TooLarge);
    check_refused(&managed(), create("{"), StoreErrorKind::DocumentRefused);
    let user = inline(incident::OwnerKind::User);
    check_refused(&user, InlineAction::Put(long), StoreErrorKind::TooLarge);
}

#[test]
fn a_run_that_never_rests_is_stopped() {
    let iam = iam();
    let mut script = Script::of(vec![ManagedAction::SetDefault(version(1)); 50]);
    let reconciled = reconcile(&iam, &managed(), &mut script).unwrap();
    assert!(matches!(reconciled, Reconciled::OutOfActions));
    assert_eq!(iam.writes().len(), 16);
}

#[test]
fn errors_are_classified_by_what_to_do_about_them() {
    for (code, status, kind) in [
        ("Throttling", 400, StoreErrorKind::Transient),
        ("ServiceFailure", 500, StoreErrorKind::Transient),
        ("ConcurrentModification", 409, StoreErrorKind::Transient),
        ("AccessDenied", 403, StoreErrorKind::Refused),
        ("UnmodifiableEntity", 400, StoreErrorKind::Unmodifiable),
    ] {
        for call in 0..6 {
            let iam = iam();
            iam.fail(call, Fault::Refused(IamError::other(code, status)));
            let mut script = Script::of([ManagedAction::SetDefault(version(1))]);
            let error = reconcile(&iam, &managed(), &mut script).unwrap_err();
            assert_eq!((error.kind, error.code.as_str()), (kind, code), "{error}");
        }
    }
}
