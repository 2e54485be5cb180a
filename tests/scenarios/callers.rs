//! Every kind of caller, and records that CloudTrail cut short.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_iam::config::Credentials;
use end_to_end::{Scenario, Target, World, Write, document, expect_parts};
use local_aws::Clients;

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("callers::the_root_user_is_watched", by_root),
        Scenario::new("callers::an_iam_user_is_watched", by_user),
        Scenario::new("callers::a_role_session_is_watched", by_role),
        Scenario::new(
            "callers::a_padded_policy_is_found_by_the_answer_and_contained",
            padded_policy,
        ),
    ]
}

const ALL_OF_IAM: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"}]}"#;

/// The change of this caller is contained, and the mail names the caller.
async fn watched(world: &World, clients: &Clients, name: &str, caller: &str) -> Result<()> {
    let original = document(&["s3:DeleteBucket", "s3:GetObject"]);
    let target = Target::prepare(world, Write::CreatePolicy, name, original).await?;
    target.carry_out(&clients.iam).await?;
    let incident = world.incident("CreatePolicy", name).await?;
    let request = incident.request().await?;
    expect_parts(&request, &[caller])?;
    incident.answer("deny").await?;
    ensure!(incident.outcome().await? == "denied");
    Ok(())
}

async fn by_root(world: Arc<World>) -> Result<()> {
    watched(&world, world.emulator.clients(), "by-root", ":root").await
}

async fn by_user(world: Arc<World>) -> Result<()> {
    let iam = world.emulator.iam();
    iam.create_user().user_name("caller-user").send().await?;
    let put = iam.put_user_policy().user_name("caller-user");
    let put = put.policy_name("iam").policy_document(ALL_OF_IAM);
    put.send().await?;
    let key = iam.create_access_key().user_name("caller-user").send();
    let key = key.await?.access_key.context("no access key")?;
    let credentials =
        Credentials::new(key.access_key_id, key.secret_access_key, None, None, "test");
    let clients = world.emulator.clients_of(credentials);
    watched(&world, &clients, "by-user", "caller-user").await
}

async fn by_role(world: Arc<World>) -> Result<()> {
    let credentials = world
        .role_session("caller-role", ALL_OF_IAM, "caller-session")
        .await?;
    let clients = world.emulator.clients_of(credentials);
    watched(&world, &clients, "by-role", "caller-role").await
}

/// White space beyond what CloudTrail keeps of a request; IAM does not count it.
fn padded(actions: &[&str]) -> String {
    document(actions).replacen(':', &format!(":{}", " ".repeat(110_000)), 1)
}

async fn padded_policy(world: Arc<World>) -> Result<()> {
    let name = "padded-policy";
    let original = padded(&["s3:DeleteBucket", "s3:GetObject"]);
    let arn = world.create_policy(name, &original).await?;
    let incident = world.incident("CreatePolicy", name).await?;
    let input = incident.execution.input().await?;
    let omitted = input.pointer("/detail/requestParameters/omitted");
    ensure!(omitted == Some(&true.into()), "the record is cut: {input}");
    incident.request().await?;
    ensure!(
        !world
            .in_force(&arn)
            .await?
            .document
            .contains("DeleteBucket")
    );
    incident.answer("allow").await?;
    ensure!(incident.outcome().await? == "allowed");
    let finally = world.in_force(&arn).await?;
    ensure!((finally.version.as_str(), finally.document == original) == ("v1", true));
    Ok(())
}
