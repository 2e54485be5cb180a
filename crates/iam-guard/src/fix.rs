//! `iam-guard fix`: a document without its restricted grants.

use std::io::Write;

use anyhow::{Context as _, bail};
use iam_policy::{Quota, RestrictedActions, judge};

use crate::analysis::{Document, pretty};
use crate::cli::{Fix, Kind};
use crate::exit::Exit;
use crate::input::{self, Encoding, InputPath};

/// The most bytes of findings about what stays.
const MAX_STAYING: usize = 100_000;

impl From<Kind> for Quota {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Managed => Self::MANAGED,
            Kind::Role => Self::ROLE_INLINE,
            Kind::User => Self::USER_INLINE,
            Kind::Group => Self::GROUP_INLINE,
        }
    }
}

/// Remediates a document.
///
/// # Errors
///
/// If the file cannot be read or written, or is not a policy document.
pub fn fix(
    options: &Fix,
    restricted: &RestrictedActions,
    out: &mut dyn Write,
    diagnostics: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let input = input::read(&InputPath {
        path: options.file.clone(),
        is_named: true,
    })?;
    let name = &input.source.name;
    if input.encoding != Encoding::Utf8 {
        bail!("{name} is not a policy document: it is not in UTF-8, or has a byte order mark");
    }
    let judgement = judge(&input.source.text, restricted);
    if let Err(error) = judgement.document() {
        bail!("{name} is not a policy document: {error}");
    }
    let remediation = judgement.remediate(options.quota.into());
    for edit in remediation.edits() {
        writeln!(diagnostics, "{edit}")?;
    }
    for loss in remediation.losses() {
        writeln!(diagnostics, "lost: {loss}")?;
    }
    let left = judge(remediation.document(), restricted).findings(MAX_STAYING);
    for finding in left.shown() {
        writeln!(diagnostics, "stays, only reported: {finding}")?;
    }
    if left.more() > 0 {
        let more = left.more();
        writeln!(diagnostics, "stays, only reported: {more} more")?;
    }
    let text = match remediation.is_changed() {
        true => {
            let text = remediation.document().to_owned();
            pretty(&Document { text, what: None }, &[]).0 + "\n"
        }
        false => input.source.text.clone(),
    };
    if !options.write {
        out.write_all(text.as_bytes())?;
    } else if remediation.is_changed() {
        std::fs::write(&options.file, text).with_context(|| format!("writing {name}"))?;
    }
    Ok(Exit::Clean)
}
