//! The parameters that change how the guard behaves, on a stack that has them set.

use std::sync::Arc;

use anyhow::{Result, ensure};
use end_to_end::{Scenario, World, document};
use local_aws::http;

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new(
            "variants::a_link_decides_at_once_where_the_stack_says_so",
            at_once,
        ),
        Scenario::new(
            "variants::harmless_changes_are_not_mailed_where_the_stack_says_so",
            silent,
        ),
    ]
}

/// `LinkConfirmation` is `None`.
async fn at_once(world: Arc<World>) -> Result<()> {
    for (answer, outcome) in [("allow", "allowed"), ("deny", "denied")] {
        let name = format!("decided-at-once-{answer}");
        let original = document(&["s3:DeleteBucket", "s3:GetObject"]);
        let arn = world.create_policy(&name, &original).await?;
        let incident = world.incident("CreatePolicy", &name).await?;
        let link = incident.link(answer).await?;
        let page = http::get(&link).await?;
        ensure!(page.status == 200, "status {}: {}", page.status, page.body);
        ensure!(incident.outcome().await? == outcome);
        let is_back = world.in_force(&arn).await?.document == original;
        ensure!(is_back == (answer == "allow"));
    }
    Ok(())
}

/// `NotifyOnAllowed` is `false`.
async fn silent(world: Arc<World>) -> Result<()> {
    world
        .create_policy("silent-and-harmless", &document(&["s3:GetObject"]))
        .await?;
    let incident = world
        .incident("CreatePolicy", "silent-and-harmless")
        .await?;
    ensure!(incident.outcome().await? == "clean");
    ensure!(incident.states().await? == ["ValidatePolicy", "ChooseAction", "AllowSilently"]);
    // A later change was mailed, so a mail about this one would have arrived too.
    world
        .create_policy("after-the-silence", &document(&["s3:DeleteBucket"]))
        .await?;
    world
        .incident("CreatePolicy", "after-the-silence")
        .await?
        .request()
        .await?;
    let mails = world
        .mails_until_now(|mail| mail.message.contains("silent-and-harmless"))
        .await?;
    ensure!(mails.is_empty(), "{mails:?}");
    Ok(())
}
