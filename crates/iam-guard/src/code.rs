//! Files that are the source of policies but are not judged: state files, code and logs of
//! Terraform, CloudTrail records.

use crate::tree::Node;

/// What to do with a file whose policies are not read: a sentence without a full stop.
pub fn refused(root: &Node<'_>) -> Option<String> {
    let is_state = root.get("terraform_version").is_some()
        && (root.get("lineage").is_some() || root.get("serial").is_some());
    if is_state {
        return Some(
            "this is a state file of Terraform; check what `terraform show -json` prints"
                .to_owned(),
        );
    }
    let kinds = root.members_of("resource").iter().map(|it| it.key.as_ref());
    let about = ["aws_iam_", "aws_ssoadmin_", "awscc_iam_", "awscc_sso_"];
    let mut kinds = kinds.filter(|kind| about.iter().any(|start| kind.starts_with(start)));
    let kind = kinds.next()?;
    Some(format!(
        "this is Terraform code with `{kind}`; run `terraform plan -out=FILE`, and check what `terraform show -json FILE` prints"
    ))
}

/// What a file without policies is, if people often give it by mistake.
pub fn other(root: &Node<'_>) -> Option<&'static str> {
    let is_record =
        |node: &Node<'_>| node.get("eventSource").is_some() && node.get("eventName").is_some();
    let has_records = is_record(root) || root.entries_of("Records").iter().any(is_record);
    if has_records {
        return Some("these are CloudTrail records; run `iam-guard backtest` with them");
    }
    let is_code = ["resource", "provider", "terraform"]
        .iter()
        .any(|it| !root.members_of(it).is_empty());
    is_code.then_some("this is Terraform code without policies of IAM")
}

/// What to do with the log of `terraform plan -json`, which has one object a line.
pub fn log_of_terraform(roots: &[Node<'_>]) -> Option<&'static str> {
    let is_message =
        |root: &Node<'_>| root.get("@level").is_some() && root.get("@message").is_some();
    roots.iter().any(is_message).then_some(
        "this is the log of `terraform plan -json`; run `terraform plan -out=FILE`, and check what `terraform show -json FILE` prints",
    )
}
