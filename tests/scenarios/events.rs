//! The events for others, and the recipes of `docs/events.md`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_sfn::types::HistoryEvent;
use end_to_end::{Incident, SOON, Scenario, Target, World, Write, document};
use local_aws::{Execution, Stack, StackOptions, poll, stack, workspace};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use url::Url;

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("events::a_queue_gets_every_incident", queue),
        Scenario::new("events::a_finding_is_made_of_an_incident", finding),
        Scenario::new("events::a_ticket_is_opened_and_closed", ticket),
    ]
}

/// A member by its path, or null.
fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    value.pointer(path).unwrap_or(&Value::Null)
}

/// Deploys a recipe for the stack of this world, which has an emulator of its own.
async fn deploy(world: &World, recipe: &str) -> Result<Stack> {
    let template = workspace::root().join(format!("docs/recipes/{recipe}.yaml"));
    let options = StackOptions {
        name: format!("guard-{recipe}"),
        parameters: stack::parameters(&[("GuardStack", world.stack.name())]),
    };
    Stack::deploy_from(&template, &world.emulator, options).await
}

/// An incident about a new inline policy.
async fn contained<'w>(world: &'w World, name: &str) -> Result<Incident<'w>> {
    let original = document(&["s3:DeleteBucket", "s3:GetObject"]);
    let target = Target::prepare(world, Write::PutRolePolicy, name, original).await?;
    target.carry_out(world.emulator.iam()).await?;
    let incident = world.incident("PutRolePolicy", name).await?;
    incident.request().await?;
    Ok(incident)
}

/// The messages of a queue about one incident, once there are `count`.
async fn events(world: &World, url: &str, incident: &str, count: usize) -> Result<Vec<Value>> {
    let mut found = Vec::new();
    poll(&format!("{count} events"), SOON, async || {
        let receive = world.emulator.clients().sqs.receive_message();
        let receive = receive.queue_url(url).max_number_of_messages(10);
        for message in receive.send().await?.messages.unwrap_or_default() {
            let event: Value = serde_json::from_str(&message.body.context("no body")?)?;
            if event.pointer("/detail/incident") == Some(&json!(incident)) {
                found.push(event);
            }
        }
        Ok((found.len() >= count).then_some(()))
    })
    .await?;
    Ok(found)
}

async fn queue(world: Arc<World>) -> Result<()> {
    let recipe = deploy(&world, "queue").await?;
    let url = recipe.output("QueueUrl")?;
    let schema = std::fs::read_to_string(workspace::root().join("docs/events.schema.json"))?;
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema)?)?;
    for (answer, outcome) in [("allow", "allowed"), ("deny", "denied")] {
        let name = format!("events-{answer}");
        let incident = contained(&world, &name).await?;
        let link = incident.link(answer).await?;
        let (token, _) = crate::keys::shown(&incident).await?;
        incident.answer(answer).await?;
        ensure!(incident.outcome().await? == outcome);
        let mut events = events(&world, url, &incident.name(), 3).await?;
        events.sort_by_key(|event| {
            let kinds = ["Incident opened", "Incident decided", "Incident ended"];
            let kind = event.get("detail-type").and_then(Value::as_str);
            kinds.iter().position(|it| Some(*it) == kind)
        });
        ensure!(events.len() == 3, "{events:#?}");
        for (event, kind) in events.iter().zip(["opened", "decided", "ended"]) {
            let text = event.to_string();
            ensure!(
                *at(event, "/detail-type") == format!("Incident {kind}"),
                "{text}"
            );
            let problems: Vec<String> = schema
                .iter_errors(event)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            ensure!(problems.is_empty(), "{problems:?} in {text}");
            ensure!(text.len() < 16 * 1024, "{} bytes", text.len());
            ensure!(at(event, "/detail/execution") == incident.execution.arn());
            ensure!(at(event, "/detail/subject/name").is_string(), "{text}");
            expect_no_way_to_decide(&text, &link, &token)?;
        }
        let [_, decided, ended] = &events[..] else {
            anyhow::bail!("there are not three");
        };
        ensure!(at(decided, "/detail/decision/action") == answer);
        ensure!(at(ended, "/detail/outcome/result") == outcome);
    }
    // Nothing comes of a clean change.
    world
        .create_policy("events-clean", &document(&["s3:GetObject"]))
        .await?;
    let clean = world.incident("CreatePolicy", "events-clean").await?;
    ensure!(clean.outcome().await? == "clean");
    ensure!(events(&world, url, &clean.name(), 0).await?.is_empty());
    // The guard hears none of its own events: no execution has one for its input.
    for execution in world.stack.executions().await? {
        let input = execution.input().await?;
        ensure!(
            input.get("source") != Some(&json!("iam-policy-guard")),
            "{input}"
        );
    }
    Ok(())
}

