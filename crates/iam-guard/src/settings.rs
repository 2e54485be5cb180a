//! The configuration file `iam-guard.toml`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use iam_policy::RestrictedActions;
use serde::Deserialize;

/// The name of the configuration file.
pub const FILE: &str = "iam-guard.toml";

/// A configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The restricted list: a list of entries, or one text with commas between the entries.
    pub restricted: Option<Restricted>,
    #[serde(default)]
    pub allow_unknown: bool,
    /// A path, relative to the folder of the configuration file.
    pub managed_policies: Option<PathBuf>,
    /// ARN patterns of exempt principals, whose changes are not incidents.
    #[serde(default)]
    pub exempt: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Restricted {
    List(Vec<String>),
    Text(String),
}

impl Config {
    /// Reads a file. Without a path, reads the nearest `iam-guard.toml` in this folder and those
    /// above it; without such a file, returns the default.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or has an unknown setting.
    pub fn read(path: Option<&Path>) -> anyhow::Result<Self> {
        let found = match path {
            Some(path) => Some(path.to_owned()),
            None => nearest().with_context(|| format!("looking for {FILE}"))?,
        };
        let Some(path) = found else {
            return Ok(Self::default());
        };
        let reading = || format!("reading {}", path.display());
        let text = std::fs::read_to_string(&path).with_context(reading)?;
        let mut config: Self = toml::from_str(&text).with_context(reading)?;
        if let (Some(managed), Some(folder)) = (&config.managed_policies, path.parent()) {
            config.managed_policies = Some(folder.join(managed));
        }
        Ok(config)
    }

    /// The restricted list of the option, else that of the file.
    ///
    /// # Errors
    ///
    /// If there is no list, or it cannot be parsed.
    pub fn restricted(&self, option: Option<&str>) -> anyhow::Result<RestrictedActions> {
        let list = match (option, &self.restricted) {
            (Some(list), _) => list.to_owned(),
            (None, Some(Restricted::Text(list))) => list.clone(),
            (None, Some(Restricted::List(list))) => list.join(","),
            (None, None) => anyhow::bail!(
                "there is no restricted list; give one by --restricted, such as `--restricted @privilege-escalation,s3:DeleteBucket`, or as `restricted` in {FILE}"
            ),
        };
        Ok(list.parse()?)
    }
}

fn nearest() -> std::io::Result<Option<PathBuf>> {
    let folder = std::env::current_dir()?;
    let mut candidates = folder.ancestors().map(|folder| folder.join(FILE));
    Ok(candidates.find(|path| path.is_file()))
}
