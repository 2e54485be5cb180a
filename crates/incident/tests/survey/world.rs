//! An account, as the sweep reads it.

use std::collections::BTreeMap;

use incident::subject::{Owner, OwnerKind, Reserved};
use incident::survey::{SurveyedInline, SurveyedPolicy, SurveyedPrincipal};
use incident::{PolicyArn, UniqueId, VersionId};

use crate::{KINDS, START, at};

/// An account. Ids are never given twice.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    serial: u32,
    policies: BTreeMap<String, SurveyedPolicy>,
    principals: BTreeMap<(String, String), SurveyedPrincipal>,
    /// Whether pages come in the other order.
    pub(crate) is_reversed: bool,
}

pub(crate) fn aws(name: &str) -> String {
    format!("arn:aws:iam::aws:policy/{name}")
}

pub(crate) fn own(name: &str) -> String {
    format!("arn:aws:iam::111122223333:policy/{name}")
}

impl World {
    fn id(&mut self, prefix: &str) -> UniqueId {
        self.serial += 1;
        UniqueId {
            id: format!("{prefix}{:017}", self.serial),
            created: at(START - 1_000_000),
        }
    }

    pub(crate) fn policy(&mut self, arn: &str, document: &str) {
        let identity = self.id("ANPA");
        let policy = SurveyedPolicy {
            arn: PolicyArn::parse(arn).unwrap(),
            identity,
            version: VersionId::parse("v1").unwrap(),
            created: at(START - 1_000_000),
            document: document.to_owned(),
            reserved: arn
                .split_once(":policy")
                .and_then(|(_, path)| Reserved::of_path(path)),
            attachments: Some(0),
        };
        self.policies.insert(arn.to_owned(), policy);
    }

    /// Puts another version in force.
    pub(crate) fn version(&mut self, arn: &str, document: &str, created: i64) {
        let policy = self.policies.get_mut(arn).unwrap();
        let number: u32 = policy
            .version
            .as_str()
            .trim_start_matches('v')
            .parse()
            .unwrap();
        policy.version = VersionId::parse(&format!("v{}", number + 1)).unwrap();
        policy.created = at(created);
        document.clone_into(&mut policy.document);
    }

    pub(crate) fn delete_policy(&mut self, arn: &str) {
        self.policies.remove(arn).unwrap();
        for principal in self.principals.values_mut() {
            principal.attached.retain(|it| it.as_str() != arn);
        }
    }

    pub(crate) fn create(&mut self, kind: OwnerKind, name: &str) {
        let identity = self.id("AXXA");
        let principal = SurveyedPrincipal {
            owner: Owner {
                kind,
                name: name.to_owned(),
            },
            arn: format!("arn:aws:iam::111122223333:{kind}/{name}"),
            identity,
            // Only a path proves it, and the tests name no paths of owners.
            reserved: match name.split_once('_') {
                Some(("AWSReservedSSO", _)) => Some(Reserved::IdentityCenter),
                Some(("AWSServiceRoleFor", _)) => Some(Reserved::Service),
                _ => None,
            },
            inline: Vec::new(),
            attached: Vec::new(),
            groups: Vec::new(),
            boundary: None,
            trust: None,
        };
        self.principals
            .insert((kind.to_string(), name.to_owned()), principal);
    }

    pub(crate) fn delete(&mut self, kind: OwnerKind, name: &str) {
        self.principals
            .remove(&(kind.to_string(), name.to_owned()))
            .unwrap();
    }

    pub(crate) fn rename(&mut self, kind: OwnerKind, before: &str, after: &str) {
        let mut principal = self
            .principals
            .remove(&(kind.to_string(), before.to_owned()))
            .unwrap();
        after.clone_into(&mut principal.owner.name);
        self.principals
            .insert((kind.to_string(), after.to_owned()), principal);
    }

    pub(crate) fn change(
        &mut self,
        kind: OwnerKind,
        name: &str,
        change: impl FnOnce(&mut SurveyedPrincipal),
    ) {
        let principal = self
            .principals
            .get_mut(&(kind.to_string(), name.to_owned()));
        change(principal.unwrap());
    }

