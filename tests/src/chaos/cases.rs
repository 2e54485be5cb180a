//! Which cases are played, of all that the calls of the incidents allow.

use std::collections::BTreeMap;

use super::matrix::Choice;
use super::place::MACHINE;
use super::{Answer, Case, Origin, Point, Response, Trouble};
use crate::Write;
use crate::faults::{Fault, Times};

/// The actions that change something.
pub(super) const CHANGES: [&str; 9] = [
    "iam:CreatePolicyVersion",
    "iam:DeletePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:PutGroupPolicy",
    "sns:Publish",
    "states:SendTaskSuccess",
    "states:StartExecution",
];

/// An incident, whatever fails.
pub(super) type Story = (Origin, Write, Response, Answer);

/// The calls of each incident without a fault.
pub(super) type Points = BTreeMap<Story, Vec<Point>>;

/// The writes that are played. Those that are asked about make the same calls for each managed and
/// for each inline policy.
pub(super) fn writes(response: Response) -> &'static [Write] {
    match response {
        Response::Contain => &Write::ALL,
        Response::Ask => &[Write::CreatePolicyVersion, Write::PutRolePolicy],
    }
}

/// The incidents that a sweep starts. After that, they make the same calls as those that events
/// start, so a managed and an inline policy are enough.
pub(super) fn found(choice: Choice) -> impl Iterator<Item = Story> {
    let all = [
        (Write::SetDefaultPolicyVersion, Answer::Deny),
        (Write::PutRolePolicy, Answer::Allow),
        (Write::SetDefaultPolicyVersion, Answer::Allow),
        (Write::PutRolePolicy, Answer::Deny),
    ];
    let count = match choice {
        Choice::Representative => 2,
        Choice::Full => all.len(),
    };
    let story = |(write, answer)| (Origin::Sweep, write, Response::Contain, answer);
    all.into_iter().take(count).map(story)
}

/// The incident without a fault.
pub(super) fn quiet((origin, write, response, answer): Story) -> Case {
    Case {
        origin,
        write,
        response,
        answer,
        trouble: None,
    }
}

fn troubled(story: Story, point: &Point, fault: Fault, times: Times) -> Case {
    let trouble = Trouble {
        point: point.clone(),
        fault,
        times,
    };
    Case {
        trouble: Some(trouble),
        ..quiet(story)
    }
}

/// Whether a call is one that the answer leads to, or the end of the time for it.
fn follows_the_answer(point: &Point) -> bool {
    ["ApproveCallbackFunction", "RevertFunction"].contains(&point.caller.as_str())
}

/// What is played of an incident. What comes before the answer is the same for each answer, so it
/// is played with one of them.
fn played((.., answer): Story, points: &[Point]) -> &[Point] {
    let from = match answer {
        Answer::Allow => 0,
        Answer::Deny | Answer::Expire => points.iter().position(follows_the_answer).unwrap_or(0),
    };
    points.get(from..).unwrap_or_default()
}

/// Every call of every incident with every fault, once and persistently, and a fault at all calls.
pub(super) fn full(points: &Points) -> Vec<Case> {
    let mut cases = Vec::new();
    for (&incident, points) in points {
        let everything = Point {
            in_sweep: false,
            caller: String::new(),
            action: String::new(),
            nth: 1,
        };
        for point in played(incident, points).iter().chain([&everything]) {
            for fault in Fault::ALL {
                // The state machine has no process that could be killed.
                if point.caller == MACHINE && fault.is_kill() {
                    continue;
                }
                for times in [Times::Once, Times::Persistently] {
                    // Late calls at every try would go on for longer than any incident.
                    if fault == Fault::Late && times == Times::Persistently {
                        continue;
                    }
                    cases.push(troubled(incident, point, fault, times));
                }
            }
        }
    }
    cases
}

/// The part of the full set that differs most: each call that changes something with a lost answer,
/// and one of the other faults in turn.
pub(super) fn representative(points: &Points) -> Vec<Case> {
    let mut others = [
        (Fault::Throttle, Times::Once),
        (Fault::ServerError, Times::Persistently),
        (Fault::Drop, Times::Once),
        (Fault::KillBefore, Times::Once),
        (Fault::LoseAnswer, Times::Persistently),
        (Fault::KillAfter, Times::Once),
        (Fault::Delay, Times::Once),
    ]
    .into_iter()
    .cycle();
    let mut cases = Vec::new();
    for (&incident, points) in points {
        for point in played(incident, points) {
            let changes = CHANGES.contains(&point.action.as_str());
            let in_doubt = changes.then_some((Fault::LoseAnswer, Times::Once));
            let is_possible =
                |(fault, _): &(Fault, Times)| point.caller != MACHINE || !fault.is_kill();
            let other = others.find(is_possible);
            let other = other.filter(|_| changes || point.nth == 1);
            for (fault, times) in in_doubt.into_iter().chain(other) {
                cases.push(troubled(incident, point, fault, times));
            }
        }
    }
    cases
}

/// Whether the case is played again with every event delivered twice. That are the cases with a
/// fault at a change of the policy, which two executions for one change could make worse.
pub(super) fn is_delivered_twice(case: &Case, choice: Choice) -> bool {
    case.trouble.as_ref().is_some_and(|trouble| {
        let action = trouble.point.action.as_str();
        trouble.times == Times::Once
            && CHANGES.contains(&action)
            && action.starts_with("iam:")
            && match choice {
                Choice::Full => trouble.fault != Fault::Late,
                Choice::Representative => {
                    trouble.fault == Fault::LoseAnswer && case.is_at_containment()
                }
            }
    })
}
