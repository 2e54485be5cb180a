//! The proof of life: it comes back through CloudTrail, or its metric is missing.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use end_to_end::faults::{Fault, Rule, Times};
use end_to_end::{Incident, Owner, SOON, Scenario, Swept, World};
use local_aws::poll;
use serde_json::Value;
use xtask::account::Account;

use super::{LISTS, deliver};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![Scenario::new("sweep::the_proof_of_life_proves_it", life)]
}

const POLICY: &str = "proof-of-life";

async fn life(_: Arc<World>) -> Result<()> {
    let world = World::start(LISTS).await?;
    let played = play(&world).await;
    world.stop().await?;
    played
}

/// The role of the proof, and the document that the sweep writes to it.
struct Probe<'w> {
    world: &'w World,
    account: Account,
    role: String,
    document: String,
}

async fn play(world: &World) -> Result<()> {
    world.shorten_waits().await?;
    let swept = world.sweep().await?;
    ensure!(
        swept.states.contains(&"WriteProbe".to_owned()),
        "{:?}",
        swept.states
    );
    let first = world.incident("PutRolePolicy", POLICY).await?;
    first.request().await?;
    let probe = Probe::of(world).await?;
    probe.expect_contained().await?;
    probe.expect_proofs(1).await?;
    first.answer("deny").await?;
    ensure!(first.outcome().await? == "denied");
    let next = world.sweep().await?;
    ensure!(
        !next.states.contains(&"WriteProbe".to_owned()),
        "once a day"
    );
    ensure!(probed_at(&next)? == probed_at(&swept)?);
    // What the lists only report stays in the remediation, and its incident accounts for it.
    ensure!(next.hints().is_empty(), "{:?}", next.hints());
    ensure!(next.count("accounted")? == 1, "{:?}", next.output);

    let again = probe.write().await?;
    ensure!(again.outcome().await? == "deniedBefore");
    probe.expect_contained().await?;
    probe.expect_proofs(2).await?;

    probe.without_events().await.context("events get lost")?;
    probe.without_rule().await.context("the rule is disabled")?;
    probe.without_function().await.context("a function fails")?;
    probe
        .without_permission()
        .await
        .context("the role is narrowed")
}

/// When the proof was written last. Step Functions and the guard write fractions differently.
fn probed_at(swept: &Swept) -> Result<DateTime> {
    let probed_at = swept.output.get("probedAt").and_then(Value::as_str);
    let probed_at = probed_at.context("no proof")?;
    Ok(DateTime::from_str(probed_at, Format::DateTime)?)
}

impl<'w> Probe<'w> {
    async fn of(world: &'w World) -> Result<Self> {
        let resources = world.stack.resources().await?;
        let role = resources.get("ProbeRole").context("no role")?;
        let records = world.emulator.cloudtrail_records(0).await?;
        let mut records = records.iter().filter(|record| {
            record.get("eventName") == Some(&"PutRolePolicy".into())
                && record.pointer("/requestParameters/policyName") == Some(&POLICY.into())
                && record.to_string().contains("ProofOfLife")
        });
        let written = records.find_map(|record| {
            record
                .pointer("/requestParameters/policyDocument")?
                .as_str()
        });
        Ok(Self {
            world,
            account: Account::of_emulator(&world.emulator).await?,
            role: role.clone(),
            document: written.context("no record of the proof")?.to_owned(),
        })
    }

    /// Writes what the sweep writes once a day.
    async fn put(&self) -> Result<()> {
        let iam = self.world.emulator.iam();
        Owner::Role
            .put(iam, &self.role, POLICY, &self.document)
            .await
    }

    async fn executions(&self) -> Result<Vec<String>> {
        let incidents = self.world.incidents("PutRolePolicy", POLICY).await?;
        Ok(incidents
            .iter()
            .map(|it| it.execution.arn().to_owned())
            .collect())
    }