    pub(crate) fn put(&mut self, kind: OwnerKind, owner: &str, name: &str, document: &str) {
        self.change(kind, owner, |principal| {
            principal.inline.retain(|inline| inline.name != name);
            principal.inline.push(SurveyedInline {
                name: name.to_owned(),
                document: document.to_owned(),
            });
        });
    }

    pub(crate) fn take(&mut self, kind: OwnerKind, owner: &str, name: &str) {
        self.change(kind, owner, |principal| {
            principal.inline.retain(|inline| inline.name != name);
        });
    }

    pub(crate) fn attach(&mut self, kind: OwnerKind, owner: &str, arn: &str) {
        let arn = PolicyArn::parse(arn).unwrap();
        self.change(kind, owner, |principal| principal.attached.push(arn));
    }

    pub(crate) fn detach(&mut self, kind: OwnerKind, owner: &str, arn: &str) {
        self.change(kind, owner, |principal| {
            principal.attached.retain(|it| it.as_str() != arn);
        });
    }

    pub(crate) fn join(&mut self, user: &str, group: &str) {
        self.change(OwnerKind::User, user, |principal| {
            principal.groups.push(group.to_owned());
        });
    }

    pub(crate) fn bound(&mut self, kind: OwnerKind, owner: &str, arn: Option<&str>) {
        self.change(kind, owner, |principal| {
            principal.boundary = arn.map(|arn| PolicyArn::parse(arn).unwrap());
        });
    }

    /// What IAM shows: policies of AWS only while someone holds them.
    fn shown(&self) -> impl DoubleEndedIterator<Item = &SurveyedPolicy> {
        let is_held = |arn: &PolicyArn| {
            let mut all = self.principals.values();
            all.any(|it| it.attached.contains(arn) || it.boundary.as_ref() == Some(arn))
        };
        let policies = self.policies.values();
        policies.filter(move |it| !it.arn.is_aws_managed() || is_held(&it.arn))
    }

    /// Gives each entry to `to`.
    pub(crate) fn each<T>(
        &self,
        to: &mut T,
        principal: impl Fn(&mut T, SurveyedPrincipal),
        policy: impl Fn(&mut T, SurveyedPolicy),
    ) {
        if self.is_reversed {
            for entry in self.shown().rev() {
                policy(to, entry.clone());
            }
            for entry in self.principals.values().rev() {
                principal(to, entry.clone());
            }
        } else {
            for entry in self.principals.values() {
                principal(to, entry.clone());
            }
            for entry in self.shown() {
                policy(to, entry.clone());
            }
        }
    }

    /// An account full of old grants of each kind.
    pub(crate) fn old() -> Self {
        let mut world = Self::default();
        world.policy(&own("old"), crate::GRANTS);
        world.policy(&own("plain"), crate::HARMLESS);
        world.policy(&own("denies"), crate::DENIES);
        world.policy(&own("aws-reserved/set"), crate::GRANTS);
        world.policy(&aws("Admin"), crate::GRANTS);
        world.policy(&aws("Reader"), crate::HARMLESS);
        for kind in KINDS {
            for number in 0..3 {
                let name = format!("{kind}{number}");
                world.create(kind, &name);
                world.put(kind, &name, "inline", crate::GRANTS);
                world.put(kind, &name, "plain", crate::HARMLESS);
                world.attach(kind, &name, &own("old"));
                world.attach(kind, &name, &aws("Admin"));
                world.attach(kind, &name, &aws("Reader"));
                world.attach(kind, &name, &own("denies"));
            }
        }
        world.create(OwnerKind::Group, "plain");
        world.join("user0", "group0");
        world.join("user1", "group0");
        world.join("user2", "plain");
        for role in ["AWSReservedSSO_Admin_1", "AWSServiceRoleFor_Example"] {
            world.create(OwnerKind::Role, role);
            world.put(OwnerKind::Role, role, "set", crate::GRANTS);
            world.attach(OwnerKind::Role, role, &aws("Admin"));
        }
        world.bound(OwnerKind::User, "user0", Some(&own("plain")));
        world
    }
}
