//! `coldstart gate`: fails if a function takes more instructions to start, or is larger, than its limits allow.
//!
//! Only instruction counts and sizes have limits, because they do not depend on the load of the machine.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use local::{report, workspace};
use serde::{Deserialize, Serialize};

use crate::instructions;
use crate::process::zip_size;
use crate::subject::{DO_NOTHING, Subject};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Limits {
    /// Instructions from the start to the first request for an event.
    init_instructions: u64,
    /// Instructions from the start to the first answer.
    first_instructions: u64,
    /// Bytes of the archive for the deployment.
    zip_bytes: u64,
}

/// Measures the functions, and compares the figures with the limits or sets new limits.
pub(crate) async fn run(set: bool) -> Result<()> {
    instructions::check_valgrind().await?;
    let mut measured = BTreeMap::new();
    for subject in Subject::all()? {
        if subject.name == DO_NOTHING {
            continue;
        }
        let counted = instructions::count(&subject)
            .await
            .with_context(|| format!("cannot count the instructions of `{}`", subject.name))?;
        measured.insert(
            subject.name.to_owned(),
            Limits {
                init_instructions: counted.init,
                first_instructions: counted.first,
                zip_bytes: zip_size(&subject.program())?,
            },
        );
    }
    if set {
        let limits: BTreeMap<_, _> = measured
            .iter()
            .map(|(name, measured)| (name, measured.with_room()))
            .collect();
        let json = serde_json::to_string_pretty(&limits)?;
        return std::fs::write(path(), json + "\n").context("cannot write the limits");
    }
    let json = std::fs::read_to_string(path()).context("cannot read the limits")?;
    let limits: BTreeMap<String, Limits> =
        serde_json::from_str(&json).context("cannot read the limits")?;
    let mut exceeded = 0;
    for (name, measured) in &measured {
        let limits = limits
            .get(name)
            .with_context(|| format!("`{name}` has no limits: run `make coldstart-limits`"))?;
        for (what, is, may_be) in measured.against(limits) {
            let verdict = if is > may_be { "TOO MUCH" } else { "ok" };
            exceeded += usize::from(is > may_be);
            report::line(&format!(
                "{name:17} {what:30} {is:>12} of {may_be:>12}  {verdict}"
            ));
        }
    }
    if exceeded > 0 {
        bail!(
            "the functions exceed {exceeded} limits: find out what made them heavier (`make bench-coldstart`), or set new limits with `make coldstart-limits` and say why"
        );
    }
    Ok(())
}

impl Limits {
    /// Limits that are a tenth above these figures.
    fn with_room(self) -> Self {
        let room = |count: u64| count + count / 10;
        Self {
            init_instructions: room(self.init_instructions),
            first_instructions: room(self.first_instructions),
            zip_bytes: room(self.zip_bytes),
        }
    }

    /// Each figure with its limit.
    fn against(&self, limits: &Self) -> [(&'static str, u64, u64); 3] {
        [
            (
                "instructions to the first next",
                self.init_instructions,
                limits.init_instructions,
            ),
            (
                "instructions to the answer",
                self.first_instructions,
                limits.first_instructions,
            ),
            ("bytes of the archive", self.zip_bytes, limits.zip_bytes),
        ]
    }
}

fn path() -> PathBuf {
    workspace::root().join("crates/tools/coldstart/limits.json")
}

#[cfg(test)]
mod tests {
    use super::Limits;

    #[test]
    fn a_limit_is_a_tenth_above() {
        let measured = Limits {
            init_instructions: 1000,
            first_instructions: 2005,
            zip_bytes: 9,
        };
        let limits = Limits {
            init_instructions: 1100,
            first_instructions: 2205,
            zip_bytes: 9,
        };
        assert_eq!(measured.with_room(), limits);
    }
}
