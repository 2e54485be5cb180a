//! The events of functions and state machines, for which SAM adds to roles or makes some.

use super::Finder;
use super::foreach;
use super::resources::{Resource, text};
use crate::tree::{Node, Value};

const ACCESS: &str = "SourceAccessConfigurations";
const SECRET: &str = "secretsmanager:GetSecretValue";
const NETWORK: [&str; 6] = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeVpcs",
    "ec2:DescribeSubnets",
    "ec2:DescribeSecurityGroups",
];

impl<'s> Finder<'s> {
    /// Finds what the events add. `start` is the action that starts the function or the state
    /// machine; `makes_role` is whether SAM makes the role of the function.
    pub(super) fn events(&mut self, resource: &Resource<'s>, start: &str, makes_role: bool) {
        let Some((events, scope)) = resource.properties.get("Events") else {
            return;
        };
        for member in foreach::members(events, &scope) {
            let event = member.value;
            let at = format!("Events.{}", member.key);
            let kind = event.get("Type").and_then(|it| text(it, &member.scope));
            let properties = event.get("Properties");
            let property = |key: &str| properties.and_then(|it| it.get(key));
            let starts_machine = start == "states:StartExecution";
            match kind.as_deref() {
                Some("ScheduleV2") => {
                    if property("RoleArn").is_none() {
                        let mut actions = vec![start];
                        if property("DeadLetterConfig").is_some() {
                            actions.push("sqs:SendMessage");
                        }
                        self.sam_grant(resource, &at, event.span.clone(), &actions);
                    }
                }
                Some("Schedule") if starts_machine && property("RoleArn").is_some() => {}
                Some("Schedule" | "CloudWatchEvent" | "EventBridgeRule" | "Api")
                    if starts_machine =>
                {
                    self.sam_grant(resource, &at, event.span.clone(), &[start]);
                }
                // They change policies of resources only.
                Some(
                    "AlexaSkill" | "Api" | "CloudWatchEvent" | "CloudWatchLogs" | "Cognito"
                    | "EventBridgeRule" | "HttpApi" | "IoTRule" | "S3" | "Schedule",
                ) => {}
                Some(kind) if makes_role => {
                    let known = self.pulled(resource, &at, kind, event);
                    if !known {
                        self.unknown_event(resource, &at, event);
                    }
                    let target = property("DestinationConfig").and_then(|it| it.get("OnFailure"));
                    // Without a type, SAM makes no policy.
                    if let Some(target) = target.filter(|it| it.get("Type").is_some()) {
                        self.target(resource, &format!("{at}.OnFailure"), target);
                    }
                }
                Some(_) => {}
                None => self.unknown_event(resource, &at, event),
            }
        }
    }

    fn unknown_event(&mut self, resource: &Resource<'s>, at: &str, event: &'s Node<'s>) {
        let name = format!("{}.{at}", resource.name);
        let reason = "an event of a type that is not known here, for which SAM may add policies";
        self.found.not_judged(name, event.span.clone(), reason);
    }

    /// An event that the function reads; false for a type that is not known.
    fn pulled(
        &mut self,
        resource: &Resource<'s>,
        at: &str,
        kind: &str,
        event: &'s Node<'s>,
    ) -> bool {
        let property = |key: &str| event.at(&["Properties", key]);
        let mut actions = Vec::new();
        let mut attached = None;
        match kind {
            "SNS" => {
                let queue = property("SqsSubscription");
                let has_queue = queue.is_some_and(|it| it.value != Value::Bool(false));
                attached = has_queue.then_some("AWSLambdaSQSQueueExecutionRole");
            }
            "Kinesis" => attached = Some("AWSLambdaKinesisExecutionRole"),
            "DynamoDB" => attached = Some("AWSLambdaDynamoDBExecutionRole"),
            "SQS" => attached = Some("AWSLambdaSQSQueueExecutionRole"),
            "MSK" => {
                attached = Some("AWSLambdaMSKExecutionRole");
                if accesses(property(ACCESS), |kind| {
                    kind == "CLIENT_CERTIFICATE_TLS_AUTH"
                }) {
                    actions.push(SECRET);
                }
            }
            "MQ" => actions.extend([SECRET, "mq:DescribeBroker"]),
            "SelfManagedKafka" => {
                if accesses(property(ACCESS), |kind| !kind.starts_with("VPC_")) {
                    actions.push(SECRET);
                }
                if accesses(property(ACCESS), |kind| kind.starts_with("VPC_")) {
                    actions.extend(NETWORK);
                }
            }
            "DocumentDB" => {
                actions.extend([
                    SECRET,
                    "rds:DescribeDBClusterParameters",
                    "rds:DescribeDBSubnetGroups",
                    "rds:DescribeDBClusters",
                ]);
                actions.extend(NETWORK);
            }
            _ => return false,
        }
        if let Some(registry) = property("SchemaRegistryConfig") {
            if registry.get("AccessConfigs").is_some() {
                actions.push(SECRET);
            }
            let uri = registry.get("SchemaRegistryURI").and_then(Node::text);
            if uri.is_none_or(|uri| uri.contains(":registry/")) {
                actions.extend(["glue:GetRegistry", "glue:GetSchemaVersion"]);
            }
        }
        if property("SecretsManagerKmsKeyId").is_some() {
            actions.push("kms:Decrypt");
        }
        if let Some(name) = attached {
            let at = format!("{}.{at}", resource.name);
            let name = format!("service-role/{name}");
            self.attach_managed(&at, event.span.clone(), &name);
        }
        if !actions.is_empty() {
            self.sam_grant(resource, at, event.span.clone(), &actions);
        }
        true
    }
}

/// Whether an entry of the configurations is of such a type. An unknown type can be any.
fn accesses(configurations: Option<&Node<'_>>, is_type: impl Fn(&str) -> bool) -> bool {
    let mut entries = configurations
        .map(Node::one_or_many)
        .unwrap_or_default()
        .iter();
    entries.any(|entry| entry.get("Type").and_then(Node::text).is_none_or(&is_type))
}
