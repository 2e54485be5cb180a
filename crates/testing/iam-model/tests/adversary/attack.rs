//! What the attacker may do between any two steps of the guard: any call of IAM on the subject.

use std::rc::Rc;
use std::sync::Arc;

use iam_model::{Account, MAX_VERSIONS, OwnerKind, PolicyVersion};
use incident::WatchedCall;

use crate::setting::{ARN, FILLER, INLINE, Kind, OWNER, Setting, filler};
use crate::situation::{Hint, Situation};

/// A version without use.
const FILLING: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:StopInstances","Resource":"*"}}"#;

/// A call of the attacker's.
#[derive(Clone, Debug)]
pub(crate) enum Attack {
    CreatePolicy(Arc<str>),
    CreateVersion(Arc<str>, bool),
    SetDefault(u32),
    DeleteVersion(u32),
    DeletePolicy,
    /// The policy is deleted and made again: several calls that the guard cannot tell from one.
    MakePolicyAgain(Arc<str>),
    /// Versions without use, until there are five: several calls that the guard cannot distinguish
    /// from one.
    FillVersions,
    /// The oldest version that is not in force goes, and a new one takes its place: two calls that
    /// the guard cannot tell from one.
    SwapVersion,
    CreateOwner,
    DeleteOwner,
    /// The owner is deleted and made again, with a policy of the same name: several calls that the
    /// guard cannot tell from one.
    MakeOwnerAgain(Arc<str>),
    Put(Arc<str>),
    DeleteInline,
    /// A second inline policy, so that the quota leaves no room.
    FillQuota,
    DeleteFiller,
}

/// Every call that IAM would carry out now and that changes something.
pub(crate) fn attacks(setting: &Setting, situation: &Situation) -> Vec<Attack> {
    if situation.attacks >= setting.bounds.attacks {
        return Vec::new();
    }
    let account = situation.iam.account();
    match setting.kind {
        Kind::Managed => on_managed(setting, account),
        Kind::Inline => on_inline(setting, account),
    }
}

fn on_managed(setting: &Setting, account: &Account) -> Vec<Attack> {
    let documents = setting.documents.iter();
    let Some(policy) = account.policy(ARN) else {
        return documents.cloned().map(Attack::CreatePolicy).collect();
    };
    let mut attacks = Vec::new();
    if policy.versions.len() < MAX_VERSIONS {
        for document in documents {
            attacks.push(Attack::CreateVersion(Arc::clone(document), true));
            attacks.push(Attack::CreateVersion(Arc::clone(document), false));
        }
        attacks.push(Attack::FillVersions);
    } else {
        attacks.push(Attack::SwapVersion);
    }
    let others = |version: &&PolicyVersion| version.number != policy.default;
    for version in policy.versions.iter().filter(others) {
        attacks.push(Attack::SetDefault(version.number));
        attacks.push(Attack::DeleteVersion(version.number));
    }
    if policy.versions.len() == 1 {
        attacks.push(Attack::DeletePolicy);
    }
    attacks
}

fn on_inline(setting: &Setting, account: &Account) -> Vec<Attack> {
    let Some(owner) = account.owner(OwnerKind::User, OWNER) else {
        return vec![Attack::CreateOwner];
    };
    let mut attacks: Vec<Attack> = setting
        .documents
        .iter()
        .filter(|document| owner.inline.get(INLINE) != Some(document))
        .cloned()
        .map(Attack::Put)
        .collect();
    if owner.inline.contains_key(INLINE) {
        attacks.push(Attack::DeleteInline);
        let restricted = setting.documents.first().cloned();
        attacks.extend(restricted.map(Attack::MakeOwnerAgain));
        if !owner.inline.contains_key(FILLER) {
            attacks.push(Attack::FillQuota);
        }
    }
    if owner.inline.contains_key(FILLER) {
        attacks.push(Attack::DeleteFiller);
    }
    if owner.inline.is_empty() {
        attacks.push(Attack::DeleteOwner);
    }
    attacks
}

