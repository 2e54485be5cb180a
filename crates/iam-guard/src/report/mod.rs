//! The reports of a check.

mod excerpt;
mod github;
mod json;
pub(crate) mod sarif;
mod text;

use std::io::{self, Write};

use clap::ValueEnum;
use iam_policy::RestrictedActions;

use crate::analysis::{Analysis, JudgedPolicy};
use crate::counts::Counts;
use crate::source::{Source, Span};
use crate::verdict::{LocatedReason, Verdict};

/// The format of a report
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: each finding with the lines that it is about
    #[default]
    Text,
    /// One JSON object a line, one for each policy
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands of GitHub Actions, which become annotations
    Github,
}

/// A report that grows file by file.
#[derive(Debug)]
pub struct Report {
    format: Format,
    text: text::Text,
    sarif: sarif::Sarif,
}

impl Report {
    pub fn new(format: Format, restricted: &RestrictedActions) -> Self {
        Self {
            format,
            text: text::Text::new(restricted),
            sarif: sarif::Sarif::default(),
        }
    }

    /// Reports a file.
    pub fn file(
        &mut self,
        source: &Source,
        analysis: &Analysis,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match self.format {
            Format::Text => self.text.file(source, analysis, out),
            Format::Json => json::file(source, analysis, out),
            Format::Github => github::file(source, analysis, out),
            Format::Sarif => {
                self.sarif.file(source, analysis);
                Ok(())
            }
        }
    }

    /// Ends the report.
    pub fn end(&mut self, counts: &Counts, out: &mut dyn Write) -> io::Result<()> {
        match self.format {
            Format::Text => self.text.end(counts, out),
            Format::Json | Format::Github => Ok(()),
            Format::Sarif => self.sarif.end(out),
        }
    }
}

/// The place of a reason in the file.
fn place<'a>(judged: &'a JudgedPolicy, located: &'a LocatedReason) -> &'a Span {
    match judged.document {
        Some(_) => &judged.span,
        None => &located.span,
    }
}

/// A sentence about a policy without reasons.
fn summary(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Clean => "the policy grants nothing restricted",
        Verdict::Reported => "the policy grants actions that are only reported",
        Verdict::Restricted => "the policy grants restricted actions",
        Verdict::Unknown => "it is not known whether the policy grants restricted actions",
    }
}
