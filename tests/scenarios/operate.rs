//! The commands for a deployed stack, as an operator runs them.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::{Scenario, World};
use local::account::Account;
use local::deployed::Deployed;
use local::emulator::ACCOUNT;
use local::scp::{self, Trusted};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![Scenario::new(
        "operate::the_policy_for_an_organization_names_the_deployed_stack",
        protect,
    )]
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
            ensure!(policy.contains(name), "{logical} {physical}: {policy}");
        }
    }
    let unknown = Deployed::read(&account, "no-such-stack").await;
    ensure!(unknown.is_err(), "a stack that does not exist");
    Ok(())
}