    /// Writes the proof, and waits for the incident of its event.
    async fn write(&self) -> Result<Incident<'w>> {
        self.put().await?;
        let record = self.world.records("PutRolePolicy", POLICY).await?.pop();
        let record = record.context("no record")?;
        let id = record.get("eventID").and_then(Value::as_str);
        let id = id.context("no eventID")?;
        self.world.incident("PutRolePolicy", id).await
    }

    async fn in_force(&self) -> Result<String> {
        let iam = self.world.emulator.iam();
        let found = Owner::Role.get(iam, &self.role, POLICY).await?;
        found.context("the policy is gone")
    }

    async fn expect_contained(&self) -> Result<()> {
        let in_force = self.in_force().await?;
        ensure!(in_force != self.document, "{in_force}");
        Ok(())
    }

    /// How often the metric was written.
    async fn proofs(&self) -> Result<usize> {
        let resources = self.world.stack.resources().await?;
        let mut proofs = 0;
        for group in ["RemediateLogs", "ValidatePolicyLogs"] {
            let group = resources.get(group).context("no such log")?;
            let options = ["--log-group-name", group, "--filter-pattern", "ProofOfLife"];
            let logged = self
                .account
                .call("logs filter-log-events", &options)
                .await?;
            let events = logged.get("events").and_then(Value::as_array);
            let lines = events.into_iter().flatten();
            let lines = lines.filter_map(|event| event.get("message")?.as_str());
            proofs += lines
                .filter(|line| line.contains("\"ProofOfLife\":1"))
                .count();
        }
        Ok(proofs)
    }

    async fn expect_proofs(&self, expected: usize) -> Result<()> {
        poll(
            &format!("{expected} proofs in the logs"),
            SOON,
            async || {
                let proofs = self.proofs().await?;
                ensure!(proofs <= expected, "{proofs} proofs, and not {expected}");
                Ok((proofs == expected).then_some(()))
            },
        )
        .await
    }

    /// No event starts an incident, so the proof stays in force and proves nothing. A sweep finds
    /// it, and is no proof.
    async fn expect_unseen(&self) -> Result<()> {
        let before = (self.executions().await?, self.proofs().await?);
        self.put().await?;
        let swept = self.world.sweep().await?;
        ensure!(swept.count("new")? == 1, "{:?}", swept.output);
        ensure!(self.executions().await? == before.0);
        ensure!(self.in_force().await? == self.document);
        ensure!(self.proofs().await? == before.1);
        Ok(())
    }

    async fn without_events(&self) -> Result<()> {
        deliver(self.world, false).await?;
        self.expect_unseen().await?;
        deliver(self.world, true).await
    }

    async fn without_rule(&self) -> Result<()> {
        let resources = self.world.stack.resources().await?;
        let rule = resources.get("PolicyWriteRule").context("no rule")?;
        let name = ["--name", rule.as_str()];
        self.account.call("events disable-rule", &name).await?;
        self.expect_unseen().await?;
        self.account.call("events enable-rule", &name).await?;
        let seen = self.write().await?;
        ensure!(seen.outcome().await? == "deniedBefore");
        self.expect_proofs(3).await
    }

    /// The incident fails, an e-mail says so, and there is no proof until it has succeeded.
    async fn expect_failing(&self) -> Result<Incident<'w>> {
        let before = self.proofs().await?;
        let failing = self.write().await?;
        let report = failing.report().await?;
        ensure!(report.subject.starts_with("Failed: "), "{}", report.subject);
        ensure!(self.in_force().await? == self.document);
        ensure!(self.proofs().await? == before);
        Ok(failing)
    }

    async fn without_function(&self) -> Result<()> {
        let resources = self.world.stack.resources().await?;
        let caller = resources.get("RemediateFunction").context("no function")?;
        let rule = self.world.faults.inject(Rule {
            caller: caller.clone(),
            action: String::new(),
            marks: vec![self.role.clone()],
            nth: 1,
            times: Times::Persistently,
            fault: Fault::ServerError,
        });
        let failing = self.expect_failing().await?;
        rule.lift();
        ensure!(failing.outcome().await? == "deniedBefore");
        self.expect_contained().await?;
        self.expect_proofs(4).await
    }

    async fn without_permission(&self) -> Result<()> {
        let iam = self.world.emulator.iam();
        let resources = self.world.stack.resources().await?;
        let role = resources.get("PolicyApprovalRole").context("no role")?;
        let denied = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:PutRolePolicy","Resource":"*"}]}"#;
        Owner::Role.put(iam, role, "narrowed", denied).await?;
        let failing = self.expect_failing().await?;
        Owner::Role.delete(iam, role, "narrowed").await?;
        ensure!(failing.outcome().await? == "deniedBefore");
        self.expect_contained().await?;
        self.expect_proofs(5).await
    }
}