/// Carries a call out; its record is on its way. `None` where IAM refuses.
pub(crate) fn attack(
    setting: &Setting,
    situation: &Situation,
    attack: &Attack,
) -> Option<Situation> {
    let mut situation = situation.clone();
    let mut account = situation.iam.account().clone();
    account.pass(setting.bounds.tick);
    let hint = |call, version, in_force, document: Option<&Arc<str>>| Hint {
        write: situation.attacks + 1,
        call,
        second: account.now(),
        version,
        in_force,
        document: document.cloned(),
    };
    let user = OwnerKind::User;
    let hint = match attack {
        Attack::CreatePolicy(document) => {
            let hint = hint(WatchedCall::CreatePolicy, Some(1), true, Some(document));
            account
                .create_policy("/", "app", Arc::clone(document))
                .ok()?;
            Some(hint)
        }
        Attack::CreateVersion(document, as_default) => {
            let number = account
                .clone()
                .create_policy_version(ARN, Arc::clone(document), *as_default)
                .ok()?;
            let call = WatchedCall::CreatePolicyVersion;
            let hint = hint(call, Some(number), *as_default, Some(document));
            account
                .create_policy_version(ARN, Arc::clone(document), *as_default)
                .ok()?;
            Some(hint)
        }
        Attack::SetDefault(number) => {
            let call = WatchedCall::SetDefaultPolicyVersion;
            let hint = hint(call, Some(*number), true, None);
            account.set_default_policy_version(ARN, *number).ok()?;
            Some(hint)
        }
        Attack::Put(document) => {
            let hint = hint(WatchedCall::PutUserPolicy, None, true, Some(document));
            account
                .put_inline(user, OWNER, INLINE, Arc::clone(document))
                .ok()?;
            Some(hint)
        }
        Attack::DeleteVersion(number) => {
            account.delete_policy_version(ARN, *number).ok()?;
            None
        }
        Attack::DeletePolicy => {
            account.delete_policy(ARN).ok()?;
            None
        }
        Attack::MakePolicyAgain(document) => {
            let hint = hint(WatchedCall::CreatePolicy, Some(1), true, Some(document));
            let policy = account.policy(ARN)?;
            let others = policy.versions.iter().map(|version| version.number);
            let others: Vec<u32> = others.filter(|it| *it != policy.default).collect();
            for number in others {
                account.delete_policy_version(ARN, number).ok()?;
            }
            account.delete_policy(ARN).ok()?;
            account
                .create_policy("/", "app", Arc::clone(document))
                .ok()?;
            Some(hint)
        }
        Attack::FillVersions => {
            while account.create_policy_version(ARN, FILLING, false).is_ok() {}
            None
        }
        Attack::SwapVersion => {
            let policy = account.policy(ARN)?;
            let mut others = policy.versions.iter().map(|version| version.number);
            let oldest = others.find(|number| *number != policy.default)?;
            account.delete_policy_version(ARN, oldest).ok()?;
            account.create_policy_version(ARN, FILLING, false).ok()?;
            None
        }
        Attack::CreateOwner => {
            account.create_owner(user, OWNER).ok()?;
            None
        }
        Attack::DeleteOwner => {
            account.delete_owner(user, OWNER).ok()?;
            None
        }
        Attack::MakeOwnerAgain(document) => {
            let hint = hint(WatchedCall::PutUserPolicy, None, true, Some(document));
            for policy in [INLINE, FILLER] {
                // Not each of them is there.
                drop(account.delete_inline(user, OWNER, policy));
            }
            account.delete_owner(user, OWNER).ok()?;
            account.create_owner(user, OWNER).ok()?;
            account
                .put_inline(user, OWNER, INLINE, Arc::clone(document))
                .ok()?;
            Some(hint)
        }
        Attack::DeleteInline => {
            account.delete_inline(user, OWNER, INLINE).ok()?;
            None
        }
        Attack::FillQuota => {
            let filler = filler(&account)?;
            account.put_inline(user, OWNER, FILLER, filler).ok()?;
            None
        }
        Attack::DeleteFiller => {
            account.delete_inline(user, OWNER, FILLER).ok()?;
            None
        }
    };
    situation.attacks += 1;
    situation.hints.extend(hint.map(Rc::new));
    situation.wrote(account, setting.bounds.stale);
    Some(situation)
}
