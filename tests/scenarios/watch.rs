//! Calls that go around the guard, or that change it, are reported by e-mail with the caller.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::{SOON, Scenario, World, expect_parts};
use local_aws::Mailbox;
use serde_json::{Value, json};

mod changes;

/// The role that answers tokens of another state machine, on the usual stack.
pub(crate) const OTHER_SENDER: &str = "arn:aws:iam::000000000000:role/orders-worker";

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("watch::calls_that_go_around_the_guard_are_reported", around),
        Scenario::new(
            "watch::changes_of_functions_and_roles_are_reported",
            functions,
        ),
        Scenario::new(
            "watch::silencing_a_mailbox_is_reported_to_the_other",
            mailboxes,
        ),
        Scenario::new("watch::changes_of_the_pages_are_reported", changes::pages),
        Scenario::new("watch::muting_the_alarms_is_reported", changes::alarms),
        Scenario::new("watch::moving_the_stack_is_reported", changes::stack),
    ]
}

/// A call as its record has it, and whether the watch reports it.
struct Call {
    source: &'static str,
    name: &'static str,
    request: Value,
    response: Value,
    /// The role behind the session; the caller has no session without it.
    role: Option<String>,
    is_reported: bool,
}

impl Call {
    fn new(source: &'static str, name: &'static str, request: Value, is_reported: bool) -> Self {
        Self {
            source,
            name,
            request,
            response: Value::Null,
            role: None,
            is_reported,
        }
    }

    fn by(mut self, role: &str) -> Self {
        self.role = Some(role.to_owned());
        self
    }

    fn answered(mut self, response: Value) -> Self {
        self.response = response;
        self
    }

    fn record(&self, mark: &str) -> Value {
        let mut identity =
            json!({"type": "IAMUser", "arn": "arn:aws:iam::000000000000:user/mallory"});
        if let Some(role) = &self.role {
            let session = role
                .replace(":iam:", ":sts:")
                .replace(":role/", ":assumed-role/");
            identity = json!({
                "type": "AssumedRole",
                "arn": format!("{session}/a-session"),
                "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role}},
            });
        }
        json!({
            "eventSource": format!("{}.amazonaws.com", self.source.trim_start_matches("aws.")),
            "eventName": self.name,
            "eventTime": "2026-03-02T09:15:29Z",
            "eventID": mark,
            "sourceIPAddress": "203.0.113.9",
            "userIdentity": identity,
            "requestParameters": self.request,
            "responseElements": self.response,
        })
    }
}

/// Plays the calls, and compares the e-mails with what the watch must report.
async fn hold(world: &World, calls: Vec<Call>) -> Result<()> {
    // Calls without a report come first, so they had time when the other reports have arrived.
    let (reported, silent): (Vec<_>, Vec<_>) = calls.into_iter().partition(|call| call.is_reported);
    let mut marks = Vec::new();
    for (number, call) in silent.into_iter().chain(reported).enumerate() {
        let mark = format!("watched-{}-{number:02}-{}", call.name, std::process::id());
        world.play_of(call.source, &call.record(&mark)).await?;
        marks.push((mark, call));
    }
    for (mark, call) in marks.iter().filter(|(_, call)| call.is_reported) {
        let mail = world
            .mail(mark, |mail| mail.message.contains(mark.as_str()))
            .await?;
        let who = call.record(mark).pointer("/userIdentity/arn").cloned();
        let who = who.as_ref().and_then(Value::as_str).context("no caller")?;
        expect_parts(&mail, &[call.name, who])?;
        let execution = [&call.request, &call.response]
            .into_iter()
            .find_map(|part| part.get("executionArn"))
            .and_then(Value::as_str);
        ensure!(
            execution.is_none_or(|arn| mail.message.contains(arn)),
            "the mail names the execution: {}",
            mail.message
        );
    }
    for (mark, _) in marks.iter().filter(|(_, call)| !call.is_reported) {
        let mails = world.mails_until_now(|mail| mail.message.contains(mark.as_str()));
        ensure!(mails.await?.is_empty(), "a mail reports {mark}");
    }
    Ok(())
}

