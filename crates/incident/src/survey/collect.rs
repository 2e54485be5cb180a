//! Judges the entries of an account one by one, and keeps what a comparison needs.

use std::collections::HashMap;
use std::rc::Rc;

use iam_policy::Quota;

use super::denial::denies;
use super::judged::{Added, Group, Judged, numbers};
use super::{
    Baseline, Denial, Grant, GrantCounts, GrantId, SurveyedPolicy, SurveyedPrincipal, SweepCounts,
    SweepOutput,
};
use crate::judgement::GuardConfig;
use crate::memory::Wanted;
use crate::message::{GoneDenial, GoneThing, ObservedPolicy, Response};
use crate::subject::{
    AddedIdentity, InlinePolicy, ManagedPolicy, Owner, OwnerKind, ReportedCall, Reserved,
};
use crate::{
    Analysis, Document as _, PolicyArn, Snapshot, Subject, Timestamp, UniqueId, VersionId,
};

/// Judges an account. Pages come in any order, and a document is kept only if it is new.
#[derive(Debug)]
pub struct Collector<'r> {
    rules: &'r GuardConfig,
    /// The sweep before; none for a baseline.
    previous: Option<&'r SweepOutput>,
    /// The sweep before, whatever its lists were. What denied something does not depend on them.
    denying: Option<&'r SweepOutput>,
    policies: HashMap<PolicyArn, Policy>,
    principals: Vec<Principal>,
}

#[derive(Debug)]
struct Policy {
    identity: UniqueId,
    version: VersionId,
    created: Timestamp,
    is_reserved: bool,
    denies: bool,
    judged: Option<Judged>,
}

#[derive(Debug)]
struct Principal {
    owner: Owner,
    identity: UniqueId,
    is_reserved: bool,
    inline: Vec<Inline>,
    attached: Vec<PolicyArn>,
    groups: Vec<String>,
    boundary: Option<PolicyArn>,
}

#[derive(Debug)]
struct Inline {
    name: String,
    denies: bool,
    judged: Option<Judged>,
}

/// What an account holds.
#[derive(Debug, Default)]
pub struct Findings {
    pub grants: Vec<Grant>,
    /// The policies and groups that are restricted, or were when the sweep before knew them: what
    /// is attached or joined is new only if they are known.
    pub holdings: Vec<GrantId>,
    /// What the sweep before knew to be attached or joined, and that gives nothing restricted now.
    pub kept: Vec<GrantId>,
    /// What denies something and is attached, sorted.
    pub denials: Vec<Denial>,
    /// Those of the sweep before that are gone, although whom they denied something is still there.
    pub gone: Vec<GoneDenial>,
    pub counts: SweepCounts,
}

impl<'r> Collector<'r> {
    /// `comparable` is the sweep before, if it judged by the same lists.
    #[must_use]
    pub fn new(
        rules: &'r GuardConfig,
        comparable: Option<&'r SweepOutput>,
        before: Option<&'r SweepOutput>,
    ) -> Self {
        Self {
            rules,
            previous: comparable,
            denying: before,
            policies: HashMap::new(),
            principals: Vec::new(),
        }
    }

    pub fn policy(&mut self, policy: SurveyedPolicy) {
        let named = ManagedPolicy {
            arn: policy.arn.clone(),
        };
        let quota = named.quota();
        let observed = ObservedPolicy {
            identity: policy.identity.clone(),
            version: Some(policy.version.clone()),
            document: Snapshot::new(&policy.document),
        };
        let known = Policy {
            is_reserved: policy.reserved == Some(Reserved::Service),
            denies: denies(&policy.document),
            judged: self.judge(&Subject::Managed(named), &observed, &policy.document, quota),
            identity: policy.identity,
            version: policy.version,
            created: policy.created,
        };
        self.policies.insert(policy.arn, known);
    }

    pub fn principal(&mut self, principal: SurveyedPrincipal) {
        let inline = principal.inline.into_iter().map(|inline| {
            let named = InlinePolicy {
                owner: principal.owner.clone(),
                name: inline.name.clone(),
            };
            let quota = named.quota();
            let observed = ObservedPolicy {
                identity: principal.identity.clone(),
                version: None,
                document: Snapshot::new(&inline.document),
            };
            Inline {
                denies: denies(&inline.document),
                judged: self.judge(&Subject::Inline(named), &observed, &inline.document, quota),
                name: inline.name,
            }
        });
        let inline = inline.collect();
        self.principals.push(Principal {
            inline,
            owner: principal.owner,
            identity: principal.identity,
            is_reserved: principal.reserved == Some(Reserved::Service),
            attached: principal.attached,
            groups: principal.groups,
            boundary: principal.boundary,
        });
    }

