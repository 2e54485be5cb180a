//! The data of an execution stays small, whatever the document and the record.
//!
//! If the data exceeds 256 KB, the execution fails and no state can catch that. The guard stays
//! below half of the limit.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what goes wrong in a helper fails the test that called it"
)]

use iam_account::HeldBy;
use iam_policy::{Quota, RestrictedActions};
use incident::memory::{Before, ClaimName, KnownName, Memory, Standing};
use incident::message::{
    AssessedState, Assessment, AttachedTo, Contained, ContainedVersions, EvictedVersion, Found,
    InForce, Judged, Left, ObservedPolicy, Outcome, OutcomeResult, Proposal, Quarantine, Removal,
    Response, Restricted, Settled, Verdict, VerdictResult,
};
use incident::subject::Owner;
use incident::{
    Analysis, ExecutionArn, OwnerKind, PolicyChange, Record, Snapshot, Timestamp, UniqueId,
    VersionId, trim_event,
};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// The limit of the design, in bytes.
const LIMIT: usize = 128 * 1024;
/// The longest list that the template takes, in characters.
const LIST: usize = 2048;

/// A list with as many patterns as fit.
fn longest_list() -> RestrictedActions {
    let mut list = "s3:DeleteBucket,*:*Delete*".to_owned();
    for (first, second) in (b'a'..=b'z').flat_map(|a| (b'a'..=b'z').map(move |b| (a, b))) {
        let pattern = format!(",{}{}:*", char::from(first), char::from(second));
        if list.len() + pattern.len() <= LIST {
            list.push_str(&pattern);
        }
    }
    list.parse().unwrap()
}

/// A record in which every value that its writer can choose is very long.
fn record() -> Value {
    let long = |c: &str| c.repeat(20_000 / c.len());
    json!({
        "account": long("1"), "region": long("r"), "id": long("i"), "source": long("é"),
        "detail-type": long("\\"), "time": long("\""),
        "detail": {
            "eventID": long("e"), "eventName": "CreatePolicyVersion", "eventSource": "iam.amazonaws.com",
            "eventTime": "2026-03-02T09:15:27Z", "sourceIPAddress": long("\""), "userAgent": long("\\"),
            "userIdentity": {
                "type": long("\""), "principalId": long("\""), "arn": long("\\"), "accountId": long("\""),
                "userName": long("\""), "invokedBy": long("\""),
                "sessionContext": {"sourceIdentity": long("\""), "sessionIssuer": {"arn": long("\"")}}
            },
            "requestParameters": {
                "policyArn": "arn:aws:iam::111122223333:policy/app", "policyName": long("\""),
                "roleName": long("\""), "policyDocument": "{}", "userName": long("\""), "groupName": long("\"")
            },
            "responseElements": {"policyVersion": {"versionId": "v5", "isDefaultVersion": true}}
        }
    })
}

/// A document that IAM accepts: of up to 10,240 characters without white space, and with padding
/// between the tokens.
fn document() -> impl Strategy<Value = String> {
    let entry = prop_oneof![
        3 => select(vec!["*", "s3:*", "s3:Delete*", "ec2:*T*r*m*", "s3:DeleteBucket", "ab:*"])
            .prop_map(str::to_owned),
        1 => "[a-z]{2}:[A-Za-z*?]{1,60}",
        1 => "s3:Del[\"\\\\éÿ]{1,40}",
    ];
    let statement = (
        proptest::collection::vec(entry, 1..120),
        "[A-Za-z0-9]{0,300}",
        any::<bool>(),
    );
    let statements = proptest::collection::vec(statement, 1..40);
    let padding = select(vec!["", " ", "\n", "\t\r\n  "]);
    (statements, padding, 0_usize..130_000).prop_map(|(statements, padding, length)| {
        let mut list: Vec<Value> = Vec::new();
        let mut size = 60;
        for (entries, sid, negated) in statements {
            let key = if negated { "NotAction" } else { "Action" };
            let statement = json!({"Sid": sid, "Effect": "Allow", key: entries, "Resource": "*"});
            size += statement.to_string().chars().count() + 1;
            if size <= 10_240 {
                list.push(statement);
            }
        }
        let text = json!({"Version": "2012-10-17", "Statement": list}).to_string();
        let padding = padding.repeat(length / padding.len().max(1));
        text.replacen("],", &format!("],{padding}"), 1)
    })
}

#[track_caller]
fn fits(what: &str, data: &Value) {
    let size = data.to_string().len();
    assert!(size < LIMIT, "{what} has {size} bytes");
}

fn time() -> Timestamp {
    "2026-03-02T09:15:27Z".parse().unwrap()
}

fn version(id: &str) -> VersionId {
    VersionId::parse(id).unwrap()
}

fn identity() -> UniqueId {
    UniqueId {
        id: "ANPAZ3XMPLE1EXAMPLE12".to_owned(),
        created: time(),
    }
}

