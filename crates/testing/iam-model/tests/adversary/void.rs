//! What the guard remembers is void where the document, the identity or the lists are others.

use fastrand::Rng;
use iam_policy::{Quota, RestrictedActions};
use incident::memory::{Before, ClaimName, Memory, Remembered, Standing, Wanted};
use incident::message::{
    Contained, Left, ObservedPolicy, OutcomeResult, Quarantine, Response, Verdict, VerdictResult,
};
use incident::subject::ManagedPolicy;
use incident::{Analysis, PolicyArn, Snapshot, Subject, UniqueId};
use serde_json::json;

use crate::judge::record;
use crate::setting::{ARN, Bounds, HARMLESS, Kind, Setting, time, version_id};
use crate::situation::Hint;
use crate::steps::arn;

const CASES: usize = 2_000;

const ACTIONS: [&str; 8] = [
    "s3:GetObject",
    "S3:getobject",
    "s3:DeleteBucket",
    "s3:DeleteObject",
    "s3:Delete*",
    "s3:*",
    "*",
    "iam:PassRole",
];

const PATTERNS: [&str; 6] = [
    "s3:DeleteBucket",
    "s3:DeleteObject",
    "s3:Delete*",
    "iam:PassRole",
    "iam:*",
    "s3:GetObject",
];

/// What can be different about what is written again.
#[derive(Clone, Debug)]
struct Thing {
    policy: &'static str,
    identity: UniqueId,
    document: String,
    list: String,
}