async fn around(world: Arc<World>) -> Result<()> {
    let machine = world.stack.output("StateMachineArn")?.to_owned();
    let execution = machine.replace(":stateMachine:", ":execution:") + ":one";
    let elsewhere = machine.replace("-incidents", "-orders");
    let resources = world.stack.resources().await?;
    let role = |logical: &str| -> Result<String> {
        let name = resources.get(logical).context("no such role")?;
        Ok(format!("arn:aws:iam::000000000000:role/{name}"))
    };
    let reported = |name, request| Call::new("aws.states", name, request, true);
    let silent = |name, request| Call::new("aws.states", name, request, false);
    let started = json!({"executionArn": execution, "startDate": "Mar 2, 2026 9:15:29 AM"});
    let of_machine = json!({"stateMachineArn": machine});
    let token = json!({"output": "HIDDEN_DUE_TO_SECURITY_REASONS"});
    let version = json!([{"stateMachineVersionArn": format!("{machine}:1"), "weight": 100}]);
    let alias = format!("{machine}:live");
    let change_set = "arn:aws:cloudformation:us-east-1:000000000000:changeSet/one/0d1e2f3a";
    let changed = |request, is_reported| {
        Call::new(
            "aws.cloudformation",
            "ExecuteChangeSet",
            request,
            is_reported,
        )
    };
    hold(
        &world,
        vec![
            reported("StartExecution", of_machine.clone()).answered(started.clone()),
            reported("StartExecution", of_machine.clone())
                .by(&role("NotifyRole")?)
                .answered(started.clone()),
            silent("StartExecution", of_machine.clone())
                .by(&role("PolicyWriteRuleRole")?)
                .answered(started),
            reported(
                "StartExecution",
                json!({"stateMachineArn": format!("{machine}:1")}),
            ),
            silent("StartExecution", json!({"stateMachineArn": elsewhere})),
            reported("StopExecution", json!({"executionArn": execution})),
            reported("RedriveExecution", json!({"executionArn": execution})),
            reported("PublishStateMachineVersion", of_machine.clone()),
            reported("UpdateStateMachine", of_machine),
            reported(
                "CreateStateMachineAlias",
                json!({"name": "live", "routingConfiguration": version}),
            ),
            reported(
                "UpdateStateMachineAlias",
                json!({"stateMachineAliasArn": alias}),
            ),
            reported("SendTaskSuccess", token.clone()),
            silent("SendTaskSuccess", token.clone()).by(&role("ApproveCallbackRole")?),
            silent("SendTaskSuccess", token.clone()).by(OTHER_SENDER),
            reported("SendTaskFailure", token.clone()).by(&role("NotifyRole")?),
            silent("SendTaskHeartbeat", token),
            // Two services through which every event passes.
            Call::new(
                "aws.events",
                "UpdateEventBus",
                json!({"name": "default"}),
                true,
            ),
            Call::new(
                "aws.events",
                "UpdateEventBus",
                json!({"name": "orders"}),
                false,
            ),
            Call::new(
                "aws.cloudtrail",
                "StopLogging",
                json!({"name": "trail"}),
                true,
            ),
            // A change set by its ARN names no stack.
            changed(
                json!({"changeSetName": change_set, "stackName": world.stack.name()}),
                true,
            ),
            changed(json!({"changeSetName": change_set}), true),
            changed(
                json!({"changeSetName": "one", "stackName": "orders"}),
                false,
            ),
            changed(
                json!({"changeSetName": change_set, "stackName": "orders"}),
                false,
            ),
        ],
    )
    .await
}