/// Neither the token nor the key of the mail's link is in an event.
fn expect_no_way_to_decide(event: &str, link: &str, token: &str) -> Result<()> {
    let mut secrets = vec!["token".to_owned(), "key=".to_owned(), token.to_owned()];
    for (name, value) in Url::parse(link)?.query_pairs() {
        if ["token", "key"].contains(&name.as_ref()) {
            secrets.push(value.into_owned());
        }
    }
    ensure!(
        secrets.len() >= 5,
        "a link without a token or a key: {link}"
    );
    for secret in secrets {
        ensure!(!event.contains(&secret), "{secret} is in {event}");
    }
    Ok(())
}

async fn finding(world: Arc<World>) -> Result<()> {
    let recipe = deploy(&world, "finding").await?;
    let incident = contained(&world, "events-finding").await?;
    incident.answer("deny").await?;
    ensure!(incident.outcome().await? == "denied");
    // The local AWS has no Security Hub, so the import fails. What is imported is in the history.
    let mut found = Vec::new();
    for state in ["ACTIVE", "ARCHIVED"] {
        let finding = poll(&format!("a finding that is {state}"), SOON, async || {
            let imported = findings(&world, recipe.output("StateMachineArn")?).await?;
            let wanted = |finding: &Value| {
                let text = finding.to_string();
                text.contains("events-finding") && at(finding, "/RecordState") == state
            };
            Ok(imported.into_iter().find(wanted))
        })
        .await?;
        found.push(finding);
    }
    let [open, closed] = &found[..] else {
        anyhow::bail!("there are not two");
    };
    let id = format!("iam-policy-guard/{}", incident.execution.arn());
    for finding in [open, closed] {
        ensure!(at(finding, "/Id") == id.as_str(), "{finding:#}");
        for member in [
            "AwsAccountId",
            "CreatedAt",
            "Description",
            "GeneratorId",
            "ProductArn",
            "SchemaVersion",
            "Title",
            "UpdatedAt",
        ] {
            ensure!(
                at(finding, &format!("/{member}"))
                    .as_str()
                    .is_some_and(|it| !it.is_empty()),
                "{member}: {finding:#}"
            );
        }
        let resource = finding.pointer("/Resources/0/Id");
        ensure!(
            resource.is_some_and(Value::is_string),
            "no resource: {finding:#}"
        );
    }
    ensure!(
        at(closed, "/Description")
            .as_str()
            .is_some_and(|it| it.ends_with("Outcome: denied")),
        "{closed:#}"
    );
    Ok(())
}

/// What the executions of the recipe import.
async fn findings(world: &World, machine: &str) -> Result<Vec<Value>> {
    let states = world.emulator.sfn();
    let list = states.list_executions().state_machine_arn(machine);
    let mut found = Vec::new();
    for listed in list.send().await?.executions {
        let execution = Execution::new(states.clone(), listed.execution_arn);
        let history = states.get_execution_history();
        let history = history.execution_arn(execution.arn()).send().await?;
        let parameters = |event: &HistoryEvent| {
            let scheduled = event.task_scheduled_event_details.as_ref()?;
            serde_json::from_str::<Value>(&scheduled.parameters).ok()
        };
        let arguments = history.events.iter().find_map(parameters);
        found.extend(arguments.and_then(|it| it.pointer("/Findings/0").cloned()));
    }
    Ok(found)
}

