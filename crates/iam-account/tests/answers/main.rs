//! What an account says about itself.
#![expect(
    clippy::unwrap_used,
    reason = "an error in a helper fails the test that called it"
)]

mod gaps;

use iam_account::{Account, AccountBuilder, Entry, List, PolicyRef, Verdict};
use serde_json::{Value, json};

const ACCOUNT: &str = "arn:aws:iam::111122223333";

fn allow(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": action, "Resource": "*"},
    ]})
}

fn policy(name: &str, action: &str) -> Value {
    json!({
        "Arn": format!("{ACCOUNT}:policy/{name}"), "DefaultVersionId": "v1",
        "PolicyVersionList": [
            {"VersionId": "v1", "IsDefaultVersion": true, "Document": allow(action)},
        ],
    })
}

fn attached(names: &[&str]) -> Value {
    let arns = names.iter().map(|name| match name.strip_prefix("aws/") {
        Some(name) => format!("arn:aws:iam::aws:policy/{name}"),
        None => format!("{ACCOUNT}:policy/{name}"),
    });
    arns.map(|arn| json!({"PolicyName": "-", "PolicyArn": arn}))
        .collect()
}

fn user(name: &str, policies: &[&str], groups: &[&str]) -> Value {
    json!({
        "UserName": name, "Arn": format!("{ACCOUNT}:user/{name}"), "GroupList": groups,
        "AttachedManagedPolicies": attached(policies),
    })
}

fn group(name: &str, policies: &[&str]) -> Value {
    json!({
        "GroupName": name, "Arn": format!("{ACCOUNT}:group/{name}"),
        "GroupPolicyList": [], "AttachedManagedPolicies": attached(policies),
    })
}

fn role(name: &str, policies: &[&str], trusted: &str) -> Value {
    json!({
        "RoleName": name, "Arn": format!("{ACCOUNT}:role/{name}"),
        "AttachedManagedPolicies": attached(policies),
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": trusted_json(trusted), "Action": "sts:AssumeRole"},
        ]},
    })
}

fn trusted_json(trusted: &str) -> Value {
    match trusted.ends_with(".amazonaws.com") {
        true => json!({"Service": trusted}),
        false => json!({"AWS": trusted}),
    }
}

fn builder(entries: &[(List, Value)]) -> AccountBuilder {
    let mut builder = AccountBuilder::new("s3:DeleteBucket,iam:PassRole".parse().unwrap());
    for (list, entry) in entries {
        builder.add(Entry::read(*list, entry.to_string().as_bytes()).unwrap());
    }
    builder
}

fn account(entries: &[(List, Value)]) -> Account {
    let mut builder = builder(entries);
    builder.end_page(&List::ALL, false);
    builder.build(|_| None)
}

fn verdicts(account: &Account) -> Vec<(&str, Verdict)> {
    let all = account.principals().iter();
    all.map(|it| (it.name(), it.verdict())).collect()
}

fn gaps(account: &Account) -> Vec<String> {
    account.gaps().iter().map(ToString::to_string).collect()
}

use List::{Groups, Policies, Roles, Users};

#[test]
fn holders_are_counted_once() {
    let account = account(&[
        (Policies, policy("p", "s3:*")),
        (Users, user("a", &["p"], &["g", "h"])),
        (Users, user("b", &[], &["g", "h"])),
        (Groups, group("g", &["p"])),
        (Groups, group("h", &["p", "p"])),
        (Roles, role("r", &["p"], "ec2.amazonaws.com")),
        (Roles, role("clean", &[], "ec2.amazonaws.com")),
    ]);
    let arn = format!("{ACCOUNT}:policy/p");
    let policy = PolicyRef::Managed { arn: &arn };
    assert_eq!(
        account.held_by(policy).to_string(),
        "held by 1 role, 1 user and 2 groups (1 other user)"
    );
    assert_eq!(account.held_by(policy).all_users(), 2);
    assert_eq!(account.holders_of(policy).count(), 4);
    assert_eq!(
        account
            .held_by(PolicyRef::Managed { arn: "arn" })
            .to_string(),
        "held by no principal"
    );
    let user = &account.principals()[1];
    let through = account.holdings(user).through();
    let groups: Vec<_> = through.iter().map(|it| it.group.unwrap().name()).collect();
    assert_eq!(groups, ["g", "h", "h"]);
    assert!(gaps(&account).is_empty());
}

