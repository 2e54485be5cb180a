//! The report as one JSON object, which is written principal by principal.

use std::io::{self, Write};

use iam_account::{Gap, Kind, Principal, Verdict};
use iam_policy::{ActionPattern, Response};
use serde::Serialize;
use serde_json::json;

use super::report::{Counts, Report};
use super::{NOT_CONSIDERED, is_named};
use crate::exit::Exit;

/// A principal that holds something restricted, may become one that does, or is unknown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PrincipalLine<'a> {
    kind: Kind,
    name: &'a str,
    arn: &'a str,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Response>,
    yes: Vec<&'a ActionPattern>,
    maybe: Vec<&'a ActionPattern>,
    through: Vec<ThroughLine<'a>>,
    paths: Vec<&'a str>,
    maybe_paths: Vec<&'a str>,
    missing: Vec<&'a str>,
    unknown_groups: Vec<&'a str>,
    unreadable: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    boundary: Option<BoundaryLine<'a>>,
    entrants: Vec<String>,
    roles: usize,
    restricted_roles: usize,
    becomes: Vec<BecomingLine<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ThroughLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inline: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    yes: Vec<&'a ActionPattern>,
    maybe: Vec<&'a ActionPattern>,
    #[serde(skip_serializing_if = "Option::is_none")]
    doubt: Option<&'a str>,
}

#[derive(Serialize)]
struct BoundaryLine<'a> {
    arn: &'a str,
    known: bool,
}

#[derive(Serialize)]
struct BecomingLine<'a> {
    verdict: Verdict,
    chain: Vec<&'a str>,
    #[serde(skip_serializing_if = "is_zero")]
    more: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(more: &usize) -> bool {
    *more == 0
}

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let account = report.account;
    let verdict = match report.exit() {
        Exit::Clean if report.is_reported() => "reported",
        Exit::Clean => "clean",
        Exit::Restricted => "restricted",
        Exit::NotKnown => "unknown",
    };
    let counts = |Counts {
                      users,
                      groups,
                      roles,
                  }| json!({"users": users, "groups": groups, "roles": roles});
    let patterns = report
        .bars()
        .into_iter()
        .map(|bar| json!({"pattern": bar.name, "yes": bar.sure, "maybe": bar.maybe}));
    let lists = report
        .list_bars()
        .into_iter()
        .map(|bar| json!({"list": bar.name, "yes": bar.sure, "maybe": bar.maybe}));
    let policies = report.policies().into_iter().map(|(arn, held)| {
        json!({
            "arn": arn, "roles": held.roles, "users": held.users, "groups": held.groups,
            "members": held.members,
        })
    });
    let gaps: Vec<String> = account.gaps().iter().map(Gap::to_string).collect();
    let head = json!({
        "verdict": verdict,
        "accounts": account.accounts(),
        "complete": !report.is_incomplete(),
        "incomplete": gaps,
        "notes": report.notes(),
        "notConsidered": NOT_CONSIDERED,
        "all": counts(report.all()),
        "yes": counts(report.count(Verdict::Yes)),
        "maybe": counts(report.count(Verdict::Maybe)),
        "unknown": counts(report.count(Verdict::Unknown)),
        "policies": account.policies(),
        "lists": lists.collect::<Vec<_>>(),
        "patterns": patterns.collect::<Vec<_>>(),
        "restrictedPolicies": policies.collect::<Vec<_>>(),
    });
    let head = head.to_string();
    // The list of principals comes last, one a line.
    out.write_all(head.strip_suffix('}').unwrap_or(&head).as_bytes())?;
    out.write_all(br#","principals":["#)?;
    let mut separator = "\n";
    for principal in is_named(account) {
        out.write_all(separator.as_bytes())?;
        separator = ",\n";
        serde_json::to_writer(&mut *out, &line(report, principal))?;
    }
    writeln!(out, "]}}")
}

fn line<'a>(report: &Report<'a>, principal: &'a Principal) -> PrincipalLine<'a> {
    use iam_account::PolicyRef;
    let holdings = report.account.holdings(principal);
    let through = holdings.through().into_iter().map(|it| {
        let (arn, inline) = match it.policy {
            PolicyRef::Managed { arn } => (Some(arn), None),
            PolicyRef::Inline { name, .. } => (None, Some(name)),
        };
        ThroughLine {
            arn,
            inline,
            group: it.group.map(Principal::name),
            yes: it.sure(),
            maybe: it.maybe(),
            doubt: it.doubt(),
        }
    });
    let becomes = holdings.becoming().into_iter().map(|it| BecomingLine {
        verdict: match it.is_sure {
            true => Verdict::Yes,
            false => Verdict::Maybe,
        },
        chain: it.chain.into_iter().map(Principal::arn).collect(),
        more: it.more,
    });
    let (paths, maybe_paths) = holdings.paths();
    let (roles, restricted_roles) = principal.roles_in_reach();
    PrincipalLine {
        kind: principal.kind(),
        name: principal.name(),
        arn: principal.arn(),
        verdict: principal.verdict(),
        response: report.response(principal),
        yes: holdings.sure(),
        maybe: holdings.maybe(),
        through: through.collect(),
        paths,
        maybe_paths,
        missing: holdings.missing(),
        unknown_groups: principal.unknown_groups().collect(),
        unreadable: holdings
            .unreadable()
            .iter()
            .map(|it| it.to_string())
            .collect(),
        boundary: holdings
            .boundary()
            .map(|(arn, known)| BoundaryLine { arn, known }),
        entrants: report.account.entrants(principal),
        roles,
        restricted_roles,
        becomes: becomes.collect(),
    }
}
