//! The configuration file `iam-guard.toml`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use iam_policy::{Response, RestrictedActions};
use serde::Deserialize;

use crate::cli::ListOptions;

/// The name of the configuration file.
pub const FILE: &str = "iam-guard.toml";

/// A configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The restricted list: a list of entries, or one text with commas between the entries.
    pub restricted: Option<List>,
    /// The list to ask about.
    pub ask: Option<List>,
    /// The list to report.
    pub report: Option<List>,
    #[serde(default)]
    pub allow_unknown: bool,
    /// A path, relative to the folder of the configuration file.
    pub managed_policies: Option<PathBuf>,
    /// ARN patterns of exempt principals, whose changes are not incidents.
    #[serde(default)]
    pub exempt: Vec<String>,
    /// The path of the file.
    #[serde(skip)]
    path: PathBuf,
}

/// The actions of one response, as the file has them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum List {
    Entries(Vec<String>),
    Text(String),
}

/// The actions of one response, and the option or the key that has them.
struct NamedList {
    response: Response,
    name: String,
    text: String,
}

/// The key of the list with this response. The option is the same with two hyphens.
pub fn key(response: Response) -> &'static str {
    match response {
        Response::Contain => "restricted",
        Response::Ask => "ask",
        _ => "report",
    }
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
        config.path = path;
        Ok(config)
    }

    /// The lists of the options, each else that of the file.
    ///
    /// # Errors
    ///
    /// If no list is given, or a list cannot be parsed.
    pub fn restricted(&self, options: &ListOptions) -> anyhow::Result<RestrictedActions> {
        let lists = Response::STRICTEST_FIRST.map(|response| self.list(response, options));
        let lists: Vec<NamedList> = lists.into_iter().flatten().collect();
        if lists.is_empty() {
            anyhow::bail!(
                "there is no restricted list; give one by --restricted, such as `--restricted @privilege-escalation,s3:DeleteBucket`, or as `restricted` in {FILE}"
            );
        }
        let of = |response| lists.iter().find(|list| list.response == response);
        let text = |response| of(response).map_or("", |list| &list.text);
        RestrictedActions::of_lists(text).map_err(|error| {
            let mut lists = lists.iter();
            let wrong = lists.find(|it| it.text.parse::<RestrictedActions>() == Err(error.clone()));
            let name = wrong.map_or_else(String::new, |list| list.name.clone());
            anyhow::Error::from(error).context(name)
        })
    }

    fn list(&self, response: Response, options: &ListOptions) -> Option<NamedList> {
        let (option, of_file) = match response {
            Response::Contain => (&options.restricted, &self.restricted),
            Response::Ask => (&options.ask, &self.ask),
            _ => (&options.report, &self.report),
        };
        let key = key(response);
        let (name, text) = match (option, of_file) {
            (Some(text), _) => (format!("--{key}"), text.clone()),
            (None, Some(list)) => {
                let text = match list {
                    List::Entries(entries) => entries.join(","),
                    List::Text(text) => text.clone(),
                };
                (format!("`{key}` in {}", self.path.display()), text)
            }
            (None, None) => return None,
        };
        Some(NamedList {
            response,
            name,
            text,
        })
    }
}

fn nearest() -> std::io::Result<Option<PathBuf>> {
    let folder = std::env::current_dir()?;
    let mut candidates = folder.ancestors().map(|folder| folder.join(FILE));
    Ok(candidates.find(|path| path.is_file()))
}