    fn judge(
        &self,
        subject: &Subject,
        observed: &ObservedPolicy,
        text: &str,
        quota: Quota,
    ) -> Option<Judged> {
        // AWS's own documents can be too long for a snapshot.
        let judgement = iam_policy::judge(text, &self.rules.restricted);
        let response = self.rules.responds(judgement.response()?);
        // One for each document: it keeps what it has read.
        let analysis = Analysis::new(&self.rules.restricted, quota);
        let wanted = Wanted::document(subject, observed, response, &analysis);
        let id = match &wanted {
            Some(wanted) => GrantId::of_document(&wanted.key),
            None => GrantId::of_long_document(subject, observed),
        };
        let is_new = self.previous.is_some_and(|previous| !previous.knows(&id));
        Some(Judged {
            id,
            patterns: numbers(&judgement, &self.rules.restricted).into(),
            response,
            key: wanted.as_ref().map(|wanted| wanted.key.clone()),
            wanted: wanted.filter(|_| is_new).map(Rc::new),
        })
    }

    /// Puts the entries together, after the last one.
    #[must_use]
    pub fn finish(self) -> Findings {
        let mut findings = Findings::default();
        self.count(&mut findings.counts);
        for (arn, policy) in &self.policies {
            // AWS's own policies count where they are attached.
            if let Some(judged) = policy.judged.as_ref().filter(|_| !arn.is_aws_managed()) {
                let subject = Subject::Managed(ManagedPolicy { arn: arn.clone() });
                let baseline = policy.is_reserved.then_some(Baseline::Reserved);
                findings
                    .grants
                    .push(judged.grant(subject, Some(policy.version.clone()), baseline));
            }
        }
        let groups = self.groups();
        for principal in &self.principals {
            self.add_held(principal, &groups, &mut findings);
            self.add_denials(principal, &mut findings.denials);
        }
        let holding = groups.values().map(|group| (&group.id, group.holds()));
        let holding: Vec<_> = holding
            .filter(|(id, holds)| self.watches(id, *holds))
            .collect();
        findings
            .holdings
            .extend(holding.into_iter().map(|(id, _)| id.clone()));
        for policy in self.policies.values() {
            let id = GrantId::of_holding(&policy.identity);
            if self.watches(&id, policy.judged.is_some()) {
                findings.holdings.push(id);
            }
        }
        findings.grants.sort_by(|a, b| a.id.cmp(&b.id));
        findings.grants.dedup_by(|a, b| a.id == b.id);
        findings.denials.sort_unstable();
        findings.denials.dedup();
        findings.gone = self.gone();
        findings.counts.restricted = GrantCounts::of(&findings.grants);
        findings.counts.gone = findings.gone.len();
        findings
    }

    fn count(&self, counts: &mut SweepCounts) {
        counts.managed_policies = self.policies.len();
        for principal in &self.principals {
            match principal.owner.kind {
                OwnerKind::User => counts.users += 1,
                OwnerKind::Group => counts.groups += 1,
                OwnerKind::Role => counts.roles += 1,
            }
            counts.inline_policies += principal.inline.len();
        }
    }

    fn add_held(
        &self,
        principal: &Principal,
        groups: &HashMap<&str, Group>,
        findings: &mut Findings,
    ) {
        let reserved = principal.is_reserved.then_some(Baseline::Reserved);
        for inline in &principal.inline {
            if let Some(judged) = &inline.judged {
                let subject = Subject::Inline(InlinePolicy {
                    owner: principal.owner.clone(),
                    name: inline.name.clone(),
                });
                findings.grants.push(judged.grant(subject, None, reserved));
            }
        }
        for arn in &principal.attached {
            let Some(policy) = self.policies.get(arn) else {
                continue;
            };
            let call = ReportedCall::Attachment {
                owner: principal.owner.clone(),
                policy: arn.clone(),
            };
            let held = policy.judged.as_ref();
            let held = held.map(|judged| (Rc::clone(&judged.patterns), judged.response));
            let added = Added {
                identity: &policy.identity,
                held,
                was_there: !arn.is_aws_managed() || self.is_changed(policy),
            };
            self.add_addition(principal, call, added, findings);
        }
        for name in &principal.groups {
            let Some(group) = groups.get(name.as_str()) else {
                continue;
            };
            let call = ReportedCall::AddedToGroup {
                user: principal.owner.name.clone(),
                group: name.clone(),
            };
            let held = group
                .holds()
                .then(|| (group.patterns.clone().into(), group.response));
            let added = Added {
                identity: &group.identity,
                held,
                was_there: true,
            };
            self.add_addition(principal, call, added, findings);
        }
    }

