//! The roles that SAM makes, with what it adds to them ("Generated AWS CloudFormation resources for
//! AWS SAM").

use super::resources::{Resource, text};
use super::{Finder, connectors, is_no_value, last_members};
use crate::source::Span;
use crate::tree::{Node, Value};

/// In other partitions, the policy has another name and the same document.
const XRAY: &str = "AWSXrayWriteOnlyAccess";

/// A resource of SAM, and the properties that the section `Globals` gives it.
struct WithGlobals<'r, 's> {
    resource: &'r Resource<'s>,
    globals: Option<&'s Node<'s>>,
}

impl<'s> WithGlobals<'_, 's> {
    /// The values of a property: the one of the resource and the one for all resources, which SAM
    /// merges.
    fn all(&self, key: &str) -> Vec<&'s Node<'s>> {
        let own = self.resource.properties.node(key);
        let globals = self.globals.and_then(|it| it.get(key));
        own.into_iter().chain(globals).collect()
    }

    /// The value that counts.
    fn get(&self, key: &str) -> Option<&'s Node<'s>> {
        self.all(key).into_iter().next()
    }
}

impl<'s> Finder<'s> {
    pub(super) fn function(&mut self, resource: &Resource<'s>) {
        let root = self.root;
        let own = WithGlobals {
            resource,
            globals: root.at(&["Globals", "Function"]),
        };
        let span = || resource.span.clone();
        let makes_role = makes_role(resource, "Role");
        if makes_role {
            let at = format!("{}.Role", resource.name);
            let basic = match own.get("DurableConfig") {
                Some(_) => "service-role/AWSLambdaBasicDurableExecutionRolePolicy",
                None => "service-role/AWSLambdaBasicExecutionRole",
            };
            self.attach_managed(&at, span(), basic);
            let tracing = own.get("Tracing");
            if tracing.is_some_and(|it| it.text() != Some("Disabled")) {
                self.attach_managed(&at, span(), XRAY);
            }
            if own.get("VpcConfig").is_some() {
                let vpc = "service-role/AWSLambdaVPCAccessExecutionRole";
                self.attach_managed(&at, span(), vpc);
            }
            for queue in own.all("DeadLetterQueue") {
                self.target(resource, "DeadLetterQueue", queue);
            }
            for config in own.all("EventInvokeConfig") {
                for end in ["OnSuccess", "OnFailure"] {
                    if let Some(target) = config.at(&["DestinationConfig", end]) {
                        self.target(resource, &format!("EventInvokeConfig.{end}"), target);
                    }
                }
            }
        }
        let preferences = own.all("DeploymentPreference");
        let preferred = |key: &str| preferences.iter().find_map(|it| it.get(key));
        let is_off = preferred("Enabled").is_some_and(is_false);
        if !preferences.is_empty() && !is_off && preferred("Role").is_none() {
            let at = format!("{}.DeploymentPreference", resource.name);
            let name = "service-role/AWSCodeDeployRoleForLambda";
            self.attach_managed(&at, span(), name);
        }
        self.events(resource, "lambda:InvokeFunction", makes_role);
    }

    pub(super) fn state_machine(&mut self, resource: &Resource<'s>) {
        let tracing = resource.properties.node("Tracing");
        let enabled = tracing.and_then(|it| it.get("Enabled"));
        let is_traced = enabled.is_some_and(|it| !is_false(it));
        if makes_role(resource, "Role") && is_traced {
            let at = format!("{}.Role", resource.name);
            self.attach_managed(&at, resource.span.clone(), XRAY);
        }
        self.events(resource, "states:StartExecution", false);
    }

    /// A policy that lets the role of a function send to a target.
    pub(super) fn target(&mut self, resource: &Resource<'s>, at: &str, target: &'s Node<'s>) {
        if is_no_value(target) {
            return;
        }
        let kind = target.get("Type").and_then(|it| text(it, &resource.scope));
        let actions: &[&str] = match kind.as_deref() {
            Some("SQS") => &["sqs:SendMessage"],
            Some("SNS") => &["sns:Publish"],
            Some("Lambda") => &["lambda:InvokeFunction"],
            Some("EventBridge") => &["events:PutEvents"],
            Some("S3" | "S3Bucket") => &["s3:PutObject", "s3:ListBucket"],
            Some("Kafka") => return,
            _ => {
                let name = format!("{}.{at}", resource.name);
                let reason = "what SAM grants for the target is not known before the deployment";
                return self.unknown(name, target.span.clone(), reason);
            }
        };
        self.sam_grant(resource, at, target.span.clone(), actions);
    }

