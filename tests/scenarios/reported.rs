//! Reported calls: a mail if the call gives a principal restricted permissions, and no mail if not.
//!
//! Played on a stack where an event arrives only when a scenario delivers it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_iam::Client;
use end_to_end::{Incident, Owner, SOON, Scenario, World, access_key, document, join, ordinary};
use local_aws::{Mail, poll};
use serde_json::Value;

/// On a stack that sends no mails about harmless changes of policies either.
pub(crate) fn silent() -> Vec<Scenario> {
    vec![Scenario::new(
        "reported::an_ordinary_day_makes_no_mail",
        ordinary,
    )]
}

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("reported::attachments", attachments),
        Scenario::new("reported::memberships", memberships),
        Scenario::new("reported::boundaries", boundaries),
        Scenario::new("reported::credentials", credentials),
        Scenario::new("reported::removed_denials", denials),
        Scenario::new("reported::renamings", renamings),
        Scenario::new("reported::trust", trust),
    ]
}

pub(crate) const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
pub(crate) const HARMLESS: &str = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess";

/// The incident of a record of a call.
pub(crate) struct Delivered<'w> {
    world: &'w World,
    incident: Incident<'w>,
}

/// Delivers the newest record of `call` that holds `mark`.
pub(crate) async fn deliver<'w>(world: &'w World, call: &str, mark: &str) -> Result<Delivered<'w>> {
    let record = world.records(call, mark).await?.pop();
    let record = record.with_context(|| format!("no record of {call}"))?;
    deliver_record(world, &record).await
}

pub(crate) async fn deliver_record<'w>(world: &'w World, record: &Value) -> Result<Delivered<'w>> {
    let incident = world.deliver(record).await?;
    Ok(Delivered { world, incident })
}

/// Delivers the oldest record of `call` that holds `mark`.
pub(crate) async fn deliver_oldest<'w>(
    world: &'w World,
    call: &str,
    mark: &str,
) -> Result<Delivered<'w>> {
    let records = world.records(call, mark).await?;
    let record = records.first();
    let record = record.with_context(|| format!("no record of {call}"))?;
    deliver_record(world, record).await
}

impl Delivered<'_> {
    pub(crate) async fn outcome(&self) -> Result<String> {
        self.incident.outcome().await
    }

    /// Waits until it enters this state.
    pub(crate) async fn enters(&self, state: &str) -> Result<()> {
        poll(state, SOON, async || {
            let states = self.incident.states().await?;
            Ok(states.iter().any(|entered| entered == state).then_some(()))
        })
        .await
    }

    pub(crate) async fn mails(&self) -> Result<Vec<Mail>> {
        let name = self.incident.name();
        let named = |mail: &Mail| mail.message.contains(&name);
        self.world.mails_until_now(named).await
    }

    /// It is reported as in force.
    pub(crate) async fn expect_report(&self, parts: &[&str]) -> Result<()> {
        let in_force = ["In force: ", "IN FORCE", " ago)"];
        self.ends_as("reported", &[parts, &in_force].concat()).await
    }

    /// It ends as `result`, in one mail that has these parts and no link that decides.
    pub(crate) async fn ends_as(&self, result: &str, parts: &[&str]) -> Result<()> {
        let outcome = self.incident.outcome().await?;
        ensure!(outcome == result, "{outcome}");
        let mails = self.mails().await?;
        let [mail] = mails.as_slice() else {
            anyhow::bail!("{} mails", mails.len());
        };
        ensure!(mail.link_to("allow").is_none(), "{}", mail.message);
        let text = format!("{}\n{}", mail.subject, mail.message);
        for part in parts {
            ensure!(text.contains(part), "no `{part}` in {text}");
        }
        Ok(())
    }

    /// It is asked about in a mail with these parts, and stays.
    pub(crate) async fn expect_asked(&self, parts: &[&str]) -> Result<()> {
        let request = self.incident.request().await?;
        let text = format!("{}\n{}", request.subject, request.message);
        for part in parts.iter().chain(&["Decide: ", "IN FORCE", " ago)"]) {
            ensure!(text.contains(part), "no `{part}` in {text}");
        }
        self.incident.answer("allow").await?;
        let outcome = self.incident.outcome().await?;
        ensure!(outcome == "kept", "{outcome}");
        Ok(())
    }

    /// It is reported as in force in a mail with these parts, or ends without a mail.
    pub(crate) async fn expect(&self, is_reported: bool, parts: &[&str]) -> Result<()> {
        if is_reported {
            self.expect_report(parts).await
        } else {
            self.silent().await
        }
    }

    /// It ends as clean, without a mail.
    pub(crate) async fn ends_silently(&self) -> Result<()> {
        let outcome = self.incident.outcome().await?;
        ensure!(outcome == "clean", "{outcome}");
        let mails = self.mails().await?;
        ensure!(mails.is_empty(), "{mails:?}");
        Ok(())
    }

    /// It ends after the verdict, without a mail.
    pub(crate) async fn silent(&self) -> Result<()> {
        self.silent_as("clean").await?;
        let states = self.incident.states().await?;
        ensure!(
            states == ["ValidatePolicy", "ChooseAction", "AllowSilently"],
            "{states:?}"
        );
        Ok(())
    }

    /// It ends so, without a mail.
    pub(crate) async fn silent_as(&self, expected: &str) -> Result<()> {
        let outcome = self.incident.outcome().await?;
        ensure!(outcome == expected, "{outcome}");
        let mails = self.mails().await?;
        ensure!(mails.is_empty(), "{:?}", mails);
        Ok(())
    }
}

