//! The report as a page: one file that loads nothing.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use askama::Template;
use iam_account::{Kind, Principal, Verdict};

use super::NOT_CONSIDERED;
use super::report::{Bar, Counts, Report, chain, extent, listed, texts};

/// The most rows of a table of principals.
const MAX_ROWS: usize = 2_000;
/// The most patterns and policies in a row.
const MAX_NAMED: usize = 20;

#[derive(Template)]
#[template(path = "account.html")]
struct Page {
    accounts: String,
    restricted: String,
    all: Counts,
    policies: usize,
    yes: Counts,
    maybe: Counts,
    unknown: Counts,
    incomplete: Vec<String>,
    is_incomplete: bool,
    notes: Vec<String>,
    not_considered: &'static str,
    lists: Vec<Bar>,
    patterns: Vec<Bar>,
    holders: Vec<Holder>,
    more_holders: usize,
    climbers: Vec<Climber>,
    more_climbers: usize,
    unknowns: Vec<Unknown>,
    more_unknowns: usize,
}

struct Holder {
    kind: Kind,
    name: String,
    arn: String,
    verdict: Verdict,
    extent: String,
    patterns: String,
    through: Vec<String>,
    paths: String,
    maybe_paths: String,
    entrants: String,
}

struct Climber {
    kind: Kind,
    arn: String,
    roles: usize,
    holders: usize,
    chains: Vec<String>,
}

struct Unknown {
    kind: Kind,
    arn: String,
    missing: String,
}

pub(super) fn write(report: &Report<'_>, path: &Path) -> anyhow::Result<()> {
    let account = report.account;
    let holders = report.holders();
    let climbers = report.climbers();
    let unknowns: Vec<&Principal> = account
        .principals()
        .iter()
        .filter(|it| it.verdict() == Verdict::Unknown)
        .collect();
    let more = |all: usize| all.saturating_sub(MAX_ROWS);
    let page = Page {
        accounts: account.accounts().join(", "),
        restricted: account.restricted().to_string(),
        all: report.all(),
        policies: account.policies(),
        yes: report.count(Verdict::Yes),
        maybe: report.count(Verdict::Maybe),
        unknown: report.count(Verdict::Unknown),
        incomplete: report.incomplete_lines(MAX_ROWS),
        is_incomplete: report.is_incomplete(),
        notes: report.notes(),
        not_considered: NOT_CONSIDERED,
        lists: report.list_bars(),
        patterns: report.bars(),
        more_holders: more(holders.len()),
        holders: holders
            .into_iter()
            .take(MAX_ROWS)
            .map(|it| holder(report, it))
            .collect(),
        more_climbers: more(climbers.len()),
        climbers: climbers
            .into_iter()
            .take(MAX_ROWS)
            .map(|it| climber(report, it))
            .collect(),
        more_unknowns: more(unknowns.len()),
        unknowns: unknowns
            .into_iter()
            .take(MAX_ROWS)
            .map(|it| unknown(report, it))
            .collect(),
    };
    let mut file = BufWriter::new(File::create(path)?);
    page.write_into(&mut file)?;
    Ok(file.flush()?)
}

fn holder(report: &Report<'_>, principal: &Principal) -> Holder {
    let holdings = report.account.holdings(principal);
    let mut patterns = texts(&holdings.sure());
    patterns.extend(
        texts(&holdings.maybe())
            .iter()
            .map(|it| format!("maybe {it}")),
    );
    let all = holdings.through();
    let mut through: Vec<String> = all
        .iter()
        .take(MAX_NAMED)
        .map(|it| report.policy(it))
        .collect();
    if let Some(more @ 1..) = all.len().checked_sub(MAX_NAMED) {
        through.push(format!("{more} more"));
    }
    let (paths, maybe_paths) = holdings.paths();
    Holder {
        kind: principal.kind(),
        name: principal.name().to_owned(),
        arn: principal.arn().to_owned(),
        verdict: principal.verdict(),
        extent: extent(principal),
        patterns: listed(&patterns, MAX_NAMED),
        through,
        paths: listed(&paths, MAX_NAMED),
        maybe_paths: listed(&maybe_paths, MAX_NAMED),
        entrants: listed(&report.account.entrants(principal), MAX_NAMED),
    }
}

fn climber(report: &Report<'_>, principal: &Principal) -> Climber {
    let (roles, holders) = principal.roles_in_reach();
    Climber {
        kind: principal.kind(),
        arn: principal.arn().to_owned(),
        roles,
        holders,
        chains: report
            .account
            .holdings(principal)
            .becoming()
            .iter()
            .map(chain)
            .collect(),
    }
}

fn unknown(report: &Report<'_>, principal: &Principal) -> Unknown {
    let mut missing = report.account.holdings(principal).missing();
    missing.extend(principal.unknown_groups());
    Unknown {
        kind: principal.kind(),
        arn: principal.arn().to_owned(),
        missing: listed(&missing, MAX_NAMED),
    }
}
