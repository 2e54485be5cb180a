//! The account that the user's own AWS settings lead to, through the AWS CLI.

use std::ffi::OsString;
use std::net::Ipv4Addr;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_iam::config::Credentials;
use local_aws::emulator::{self, Emulator, REGION, ROOT_KEY};
use local_aws::tools::{self, Tool};
use local_aws::{Clients, command};
use serde::Deserialize;
use serde_json::Value;
use tokio::process::Command;

/// The program of the AWS CLI: that of the user or, if there is none, that of the project.
pub async fn aws_cli() -> Result<OsString> {
    if command::answers(&["aws", "--version"]).await {
        return Ok(OsString::from("aws"));
    }
    tools::ensure(&[Tool::AwsCli]).await?;
    Ok(Tool::AwsCli.bin().join("aws").into_os_string())
}

/// The AWS CLI with the user's own settings: credentials, profile and endpoint come from the
/// environment.
#[derive(Clone, Debug)]
pub struct Account {
    program: OsString,
    region: String,
    environment: Vec<(String, String)>,
    /// The SDK's clients, if they do not depend on the user's settings.
    clients: Option<Clients>,
}

impl Account {
    /// Takes the AWS CLI of the user or, if there is none, that of the project.
    pub async fn open(region: &str) -> Result<Self> {
        Ok(Self {
            program: aws_cli().await?,
            region: region.to_owned(),
            environment: Vec::new(),
            clients: None,
        })
    }

    /// The account of an emulator, whatever the user's own AWS settings are.
    pub async fn of_emulator(emulator: &Emulator) -> Result<Self> {
        Self::of_local(emulator.port()).await
    }

    /// The account of the local AWS on this port, such as that of `make local`, whatever the user's
    /// own AWS settings are.
    ///
    /// # Errors
    ///
    /// Fails if nothing listens on the port.
    pub async fn of_local(port: u16) -> Result<Self> {
        ensure!(
            !emulator::is_free(port),
            "no local AWS is on port {port}: run `make local` in another terminal, or name a deployed stack with STACK=name"
        );
        let mut account = Self::open(REGION).await?;
        let endpoint = format!("http://{}:{port}", Ipv4Addr::LOCALHOST);
        let variables = [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_ACCESS_KEY_ID", ROOT_KEY),
            ("AWS_SECRET_ACCESS_KEY", ROOT_KEY),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        account.environment = variables.into();
        let credentials = Credentials::new(ROOT_KEY, ROOT_KEY, None, None, "local");
        account.clients = Some(Clients::new(REGION, Some(endpoint), credentials));
        Ok(account)
    }

    pub fn region(&self) -> &str {
        &self.region
    }

    /// Lets another program that uses AWS lead to the same account.
    pub fn lead(&self, program: &mut Command) {
        program.envs(self.environment.iter().map(|(name, value)| (name, value)));
    }

    /// The endpoint of a local AWS, if the settings lead to one.
    pub fn endpoint(&self) -> Option<String> {
        const VARIABLE: &str = "AWS_ENDPOINT_URL";
        let mut own = self.environment.iter();
        let own = own.find(|(name, _)| name == VARIABLE);
        own.map(|(_, value)| value.clone())
            .or_else(|| std::env::var(VARIABLE).ok())
    }

    /// The SDK's clients for the same account, with the credentials that the AWS CLI has now.
    pub async fn clients(&self) -> Result<Clients> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Exported {
            access_key_id: String,
            secret_access_key: String,
            session_token: Option<String>,
        }
        if let Some(clients) = &self.clients {
            return Ok(clients.clone());
        }
        let (region, endpoint) = (self.region.clone(), self.endpoint());
        // Version 2 also has credentials that the SDK does not find, such as those of a login.
        // Version 1 cannot export, and reads nothing that the SDK does not find.
        let Ok(exported) = self.call("configure export-credentials", &[]).await else {
            return Ok(Clients::of_environment(region, endpoint).await);
        };
        let exported: Exported =
            serde_json::from_value(exported).context("cannot read the credentials")?;
        let (key, secret) = (exported.access_key_id, exported.secret_access_key);
        let credentials = Credentials::new(key, secret, exported.session_token, None, "aws-cli");
        Ok(Clients::new(region, endpoint, credentials))
    }

    /// Makes one call, as in `"iam get-policy", ["--policy-arn", ARN]`. The AWS CLI reads all
    /// pages.
    ///
    /// # Errors
    ///
    /// Fails if AWS refuses. The message has what the AWS CLI says.
    pub async fn call(&self, operation: &str, options: &[&str]) -> Result<Value> {
        let mut aws = command::program(&self.program);
        aws.args(operation.split(' '))
            .args(options)
            .args(["--region", &self.region, "--output", "json"])
            .env("AWS_PAGER", "");
        // Version 1 of the AWS CLI does not look at the variable for every service.
        if let Some(endpoint) = self.endpoint() {
            aws.args(["--endpoint-url", &endpoint]);
        }
        self.lead(&mut aws);
        let what = format!("aws {operation}");
        let answer = command::run_captured(aws, &what).await?;
        if answer.trim().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&answer)
            .with_context(|| format!("{what} answers without JSON: {answer}"))
    }
}