fn decision() -> Value {
    json!({
        "action": "allow", "time": "2026-03-02T09:15:27Z", "sourceIpAddress": "i".repeat(64),
        "userAgent": "\"".repeat(300), "reason": "\"".repeat(500), "execution": "x".repeat(300)
    })
}

/// An incident in which every part is as long as it can be.
struct Worst {
    original: Snapshot,
    restricted: Restricted,
    change: PolicyChange,
    has_versions: bool,
}

fn holders() -> AttachedTo {
    AttachedTo {
        first: vec![
            Owner {
                kind: OwnerKind::Group,
                name: "n".repeat(128),
            };
            AttachedTo::NAMED
        ],
        total: 1000,
        has_more: true,
        sha256: Some("0".repeat(64)),
    }
}

impl Worst {
    fn observed(&self) -> ObservedPolicy {
        ObservedPolicy {
            identity: identity(),
            version: self.has_versions.then(|| version("v5")),
            document: self.original.clone(),
        }
    }

    /// The documents to keep share the room of one document that is kept as written.
    fn evicted(&self) -> Vec<EvictedVersion> {
        let documents = [self.original.clone(), self.original.compacted()];
        let evicted = documents.into_iter().map(|document| EvictedVersion {
            version: version("v1"),
            created: time(),
            document,
        });
        evicted.filter(|_| self.has_versions).collect()
    }

    /// What the execution holds while a task works with this document.
    fn work(&self, document: &str) -> Value {
        let mut progress = json!({
            "judged": self.observed(), "hasActed": true,
            "trying": {"original": "0".repeat(64), "refused": 2, "isLast": true},
            "recent": {"hasWritten": true, "puts": 4, "made": vec!["v9"; 5], "seenBeforeWrite": vec!["v9"; 5]},
        });
        if self.has_versions {
            progress["evicted"] = json!(self.evicted());
            progress["filler"] = json!(self.evicted().pop());
            progress["deleted"] = json!(["v1", "v2"]);
        } else {
            progress["replaced"] = json!(self.original);
        }
        json!({
            "action": {"call": "SetDefaultPolicyVersion", "document": document},
            "progress": progress, "pace": {"tries": 99, "looks": 20, "waits": 5},
        })
    }

    fn contained(&self, document: Snapshot, removal: Removal) -> Contained {
        Contained {
            identity: identity(),
            original: self.original.clone(),
            versions: self.has_versions.then(|| ContainedVersions {
                original: version("v5"),
                original_created: time(),
                quarantine: version("v6"),
                created: true,
            }),
            restricted: self.restricted.clone(),
            document,
            removal,
            evicted: self.evicted(),
            attached_to: Some(holders()),
            held_by: Some(HeldBy {
                roles: 5000,
                users: 5000,
                groups: 5000,
                members: 5000,
                at_least: true,
            }),
            found_done: false,
            removed: false,
            left: Left::default(),
            asked: false,
            claim: Some(claim()),
            known: Some(known()),
            settled: Some(Settled {
                result: OutcomeResult::DeniedBefore,
                before: Some(before()),
                notify: true,
                report: None,
            }),
        }
    }

    /// The data of the execution while the guard asks first, and while it takes the change back.
    fn walk_asked(&self, judged: &Value, contained: &Contained) {
        let left = Left {
            patterns: contained.restricted.patterns.clone(),
            more: contained.restricted.more_patterns,
        };
        let proposal = Proposal {
            version: self.has_versions.then(|| version("v5")),
            contained: Contained {
                versions: None,
                evicted: Vec::new(),
                left: left.clone(),
                asked: true,
                // Whoever asks first has a claim, and knows no decision.
                claim: None,
                known: None,
                settled: None,
                ..contained.clone()
            },
        };
        let mut data = judged.clone();
        data["verdict"]["memory"] = json!({"claim": claim()});
        data["proposal"] = json!(Quarantine::Proposed(proposal));
        fits("a verdict with a proposal", &data);
        // The definition removes it, because the proposal has it.
        data["verdict"].as_object_mut().unwrap().remove("inForce");
        data["decision"] = decision();
        fits("a decision about a proposal", &data);
        let mut working = data.clone();
        working["work"] = self.work(contained.document.as_str());
        let progress = working["work"]["progress"].as_object_mut().unwrap();
        // Only the judged document is taken back.
        progress.remove("judged");
        progress.remove("replaced");
        fits("an action that takes back", &working);
        data.as_object_mut().unwrap().remove("proposal");
        data["quarantine"] = json!(Quarantine::InPlace(Contained {
            left,
            asked: true,
            claim: None,
            settled: None,
            ..contained.clone()
        }));
        data["work"] = json!({"action": {"call": "DeletePolicyVersion", "version": "v5"}});
        fits("what was taken back", &data);
    }

