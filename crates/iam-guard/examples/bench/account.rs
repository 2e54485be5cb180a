//! Generates the answer of `GetAccountAuthorizationDetails` for an account, and compares the report
//! on it with reading the same file as JSON.

use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use fastrand::Rng;
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::{Value, json};

use super::{ROUNDS, goal, guarded, median, time};

/// The roles of the account. It has 1,500 policies and 20,000 attachments for 5,000 roles.
const ROLES: u64 = 5_000;
/// How many times as large the account is whose report must fit into little memory.
const LARGE: u64 = 8;

pub(crate) fn compare(folder: &Path, guard: &Path) -> Result<()> {
    let file = folder.join("account.json");
    make(&file, ROLES)?;
    let (mut parse, mut own) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS * 3 {
        let start = Instant::now();
        let value: Value = serde_json::from_slice(&std::fs::read(&file)?)?;
        parse.push(start.elapsed());
        drop(value);
        own.push(time(&mut guarded(guard, "account", &file))?);
    }
    let (parse, own) = (median(parse), median(own));
    let megabytes =
        |file: &Path| Ok::<_, std::io::Error>(std::fs::metadata(file)?.len() / 1_000_000);
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "account of {ROLES} roles, {} MB: read as JSON in {:.0} ms, reported in {:.0} ms",
        megabytes(&file)?,
        milliseconds(parse),
        milliseconds(own)
    );
    goal(
        "time of account to the time of reading",
        own.as_secs_f64() / parse.as_secs_f64(),
        "<=",
        3.0,
    );
    let large = folder.join("large-account.json");
    make(&large, ROLES * LARGE)?;
    let taken = time(&mut guarded(guard, "account", &large))?;
    println!(
        "account of {} roles, {} MB: reported in {:.1} s",
        ROLES * LARGE,
        megabytes(&large)?,
        taken.as_secs_f64()
    );
    // The largest of all child processes so far.
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss() / 1024;
    goal("peak memory of account in MB", peak as f64, "<=", 300.0);
    Ok(())
}

/// Writes the answer as the AWS CLI prints it, unless it is there already.
fn make(file: &Path, roles: u64) -> Result<()> {
    if file.exists() {
        return Ok(());
    }
    let policies = roles * 3 / 10;
    let unfinished = file.with_extension("part");
    let mut out = BufWriter::new(std::fs::File::create(&unfinished)?);
    let mut random = Rng::with_seed(25);
    writeln!(out, "{{")?;
    let mut list = |name: &str, count: u64, end: &str, make: &dyn Fn(&mut Rng, u64) -> Value| {
        write!(out, "    \"{name}\": [")?;
        for number in 0..count {
            let separator = if number == 0 { "" } else { "," };
            let entry = serde_json::to_string_pretty(&make(&mut random, number))?;
            write!(
                out,
                "{separator}\n        {}",
                entry.replace('\n', "\n        ")
            )?;
        }
        writeln!(out, "\n    ]{end}")?;
        anyhow::Ok(())
    };
    list("UserDetailList", roles / 10, ",", &|random, number| {
        user(random, number, policies)
    })?;
    list("GroupDetailList", roles / 100, ",", &|random, number| {
        group(random, number, policies)
    })?;
    list("RoleDetailList", roles, ",", &|random, number| {
        role(random, number, policies)
    })?;
    list("Policies", policies, "", &policy)?;
    writeln!(out, "}}")?;
    out.flush()?;
    Ok(std::fs::rename(unfinished, file)?)
}

fn arn(what: &str) -> String {
    format!("arn:aws:iam::111122223333:{what}")
}

/// A policy that is attached. Few policies are attached to most principals.
fn attachment(random: &mut Rng, policies: u64) -> Value {
    let number = random.u64(..policies).min(random.u64(..policies));
    let name = format!("team-policy-{number:05}");
    json!({"PolicyName": name, "PolicyArn": arn(&format!("policy/{name}"))})
}

fn attachments(random: &mut Rng, count: u64, policies: u64) -> Vec<Value> {
    (0..count).map(|_| attachment(random, policies)).collect()
}

fn user(random: &mut Rng, number: u64, policies: u64) -> Value {
    json!({
        "Path": "/", "UserName": format!("user-{number:05}"), "UserId": format!("AIDA{number:016}"),
        "Arn": arn(&format!("user/user-{number:05}")), "CreateDate": "2026-03-02T10:00:00+00:00",
        "GroupList": [format!("group-{:04}", random.u64(..policies / 30))],
        "AttachedManagedPolicies": attachments(random, 1, policies), "Tags": [],
    })
}

