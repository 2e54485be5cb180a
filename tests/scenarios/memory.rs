//! The same document again: while it is asked about, after an allow, after a deny.

mod asked;
mod attacks;
mod providers;
mod times;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_iam::config::Credentials;
use end_to_end::{Incident, SOON, Scenario, Target, World, Write, actions, document};
use futures_util::future::try_join_all;
use local_aws::{Mail, poll};
use serde_json::{Value, json};

pub(crate) fn scenarios() -> Vec<Scenario> {
    let mut all = vec![
        Scenario::new("memory::a_hundred_writes_make_one_request", hundred),
        Scenario::new("memory::every_kind_of_write_joins_and_is_denied", kinds),
        Scenario::new("memory::what_was_allowed_stays", allowed),
        Scenario::new("memory::another_document_or_policy_is_asked_about", another),
        Scenario::new("memory::a_clean_document_is_mailed_once_a_week", clean),
        Scenario::new("memory::an_exempt_principal_is_reported_once", exempt),
    ];
    all.extend(attacks::scenarios());
    all.extend(providers::scenarios());
    all.extend(times::scenarios());
    all
}

/// On a stack where the events arrive when a scenario delivers them.
pub(crate) fn by_hand() -> Vec<Scenario> {
    attacks::by_hand()
}

/// On a stack that asks about some actions first.
pub(crate) fn asking_first() -> Vec<Scenario> {
    asked::scenarios()
}

fn restricted() -> String {
    document(&["s3:DeleteBucket", "s3:GetObject"])
}

/// All executions about a target, by how they ended; an execution that asks counts as `asking`.
/// Waits until none does anything else.
async fn ends(world: &World, name: &str) -> Result<BTreeMap<String, usize>> {
    poll(&format!("the ends of all about {name}"), SOON, async || {
        let mut ends = BTreeMap::new();
        for incident in incidents(world, name).await? {
            let end = match incident.execution.closed().await? {
                Some(closed) => {
                    let result = closed.output.pointer("/outcome/result");
                    result.and_then(Value::as_str).unwrap_or("none").to_owned()
                }
                None if incident
                    .states()
                    .await?
                    .last()
                    .is_some_and(|it| it == "AskUser") =>
                {
                    "asking".to_owned()
                }
                None => return Ok(None),
            };
            *ends.entry(end).or_insert(0) += 1;
        }
        Ok(Some(ends))
    })
    .await
}

async fn incidents<'w>(world: &'w World, name: &str) -> Result<Vec<Incident<'w>>> {
    let mut all = Vec::new();
    for write in Write::ALL {
        all.extend(world.incidents(write.event_name(), name).await?);
    }
    Ok(all)
}

/// Waits until each write of a target has an execution, and all are at rest.
async fn settled(world: &World, name: &str, writes: usize) -> Result<BTreeMap<String, usize>> {
    poll(
        &format!("{writes} executions about {name}"),
        SOON,
        async || Ok((incidents(world, name).await?.len() >= writes).then_some(())),
    )
    .await?;
    ends(world, name).await
}

async fn mails(world: &World, name: &str) -> Result<Vec<Mail>> {
    let named = |mail: &Mail| mail.subject.contains(name);
    world.mails_until_now(named).await
}

fn requests(mails: &[Mail]) -> usize {
    let asks = |mail: &&Mail| mail.link_to("allow").is_some();
    mails.iter().filter(asks).count()
}

async fn is_contained(world: &World, target: &Target) -> Result<bool> {
    let in_force = target.in_force(world).await?.context("no policy")?;
    Ok(actions(&in_force)? == ["s3:GetObject"])
}

/// A target that is contained, and the incident that asks about it.
async fn contained<'w>(
    world: &'w World,
    write: Write,
    name: &str,
) -> Result<(Target, Incident<'w>)> {
    let target = Target::prepare(world, write, name, restricted()).await?;
    target.carry_out(world.emulator.iam()).await?;
    let incident = world.asking(name).await?;
    Ok((target, incident))
}

