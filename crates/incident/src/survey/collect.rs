//! Judges the entries of an account one by one, and keeps what a comparison needs.

use std::collections::HashMap;
use std::rc::Rc;

use iam_policy::{PolicyDocument, Quota};

use super::judged::{Group, Judged};
use super::{
    Baseline, Denial, Grant, GrantCounts, GrantId, SurveyedPolicy, SurveyedPrincipal, SweepCounts,
    SweepOutput,
};
use crate::judgement::GuardConfig;
use crate::memory::Wanted;
use crate::message::{GoneDenial, GoneThing, ObservedPolicy, Response};
use crate::subject::{AddedIdentity, InlinePolicy, ManagedPolicy, Owner, OwnerKind, ReportedCall};
use crate::{
    Analysis, Document as _, PolicyArn, Snapshot, Subject, Timestamp, UniqueId, VersionId,
};

/// Judges an account. Pages come in any order, and a document is kept only if it is new.
#[derive(Debug)]
pub struct Collector<'r> {
    rules: &'r GuardConfig,
    /// The sweep before; none for a baseline.
    previous: Option<&'r SweepOutput>,
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
    /// The groups that hold something restricted: a membership is new only if its group is known.
    pub groups: Vec<GrantId>,
    /// What denies something and is attached, sorted.
    pub denials: Vec<Denial>,
    /// Those of the sweep before that are gone, although their owners are still there.
    pub gone: Vec<GoneDenial>,
    pub counts: SweepCounts,
}

impl<'r> Collector<'r> {
    #[must_use]
    pub fn new(rules: &'r GuardConfig, previous: Option<&'r SweepOutput>) -> Self {
        Self {
            rules,
            previous,
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
            is_reserved: policy.reserved.is_some(),
            denies: denies(&policy.document),
            judged: self.judge(&Subject::Managed(named), &observed, quota),
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
                judged: self.judge(&Subject::Inline(named), &observed, quota),
                name: inline.name,
            }
        });
        let inline = inline.collect();
        self.principals.push(Principal {
            inline,
            owner: principal.owner,
            identity: principal.identity,
            is_reserved: principal.reserved.is_some(),
            attached: principal.attached,
            groups: principal.groups,
            boundary: principal.boundary,
        });
    }

    fn judge(&self, subject: &Subject, observed: &ObservedPolicy, quota: Quota) -> Option<Judged> {
        // One for each document: it keeps what it has read.
        let analysis = Analysis::new(&self.rules.restricted, quota);
        let response = analysis.response(&observed.document)?;
        let response = self.rules.responds(response);
        let wanted = Wanted::document(subject, observed, response, &analysis);
        let id = match &wanted {
            Some(wanted) => GrantId::of_document(&wanted.key),
            None => GrantId::of_long_document(subject, observed),
        };
        let is_new = self.previous.is_some_and(|previous| !previous.knows(&id));
        Some(Judged {
            id,
            patterns: analysis.met_numbers(&observed.document).into(),
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
        let holding = groups.values().filter(|group| group.holds());
        findings.groups = holding.map(|group| group.id.clone()).collect();
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
            let policy = self.policies.get(arn);
            let Some((policy, judged)) = policy.and_then(|it| Some((it, it.judged.as_ref()?)))
            else {
                continue;
            };
            let call = ReportedCall::Attachment {
                owner: principal.owner.clone(),
                policy: arn.clone(),
            };
            let came_with_it = self.came_with(arn, policy, judged);
            findings.grants.push(addition(
                call,
                principal,
                &policy.identity,
                &judged.patterns,
                judged.response,
                reserved.or(came_with_it),
            ));
        }
        for name in &principal.groups {
            let Some(group) = groups.get(name.as_str()).filter(|group| group.holds()) else {
                continue;
            };
            let call = ReportedCall::AddedToGroup {
                user: principal.owner.name.clone(),
                group: name.clone(),
            };
            let is_new_group = self.previous.is_some_and(|it| !it.knows(&group.id));
            findings.grants.push(addition(
                call,
                principal,
                &group.identity,
                &group.patterns.clone().into(),
                group.response,
                is_new_group.then_some(Baseline::WithItsPolicy),
            ));
        }
    }

    /// Whether what is attached became restricted after it was attached.
    fn came_with(&self, arn: &PolicyArn, policy: &Policy, judged: &Judged) -> Option<Baseline> {
        let previous = self.previous?;
        let is_newer = if arn.is_aws_managed() {
            // IAM's dates have whole seconds.
            policy.created.as_second() >= previous.started_at.as_second()
        } else {
            !previous.knows(&judged.id)
        };
        is_newer.then_some(Baseline::WithItsPolicy)
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
        let owner = &principal.identity.id;
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
        denials.extend(all.map(|what| Denial::new(owner, what)));
    }

    /// The denials of the sweep before that are gone, with their owners' names.
    fn gone(&self) -> Vec<GoneDenial> {
        let Some(previous) = self.previous else {
            return Vec::new();
        };
        let principals = self.principals.iter();
        let by_id: HashMap<&str, &Principal> =
            principals.map(|it| (it.identity.id.as_str(), it)).collect();
        let denials = previous.denials.iter().filter_map(|it| Denial::read(it));
        let gone = denials.filter_map(|denial| {
            let principal = by_id.get(denial.owner())?;
            let is_there = denial.is_among(
                &principal.attached,
                principal.inline.iter().map(|it| it.name.as_str()),
                principal.boundary.as_ref(),
            );
            (!is_there).then(|| GoneDenial {
                owner: principal.owner.clone(),
                what: denial.into_what(),
            })
        });
        gone.collect()
    }
}

/// What is attached or joined is asked about at most.
fn addition(
    call: ReportedCall,
    principal: &Principal,
    added: &UniqueId,
    patterns: &Rc<[u16]>,
    response: Response,
    baseline: Option<Baseline>,
) -> Grant {
    let subject = Subject::Reported(call);
    let identity = AddedIdentity {
        owner: principal.identity.clone(),
        added: added.clone(),
    };
    Grant {
        id: GrantId::of_addition(&subject, &identity),
        subject,
        version: None,
        key: None,
        document: None,
        patterns: Rc::clone(patterns),
        response: match response {
            Response::Contain => Response::Ask,
            response => response,
        },
        baseline,
    }
}

/// Whether a document has a `Deny`. One that cannot be read may have one.
fn denies(document: &str) -> bool {
    match document.parse::<PolicyDocument>() {
        Ok(document) => document
            .statements()
            .iter()
            .any(|statement| statement.effect() == iam_policy::Effect::Deny),
        Err(_) => true,
    }
}