fn any_document(random: &mut Rng) -> String {
    let statements: Vec<_> = (0..random.usize(1..3))
        .map(|_| {
            let many = random.usize(1..3);
            let actions = random.choose_multiple(ACTIONS, many);
            let effect = ["Allow", "Allow", "Allow", "Deny"][random.usize(..4)];
            let resource = ["*", "*", "arn:aws:s3:::a"][random.usize(..3)];
            let mut statement = json!({"Effect": effect, "Action": actions, "Resource": resource});
            if random.u8(..4) == 0 {
                statement["Condition"] = json!({"Bool": {"aws:SecureTransport": "true"}});
            }
            statement
        })
        .collect();
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn any_thing(random: &mut Rng) -> Thing {
    let created = time(random.i64(0..3));
    let many = random.usize(1..4);
    Thing {
        policy: [ARN, "arn:aws:iam::111122223333:policy/other"][random.usize(..2)],
        identity: UniqueId {
            id: ["ANPA1", "ANPA2"][random.usize(..2)].to_owned(),
            created,
        },
        document: any_document(random),
        list: random.choose_multiple(PATTERNS, many).join(","),
    }
}

/// The same, but for one part.
fn changed(thing: &Thing, random: &mut Rng) -> Thing {
    let other = any_thing(random);
    let mut thing = thing.clone();
    match random.u8(..5) {
        0 => thing.policy = other.policy,
        1 => thing.identity = other.identity,
        2 => thing.list = other.list,
        3 => thing.document = other.document,
        // The same text, in another form.
        _ => {
            thing.document = thing
                .document
                .replace(':', ": ")
                .replace("arn: aws: s3: : : a", "arn:aws:s3:::a")
        }
    }
    thing
}

impl Thing {
    fn subject(&self) -> Subject {
        let arn = PolicyArn::parse(self.policy).unwrap();
        Subject::Managed(ManagedPolicy { arn })
    }

    fn observed(&self) -> ObservedPolicy {
        ObservedPolicy {
            identity: self.identity.clone(),
            version: Some(version_id(2)),
            document: Snapshot::new(&self.document),
        }
    }
}

fn wanted_of(thing: &Thing, analysis: &Analysis<'_>) -> Option<Wanted> {
    let (subject, observed) = (thing.subject(), thing.observed());
    Wanted::document(&subject, &observed, Response::Contain, analysis)
}

/// What an incident about `thing` shows that was allowed, denied, or is pending; it names the claim
/// of `wanted`, as if the keys were the same.
fn shown(
    setting: &Setting,
    thing: &Thing,
    before: &Analysis<'_>,
    now: &Analysis<'_>,
    wanted: &Wanted,
    outcome: Option<OutcomeResult>,
) -> Option<Before> {
    let claim = ClaimName::generations(&wanted.key).next().unwrap();
    let original = Snapshot::new(&thing.document);
    let document = Snapshot::new(&before.candidate(&original, 0)?);
    let contained = Contained {
        identity: thing.identity.clone(),
        versions: None,
        restricted: before.restricted(&original),
        removal: before.removal(&original, &document)?,
        left: Left::default(),
        original: original.clone(),
        document,
        evicted: Vec::new(),
        attached_to: None,
        held_by: None,
        found_done: false,
        removed: false,
        asked: false,
        claim: None,
        known: None,
        settled: None,
    };
    let hint = Hint {
        write: 0,
        call: incident::WatchedCall::CreatePolicyVersion,
        second: 0,
        version: Some(2),
        in_force: true,
        document: None,
    };
    let mut change = record(setting, &hint).change;
    change.subject = thing.subject();
    let quarantine = outcome.map(|_| Quarantine::InPlace(contained));
    let verdict = Verdict {
        response: Response::Contain,
        notify: true,
        result: VerdictResult::Restricted,
        change,
        in_force: quarantine.is_none().then(|| thing.observed()),
        named: None,
        restricted: before.restricted(&original),
        exemption: None,
        report: None,
        memory: Memory {
            claim: Some(claim.clone()),
            ..Memory::default()
        },
    };
    let execution = arn(0);
    let decision = outcome.map(|outcome| match outcome {
        OutcomeResult::Allowed => json!({"action": "allow"}),
        _ => json!({"action": "deny"}),
    });
    let remembered = Remembered {
        execution: &execution,
        has_succeeded: outcome.is_some(),
        state: Some("Ended"),
        verdict: &verdict,
        quarantine: quarantine.as_ref(),
        decision: decision.as_ref(),
        outcome,
        until: None,
    };
    remembered.standing(&claim, wanted, now, time(0))
}

#[test]
fn a_memory_is_void_for_another_thing() {
    let bounds = Bounds {
        moves: 0,
        attacks: 0,
        executions: 0,
        stale: 0,
        stale_judgement: 0,
        tick: 0,
    };
    let setting = Setting::new(Kind::Managed, &[HARMLESS], bounds);
    let mut random = Rng::with_seed(30);
    let (mut same, mut others) = (0, 0);
    for _ in 0..CASES {
        let thing = any_thing(&mut random);
        let now = changed(&thing, &mut random);
        let lists = [&thing, &now].map(|it| it.list.parse::<RestrictedActions>().unwrap());
        let [before, after] = [0, 1].map(|it| Analysis::new(&lists[it], Quota::MANAGED));
        let (old, new) = (Snapshot::new(&thing.document), Snapshot::new(&now.document));
        if !before.is_restricted(&old) || !after.is_restricted(&new) {
            continue;
        }
        let wanted = wanted_of(&now, &after).unwrap();
        let former = wanted_of(&thing, &before).unwrap();
        let is_same = thing.policy == now.policy
            && thing.identity == now.identity
            && before.is_equivalent(&old, &new)
            && before.met(&old) == after.met(&new);
        assert_eq!(former.key == wanted.key, is_same, "{thing:?}\n{now:?}");
        same += usize::from(is_same);
        others += usize::from(!is_same);
        for (outcome, standing) in [
            (None, Standing::Pending),
            (Some(OutcomeResult::Allowed), Standing::Allowed),
            (Some(OutcomeResult::Denied), Standing::Denied),
        ] {
            let found = shown(&setting, &thing, &before, &after, &wanted, outcome);
            let found = found.map(|before| before.standing);
            let expected = is_same.then_some(standing);
            assert_eq!(found, expected, "{thing:?}\n{now:?}");
        }
    }
    assert!(same > 100 && others > 300, "{same} {others}");
}
