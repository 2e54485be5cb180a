//! Calls that open an account by another door than a policy: a mail if something restricted is
//! behind it, and no mail if not.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_iam::types::StatusType;
use end_to_end::{Owner, SOON, Scenario, World, access_key, document, without_mfa};
use local_aws::poll;

use crate::reported::{ADMINISTRATOR, HARMLESS, deliver, deliver_record, user};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("doors::an_acquired_role", acquired_role),
        Scenario::new("doors::the_trust_of_a_holder", trust),
        Scenario::new("doors::an_instance_profile", instance_profile),
        Scenario::new("doors::credentials_of_others", credentials),
        Scenario::new("doors::providers", providers),
        Scenario::new("doors::settings_of_the_account", settings),
        Scenario::new("doors::a_denial_gone_by_a_version", a_denial_gone),
    ]
}

async fn acquired_role(world: Arc<World>) -> Result<()> {
    world.deliver_by_hand().await?;
    let iam = world.emulator.iam();
    for (template, role, is_reported) in [
        ("PowerUserRoleTemplate", "PowerUserRole", true),
        ("LambdaBasicRoleTemplate", "LambdaBasicRole", false),
    ] {
        let arn = format!("arn:aws:iam::aws:role-template/{template}");
        iam.acquire_role().template_arn(arn).send().await?;
        let incident = deliver(&world, "AcquireRole", role).await?;
        let parts = [
            "PowerUserAccess` grants",
            "s3:DeleteBucket",
            "aws iam update-assume-role-policy --role-name 'PowerUserRole'",
        ];
        if is_reported {
            incident.expect_report(&parts).await?;
        } else {
            // IAM may not list yet what the template gave the role.
            incident.ends_silently().await?;
        }
    }
    // A role that is gone cannot be read any more.
    let power = iam.detach_role_policy().role_name("PowerUserRole");
    power
        .policy_arn("arn:aws:iam::aws:policy/PowerUserAccess")
        .send()
        .await?;
    Owner::Role.remove(iam, "PowerUserRole").await?;
    let incident = deliver(&world, "AcquireRole", "PowerUserRole").await?;
    incident
        .ends_as("withdrawn", &["Withdrawn: ", "could not be read"])
        .await
}

