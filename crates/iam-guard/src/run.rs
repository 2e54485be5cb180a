//! Runs the command that the options name.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::CommandFactory as _;
use iam_policy::{Response, RestrictedActions};

use crate::account::{self, AccountTask};
use crate::analysis::Settings;
use crate::backtest::{self, Backtest};
use crate::check;
use crate::cli::{self, Check, Cli, Command, ListOptions};
use crate::exit::Exit;
use crate::managed::ManagedPolicies;
use crate::settings::{Config, key};
use crate::{explain, fix, lists};

/// Runs the command that the options name.
pub fn run(cli: &Cli, out: &mut dyn Write, diagnostics: &mut dyn Write) -> anyhow::Result<Exit> {
    match &cli.command {
        Command::Check(options) => check(options, out, diagnostics),
        Command::Account(options) => account(options, out, diagnostics),
        Command::Backtest(options) => backtest(options, out, diagnostics),
        Command::Fix(options) => {
            let restricted = restricted(&options.list, diagnostics)?.1;
            fix::fix(options, &restricted, out, diagnostics)
        }
        Command::Explain(options) => {
            match &options.other {
                Some(other) => explain::explain(&options.one, other, out)?,
                None => {
                    let restricted = restricted(&options.list, diagnostics)?.1;
                    explain::by_lists(&options.one, &restricted, out)?;
                }
            }
            Ok(Exit::Clean)
        }
        Command::Completion { shell } => {
            let mut command = Cli::command();
            // `generate` panics if it cannot write, as into a closed pipe, so it writes to memory.
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut command, "iam-guard", &mut text);
            out.write_all(&text)?;
            Ok(Exit::Clean)
        }
        Command::Man { folder } => {
            let command = Cli::command();
            match folder {
                Some(folder) => clap_mangen::generate_to(command, folder)
                    .with_context(|| format!("writing into {}", folder.display()))?,
                None => clap_mangen::Man::new(command).render(&mut &mut *out)?,
            }
            Ok(Exit::Clean)
        }
        Command::Lists(options) => {
            lists::lists(options, out)?;
            Ok(Exit::Clean)
        }
    }
}

/// The configuration and the lists. Warns about entries that may be typing errors.
fn restricted(
    options: &ListOptions,
    diagnostics: &mut dyn Write,
) -> anyhow::Result<(Config, RestrictedActions)> {
    let config = Config::read(options.config.as_deref())?;
    let restricted = config.restricted(options)?;
    for warning in restricted.warnings() {
        let mut patterns = restricted.with_responses();
        let entry = patterns.find(|(pattern, _)| *pattern == warning.pattern());
        let list = key(entry.map_or_else(Response::default, |(_, response)| response));
        writeln!(diagnostics, "warning: in the {list} list, {warning}")?;
    }
    Ok((config, restricted))
}

fn managed(option: Option<&PathBuf>, config: &Config) -> anyhow::Result<ManagedPolicies> {
    let path = option.or(config.managed_policies.as_ref());
    let managed = path.map(|path| ManagedPolicies::with(path)).transpose()?;
    Ok(managed.unwrap_or_default())
}

fn check(
    options: &Check,
    out: &mut dyn Write,
    diagnostics: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let (config, restricted) = restricted(&options.list, diagnostics)?;
    let managed = managed(options.managed_policies.as_ref(), &config)?;
    let settings = Settings {
        restricted,
        managed,
        parameters: options.parameters.iter().cloned().collect(),
        skip_others: options.skip_others,
        allow_unknown: options.allow_unknown || config.allow_unknown,
    };
    let (files, format) = (&options.files, options.format);
    Ok(check::check(files, &settings, format, out, diagnostics)?)
}

fn backtest(
    options: &cli::Backtest,
    out: &mut dyn Write,
    diagnostics: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let (config, restricted) = restricted(&options.list, diagnostics)?;
    let exempt = options
        .exempt
        .clone()
        .unwrap_or_else(|| config.exempt.join(","));
    let managed = managed(options.managed_policies.as_ref(), &config)?;
    let task = Backtest {
        paths: &options.paths,
        restricted: &restricted,
        exempt: &exempt.parse()?,
        managed: &managed,
        format: options.format,
        html: options.html.as_ref(),
    };
    backtest::backtest(&task, out, diagnostics)
}

fn account(
    options: &cli::Account,
    out: &mut dyn Write,
    diagnostics: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let (config, restricted) = restricted(&options.list, diagnostics)?;
    let managed = managed(options.managed_policies.as_ref(), &config)?;
    let task = AccountTask {
        paths: &options.files,
        restricted,
        managed: &managed,
        format: options.format,
        html: options.html.as_ref(),
    };
    account::account(task, out, diagnostics)
}