#[test]
fn documents_that_are_built_in_are_judged() {
    let mut builder = builder(&[(Users, user("a", &["aws/Admin"], &[]))]);
    builder.end_page(&List::ALL, false);
    let text = allow("*").to_string();
    let account = builder.build(|arn| arn.ends_with("/Admin").then_some(&text));
    assert_eq!(verdicts(&account), [("a", Verdict::Yes)]);
    assert_eq!(
        account.built_in().collect::<Vec<_>>(),
        ["arn:aws:iam::aws:policy/Admin"]
    );
    assert!(gaps(&account).is_empty());
}

#[test]
fn a_list_can_be_its_only_element() {
    let mut group = group("g", &[]);
    group["AttachedManagedPolicies"] = attached(&["p"])[0].clone();
    group["GroupPolicyList"] = json!({"PolicyName": "in", "PolicyDocument": allow("iam:*")});
    let account = account(&[(Groups, group), (Policies, policy("p", "s3:*"))]);
    assert_eq!(
        account.holdings(&account.principals()[0]).through().len(),
        2
    );
}

#[test]
fn only_the_default_version_counts() {
    let version = |id: &str, default: Value, action: &str| json!({"VersionId": id, "IsDefaultVersion": default, "Document": allow(action)});
    let verdict = |default: Value, versions: &[Value]| {
        let policy = json!({
            "Arn": format!("{ACCOUNT}:policy/p"), "DefaultVersionId": default,
            "PolicyVersionList": versions,
        });
        let account = account(&[(Policies, policy), (Users, user("a", &["p"], &[]))]);
        account.principals()[0].verdict()
    };
    let (bad, good) = ("s3:*", "s3:GetObject");
    let (yes, no, null) = (json!(true), json!(false), Value::Null);
    let v1 = |default: &Value| version("v1", default.clone(), bad);
    let v2 = |default: &Value| version("v2", default.clone(), good);
    assert_eq!(verdict(json!("v2"), &[v2(&yes), v1(&no)]), Verdict::No);
    assert_eq!(verdict(json!("v1"), &[v2(&no), v1(&yes)]), Verdict::Yes);
    assert_eq!(verdict(null.clone(), &[v2(&yes), v1(&no)]), Verdict::No);
    assert_eq!(verdict(json!("v2"), &[v2(&null), v1(&null)]), Verdict::No);
    // What is missing or contradicts itself is no verdict.
    assert_eq!(verdict(json!("v1"), &[v2(&yes), v1(&no)]), Verdict::Unknown);
    assert_eq!(
        verdict(json!("v2"), &[v2(&yes), v1(&yes)]),
        Verdict::Unknown
    );
    assert_eq!(verdict(json!("v3"), &[v2(&no), v1(&no)]), Verdict::Unknown);
    assert_eq!(verdict(null, &[v2(&no)]), Verdict::Unknown);
    assert_eq!(verdict(json!("v2"), &[]), Verdict::Unknown);
}

#[test]
fn documents_come_in_every_encoding() {
    let text = allow("s3:*").to_string();
    let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for document in [allow("s3:*"), json!(text), json!(encoded)] {
        let mut user = user("a", &[], &[]);
        user["UserPolicyList"] = json!([{"PolicyName": "in", "PolicyDocument": document}]);
        let account = account(&[(Users, user)]);
        assert_eq!(verdicts(&account), [("a", Verdict::Yes)]);
        let through = account.holdings(&account.principals()[0]).through();
        assert_eq!(
            through[0].policy.to_string(),
            "inline policy `in` of user `a`"
        );
        assert_eq!(
            account.held_by(through[0].policy).to_string(),
            "held by 1 user"
        );
    }
}