/// 100 writes in a row while an administrator thinks, then 100 after the deny.
async fn hundred(world: Arc<World>) -> Result<()> {
    const WRITES: usize = 100;
    let name = "memory-hundred";
    let (target, incident) = contained(&world, Write::PutRolePolicy, name).await?;
    for _ in 1..WRITES {
        target
            .overwrite(world.emulator.iam(), &restricted())
            .await?;
    }
    let before = settled(&world, name, WRITES).await?;
    ensure!(before.get("asking") == Some(&1), "{before:?}");
    ensure!(is_contained(&world, &target).await?);
    let sent = mails(&world, name).await?;
    ensure!(sent.len() == 1 && requests(&sent) == 1, "{sent:#?}");

    incident.answer("deny").await?;
    ensure!(incident.outcome().await? == "denied");
    for _ in 0..WRITES {
        target
            .overwrite(world.emulator.iam(), &restricted())
            .await?;
    }
    let after = settled(&world, name, 2 * WRITES).await?;
    ensure!(!after.contains_key("asking"), "{after:?}");
    ensure!(is_contained(&world, &target).await?);
    // The request, the outcome, and one for all that came later.
    let sent = mails(&world, name).await?;
    let subjects: Vec<_> = sent.iter().map(|mail| &mail.subject).collect();
    ensure!(
        sent.len() == 3 && requests(&sent) == 1,
        "{subjects:?} {after:?}"
    );
    Ok(())
}

async fn kinds(world: Arc<World>) -> Result<()> {
    try_join_all(Write::ALL.map(|write| joins(&world, write))).await?;
    Ok(())
}

async fn joins(world: &World, write: Write) -> Result<()> {
    let name = format!("memory-{}-again", write.event_name());
    let (target, incident) = contained(world, write, &name).await?;
    // A version that was prepared has an event of its own, which may be late and join.
    let others = incidents(world, &name).await?.len();
    let early = settled(world, &name, others).await?;
    let joined = |ends: &BTreeMap<String, usize>| ends.get("joined").copied().unwrap_or_default();
    for number in 1..=3 {
        target
            .overwrite(world.emulator.iam(), &restricted())
            .await?;
        // An event of what was prepared can be later than this one, and joins first.
        poll(&format!("{name} to join"), SOON, async || {
            let all_joined = joined(&ends(world, &name).await?) >= joined(&early) + number;
            Ok((all_joined && is_contained(world, &target).await?).then_some(()))
        })
        .await?;
        let versions = target.documents(world).await?;
        ensure!(versions.len() <= 3, "{name}: {versions:?}");
    }
    let sent = mails(world, &name).await?;
    ensure!(requests(&sent) == 1, "{name}: {sent:#?}");
    for other in incidents(world, &name).await? {
        if other.execution.arn() != incident.execution.arn() {
            expect_unasked(&other).await?;
        }
    }

    incident.answer("deny").await?;
    ensure!(incident.outcome().await? == "denied", "{name}");
    let sent = mails(world, &name).await?.len();
    for number in 1..=3 {
        target
            .overwrite(world.emulator.iam(), &restricted())
            .await?;
        poll("the next to be denied", SOON, async || {
            let ends = ends(world, &name).await?;
            Ok((ends.get("deniedBefore") == Some(&number)).then_some(()))
        })
        .await?;
        ensure!(is_contained(world, &target).await?, "{name}");
        let versions = target.documents(world).await?;
        ensure!(versions.len() <= 3, "{name}: {versions:?}");
    }
    let all = mails(world, &name).await?;
    ensure!(all.len() == sent + 1, "{name}: {all:#?}");
    let told = all.last().context("no mail")?;
    ensure!(
        told.subject.starts_with("Denied before: "),
        "{}",
        told.subject
    );
    Ok(())
}

/// What joins is contained, and then the execution ends without an e-mail.
async fn expect_unasked(incident: &Incident<'_>) -> Result<()> {
    let states = incident.states().await?;
    for state in ["AskUser", "ReportOutcome", "Denied"] {
        ensure!(!states.iter().any(|it| it == state), "{states:?}");
    }
    Ok(())
}

