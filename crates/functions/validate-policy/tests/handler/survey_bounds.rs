//! Sweeps that are stopped, throttled or too large, and what earlier ones left.

use iam_model::{Account, Fault, IamError, OwnerKind, Sweep};
use incident::message::{Survey, SweepReason};
use incident::survey::SweepOutput;
use lambda_kit::FailureName;

use crate::support::*;
use crate::world::{World, old_account};

#[test]
fn one_sweep_at_a_time() {
    let world = World::new(old_account());
    world.step_functions.sweep(Sweep::running("first", 1));
    world.step_functions.sweep(Sweep::running("second", 2));
    let Survey::Busy { busy } = world.survey("second").unwrap() else {
        panic!("two at once");
    };
    assert!(busy.as_str().ends_with(":first"));
    assert_eq!(world.iam.calls(), [""; 0], "it reads nothing");
    world.step_functions.end_sweep("first", None);
    assert!(matches!(world.survey("second").unwrap(), Survey::Done(_)));
    // An execution that does not run, such as one that someone made up, surveys nothing.
    world.survey("none").unwrap_err();
}

/// A stopped sweep left nothing, so the next one compares with the one before.
#[test]
fn a_killed_sweep_loses_nothing() {
    let mut world = World::new(old_account());
    world.sweep();
    put(&world.iam, RESTRICTED);
    world
        .step_functions
        .sweep(Sweep::running("killed", world.now));
    world.survey("killed").unwrap();
    world.step_functions.end_sweep("killed", None);
    assert_eq!(world.hints().len(), 1);
}

#[test]
fn an_unreadable_sweep_starts_nothing_and_fails_by_name() {
    let mut world = World::new(old_account());
    world.sweep();
    put(&world.iam, RESTRICTED);
    let all = |output: Option<&str>| {
        world.step_functions.change_sweeps(|sweeps| {
            for sweep in sweeps.iter_mut().filter(|it| it.output.is_some()) {
                sweep.output = output.map(str::to_owned);
            }
        });
    };
    all(Some("{}"));
    let error = world.try_sweep().unwrap_err();
    assert_eq!(error.name(), FailureName::SweepUnreadable);
    assert_eq!(world.iam.calls().len(), 2, "one page, and the write");
}

#[test]
fn a_throttled_page_slows_down_and_goes_on() {
    let mut world = World::new(old_account());
    let throttled = || Fault::Refused(IamError::other("Throttling", 400));
    for call in 0..5 {
        world.iam.fail(call, throttled());
    }
    assert_eq!(world.sweep().sweep.counts.roles, 1);
    for call in 0..6 {
        world.iam.fail(call, throttled());
    }
    let error = world.try_sweep().unwrap_err();
    assert_eq!(error.name(), FailureName::Throttled);
    world
        .iam
        .fail(0, Fault::Refused(IamError::other("AccessDenied", 403)));
    let error = world.try_sweep().unwrap_err();
    assert_eq!(error.name(), FailureName::AwsRefused);
}

/// Half an account would look like one where the rest went.
#[test]
fn an_entry_without_its_id_is_not_skipped() {
    let mut world = World::new(old_account());
    world.sweep();
    for name in [
        "RoleId",
        "PolicyDocument",
        "DefaultVersionId",
        "PolicyArn",
        "Document",
    ] {
        world.iam.fail_all(Some(Fault::Lacks(name)));
        let error = world.try_sweep().unwrap_err();
        assert_eq!(error.name(), FailureName::TransientAwsError, "{name}");
    }
    world.iam.fail_all(None);
    assert_eq!(world.hints(), [""; 0]);
}

#[test]
fn pages_are_read_to_the_last_one() {
    let mut account = old_account();
    for number in 0..450 {
        let name = format!("role{number}");
        account.create_owner(OwnerKind::Role, &name).unwrap();
        account
            .put_inline(OwnerKind::Role, &name, "inline", RESTRICTED)
            .unwrap();
    }
    let mut world = World::new(account);
    let first = world.sweep();
    assert_eq!(world.iam.calls(), ["GetAccountAuthorizationDetails"; 3]);
    assert_eq!(first.sweep.counts.restricted.inline, 451);
    assert_eq!(world.sweep().sweep.counts.new, 0);
    // A page that is not the last, and does not say where the next one begins, fails the sweep.
    world.iam.fail_all(Some(Fault::Lacks("Marker")));
    world.try_sweep().unwrap_err();
}

/// Adds so many roles with as many restricted inline policies as each has room for.
fn fill(account: &mut Account, policies: usize) {
    for number in 0..policies {
        let role = format!("full{}", number / 60);
        if number % 60 == 0 {
            account.create_owner(OwnerKind::Role, &role).unwrap();
        }
        let name = format!("p{number}");
        account
            .put_inline(OwnerKind::Role, &role, &name, RESTRICTED)
            .unwrap();
    }
}

#[test]
fn a_sweep_that_cannot_remember_says_so_once_a_day() {
    let mut account = Account::default();
    fill(&mut account, SweepOutput::MAX_GRANTS + 1);
    let mut world = World::new(account);
    let first = world.sweep();
    assert_eq!(first.report.unwrap().reason, SweepReason::TooWide);
    let second = world.sweep();
    assert_eq!((second.report, second.hints.len()), (None, 0));
    world.now += 24 * 60 * 60;
    let next_day = world.sweep();
    assert_eq!(next_day.report.unwrap().reason, SweepReason::TooWide);
    world
        .iam
        .change(|account| account.delete_inline(OwnerKind::Role, "full0", "p0"))
        .unwrap();
    let fits = world.sweep();
    assert_eq!(fits.report.unwrap().reason, SweepReason::OtherRules);
    assert_eq!(fits.hints.len(), 0);
}

/// Whoever chooses names and paths must not end the sweep with them.
#[test]
fn the_answer_fits_whatever_the_names_are() {
    let mut account = Account::default();
    fill(&mut account, 5_300);
    let mut world = World::new(account);
    world.sweep();
    world.iam.change(|account| {
        let path = format!("/{}/", "p".repeat(510));
        for number in 0..100 {
            let name = format!("{number}{}", "n".repeat(120));
            account.create_policy(&path, &name, RESTRICTED).unwrap();
        }
    });
    for (most, is_reported) in [(100, false), (99, true)] {
        world.most = most;
        let swept = world.sweep();
        let text = serde_json::to_string(&swept).unwrap();
        assert!(text.len() <= 240_000, "{}", text.len());
        assert_eq!(swept.hints.len(), swept.sweep.counts.started);
        assert_eq!(swept.hints.is_empty(), is_reported);
        // The new policies are followed, and not known.
        assert_eq!(swept.sweep.memory.len(), 5_400);
        if is_reported {
            let report = swept.report.unwrap();
            assert_eq!(report.grants.len() + report.more_grants, 100);
        }
    }
}