#[test]
fn chains_and_entrants_are_named() {
    let account = account(&[
        (Users, user("a", &["assume"], &[])),
        (Policies, policy("assume", "sts:AssumeRole")),
        (Policies, policy("p", "s3:*")),
        (Roles, role("step", &[], "111122223333")),
        (
            Roles,
            role("end", &["p"], "arn:aws:iam::111122223333:role/step"),
        ),
        (Roles, role("open", &["p"], "444455556666")),
        (Roles, role("job", &["p"], "ec2.amazonaws.com")),
    ]);
    let user = &account.principals()[0];
    assert_eq!(
        (user.verdict(), user.roles_in_reach()),
        (Verdict::No, (2, 1))
    );
    let becoming = account.holdings(user).becoming();
    let names: Vec<&str> = becoming[0].chain.iter().map(|it| it.name()).collect();
    assert_eq!((names, becoming[0].is_sure), (vec!["step", "end"], true));
    let entrants = |name: &str| {
        let role = account.principals().iter().find(|it| it.name() == name);
        account.entrants(role.unwrap())
    };
    assert!(entrants("step").is_empty() && entrants("end").is_empty());
    assert_eq!(entrants("open"), ["`arn:aws:iam::444455556666:root`"]);
    assert_eq!(entrants("job"), ["`ec2.amazonaws.com`"]);
}

#[test]
fn lists_and_patterns_are_counted() {
    let mut builder = AccountBuilder::new("@data-destruction,iam:*".parse().unwrap());
    for (list, entry) in [
        (Users, user("a", &["p"], &[])),
        (Policies, policy("p", "iam:CreateAccessKey")),
        (Roles, role("r", &["q"], "ec2.amazonaws.com")),
        (Policies, policy("q", "s3:DeleteBucket")),
    ] {
        builder.add(Entry::read(list, entry.to_string().as_bytes()).unwrap());
    }
    builder.end_page(&List::ALL, false);
    let account = builder.build(|_| None);
    let lists: Vec<_> = account
        .by_list()
        .into_iter()
        .map(|(list, sure, maybe)| (list.name(), sure, maybe))
        .collect();
    assert_eq!(
        lists,
        [("iam-administration", 1, 0), ("data-destruction", 1, 0)]
    );
    let counts = account.by_pattern();
    let held: Vec<_> = counts.iter().filter(|(_, sure, _)| *sure > 0).collect();
    assert_eq!(held.len(), 2);
    let (sure, maybe) = account.holdings(&account.principals()[0]).paths();
    assert_eq!((sure, maybe), (vec!["iam-002"], vec![]));
}

#[test]
fn paths_are_open_as_far_as_policies_let() {
    let statement = |effect: &str, action: &str, resource: &str| json!({"Effect": effect, "Action": action, "Resource": resource});
    let allow = || statement("Allow", "iam:CreateAccessKey", "*");
    let paths = |statements: &[Value], boundary: Option<&str>| {
        let mut user = user("a", &[], &[]);
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        user["UserPolicyList"] = json!([{"PolicyName": "in", "PolicyDocument": document}]);
        if boundary.is_some() {
            let arn = format!("{ACCOUNT}:policy/b");
            user["PermissionsBoundary"] = json!({"PermissionsBoundaryArn": arn});
        }
        let mut builder = AccountBuilder::new("iam:CreateAccessKey".parse().unwrap());
        for (list, entry) in [
            (Users, user),
            (Policies, policy("b", boundary.unwrap_or("s3:*"))),
        ] {
            builder.add(Entry::read(list, entry.to_string().as_bytes()).unwrap());
        }
        builder.end_page(&List::ALL, false);
        let account = builder.build(|_| None);
        let (sure, maybe) = account.holdings(&account.principals()[0]).paths();
        let own = |paths: Vec<&str>| paths.join(" ");
        (own(sure), own(maybe))
    };
    let pair = |sure: &str, maybe: &str| (sure.to_owned(), maybe.to_owned());
    let user = "arn:aws:iam::*:user/a";
    let (open, unsure, shut) = (pair("iam-002", ""), pair("", "iam-002"), pair("", ""));
    assert_eq!(paths(&[allow()], None), open);
    assert_eq!(
        paths(&[statement("Allow", "iam:CreateAccessKey", user)], None),
        unsure
    );
    let deny = |resource| statement("Deny", "iam:CreateAccess*", resource);
    assert_eq!(paths(&[allow(), deny("*")], None), shut);
    assert_eq!(paths(&[allow(), deny(user)], None), unsure);
    assert_eq!(paths(&[allow()], Some("iam:*")), open);
    assert_eq!(paths(&[allow()], Some("s3:*")), shut);
}
