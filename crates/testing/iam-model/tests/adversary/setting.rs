//! What stays the same during an exploration: the subject, the documents, the rules.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use iam_model::{Account, OwnerKind};
use iam_policy::{Quota, Response, RestrictedActions, quota_size};
use incident::judgement::{ExemptPrincipals, GuardConfig, Mode};
use incident::subject::{
    InlinePolicy, ManagedPolicy, ObservedInline, ObservedManaged, Owner, Version,
};
use incident::{Analysis, Observed, PolicyArn, Snapshot, Subject, Timestamp, UniqueId, VersionId};

use crate::gaps::Gap;
use crate::situation::Moment;

pub(crate) const ARN: &str = "arn:aws:iam::111122223333:policy/app";
pub(crate) const OWNER: &str = "app";
pub(crate) const INLINE: &str = "inline";
/// The policy with which the attacker fills the quota.
pub(crate) const FILLER: &str = "filler";

/// The alphabet. Both restricted ones with `Get` have the same remediation.
pub(crate) const RESTRICTED: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:GetObject","s3:DeleteBucket"],"Resource":"*"}}"#;
pub(crate) const RESTRICTED_TOO: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:GetObject","s3:DeleteObject"],"Resource":"*"}}"#;
pub(crate) const ALL_RESTRICTED: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
pub(crate) const WIDE: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:GetObject","s3:DeleteBucket","s3:DeleteObject"],"Resource":"*"}}"#;
pub(crate) const HARMLESS: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:RunInstances","Resource":"*"}}"#;
/// What the guard would write in place of [`RESTRICTED`], as another caller may write it.
pub(crate) const REMEDIATED: &str = r#"{"Statement":[{"Action":"s3:getobject","Effect":"Allow","Resource":["*"]}],"Version":"2012-10-17"}"#;

/// The subject, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Managed,
    Inline,
}

/// How far an exploration goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Moves of the attacker, the guard, the administrators and the environment together.
    pub(crate) moves: usize,
    /// Of these, the attacker's.
    pub(crate) attacks: usize,
    /// How many executions there are at most.
    pub(crate) executions: usize,
    /// How many writes ago a look may be.
    pub(crate) stale: usize,
    /// How many writes ago a look of `ValidatePolicy` may be.
    pub(crate) stale_judgement: usize,
    /// Seconds that pass with each write.
    pub(crate) tick: i64,
}

pub(crate) struct Setting {
    pub(crate) kind: Kind,
    pub(crate) bounds: Bounds,
    pub(crate) subject: Subject,
    pub(crate) rules: &'static GuardConfig,
    pub(crate) analysis: Analysis<'static>,
    pub(crate) documents: Vec<Arc<str>>,
    /// Whether the guard remembers.
    pub(crate) remembers: bool,
    /// What the guard does today that breaks an invariant, and that is played.
    pub(crate) gaps: Vec<Gap>,
    looks: RefCell<HashMap<u64, Option<Rc<Observed>>>>,
}

impl Setting {
    /// All that is restricted is contained.
    pub(crate) fn new(kind: Kind, documents: &[&str], bounds: Bounds) -> Self {
        let restricted = "s3:DeleteBucket,s3:DeleteObject".parse().unwrap();
        Self::with_lists(kind, documents, bounds, restricted)
    }

    /// `s3:DeleteBucket` is contained, and `s3:DeleteObject` is only asked about.
    pub(crate) fn asking(kind: Kind, documents: &[&str], bounds: Bounds) -> Self {
        let restricted = RestrictedActions::of_lists(|response| match response {
            Response::Contain => "s3:DeleteBucket",
            Response::Ask => "s3:DeleteObject",
            _ => "",
        });
        Self::with_lists(kind, documents, bounds, restricted.unwrap())
    }

