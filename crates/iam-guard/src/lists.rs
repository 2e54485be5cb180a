//! `iam-guard lists`: the ready-made lists.

use std::io::Write;

use anyhow::bail;
use iam_policy::ReadyMadeList;
use serde_json::json;

use crate::cli::{ListFormat, Lists};

const PAGE: &str = "\
# Ready-made lists

A list can name these lists beside action patterns, as in `@privilege-escalation,s3:DeleteBucket`.
The parameters `restrictedActions`, `askActions` and `reportActions` of the template take them, and so do `--restricted`, `--ask`, `--report` and `iam-guard.toml`.

`iam-guard lists --format markdown` prints this page.
The sources are identifiers of paths of pathfinding.cloud, techniques of MITRE ATT&CK 19, and pages of the AWS documentation.

An update of the guard can change a list.
To keep a list as it is, write down its actions: `iam-guard lists LIST --format json` prints them.
";

/// Shows the lists.
pub fn lists(options: &Lists, out: &mut dyn Write) -> anyhow::Result<()> {
    let lists = match options.name.as_deref() {
        None => ReadyMadeList::ALL.to_vec(),
        Some(name) => match ReadyMadeList::named(name.trim_start_matches('@')) {
            Some(list) => vec![list],
            None => {
                let names = ReadyMadeList::ALL.map(|list| format!("@{}", list.name()));
                bail!(
                    "there is no ready-made list `{name}`; there are {}",
                    names.join(", ")
                );
            }
        },
    };
    if options.format == ListFormat::Markdown {
        out.write_all(PAGE.as_bytes())?;
    }
    for (at, list) in lists.into_iter().enumerate() {
        if options.format == ListFormat::Text && at > 0 {
            writeln!(out)?;
        }
        write_list(list, options.format, out)?;
    }
    Ok(())
}

fn write_list(list: ReadyMadeList, format: ListFormat, out: &mut dyn Write) -> std::io::Result<()> {
    let (name, summary) = (list.name(), list.summary());
    let count = list.entries().count();
    match format {
        ListFormat::Text => {
            writeln!(out, "@{name}: {summary} ({count})")?;
            let width = list.entries().map(|it| it.action.len()).max().unwrap_or(0);
            for entry in list.entries() {
                let (action, reason) = (entry.action, entry.reason);
                writeln!(
                    out,
                    "  {action:width$}  {reason} [{}]",
                    sources(entry.source)
                )?;
            }
        }
        ListFormat::Json => {
            for entry in list.entries() {
                let line = json!({
                    "list": name,
                    "action": entry.action,
                    "reason": entry.reason,
                    "source": entry.source,
                });
                writeln!(out, "{line}")?;
            }
        }
        ListFormat::Markdown => {
            writeln!(out, "\n## `@{name}`\n\n{count} entries: {summary}.\n")?;
            writeln!(out, "| action | what it does | source |\n|---|---|---|")?;
            for entry in list.entries() {
                writeln!(
                    out,
                    "| `{}` | {} | {} |",
                    entry.action, entry.reason, entry.source
                )?;
            }
        }
    }
    Ok(())
}

/// The sources, shortened to fit a line.
fn sources(all: &str) -> String {
    const SHOWN: usize = 3;
    if all.starts_with("ATT&CK") {
        return all.to_owned();
    }
    let names: Vec<&str> = all.split(' ').collect();
    match names.split_at_checked(SHOWN) {
        Some((first, more)) if !more.is_empty() => {
            format!("{} and {} more", first.join(", "), more.len())
        }
        _ => names.join(", "),
    }
}
