//! What denied something and is gone.

use incident::message::{GoneDenial, GoneThing, SweepReport};
use incident::subject::OwnerKind;

use crate::Label;
use crate::compose::draft::Draft;
use crate::text::capitalised;

pub(super) fn section(draft: &mut Draft, report: &SweepReport) {
    if report.gone.is_empty() && report.more_gone == 0 {
        return;
    }
    let entries: Vec<String> = report.gone.iter().map(entry).collect();
    draft.listed(
        Label::LostDenials,
        "WHAT DENIED SOMETHING AND IS GONE since the sweep before",
        &entries,
        report.more_gone,
    );
    draft.line("What it denied may be allowed now. Look in the CloudTrail event history for who made the call, and why. If it should still be denied, put it back by hand. Read first what else it grants: the guard suggests no command that can grant something.");
    draft.line("The guard reports each of these once.");
}

/// Who has what no more, and the call that CloudTrail recorded.
fn entry(gone: &GoneDenial) -> String {
    let owner = &gone.owner;
    let kind = match owner.kind {
        OwnerKind::Role => "Role",
        OwnerKind::User => "User",
        OwnerKind::Group => "Group",
    };
    let what = match &gone.what {
        GoneThing::Attached { policy } => format!(
            "the managed policy `{policy}`, which has a Deny, is not attached any more. Look for Detach{kind}Policy"
        ),
        GoneThing::Inline { name } => format!(
            "the inline policy `{name}`, which had a Deny, was deleted. Look for Delete{kind}Policy"
        ),
        GoneThing::Boundary { policy } => format!(
            "the permissions boundary `{policy}` is gone. Look for Delete{kind}PermissionsBoundary"
        ),
    };
    format!("{}: {what}", capitalised(&owner.to_string()))
}
