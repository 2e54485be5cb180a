//! The report for people.

use std::io::{self, Write};

use iam_account::{Principal, Verdict};

use super::NOT_CONSIDERED;
use super::report::{Bar, Report, chain, extent, listed, suffix, texts};
use crate::printable::printable;

/// The length of each list of principals and patterns.
const SHOWN: usize = 20;
/// The length of each list of names in a line.
const NAMED: usize = 6;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let account = report.account;
    let accounts = account.accounts();
    let of = match accounts.as_slice() {
        [one] => format!("the account {one}"),
        all => format!("{} accounts", all.len()),
    };
    let (yes, maybe) = (report.count(Verdict::Yes), report.count(Verdict::Maybe));
    let policies = account.policies();
    line(
        out,
        &format!("{} of {of}; {policies} managed policies", report.all()),
    )?;
    line(out, &format!("{yes} hold something restricted"))?;
    if maybe.sum() > 0 {
        line(
            out,
            &format!(
                "{maybe} may hold something restricted, under conditions or for some resources"
            ),
        )?;
    }
    let unknown = report.count(Verdict::Unknown);
    if unknown.sum() > 0 {
        line(
            out,
            &format!(
                "{unknown} are unknown, because policies of theirs are not in the answer or cannot be read"
            ),
        )?;
    }
    if report.is_incomplete() {
        line(
            out,
            "The answer is incomplete, so more may be held; the errors say what is missing",
        )?;
    }
    for note in report.notes() {
        line(out, &note)?;
    }
    line(out, NOT_CONSIDERED)?;

    let lists = report.list_bars();
    if lists.iter().any(|bar| bar.sure + bar.maybe > 0) {
        chart("Holders by ready-made list", &lists, out)?;
    }
    chart("Holders by restricted pattern", &report.bars(), out)?;

    let holders = report.holders();
    if !holders.is_empty() {
        line(out, "\nThose who hold the most")?;
        for principal in holders.iter().take(SHOWN) {
            holder(report, principal, out)?;
        }
        more(holders.len(), out)?;
    }
    let climbers = report.climbers();
    if !climbers.is_empty() {
        line(out, "\nWho may become whom")?;
        for principal in climbers.iter().take(SHOWN) {
            climber(report, principal, out)?;
        }
        more(climbers.len(), out)?;
    }
    Ok(())
}

fn holder(report: &Report<'_>, principal: &Principal, out: &mut dyn Write) -> io::Result<()> {
    let holdings = report.account.holdings(principal);
    let (kind, arn) = (principal.kind(), principal.arn());
    let suffix = suffix(report.response(principal));
    let extent = extent(principal);
    line(out, &format!("  {kind} {arn} holds {extent}{suffix}"))?;
    let through = holdings.through();
    for through in through.iter().take(NAMED) {
        let mut patterns = texts(&through.sure());
        patterns.extend(
            texts(&through.maybe())
                .iter()
                .map(|it| format!("maybe {it}")),
        );
        let all = report.account.restricted().patterns().len();
        let what = match through.sure().len() == all && all > NAMED {
            true => "everything that is restricted".to_owned(),
            false => listed(&patterns, NAMED),
        };
        line(out, &format!("    by {}: {what}", report.policy(through)))?;
    }
    if through.len() > NAMED {
        line(
            out,
            &format!("    and by {} more policies", through.len() - NAMED),
        )?;
    }
    let (sure, maybe) = holdings.paths();
    if !sure.is_empty() {
        line(out, &format!("    open paths: {}", listed(&sure, NAMED)))?;
    }
    if !maybe.is_empty() {
        line(
            out,
            &format!("    maybe open paths: {}", listed(&maybe, NAMED)),
        )?;
    }
    let missing = holdings.missing();
    if !missing.is_empty() {
        line(
            out,
            &format!("    not in the answer: {}", listed(&missing, NAMED)),
        )?;
    }
    let unreadable = holdings.unreadable();
    if !unreadable.is_empty() {
        let unreadable = listed(&unreadable, NAMED);
        line(out, &format!("    cannot be read: {unreadable}"))?;
    }
    if let Some((arn, false)) = holdings.boundary() {
        line(
            out,
            &format!("    its permissions boundary is not in the answer or cannot be read: {arn}"),
        )?;
    }
    let entrants = report.account.entrants(principal);
    if !entrants.is_empty() {
        line(
            out,
            &format!("    its trust policy names {}", listed(&entrants, NAMED)),
        )?;
    }
    Ok(())
}

fn climber(report: &Report<'_>, principal: &Principal, out: &mut dyn Write) -> io::Result<()> {
    let (kind, arn) = (principal.kind(), principal.arn());
    let (roles, holders) = principal.roles_in_reach();
    let roles = match roles {
        1 => "1 role".to_owned(),
        roles => format!("{roles} roles"),
    };
    line(
        out,
        &format!("  {kind} {arn}: {roles} in reach, {holders} of them hold something restricted"),
    )?;
    for becoming in report.account.holdings(principal).becoming().iter().take(3) {
        line(out, &format!("    {}", chain(becoming)))?;
    }
    Ok(())
}

fn more(all: usize, out: &mut dyn Write) -> io::Result<()> {
    match all.saturating_sub(SHOWN) {
        0 => Ok(()),
        more => line(out, &format!("  {more} more; `--format json` has them all")),
    }
}

fn chart(title: &str, bars: &[Bar], out: &mut dyn Write) -> io::Result<()> {
    const WIDTH: usize = 30;
    if bars.is_empty() {
        return Ok(());
    }
    line(out, &format!("\n{title} (`#` certain, `-` maybe)"))?;
    let shown = bars.get(..SHOWN.min(bars.len())).unwrap_or_default();
    let widest = shown.iter().map(|bar| bar.name.chars().count()).max();
    let widest = widest.unwrap_or(0).min(70);
    let digits = |bar: &Bar| (bar.sure + bar.maybe).to_string().len();
    let digits = shown.iter().map(digits).max().unwrap_or(1);
    for bar in shown {
        let of = |percent: usize, count: usize| match count {
            0 => 0,
            _ => (percent * WIDTH / 100).max(1),
        };
        let sure = "#".repeat(of(bar.sure_percent, bar.sure));
        let maybe = "-".repeat(of(bar.maybe_percent, bar.maybe));
        let (name, count) = (&bar.name, bar.sure + bar.maybe);
        line(
            out,
            &format!("  {name:widest$}  {count:>digits$}  {sure}{maybe}"),
        )?;
    }
    more(bars.len(), out)
}

/// Writes a line, which may begin with an empty one.
fn line(out: &mut dyn Write, text: &str) -> io::Result<()> {
    let (lead, text) = match text.strip_prefix('\n') {
        Some(text) => ("\n", text),
        None => ("", text),
    };
    writeln!(out, "{lead}{}", printable(text))
}
