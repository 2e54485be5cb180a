//! Large, crowded and padded documents, and what the administrator sees of them.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::{Incident, Owner, Scenario, World, actions, document};
use local_aws::http;
use serde_json::json;

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new(
            "bounds::a_crowded_policy_is_contained_and_comes_back",
            crowded,
        ),
        Scenario::new(
            "bounds::a_padded_inline_policy_is_contained_and_comes_back",
            padded,
        ),
        Scenario::new("bounds::every_restricted_pattern_is_named_first", hidden),
    ]
}

/// The text before the first link, and the whole page.
async fn shown(incident: &Incident<'_>) -> Result<(String, String)> {
    let request = incident.request().await?;
    let before = request.message.split("https://").next().unwrap_or_default();
    let page = http::get(&incident.link("allow").await?).await?;
    ensure!(page.status == 200, "status {}: {}", page.status, page.body);
    for line in request.message.lines() {
        ensure!(line.len() <= 990, "a line of {} bytes: {line}", line.len());
    }
    Ok((before.to_owned(), page.body))
}

fn padded_to(length: usize, document: &str, padding: &str) -> String {
    let padding = padding.repeat(length - document.len());
    document.replacen(":[", &format!(":{padding}["), 1)
}

async fn crowded(world: Arc<World>) -> Result<()> {
    let statement = json!({"Effect": "Allow", "Action": vec!["*"; 50], "Resource": "*"});
    let original = json!({"Version": "2012-10-17", "Statement": vec![statement; 22]}).to_string();
    // The longest document that IAM takes.
    let original = padded_to(131_000, &original, "\n");
    let arn = world.create_policy("crowded", &original).await?;
    let incident = world.incident("CreatePolicy", "\"crowded\"").await?;
    let (before, page) = shown(&incident).await?;
    for text in [&before, &page] {
        ensure!(text.contains("s3:DeleteBucket") && text.contains("s3:DeleteObject"));
    }
    ensure!(
        page.contains("<details>"),
        "the page does not have the whole document"
    );
    let in_force = world.in_force(&arn).await?.document;
    ensure!(in_force.contains("NotAction") && !in_force.contains(r#"["*""#));
    incident.answer("allow").await?;
    ensure!(incident.outcome().await? == "allowed");
    ensure!(world.in_force(&arn).await?.document == original);
    Ok(())
}

async fn padded(world: Arc<World>) -> Result<()> {
    let names: Vec<String> = (0..290)
        .map(|n| format!("dynamodb:SomeLongerAction{n:03}"))
        .collect();
    let mut all: Vec<&str> = names.iter().map(String::as_str).collect();
    all.push("s3:DeleteBucket");
    let original = document(&all);
    // Over 100 KB, CloudTrail omits the parameters, and no other member of the record names an
    // inline policy.
    let original = padded_to(90_000, &original, " ");
    let iam = world.emulator.iam();
    let (owner, name) = (Owner::Role, "padded-role");
    owner.create(iam, name).await?;
    owner.put(iam, name, "padded", &original).await?;
    let incident = world.incident("PutRolePolicy", name).await?;
    let (before, page) = shown(&incident).await?;
    ensure!(before.contains("s3:DeleteBucket"));
    for name in &names {
        ensure!(page.contains(name), "the page does not show {name}");
    }
    let in_force = owner.get(iam, name, "padded").await?.context("no policy")?;
    ensure!(
        !actions(&in_force)?.contains(&"s3:DeleteBucket".to_owned()),
        "{in_force}"
    );
    incident.answer("allow").await?;
    ensure!(incident.outcome().await? == "allowed");
    let in_force = owner.get(iam, name, "padded").await?.context("no policy")?;
    ensure!(
        actions(&in_force)?.contains(&"s3:DeleteBucket".to_owned()),
        "{in_force}"
    );
    Ok(())
}

async fn hidden(world: Arc<World>) -> Result<()> {
    let statement = |n: usize, action: &str| json!({"Sid": format!("S{n}"), "Effect": "Allow", "Action": action, "Resource": "*"});
    let mut statements: Vec<_> = (0..75).map(|n| statement(n, "s3:DeleteObject")).collect();
    statements.push(statement(75, "s3:DeleteBucket"));
    let original = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    world.create_policy("hidden-grant", &original).await?;
    let incident = world.incident("CreatePolicy", "hidden-grant").await?;
    let (before, page) = shown(&incident).await?;
    ensure!(before.contains("s3:DeleteBucket"), "{before}");
    let (start, _) = page.split_once("<a ").context("a page without links")?;
    ensure!(start.contains("s3:DeleteBucket"), "{start}");
    ensure!(
        page.contains("S74"),
        "the page does not have the whole document"
    );
    incident.answer("deny").await?;
    ensure!(incident.outcome().await? == "denied");
    Ok(())
}