/// `make load CASE=ordinary N=1000` plays a thousand.
async fn ordinary(world: Arc<World>) -> Result<()> {
    world.shorten_waits().await?;
    let (prefix, rounds, pairs) = ("reported-ordinary", 4, 10);
    let late = Duration::from_secs(3);
    ordinary::pipeline(&world, "reported-ordinary-pair", pairs, late).await?;
    ordinary::day(&world, prefix, rounds).await?;
    let expected = ordinary::calls_of_rounds(rounds) + ordinary::calls_of_pairs(pairs);
    let noticed = ordinary::noticed(&world, prefix, expected, SOON).await?;
    ensure!(noticed.is_empty(), "{noticed:?}");
    Ok(())
}

pub(crate) async fn user(world: &World, name: &str) -> Result<Client> {
    world.deliver_by_hand().await?;
    let iam = world.emulator.iam();
    Owner::User.create(iam, name).await?;
    Ok(iam.clone())
}

async fn attachments(world: Arc<World>) -> Result<()> {
    let name = "reported-attached";
    let iam = user(&world, name).await?;
    for owner in [Owner::Role, Owner::Group] {
        owner.create(&iam, name).await?;
    }
    for policy in [ADMINISTRATOR, HARMLESS] {
        for owner in [Owner::User, Owner::Role, Owner::Group] {
            owner.attach(&iam, name, policy).await?;
        }
        for kind in ["User", "Role", "Group"] {
            let incident = deliver(&world, &format!("Attach{kind}Policy"), name).await?;
            if policy == HARMLESS {
                incident.silent().await?;
                continue;
            }
            let small = kind.to_lowercase();
            let effect =
                format!("DENY: detaches the policy AdministratorAccess from the {small} {name}.");
            incident.expect_asked(&["s3:DeleteBucket", &effect]).await?;
        }
    }
    Ok(())
}

async fn memberships(world: Arc<World>) -> Result<()> {
    let name = "reported-member";
    let iam = user(&world, name).await?;
    for (group, policy) in [
        ("reported-administrators", ADMINISTRATOR),
        ("reported-readers", HARMLESS),
    ] {
        Owner::Group.create(&iam, group).await?;
        Owner::Group.attach(&iam, group, policy).await?;
        join(&iam, name, group).await?;
        let incident = deliver(&world, "AddUserToGroup", group).await?;
        if policy == HARMLESS {
            incident.silent().await?;
            continue;
        }
        let effect = format!("DENY: removes the user {name} from the group {group}.");
        incident
            .expect_asked(&[&effect, "AdministratorAccess"])
            .await?;
    }
    Ok(())
}

async fn boundaries(world: Arc<World>) -> Result<()> {
    let name = "reported-bounded";
    let iam = user(&world, name).await?;
    Owner::Role.create(&iam, name).await?;
    for (policy, is_reported) in [(HARMLESS, false), (ADMINISTRATOR, true)] {
        let put = iam.put_user_permissions_boundary().user_name(name);
        put.permissions_boundary(policy).send().await?;
        let put = iam.put_role_permissions_boundary().role_name(name);
        put.permissions_boundary(policy).send().await?;
        for kind in ["User", "Role"] {
            let incident = deliver(&world, &format!("Put{kind}PermissionsBoundary"), name).await?;
            incident
                .expect(is_reported, &["The boundary allows restricted permissions"])
                .await?;
        }
    }
    let delete = iam.delete_user_permissions_boundary();
    delete.user_name(name).send().await?;
    let delete = iam.delete_role_permissions_boundary();
    delete.role_name(name).send().await?;
    for kind in ["User", "Role"] {
        let incident = deliver(&world, &format!("Delete{kind}PermissionsBoundary"), name).await?;
        let command = format!("aws iam put-{}-permissions-boundary", kind.to_lowercase());
        incident
            .expect_report(&["No boundary limits", &command])
            .await?;
    }
    Ok(())
}