/// Neither a pipeline that writes it again nor a forged start takes away what was allowed.
async fn allowed(world: Arc<World>) -> Result<()> {
    world.shorten_waits().await?;
    for write in [Write::CreatePolicyVersion, Write::PutUserPolicy] {
        let name = format!("memory-allowed-{}", write.event_name());
        let (target, incident) = contained(&world, write, &name).await?;
        incident.answer("allow").await?;
        ensure!(incident.outcome().await? == "allowed");
        // One more than before: the choice whether the allow is for a time.
        let states = incident.states().await?;
        ensure!(states.contains(&"Ended".to_owned()), "{states:?}");
        let sent = mails(&world, &name).await?.len();
        let others = incidents(&world, &name).await?.len();
        target
            .overwrite(world.emulator.iam(), &restricted())
            .await?;
        let ends = settled(&world, &name, others + 1).await?;
        ensure!(ends.get("allowedBefore") == Some(&1), "{ends:?}");
        let in_force = target.in_force(&world).await?.context("no policy")?;
        ensure!(actions(&in_force)?.len() == 2, "{in_force}");

        // A record that nobody wrote, under another name and actor.
        let mut forged = incident.execution.input().await?;
        if let Some(detail) = forged.pointer_mut("/detail") {
            detail["eventID"] = json!("00000000-0000-0000-0000-000000000000");
            detail["userIdentity"] = json!({
                "type": "IAMUser", "userName": "mallory", "accountId": "000000000000",
                "arn": "arn:aws:iam::000000000000:user/mallory", "principalId": "AIDAMALLORY",
            });
            if write == Write::CreatePolicyVersion {
                detail["eventName"] = json!("SetDefaultPolicyVersion");
                let version = world.in_force(target.arn()).await?.version;
                detail["requestParameters"] =
                    json!({"policyArn": target.arn(), "versionId": version});
            }
        }
        let started = world.start_by_hand(&forged.to_string()).await?;
        let forged = world.incident_of(started);
        ensure!(forged.outcome().await? == "allowedBefore");
        let in_force = target.in_force(&world).await?.context("no policy")?;
        ensure!(actions(&in_force)?.len() == 2, "{in_force}");
        let now = mails(&world, &name).await?.len();
        ensure!(now == sent, "{now} e-mails, {sent} before");
    }
    Ok(())
}

/// The memory is about one document of one policy.
async fn another(world: Arc<World>) -> Result<()> {
    let write = Write::PutRolePolicy;
    let (target, incident) = contained(&world, write, "memory-another").await?;
    incident.answer("allow").await?;
    ensure!(incident.outcome().await? == "allowed");
    // One resource more is another document.
    let wider = restricted().replace(r#""Resource":"*""#, r#""Resource":["*","arn:aws:s3:::x"]"#);
    ensure!(wider != restricted());
    target.overwrite(world.emulator.iam(), &wider).await?;
    poll("a request about the other document", SOON, async || {
        Ok((requests(&mails(&world, "memory-another").await?) == 2).then_some(()))
    })
    .await?;
    // The same owner's name and the same document, and another owner.
    target.make_again(&world, &[&restricted()]).await?;
    poll("a request about the other owner", SOON, async || {
        Ok((requests(&mails(&world, "memory-another").await?) == 3).then_some(()))
    })
    .await?;
    ensure!(is_contained(&world, &target).await?);
    Ok(())
}

async fn clean(world: Arc<World>) -> Result<()> {
    let name = "memory-clean";
    let harmless = document(&["ec2:DescribeVpcs"]);
    let target = Target::prepare(&world, Write::PutUserPolicy, name, harmless.clone()).await?;
    target.carry_out(world.emulator.iam()).await?;
    settled(&world, name, 1).await?;
    for number in 2..=4 {
        target.overwrite(world.emulator.iam(), &harmless).await?;
        let ends = settled(&world, name, number).await?;
        ensure!(ends.get("clean") == Some(&number), "{ends:?}");
    }
    let sent = mails(&world, name).await?;
    ensure!(sent.len() == 1, "{sent:#?}");
    let other = document(&["ec2:DescribeSubnets"]);
    target.overwrite(world.emulator.iam(), &other).await?;
    settled(&world, name, 5).await?;
    let sent = mails(&world, name).await?;
    ensure!(sent.len() == 2, "{sent:#?}");
    Ok(())
}

async fn exempt(world: Arc<World>) -> Result<()> {
    let name = "memory-exempt";
    let target = Target::prepare(&world, Write::PutRolePolicy, name, restricted()).await?;
    let iam = world.emulator.iam();
    let user = "exempt-pipeline";
    let create = iam.create_user().user_name(user).path("/rollout/");
    create.send().await.context("cannot create a user")?;
    let may = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:PutRolePolicy","Resource":"*"}]}"#;
    let put = iam.put_user_policy().user_name(user).policy_name("writer");
    put.policy_document(may).send().await?;
    let key = iam.create_access_key().user_name(user).send().await?;
    let key = key.access_key.context("no access key")?;
    let (id, secret) = (key.access_key_id, key.secret_access_key);
    let credentials = Credentials::new(id, secret, None, None, "scenario");
    let iam = world.emulator.clients_of(credentials).iam;
    for number in 1..=3 {
        target.carry_out(&iam).await?;
        let ends = settled(&world, name, number).await?;
        ensure!(ends.get("exempt") == Some(&number), "{ends:?}");
    }
    let sent = mails(&world, name).await?;
    ensure!(sent.len() == 1, "{sent:#?}");
    Ok(())
}