    /// Whether AWS may have changed its policy since the sweep before read it.
    fn is_changed(&self, policy: &Policy) -> bool {
        // A new version takes a while until IAM shows it everywhere.
        const MARGIN: i64 = 60 * 60;
        self.previous.is_none_or(|previous| {
            policy.created.as_second() >= previous.started_at.as_second() - MARGIN
        })
    }

    /// Adds what is attached or joined.
    fn add_addition(
        &self,
        principal: &Principal,
        call: ReportedCall,
        added: Added<'_>,
        findings: &mut Findings,
    ) {
        let id = GrantId::of_addition(&AddedIdentity {
            owner: principal.identity.clone(),
            added: added.identity.clone(),
        });
        let Some((patterns, response)) = added.held else {
            if self.previous.is_some_and(|previous| previous.knows(&id)) {
                findings.kept.push(id);
            }
            return;
        };
        let holding = GrantId::of_holding(added.identity);
        let is_newer = self.previous.is_some_and(|it| !it.knows(&holding));
        let came_with_it = is_newer && added.was_there;
        let baseline = if principal.is_reserved {
            Some(Baseline::Reserved)
        } else {
            came_with_it.then_some(Baseline::WithItsPolicy)
        };
        findings.grants.push(Grant {
            id,
            subject: Subject::Reported(call),
            version: None,
            key: None,
            document: None,
            patterns,
            // What is attached or joined is asked about at most.
            response: match response {
                Response::Contain => Response::Ask,
                response => response,
            },
            baseline,
        });
    }

    /// Whether what is attached or joined is followed: it is restricted, or was before.
    fn watches(&self, holding: &GrantId, is_restricted: bool) -> bool {
        is_restricted || self.previous.is_some_and(|it| it.knows(holding))
    }

    fn groups(&self) -> HashMap<&str, Group> {
        let all = self.principals.iter();
        let groups = all.filter(|it| it.owner.kind == OwnerKind::Group);
        let groups = groups.map(|principal| {
            let inline = principal.inline.iter().filter_map(|it| it.judged.as_ref());
            let attached = principal.attached.iter();
            let attached = attached.filter_map(|it| self.policies.get(it)?.judged.as_ref());
            let group = Group::new(&principal.identity, inline.chain(attached));
            (principal.owner.name.as_str(), group)
        });
        groups.collect()
    }

    fn add_denials(&self, principal: &Principal, denials: &mut Vec<Denial>) {
        let id = &principal.identity.id;
        let denying = |arn: &&PolicyArn| self.policies.get(*arn).is_some_and(|it| it.denies);
        let attached = principal
            .attached
            .iter()
            .filter(denying)
            .map(|arn| GoneThing::Attached {
                policy: arn.to_string(),
            });
        let inline = principal.inline.iter().filter(|inline| inline.denies);
        let inline = inline.map(|inline| GoneThing::Inline {
            name: inline.name.clone(),
        });
        // Whatever a boundary does not allow is denied.
        let boundary = principal.boundary.iter().map(|arn| GoneThing::Boundary {
            policy: arn.to_string(),
        });
        let all = attached.chain(inline).chain(boundary);
        denials.extend(all.map(|what| Denial::new(id, &principal.owner, what)));
    }

    /// The denials of the sweep before that are gone, with their owners' names.
    fn gone(&self) -> Vec<GoneDenial> {
        let Some(previous) = self.denying else {
            return Vec::new();
        };
        let principals = self.principals.iter();
        let by_id: HashMap<&str, &Principal> =
            principals.map(|it| (it.identity.id.as_str(), it)).collect();
        let denials = previous.denials.iter().filter_map(|it| Denial::read(it));
        let gone = denials.filter_map(|denial| {
            let owner = match by_id.get(denial.owner()) {
                Some(principal) => {
                    let is_there = denial.is_among(
                        &principal.attached,
                        principal.inline.iter().map(|it| it.name.as_str()),
                        principal.boundary.as_ref(),
                    );
                    (!is_there).then(|| principal.owner.clone())?
                }
                None => denial.group()?,
            };
            let what = denial.into_what();
            Some(GoneDenial { owner, what })
        });
        gone.collect()
    }
}
