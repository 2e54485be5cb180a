//! Links that are wrong, opened twice, or opened by a robot.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::{SOON, Scenario, World, document};
use futures_util::future::join_all;
use local_aws::{browse, http, poll};
use serde_json::json;

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("links::a_bad_token_does_not_decide", bad_token),
        Scenario::new("links::a_link_decides_once", decides_once),
        Scenario::new(
            "links::robots_that_open_every_link_decide_nothing",
            opening_decides_nothing,
        ),
        Scenario::new("links::a_token_appended_by_hand_works", by_hand),
        Scenario::new(
            "links::a_page_that_shows_one_incident_cannot_decide_another",
            forged,
        ),
    ]
}

async fn bad_token(world: Arc<World>) -> Result<()> {
    for answer in ["AllowUrl", "DenyUrl"] {
        let url = world.emulator.local_link(world.stack.output(answer)?);
        for (query, body) in [
            ("", ""),
            ("?token=", "token="),
            ("?token=%3Cscript%3E", "token=%3Cscript%3E"),
            ("?token=no-such-token", "token=no-such-token"),
        ] {
            let page = http::get(&format!("{url}{query}")).await?;
            ensure!(
                (200..500).contains(&page.status),
                "{query}: status {}",
                page.status
            );
            ensure!(
                !page.body.contains("<script>"),
                "{query} is reflected: {}",
                page.body
            );
            let fields: Vec<_> = body
                .split_once('=')
                .map(|(name, value)| {
                    (
                        name.to_owned(),
                        value.replace("%3C", "<").replace("%3E", ">"),
                    )
                })
                .into_iter()
                .collect();
            let page = http::post_form(&url, &fields).await?;
            ensure!(
                (400..500).contains(&page.status),
                "{body}: status {}",
                page.status
            );
        }
    }
    Ok(())
}

async fn decides_once(world: Arc<World>) -> Result<()> {
    let arn = world
        .create_policy("decided-once", &document(&["s3:DeleteBucket"]))
        .await?;
    let incident = world.incident("CreatePolicy", "decided-once").await?;
    let (allow, deny) = (incident.link("allow").await?, incident.link("deny").await?);
    let form = browse::form_of(&allow, &http::get(&allow).await?.body)?;
    let (deny_form, form) = (browse::form_of(&deny, &http::get(&deny).await?.body)?, form);
    incident.answer("deny").await?;
    for form in [form, deny_form].into_iter().flatten() {
        let page = http::post_form(&form.action, &form.fields).await?;
        ensure!(
            [409, 410].contains(&page.status),
            "status {}: {}",
            page.status,
            page.body
        );
    }
    let page = http::get(&allow).await?;
    ensure!(
        !page.body.contains("<form"),
        "a decided incident offers no button: {}",
        page.body
    );
    ensure!(incident.outcome().await? == "denied");
    ensure!(world.versions(&arn).await? == ["v2"]);
    Ok(())
}

async fn opening_decides_nothing(world: Arc<World>) -> Result<()> {
    world
        .create_policy("scanned", &document(&["s3:DeleteBucket"]))
        .await?;
    let incident = world.incident("CreatePolicy", "scanned").await?;
    incident.request().await?;
    let name = incident.name();
    let mails = world
        .mails_until_now(|mail| mail.message.contains(&name))
        .await?;
    let links: Vec<String> = mails
        .iter()
        .flat_map(|mail| &mail.links)
        .map(|link| world.emulator.local_link(link))
        .filter(|link| link.starts_with(&world.emulator.endpoint()))
        .collect();
    ensure!(links.len() == 2, "the mail has other links: {links:?}");
    // A mail gateway, the mail program's preview and a virus scanner, each more than once and all
    // at the same time.
    let visits = links.iter().flat_map(|link| {
        (0..10).map(async move |_| {
            let page = http::get(link).await?;
            let head = http::head(link).await?.status;
            Ok::<_, anyhow::Error>((page.status, head))
        })
    });
    for visit in join_all(visits).await {
        let (page, head) = visit?;
        ensure!(page == 200, "a page answers with {page}");
        ensure!(head < 500, "a head answers with {head}");
    }
    ensure!(
        incident.execution.closed().await?.is_none(),
        "a robot decided"
    );
    incident.answer("deny").await?;
    ensure!(incident.outcome().await? == "denied");
    Ok(())
}