/// CloudFormation on the local AWS knows no API destination. So the parts of the recipe are made
/// one by one: the rules with their targets as they stand there.
async fn ticket(world: Arc<World>) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}/incidents", listener.local_addr()?);
    let tickets = Arc::new(Mutex::new(Vec::new()));
    let serving = tokio::spawn(take_tickets(listener, Arc::clone(&tickets)));
    let emulator = &world.emulator;
    let connection = json!({
        "Name": "tickets",
        "AuthorizationType": "API_KEY",
        "AuthParameters": {"ApiKeyAuthParameters": {"ApiKeyName": "X-Api-Key", "ApiKeyValue": "k"}},
    });
    let made = emulator
        .call_eventbridge("CreateConnection", &connection)
        .await?;
    let destination = json!({
        "Name": "tickets",
        "ConnectionArn": at(&made, "/ConnectionArn"),
        "InvocationEndpoint": endpoint,
        "HttpMethod": "POST",
    });
    let made = emulator
        .call_eventbridge("CreateApiDestination", &destination)
        .await?;
    let recipe = std::fs::read_to_string(workspace::root().join("docs/recipes/ticket.yaml"))?;
    let recipe: serde_norway::Value = serde_norway::from_str(&recipe)?;
    for rule in ["OpenRule", "CloseRule"] {
        let rule_of = part(&recipe, &["Resources", rule, "Properties"])?;
        let pattern = json!({
            "source": part(rule_of, &["EventPattern", "source"])?,
            "detail-type": part(rule_of, &["EventPattern", "detail-type"])?,
            "detail": {"stack": [world.stack.name()]},
        });
        let targets = part(rule_of, &["Targets"])?.as_sequence();
        let target = targets.and_then(|it| it.first()).context("no target")?;
        let put = json!({"Name": rule, "EventPattern": pattern.to_string()});
        emulator.call_eventbridge("PutRule", &put).await?;
        let target = json!({
            "Id": "Tickets",
            "Arn": at(&made, "/ApiDestinationArn"),
            "RoleArn": "arn:aws:iam::000000000000:role/tickets",
            "InputTransformer": part(target, &["InputTransformer"])?,
        });
        let targets = json!({"Rule": rule, "Targets": [target]});
        emulator.call_eventbridge("PutTargets", &targets).await?;
    }
    let incident = contained(&world, "events-ticket").await?;
    incident.answer("allow").await?;
    ensure!(incident.outcome().await? == "allowed");
    let key = json!(incident.name());
    let about = poll("two calls", SOON, async || {
        let mut about = tickets.lock().await.clone();
        about.retain(|ticket: &Value| *at(ticket, "/key") == key);
        Ok((about.len() >= 2).then_some(about))
    })
    .await?;
    serving.abort();
    let find = |action: &str| about.iter().find(|it| at(it, "/action") == action);
    let open = find("open").context("no ticket is opened")?;
    ensure!(
        *at(open, "/restricted") == json!(["s3:DeleteBucket"]),
        "{open}"
    );
    ensure!(at(open, "/subject/type") == "inline", "{open}");
    ensure!(at(open, "/response") == "contain", "{open}");
    let close = find("close").context("no ticket is closed")?;
    ensure!(at(close, "/outcome") == "allowed", "{close}");
    Ok(())
}

/// A part of a template.
fn part<'v>(value: &'v serde_norway::Value, path: &[&str]) -> Result<&'v serde_norway::Value> {
    let found = path.iter().try_fold(value, |value, name| value.get(name));
    found.with_context(|| format!("the recipe has no {path:?}"))
}

/// A ticket system: it keeps the JSON of each request.
async fn take_tickets(listener: TcpListener, tickets: Arc<Mutex<Vec<Value>>>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut request = Vec::new();
        let body = loop {
            let mut part = [0; 4096];
            match tokio::time::timeout(Duration::from_secs(5), stream.read(&mut part)).await {
                Ok(Ok(read @ 1..)) => request.extend_from_slice(part.get(..read).unwrap_or(&[])),
                _ => break None,
            }
            let text = String::from_utf8_lossy(&request).into_owned();
            let body = text.split_once("\r\n\r\n").map(|(_, body)| body);
            if let Some(body) = body.and_then(|it| serde_json::from_str::<Value>(it).ok()) {
                break Some(body);
            }
        };
        tickets.lock().await.extend(body);
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        // Whoever closes first is served by the next connection.
        if stream.write_all(answer).await.is_err() {}
    }
}
