//! The invariants.

use std::collections::BTreeSet;
use std::rc::Rc;

use iam_model::{HoldingCall, Holdings, OwnerKind};
use incident::message::DecisionAction;
use incident::subject::{AddedIdentity, Credentials, ReportedCall};
use incident::{PolicyChange, Subject};
use serde_json::Value;

use crate::guard::addable;
use crate::look::look;
use crate::world::{Run, Stage, World};

/// Actions that the policies of the model name.
const ACTIONS: [&str; 3] = ["s3:GetObject", "s3:DeleteObject", "ec2:RunInstances"];

/// Everything that somebody holds, by unique ids.
pub(crate) fn atoms(iam: &Holdings) -> BTreeSet<String> {
    let mut atoms = BTreeSet::new();
    let policy_id = |arn: &str| iam.account().policy(arn).unwrap().id.clone();
    for (kind, name, holder) in iam.holders() {
        let id = &iam.account().owner(kind, name).unwrap().id;
        atoms.insert(format!("owner {id} {name}"));
        let policies = holder.attached.iter();
        atoms.extend(policies.map(|arn| format!("attached {id} {}", policy_id(arn))));
        let groups = holder.groups.iter();
        atoms.extend(groups.map(|group| {
            let group = iam.account().owner(OwnerKind::Group, group).unwrap();
            format!("member {id} {}", group.id)
        }));
        for (kind, keys) in [("key", &holder.keys), ("credential", &holder.credentials)] {
            atoms.extend(keys.keys().map(|key| format!("{kind} {id} {key}")));
            let active = keys.iter().filter(|(_, key)| key.is_active);
            atoms.extend(active.map(|(key, _)| format!("active {kind} {id} {key}")));
        }
        let password = holder.password.iter();
        atoms.extend(password.map(|created| format!("password {id} {created}")));
    }
    atoms
}

/// What a call put there; `None` for a call that adds nothing that can be taken back.
pub(crate) fn atom_of_call(iam: &Holdings, call: &HoldingCall, detail: &Value) -> Option<String> {
    let owner = |kind, name: &str| iam.account().owner(kind, name).map(|it| it.id.clone());
    let user = |name: &str| owner(OwnerKind::User, name);
    let answered = |pointer: &str| detail.pointer(pointer)?.as_str();
    Some(match call {
        HoldingCall::Attach(kind, name, arn) => {
            let policy = iam.account().policy(arn)?;
            format!("attached {} {}", owner(*kind, name)?, policy.id)
        }
        HoldingCall::Join(name, group) => {
            format!("member {} {}", user(name)?, owner(OwnerKind::Group, group)?)
        }
        HoldingCall::CreateAccessKey(name) => {
            let id = answered("/responseElements/accessKey/accessKeyId")?;
            format!("active key {} {id}", user(name)?)
        }
        HoldingCall::CreateCredential(name) => {
            let made = "/responseElements/serviceSpecificCredential/serviceSpecificCredentialId";
            format!("active credential {} {}", user(name)?, answered(made)?)
        }
        HoldingCall::UpdateAccessKey(name, id, true) => {
            format!("active key {} {id}", user(name)?)
        }
        HoldingCall::UpdateCredential(name, id, true) => {
            format!("active credential {} {id}", user(name)?)
        }
        HoldingCall::CreateLoginProfile(name) => {
            format!("password {} {}", user(name)?, iam.account().now())
        }
        _ => return None,
    })
}

/// What the administrator was asked about.
fn atom_of(change: &PolicyChange, identity: &AddedIdentity) -> String {
    let (owner, added) = (&identity.owner.id, &identity.added.id);
    let Subject::Reported(call) = &change.subject else {
        panic!("{} is no addition", change.subject);
    };
    match call {
        ReportedCall::Attachment { .. } => format!("attached {owner} {added}"),
        ReportedCall::AddedToGroup { .. } => format!("member {owner} {added}"),
        ReportedCall::Credentials {
            credentials: Credentials::Password,
            ..
        } => format!("password {owner} {}", identity.added.created.as_second()),
        ReportedCall::Credentials {
            credentials: Credentials::ServiceSpecific(_),
            ..
        } => format!("active credential {owner} {added}"),
        _ => format!("active key {owner} {added}"),
    }
}

