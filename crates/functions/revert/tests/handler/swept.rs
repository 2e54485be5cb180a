//! A deny of what a sweep asked about.

use fixtures::{block_on, call, claims, restricted};
use iam_model::{Execution, Iam, IamError, OwnerKind, StepFunctions};
use incident::survey::{GrantId, hint_name};
use incident::{DecideBy, ExecutionArn, Record};
use policy_store::PolicyStore;
use serde_json::{Value, json};

use crate::support::{ARN, RESTRICTED};

const SWEEP: &str = "arn:aws:states:us-east-1:111122223333:execution:guard-sweep:5c1f2c3e";

/// The incident that a sweep started about an attachment, denied.
struct Denied {
    iam: Iam,
    payload: Value,
}

fn denied() -> Denied {
    let (iam, _) = fixtures::managed(&[RESTRICTED]);
    iam.change(|account| {
        account.create_owner(OwnerKind::Role, "app")?;
        account.attach(ARN, OwnerKind::Role, "app");
        account.pass(60);
        Ok::<_, IamError>(())
    })
    .unwrap();
    let account = iam.account();
    let date = |seconds: i64| {
        incident::Timestamp::from_second(seconds)
            .unwrap()
            .to_string()
    };
    let role = account.owner(OwnerKind::Role, "app").unwrap();
    let policy = account.policy(ARN).unwrap();
    let identity = json!({
        "owner": {"id": role.id, "created": date(role.created)},
        "added": {"id": policy.id, "created": date(policy.created)},
    });
    let grant = GrantId::of_addition(&serde_json::from_value(identity.clone()).unwrap());
    let name = hint_name(&grant, &ExecutionArn::parse(SWEEP).unwrap());
    let hint = json!({
        "eventSource": "iam.amazonaws.com", "eventName": "AttachRolePolicy", "eventID": name,
        "eventTime": date(account.now()), "userIdentity": {"type": "Sweep", "arn": SWEEP},
        "requestParameters": {"roleName": "app", "policyArn": ARN},
    });
    let event = json!({"account": "111122223333", "region": "us-east-1", "detail": hint});
    let execution =
        format!("arn:aws:states:us-east-1:111122223333:execution:guard-incidents:{name}");
    let payload = json!({
        "execution": execution, "state": "Denied",
        "change": Record::parse(&event).unwrap().change,
        "quarantine": {
            "status": "added", "identity": identity, "report": {"reasons": []},
            "restricted": ["s3:DeleteBucket"],
        },
        "decision": {"action": "deny"}, "work": null, "done": null,
    });
    Denied { iam, payload }
}

impl Denied {
    /// The next answer, after this became of the last action.
    fn next(&mut self, done: &Value) -> Value {
        self.payload["done"] = done.clone();
        let step_functions = StepFunctions::of([Execution::running("one")]);
        let answer = block_on(revert::handle(
            &restricted(),
            DecideBy::Token,
            &claims(&step_functions),
            &PolicyStore::from_client(self.iam.client()),
            serde_json::from_value(self.payload.clone()).unwrap(),
        ));
        let answer = serde_json::to_value(answer.unwrap()).unwrap();
        self.payload["work"] = answer.clone();
        answer
    }
}

fn swept(status: &str, asks: bool) -> Value {
    json!({"swept": {"status": status, "asks": asks}})
}

#[test]
fn it_is_taken_back_once_the_sweep_says_so() {
    let mut denied = denied();
    let asked = denied.next(&Value::Null);
    assert_eq!(asked["action"]["call"], "DescribeExecution");
    // The name that the sweep gave the incident begins with the id that it lists.
    let grant = asked["action"]["grant"].as_str().unwrap();
    let name = denied.payload["change"]["eventId"].as_str().unwrap();
    assert!(name.starts_with(&format!("sweep-{grant}-")), "{name}");
    let waiting = denied.next(&swept("RUNNING", false));
    assert_eq!(waiting["seconds"], 60);
    let again = denied.next(&Value::Null);
    assert_eq!(again["action"], asked["action"]);
    let taking = denied.next(&swept("SUCCEEDED", true));
    assert_eq!(taking["action"], json!({"call": "DetachRolePolicy"}));
    let parameters = [("RoleName", "app"), ("PolicyArn", ARN)];
    call(&denied.iam, "DetachRolePolicy", &parameters);
    let end = denied.next(&json!({}));
    assert_eq!(end["outcome"]["result"], "takenBack");
}

#[test]
fn nothing_is_taken_back_that_no_sweep_asked_about() {
    for done in [swept("SUCCEEDED", false), swept("FAILED", false)] {
        let mut denied = denied();
        denied.next(&Value::Null);
        let end = denied.next(&done);
        assert_eq!(end["outcome"]["result"], "unconfirmed", "{done}");
    }
    // Somebody started the execution, with a hint of his own.
    for (member, forged) in [
        (
            "/execution",
            "arn:aws:states:us-east-1:111122223333:execution:guard-incidents:mine",
        ),
        ("/change/eventId", "mine"),
        (
            "/change/actor/arn",
            "arn:aws:iam::111122223333:user/mallory",
        ),
        (
            "/change/actor/arn",
            "arn:aws:states:us-east-1:111122223333:execution:mine-sweep:5c1f2c3e",
        ),
    ] {
        let mut denied = denied();
        *denied.payload.pointer_mut(member).unwrap() = json!(forged);
        let end = denied.next(&Value::Null);
        assert_eq!(
            end["outcome"]["result"], "unconfirmed",
            "{member}: {forged}"
        );
    }
}
