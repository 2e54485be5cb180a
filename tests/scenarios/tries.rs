//! Containments that fail longer than their retries last, and go on.
//!
//! Played on a stack where an event arrives only when a scenario delivers it, and a wait of a
//! minute takes seconds.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use end_to_end::faults::{Fault, Injected, Rule, Times};
use end_to_end::{Incident, SOON, Scenario, Target, World, Write, actions, document, expect_parts};
use local_aws::poll;

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("tries::a_containment_reads_no_execution", reads_nothing),
        Scenario::new("tries::a_redriven_execution_changes_nothing", redriven),
        Scenario::new("tries::a_newer_change_is_contained_by_the_next_try", newer),
        Scenario::new("tries::the_judgement_is_tried_again_too", judgement),
        Scenario::new("tries::what_became_needless_is_reported", needless),
        Scenario::new(
            "tries::an_unmodifiable_role_is_reported_at_once",
            unmodifiable,
        ),
    ]
}

/// A policy about which each call `action` of a function or role fails.
async fn prepare(
    world: &World,
    write: Write,
    name: &str,
    (caller, action): (&str, &str),
    fault: Fault,
) -> Result<(Target, Injected)> {
    world.deliver_by_hand().await?;
    let original = document(&["s3:DeleteBucket", "s3:GetObject"]);
    let target = Target::prepare(world, write, name, original).await?;
    let resources = world.stack.resources().await?;
    let caller = resources.get(caller).context("no such caller")?;
    let rule = world.faults.inject(Rule {
        caller: caller.clone(),
        action: action.to_owned(),
        marks: vec![name.to_owned()],
        nth: 1,
        times: Times::Persistently,
        fault,
    });
    Ok((target, rule))
}

/// The incident of a write whose containment fails, after the mail about the failure.
async fn failing<'w>(world: &'w World, target: &Target, error: &str) -> Result<Incident<'w>> {
    target.carry_out(world.emulator.iam()).await?;
    let event = target.write.event_name();
    let record = world.records(event, &target.name).await?.pop();
    let incident = world.deliver(&record.context("no record")?).await?;
    let mail = incident.report().await?;
    for part in ["Failed: ", error, "It keeps trying", "every 15 minutes"] {
        let text = format!("{}\n{}", mail.subject, mail.message);
        ensure!(text.contains(part), "no `{part}` in {text}");
    }
    ensure!(incident.execution.closed().await?.is_none(), "it gave up");
    Ok(incident)
}

async fn waits(incident: &Incident<'_>) -> Result<()> {
    poll("the wait for the next try", SOON, async || {
        let states = incident.states().await?;
        Ok(states
            .last()
            .is_some_and(|state| state == "WaitForNextTry")
            .then_some(()))
    })
    .await
}

/// Other readers can use up the quotas of Step Functions for the whole account.
async fn reads_nothing(world: Arc<World>) -> Result<()> {
    world.deliver_by_hand().await?;
    let original = document(&["s3:DeleteBucket", "s3:GetObject"]);
    let name = "tries-reads-nothing";
    let target = Target::prepare(&world, Write::CreatePolicy, name, original).await?;
    target.carry_out(world.emulator.iam()).await?;
    let record = world.records("CreatePolicy", name).await?.pop();
    let incident = world.deliver(&record.context("no record")?).await?;
    incident.request().await?;
    let calls = world.faults.calls(&[name.to_owned(), incident.name()]);
    // The request is mailed after the containment, with facts that Step Functions shows.
    let of_states: Vec<_> = calls
        .iter()
        .filter(|call| call.action.starts_with("states:"))
        .map(|call| (call.action.as_str(), call.caller.contains("NotifyFun")))
        .collect();
    ensure!(
        of_states
            == [
                ("states:StartExecution", false),
                ("states:GetExecutionHistory", true)
            ],
        "{of_states:?}"
    );
    let writes: Vec<_> = calls
        .iter()
        .filter(|call| call.action == "iam:CreatePolicyVersion")
        .collect();
    let resources = world.stack.resources().await?;
    let role = resources.get("PolicyApprovalRole").context("no role")?;
    ensure!(
        writes.len() == 1
            && writes
                .iter()
                .all(|call| call.caller.contains(role.as_str())),
        "{writes:?}"
    );
    incident.answer("deny").await?;
    ensure!(incident.outcome().await? == "denied");
    Ok(())
}

