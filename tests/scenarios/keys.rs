//! Allows on a stack whose `DecideBy` is `Mail`: only the link of the e-mail allows.
//!

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::{Incident, SOON, Scenario, Target, World, Write, actions, document, expect_parts};
use local_aws::{http, poll};
use serde_json::{Value, json};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("keys::the_link_of_the_mail_allows_and_no_other", links),
        Scenario::new("keys::an_allow_by_the_api_is_asked_again", by_the_api),
        Scenario::new("keys::three_allows_by_the_api_do_not_decide", three_times),
        Scenario::new("keys::a_denial_needs_no_key", denial),
    ]
}

async fn contained<'w>(
    world: &'w World,
    write: Write,
    name: &str,
) -> Result<(Target, Incident<'w>)> {
    world.deliver_by_hand().await?;
    let original = document(&["s3:DeleteBucket", "s3:GetObject"]);
    let target = Target::prepare(world, write, name, original).await?;
    target.carry_out(world.emulator.iam()).await?;
    let record = world.records(write.event_name(), name).await?.pop();
    let incident = world.deliver(&record.context("no record")?).await?;
    incident.request().await?;
    Ok((target, incident))
}

/// The token that the history shows of the newest request, and what it shows of its key.
pub(crate) async fn shown(incident: &Incident<'_>) -> Result<(String, String)> {
    let events = incident.execution.history().await?;
    let submitted = events
        .iter()
        .rev()
        .find_map(|event| event.task_submitted_event_details.as_ref()?.output.clone());
    let output: Value = serde_json::from_str(&submitted.context("no TaskSubmitted")?)?;
    let text = |name: &str| {
        output
            .pointer(&format!("/Payload/{name}"))
            .and_then(Value::as_str)
    };
    let token = text("token").context("no token")?;
    let digest = text("keySha256").context("no digest")?;
    Ok((token.to_owned(), digest.to_owned()))
}

/// Answers as a principal does that can read the execution and send answers.
async fn send(world: &World, token: &str, answer: &Value) -> Result<()> {
    let send = world.emulator.sfn().send_task_success().task_token(token);
    send.output(answer.to_string())
        .send()
        .await
        .context("refused")?;
    Ok(())
}

async fn is_contained(world: &World, target: &Target) -> Result<()> {
    let in_force = target.in_force(world).await?.context("no policy")?;
    ensure!(actions(&in_force)? == ["s3:GetObject"], "{in_force}");
    Ok(())
}

/// Waits for the request that is the `times`th, and answers with its text.
async fn asked_again(world: &World, incident: &Incident<'_>, times: u32) -> Result<String> {
    let mark = format!("This is request {times} of 3.");
    let name = incident.name();
    let wanted = |text: &str| text.contains(&name) && text.contains(&mark);
    let mail = world
        .mail("another request", |mail| wanted(&mail.message))
        .await?;
    Ok(mail.message)
}

async fn links(world: Arc<World>) -> Result<()> {
    let (target, incident) = contained(&world, Write::CreatePolicyVersion, "keys-links").await?;
    let link = incident.link("allow").await?;
    let (token, digest) = shown(&incident).await?;
    let (start, key) = link.split_once("&key=").context("no key")?;
    ensure!(key.len() == 22, "{key}");
    ensure!(
        !incident_text(&incident).await?.contains(key),
        "the history has the key"
    );
    let address = link.split('?').next().unwrap_or_default();
    let wrong = [
        start.to_owned(),
        format!("{start}&key="),
        format!("{start}&key={digest}"),
        format!("{start}&key=AAAAAAAAAAAAAAAAAAAAAA"),
        format!("{address}?token={token}"),
    ];
    for link in &wrong {
        let page = http::get(link).await?;
        ensure!(page.status == 403, "{link}: {}", page.status);
        ensure!(page.body.contains("still waits"), "{}", page.body);
    }
    let fields = [
        ("token", token.as_str()),
        ("execution", incident.name().as_str()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let page = http::post_form(address, &fields).await?;
    ensure!(page.status == 403, "{}", page.status);
    is_contained(&world, &target).await?;
    incident.answer("allow").await?;
    ensure!(incident.outcome().await? == "allowed");
    Ok(())
}

/// Everything that a reader of executions sees.
async fn incident_text(incident: &Incident<'_>) -> Result<String> {
    Ok(format!("{:?}", incident.execution.history().await?))
}

async fn by_the_api(world: Arc<World>) -> Result<()> {
    let (target, incident) = contained(&world, Write::PutRolePolicy, "keys-by-the-api").await?;
    let old = incident.link("allow").await?;
    let (token, digest) = shown(&incident).await?;
    let arn = incident.execution.arn();
    let answer = json!({"action": "allow", "execution": arn, "key": digest});
    send(&world, &token, &answer).await?;
    let request = asked_again(&world, &incident, 2).await?;
    ensure!(request.contains("SendTaskSuccess"), "{request}");
    is_contained(&world, &target).await?;
    let page = http::get(&old).await?;
    ensure!(
        (400..500).contains(&page.status),
        "the old link: {}",
        page.status
    );
    incident.answer("allow").await?;
    ensure!(incident.outcome().await? == "allowed");
    let in_force = target.in_force(&world).await?;
    ensure!(in_force.as_ref() == Some(&target.original), "{in_force:?}");
    Ok(())
}

async fn three_times(world: Arc<World>) -> Result<()> {
    let (target, incident) = contained(&world, Write::CreatePolicyVersion, "keys-three").await?;
    let mut used = Vec::new();
    for times in 1..=3 {
        if times > 1 {
            asked_again(&world, &incident, times).await?;
        }
        let (token, _) = poll("another token", SOON, async || {
            Ok(Some(shown(&incident).await?).filter(|(token, _)| !used.contains(token)))
        })
        .await?;
        send(&world, &token, &json!({"action": "allow"})).await?;
        used.push(token);
    }
    ensure!(incident.outcome().await? == "expired");
    is_contained(&world, &target).await?;
    let documents = target.documents(&world).await?;
    let is_kept = documents
        .iter()
        .any(|(_, document)| *document == target.original);
    ensure!(is_kept, "the original is gone: {documents:?}");
    let mail = incident.report().await?;
    expect_parts(&mail, &["no answer that counts"])?;
    Ok(())
}

async fn denial(world: Arc<World>) -> Result<()> {
    let (target, by_api) = contained(&world, Write::PutUserPolicy, "keys-denied-by-api").await?;
    let (token, _) = shown(&by_api).await?;
    send(&world, &token, &json!({"action": "deny"})).await?;
    ensure!(by_api.outcome().await? == "denied");
    is_contained(&world, &target).await?;
    let (target, by_link) = contained(&world, Write::PutUserPolicy, "keys-denied-by-link").await?;
    let link = by_link.link("deny").await?;
    let (without, _) = link.split_once("&key=").context("no key")?;
    let page = local_aws::browse::open_and_confirm(without).await?;
    ensure!(page.status == 200, "{}", page.status);
    ensure!(by_link.outcome().await? == "denied");
    is_contained(&world, &target).await
}
