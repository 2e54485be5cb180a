//! The end-to-end scenarios: the real template, functions and state machine on a local AWS.

use std::process::ExitCode;

use end_to_end::run;

mod browser;
mod callers;
mod failures;
mod forged;
mod hints;
mod links;
mod races;
mod roles;
mod rollout;
mod rule;
mod variants;
mod walkthrough;
mod workflow;
mod writes;

fn main() -> anyhow::Result<ExitCode> {
    let mut usual = walkthrough::scenarios();
    usual.extend(workflow::scenarios());
    usual.extend(failures::scenarios());
    usual.extend(links::scenarios());
    usual.extend(browser::scenarios());
    usual.extend(roles::scenarios());
    usual.extend(rollout::scenarios());
    usual.extend(writes::answered());
    usual.extend(callers::scenarios());
    usual.extend(rule::scenarios());
    let mut by_hand = forged::scenarios();
    by_hand.extend(hints::scenarios());
    let mut set_otherwise = writes::expiring();
    set_otherwise.extend(variants::scenarios());
    let list = ("restrictedActions", "s3:DeleteBucket,s3:DeleteObject");
    run(vec![
        (vec![list, ("ExemptPrincipals", rollout::EXEMPT)], usual),
        (vec![list], races::scenarios()),
        (vec![list], by_hand),
        (
            vec![
                list,
                ("ApprovalTimeoutSeconds", "15"),
                ("LinkConfirmation", "None"),
                ("NotifyOnAllowed", "false"),
            ],
            set_otherwise,
        ),
        (
            vec![list, ("ApprovalTimeoutSeconds", "12")],
            browser::hurried(),
        ),
        (rollout::MONITORING.to_vec(), rollout::monitoring()),
    ])
}
