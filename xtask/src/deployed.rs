//! A deployed stack of this template, wherever it is: its names, parameters and outputs.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::account::Account;

/// What CloudFormation knows of a stack.
#[derive(Clone, Debug)]
pub struct Deployed {
    pub name: String,
    pub partition: String,
    pub region: String,
    /// The number of the account.
    pub account: String,
    pub parameters: BTreeMap<String, String>,
    pub outputs: BTreeMap<String, String>,
    pub resources: Vec<Resource>,
}

/// One resource of a stack.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Resource {
    /// The name in the template.
    #[serde(rename = "LogicalResourceId")]
    pub logical: String,
    /// The type, as in `AWS::IAM::Role`.
    #[serde(rename = "ResourceType")]
    pub kind: String,
    /// What CloudFormation calls the physical id: a name, a URL or an ARN.
    #[serde(rename = "PhysicalResourceId", default)]
    pub physical: String,
}

impl Deployed {
    /// Reads a stack by its name.
    pub async fn read(account: &Account, name: &str) -> Result<Self> {
        let of_name = ["--stack-name", name];
        let described = account.call("cloudformation describe-stacks", &of_name);
        let described = described.await?;
        let stack = described
            .pointer("/Stacks/0")
            .with_context(|| format!("there is no stack `{name}`"))?;
        let id = text(stack, "StackId").context("the stack has no id")?;
        let listed = account.call("cloudformation list-stack-resources", &of_name);
        let resources = listed.await?.get("StackResourceSummaries").cloned();
        let resources: Vec<Resource> = serde_json::from_value(resources.unwrap_or_default())
            .context("cannot read the resources of the stack")?;
        let mut parts = id.split(':').skip(1);
        let (partition, _, region, number) =
            (parts.next(), parts.next(), parts.next(), parts.next());
        let deployed = Self {
            name: text(stack, "StackName").unwrap_or_else(|| name.to_owned()),
            partition: partition.unwrap_or_default().to_owned(),
            region: region.unwrap_or_default().to_owned(),
            account: number.unwrap_or_default().to_owned(),
            parameters: pairs(stack.get("Parameters"), "ParameterKey", "ParameterValue"),
            outputs: pairs(stack.get("Outputs"), "OutputKey", "OutputValue"),
            resources,
        };
        ensure!(
            deployed.physical("PolicyApprovalStateMachine").is_ok(),
            "`{name}` is not a stack of this template"
        );
        Ok(deployed)
    }

    /// The physical id of a resource, by its name in the template.
    pub fn physical(&self, logical: &str) -> Result<&str> {
        let mut resources = self.resources.iter();
        let found = resources.find(|it| it.logical == logical && !it.physical.is_empty());
        let found = found.with_context(|| format!("the stack has no `{logical}`"))?;
        Ok(&found.physical)
    }

    /// An output of the stack.
    pub fn output(&self, name: &str) -> Result<&str> {
        let value = self.outputs.get(name);
        Ok(value.with_context(|| format!("the stack has no output `{name}`"))?)
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    Some(value.get(name)?.as_str()?.to_owned())
}

fn pairs(list: Option<&Value>, key: &str, value: &str) -> BTreeMap<String, String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|it| Some((text(it, key)?, text(it, value)?)))
        .collect()
}
