//! The store on IAM in memory: what it reads, which calls it makes for a step, and what it does about an error.

#![cfg(test)]

use iam_model::{Account, Fault, Iam, IamError, OwnerKind};
use incident::subject::{InlinePolicy, ManagedPolicy, Owner};
use incident::{Observed, Plan, PolicyArn, Refusal, Rest, Step, Subject, VersionId};
use policy_store::{PolicyStore, Settled, StoreError, StoreErrorKind};

const ARN: &str = "arn:aws:iam::111122223333:policy/app";

fn document(action: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"s3:{action}","Resource":"*"}}}}"#
    )
}

fn managed() -> Subject {
    Subject::Managed(ManagedPolicy {
        arn: PolicyArn::parse(ARN).unwrap(),
    })
}

fn inline(kind: incident::OwnerKind) -> Subject {
    Subject::Inline(InlinePolicy {
        owner: Owner {
            kind,
            name: "app".to_owned(),
        },
        name: "inline".to_owned(),
    })
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

/// A plan with fixed steps, that remembers what it was told.
#[derive(Default)]
struct Script {
    steps: Vec<Step>,
    looks: Vec<Option<Observed>>,
    made: Vec<VersionId>,
    carried_out: usize,
    refused: usize,
    has_another: bool,
}

impl Script {
    fn of(steps: impl IntoIterator<Item = Step>) -> Self {
        let mut steps: Vec<Step> = steps.into_iter().collect();
        steps.reverse();
        Self {
            steps,
            ..Self::default()
        }
    }
}

impl Plan for Script {
    fn next_step(&mut self, look: Option<&Observed>) -> Step {
        self.looks.push(look.cloned());
        self.steps.pop().unwrap_or(Step::Rest(Rest::Settled))
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

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(work)
}

fn settle(iam: &Iam, subject: &Subject, script: &mut Script) -> Result<Settled, StoreError> {
    let store = PolicyStore::from_client(iam.client());
    block_on(store.settle(subject, script))
}

fn look(iam: &Iam, subject: &Subject) -> Result<Option<Observed>, StoreError> {
    let mut script = Script::default();
    settle(iam, subject, &mut script)?;
    Ok(script.looks.pop().unwrap())
}

#[test]
fn a_look_at_a_managed_policy_has_every_version_with_its_document() {
    let Some(Observed::Managed(look)) = look(&iam(), &managed()).unwrap() else {
        panic!("the policy is there");
    };
    let all: Vec<_> = look
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
    assert_eq!(look.default.id, version(2));
    assert_eq!(
        look.default.created.as_second(),
        look.identity.created.as_second() + 1
    );
}

#[test]
fn what_is_in_force_is_read_with_the_named_version_only() {
    let iam = iam();
    let store = PolicyStore::from_client(iam.client());
    let look = block_on(store.in_force(&managed(), Some(&version(1)))).unwrap();
    let Some(Observed::Managed(look)) = look else {
        panic!("the policy is there");
    };
    assert_eq!(look.default.id, version(2));
    assert_eq!(look.others.len(), 1);
    assert_eq!(
        iam.calls(),
        ["GetPolicy", "GetPolicyVersion", "GetPolicyVersion"]
    );
    let look = block_on(store.in_force(&managed(), Some(&version(9)))).unwrap();
    assert!(matches!(look, Some(Observed::Managed(look)) if look.others.is_empty()));
}

#[test]
fn what_is_not_there_is_no_error() {
    let iam = Iam::default();
    assert!(look(&iam, &managed()).unwrap().is_none());
    for kind in [
        incident::OwnerKind::Role,
        incident::OwnerKind::User,
        incident::OwnerKind::Group,
    ] {
        assert!(look(&iam, &inline(kind)).unwrap().is_none());
    }
}

#[test]
fn documents_are_read_once_and_the_identity_with_every_look() {
    let iam = iam();
    let mut script = Script::of([
        Step::SetDefault(version(1)),
        Step::DeleteVersion(version(3)),
    ]);
    settle(&iam, &managed(), &mut script).unwrap();
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

/// Versions of the same numbers and moments, of another policy: nothing that was read before may pass for them.
#[test]
fn a_policy_that_was_made_again_within_the_second_is_not_mixed_with_the_old_one() {
    let iam = Iam::default();
    iam.change(|account| account.create_policy("/", "app", document("One")))
        .unwrap();
    // Before the second look: three calls make the first.
    iam.before(4, |account| {
        account.delete_policy(ARN).unwrap();
        account
            .create_policy("/", "app", document("Other"))
            .unwrap();
    });
    let mut script = Script::of([Step::SetDefault(version(1))]);
    let error = settle(&iam, &managed(), &mut script).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Transient, "{error}");
    assert_eq!(script.looks.len(), 1);
}

#[test]
fn a_policy_that_is_made_again_during_a_look_has_the_identity_of_the_new_one() {
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
    let look = look(&iam, &managed()).unwrap().unwrap();
    let policy = iam.account().policy(ARN).unwrap().clone();
    assert_eq!(look.identity().id, policy.id);

    let iam = self::iam();
    iam.before(1, |account| {
        let kind = OwnerKind::Role;
        account.delete_inline(kind, "app", "inline").unwrap();
        account.delete_owner(kind, "app").unwrap();
        account.create_owner(kind, "app").unwrap();
    });
    let look = self::look(&iam, &inline(incident::OwnerKind::Role))
        .unwrap()
        .unwrap();
    let owner = iam.account().owner(OwnerKind::Role, "app").unwrap().clone();
    assert_eq!(look.identity().id, owner.id);
}

#[test]
fn a_version_that_goes_during_a_look_is_not_in_it() {
    let iam = iam();
    iam.before(2, |account| account.delete_policy_version(ARN, 1).unwrap());
    let look = look(&iam, &managed()).unwrap();
    assert!(matches!(look, Some(Observed::Managed(look)) if look.others.len() == 1));
}

#[test]
fn a_version_that_was_made_is_put_in_force_and_the_plan_told() {
    let iam = iam();
    let mut script = Script::of([Step::CreateVersion(document("Four"))]);
    settle(&iam, &managed(), &mut script).unwrap();
    assert_eq!((script.carried_out, &*script.made), (1, &[version(4)][..]));
    let policy = iam.account().policy(ARN).unwrap().clone();
    assert_eq!((policy.default, policy.in_force()), (4, &*document("Four")));
    assert_eq!(
        script.looks[1].as_ref().unwrap().version(),
        Some(&version(4))
    );
}

#[test]
fn an_inline_policy_of_every_kind_of_owner_is_written() {
    for (kind, model) in [
        (incident::OwnerKind::Role, OwnerKind::Role),
        (incident::OwnerKind::User, OwnerKind::User),
        (incident::OwnerKind::Group, OwnerKind::Group),
    ] {
        let iam = iam();
        let mut script = Script::of([Step::Put(document("Two"))]);
        settle(&iam, &inline(kind), &mut script).unwrap();
        let account = iam.account();
        assert_eq!(
            account.inline(model, "app", "inline"),
            Some(&*document("Two"))
        );
        let seen = script.looks[1].as_ref().unwrap();
        assert_eq!(seen.document().unwrap().as_str(), document("Two"));
        assert_eq!(seen.identity().id, account.owner(model, "app").unwrap().id);
    }
}

/// The last look was out of date: the next one shows what to do.
#[test]
fn a_step_that_came_too_late_is_followed_by_another_look() {
    let iam = iam();
    for number in 0..2 {
        iam.change(|account| account.create_policy_version(ARN, document("x"), false))
            .unwrap();
        assert!(number < 2);
    }
    let mut script = Script::of([
        Step::SetDefault(version(9)),
        Step::DeleteVersion(version(9)),
        Step::DeleteVersion(version(2)),
        Step::CreateVersion(document("Six")),
    ]);
    assert!(matches!(
        settle(&iam, &managed(), &mut script).unwrap(),
        Settled::At(Rest::Settled, Some(_))
    ));
    assert_eq!(script.looks.len(), 5);
    assert!(script.made.is_empty());
    assert_eq!(script.carried_out, 0);
}

#[test]
fn a_document_that_iam_refuses_is_tried_another_way_or_fails_by_name() {
    let long = document(&"x".repeat(20_000));
    for (step, subject, kind) in [
        (
            Step::CreateVersion(long.clone()),
            managed(),
            StoreErrorKind::TooLarge,
        ),
        (
            Step::CreateVersion("{".to_owned()),
            managed(),
            StoreErrorKind::DocumentRefused,
        ),
        (
            Step::Put(long.clone()),
            inline(incident::OwnerKind::User),
            StoreErrorKind::TooLarge,
        ),
    ] {
        let mut script = Script::of([step.clone()]);
        script.has_another = true;
        settle(&iam(), &subject, &mut script).unwrap();
        assert_eq!((script.refused, script.looks.len()), (1, 2));
        let mut script = Script::of([step]);
        let error = settle(&iam(), &subject, &mut script).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
    }
}

#[test]
fn a_plan_that_never_rests_is_ended() {
    let iam = iam();
    let mut script = Script::of(vec![Step::SetDefault(version(1)); 50]);
    let settled = settle(&iam, &managed(), &mut script).unwrap();
    assert!(matches!(settled, Settled::Unsettled));
    assert_eq!(iam.writes().len(), 16);
}

#[test]
fn a_step_of_another_kind_of_target_is_not_taken() {
    let iam = iam();
    for (step, subject) in [
        (Step::Put(document("x")), managed()),
        (
            Step::SetDefault(version(1)),
            inline(incident::OwnerKind::Role),
        ),
    ] {
        let error = settle(&iam, &subject, &mut Script::of([step])).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Refused);
    }
    assert!(iam.writes().is_empty());
}

#[test]
fn errors_are_sorted_by_what_to_do_about_them() {
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
            let mut script = Script::of([Step::SetDefault(version(1))]);
            let error = settle(&iam, &managed(), &mut script).unwrap_err();
            assert_eq!((error.kind, error.code.as_str()), (kind, code), "{error}");
        }
    }
}
