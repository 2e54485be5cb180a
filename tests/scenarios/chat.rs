//! What a chat gets: the facts of the e-mails, one thread for each incident, and no way to decide.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use end_to_end::{ChatMessage, Incident, Owner, Scenario, World, document, expect_parts, join};
use local_aws::{Mail, browse, http};
use serde_json::{Value, json};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new(
            "chat::a_request_its_answer_and_its_end_are_one_thread",
            thread,
        ),
        Scenario::new("chat::no_name_means_anything_in_a_chat", hostile),
    ]
}

/// What no message for a chat may have.
fn expect_no_way_to_decide(message: &ChatMessage, request: Option<&Mail>) -> Result<()> {
    let mut secrets = vec!["token=".to_owned(), "key=".to_owned(), "/Prod/".to_owned()];
    for link in request.into_iter().flat_map(|mail| &mail.links) {
        let (_, query) = link.split_once('?').unwrap_or_default();
        let values = query.split('&').filter_map(|it| it.split_once('='));
        let secret = values.filter(|(name, _)| ["token", "key"].contains(name));
        secrets.extend(secret.map(|(_, value)| value.to_owned()));
    }
    for secret in secrets {
        ensure!(
            !message.text.contains(&secret),
            "{secret} is in {}",
            message.text
        );
    }
    Ok(())
}

fn expect_in(message: &ChatMessage, parts: &[&str]) -> Result<()> {
    for part in parts {
        let text = message.description();
        ensure!(text.contains(part), "no {part} in {text}");
    }
    Ok(())
}

/// Presses the button of the page with a reason.
async fn deny(incident: &Incident<'_>, reason: &str) -> Result<()> {
    let link = incident.link("deny").await?;
    let page = http::get(&link).await?;
    ensure!(
        page.body.contains("held by 1 group (2 users)"),
        "{}",
        page.body
    );
    let form = browse::form_of(&link, &page.body)?.context("no form")?;
    let mut fields = form.fields;
    fields.retain(|(name, _)| name != "reason");
    fields.push(("reason".to_owned(), reason.to_owned()));
    let page = http::post_form(&form.action, &fields).await?;
    ensure!(page.status == 200, "status {}: {}", page.status, page.body);
    Ok(())
}

async fn thread(world: Arc<World>) -> Result<()> {
    let iam = world.emulator.iam();
    let group = "chat-people";
    Owner::Group.create(iam, group).await?;
    for user in ["chat-ann", "chat-bob"] {
        Owner::User.create(iam, user).await?;
        join(iam, user, group).await?;
    }
    let original = document(&["s3:DeleteBucket", "s3:GetObject"]);
    Owner::Group
        .put(iam, group, "chat-policy", &original)
        .await?;
    let incident = world.incident("PutGroupPolicy", "chat-policy").await?;
    let request = incident.request().await?;
    expect_parts(&request, &["The policy is held by 1 group (2 users)."])?;

    let name = incident.name();
    let asked = world.chat(&name, 1).await?.swap_remove(0);
    ensure!(asked.member("/metadata/eventType") == "request");
    ensure!(asked.member("/source") == "custom", "{}", asked.text);
    expect_in(
        &asked,
        &[
            "- Restricted: `s3:DeleteBucket`",
            "chat-policy",
            "chat-people",
            "- Who holds it: held by 1 group (2 users)",
            "- In force now: the policy without the restricted permissions.",
            "- Response: contain",
            "- Decide by: `",
        ],
    )?;
    let steps = asked.json.pointer("/content/nextSteps");
    let steps = steps.context("no steps")?.to_string();
    for part in ["Decide in the e-mail", incident.execution.arn()] {
        ensure!(steps.contains(part), "no {part} in {steps}");
    }
    expect_no_way_to_decide(&asked, Some(&request))?;

    deny(&incident, "Not <!here>, as *agreed*.").await?;
    ensure!(incident.outcome().await? == "denied");
    let messages = world.chat(&name, 3).await?;
    let [_, answered, ended] = &messages[..] else {
        bail!("{} messages", messages.len());
    };
    ensure!(answered.member("/metadata/eventType") == "decision");
    let title = answered.member("/content/title");
    ensure!(title.starts_with("Answered with deny: "), "{title}");
    let of_both = [
        "- Decision: deny",
        "- Reason: `Not ‹!here›, as *agreed*.`",
        "- Restricted: `s3:DeleteBucket`",
    ];
    expect_in(answered, &of_both)?;
    expect_no_way_to_decide(answered, Some(&request))?;
    ensure!(ended.member("/metadata/eventType") == "outcome");
    ensure!(ended.member("/content/title").starts_with("Denied: "));
    expect_in(ended, &of_both)?;
    expect_no_way_to_decide(ended, Some(&request))
}

/// The record of a clean write, in which everything that its caller chooses is hostile.
async fn hostile(world: Arc<World>) -> Result<()> {
    let name = "chat-clean";
    world
        .create_policy(name, &document(&["s3:GetObject"]))
        .await?;
    let incident = world.incident("CreatePolicy", name).await?;
    ensure!(incident.outcome().await? == "clean");
    let mut event = incident.execution.input().await?;
    let text = "<!channel> <@U123> @here <at>all</at> [a](https://evil.example) `x` ```\n# b\n> c *d* _e_ www.evil.example \u{202E}f";
    let detail = event.get_mut("detail").and_then(Value::as_object_mut);
    let caller = json!({"type": "IAMUser", "userName": text, "arn": text});
    detail.context("no detail")?.extend([
        ("userAgent".to_owned(), json!(text)),
        ("sourceIPAddress".to_owned(), json!(text)),
        ("userIdentity".to_owned(), caller),
    ]);
    let forged = world.start_by_hand(&event.to_string()).await?;
    let forged = world.incident_of(forged);
    ensure!(forged.outcome().await? == "clean");
    let message = world.chat(&forged.name(), 1).await?.swap_remove(0);
    ensure!(message.member("/metadata/eventType") == "report");
    expect_in(&message, &["- Who: `IAM user ‹!channel› ‹＠U123› ＠here"])?;
    let (own, _) = message
        .text
        .split_once("\"nextSteps\"")
        .context("no steps")?;
    for wrong in [
        "<", ">", "@", "](", "://", "www.", "```", "\u{202E}", "\\n#", "\\n>",
    ] {
        ensure!(!own.contains(wrong), "{wrong} is in {own}");
    }
    expect_no_way_to_decide(&message, None)
}
