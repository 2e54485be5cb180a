//! What is left for an auditor, and how one decision is forgotten.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::{Incident, SOON, Scenario, Target, World, Write, actions, document};
use local_aws::{browse, http, poll};
use xtask::account::Account;
use xtask::cases::{self, Case, Month, Wanted};
use xtask::deployed::Deployed;
use xtask::forget::{self, forget};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("cases::an_auditor_sees_who_wrote_and_decided_what", shown),
        Scenario::new("cases::the_longest_document_is_there_as_a_whole", longest),
        Scenario::new("cases::what_was_forgotten_is_asked_about_again", forgotten),
    ]
}

fn restricted() -> String {
    document(&["s3:DeleteBucket", "s3:GetObject"])
}

/// Writes a restricted document, and waits for the request.
async fn asked<'w>(
    world: &'w World,
    write: Write,
    name: &str,
    original: String,
) -> Result<(Target, Incident<'w>)> {
    let target = Target::prepare(world, write, name, original).await?;
    target.carry_out(world.emulator.iam()).await?;
    let incident = world.incident(write.event_name(), name).await?;
    incident.request().await?;
    Ok((target, incident))
}

/// Presses the button of the page with a reason.
async fn answer(incident: &Incident<'_>, answer: &str, reason: &str) -> Result<()> {
    let link = incident.link(answer).await?;
    let page = http::get(&link).await?;
    let form = browse::form_of(&link, &page.body)?.context("no form")?;
    let mut fields = form.fields;
    fields.retain(|(name, _)| name != "reason");
    fields.push(("reason".to_owned(), reason.to_owned()));
    let page = http::post_form(&form.action, &fields).await?;
    ensure!(page.status == 200, "status {}: {}", page.status, page.body);
    Ok(())
}

async fn deployed(world: &World) -> Result<(Account, Deployed)> {
    let account = Account::of_emulator(&world.emulator).await?;
    let stack = Deployed::read(&account, world.stack.name()).await?;
    Ok((account, stack))
}

/// The cases about what has this name, in the month of now. Waits until there are so many.
async fn read(world: &World, name: &str, count: usize) -> Result<Vec<Case>> {
    let (account, stack) = deployed(world).await?;
    let wanted = Wanted {
        month: Month::now(),
        actor: String::new(),
        subject: name.to_owned(),
    };
    poll(&format!("{count} cases of {name}"), SOON, async || {
        let read = cases::read(&account, &stack, &wanted).await?;
        Ok((read.len() >= count).then_some(read))
    })
    .await
}

async fn shown(world: Arc<World>) -> Result<()> {
    let (_, allowed) = asked(&world, Write::CreatePolicy, "audited-allowed", restricted()).await?;
    let (_, denied) = asked(&world, Write::PutRolePolicy, "audited-denied", restricted()).await?;
    let link = denied.link("deny").await?;
    answer(&allowed, "allow", "the \"quarterly\" clean-up").await?;
    ensure!(allowed.outcome().await? == "allowed");
    answer(&denied, "deny", "not in production").await?;
    ensure!(denied.outcome().await? == "denied");

    let read = read(&world, "audited-", 2).await?;
    let [first, second] = read.as_slice() else {
        anyhow::bail!("{read:?}");
    };
    for (case, incident, result, reason) in [
        (first, &allowed, "allowed", "the \"quarterly\" clean-up"),
        (second, &denied, "denied", "not in production"),
    ] {
        ensure!(case.text("outcome") == result, "{}", case.line);
        ensure!(case.text("reason") == reason, "{}", case.line);
        ensure!(case.text("execution") == incident.execution.arn());
        ensure!(case.text("actor") == "the root user", "{}", case.line);
        ensure!(case.text("original") == restricted(), "{}", case.line);
        let remediated = actions(&case.text("remediated"))?;
        ensure!(remediated == ["s3:GetObject"], "{}", case.line);
    }
    let table = cases::table(&read);
    let [_, row, _] = table.as_slice() else {
        anyhow::bail!("{table:?}");
    };
    for part in [
        "allowed",
        "the root user",
        "CreatePolicy",
        "audited-allowed",
    ] {
        ensure!(row.contains(part), "no {part} in {row}");
    }
    no_secrets(&world, &link).await?;
    months_and_stacks(&world).await
}

