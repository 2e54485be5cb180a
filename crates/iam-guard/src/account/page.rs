//! The report as a page: one file that loads nothing.

use std::path::Path;

use askama::Template;
use iam_account::{Kind, Principal, Verdict};

use super::NOT_CONSIDERED;
use super::report::{Bar, Counts, Report, chain, extent, lacking, listed, suffix, texts};
use crate::printable::printable;

/// The most rows of a table of principals.
const MAX_ROWS: usize = 2_000;
/// The most patterns and policies in a row.
const MAX_NAMED: usize = 20;
/// How many rows of a long table a reader sees at once.
const WORST: usize = 20;
/// The most patterns and paths that a reader sees at once.
const SHORT: usize = 4;

#[derive(Template)]
#[template(path = "account.html")]
struct Page {
    title: String,
    accounts: String,
    more_accounts: bool,
    restricted: String,
    all: Counts,
    policies: usize,
    yes: Counts,
    maybe: Counts,
    unknown: Counts,
    no: Counts,
    incomplete: Vec<Vec<Piece>>,
    is_incomplete: bool,
    notes: Vec<String>,
    not_considered: &'static str,
    lists: Vec<Bar>,
    patterns: Vec<Bar>,
    other_patterns: Vec<Bar>,
    worst: Vec<Holder>,
    others: Vec<Holder>,
    more_holders: usize,
    climbers: Vec<Climber>,
    other_climbers: Vec<Climber>,
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
    is_long: bool,
    through: Vec<Vec<Piece>>,
    paths: String,
    path_count: String,
    has_many_paths: bool,
    entrants: Vec<Piece>,
}

/// A part of a sentence, which is code if it stands between backquotes.
struct Piece {
    is_code: bool,
    text: String,
}

struct Climber {
    kind: Kind,
    name: String,
    arn: String,
    roles: usize,
    holders: usize,
    chains: Vec<Vec<Piece>>,
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
    let (more_holders, more_climbers) = (more(holders.len()), more(climbers.len()));
    let mut rows = holders.into_iter().take(MAX_ROWS);
    let worst: Vec<Holder> = rows
        .by_ref()
        .take(WORST)
        .map(|it| holder(report, it))
        .collect();
    let others = rows.map(|it| holder(report, it)).collect();
    let mut rows = climbers.into_iter().take(MAX_ROWS);
    let climbers: Vec<Climber> = rows
        .by_ref()
        .take(WORST)
        .map(|it| climber(report, it))
        .collect();
    let other_climbers = rows.map(|it| climber(report, it)).collect();
    let mut patterns = report.bars();
    let other_patterns = patterns.split_off(WORST.min(patterns.len()));
    let incomplete = report.incomplete_lines(MAX_ROWS);
    let accounts = account.accounts();
    let page = Page {
        title: match accounts.as_slice() {
            [one] => format!("the account {one}"),
            all => format!("{} accounts", all.len()),
        },
        more_accounts: accounts.len() > 1,
        accounts: accounts.join(", "),
        restricted: account.restricted().to_string(),
        all: report.all(),
        policies: account.policies(),
        yes: report.count(Verdict::Yes),
        maybe: report.count(Verdict::Maybe),
        unknown: report.count(Verdict::Unknown),
        no: report.count(Verdict::No),
        incomplete: incomplete.iter().map(|it| pieces(it)).collect(),
        is_incomplete: report.is_incomplete(),
        notes: report.notes(),
        not_considered: NOT_CONSIDERED,
        lists: report.list_bars(),
        patterns,
        other_patterns,
        worst,
        others,
        more_holders,
        climbers,
        other_climbers,
        more_climbers,
        more_unknowns: more(unknowns.len()),
        unknowns: unknowns
            .into_iter()
            .take(MAX_ROWS)
            .map(|it| unknown(report, it))
            .collect(),
    };
    let text = page.render()?;
    // The page is one text: what is hidden in a name must not change how the rest looks.
    let lines: Vec<_> = text.lines().map(printable).collect();
    Ok(std::fs::write(path, lines.join("\n"))?)
}

/// The pieces of a sentence.
fn pieces(sentence: &str) -> Vec<Piece> {
    let parts = sentence.split('`').enumerate();
    let pieces = parts.map(|(at, text)| Piece {
        is_code: at % 2 == 1,
        text: text.to_owned(),
    });
    pieces.filter(|it| !it.text.is_empty()).collect()
}

fn holder(report: &Report<'_>, principal: &Principal) -> Holder {
    let holdings = report.account.holdings(principal);
    let mut patterns = texts(&holdings.sure());
    // With nothing certain, the extent says that all are uncertain.
    let maybe = if patterns.is_empty() { "" } else { "maybe " };
    let uncertain = texts(&holdings.maybe());
    patterns.extend(uncertain.iter().map(|it| format!("{maybe}{it}")));
    let all = holdings.through();
    let mut through: Vec<Vec<Piece>> = all
        .iter()
        .take(MAX_NAMED)
        .map(|it| pieces(&report.policy(it)))
        .collect();
    if let Some(more @ 1..) = all.len().checked_sub(MAX_NAMED) {
        through.push(pieces(&format!("{more} more")));
    }
    let (sure, maybe) = holdings.paths();
    let mut paths: Vec<String> = sure.iter().map(|it| (*it).to_owned()).collect();
    paths.extend(maybe.iter().map(|it| format!("maybe {it}")));
    Holder {
        kind: principal.kind(),
        name: principal.name().to_owned(),
        arn: principal.arn().to_owned(),
        verdict: principal.verdict(),
        extent: extent(principal) + &suffix(report.response(principal)),
        is_long: patterns.len() > SHORT,
        patterns: patterns.join(", "),
        through,
        has_many_paths: paths.len() > SHORT,
        path_count: format!("{} open, {} maybe", sure.len(), maybe.len()),
        paths: paths.join(", "),
        entrants: pieces(&listed(&report.account.entrants(principal), MAX_NAMED)),
    }
}

fn climber(report: &Report<'_>, principal: &Principal) -> Climber {
    let (roles, holders) = principal.roles_in_reach();
    Climber {
        kind: principal.kind(),
        name: principal.name().to_owned(),
        arn: principal.arn().to_owned(),
        roles,
        holders,
        chains: report
            .account
            .holdings(principal)
            .becoming()
            .iter()
            .map(|it| pieces(&chain(it)))
            .collect(),
    }
}

fn unknown(report: &Report<'_>, principal: &Principal) -> Unknown {
    let missing = lacking(report.account, principal);
    Unknown {
        kind: principal.kind(),
        arn: principal.arn().to_owned(),
        missing: listed(&missing, MAX_NAMED),
    }
}
