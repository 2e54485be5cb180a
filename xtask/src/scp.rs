//! A service control policy that lets only the deployer change a deployed stack.
//!
//! The policy names the harmless calls and denies the rest, so that it also denies calls that AWS
//! adds later. It has only what service control policies support (AWS Organizations User Guide,
//! "SCP syntax"): `Deny` with `Action` or `NotAction`, `Resource` and `Condition`.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::deployed::{Deployed, Resource};

/// The largest size of a service control policy, in characters (AWS Organizations User Guide,
/// "Quotas for AWS Organizations").
pub const LONGEST: usize = 5_120;

/// Calls that change nothing. `sts` is here because trust policies decide who assumes a role, and
/// `logs:PutLogEvents` is here because API Gateway makes that call with a role of the account. The
/// log group of the cases has a statement of its own.
const HARMLESS: &str = "\
    apigateway:GET cloudformation:Describe* cloudformation:Get* cloudformation:List*
    cloudtrail:Describe* cloudtrail:Get* cloudtrail:List* cloudwatch:Describe* cloudwatch:Get*
    cloudwatch:List* events:Describe* events:List* iam:Get* iam:List* kms:Describe* kms:Get*
    kms:List* lambda:Get* lambda:List* logs:CreateLogStream logs:Describe*
    logs:FilterLogEvents logs:Get* logs:List* logs:PutLogEvents logs:StartQuery s3:Get*
    s3:List* sns:Get* sns:List* sqs:Get* sqs:List* states:Describe* states:List* sts:*";

/// Roles of the stack that make no call: that of the claims, and that of the proof of life.
const IDLE: [&str; 2] = ["ClaimsRole", "ProbeRole"];

/// The call that shows task tokens. A token is enough to decide unless `DecideBy` is `Mail`.
const READS_TOKENS: &str = "states:GetExecutionHistory";

/// The exact ARN of a role, or a pattern for the roles of a permission set of IAM Identity Center.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trusted(String);

impl Trusted {
    /// Reads a list of ARNs, separated by commas. All must be roles of this account.
    ///
    /// # Errors
    ///
    /// Says which entry is wrong, and why.
    pub fn list(text: &str, account: &str) -> Result<Vec<Self>> {
        let entries = text.split(',').map(str::trim).filter(|it| !it.is_empty());
        entries.map(|entry| Self::parse(entry, account)).collect()
    }

    fn parse(text: &str, account: &str) -> Result<Self> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [_, _, "iam", "", number, resource] = parts.as_slice() else {
            bail!("`{text}` is not the ARN of a role");
        };
        let role = resource.strip_prefix("role/");
        let role = role.with_context(|| format!("`{text}` is not the ARN of a role"))?;
        ensure!(
            *number == account,
            "`{text}` is not a role of the account {account}"
        );
        // Only IAM Identity Center can create roles below this path.
        let set = role
            .strip_prefix("aws-reserved/sso.amazonaws.com/")
            .and_then(|it| it.split_once("AWSReservedSSO_"))
            .map(|(_, set)| set.trim_end_matches('*'));
        let is_exact = !role.contains(['*', '?']);
        ensure!(
            is_exact || set.is_some_and(|set| !set.is_empty() && !set.contains(['*', '?'])),
            "`{text}` has a wildcard, and another principal could create a role that matches; only a permission set takes one, as \
             role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_NAME_*"
        );
        Ok(Self(text.to_owned()))
    }
}

