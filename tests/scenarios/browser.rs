//! The pages in a real browser: with the mouse, with the keyboard alone, on a telephone, in the
//! dark, late and twice.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::browser::{Browser, Look, with_browser};
use end_to_end::faults::{Fault, Rule, Times};
use end_to_end::{Incident, Scenario, World, document, expect_parts};
use thirtyfour::Key;

const BUTTON: &str = "form button";

/// On the usual stack.
pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("browser::the_walkthrough_by_clicking", by_clicking),
        Scenario::new("browser::keyboard_only_on_a_dark_phone", keyboard_alone),
        Scenario::new("browser::an_allow_for_an_hour", for_an_hour),
        Scenario::new("browser::a_double_click_decides_once", double_click),
        Scenario::new("browser::a_late_click_on_the_other_answer", other_answer),
        Scenario::new("browser::a_decision_that_is_not_recorded", not_recorded),
        Scenario::new("browser::a_token_that_was_pasted_by_hand", token_by_hand),
    ]
}

/// On a stack with little time to decide.
pub(crate) fn hurried() -> Vec<Scenario> {
    vec![Scenario::new(
        "browser::a_click_after_the_time_ran_out",
        too_late,
    )]
}

async fn waiting<'w>(world: &'w World, name: &str) -> Result<(String, Incident<'w>)> {
    let restricted = document(&["s3:GetObject", "s3:DeleteBucket"]);
    let arn = world.create_policy(name, &restricted).await?;
    let incident = world.incident("CreatePolicy", name).await?;
    incident.request().await?;
    Ok((arn, incident))
}

async fn by_clicking(world: Arc<World>) -> Result<()> {
    for (name, answer, title, outcome, version) in [
        ("clicked-allow", "allow", "Allowed", "allowed", "v1"),
        ("clicked-deny", "deny", "Denied", "denied", "v2"),
    ] {
        let (arn, incident) = waiting(&world, name).await?;
        let link = incident.link(answer).await?;
        with_browser(Look::DESK, async |browser| {
            browser.goto(&link).await?;
            let heading = browser.heading().await?;
            ensure!(
                heading.contains(name) && heading.ends_with('?'),
                "{heading}"
            );
            let page = browser.text("main").await?;
            for shown in ["s3:DeleteBucket", "root", "CreatePolicy", "Decide by"] {
                ensure!(page.contains(shown), "the page shows no {shown}: {page}");
            }
            ensure!(browser.text("del").await?.contains("s3:DeleteBucket"));
            ensure!(browser.count("script").await? == 0, "the page has a script");
            browser.check_accessibility().await?;

            browser.click("a[href='#decide']").await?;
            browser.click("#reason").await?;
            browser.type_keys("asked for in <b>CHG-7</b>").await?;
            browser.click(BUTTON).await?;
            browser.expect_heading(title).await?;
            let page = browser.text("main").await?;
            ensure!(page.contains("asked for in <b>CHG-7</b>"), "{page}");
            browser.check_accessibility().await?;

            browser.goto(&link).await?;
            browser.expect_heading("Already decided").await?;
            ensure!(browser.count(BUTTON).await? == 0, "it can be decided again");
            browser.check_accessibility().await
        })
        .await?;
        ensure!(incident.outcome().await? == outcome);
        ensure!(world.in_force(&arn).await?.version == version);
        let mail = incident.report().await?;
        expect_parts(&mail, &["asked for in <b>CHG-7</b>"])?;
    }
    Ok(())
}

/// The keyboard chooses how long the policy is allowed; page and e-mail say until when.
async fn for_an_hour(world: Arc<World>) -> Result<()> {
    let (arn, incident) = waiting(&world, "for-an-hour").await?;
    let link = incident.link("allow").await?;
    with_browser(Look::PHONE, async |browser| {
        browser.goto(&link).await?;
        browser.tab_to("#minutes").await?;
        browser.type_keys("1 hour").await?;
        browser.check_accessibility().await?;
        browser.tab_to(BUTTON).await?;
        browser.press(Key::Enter).await?;
        browser.expect_heading("Allowed").await?;
        let page = browser.text("main").await?;
        ensure!(page.contains("until"), "the page has no end: {page}");
        browser.check_accessibility().await
    })
    .await?;
    let mail = incident.report().await?;
    expect_parts(&mail, &["until"])?;
    ensure!(world.in_force(&arn).await?.version == "v1");
    // It waits for the end of the allow.
    let stop = world.emulator.sfn().stop_execution();
    let stopped = stop.execution_arn(incident.execution.arn()).send().await;
    stopped.context("cannot stop the execution")?;
    Ok(())
}

async fn keyboard_alone(world: Arc<World>) -> Result<()> {
    let (arn, incident) = waiting(&world, "typed").await?;
    let link = incident.link("deny").await?;
    with_browser(Look::PHONE_AT_NIGHT, async |browser| {
        browser.goto(&link).await?;
        browser.check_accessibility().await?;
        let background: String = browser
            .evaluate(
                "return getComputedStyle(document.body).backgroundColor;",
                Vec::new(),
            )
            .await?;
        ensure!(background == "rgb(20, 24, 29)", "not dark: {background}");
        browser.tab_to("a[href='#decide']").await?;
        browser.press(Key::Enter).await?;
        browser.tab_to("#reason").await?;
        browser.type_keys("too wide").await?;
        browser.tab_to(BUTTON).await?;
        browser.press(Key::Enter).await?;
        browser.expect_heading("Denied").await?;
        browser.check_accessibility().await
    })
    .await?;
    ensure!(incident.outcome().await? == "denied");
    ensure!(world.versions(&arn).await? == ["v2"]);
    Ok(())
}