fn group(random: &mut Rng, number: u64, policies: u64) -> Value {
    json!({
        "Path": "/", "GroupName": format!("group-{number:04}"), "GroupId": format!("AGPA{number:016}"),
        "Arn": arn(&format!("group/group-{number:04}")), "CreateDate": "2026-03-02T10:00:00+00:00",
        "GroupPolicyList": [], "AttachedManagedPolicies": attachments(random, 2, policies),
    })
}

fn role(random: &mut Rng, number: u64, policies: u64) -> Value {
    let inline = match random.u64(..3) {
        0 => vec![json!({"PolicyName": "own", "PolicyDocument": document(random, 2)})],
        _ => Vec::new(),
    };
    let principal = match random.u64(..10) {
        0..6 => json!({"Service": "lambda.amazonaws.com"}),
        6..8 => json!({"AWS": arn("root")}),
        _ => json!({"AWS": arn(&format!("role/team/role-{:05}", random.u64(..policies * 3)))}),
    };
    let mut role = json!({
        "Path": "/team/", "RoleName": format!("role-{number:05}"), "RoleId": format!("AROA{number:016}"),
        "Arn": arn(&format!("role/team/role-{number:05}")), "CreateDate": "2026-03-02T10:00:00+00:00",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"},
        ]},
        "InstanceProfileList": [], "RolePolicyList": inline,
        "AttachedManagedPolicies": attachments(random, 4, policies),
        "Tags": [{"Key": "team", "Value": format!("team-{}", number % 40)}],
        "RoleLastUsed": {"LastUsedDate": "2026-03-02T10:00:00+00:00", "Region": "us-east-1"},
    });
    if random.u64(..10) == 0
        && let Some(role) = role.as_object_mut()
    {
        let boundary = arn(&format!("policy/team-policy-{:05}", random.u64(..20)));
        let boundary =
            json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary});
        role.insert("PermissionsBoundary".to_owned(), boundary);
    }
    role
}

fn policy(random: &mut Rng, number: u64) -> Value {
    let name = format!("team-policy-{number:05}");
    let versions = 1 + random.u64(..3);
    let versions: Vec<Value> = (0..versions)
        .map(|version| {
            json!({
                "Document": document(random, 5), "VersionId": format!("v{}", versions - version),
                "IsDefaultVersion": version == 0, "CreateDate": "2026-03-02T10:00:00+00:00",
            })
        })
        .collect();
    json!({
        "PolicyName": name, "PolicyId": format!("ANPA{number:016}"), "Arn": arn(&format!("policy/{name}")),
        "Path": "/", "DefaultVersionId": format!("v{}", versions.len()), "IsAttachable": true,
        "PermissionsBoundaryUsageCount": 0, "CreateDate": "2026-03-02T10:00:00+00:00",
        "PolicyVersionList": versions,
    })
}

/// A document. One statement in 40 grants something restricted, and one in 20 denies something.
fn document(random: &mut Rng, statements: u64) -> Value {
    const RARE: [&str; 6] = [
        "iam:PassRole",
        "s3:Delete*",
        "sts:AssumeRole",
        "iam:*",
        "lambda:Update*",
        "s3:DeleteBucket",
    ];
    const SERVICES: [&str; 8] = [
        "s3",
        "ec2",
        "dynamodb",
        "sqs",
        "sns",
        "logs",
        "cloudwatch",
        "kms",
    ];
    let statements: Vec<Value> = (0..statements)
        .map(|number| {
            let mut actions: Vec<String> = (0..5)
                .map(|_| {
                    let service = random.choice(SERVICES).unwrap_or("s3");
                    format!("{service}:Get{}", random.u64(..300))
                })
                .collect();
            if random.u64(..40) == 0 {
                actions.extend(random.choice(RARE).map(str::to_owned));
            }
            let is_deny = random.u64(..20) == 0;
            let is_open = is_deny || random.u64(..3) == 0;
            let resource = match is_open {
                true => "*".to_owned(),
                false => format!("arn:aws:s3:::bucket-{}/*", random.u64(..100_000)),
            };
            let mut statement = json!({
                "Sid": format!("Statement{number}"), "Effect": if is_deny { "Deny" } else { "Allow" },
                "Action": actions, "Resource": [resource],
            });
            if random.u64(..8) == 0
                && let Some(statement) = statement.as_object_mut()
            {
                let condition = json!({"Bool": {"aws:SecureTransport": "true"}});
                statement.insert("Condition".to_owned(), condition);
            }
            statement
        })
        .collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}