/// Makes the policy, as text that fits.
///
/// # Errors
///
/// Fails if the stack has a resource of a type that this module does not know, or if the policy
/// does not fit.
pub fn policy(stack: &Deployed, deployers: &[Trusted], senders: &[Trusted]) -> Result<String> {
    ensure!(!deployers.is_empty(), "name the role that deploys");
    let of_the_stack = format!(
        "arn:{}:cloudformation:{}:{}:stack/{}/*",
        stack.partition, stack.region, stack.account, stack.name
    );
    let mut groups = vec![Group {
        kind: "stack/",
        arns: vec![of_the_stack],
    }];
    for resource in &stack.resources {
        ensure!(
            !resource.physical.is_empty(),
            "`{}` is not deployed yet: finish the deployment first",
            resource.logical
        );
        for (kind, arn) in arns(stack, resource)? {
            match groups.iter_mut().find(|group| group.kind == kind) {
                Some(group) => group.arns.push(arn),
                None => groups.push(Group {
                    kind,
                    arns: vec![arn],
                }),
            }
        }
    }
    let wide_first = [
        "alarm:",
        "log-group:",
        "rule/",
        ":sns:",
        "function:",
        "role/",
        "execution:",
        "stateMachine:",
    ];
    let mut text = written(stack, &groups, deployers, senders)?;
    // If the exact names do not fit, names with the same beginning become one pattern.
    for kind in wide_first {
        if text.len() <= LONGEST {
            break;
        }
        for group in groups.iter_mut().filter(|group| group.kind == kind) {
            group.widen();
        }
        text = written(stack, &groups, deployers, senders)?;
    }
    ensure!(
        text.len() <= LONGEST,
        "the policy has {} characters, and {LONGEST} are allowed; choose a shorter name for the stack",
        text.len()
    );
    Ok(text)
}

/// Writes the policy with line breaks if they fit, because AWS counts them too.
fn written(
    stack: &Deployed,
    groups: &[Group],
    deployers: &[Trusted],
    senders: &[Trusted],
) -> Result<String> {
    let policy = document(stack, groups, deployers, senders)?;
    let readable = format!("{policy:#}");
    Ok(if readable.len() <= LONGEST {
        readable
    } else {
        policy.to_string()
    })
}

fn document(
    stack: &Deployed,
    groups: &[Group],
    deployers: &[Trusted],
    senders: &[Trusted],
) -> Result<Value> {
    let deployers = deployers.iter().map(|it| it.0.as_str());
    let roles = stack
        .resources
        .iter()
        .filter(|it| it.kind == "AWS::IAM::Role" && !IDLE.contains(&it.logical.as_str()));
    let own: Vec<String> = roles.map(|role| role_arn(stack, &role.physical)).collect();
    let keepers: Vec<&str> = deployers
        .clone()
        .chain(own.iter().map(String::as_str))
        .collect();

    let mut harmless: Vec<&str> = HARMLESS.split_whitespace().collect();
    if stack.parameters.get("DecideBy").map(String::as_str) == Some("Mail") {
        harmless.push(READS_TOKENS);
    }
    let arns = groups.iter().flat_map(|group| &group.arns);
    let mut guarded: Vec<&str> = arns.map(String::as_str).collect();
    // A principal that could change the deployer could become the deployer.
    guarded.extend(deployers.clone());

    let unless = |keepers: &[&str]| json!({"ArnNotLike": {"aws:PrincipalArn": keepers}});
    let callback = role_arn(stack, stack.physical("ApproveCallbackRole")?);
    let revert = role_arn(stack, stack.physical("RevertRole")?);
    let cases = format!(
        "arn:{}:logs:{}:{}:log-group:{}:*",
        stack.partition,
        stack.region,
        stack.account,
        stack.physical("RevertLogs")?
    );
    let mut answering: Vec<&str> = vec![&callback];
    answering.extend(deployers);
    answering.extend(senders.iter().map(|it| it.0.as_str()));
    Ok(json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "OnlyTheDeployerChangesTheGuard",
                "Effect": "Deny",
                "NotAction": harmless,
                "Resource": guarded,
                "Condition": unless(&keepers),
            },
            // These calls have no resource.
            {
                "Sid": "OnlyThePagesAnswer",
                "Effect": "Deny",
                "Action": "states:SendTask*",
                "Resource": "*",
                "Condition": unless(&answering),
            },
            // Lambda writes the log of a function with the role of the function.
            {
                "Sid": "OnlyRevertWritesCases",
                "Effect": "Deny",
                "Action": "logs:PutLogEvents",
                "Resource": cases,
                "Condition": unless(&[&revert]),
            },
            // The role manager makes roles by templates of AWS, without a call of CreateRole.
            {
                "Sid": "RoleManagerOff",
                "Effect": "Deny",
                "Action": "iam:PutAccountProperties",
                "Resource": "*",
            },
        ],
    }))
}

fn role_arn(stack: &Deployed, name: &str) -> String {
    format!("arn:{}:iam::{}:role/{name}", stack.partition, stack.account)
}

