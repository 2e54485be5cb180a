//! The end-to-end scenarios: the real template, functions and state machine on a local AWS.

use std::process::ExitCode;

use end_to_end::run;

mod failures;
mod links;
mod walkthrough;
mod workflow;

fn main() -> anyhow::Result<ExitCode> {
    let mut usual = walkthrough::scenarios();
    usual.extend(workflow::scenarios());
    usual.extend(failures::scenarios());
    usual.extend(links::scenarios());
    run(vec![(
        &[("restrictedActions", "s3:DeleteBucket,s3:DeleteObject")],
        usual,
    )])
}