async fn double_click(world: Arc<World>) -> Result<()> {
    let (arn, incident) = waiting(&world, "clicked-twice").await?;
    let link = incident.link("allow").await?;
    with_browser(Look::DESK, async |browser| {
        browser.goto(&link).await?;
        browser.double_click(BUTTON).await?;
        // Where the second click comes before the first answer, the browser shows the second one's,
        // which names the same decision.
        browser
            .expect_one_of(&["Allowed", "Already decided"])
            .await?;
        let page = browser.text(".sentence").await?;
        ensure!(page.contains("allow"), "{page}");
        browser.check_accessibility().await
    })
    .await?;
    ensure!(incident.outcome().await? == "allowed");
    ensure!(world.versions(&arn).await? == ["v1"]);
    Ok(())
}

async fn other_answer(world: Arc<World>) -> Result<()> {
    let (arn, incident) = waiting(&world, "open-in-two-windows").await?;
    let link = incident.link("allow").await?;
    with_browser(Look::PHONE, async |browser| {
        browser.goto(&link).await?;
        incident.answer("deny").await?;
        browser.click(BUTTON).await?;
        browser.expect_heading("Already decided").await?;
        let sentence = browser.text(".sentence").await?;
        ensure!(sentence.to_lowercase().contains("den"), "{sentence}");
        browser.check_accessibility().await
    })
    .await?;
    ensure!(incident.outcome().await? == "denied");
    ensure!(world.versions(&arn).await? == ["v2"]);
    Ok(())
}

async fn not_recorded(world: Arc<World>) -> Result<()> {
    let (_, incident) = waiting(&world, "not-recorded").await?;
    let link = incident.link("deny").await?;
    let resources = world.stack.resources().await?;
    let function = resources.get("ApproveCallbackFunction");
    let function = function.context("no such function")?;
    let fault = |action: &str| {
        world.faults.inject(Rule {
            caller: function.clone(),
            action: action.to_owned(),
            marks: vec![incident.name()],
            nth: 1,
            times: Times::Persistently,
            fault: Fault::ServerError,
        })
    };
    with_browser(Look::DESK, async |browser| {
        let unreadable = fault("states:GetExecutionHistory");
        browser.goto(&link).await?;
        browser
            .expect_heading("The incident cannot be shown")
            .await?;
        ensure!(browser.count(BUTTON).await? == 0, "undecidable");
        browser.check_accessibility().await?;
        drop(unreadable);

        browser.goto(&link).await?;
        let lost = fault("states:SendTaskSuccess");
        browser.click("#reason").await?;
        browser.type_keys("once more").await?;
        browser.click(BUTTON).await?;
        browser.expect_heading("Decision NOT recorded").await?;
        browser.check_accessibility().await?;
        drop(lost);

        // What was typed is still there, and the same button tries again.
        browser.click(BUTTON).await?;
        browser.expect_heading("Denied").await?;
        ensure!(browser.text("main").await?.contains("once more"));
        Ok(())
    })
    .await?;
    ensure!(incident.outcome().await? == "denied");
    Ok(())
}

async fn token_by_hand(world: Arc<World>) -> Result<()> {
    let (_, incident) = waiting(&world, "by-hand-in-a-browser").await?;
    let link = incident.link("allow").await?;
    let by_hand: Vec<&str> = link.split('&').collect();
    let by_hand = by_hand
        .into_iter()
        .filter(|part| !part.starts_with("execution="))
        .collect::<Vec<_>>()
        .join("&");
    let url = world.emulator.local_link(world.stack.output("AllowUrl")?);
    with_browser(Look::PHONE_AT_NIGHT, async |browser| {
        browser.goto(&format!("{url}?token=%3Cb%3E")).await?;
        browser.expect_heading("This link does not work").await?;
        browser.check_accessibility().await?;

        browser.goto(&by_hand).await?;
        browser
            .expect_heading("Allow by-hand-in-a-browser?")
            .await?;
        let page = browser.text("main").await?;
        ensure!(page.contains("s3:DeleteBucket"), "{page}");
        browser.check_accessibility().await?;
        browser.click(BUTTON).await?;
        browser.expect_heading("Allowed").await
    })
    .await?;
    ensure!(incident.outcome().await? == "allowed");
    Ok(())
}

async fn too_late(world: Arc<World>) -> Result<()> {
    let (arn, incident) = waiting(&world, "too-late").await?;
    let link = incident.link("allow").await?;
    with_browser(Look::PHONE, async |browser: &Browser| {
        browser.goto(&link).await?;
        ensure!(browser.count(BUTTON).await? == 1, "it had time enough");
        ensure!(incident.outcome().await? == "expired");
        browser.click(BUTTON).await?;
        browser.expect_heading("Expired").await?;
        let page = browser.text("main").await?;
        ensure!(page.contains("set-default-policy-version"), "{page}");
        browser.check_accessibility().await
    })
    .await?;
    ensure!(world.in_force(&arn).await?.version == "v2");
    Ok(())
}