/// ARNs of one kind, which can become one pattern.
#[derive(Clone, Debug)]
struct Group {
    kind: &'static str,
    arns: Vec<String>,
}

impl Group {
    /// Replaces the ARNs by one pattern, if their names begin alike up to a hyphen, as the names of
    /// one stack do.
    fn widen(&mut self) {
        let Some((first, others)) = self.arns.split_first() else {
            return;
        };
        let mut common = first.as_str();
        for arn in others {
            let same = common.chars().zip(arn.chars()).take_while(|(a, b)| a == b);
            common = common
                .get(..same.map(|(a, _)| a.len_utf8()).sum())
                .unwrap_or_default();
        }
        let name = common.split_once(self.kind).map(|(_, name)| name);
        // Region and account stand in front of the name of a topic.
        let name = name.and_then(|name| name.rsplit(':').next());
        if let (Some(name), Some((kept, _))) = (name, common.rsplit_once('-'))
            && name.contains('-')
        {
            self.arns = vec![format!("{kept}-*")];
        }
    }
}

/// The ARNs that reach a resource and everything below it: versions and aliases, streams,
/// executions, subscriptions.
fn arns(stack: &Deployed, resource: &Resource) -> Result<Vec<(&'static str, String)>> {
    let Deployed {
        partition,
        region,
        account,
        ..
    } = stack;
    let id = resource.physical.as_str();
    let regional =
        |service: &str, rest: &str| format!("arn:{partition}:{service}:{region}:{account}:{rest}");
    let (kind, arn) = match resource.kind.as_str() {
        "AWS::IAM::Role" => ("role/", role_arn(stack, id)),
        "AWS::Lambda::Function" => ("function:", regional("lambda", &format!("function:{id}*"))),
        "AWS::Events::Rule" => ("rule/", regional("events", &format!("rule/{id}"))),
        "AWS::StepFunctions::StateMachine" => {
            let executions = id.replace(":stateMachine:", ":execution:") + ":*";
            let below = format!("{id}:*");
            return Ok(vec![
                ("stateMachine:", id.to_owned()),
                ("stateMachine:", below),
                ("execution:", executions),
            ]);
        }
        "AWS::SNS::Topic" => (":sns:", format!("{id}*")),
        "AWS::SQS::Queue" => {
            let name = id.rsplit('/').next().unwrap_or(id);
            ("queue", regional("sqs", name))
        }
        "AWS::KMS::Key" => ("key/", regional("kms", &format!("key/{id}"))),
        "AWS::KMS::Alias" => ("alias/", regional("kms", id)),
        "AWS::Logs::LogGroup" => {
            // Only names that begin alike can become one pattern.
            let kind = if id.starts_with('/') {
                "log-group:/"
            } else {
                "log-group:"
            };
            (kind, regional("logs", &format!("log-group:{id}*")))
        }
        "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::CompositeAlarm" => {
            ("alarm:", regional("cloudwatch", &format!("alarm:{id}")))
        }
        "AWS::CloudWatch::Dashboard" => (
            "dashboard/",
            format!("arn:{partition}:cloudwatch::{account}:dashboard/{id}"),
        ),
        "AWS::ApiGateway::RestApi" => (
            "/restapis/",
            format!("arn:{partition}:apigateway:{region}::/restapis/{id}*"),
        ),
        "AWS::CloudTrail::Trail" => ("trail/", regional("cloudtrail", &format!("trail/{id}"))),
        "AWS::S3::Bucket" => ("bucket", format!("arn:{partition}:s3:::{id}*")),
        // Parts of what is named above.
        "AWS::ApiGateway::Deployment"
        | "AWS::ApiGateway::Stage"
        | "AWS::IAM::Policy"
        | "AWS::Lambda::Permission"
        | "AWS::S3::BucketPolicy"
        | "AWS::SNS::Subscription"
        | "AWS::SNS::TopicPolicy"
        | "AWS::SQS::QueuePolicy" => return Ok(Vec::new()),
        other => bail!(
            "`{}` has the type {other}, which this command does not know how to protect",
            resource.logical
        ),
    };
    Ok(vec![(kind, arn)])
}