async fn trust(world: Arc<World>) -> Result<()> {
    let role = "doors-trusting";
    let iam = user(&world, "doors-insider").await?;
    let other = "doors-trusting-nothing";
    for name in [role, other] {
        Owner::Role.create(&iam, name).await?;
    }
    Owner::Role.attach(&iam, role, ADMINISTRATOR).await?;
    Owner::Role.attach(&iam, other, HARMLESS).await?;
    for principal in [
        r#"{"AWS":"arn:aws:iam::000000000000:user/doors-insider"}"#,
        r#"{"AWS":"000000000000"}"#,
        r#"{"Federated":"arn:aws:iam::000000000000:saml-provider/own"}"#,
        r#"{"Service":"lambda.amazonaws.com"}"#,
    ] {
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":["sts:AssumeRole","sts:AssumeRoleWithSAML"]}}]}}"#
        );
        for (name, is_reported) in [(role, true), (other, false)] {
            let update = iam.update_assume_role_policy().role_name(name);
            update.policy_document(&policy).send().await?;
            let incident =
                deliver(&world, "UpdateAssumeRolePolicy", &format!("\"{name}\"")).await?;
            let named = principal.split('"').nth(3).context("no principal")?;
            // A name is no link.
            let named = named.replace("amazonaws.com", "amazonaws[.]com");
            let named = named.replace("lambda.", "lambda[.]");
            let parts = [
                "AdministratorAccess` grants",
                "the trust policy lets in",
                &named,
            ];
            incident.expect(is_reported, &parts).await?;
        }
    }
    // While IAM still shows who could come in before, the guard learns who is new.
    let policy = |principal: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":{principal}}},"Action":"sts:AssumeRole"}}]}}"#
        )
    };
    let before = r#""arn:aws:iam::000000000000:root""#;
    let update = iam.update_assume_role_policy().role_name(role);
    update.policy_document(policy(before)).send().await?;
    let mark = format!("\"{role}\"");
    let records = world.records("UpdateAssumeRolePolicy", &mark).await?;
    let mut record = records.last().context("no record")?.clone();
    let both = format!(r#"[{before},"arn:aws:iam::000000000000:user/doors-insider"]"#);
    let parameters = record
        .get_mut("requestParameters")
        .context("no parameters")?;
    *parameters
        .get_mut("policyDocument")
        .context("no document")? = policy(&both).into();
    let incident = deliver_record(&world, &record).await?;
    incident.enters("WaitForIam").await?;
    let update = iam.update_assume_role_policy().role_name(role);
    update.policy_document(policy(&both)).send().await?;
    let new = "now lets in `arn:aws:iam::000000000000:user/doors-insider`, who could not come in";
    incident.expect_report(&[new]).await?;
    // Who came in for a while is named, also where the policy before is in force again.
    let records = world.records("UpdateAssumeRolePolicy", &mark).await?;
    let undone = records.last().context("no record")?.clone();
    let update = iam.update_assume_role_policy().role_name(role);
    update.policy_document(policy(before)).send().await?;
    let incident = deliver_record(&world, &undone).await?;
    let parts = [
        "Withdrawn: ",
        "for a while, the trust policy let in `arn:aws:iam::000000000000:user/doors-insider`",
    ];
    incident.ends_as("withdrawn", &parts).await?;
    // Whoever makes a certificate or an entitlement comes in, whom no policy of the account names.
    let relay = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]CONDITION}]}"#;
    for (name, condition, is_reported) in [
        ("doors-anywhere", "", true),
        (
            "doors-anchored",
            r#","Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:rolesanywhere:us-east-1:000000000000:trust-anchor/one"}}"#,
            false,
        ),
    ] {
        let create = iam.create_role().role_name(name);
        let policy = relay.replace("CONDITION", condition);
        create.assume_role_policy_document(policy).send().await?;
        let incident = deliver(&world, "CreateRole", name).await?;
        let parts = ["everybody whom `rolesanywhere[.]amazonaws[.]com` lets in"];
        incident.expect(is_reported, &parts).await?;
    }
    Ok(())
}

async fn instance_profile(world: Arc<World>) -> Result<()> {
    world.deliver_by_hand().await?;
    let iam = world.emulator.iam();
    for (role, policy, is_reported) in [
        ("doors-web", ADMINISTRATOR, true),
        ("doors-plain", HARMLESS, false),
    ] {
        Owner::Role.create(iam, role).await?;
        Owner::Role.attach(iam, role, policy).await?;
        let profile = format!("{role}-profile");
        let create = iam.create_instance_profile();
        create.instance_profile_name(&profile).send().await?;
        let add = iam.add_role_to_instance_profile().role_name(role);
        add.instance_profile_name(&profile).send().await?;
        let incident = deliver(&world, "AddRoleToInstanceProfile", role).await?;
        let command = format!(
            "aws iam remove-role-from-instance-profile --instance-profile-name '{profile}' --role-name '{role}'"
        );
        incident.expect(is_reported, &[&command]).await?;
    }
    Ok(())
}

