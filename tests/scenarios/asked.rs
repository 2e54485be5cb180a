//! Three lists in one deployment: what is contained, what is asked about first, what is reported.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::browser::{Look, with_browser};
use end_to_end::{
    Incident, STATES_TAKEN_BACK, Scenario, Target, World, Write, actions, document, expect_parts,
};
use local_aws::http;
use serde_json::Value;

/// The lists of the deployment.
pub(crate) const LISTS: [(&str, &str); 3] = [
    ("restrictedActions", "s3:DeleteBucket"),
    ("askActions", "s3:DeleteObject,iam:*"),
    ("reportActions", "s3:Put*"),
];

const ASKED: [&str; 3] = ["s3:DeleteObject", "s3:PutObject", "s3:GetObject"];

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("asked::nothing_is_touched_before_the_answer", kept),
        Scenario::new("asked::a_deny_takes_back_every_kind_of_policy", taken_back),
        Scenario::new(
            "asked::what_was_changed_meanwhile_is_left_alone",
            superseded,
        ),
        Scenario::new("asked::the_strictest_list_decides", strictest),
        Scenario::new("asked::the_page_says_what_is_in_force", page),
        Scenario::new("asked::a_late_click_and_a_double_one", late),
    ]
}

/// On a stack whose mode is `Ask` and where only the mail's links allow.
pub(crate) fn ceiling() -> Vec<Scenario> {
    vec![Scenario::new(
        "asked::the_mode_is_the_ceiling_and_an_allow_needs_the_key",
        ceiling_and_key,
    )]
}

/// On a stack with little time to decide.
pub(crate) fn hurried() -> Vec<Scenario> {
    vec![Scenario::new(
        "asked::without_an_answer_the_grant_stays_and_the_mail_says_so",
        expired,
    )]
}

async fn asked<'w>(world: &'w World, write: Write, name: &str) -> Result<(Target, Incident<'w>)> {
    let target = Target::prepare(world, write, name, document(&ASKED)).await?;
    target.carry_out(world.emulator.iam()).await?;
    let incident = world.incident(write.event_name(), name).await?;
    let request = incident.request().await?;
    ensure_parts(&request.subject, &["Decide: ", name])?;
    expect_parts(
        &request,
        &[
            "(s3:DeleteObject)",
            "ARE IN FORCE",
            "they stay in force: s3:Put*",
        ],
    )?;
    Ok((target, incident))
}

fn ensure_parts(text: &str, parts: &[&str]) -> Result<()> {
    for part in parts {
        ensure!(text.contains(part), "no `{part}` in {text}");
    }
    Ok(())
}

async fn in_force(world: &World, target: &Target) -> Result<Vec<String>> {
    actions(&target.in_force(world).await?.context("no policy")?)
}

async fn kept(world: Arc<World>) -> Result<()> {
    let (target, incident) = asked(&world, Write::CreatePolicy, "asked-kept").await?;
    ensure!(in_force(&world, &target).await? == ASKED);
    ensure!(world.versions(target.arn()).await? == ["v1"]);
    incident.answer("allow").await?;
    ensure!(incident.outcome().await? == "kept");
    ensure!(in_force(&world, &target).await? == ASKED);
    ensure!(world.versions(target.arn()).await? == ["v1"]);
    ensure_parts(&incident.report().await?.subject, &["Kept: ", "asked-kept"])?;
    let states = incident.states().await?;
    ensure!(
        states
            == [
                "ValidatePolicy",
                "ChooseAction",
                "PublishOpened",
                "AskUser",
                "UsersChoice",
                "Approved",
                "NextAction",
                "PublishDecided",
                "ReportOutcome",
                "Ended",
                "PublishEnded"
            ],
        "{states:?}"
    );
    Ok(())
}

async fn taken_back(world: Arc<World>) -> Result<()> {
    for write in Write::ALL {
        let name = format!("asked-{}", write.event_name());
        let (target, incident) = asked(&world, write, &name).await?;
        incident.answer("deny").await?;
        let outcome = incident.outcome().await?;
        ensure!(outcome == "takenBack", "{write:?}: {outcome}");
        let now = in_force(&world, &target).await?;
        ensure!(
            now == ["s3:PutObject", "s3:GetObject"],
            "{write:?}: {now:?}"
        );
        if write.is_managed() {
            let documents = target.documents(&world).await?;
            let is_original = |(_, text): &(String, String)| *text == target.original;
            ensure!(!documents.iter().any(is_original), "{documents:?}");
        }
        let states = incident.states().await?;
        ensure!(
            states.len() <= STATES_TAKEN_BACK,
            "{write:?}: {} {states:?}",
            states.len()
        );
        let report = incident.report().await?;
        ensure_parts(&report.subject, &["Taken back: ", &name])?;
        let closed = incident.closed().await?.output;
        let quarantine = |name: &str| closed.pointer(&format!("/quarantine/{name}"));
        ensure!(
            quarantine("original").is_some_and(Value::is_string),
            "{closed}"
        );
        ensure!(quarantine("asked") == Some(&true.into()), "{closed}");
        ensure!(closed.get("proposal").is_none(), "{closed}");
    }
    Ok(())
}

async fn superseded(world: Arc<World>) -> Result<()> {
    for (write, answer) in [
        (Write::CreatePolicyVersion, "deny"),
        (Write::PutRolePolicy, "deny"),
        (Write::PutUserPolicy, "allow"),
    ] {
        let name = format!("asked-newer-{}", write.event_name());
        let (target, incident) = asked(&world, write, &name).await?;
        let newer = document(&["s3:DeleteObject", "s3:ListBucket"]);
        target.overwrite(world.emulator.iam(), &newer).await?;
        incident.answer(answer).await?;
        let outcome = incident.outcome().await?;
        ensure!(outcome == "superseded", "{write:?}: {outcome}");
        // The newer change waits for an answer of its own.
        let now = in_force(&world, &target).await?;
        ensure!(
            now == ["s3:DeleteObject", "s3:ListBucket"],
            "{write:?}: {now:?}"
        );
    }
    let (target, incident) = asked(&world, Write::PutGroupPolicy, "asked-gone").await?;
    target.delete(&world).await?;
    incident.answer("deny").await?;
    ensure!(incident.outcome().await? == "gone");
    Ok(())
}