    /// A policy that SAM makes with fixed actions.
    pub(super) fn sam_grant(
        &mut self,
        resource: &Resource<'s>,
        at: &str,
        span: Span,
        actions: &[&str],
    ) {
        let what = format!("the policy that SAM makes for `{at}`");
        self.actions(format!("{}.{at}", resource.name), span, actions, what);
    }

    /// The resources of SAM that have a role and no policies of their own.
    pub(super) fn other_sam(&mut self, kind: &str, resource: &Resource<'s>) {
        let (role, policy) = match kind {
            "AWS::Serverless::CapacityProvider" => {
                ("OperatorRole", "AWSLambdaManagedEC2ResourceOperator")
            }
            "AWS::Serverless::NetworkConnector" => {
                ("OperatorRole", "AWSLambdaNetworkConnectorOperatorPolicy")
            }
            "AWS::Serverless::WebFunction" => (
                "ExecutionRoleArn",
                "service-role/AWSLambdaBasicExecutionRole",
            ),
            "AWS::Serverless::GraphQLApi" => return self.graphql_api(resource),
            "AWS::Serverless::MicrovmImage" => {
                if makes_role(resource, "BuildRoleArn") {
                    let actions = [
                        "s3:GetObject",
                        "logs:CreateLogGroup",
                        "logs:CreateLogStream",
                        "logs:PutLogEvents",
                    ];
                    self.sam_grant(resource, "BuildRole", resource.span.clone(), &actions);
                }
                return;
            }
            "AWS::Serverless::Api"
            | "AWS::Serverless::HttpApi"
            | "AWS::Serverless::LayerVersion"
            | "AWS::Serverless::SimpleTable"
            | "AWS::Serverless::WebSocketApi" => return,
            _ => {
                let reason = "a resource of SAM that is not known here, and may have a role";
                let span = resource.span.clone();
                return self.found.not_judged(&resource.name, span, reason);
            }
        };
        if makes_role(resource, role) {
            let at = format!("{}.Role", resource.name);
            self.attach_managed(&at, resource.span.clone(), policy);
        }
    }

    fn graphql_api(&mut self, resource: &Resource<'s>) {
        let logging = resource.properties.node("Logging");
        let is_logged = logging.is_none_or(|it| it.get("CloudWatchLogsRoleArn").is_none());
        if is_logged && logging.is_none_or(|it| !is_false(it)) {
            let at = format!("{}.Logging", resource.name);
            let name = "service-role/AWSAppSyncPushToCloudWatchLogs";
            self.attach_managed(&at, resource.span.clone(), name);
        }
        let sources = resource.properties.node("DataSources");
        for (group, destination) in [
            ("DynamoDb", "AWS::DynamoDB::Table"),
            ("Lambda", "AWS::Lambda::Function"),
        ] {
            let Some(group_node) = sources.and_then(|it| it.get(group)) else {
                continue;
            };
            for member in last_members(group_node) {
                if member.value.get("ServiceRoleArn").is_some() {
                    continue;
                }
                let source = "AWS::AppSync::DataSource";
                // Fewer permissions than all would need a list that is known.
                let categories = ["Read", "Write"].iter();
                let wanted = member.value.get("Permissions").map(Node::entries);
                let is_wanted = |category: &&&str| {
                    wanted.is_none_or(|it| {
                        it.iter()
                            .any(|it| it.text().is_none_or(|it| it == **category))
                    })
                };
                let actions: Vec<&str> = categories
                    .filter(is_wanted)
                    .filter_map(|category| connectors::added(source, destination, category))
                    .flatten()
                    .collect();
                let at = format!("DataSources.{group}.{}", member.key);
                self.sam_grant(resource, &at, member.value.span.clone(), &actions);
            }
        }
    }
}

/// Whether a value is false for SAM.
fn is_false(node: &Node<'_>) -> bool {
    node.value == Value::Bool(false) || matches!(node.text(), Some("false" | "False"))
}

/// Whether SAM makes a role, at least under some condition. It takes none from `Globals`.
pub(super) fn makes_role(resource: &Resource<'_>, property: &str) -> bool {
    let role = resource.properties.node(property);
    role.is_none_or(|role| {
        let is_unset = role.is_null() || role.text() == Some("") || is_no_value(role);
        is_unset || role.get("Fn::If").is_some()
    })
}