async fn credentials(world: Arc<World>) -> Result<()> {
    let [holder, plain] = ["doors-holder", "doors-reader"];
    let iam = user(&world, holder).await?;
    Owner::User.create(&iam, plain).await?;
    Owner::User.attach(&iam, holder, ADMINISTRATOR).await?;
    for (name, is_reported) in [(plain, false), (holder, true)] {
        let key = access_key(&iam, name).await?;
        for status in [StatusType::Inactive, StatusType::Active] {
            let update = iam.update_access_key().user_name(name);
            update.access_key_id(&key).status(status).send().await?;
        }
        let update = iam.update_service_specific_credential().user_name(name);
        let update = update.service_specific_credential_id("ACCAEXAMPLE123EXAMPLE");
        let create = iam.create_service_specific_credential().user_name(name);
        create
            .service_name("codecommit.amazonaws.com")
            .send()
            .await?;
        let reset = iam.reset_service_specific_credential().user_name(name);
        let reset = reset.service_specific_credential_id("ACCAEXAMPLE123EXAMPLE");
        reset.send().await?;
        update.status(StatusType::Active).send().await?;
        let upload = iam.upload_ssh_public_key().user_name(name);
        upload
            .ssh_public_key_body("ssh-ed25519 AAAA")
            .send()
            .await?;
        let update = iam.update_ssh_public_key().user_name(name);
        let update = update.ssh_public_key_id("APKAEIBAERJR2EXAMPLE");
        update.status(StatusType::Active).send().await?;
        let upload = iam.upload_signing_certificate().user_name(name);
        upload.certificate_body("-----BEGIN").send().await?;
        let update = iam.update_signing_certificate().user_name(name);
        let update = update.certificate_id("TA7SMP42TDN5Z26OBPJE7EXAMPLE");
        update.status(StatusType::Active).send().await?;
        without_mfa(&iam, name).await?;
        let key = format!("access key {key}");
        let credential = "service-specific credential ACCAEXAMPLE123EXAMPLE";
        for (call, what) in [
            ("UpdateAccessKey", key.as_str()),
            ("CreateServiceSpecificCredential", credential),
            ("UpdateServiceSpecificCredential", credential),
        ] {
            let incident = deliver(&world, call, name).await.context(call)?;
            // The same credential, which the call before made, was allowed.
            let is_kept = is_reported && call == "UpdateServiceSpecificCredential";
            if !is_reported || is_kept {
                let outcome = if is_kept { "allowedBefore" } else { "clean" };
                incident.silent_as(outcome).await.context(call)?;
                continue;
            }
            let effect = format!("DENY: makes the {what} of the user {name} inactive.");
            let parts = [&*effect, "AdministratorAccess` grants"];
            incident.expect_asked(&parts).await.context(call)?;
        }
        for (call, command) in [
            // It was there before, so no button takes it away.
            (
                "ResetServiceSpecificCredential",
                "aws iam delete-service-specific-credential",
            ),
            ("UploadSSHPublicKey", "aws iam delete-ssh-public-key"),
            ("UpdateSSHPublicKey", "aws iam delete-ssh-public-key"),
            (
                "UploadSigningCertificate",
                "aws iam delete-signing-certificate",
            ),
            (
                "UpdateSigningCertificate",
                "aws iam delete-signing-certificate",
            ),
            ("DeactivateMFADevice", "deactivated the MFA device"),
        ] {
            let incident = deliver(&world, call, name).await.context(call)?;
            let parts = [command, "AdministratorAccess` grants"];
            incident.expect(is_reported, &parts).await.context(call)?;
        }
    }
    // The user has another name by now, so nobody can say what it holds.
    let key = access_key(&iam, holder).await?;
    let update = iam.update_access_key().user_name(holder);
    update
        .access_key_id(&key)
        .status(StatusType::Active)
        .send()
        .await?;
    let rename = iam.update_user().user_name(holder);
    rename.new_user_name("doors-holder-renamed").send().await?;
    let incident = deliver(&world, "UpdateAccessKey", &key).await?;
    incident
        .ends_as("gone", &["Renamed or deleted: ", "no longer has a user"])
        .await
}

async fn providers(world: Arc<World>) -> Result<()> {
    world.deliver_by_hand().await?;
    let iam = world.emulator.iam();
    let metadata = format!("<EntityDescriptor>{}</EntityDescriptor>", " ".repeat(1000));
    let create = iam.create_saml_provider().name("doors-partner");
    let created = create.saml_metadata_document(&metadata).send().await?;
    let saml = created.saml_provider_arn.context("no ARN")?;
    let update = iam.update_saml_provider().saml_provider_arn(&saml);
    update.saml_metadata_document(&metadata).send().await?;
    let create = iam.create_open_id_connect_provider();
    let create = create.url("https://doors.example.com");
    let created = create.client_id_list("one").send().await?;
    let oidc = created.open_id_connect_provider_arn.context("no ARN")?;
    let add = iam.add_client_id_to_open_id_connect_provider();
    let add = add.open_id_connect_provider_arn(&oidc);
    add.client_id("another").send().await?;
    let update = iam.update_open_id_connect_provider_thumbprint();
    let update = update.open_id_connect_provider_arn(&oidc);
    update.thumbprint_list("a".repeat(40)).send().await?;
    for (call, name, what) in [
        (
            "CreateSAMLProvider",
            "doors-partner",
            "created the SAML provider",
        ),
        (
            "UpdateSAMLProvider",
            "doors-partner",
            "changed the SAML provider",
        ),
        (
            "CreateOpenIDConnectProvider",
            "doors.example.com",
            "created the OpenID Connect provider",
        ),
        (
            "AddClientIDToOpenIDConnectProvider",
            "doors.example.com",
            "added a client",
        ),
        (
            "UpdateOpenIDConnectProviderThumbprint",
            "doors.example.com",
            "changed the certificates",
        ),
    ] {
        let incident = deliver(&world, call, name).await.context(call)?;
        incident
            .expect_report(&[what, name, "The guard does not undo this call"])
            .await
            .context(call)?;
    }
    Ok(())
}

