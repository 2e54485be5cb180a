//! The commands for a deployed stack, as an operator runs them.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::{Scenario, World, actions, document};
use local_aws::emulator::ACCOUNT;
use xtask::account::Account;
use xtask::deployed::Deployed;
use xtask::scp::{self, Trusted};
use xtask::{operate, smoke};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new(
            "operate::the_policy_for_an_organization_names_the_deployed_stack",
            protect,
        ),
        Scenario::new("operate::the_smoke_test_plays_both_answers", smoke_test),
        Scenario::new(
            "operate::a_pause_a_removal_and_what_waits_meanwhile",
            pause_and_remove,
        ),
    ]
}

async fn protect(world: Arc<World>) -> Result<()> {
    let account = Account::of_emulator(&world.emulator).await?;
    let stack = Deployed::read(&account, world.stack.name()).await?;
    ensure!(stack.account == ACCOUNT && stack.region == account.region());
    ensure!(stack.output("AlertTopicArn")? == world.stack.output("AlertTopicArn")?);
    let deployer = Trusted::list(&format!("arn:aws:iam::{ACCOUNT}:role/deploy"), ACCOUNT)?;
    let policy = scp::policy(&stack, &deployer, &[])?;
    ensure!(policy.len() <= scp::LONGEST, "{} characters", policy.len());
    for (logical, physical) in world.stack.resources().await? {
        if ["Role", "Topic", "Queue", "StateMachine", "Api"]
            .iter()
            .any(|kind| logical.ends_with(kind))
        {
            let name = physical.rsplit('/').next().context("no name")?;
            // The resources of one type of a stack with a long name are one pattern.
            let stack = world.stack.name();
            let patterns = match logical.as_str() {
                it if it.ends_with("Role") => vec![format!("role/{stack}-*")],
                it if it.ends_with("StateMachine") => vec![
                    format!("stateMachine:{stack}-*"),
                    format!("execution:{stack}-*"),
                ],
                it if it.ends_with("Topic") => vec![format!(":{stack}-*")],
                _ => Vec::new(),
            };
            let is_pattern = !patterns.is_empty() && patterns.iter().all(|it| policy.contains(it));
            let is_named = policy.contains(name) || is_pattern;
            ensure!(is_named, "{logical} {physical}: {policy}");
        }
    }
    let unknown = Deployed::read(&account, "no-such-stack").await;
    ensure!(unknown.is_err(), "a stack that does not exist");
    Ok(())
}

async fn smoke_test(world: Arc<World>) -> Result<()> {
    let account = Account::of_emulator(&world.emulator).await?;
    let mut stack = Deployed::read(&account, world.stack.name()).await?;
    let no_link = async |_: &str| anyhow::bail!("a token decides, so no link is needed");
    smoke::run(&account, &stack, no_link).await?;
    let left = world.emulator.iam().list_policies().send().await?;
    let left = left.policies.unwrap_or_default().into_iter();
    let mut names = left.filter_map(|it| it.policy_name);
    ensure!(
        !names.any(|it| it.starts_with("guard-smoke")),
        "something is left"
    );

    // If only the e-mail can allow, the operator pastes its link.
    let by_mail = ("DecideBy".to_owned(), "Mail".to_owned());
    stack.parameters.extend([by_mail]);
    let mut asked = 0;
    smoke::run(&account, &stack, async |question: &str| {
        asked += 1;
        let policy = question.split_whitespace().last().unwrap_or_default();
        let policy = policy.trim_end_matches(':');
        let mail = world.mail("the request", |mail| {
            mail.message.contains(policy) && mail.link_to("allow").is_some()
        });
        let mail = mail.await?;
        Ok(format!("{}\n", mail.link_to("allow").context("no link")?))
    })
    .await?;
    ensure!(asked == 1, "asked {asked} times: a deny needs no link");

    stack
        .parameters
        .insert("Mode".to_owned(), "Monitor".to_owned());
    let refused = smoke::run(&account, &stack, no_link).await;
    ensure!(
        refused.is_err(),
        "it plays where nothing would be contained"
    );
    Ok(())
}

/// On a stack of its own, because none is left.
async fn pause_and_remove(_: Arc<World>) -> Result<()> {
    let world = World::start(&[]).await?;
    let account = Account::of_emulator(&world.emulator).await?;
    let stack = Deployed::read(&account, world.stack.name()).await?;
    let restricted = document(&["s3:DeleteBucket", "s3:GetObject"]);
    let waits = world.create_policy("waits", &restricted).await?;
    let incident = world.incident("CreatePolicy", "\"waits\"").await?;
    incident.request().await?;

    operate::pause(&account, &stack).await?;
    let open = operate::waiting(&account, &stack).await?;
    let about = open.first().and_then(|it| it.about.as_deref());
    ensure!(about == Some("CreatePolicy waits"), "{open:?}");
    let unseen = world.create_policy("unseen", &restricted).await?;
    operate::resume(&account, &stack).await?;
    let decided = world.create_policy("decided", &restricted).await?;
    let second = world.incident("CreatePolicy", "\"decided\"").await?;
    second.request().await?;
    ensure!(
        world
            .incidents("CreatePolicy", "\"unseen\"")
            .await?
            .is_empty(),
        "a paused guard starts nothing"
    );
    ensure!(world.in_force(&unseen).await?.document == restricted);

    // Without an answer, the command deletes nothing.
    let refused = operate::remove(&account, &stack, async |_| Ok("perhaps".to_owned())).await;
    ensure!(refused.is_err(), "it is removed without an answer");
    ensure!(operate::waiting(&account, &stack).await?.len() == 2);
    // One is decided while the removal waits, and one is stopped.
    let mut questions = 0;
    operate::remove(&account, &stack, async |_| {
        questions += 1;
        Ok(match questions {
            1 => {
                second.answer("allow").await?;
                ensure!(second.outcome().await? == "allowed");
                String::new()
            }
            2 => "stop".to_owned(),
            _ => stack.name.clone(),
        })
    })
    .await?;
    ensure!(questions == 3, "{questions} questions");
    ensure!(Deployed::read(&account, &stack.name).await.is_err());
    ensure!(world.in_force(&decided).await?.document == restricted);
    let contained = world.in_force(&waits).await?;
    ensure!(
        actions(&contained.document)? == ["s3:GetObject"],
        "what was stopped stays remediated: {contained:?}"
    );
    let groups = account.call("logs describe-log-groups", &[]).await?;
    let kept = stack.physical("RemediateLogs")?;
    ensure!(
        groups.to_string().contains(kept),
        "the logs are gone: {groups}"
    );
    world.emulator.stop().await
}
