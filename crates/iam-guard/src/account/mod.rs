//! `iam-guard account`: who holds what of the restricted list in a whole account.

mod encoding;
mod json;
mod kind;
mod page;
mod read;
mod report;
mod sarif;
mod split;
mod text;

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use iam_account::{Account, AccountBuilder, Entry, List};
use iam_policy::RestrictedActions;

use crate::exit::Exit;
use crate::managed::ManagedPolicies;
use crate::printable::printable;
use report::Report;
use split::Part;

/// How the report is written
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Sums, charts and those who hold the most
    #[default]
    Text,
    /// One JSON object with everybody who holds something restricted
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

/// How many problems of one file are written out.
const MAX_PROBLEMS: usize = 20;

/// The options of a report on an account.
#[derive(Debug)]
pub struct AccountTask<'a> {
    pub paths: &'a [PathBuf],
    pub restricted: RestrictedActions,
    /// The documents of AWS managed policies.
    pub managed: &'a ManagedPolicies,
    pub format: Format,
    pub html: Option<&'a PathBuf>,
}

/// Reads the answer and reports.
pub fn account(
    task: AccountTask<'_>,
    out: &mut dyn Write,
    diagnostics: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let mut reader = Reader::new(task.restricted, task.format == Format::Sarif);
    for path in read::files(task.paths) {
        let problems = match path {
            Ok(path) => reader.file(&path.path),
            Err(error) => Problems::one(error.to_string()),
        };
        reader.problems += problems.count;
        for problem in &problems.first {
            writeln!(diagnostics, "error: {}", printable(problem))?;
        }
        if let Some(more @ 1..) = problems.count.checked_sub(MAX_PROBLEMS) {
            writeln!(diagnostics, "error: {more} more problems of this file")?;
        }
    }
    let Reader {
        builder,
        places,
        files,
        problems,
        ..
    } = reader;
    let account = builder.build(|arn| task.managed.document(arn));
    let report = Report::new(&account, problems);
    for line in report.incomplete_lines(MAX_PROBLEMS) {
        let line = printable(&line);
        writeln!(diagnostics, "error: the answer is incomplete: {line}")?;
    }
    match task.format {
        Format::Text => text::write(&report, out)?,
        Format::Json => json::write(&report, out)?,
        Format::Sarif => sarif::write(&account, &files, &places, out)?,
    }
    if let Some(path) = task.html {
        page::write(&report, path).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(report.exit())
}

/// The file and the line of a principal.
type Place = (usize, usize);

/// What is wrong with a file.
#[derive(Default)]
struct Problems {
    count: usize,
    first: Vec<String>,
}

impl Problems {
    fn one(problem: String) -> Problems {
        let mut problems = Problems::default();
        problems.push(problem);
        problems
    }

    fn push(&mut self, problem: String) {
        self.count += 1;
        if self.first.len() < MAX_PROBLEMS {
            self.first.push(problem);
        }
    }
}

struct Reader {
    builder: AccountBuilder,
    /// The names of the files.
    files: Vec<String>,
    /// The places of principals by their ARNs, if they are wanted.
    places: HashMap<Box<str>, Place>,
    wants_places: bool,
    problems: usize,
}

impl Reader {
    fn new(restricted: RestrictedActions, wants_places: bool) -> Self {
        Self {
            builder: AccountBuilder::new(restricted),
            files: Vec::new(),
            places: HashMap::new(),
            wants_places,
            problems: 0,
        }
    }

    /// Reads a file, and returns what is wrong with it.
    fn file(&mut self, path: &Path) -> Problems {
        let name = path.display().to_string();
        self.files.push(name.clone());
        let (mut problems, mut has_pages) = (Problems::default(), false);
        let read = read::read(path, |part| {
            let problem = match part {
                Part::Entry(list, json, line) => self.entry(list, json, line),
                Part::TooLong(list, line) => Some(format!(
                    "line {line}: an entry of `{}` is too long",
                    list.name()
                )),
                Part::NotAList(list, line) => {
                    let list = list.name();
                    Some(format!("line {line}: `{list}` must be an array of objects"))
                }
                Part::End(page) => {
                    has_pages = true;
                    if page.lists.is_empty() {
                        let (line, what) = (page.line, kind::named(&page));
                        Some(format!("line {line}: this is no {ANSWER}: {what}"))
                    } else {
                        self.builder.end_page(&page.lists, page.is_truncated);
                        None
                    }
                }
            };
            if let Some(problem) = problem {
                problems.push(format!("{name}: {problem}"));
            }
        });
        if let Err(error) = read {
            problems.push(format!("cannot read {name}: {error}"));
        } else if !has_pages {
            problems.push(format!("{name} is no {ANSWER}: it has no object"));
        }
        problems
    }

    fn entry(&mut self, list: List, json: &[u8], line: usize) -> Option<String> {
        let entry = match Entry::read(list, json) {
            Ok(entry) => entry,
            Err(error) => {
                // The error counts lines from the beginning of the entry.
                let line = line + error.line().saturating_sub(1);
                let reason = error.to_string();
                let reason = reason.split(" at line ").next().unwrap_or_default();
                let list = list.name();
                return Some(format!(
                    "line {line}: an entry of `{list}` cannot be read: {reason}"
                ));
            }
        };
        if self.wants_places && list != List::Policies {
            let place = (self.files.len() - 1, line);
            self.places.entry(entry.arn().into()).or_insert(place);
        }
        self.builder.add(entry);
        None
    }
}

const ANSWER: &str = "answer of `aws iam get-account-authorization-details`";

/// What no answer tells.
const NOT_CONSIDERED: &str = "Service control policies, resource control policies, session policies \
                              and resource-based policies are not in the answer.";

/// The principals of an account that the reports name.
fn is_named(account: &Account) -> impl Iterator<Item = &iam_account::Principal> {
    let all = account.principals().iter();
    all.filter(|it| it.verdict() != iam_account::Verdict::No || it.roles_in_reach().1 > 0)
}