    /// The data of the execution before the containment.
    fn judged(&self) -> Value {
        json!(Judged {
            event: trim_event(&record()),
            hints: Vec::new(),
            proposal: None,
            found: Found::Verdict(Verdict {
                response: Response::Contain,
                notify: true,
                result: VerdictResult::Restricted,
                change: self.change.clone(),
                in_force: Some(self.observed()),
                named: None,
                restricted: self.restricted.clone(),
                exemption: None,
                report: None,
                memory: Memory {
                    claim: Some(claim()),
                    before: Some(before()),
                    ..Memory::default()
                },
            }),
        })
    }
}

fn claim() -> ClaimName {
    ClaimName::try_from(format!("{}-9", "0".repeat(64))).unwrap()
}

fn known() -> KnownName {
    serde_json::from_value(json!(format!("left-{}-12345", "x".repeat(16)))).unwrap()
}

fn before() -> Before {
    let name = "x".repeat(80);
    let arn = format!("arn:aws:states:us-gov-west-1:111122223333:execution:{name}:{name}");
    Before {
        execution: ExecutionArn::parse(&arn).unwrap(),
        claim: claim(),
        standing: Standing::Denied,
        asks: false,
        seen: time(),
        decided: Some(time()),
        until: Some(time()),
        // The longest texts, in characters that take six bytes each.
        source_ip_address: Some("\u{1}".repeat(45)),
        reason: Some("\u{1}".repeat(120)),
        original: Some(version("v5")),
    }
}

/// The data of an execution after each state, in the worst case for this document.
fn walk(text: &str, list: &RestrictedActions, quota: Quota, has_versions: bool) {
    let analysis = Analysis::new(list, quota);
    let original = Snapshot::new(text);
    let worst = Worst {
        restricted: analysis.restricted(&original),
        change: Record::parse(&record()).unwrap().change,
        original,
        has_versions,
    };
    let data = worst.judged();
    fits("the verdict", &data);
    let mut alert = data.clone();
    alert["verdict"]["named"] = json!(worst.original);
    fits("an alert", &alert);
    let documents = (0..).map_while(|number| analysis.candidate(&worst.original, number));
    for document in documents.map(|document| Snapshot::new(&document)) {
        let mut working = data.clone();
        working["work"] = worst.work(document.as_str());
        fits("an action", &working);
        let removal = analysis.removal(&worst.original, &document).unwrap();
        let contained = worst.contained(document, removal);
        worst.walk_asked(&data, &contained);
        let mut data = data.clone();
        data["quarantine"] = json!(Quarantine::InPlace(contained));
        // The definition removes it, because the quarantine has it.
        data["verdict"].as_object_mut().unwrap().remove("inForce");
        data["decision"] = decision();
        fits("what was contained", &data);
        let mut working = data.clone();
        working["work"] = json!({
            "action": {"call": "PutGroupPolicy", "document": (!has_versions).then_some(&worst.original)},
            "progress": {"hasActed": true, "recent": {"hasWritten": true}},
        });
        fits("what is put back", &working);
        let mut failed = data.clone();
        failed["failure"] =
            json!({"state": "Approved", "error": "PolicyUnsettled", "cause": "\"".repeat(3_000)});
        failed["assessment"] = json!(Assessment {
            change: Some(worst.change.clone()),
            in_force: AssessedState::Restricted {
                version: None,
                restricted: worst.restricted.clone(),
            },
        });
        fits("a failure", &failed);
        data["outcome"] = json!(Outcome {
            result: OutcomeResult::Allowed,
            in_force: Some(InForce {
                version: None,
                document: worst.original.compacted(),
            }),
            attached_to: Some(holders()),
            until: None,
        });
        fits("the outcome", &data);
    }
}

fn walk_both(text: &str, list: &RestrictedActions) {
    let size = text.chars().filter(|c| !c.is_ascii_whitespace()).count();
    if size <= 6_144 {
        walk(text, list, Quota::MANAGED, true);
    }
    walk(text, list, Quota::ROLE_INLINE, false);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_document_fits_into_an_execution(document in document(), longest in any::<bool>()) {
        let list = if longest { longest_list() } else { "s3:DeleteBucket".parse().unwrap() };
        walk_both(&document, &list);
    }
}

#[test]
fn the_worst_documents_fit_into_an_execution() {
    let statement = |action: &Value, resource: &str| {
        let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    };
    let stars = json!({"Effect": "Allow", "Action": vec!["*"; 50], "Resource": "*"});
    let crowded = json!({"Version": "2012-10-17", "Statement": vec![stars; 24]}).to_string();
    let padded = crowded.replacen("],", &format!("],{}", "\n".repeat(8_000)), 1);
    // Characters that IAM accepts and that are long in JSON.
    let escaped = statement(&json!("*"), &"\\\"".repeat(1_450));
    let accents = statement(&json!(["*", "s3:é"]), &"ÿ".repeat(6_000));
    let unreadable = format!(r#"{{"Statement": 1e999{}}}"#, " ".repeat(130_000));
    for list in [longest_list(), "s3:DeleteBucket".parse().unwrap()] {
        for text in [&crowded, &padded, &escaped, &accents, &unreadable] {
            walk_both(text, &list);
        }
    }
}
