//! What can happen next: calls of somebody else, executions that start, their steps, and answers.

use iam_model::{HoldingCall as To, Holdings, OwnerKind};
use incident::message::DecisionAction;
use serde_json::{Value, json};

use crate::guard::{decide, start, step};
use crate::world::{ADMIN, APP, DENYING, Event, RESTRICTED, World};

#[derive(Clone, Debug)]
pub(crate) enum Move {
    /// Calls that the guard cannot tell from one.
    Attack(Vec<To>),
    /// An execution starts with the record of this event, and CloudTrail answers late.
    Deliver(usize, usize),
    /// An execution starts with this record, which somebody has made up.
    Forge(Value),
    /// This execution looks as of that many writes ago, or takes its action.
    Step(usize, usize),
    /// It takes its action, and the answer gets lost.
    Lose(usize),
    Decide(usize, DecisionAction),
}

impl Move {
    /// What it leads to; `None` where it changes nothing.
    pub(crate) fn after(&self, world: &World) -> Result<Option<World>, String> {
        Ok(match self {
            Self::Attack(calls) => world.attack(calls),
            Self::Deliver(event, late) => start(world, &world.events[*event].detail, *late),
            Self::Forge(record) => start(world, record, 0),
            Self::Step(run, stale) => step(world, *run, *stale, false)?,
            Self::Lose(run) => step(world, *run, 0, true)?,
            Self::Decide(run, action) => decide(world, *run, *action),
        })
    }
}

/// The call that takes away what an event added.
fn inverse(event: &Event) -> Option<To> {
    let id = || event.atom.rsplit(' ').next().map(str::to_owned);
    Some(match &event.call {
        To::Attach(kind, name, arn) => To::Detach(*kind, name.clone(), arn.clone()),
        To::Join(user, group) => To::Leave(user.clone(), group.clone()),
        To::CreateAccessKey(user) | To::UpdateAccessKey(user, ..) => {
            To::UpdateAccessKey(user.clone(), id()?, false)
        }
        To::CreateCredential(user) | To::UpdateCredential(user, ..) => {
            To::UpdateCredential(user.clone(), id()?, false)
        }
        To::CreateLoginProfile(user) => To::DeleteLoginProfile(user.clone()),
        _ => return None,
    })
}

/// Who got something.
fn owner(event: &Event) -> (OwnerKind, String) {
    match &event.call {
        To::Attach(kind, name, _) => (*kind, name.clone()),
        To::Join(user, _)
        | To::CreateAccessKey(user)
        | To::UpdateAccessKey(user, ..)
        | To::CreateCredential(user)
        | To::UpdateCredential(user, ..)
        | To::CreateLoginProfile(user) => (OwnerKind::User, user.clone()),
        other => panic!("{other:?} adds nothing"),
    }
}

/// The calls that make an owner again, with `ADMIN`.
fn made_again(iam: &Holdings, kind: OwnerKind, name: &str) -> Vec<To> {
    let owner = || name.to_owned();
    let mut calls = Vec::new();
    if let Some(holder) = iam.holder(kind, name) {
        let policies = holder.attached.iter();
        calls.extend(policies.map(|arn| To::Detach(kind, owner(), arn.clone())));
        let groups = holder.groups.iter();
        calls.extend(groups.map(|group| To::Leave(owner(), group.clone())));
        let keys = holder.keys.keys();
        calls.extend(keys.map(|id| To::DeleteAccessKey(owner(), id.clone())));
        let credentials = holder.credentials.keys();
        calls.extend(credentials.map(|id| To::DeleteCredential(owner(), id.clone())));
        let password = holder.password.iter();
        calls.extend(password.map(|_| To::DeleteLoginProfile(owner())));
    }
    if kind == OwnerKind::Group {
        calls.extend(
            iam.members(name)
                .map(|user| To::Leave(user.to_owned(), owner())),
        );
    }
    calls.push(To::DeleteOwner(kind, owner()));
    calls.push(To::CreateOwner(kind, owner()));
    calls.push(To::Attach(kind, owner(), ADMIN.to_owned()));
    calls
}

/// The calls that make a policy again.
fn policy_made_again(iam: &Holdings, arn: &str, document: &str) -> Vec<To> {
    let holders = iam.holders().filter(|(_, _, it)| it.attached.contains(arn));
    let mut calls: Vec<To> = holders
        .map(|(kind, name, _)| To::Detach(kind, name.to_owned(), arn.to_owned()))
        .collect();
    let name = arn.rsplit('/').next().unwrap_or_default();
    calls.push(To::DeletePolicy(arn.to_owned()));
    calls.push(To::CreatePolicy(name.to_owned(), document.to_owned()));
    calls
}

