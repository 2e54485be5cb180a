//! Writes the page about AWS managed policies: `make managed-policies`.
#![expect(clippy::print_stdout, reason = "the page is the output")]

use std::collections::BTreeMap;

use anyhow::Result;
use iam_guard::managed::{DATE, ManagedPolicies};
use iam_policy::{ReadyMadeList, RestrictedActions, judge};

const DEFAULT: &str = "s3:DeleteBucket,s3:DeleteObject";

fn main() -> Result<()> {
    let policies: BTreeMap<&str, &str> = ManagedPolicies::built_in()?.collect();
    let mut lists = vec![("default".to_owned(), DEFAULT.parse()?)];
    for list in ReadyMadeList::ALL {
        let name = format!("@{}", list.name());
        lists.push((format!("`{name}`"), name.parse()?));
    }
    print!("{}", page(&policies, &lists));
    Ok(())
}

fn page(policies: &BTreeMap<&str, &str>, lists: &[(String, RestrictedActions)]) -> String {
    let mut sums = vec![0; lists.len()];
    let mut rows = String::new();
    let mut listed = 0;
    for (name, document) in policies {
        let verdicts: Vec<bool> = lists
            .iter()
            .map(|(_, restricted)| !judge(document, restricted).is_clean())
            .collect();
        if !verdicts.contains(&true) {
            continue;
        }
        listed += 1;
        rows.push_str(&format!("| {name} |"));
        for (sum, is_restricted) in sums.iter_mut().zip(verdicts) {
            *sum += i32::from(is_restricted);
            rows.push_str(if is_restricted { " x |" } else { " |" });
        }
        rows.push('\n');
    }
    let names: Vec<&str> = lists.iter().map(|(name, _)| name.as_str()).collect();
    let sums: Vec<String> = sums.iter().map(ToString::to_string).collect();
    format!(
        "# AWS managed policies

This page shows which AWS managed policies grant an action of a restricted list: of the default list of the template, `{DEFAULT}`, or of a [ready-made list](ready-made-lists.md).
An `x` means that the policy grants at least one action of the list.

You cannot change an AWS managed policy. You can only detach it.

The documents are of {DATE}. They are built into `iam-guard`, which judges attachments by them. `make managed-policies` refreshes them and this page.
The documents come with the Python package moto, whose version is pinned in `crates/testing/local-aws/requirements/interpreter.txt`; AWS changes its policies, so check the policy itself before you rely on a line.

{} of {} policies grant an action of one of these lists.

| policy | {} |
|---|{}
| **all {listed}** | {} |
{rows}",
        listed,
        policies.len(),
        names.join(" | "),
        "---|".repeat(names.len()),
        sums.join(" | "),
    )
}