async fn functions(world: Arc<World>) -> Result<()> {
    let resources = world.stack.resources().await?;
    let name = |logical: &str| resources.get(logical).context("no such resource");
    let function = name("RemediateFunction")?;
    let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{function}");
    let role = name("RevertRole")?;
    let role_arn = format!("arn:aws:iam::000000000000:role/{role}");
    let reported = |name, request| Call::new("aws.lambda", name, request, true);
    let silent = |name, request| Call::new("aws.lambda", name, request, false);
    let of = |name: &str| json!({"functionName": name});
    hold(
        &world,
        vec![
            // A caller can name the function in several ways.
            reported("UpdateFunctionCode20150331v2", of(function)),
            reported("UpdateFunctionConfiguration20150331v2", of(&arn)),
            reported(
                "AddPermission20150331v2",
                of(&format!("000000000000:function:{function}")),
            ),
            reported(
                "RemovePermission20150331v2",
                of(&format!("{function}:live")),
            ),
            reported("PutFunctionConcurrency20171031", of(function)),
            reported("DeleteFunctionConcurrency20171031", of(function)),
            reported("PutRuntimeManagementConfig", of(function)),
            reported(
                "UpdateFunctionCode20150331v2",
                of(&format!("{arn}:$LATEST")),
            )
            .answered(json!({"functionName": function, "functionArn": arn})),
            silent("UpdateFunctionCode20150331v2", of("orders"))
                .answered(json!({"functionName": "orders"})),
            silent("Invoke", of(&arn)),
            // The answers to these do not name the function.
            reported("AddPermission20150331v2", of(&format!("{arn}:1"))),
            reported(
                "AddPermission20150331v2",
                of(&format!("000000000000:function:{function}:live")),
            ),
            reported("TagResource20170331v2", json!({"resource": arn})),
            reported("UntagResource20170331v2", json!({"resource": arn})),
            reported("PutResourcePolicy", json!({"resourceArn": arn})),
            silent("Invoke", of(&format!("{arn}:1"))),
            silent(
                "TagResource20170331v2",
                json!({"resource": arn.replace(function.as_str(), "orders")}),
            ),
            // A role of the guard for a function that is not the guard's.
            reported(
                "CreateFunction20150331",
                json!({"functionName": "x", "role": role_arn}),
            ),
            silent(
                "CreateFunction20150331",
                json!({"functionName": "x", "role": "arn:aws:iam::000000000000:role/x"}),
            ),
            Call::new(
                "aws.iam",
                "DeleteRolePolicy",
                json!({"roleName": role.to_uppercase(), "policyName": "Guardrails"}),
                true,
            ),
            Call::new(
                "aws.iam",
                "UpdateAssumeRolePolicy",
                json!({"roleName": role}),
                true,
            ),
            Call::new(
                "aws.iam",
                "UpdateAssumeRolePolicy",
                json!({"roleName": "orders"}),
                false,
            ),
        ],
    )
    .await
}

async fn mailboxes(world: Arc<World>) -> Result<()> {
    let resources = world.stack.resources().await?;
    let of = |logical: &str| resources.get(logical).context("no such resource");
    let topic = of("AlertTopic")?;
    let second = of("AlarmTopic")?;
    let keys = [of("AlertKey")?, of("AlarmKey")?];
    let mut others = Mailbox::open(&world.emulator, second).await?;
    let reported = |name, request| Call::new("aws.sns", name, request, true);
    let silent = |name, request| Call::new("aws.sns", name, request, false);
    hold(
        &world,
        vec![
            reported("PutDataProtectionPolicy", json!({"resourceArn": topic})),
            reported("PutDataProtectionPolicy", json!({"resourceArn": second})),
            reported(
                "Unsubscribe",
                json!({"subscriptionArn": format!("{second}:0d1e2f3a")}),
            ),
            reported("Subscribe", json!({"topicArn": topic, "protocol": "email"})),
            silent(
                "Subscribe",
                json!({"topicArn": "arn:aws:sns:us-east-1:000000000000:orders"}),
            ),
            Call::new("aws.kms", "DisableKey", json!({"keyId": keys[0]}), true),
            Call::new("aws.kms", "DisableKey", json!({"keyId": keys[1]}), true),
            Call::new("aws.kms", "DisableKey", json!({"keyId": "0d1e2f3a"}), false),
        ],
    )
    .await?;
    // The second mailbox gets the same e-mails, and no request for a decision.
    others
        .wait_for("the same e-mail", SOON, |mail| {
            mail.message.contains("DisableKey")
        })
        .await?;
    ensure!(
        others
            .mails()
            .await?
            .iter()
            .all(|mail| mail.links.is_empty())
    );
    Ok(())
}