/// What somebody may do about what an event added: repeat it, take it away, put something else in
/// its place.
pub(crate) fn around(iam: &Holdings, event: &Event) -> Vec<Vec<To>> {
    let (kind, name) = owner(event);
    let again = || std::iter::once(event.call.clone());
    let mut attacks = vec![vec![event.call.clone()]];
    attacks.extend(inverse(event).map(|inverse| vec![inverse]));
    attacks.push(
        made_again(iam, kind, &name)
            .into_iter()
            .chain(again())
            .collect(),
    );
    if kind != OwnerKind::Role {
        let renamed = To::Rename(kind, name.clone(), "c".to_owned());
        let other = To::CreateOwner(kind, name.clone());
        let admin = To::Attach(kind, name, ADMIN.to_owned());
        attacks.push(vec![renamed.clone()]);
        attacks.push([renamed, other, admin].into_iter().chain(again()).collect());
    }
    match &event.call {
        To::Attach(_, _, arn) => {
            attacks.push(
                policy_made_again(iam, arn, RESTRICTED)
                    .into_iter()
                    .chain(again())
                    .collect(),
            );
            attacks.push(vec![To::Rewrite(arn.clone(), DENYING.to_owned())]);
        }
        To::Join(_, group) => {
            let group = made_again(iam, OwnerKind::Group, group);
            attacks.push(group.into_iter().chain(again()).collect());
            attacks.push(vec![To::Rewrite(APP.to_owned(), DENYING.to_owned())]);
        }
        To::UpdateAccessKey(user, id, _) => {
            attacks.push(vec![To::DeleteAccessKey(user.clone(), id.clone())]);
        }
        To::CreateLoginProfile(user) => {
            let user = user.clone();
            attacks.push(vec![
                To::DeleteLoginProfile(user.clone()),
                To::CreateLoginProfile(user),
            ]);
        }
        _ => {}
    }
    attacks
}

/// Records that look like the one of an event: of an id that CloudTrail does not know, and with
/// other facts under an id that it knows.
pub(crate) fn forgeries(event: &Event) -> Vec<Value> {
    let with = |pointer: &str, value: Value| {
        let mut record = event.detail.clone();
        record.pointer_mut(pointer).map(|member| *member = value)?;
        Some(record)
    };
    [
        with("/eventID", json!("00000000-0000-4000-9000-00000000beef")),
        with("/eventTime", json!("2026-03-02T09:30:00Z")),
        with(
            "/userIdentity/arn",
            json!("arn:aws:iam::111122223333:user/alice"),
        ),
        with("/requestParameters/policyArn", json!(ADMIN)),
        with("/requestParameters/roleName", json!("b")),
        with("/requestParameters/groupName", json!("b")),
        with("/requestParameters/userName", json!(other_user(event))),
    ]
    .into_iter()
    .flatten()
    .filter(|record| *record != event.detail)
    .collect()
}

fn other_user(event: &Event) -> &'static str {
    match owner(event).1.as_str() {
        "a" => "b",
        _ => "a",
    }
}

/// Every call of the model that adds or takes away, with what is there.
pub(crate) fn anything(iam: &Holdings, random: &mut fastrand::Rng) -> To {
    let names = ["a", "b", "c"];
    let mut name = || names[random.usize(..names.len())].to_owned();
    let (first, second) = (name(), name());
    let kind = OwnerKind::ALL[random.usize(..OwnerKind::ALL.len())];
    let arns = [APP, ADMIN, crate::world::AUDIT];
    let arn = arns[random.usize(..arns.len())].to_owned();
    let holder = iam.holder(OwnerKind::User, &first);
    let key = holder
        .and_then(|it| it.keys.keys().next())
        .cloned()
        .unwrap_or_default();
    let credential = holder.and_then(|it| it.credentials.keys().next()).cloned();
    let credential = credential.unwrap_or_default();
    match random.u8(..14) {
        0 | 1 => To::Attach(kind, first, arn),
        2 => To::Detach(kind, first, arn),
        3 | 4 => To::Join(first, second),
        5 => To::Leave(first, second),
        6 => To::CreateAccessKey(first),
        7 => To::UpdateAccessKey(first, key, random.bool()),
        8 => To::DeleteAccessKey(first, key),
        9 => To::CreateCredential(first),
        10 => To::UpdateCredential(first, credential, random.bool()),
        11 => To::CreateLoginProfile(first),
        12 => To::DeleteLoginProfile(first),
        _ => To::Rename(kind, first, second),
    }
}
