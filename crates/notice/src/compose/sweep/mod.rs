//! The notices of the sweep: the report of the first day, and what needs a person.
//!
//! Their reader may never have heard of a sweep. So each one says first what is the case and what
//! to do, and ends with a list that may be long.

mod gone;
mod grant;
mod opening;

use incident::message::{ReportSweep, SweepReason, SweepReport};

use self::opening::Opening;
use super::draft::Draft;
use crate::mail::{self, Mail};
use crate::notice::Block;
use crate::text::{capitalised, option, plain, shell_quoted};
use crate::words::time;
use crate::{Console, Fact, Kind, Label, Notice};

/// The bytes that the end of the list may take: how many more there are.
const END: usize = 200;
/// The longest sentence about something that could not be read, in characters.
const MAX_GAP: usize = 500;

impl From<&ReportSweep> for Notice {
    /// What a sweep found.
    fn from(request: &ReportSweep) -> Self {
        let report = &request.report;
        let opening = Opening::of(report);
        let mut draft = Draft::new(&opening.sentence);
        for more in &opening.more {
            draft.paragraph(more);
        }
        for to_do in &opening.to_do {
            draft.remark(to_do);
        }
        draft.list("WHAT TO DO", &opening.to_do, 0);
        // What is not denied any more may be allowed, so it comes before what was there before.
        gone::section(&mut draft, report);
        in_force(&mut draft, report);
        draft.list("WHAT THE GUARD DOES FROM NOW ON", opening.from_now_on, 0);
        if report.reason != SweepReason::Gone {
            draft.commands(&whole_account(&report.state_machine));
        }
        draft.console(
            "The execution of the sweep, with every step:",
            Console::of_partition(request.execution.partition()).execution(&request.execution),
        );
        let gaps = report.gaps.iter();
        let gaps = gaps.map(|gap| capitalised(&plain(gap, MAX_GAP)));
        draft.list(
            "WHAT THE SWEEP COULD NOT READ FOR CERTAIN",
            &gaps.collect::<Vec<_>>(),
            0,
        );
        patterns(&mut draft, report);
        let mut notice = draft.finish(Kind::Report, opening.title, &request.execution);
        // Last, because it takes all the room that is left.
        grants(&mut notice, report);
        notice
    }
}

/// What the account holds: how much the sweep read, and how much of it is restricted.
fn in_force(draft: &mut Draft, report: &SweepReport) {
    draft.fact(Fact::of(Label::Account, plain(&report.account, 20)));
    if report.reason == SweepReason::Gone {
        return;
    }
    let counts = &report.counts;
    draft.paragraph("WHAT IS IN FORCE IN THE ACCOUNT");
    draft.state(Fact::of(Label::Found, time(report.started_at)), |when| {
        format!(
            "The guard read the account at {when}: {}, {}, {}, {} and {}.",
            counted(counts.users, "user", "users"),
            counted(counts.groups, "group", "groups"),
            counted(counts.roles, "role", "roles"),
            counted(
                counts.managed_policies,
                "managed policy",
                "managed policies"
            ),
            counted(counts.inline_policies, "inline policy", "inline policies"),
        )
    });
    draft.line("A permission is restricted if one of the guard's parameters restrictedActions, askActions and reportActions names it.");
    let restricted = &counts.restricted;
    if restricted.total() == 0 {
        draft.line("Nothing in the account grants a restricted permission.");
        return;
    }
    let kinds = [
        (
            restricted.managed,
            "managed policy of this account grants one",
            "managed policies of this account grant one",
        ),
        (
            restricted.inline,
            "inline policy grants one",
            "inline policies grant one",
        ),
        (
            restricted.attachments,
            "time, a policy that grants one is attached to a user, a group or a role",
            "times, a policy that grants one is attached to a user, a group or a role",
        ),
        (
            restricted.memberships,
            "time, a user is in a group that has one",
            "times, a user is in a group that has one",
        ),
    ];
    for (count, one, many) in kinds.into_iter().filter(|(count, ..)| *count > 0) {
        draft.line(&format!("- {}", counted(count, one, many)));
    }
    if restricted.reserved > 0 {
        draft.line(&format!(
            "{} to AWS services, and only the services can change that.",
            counted(restricted.reserved, "of these belongs", "of these belong")
        ));
    }
    let is_compared = matches!(report.reason, SweepReason::Asked | SweepReason::OverMost);
    if is_compared && counts.new > 0 {
        draft.line(&format!(
            "Since the sweep before, {} new: earlier incidents account for {}, {} for a decision, and the sweep started incidents for {}.",
            counted(counts.new, "is", "are"),
            counts.accounted,
            counted(counts.pending, "waits or waited lately", "wait or waited lately"),
            counts.started,
        ));
    }
}

/// Where everything is, and not only the worst.
fn whole_account(state_machine: &str) -> String {
    let name = state_machine.rsplit(':').next().unwrap_or_default();
    let stack = match name.strip_suffix("-incidents") {
        Some(stack) => shell_quoted(stack),
        None => "NAME_OF_THE_STACK".to_owned(),
    };
    let region = shell_quoted(region(state_machine));
    format!(
        "For the whole account, with everyone who holds a restricted permission, as text and as a page for the browser, run in a clone of the project:\n\n  make report STACK={stack} REGION={region}"
    )
}

fn patterns(draft: &mut Draft, report: &SweepReport) {
    let patterns = report.patterns.iter();
    let patterns = patterns.map(|it| format!("{}: {}", plain(&it.pattern, 300), it.grants));
    draft.listed(
        Label::Restricted,
        "THE PATTERNS OF THE GUARD'S LISTS, and how many policies meet each",
        &patterns.collect::<Vec<_>>(),
        report.more_patterns,
    );
}

/// Adds the grants, as many as an e-mail has room for.
fn grants(notice: &mut Notice, report: &SweepReport) {
    if report.grants.is_empty() && report.more_grants == 0 {
        return;
    }
    let is_all = report.more_grants == 0;
    let heading = match report.reason {
        SweepReason::OverMost => "WHAT IS NEW, with the command for each",
        SweepReason::TooWide => "THE POLICIES THAT GRANT MOST, with the command for each",
        _ if is_all => "THE POLICIES, with the command for each",
        _ => "THE POLICIES THAT GRANT MOST, with the command for each",
    };
    notice.text.push(Block::Paragraph(heading.to_owned()));
    if report.reason == SweepReason::OverMost {
        let new = report.grants.iter();
        let new = new.map(|grant| grant.subject.to_string());
        notice.facts.add_list(Label::What, new, report.more_grants);
    }
    let mut length = Mail::of(notice, None).message().len() + END;
    let mut more = report.more_grants;
    for (index, grant) in report.grants.iter().enumerate() {
        let entry = Block::Commands(grant::entry(index + 1, grant, report));
        length += mail::length(&entry);
        if length <= Mail::MAX_MESSAGE {
            notice.text.push(entry);
        } else {
            more += 1;
        }
    }
    if more > 0 {
        let end = format!("and {more} more");
        notice.text.push(Block::Paragraph(end));
    }
}

/// The Region of an ARN.
fn region(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

/// A number and what it counts.
fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}

/// The command that starts an incident with this input. It has no name for the execution, because a
/// name works once: the same command must work again.
fn start_command(state_machine: &str, input: &str) -> String {
    format!(
        "aws stepfunctions start-execution {} {} --input {}",
        option("region", region(state_machine)),
        option("state-machine-arn", state_machine),
        // It may have line breaks between its members.
        shell_quoted(input),
    )
}