/// The guard takes away only after a deny, only for an event that CloudTrail has with the same
/// facts, and only what that event added.
pub(crate) fn write(
    run: &Run,
    seen: &Holdings,
    before: &Holdings,
    after: &Holdings,
) -> Result<(), String> {
    let Stage::Deciding {
        action: DecisionAction::Deny,
        ..
    } = run.stage
    else {
        return Err("taken away without a deny".to_owned());
    };
    let truth = run.truth.as_ref();
    let truth = truth.ok_or("taken away for an event that CloudTrail does not have like this")?;
    if !run.looked_up {
        return Err("taken away before CloudTrail was asked".to_owned());
    }
    if run.taken.is_some() {
        return Err("taken away again what somebody added since".to_owned());
    }
    let (before_it, after_it) = (atoms(before), atoms(after));
    if let Some(new) = after_it.difference(&before_it).next() {
        return Err(format!("added: {new}"));
    }
    let gone: Vec<&String> = before_it.difference(&after_it).collect();
    let &[gone] = gone.as_slice() else {
        return Err(format!("more than one thing is gone: {gone:?}"));
    };
    let change = &run.record.change;
    let identity = &run.addition.as_ref().ok_or("nobody was asked")?.identity;
    let asked = atom_of(change, identity);
    let words = |atom: &str| atom.rsplitn(3, ' ').nth(2).map(str::to_owned);
    if words(gone) != words(&truth.atom) {
        return Err(format!("{gone} is gone, and not {}", truth.atom));
    }
    let state = |iam: &Holdings| look(iam, addable(change).call, change.event_time);
    let now = state(before).added.map(|added| added.identity);
    let shown = state(seen).added.map(|added| added.identity);
    if shown.as_ref() != Some(identity) {
        return Err(format!("taken away without seeing {asked}: {shown:?}"));
    }
    if now != shown {
        // IAM showed its past, and has no conditional writes.
        return Ok(());
    }
    // The same names, and nothing is newer than the event: IAM has no more to tell things apart.
    let time = change.event_time.as_second();
    let may_be_its = identity.owner.created.as_second() <= time
        && identity.added.created.as_second()
            <= time + i64::from(gone.starts_with("password")) * 60
        && *gone == asked;
    if *gone != truth.atom && !may_be_its {
        return Err(format!("{gone} is gone, and {} was added", truth.atom));
    }
    if state(seen).policies == state(before).policies {
        return no_more_is_allowed(before, after);
    }
    Ok(())
}

fn no_more_is_allowed(before: &Holdings, after: &Holdings) -> Result<(), String> {
    let (before, after) = (allowed(before), allowed(after));
    match after.difference(&before).next() {
        Some(more) => Err(format!("taking away allows more: {more}")),
        None => Ok(()),
    }
}

/// What each role and user may do.
fn allowed(iam: &Holdings) -> BTreeSet<String> {
    let mut allowed = BTreeSet::new();
    for (kind, name, holder) in iam.holders() {
        if kind == OwnerKind::Group {
            continue;
        }
        let groups = holder.groups.iter();
        let groups = groups.filter_map(|group| iam.holder(OwnerKind::Group, group));
        let arns = holder.attached.iter();
        let documents: Vec<&str> = arns
            .chain(groups.flat_map(|group| &group.attached))
            .filter_map(|arn| iam.account().policy(arn))
            .map(|policy| policy.in_force())
            .collect();
        let says = |effect: &str, action: &str| {
            documents.iter().any(|document| {
                let document: Value = serde_json::from_str(document).unwrap();
                let statements = document["Statement"].as_array().unwrap().clone();
                statements.iter().any(|statement| {
                    statement["Effect"] == effect
                        && statement["Action"]
                            .as_array()
                            .unwrap()
                            .iter()
                            .any(|it| it == action)
                })
            })
        };
        let may = ACTIONS
            .iter()
            .filter(|action| says("Allow", action) && !says("Deny", action));
        allowed.extend(may.map(|action| format!("{kind} {name} {action}")));
    }
    allowed
}

/// Whether what the administrator was asked about is there.
pub(crate) fn is_there(run: &Run, iam: &Holdings) -> bool {
    let addition = run.addition.as_ref();
    addition.is_some_and(|it| atoms(iam).contains(&atom_of(&run.record.change, &it.identity)))
}

/// What ends as taken back was taken away, and is not there unless somebody has added it since.
/// Every other end has taken nothing away, except for one about what came in its place.
pub(crate) fn ended(
    world: &World,
    run: &Run,
    action: DecisionAction,
    word: &str,
) -> Result<(), String> {
    let identity = &run.addition.as_ref().ok_or("nobody was asked")?.identity;
    let asked = atom_of(&run.record.change, identity);
    match (word, run.taken) {
        ("takenBack", Some(events)) if action == DecisionAction::Deny => {
            let mut since = world.events.iter().skip(events);
            if !run.has_missed
                && atoms(&world.iam).contains(&asked)
                && !since.any(|event| event.atom == asked)
            {
                return Err(format!("taken back, and there: {asked}"));
            }
            Ok(())
        }
        ("takenBack", _) => Err("taken back by nobody".to_owned()),
        ("superseded", Some(_))
            if !run.has_missed && run.left.iter().any(|left| Rc::ptr_eq(left, &world.iam)) =>
        {
            Err("superseded, and nobody has written since".to_owned())
        }
        ("superseded", _) | (_, None) => Ok(()),
        (_, Some(_)) => Err(format!("{word}, and taken away: {asked}")),
    }
}
