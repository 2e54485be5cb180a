//! The end-to-end scenarios: the real template, functions and state machine on a local AWS.

use std::process::ExitCode;

use end_to_end::run;

mod additions;
mod asked;
mod bounds;
mod browser;
mod callers;
mod cases;
mod chat;
mod churn;
mod doors;
mod events;
mod failures;
mod flood;
mod forged;
mod hints;
mod holders;
mod invoked;
mod keys;
mod links;
mod memory;
mod operate;
mod padded;
mod passed;
mod races;
mod records;
mod reported;
mod reports;
mod roles;
mod rollout;
mod room;
mod rule;
mod size;
mod sweep;
mod tries;
mod variants;
mod walkthrough;
mod watch;
mod workflow;
mod writes;

fn main() -> ExitCode {
    let mut usual = walkthrough::scenarios();
    usual.extend(workflow::scenarios());
    usual.extend(failures::scenarios());
    usual.extend(links::scenarios());
    usual.extend(browser::scenarios());
    usual.extend(reports::scenarios());
    usual.extend(roles::scenarios());
    usual.extend(rollout::scenarios());
    usual.extend(writes::answered());
    usual.extend(callers::scenarios());
    usual.extend(rule::scenarios());
    usual.extend(size::scenarios());
    usual.extend(bounds::scenarios());
    usual.extend(watch::scenarios());
    usual.extend(operate::scenarios());
    usual.extend(cases::scenarios());
    usual.extend(chat::scenarios());
    usual.extend(events::scenarios());
    let mut by_hand = forged::scenarios();
    by_hand.extend(hints::scenarios());
    by_hand.extend(room::scenarios());
    by_hand.extend(churn::scenarios());
    by_hand.extend(holders::scenarios());
    by_hand.extend(invoked::scenarios());
    by_hand.extend(keys::scenarios());
    by_hand.extend(tries::scenarios());
    by_hand.extend(reported::scenarios());
    by_hand.extend(doors::scenarios());
    by_hand.extend(records::scenarios());
    by_hand.extend(passed::scenarios());
    by_hand.extend(memory::by_hand());
    let mut set_otherwise = writes::expiring();
    set_otherwise.extend(padded::scenarios());
    set_otherwise.extend(variants::scenarios());
    set_otherwise.extend(reported::silent());
    let mut alone = races::scenarios();
    alone.extend(flood::scenarios());
    let mut sweeps = sweep::from_the_first();
    sweeps.extend(sweep::scenarios());
    let mut three_lists = asked::scenarios();
    three_lists.extend(additions::scenarios());
    three_lists.extend(memory::asking_first());
    let mut ceiling = asked::ceiling();
    ceiling.extend(additions::forged());
    let mut hurried = browser::hurried();
    hurried.extend(asked::hurried());
    let list = ("restrictedActions", "s3:DeleteBucket,s3:DeleteObject");
    run(vec![
        (
            vec![
                list,
                ("ExemptPrincipals", rollout::EXEMPT),
                ("OtherTaskSenders", watch::OTHER_SENDER),
                ("AlarmEmailAddress", "on-call@example.com"),
                ("ChatNotifications", "true"),
            ],
            usual,
        ),
        (vec![list], alone),
        (
            vec![list, ("ExemptPrincipals", rollout::EXEMPT)],
            memory::scenarios(),
        ),
        // The longest values that the template takes: the functions must still start.
        (
            vec![
                (
                    "restrictedActions",
                    longest(list.1, 1024, "zz:UnknownAction"),
                ),
                ("askActions", longest("", 512, "zz:AskedAction")),
                ("reportActions", longest("", 512, "zz:ReportedAction")),
                (
                    "ExemptPrincipals",
                    longest("", 1024, "arn:aws:iam::111122223333:role/nobody-"),
                ),
                ("DecideBy", "Mail"),
            ],
            by_hand,
        ),
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
            [&asked::LISTS[..], &[("ApprovalTimeoutSeconds", "12")]].concat(),
            hurried,
        ),
        (asked::LISTS.to_vec(), three_lists),
        (vec![list, ("Mode", "Ask"), ("DecideBy", "Mail")], ceiling),
        (rollout::MONITORING.to_vec(), rollout::monitoring()),
        (sweep::LISTS.to_vec(), sweeps),
    ])
}

/// A list that is as long as a parameter may be, with entries like this one at its end.
fn longest(list: &str, length: usize, entry: &str) -> &'static str {
    let mut list = list.to_owned();
    for number in 100.. {
        let more = format!(",{entry}{number}");
        if list.len() + more.len() > length {
            break;
        }
        list.push_str(&more);
    }
    let rest = length - list.len();
    list.push_str(&"0".repeat(rest));
    list.trim_start_matches(',').to_owned().leak()
}
