//! Keeps the stack running until Ctrl-C, and shows what happens there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Result, ensure};
use local_aws::emulator::{self, Emulator, EmulatorOptions};
use local_aws::{Mailbox, Stack, StackOptions, functions, report};
use tokio::time::sleep;
use xtask::account::aws_cli;
use xtask::cases::Month;
use xtask::walkthrough;

use crate::local;

const INTERVAL: Duration = Duration::from_millis(500);

/// Starts the stack and shows what happens there, until the future is dropped.
pub(crate) async fn run(port: u16, parameters: Vec<(String, String)>) -> Result<()> {
    ensure!(
        emulator::is_free(port),
        "port {port} is in use: stop the program that listens there, or choose another port with `make local PORT=4567`"
    );
    let aws = aws_cli().await?.display().to_string();
    functions::build().await?;
    report::step(&format!("starting the local AWS on port {port}"));
    let options = EmulatorOptions {
        port: Some(port),
        ..EmulatorOptions::default()
    };
    let emulator = Emulator::start(options).await?;
    let mut options = StackOptions {
        parameters: walkthrough::parameters(),
        ..StackOptions::default()
    };
    options.parameters.extend(parameters);
    report::step("sam deploy");
    let stack = Stack::deploy(&emulator, options).await?;
    let mailbox = Mailbox::open(&emulator, stack.output("AlertTopicArn")?).await?;
    explain(&emulator, &stack, &aws)?;
    watch(&emulator, &stack, mailbox).await
}

fn explain(emulator: &Emulator, stack: &Stack, aws: &str) -> Result<()> {
    let name = walkthrough::POLICY_NAME;
    let document = walkthrough::POLICY_DOCUMENT;
    let policy = format!("arn:aws:iam::{}:policy/{name}", emulator::ACCOUNT);
    let machine = stack.output("StateMachineArn")?;
    let exports = emulator.environment();
    let exports = exports.map(|(name, value)| format!("export {name}={value}"));
    let exports = exports.join("\n");
    let (port, month) = (emulator.port(), Month::now());
    report::gap();
    report::step("the stack is up; run this in another terminal:");
    report::line(&format!(
        "
{exports}

# the policy of the walkthrough; its last action is restricted
cat > policy.json <<'END'
{document}
END
{aws} iam create-policy --policy-name {name} --policy-document file://policy.json
# what is in force now
{aws} iam get-policy --policy-arn {policy} --query Policy.DefaultVersionId
{aws} iam get-policy-version --policy-arn {policy} --version-id v2
# the execution, which waits in AskUser; its history shows the task token
{aws} stepfunctions list-executions --state-machine-arn {machine}
{aws} stepfunctions get-execution-history --execution-arn EXECUTION_ARN
# who decided what, and how to be asked again about the same document
make cases PORT={port} MONTH={month}
make forget PORT={port} EXECUTION=EXECUTION_ARN

To answer, add `?token=TOKEN` to AllowUrl or DenyUrl, with the token of the e-mail or the history, or open a link below in a browser:"
    ));
    let outputs = stack.outputs().iter();
    for (name, url) in outputs.filter(|(_, value)| value.contains("execute-api")) {
        report::detail(&format!("{name} = {}", emulator.local_link(url)));
    }
    let log = emulator.log().display();
    report::line(&format!(
        "
Every e-mail appears here when it arrives. The log is {log}.
Ctrl-C stops everything.
"
    ));
    Ok(())
}

async fn watch(emulator: &Emulator, stack: &Stack, mut mailbox: Mailbox) -> Result<()> {
    let mut mails_shown = 0;
    let mut states_shown: BTreeMap<String, usize> = BTreeMap::new();
    let mut ended = BTreeSet::new();
    loop {
        for execution in stack.executions().await? {
            let name = execution.name().to_owned();
            if ended.contains(&name) {
                continue;
            }
            // The status is read first, so that the history of a closed execution is complete.
            let closed = execution.closed().await?;
            let entered = execution.states_entered().await?;
            let shown = states_shown.entry(name.clone()).or_default();
            for state in entered.iter().skip(*shown) {
                report::line(&format!("execution {name}: state {state}"));
            }
            *shown = entered.len();
            if let Some(closed) = closed {
                report::line(&format!("execution {name}: {}", closed.status));
                ended.insert(name);
            }
        }
        let mails = mailbox.mails().await?.to_vec();
        for mail in mails.iter().skip(mails_shown) {
            report::line("an e-mail arrives");
            local::show_mail(mail);
            for link in &mail.links {
                let local = emulator.local_link(link);
                if local != *link {
                    report::line(&format!("link on this machine: {local}"));
                }
            }
        }
        mails_shown = mails.len();
        sleep(INTERVAL).await;
    }
}