    pub(crate) fn with_lists(
        kind: Kind,
        documents: &[&str],
        bounds: Bounds,
        restricted: RestrictedActions,
    ) -> Self {
        let rules: &'static GuardConfig = Box::leak(Box::new(GuardConfig {
            restricted,
            mode: Mode::Enforce,
            exempt: ExemptPrincipals::default(),
            account: "111122223333".to_owned(),
            partition: "aws".to_owned(),
            trusted: iam_policy::TrustedAccounts::default(),
            notify_on_allowed: true,
        }));
        let (subject, quota) = match kind {
            Kind::Managed => {
                let arn = PolicyArn::parse(ARN).unwrap();
                (Subject::Managed(ManagedPolicy { arn }), Quota::MANAGED)
            }
            Kind::Inline => {
                let owner = Owner {
                    kind: incident::OwnerKind::User,
                    name: OWNER.to_owned(),
                };
                let name = INLINE.to_owned();
                (
                    Subject::Inline(InlinePolicy { owner, name }),
                    Quota::USER_INLINE,
                )
            }
        };
        Self {
            kind,
            bounds,
            subject,
            rules,
            analysis: Analysis::new(&rules.restricted, quota),
            documents: documents.iter().map(|text| Arc::from(*text)).collect(),
            remembers: false,
            gaps: Vec::new(),
            looks: RefCell::default(),
        }
    }

    /// What a look at this account shows.
    pub(crate) fn look(&self, snapshot: &Moment) -> Option<Rc<Observed>> {
        let mut looks = self.looks.borrow_mut();
        looks
            .entry(snapshot.digest())
            .or_insert_with(|| match self.kind {
                Kind::Managed => managed_look(snapshot.account()),
                Kind::Inline => inline_look(snapshot.account()),
            })
            .clone()
    }

    pub(crate) fn has(&self, gap: Gap) -> bool {
        self.gaps.contains(&gap)
    }

    /// The same where the guard remembers.
    pub(crate) fn remembering(self) -> Self {
        Self {
            remembers: true,
            ..self
        }
    }

    pub(crate) fn is_restricted(&self, document: &str) -> bool {
        self.analysis.is_restricted(&Snapshot::new(document))
    }

    /// Whether the guard asks about a document before it takes anything out.
    pub(crate) fn is_only_asked(&self, document: &str) -> bool {
        self.analysis.response(&Snapshot::new(document)) == Some(Response::Ask)
    }

    pub(crate) fn same(&self, one: &str, other: &str) -> bool {
        let (one, other) = (Snapshot::new(one), Snapshot::new(other));
        self.analysis.is_equivalent(&one, &other)
    }

    /// The document in force, where the subject is there.
    pub(crate) fn in_force<'a>(&self, account: &'a Account) -> Option<&'a str> {
        match self.kind {
            Kind::Managed => account.policy(ARN).map(|policy| policy.in_force()),
            Kind::Inline => account.inline(OwnerKind::User, OWNER, INLINE),
        }
    }

    /// The unique identifier of what bears the subject's name now.
    pub(crate) fn identity<'a>(&self, account: &'a Account) -> Option<&'a str> {
        match self.kind {
            Kind::Managed => account.policy(ARN).map(|policy| policy.id.as_str()),
            Kind::Inline => account
                .owner(OwnerKind::User, OWNER)
                .map(|owner| owner.id.as_str()),
        }
    }
}

/// The filler that leaves no room besides the document that is there, be it shorter than one that
/// grants nothing.
pub(crate) fn filler(account: &Account) -> Option<String> {
    let document = account.inline(OwnerKind::User, OWNER, INLINE)?;
    let room = OwnerKind::User.quota().limit() - quota_size(document);
    let padding = room - quota_size(HARMLESS) + "Run".len();
    Some(HARMLESS.replace("Run", &"x".repeat(padding)))
}

fn managed_look(account: &Account) -> Option<Rc<Observed>> {
    let policy = account.policy(ARN)?;
    let versions = policy.versions.iter().map(|version| Version {
        id: version_id(version.number),
        created: time(version.created),
        document: Snapshot::new(&version.document),
    });
    let identity = UniqueId {
        id: policy.id.clone(),
        created: time(policy.created),
    };
    let look = ObservedManaged::new(identity, &version_id(policy.default), versions.collect())?;
    Some(Rc::new(Observed::Managed(look)))
}

fn inline_look(account: &Account) -> Option<Rc<Observed>> {
    let owner = account.owner(OwnerKind::User, OWNER)?;
    Some(Rc::new(Observed::Inline(ObservedInline {
        identity: UniqueId {
            id: owner.id.clone(),
            created: time(owner.created),
        },
        reserved: None,
        document: owner.inline.get(INLINE).map(|it| Snapshot::new(it)),
    })))
}

pub(crate) fn version_id(number: u32) -> VersionId {
    VersionId::parse(&format!("v{number}")).unwrap()
}

pub(crate) fn time(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}