/// No line of the log has the token or the key of a link.
async fn no_secrets(world: &World, link: &str) -> Result<()> {
    let (account, stack) = deployed(world).await?;
    let group = stack.output("CaseLogGroup")?;
    let options = ["--log-group-name", group];
    let logged = account.call("logs filter-log-events", &options).await?;
    let logged = logged.to_string();
    ensure!(logged.contains("audited-denied"), "the log is empty");
    let link = url::Url::parse(link)?;
    for (name, value) in link.query_pairs() {
        ensure!(
            name == "execution" || !logged.contains(value.as_ref()),
            "the log has the {name} of a link"
        );
    }
    Ok(())
}

async fn months_and_stacks(world: &World) -> Result<()> {
    let (account, mut stack) = deployed(world).await?;
    let wanted = Wanted {
        month: "2020-02".parse()?,
        actor: String::new(),
        subject: String::new(),
    };
    let read = cases::read(&account, &stack, &wanted).await?;
    ensure!(read.is_empty(), "{read:?}");
    cases::run(&account, &stack, &wanted, false).await?;
    stack.outputs.remove("CaseLogGroup");
    let refused = cases::read(&account, &stack, &wanted).await;
    let refused = refused.err().context("no error")?.to_string();
    ensure!(refused.contains("deploy this version"), "{refused}");
    Ok(())
}

/// A line is longer than the pipes and buffers on its way.
async fn longest(world: Arc<World>) -> Result<()> {
    let resource = format!("arn:aws:s3:::{}", "x".repeat(9_800));
    let original = restricted().replace("\"*\"", &format!("{resource:?}"));
    ensure!(original.len() > 9_900, "{original}");
    let name = "cases-longest";
    let (_, incident) = asked(&world, Write::PutRolePolicy, name, original.clone()).await?;
    answer(&incident, "deny", "too long").await?;
    ensure!(incident.outcome().await? == "denied");
    let read = read(&world, name, 1).await?;
    let case = read.first().context("no case")?;
    ensure!(case.text("original") == original, "{}", case.line);
    ensure!(case.text("remediated").contains(&resource), "{}", case.line);
    Ok(())
}

async fn forgotten(world: Arc<World>) -> Result<()> {
    let (account, write, name) = (
        deployed(&world).await?.0,
        Write::PutRolePolicy,
        "cases-forget",
    );
    let (target, first) = asked(&world, write, name, restricted()).await?;
    answer(&first, "deny", "no").await?;
    ensure!(first.outcome().await? == "denied");

    let iam = world.emulator.iam();
    target.overwrite(iam, &restricted()).await?;
    let again = another(&world, name, &[&first]).await?;
    ensure!(again.outcome().await? == "deniedBefore");
    let read = read(&world, name, 2).await?;
    let case = read.last().context("no case")?;
    ensure!(case.text("outcome") == "deniedBefore", "{}", case.line);
    ensure!(
        case.text("before") == first.execution.arn(),
        "{}",
        case.line
    );
    ensure!(case.text("reason") == "no", "{}", case.line);

    let states = &account.clients().await?.sfn;
    let incident = forget::Incident::parse(first.execution.arn())?;
    let said = forget(states, &incident).await?.to_string();
    ensure!(
        said.contains(name) && said.contains("asked about again"),
        "{said}"
    );
    target.overwrite(iam, &restricted()).await?;
    let asked = another(&world, name, &[&first, &again]).await?;
    asked.request().await?;

    // While it asks, its history names the claim; and a repetition leads to the earlier incident.
    let running = forget::Incident::parse(asked.execution.arn())?;
    forget(states, &running).await?;
    let repeated = forget::Incident::parse(again.execution.arn())?;
    forget(states, &repeated).await?;
    answer(&asked, "deny", "still no").await?;
    ensure!(asked.outcome().await? == "denied");

    let clean = Target::prepare(&world, write, "cases-clean", document(&["s3:GetObject"])).await?;
    clean.carry_out(iam).await?;
    let clean = world.incident(write.event_name(), "cases-clean").await?;
    ensure!(clean.outcome().await? == "clean");
    let nothing = forget::Incident::parse(clean.execution.arn())?;
    let refused = forget(states, &nothing).await.err().context("no error")?;
    ensure!(refused.to_string().contains("names no claim"), "{refused}");
    Ok(())
}

/// The incident about what has this name beside these.
async fn another<'w>(
    world: &'w World,
    name: &str,
    known: &[&Incident<'_>],
) -> Result<Incident<'w>> {
    let known: Vec<String> = known.iter().map(|it| it.name()).collect();
    poll("another incident", SOON, async || {
        let all = world.incidents("PutRolePolicy", name).await?;
        Ok(all.into_iter().find(|it| !known.contains(&it.name())))
    })
    .await
}