async fn strictest(world: Arc<World>) -> Result<()> {
    let all = document(&["s3:DeleteBucket", "s3:DeleteObject", "s3:PutObject"]);
    let arn = world.create_policy("asked-contained", &all).await?;
    let incident = world.incident("CreatePolicy", "asked-contained").await?;
    let request = incident.request().await?;
    expect_parts(
        &request,
        &[
            "The guard removed",
            "s3:DeleteBucket",
            "s3:DeleteObject",
            "they stay in force: s3:Put*",
        ],
    )?;
    ensure!(actions(&world.in_force(&arn).await?.document)? == ["s3:PutObject"]);
    incident.answer("allow").await?;
    ensure!(incident.outcome().await? == "allowed");
    ensure!(world.in_force(&arn).await?.document == all);

    let reported = document(&["s3:PutBucketPolicy"]);
    let arn = world.create_policy("asked-reported", &reported).await?;
    let incident = world.incident("CreatePolicy", "asked-reported").await?;
    ensure!(incident.outcome().await? == "reported");
    let report = incident.report().await?;
    ensure_parts(
        &report.subject,
        &["In force: reported permissions in asked-reported"],
    )?;
    ensure!(world.in_force(&arn).await?.document == reported);
    ensure!(world.versions(&arn).await? == ["v1"]);
    Ok(())
}

async fn page(world: Arc<World>) -> Result<()> {
    for (answer, button, heading, recorded) in [
        (
            "allow",
            "Allow: keep it in force",
            "Allowed",
            "stays in force as it is",
        ),
        (
            "deny",
            "Deny: take the permissions out",
            "Denied",
            "takes the restricted permissions out",
        ),
    ] {
        let name = format!("asked-page-{answer}");
        let (_, incident) = asked(&world, Write::CreatePolicy, &name).await?;
        let link = incident.link(answer).await?;
        with_browser(Look::DESK, async |browser| {
            browser.goto(&link).await?;
            let page = browser.text("main").await?;
            for shown in [
                "In force now: the policy as it was written",
                "What a deny removes",
                "A deny removes the lines",
                "Only reported",
                "s3:Put*",
                button,
            ] {
                ensure!(page.contains(shown), "the page shows no {shown}: {page}");
            }
            ensure!(!page.contains("The guard removed"), "{page}");
            ensure!(browser.text("del").await?.contains("s3:DeleteObject"));
            browser.click("form button").await?;
            browser.expect_heading(heading).await?;
            let page = browser.text("main").await?;
            ensure!(page.contains(recorded), "{page}");
            Ok(())
        })
        .await?;
        incident.outcome().await?;
    }
    Ok(())
}

async fn late(world: Arc<World>) -> Result<()> {
    let (target, incident) = asked(&world, Write::PutRolePolicy, "asked-late").await?;
    let (allow, deny) = (incident.link("allow").await?, incident.link("deny").await?);
    incident.answer("deny").await?;
    ensure!(incident.outcome().await? == "takenBack");
    for link in [allow, deny] {
        let page = http::get(&link).await?;
        ensure!(page.status == 409, "{}: {}", page.status, page.body);
        ensure_parts(
            &page.body,
            &["it was denied", "took the restricted permissions out"],
        )?;
    }
    ensure!(in_force(&world, &target).await? == ["s3:PutObject", "s3:GetObject"]);
    Ok(())
}

async fn ceiling_and_key(world: Arc<World>) -> Result<()> {
    let original = document(&["s3:DeleteBucket", "s3:GetObject"]);
    let target = Target::prepare(&world, Write::PutUserPolicy, "ceiling", original.clone()).await?;
    target.carry_out(world.emulator.iam()).await?;
    let incident = world.incident("PutUserPolicy", "ceiling").await?;
    let request = incident.request().await?;
    expect_parts(&request, &["ARE IN FORCE"])?;
    let link = incident.link("allow").await?;
    let (without_key, _) = link.split_once("&key=").context("no key")?;
    let page = http::get(without_key).await?;
    ensure!(page.status == 403, "{}: {}", page.status, page.body);
    let (_, token) = without_key.split_once("token=").context("no token")?;
    let (token, _) = token.split_once("&execution=").context("no execution")?;
    let answer = r#"{"action":"allow"}"#;
    let send = world.emulator.sfn().send_task_success().task_token(token);
    send.output(answer).send().await.context("refused")?;
    let name = incident.name();
    let again = |text: &str| text.contains(&name) && text.contains("This is request 2 of 3.");
    let mail = world
        .mail("another request", |mail| again(&mail.message))
        .await?;
    expect_parts(&mail, &["ARE IN FORCE"])?;
    incident.answer("allow").await?;
    ensure!(incident.outcome().await? == "kept");
    ensure!(target.in_force(&world).await? == Some(original));
    Ok(())
}

async fn expired(world: Arc<World>) -> Result<()> {
    let (target, incident) = asked(&world, Write::CreatePolicy, "asked-expired").await?;
    ensure!(incident.outcome().await? == "expired");
    ensure!(in_force(&world, &target).await? == ASKED);
    let report = incident.report().await?;
    expect_parts(&report, &["No one decided in time", "ARE STILL IN FORCE"])?;
    Ok(())
}
