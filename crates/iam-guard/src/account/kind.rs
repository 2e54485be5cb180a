//! What a file is that is no answer.

use super::split::Page;

/// What the object with these keys is, and which command reads it; a clause.
pub(super) fn named(page: &Page) -> String {
    let has = |key: &str| page.others.iter().any(|it| it == key);
    let of = |what: &str, command: &str| format!("it is {what}, which `iam-guard {command}` reads");
    if has("Statement") {
        return of("a policy document", "check");
    }
    if has("planned_values") || has("resource_changes") {
        return of("a Terraform plan", "check");
    }
    if has("Resources") {
        return of("a template", "check");
    }
    if has("Records") {
        return of("a CloudTrail log", "backtest");
    }
    const ANSWERS: [(&str, &str); 10] = [
        ("Roles", "list-roles"),
        ("Users", "list-users"),
        ("Groups", "list-groups"),
        ("Role", "get-role"),
        ("User", "get-user"),
        ("Group", "get-group"),
        ("Policy", "get-policy"),
        ("PolicyVersion", "get-policy-version"),
        ("AttachedPolicies", "list-attached-role-policies"),
        ("SummaryMap", "get-account-summary"),
    ];
    if let Some((_, command)) = ANSWERS.iter().find(|(key, _)| has(key)) {
        return format!("it is the answer of another command, such as `aws iam {command}`");
    }
    match page.others.as_slice() {
        [] => "it is an object without a list".to_owned(),
        [key, ..] => format!(
            "it has `{}`, but none of the four lists",
            key.escape_debug()
        ),
    }
}