async fn settings(world: Arc<World>) -> Result<()> {
    world.deliver_by_hand().await?;
    let iam = world.emulator.iam();
    let accept = iam.accept_delegation_request();
    accept
        .delegation_request_id("doors-request-0001")
        .send()
        .await?;
    let put = iam.put_account_properties();
    put.properties("RoleManager/Enabled", "true").send().await?;
    let enable = iam.enable_outbound_web_identity_federation();
    enable.send().await?;
    let enable = iam.enable_organizations_root_credentials_management();
    enable.send().await?;
    let enable = iam.enable_organizations_root_sessions();
    enable.send().await?;
    for (call, what) in [
        ("AcceptDelegationRequest", "doors-request-0001"),
        ("PutAccountProperties", "role manager"),
        ("EnableOutboundWebIdentityFederation", "by tokens of AWS"),
        (
            "EnableOrganizationsRootCredentialsManagement",
            "sts:AssumeRoot",
        ),
        ("EnableOrganizationsRootSessions", "sts:AssumeRoot"),
    ] {
        let incident = deliver(&world, call, "").await.context(call)?;
        incident.expect_report(&[what]).await.context(call)?;
    }
    Ok(())
}

async fn a_denial_gone(world: Arc<World>) -> Result<()> {
    world.deliver_by_hand().await?;
    let iam = world.emulator.iam();
    let allows = r#"{"Effect":"Allow","Action":"ec2:DescribeVpcs","Resource":"*"}"#;
    let denies = r#"{"Effect":"Deny","Action":"s3:Delete*","Resource":"*"}"#;
    let policy = |statements: &[&str]| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
            statements.join(",")
        )
    };
    let name = "doors-denying";
    let arn = world
        .create_policy(name, &policy(&[allows, denies]))
        .await?;
    let wider = denies.replace("s3:Delete*", "s3:*");
    for (statements, is_mailed) in [
        (policy(&[allows, &wider]), false),
        (policy(&[allows]), true),
    ] {
        let create = iam.create_policy_version().policy_arn(&arn);
        let create = create.policy_document(statements).set_as_default(true);
        create.send().await?;
        let incident = deliver(&world, "CreatePolicyVersion", name).await?;
        if is_mailed {
            let parts = [
                "In force: a Deny is gone from",
                "1. version v1 denied s3:Delete*",
                "2. version v2 denied s3:*",
            ];
            incident.ends_as("clean", &parts).await?;
        } else {
            incident
                .ends_as(
                    "clean",
                    &["Policy changed:", "You do not need to do anything"],
                )
                .await?;
        }
    }
    // What is contained says so as well.
    let create = iam.create_policy_version().policy_arn(&arn);
    let create = create.policy_document(document(&["s3:DeleteBucket"]));
    create.set_as_default(true).send().await?;
    let records = world.records("CreatePolicyVersion", name).await?;
    let incident = world.deliver(records.last().context("no record")?).await?;
    let request = poll("the request", SOON, async || {
        Ok(world
            .mails_until_now(|mail| mail.message.contains(&incident.name()))
            .await?
            .pop())
    })
    .await?;
    let text = &request.message;
    ensure!(
        request.link_to("allow").is_some() && text.contains("version v1 denied s3:Delete*"),
        "{text}"
    );
    Ok(())
}
