//! The stack: `template.yaml`, deployed to an emulator by the real SAM CLI.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::emulator::REGION;
use crate::execution::Execution;
use crate::tools::Tool;
use crate::workspace::Lock;
use crate::{Clients, Emulator, command, functions, poll, tools, workspace};

/// The name of the stack in `samconfig.toml`.
pub const NAME: &str = "automated-iam-policy-alerts-and-approvals";

/// Keeps a stack from doing something by itself: it would come between the steps of a test, and of
/// whoever watches. The SAM CLI leaves out what a template does not have.
const QUIET: [(&str, &str); 1] = [("SweepSchedule", "")];

#[derive(Clone, Debug)]
pub struct StackOptions {
    /// The name of the stack. One emulator can have several stacks.
    pub name: String,
    /// The template parameters that do not keep their defaults.
    pub parameters: BTreeMap<String, String>,
}

impl Default for StackOptions {
    fn default() -> Self {
        Self {
            name: NAME.to_owned(),
            parameters: parameters(&[("EmailAddress", "security@example.com")]),
        }
    }
}

/// Makes parameters from pairs of name and value.
pub fn parameters(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[derive(Clone, Debug)]
pub struct Stack {
    name: String,
    template: PathBuf,
    port: u16,
    environment: Vec<(&'static str, String)>,
    clients: Clients,
    outputs: BTreeMap<String, String>,
}

impl Stack {
    /// Deploys what [`functions::build`] built, or updates an existing stack of that name.
    ///
    /// # Errors
    ///
    /// Fails if the deployment is refused or fails. The message ends with the output of the SAM
    /// CLI.
    pub async fn deploy(emulator: &Emulator, options: StackOptions) -> Result<Self> {
        let template = workspace::local(functions::BUILD_DIR).join("template.yaml");
        Self::deploy_from(&template, emulator, options).await
    }

    /// Deploys another template, which needs no build.
    pub async fn deploy_from(
        template: &Path,
        emulator: &Emulator,
        options: StackOptions,
    ) -> Result<Self> {
        tools::ensure(&[Tool::Sam]).await?;
        let mut stack = Self {
            name: options.name,
            template: template.to_owned(),
            port: emulator.port(),
            environment: emulator.environment().into(),
            clients: emulator.clients().clone(),
            outputs: BTreeMap::new(),
        };
        stack.update(&options.parameters).await?;
        Ok(stack)
    }

    /// Deploys again with these parameters. The other parameters go back to their defaults, and the
    /// schedules to none.
    pub async fn update(&mut self, parameters: &BTreeMap<String, String>) -> Result<()> {
        // `sam deploy` leaves an archive of each function behind.
        let scratch = TempDir::with_prefix("iam-policy-guard-")
            .context("cannot create a temporary folder")?;
        let mut deploy = self.sam()?;
        deploy.env("TMPDIR", scratch.path());
        deploy
            .args(["deploy", "--stack-name", &self.name])
            .args(["--region", REGION, "--resolve-s3"])
            .args(["--no-confirm-changeset", "--no-progressbar"])
            .arg("--no-fail-on-empty-changeset")
            .args(["--capabilities", "CAPABILITY_IAM", "--template-file"])
            .arg(&self.template);
        let mut all = self::parameters(&QUIET);
        all.extend(parameters.clone());
        deploy.arg("--parameter-overrides").args(overrides(&all));
        let built = Lock::to_use(functions::LOCK).await?;
        command::run_logged(deploy, "sam deploy", &self.log("deploy")).await?;
        drop(built);
        self.outputs = self.read_outputs().await?;
        Ok(())
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn outputs(&self) -> &BTreeMap<String, String> {
        &self.outputs
    }

    /// One output.
    pub fn output(&self, name: &str) -> Result<&str> {
        let value = self.outputs.get(name);
        Ok(value.with_context(|| format!("the stack has no output `{name}`"))?)
    }

    /// The physical names of the resources, by their logical names.
    pub async fn resources(&self) -> Result<BTreeMap<String, String>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Resource {
            logical_resource_id: String,
            physical_resource_id: String,
        }
        let resources: Vec<Resource> = self.list("resources").await?;
        Ok(resources
            .into_iter()
            .map(|it| (it.logical_resource_id, it.physical_resource_id))
            .collect())
    }

    async fn read_outputs(&self) -> Result<BTreeMap<String, String>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Output {
            output_key: String,
            output_value: String,
        }
        let outputs: Vec<Output> = self.list("stack-outputs").await?;
        Ok(outputs
            .into_iter()
            .map(|it| (it.output_key, it.output_value))
            .collect())
    }

    async fn list<T: serde::de::DeserializeOwned>(&self, what: &str) -> Result<T> {
        let mut list = self.sam()?;
        list.args(["list", what, "--stack-name", &self.name])
            .args(["--output", "json", "--region", REGION]);
        let json = command::run_captured(list, &format!("sam list {what}")).await?;
        serde_json::from_str(&json)
            .with_context(|| format!("cannot read the output of `sam list {what}`: {json}"))
    }

    /// The executions of the state machine, the oldest first.
    pub async fn executions(&self) -> Result<Vec<Execution>> {
        let list = self.clients.sfn.list_executions();
        let list = list.state_machine_arn(self.output("StateMachineArn")?);
        let mut pages = list.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            found.extend(page.context("cannot list the executions")?.executions);
        }
        found.sort_by_key(|it| it.start_date);
        let execution = |arn| Execution::new(self.clients.sfn.clone(), arn);
        let arns = found.into_iter().map(|it| it.execution_arn);
        Ok(arns.map(execution).collect())
    }

    /// Waits for an execution with an input that `wanted` accepts, and returns the first one.
    pub async fn execution_with(
        &self,
        what: &str,
        deadline: Duration,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Execution> {
        poll(&format!("an execution for {what}"), deadline, async || {
            for execution in self.executions().await? {
                if wanted(&execution.input().await?) {
                    return Ok(Some(execution));
                }
            }
            Ok(None)
        })
        .await
    }

    /// Deletes the stack.
    pub async fn delete(self) -> Result<()> {
        let mut delete = self.sam()?;
        delete
            .args(["delete", "--no-prompts", "--region", REGION])
            .args(["--stack-name", &self.name]);
        command::run_logged(delete, "sam delete", &self.log("delete")).await
    }

    fn log(&self, what: &str) -> String {
        format!("{what}-{}-{}", self.port, self.name)
    }

    fn sam(&self) -> Result<Command> {
        let mut sam = tools::sam()?;
        // The AWS settings of the user must not reach a local deployment, and a local deployment
        // must not use them.
        sam.env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
        for name in ["AWS_PROFILE", "AWS_SESSION_TOKEN"] {
            sam.env_remove(name);
        }
        sam.envs(self.environment.iter().map(|(name, value)| (name, value)));
        Ok(sam)
    }
}

/// Parameters as the SAM CLI takes them, with values that may hold commas and spaces.
fn overrides(parameters: &BTreeMap<String, String>) -> Vec<String> {
    parameters
        .iter()
        .map(|(name, value)| {
            // Within the quotes, the SAM CLI takes all other characters literally.
            let value = value.replace('\\', r"\\").replace('"', r#"\""#);
            format!(r#"ParameterKey={name},ParameterValue="{value}""#)
        })
        .collect()
}