/// An execution is stopped within an action, and redriven after the policy was made again.
async fn redriven(world: Arc<World>) -> Result<()> {
    let call = ("PolicyApprovalRole", "iam:CreatePolicyVersion");
    let name = "tries-redriven";
    let (target, late) = prepare(&world, Write::CreatePolicy, name, call, Fault::Throttle).await?;
    target.carry_out(world.emulator.iam()).await?;
    let record = world.records("CreatePolicy", name).await?.pop();
    let incident = world.deliver(&record.context("no record")?).await?;
    let execution = &incident.execution;
    execution
        .wait_until_entered("CreatePolicyVersion", SOON)
        .await?;
    let states = world.emulator.sfn();
    states
        .stop_execution()
        .execution_arn(execution.arn())
        .send()
        .await?;
    let again = document(&["s3:DeleteBucket", "s3:ListBucket"]);
    target.make_again(&world, &[&again]).await?;
    // A call that was on its way when the execution ended must not reach either policy.
    late.lift();
    let redrive = states.redrive_execution().execution_arn(execution.arn());
    redrive.send().await.context("cannot redrive")?;
    let closed = incident.closed().await?;
    ensure!(closed.status == ExecutionStatus::Failed, "{closed:?}");
    let in_force = target.in_force(&world).await?;
    let states = incident.states().await?;
    ensure!(in_force == Some(again), "{in_force:?} after {states:?}");
    Ok(())
}

async fn newer(world: Arc<World>) -> Result<()> {
    let call = ("PolicyApprovalRole", "iam:CreatePolicyVersion");
    let (target, throttled) = prepare(
        &world,
        Write::CreatePolicyVersion,
        "tries-newer",
        call,
        Fault::Throttle,
    )
    .await?;
    let incident = failing(&world, &target, "PolicyUnsettled").await?;
    waits(&incident).await?;
    // While it waits, another restricted version is written.
    let newer = document(&["s3:DeleteObject", "s3:ListBucket"]);
    world.create_version(target.arn(), &newer, true).await?;
    throttled.lift();
    let request = incident.request().await?;
    expect_parts(
        &request,
        &["s3:DeleteObject", "earlier e-mail is over, after"],
    )?;
    let in_force = target.in_force(&world).await?.context("no policy")?;
    ensure!(actions(&in_force)? == ["s3:ListBucket"], "{in_force}");
    incident.answer("allow").await?;
    ensure!(incident.outcome().await? == "allowed");
    let in_force = target.in_force(&world).await?.context("no policy")?;
    ensure!(in_force == newer, "{in_force}");
    let failures = world
        .mails_until_now(|mail| {
            mail.message.contains(&incident.name()) && mail.subject.starts_with("Failed: ")
        })
        .await?;
    ensure!(failures.len() == 1, "{} failure mails", failures.len());
    Ok(())
}

async fn judgement(world: Arc<World>) -> Result<()> {
    let call = ("ValidatePolicyFunction", "iam:GetUserPolicy");
    let (target, broken) = prepare(
        &world,
        Write::PutUserPolicy,
        "tries-judgement",
        call,
        Fault::ServerError,
    )
    .await?;
    let incident = failing(&world, &target, "TransientAwsError").await?;
    broken.lift();
    incident.request().await?;
    let in_force = target.in_force(&world).await?.context("no policy")?;
    ensure!(actions(&in_force)? == ["s3:GetObject"], "{in_force}");
    incident.answer("deny").await?;
    ensure!(incident.outcome().await? == "denied");
    Ok(())
}

async fn needless(world: Arc<World>) -> Result<()> {
    let call = ("PolicyApprovalRole", "iam:PutGroupPolicy");
    let (target, throttled) = prepare(
        &world,
        Write::PutGroupPolicy,
        "tries-needless",
        call,
        Fault::Throttle,
    )
    .await?;
    let incident = failing(&world, &target, "PolicyUnsettled").await?;
    waits(&incident).await?;
    target
        .overwrite(world.emulator.iam(), &document(&["ec2:DescribeVpcs"]))
        .await?;
    throttled.lift();
    ensure!(incident.outcome().await? == "superseded");
    let mails = world
        .mails_until_now(|mail| {
            mail.message.contains(&incident.name())
                && mail.message.contains("earlier e-mail is over")
        })
        .await?;
    ensure!(mails.len() == 1, "{} mails", mails.len());
    Ok(())
}

async fn unmodifiable(world: Arc<World>) -> Result<()> {
    let call = ("PolicyApprovalRole", "iam:PutRolePolicy");
    let (target, _fault) = prepare(
        &world,
        Write::PutRolePolicy,
        "tries-unmodifiable",
        call,
        Fault::Unmodifiable,
    )
    .await?;
    target.carry_out(world.emulator.iam()).await?;
    let record = world.records("PutRolePolicy", &target.name).await?.pop();
    let incident = world.deliver(&record.context("no record")?).await?;
    let closed = incident.closed().await?;
    let end = (closed.status, closed.error.as_deref());
    ensure!(
        end == (ExecutionStatus::Failed, Some("UnmodifiableEntity")),
        "{end:?}"
    );
    let mail = incident.report().await?;
    expect_parts(&mail, &["GRANTS RESTRICTED ACTIONS", "permission set"])?;
    ensure!(!mail.message.contains("keeps trying"), "{}", mail.message);
    Ok(())
}