async fn credentials(world: Arc<World>) -> Result<()> {
    let name = "reported-holder";
    let iam = user(&world, name).await?;
    let id = access_key(&iam, name).await?;
    let key = deliver(&world, "CreateAccessKey", &id).await?;
    key.expect(false, &[]).await?;

    // The policies of the user's groups count too.
    let group = "reported-holders";
    Owner::Group.create(&iam, group).await?;
    Owner::Group.attach(&iam, group, ADMINISTRATOR).await?;
    join(&iam, name, group).await?;
    let id = access_key(&iam, name).await?;
    let effect = format!("DENY: makes the access key {id} of the user {name} inactive.");
    let key = deliver(&world, "CreateAccessKey", &id).await?;
    key.expect_asked(&[&effect]).await?;
    let create = iam.create_login_profile().user_name(name);
    create.password("a-long-Passw0rd").send().await?;
    let command = format!("aws iam delete-login-profile --user-name '{name}'");
    let profile = deliver(&world, "CreateLoginProfile", name).await?;
    let effect = format!("DENY: deletes the password of the user {name}.");
    profile.expect_asked(&[&effect]).await?;
    let update = iam.update_login_profile().user_name(name);
    update.password("another-Passw0rd").send().await?;
    let profile = deliver(&world, "UpdateLoginProfile", name).await?;
    profile.expect(true, &[&command]).await?;
    Ok(())
}

async fn denials(world: Arc<World>) -> Result<()> {
    let name = "reported-denied";
    let iam = user(&world, name).await?;
    for owner in [Owner::Role, Owner::Group] {
        owner.create(&iam, name).await?;
    }
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;
    let denies = world.create_policy("reported-denies", deny).await?;
    for (policy, is_reported) in [(denies.as_str(), true), (HARMLESS, false)] {
        for owner in [Owner::User, Owner::Role, Owner::Group] {
            owner.attach(&iam, name, policy).await?;
        }
        join(&iam, name, name).await?;
        let remove = iam.remove_user_from_group().group_name(name);
        remove.user_name(name).send().await?;
        let left = deliver(&world, "RemoveUserFromGroup", name).await?;
        let caution = "The guard suggests no command that can grant something";
        left.expect(is_reported, &[caution, "contains a Deny"])
            .await?;
        for owner in [Owner::User, Owner::Role, Owner::Group] {
            owner.detach(&iam, name, policy).await?;
        }
        for kind in ["User", "Role", "Group"] {
            let incident = deliver(&world, &format!("Detach{kind}Policy"), name).await?;
            incident.expect(is_reported, &["contains a Deny"]).await?;
        }
    }
    Ok(())
}

async fn renamings(world: Arc<World>) -> Result<()> {
    let name = "reported-named";
    let iam = user(&world, name).await?;
    Owner::Group.create(&iam, name).await?;
    let mut names = vec![name.to_owned()];
    let actions = [["ec2:DescribeVpcs"], ["s3:DeleteBucket"]];
    for (number, actions) in actions.iter().enumerate() {
        let before = names.last().context("no name")?.clone();
        let after = format!("{name}-{number}");
        for owner in [Owner::User, Owner::Group] {
            // Its own record is not delivered, so it is not contained.
            owner
                .put(&iam, &before, "inline", &document(actions))
                .await?;
        }
        let update = iam.update_user().user_name(&before);
        update.new_user_name(&after).send().await?;
        let update = iam.update_group().group_name(&before);
        update.new_group_name(&after).send().await?;
        for kind in ["User", "Group"] {
            let incident = deliver(&world, &format!("Update{kind}"), &after).await?;
            let small = kind.to_lowercase();
            let command = format!(
                "aws iam update-{small} --{small}-name '{after}' --new-{small}-name '{before}'"
            );
            let parts = [&*command, "keeps its restricted permissions"];
            incident.expect(number > 0, &parts).await?;
        }
        names.push(after);
    }
    Ok(())
}

async fn trust(world: Arc<World>) -> Result<()> {
    world.deliver_by_hand().await?;
    let iam = world.emulator.iam();
    let trusting = |principal: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}]}}"#
        )
    };
    let (name, service) = (
        "reported-trusting",
        trusting(r#"{"Service":"lambda.amazonaws.com"}"#),
    );
    let create = iam.create_role().role_name(name);
    create.assume_role_policy_document(&service).send().await?;
    deliver(&world, "CreateRole", name).await?.silent().await?;
    for (principal, is_reported) in [
        (r#"{"AWS":"arn:aws:iam::444455556666:root"}"#, true),
        (r#"{"AWS":"arn:aws:iam::000000000000:root"}"#, false),
        (r#""*""#, true),
    ] {
        let update = iam.update_assume_role_policy().role_name(name);
        update.policy_document(trusting(principal)).send().await?;
        let incident = deliver(&world, "UpdateAssumeRolePolicy", name).await?;
        let command = format!("aws iam update-assume-role-policy --role-name '{name}'");
        incident
            .expect(is_reported, &[&command, "from outside"])
            .await?;
    }
    Ok(())
}