async fn by_hand(world: Arc<World>) -> Result<()> {
    world
        .create_policy("by-hand", &document(&["s3:DeleteBucket"]))
        .await?;
    let incident = world.incident("CreatePolicy", "by-hand").await?;
    let link = incident.link("allow").await?;
    let token = link
        .split(['?', '&'])
        .find_map(|part| part.strip_prefix("token="))
        .unwrap_or_default();
    let url = world.emulator.local_link(world.stack.output("AllowUrl")?);
    let address = format!("{url}?token={token}");
    let shown = http::get(&address).await?;
    ensure!(
        shown.status == 200,
        "status {}: {}",
        shown.status,
        shown.body
    );
    ensure!(
        shown.body.contains("by-hand") && shown.body.contains("Restricted: <code>s3:DeleteBucket"),
        "the page does not show the incident: {}",
        shown.body
    );
    let page = browse::open_and_confirm(&address).await?;
    ensure!(page.status == 200, "status {}: {}", page.status, page.body);
    ensure!(incident.outcome().await? == "allowed");
    Ok(())
}

/// The token of one incident, with the name of a harmless-looking other one.
async fn forged(world: Arc<World>) -> Result<()> {
    let arn = world
        .create_policy(
            "forged-target",
            &document(&["s3:DeleteBucket", "s3:GetObject"]),
        )
        .await?;
    let target = world.incident("CreatePolicy", "forged-target").await?;
    world
        .create_policy("forged-shown", &document(&["s3:DeleteObject"]))
        .await?;
    let shown = world.incident("CreatePolicy", "forged-shown").await?;
    shown.request().await?;

    let link = target.link("allow").await?;
    let (name, other) = (
        name_of(target.execution.arn())?,
        name_of(shown.execution.arn())?,
    );
    let forged = link.replace(name, other);
    let page = http::get(&forged).await?;
    ensure!(page.status == 409, "status {}: {}", page.status, page.body);
    ensure!(
        !page.body.contains("<form"),
        "a forged link offers a button"
    );
    let (address, query) = forged.split_once('?').context("a link without a query")?;
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let page = http::post_form(address, &fields).await?;
    ensure!(page.status == 409, "status {}: {}", page.status, page.body);

    // A decision that bypasses the page does not count for another execution: the guard asks the
    // administrator again, by a mail with another token.
    let token = fields.iter().find(|(name, _)| name == "token");
    let (_, token) = token.context("a link without a token")?;
    // A link holds the raw token, and a query reads plus signs as spaces.
    let token = token.replace(' ', "+");
    let decision = json!({"action": "allow", "execution": shown.execution.arn()});
    let send = world.emulator.sfn().send_task_success().task_token(token);
    send.output(decision.to_string()).send().await?;
    let again = poll("a second request", SOON, async || {
        let requests = world
            .mails_until_now(|mail| {
                mail.link_to("allow")
                    .is_some_and(|link| link.contains(name))
            })
            .await?;
        Ok(requests.get(1).cloned())
    })
    .await?;
    ensure!(
        target.execution.closed().await?.is_none(),
        "the forged link decided"
    );
    let asked = target
        .states()
        .await?
        .into_iter()
        .filter(|state| state == "AskUser")
        .count();
    ensure!(asked == 2, "asked {asked} times");
    let second = again.link_to("deny").context("no link to deny")?;
    browse::open_and_confirm(&world.emulator.local_link(second)).await?;
    ensure!(target.outcome().await? == "denied");
    ensure!(world.versions(&arn).await? == ["v2"]);
    shown.answer("deny").await?;
    Ok(())
}

fn name_of(arn: &str) -> Result<&str> {
    arn.rsplit(':').next().context("an ARN without a name")
}
