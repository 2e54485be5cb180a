//! The linters of the template and of the state machines.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value};

use local_aws::tools::{self, Tool};
use local_aws::{command, report, workspace};

const TEMPLATE: &str = "template.yaml";
/// The templates that `docs/events.md` explains.
const RECIPES: [&str; 3] = ["queue", "finding", "ticket"];
const DEFINITIONS: [&str; 2] = ["policy_approval", "sweep"];

/// Runs every linter. All of them must pass.
pub async fn run() -> Result<()> {
    tools::ensure(&[Tool::Sam, Tool::Linters, Tool::Node]).await?;
    let mut validate = tools::sam()?;
    validate.args(["validate", "--lint", "--template", TEMPLATE]);
    validate.args(["--region", local_aws::emulator::REGION]);
    let mut cfn_lint = command::program(Tool::Linters.bin().join("cfn-lint"));
    cfn_lint.arg(TEMPLATE);
    cfn_lint.args(RECIPES.map(|name| format!("docs/recipes/{name}.yaml")));
    // The template has the exceptions, each with its reason.
    let mut checkov = command::program(Tool::Linters.bin().join("checkov"));
    checkov.args(["--framework", "cloudformation", "--compact", "--quiet"]);
    checkov.args(["--skip-download", "--file", TEMPLATE]);
    let mut linters = vec![
        ("sam validate --lint".to_owned(), validate),
        ("cfn-lint".to_owned(), cfn_lint),
        ("checkov".to_owned(), checkov),
    ];
    for name in DEFINITIONS {
        let definition = definition_for_linters(name)?;
        let mut asl_validator = command::program(Tool::Node.bin().join("asl-validator"));
        asl_validator.arg("--json-path").arg(&definition);
        linters.push((format!("asl-validator of {name}"), asl_validator));
        let mut statelint = command::program(Tool::Linters.bin().join("statelint"));
        statelint.arg(&definition);
        linters.push((format!("statelint of {name}"), statelint));
    }

    let mut failed = Vec::new();
    for (name, linter) in linters {
        report::step(&name);
        if let Err(error) = command::run_shown(linter, &name).await {
            report::detail(&format!("{error:#}"));
            failed.push(name);
        }
    }
    let names = failed.join(", ");
    ensure!(failed.is_empty(), "these linters failed: {names}");
    Ok(())
}

/// Runs the `checks` of cargo-deny, such as licenses, sources and forbidden crates, on all
/// dependencies.
pub async fn deny(checks: &[String]) -> Result<()> {
    tools::ensure(&[Tool::Linters]).await?;
    let mut deny = command::program(Tool::Linters.bin().join("cargo-deny"));
    deny.args(["--log-level", "error", "check"]).args(checks);
    command::run_shown(deny, "cargo deny").await
}

/// Writes a definition as the linters of state machines can read it, and returns its path: with two
/// of its substitutions, and with numbers and moments in the place of the expressions for them,
/// which they refuse.
fn definition_for_linters(name: &str) -> Result<PathBuf> {
    let file = format!("{name}.asl.json");
    let source = workspace::root().join("statemachine").join(&file);
    let text = std::fs::read_to_string(&source)
        .with_context(|| format!("cannot read `{}`", source.display()))?;
    let text = text
        .replace("${Partition}", "aws")
        .replace("${ApprovalTimeoutSeconds}", "604800");
    let mut value: Value = serde_json::from_str(&text).context("the definition is not JSON")?;
    let states = value.pointer_mut("/States").and_then(Value::as_object_mut);
    for state in states.into_iter().flat_map(Map::values_mut) {
        let replaced: [(&str, Value); 3] = [
            ("Seconds", 60.into()),
            ("TimeoutSeconds", 60.into()),
            ("Timestamp", "2026-03-02T09:15:31Z".into()),
        ];
        for (field, value) in replaced {
            if let Some(expression) = state.get_mut(field).filter(|it| it.is_string()) {
                *expression = value;
            }
        }
    }
    let folder = workspace::local("lint");
    workspace::create_dir(&folder)?;
    let path = folder.join(file);
    std::fs::write(&path, value.to_string())
        .with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(path)
}
