//! Events about documents that the last sweep knew: CloudTrail is asked before anything is
//! contained.
//!
//! Whoever starts an execution of the guard chooses its event. What stood there before the guard
//! must not go because of that.

use iam_model::{Execution, OwnerKind, Sweep, claim_of};
use incident::memory::{ClaimName, Standing, Wanted};
use incident::message::VerdictResult;
use incident::message::{Found, JudgeRequest, Judged, Look, ReadRequest, Response, Verdict};
use incident::{Analysis, Done, ExecutionArn, Timestamp};
use lambda_kit::HandlerError;
use lambda_kit::claims::Claim;
use policy_store::PolicyStore;
use serde_json::{Value, json};
use validate_policy::{Reading, SweepConfig, handle};

use crate::support::*;
use crate::world::{World, old_account};
use fixtures::{block_on, claims, contained, sweeps};

/// An execution that judges an event.
pub(crate) struct Judgement<'w> {
    world: &'w World,
    name: String,
    event: Value,
    look: Option<Look>,
}

impl<'w> Judgement<'w> {
    pub(crate) fn new(world: &'w World, name: &str, event: &Value) -> Self {
        let execution = Execution::running(name).with_input(event);
        world.step_functions.put(execution);
        Self {
            world,
            name: name.to_owned(),
            event: event.clone(),
            look: None,
        }
    }

    /// One look, after CloudTrail answered so.
    fn next(&mut self, done: Option<Done>) -> Found {
        self.try_next(done, 0).unwrap()
    }

    /// One look of a judgement that failed so often before.
    fn try_next(&mut self, done: Option<Done>, failed_tries: usize) -> Result<Found, HandlerError> {
        let execution = Execution::running(&self.name);
        let request = JudgeRequest {
            execution: ExecutionArn::parse(&execution.arn).unwrap(),
            event: Some(self.event.clone()),
            look: self.look.clone(),
            done,
            failed_tries,
            lapsed: None,
            waited: None,
        };
        let step_functions = &self.world.step_functions;
        let reading = block_on(handle(
            &self.world.rules,
            &claims(step_functions),
            &SweepConfig::new(sweeps(step_functions)),
            &PolicyStore::from_client(self.world.iam.client()),
            ReadRequest::Judge(request),
        ));
        let Reading::Judged(Judged { found, .. }) = reading? else {
            panic!("a verdict was asked for");
        };
        if let Found::Look(look) = &found {
            self.look = Some(look.clone());
            let data = json!({"event": self.event, "look": look});
            let execution = execution.with_input(&self.event);
            self.world
                .step_functions
                .put(execution.then("ValidatePolicy", data));
        }
        Ok(found)
    }

    /// The verdict of the first look.
    pub(crate) fn verdict(mut self) -> Verdict {
        match self.next(None) {
            Found::Verdict(verdict) => verdict,
            Found::Look(look) => panic!("it waits: {look:?}"),
        }
    }

    /// The verdict after IAM had its time.
    pub(crate) fn believed(mut self) -> Verdict {
        for _ in 0..5 {
            if let Found::Verdict(verdict) = self.next(None) {
                return verdict;
            }
        }
        panic!("it waits: {:?}", self.look);
    }

    /// The same, of an execution that ends with it.
    pub(crate) fn end(self) -> Verdict {
        let name = self.name.clone();
        let step_functions = self.world.step_functions.clone();
        let verdict = self.believed();
        let data = json!({"verdict": verdict});
        let execution = Execution::running(&name).then("AllowWithNotification", data.clone());
        step_functions.put(execution.succeeded(data));
        verdict
    }

    /// The data of an execution that contained the document, and asks.
    pub(crate) fn contained(self) -> Value {
        let name = self.name.clone();
        let step_functions = self.world.step_functions.clone();
        let analysis = Analysis::new(&self.world.rules.restricted, iam_policy::Quota::ROLE_INLINE);
        let verdict = self.verdict();
        assert_eq!(verdict.response, Response::Contain);
        let shown = verdict.in_force.clone().unwrap();
        let mut contained = contained(&verdict.change, &shown.document.to_string());
        contained.identity = shown.identity;
        contained.restricted = analysis.restricted(&shown.document);
        let quarantine = incident::message::Quarantine::InPlace(contained);
        let data = json!({"verdict": verdict, "quarantine": quarantine});
        step_functions.put(Execution::running(&name).then("AskUser", data.clone()));
        data
    }

    /// The data of an execution whose event CloudTrail confirmed, and that contained and asks.
    pub(crate) fn asks(mut self) -> Value {
        assert!(self.waits(None));
        let Found::Verdict(verdict) = self.next(record_of(&self.event)) else {
            panic!("it waits");
        };
        let world = self.world;
        let shown = verdict.in_force.clone().unwrap();
        let mut contained = contained(&verdict.change, RESTRICTED);
        contained.identity = shown.identity.clone();
        let analysis = Analysis::new(&world.rules.restricted, iam_policy::Quota::ROLE_INLINE);
        contained.restricted = analysis.restricted(&shown.document);
        // `remediate` takes a claim after the containment.
        let subject = &verdict.change.subject;
        let me = ExecutionArn::parse(&Execution::running(&self.name).arn).unwrap();
        let wanted = Wanted::document(subject, &shown, Response::Contain, &analysis).unwrap();
        let memory = claims(&world.step_functions);
        let Ok(Claim::Mine(name)) = block_on(memory.take(&wanted, &analysis, &me)) else {
            panic!("no claim");
        };
        contained.claim = Some(name);
        let quarantine = incident::message::Quarantine::InPlace(contained);
        let data = json!({"verdict": verdict, "quarantine": quarantine});
        let asks = Execution::running(&self.name).then("AskUser", data.clone());
        world.step_functions.put(asks);
        data
    }

    /// A look that waits for CloudTrail; `true` where the state machine asks it now.
    pub(crate) fn waits(&mut self, done: Option<Done>) -> bool {
        match self.next(done) {
            Found::Look(look) => {
                let confirming = look.confirming.expect("it waits for CloudTrail");
                serde_json::to_value(confirming).unwrap()["lookUp"] == json!(true)
            }
            Found::Verdict(verdict) => panic!("{:?} {:?}", verdict.result, verdict.response),
        }
    }

    pub(crate) fn ends(&mut self, done: Option<Done>) -> (VerdictResult, Response) {
        match self.next(done) {
            Found::Verdict(verdict) => (verdict.result, verdict.response),
            Found::Look(look) => panic!("it waits: {look:?}"),
        }
    }
}

pub(crate) const CONTAINED: (VerdictResult, Response) =
    (VerdictResult::Restricted, Response::Contain);
pub(crate) const UNCONFIRMED: (VerdictResult, Response) =
    (VerdictResult::Unconfirmed, Response::Report);

/// An event about the old inline policy, which changes nothing, so many seconds from now.
pub(crate) fn event_about_old(world: &World, id: &str, seconds: i64) -> Value {
    let parameters = [
        ("RoleName", "app"),
        ("PolicyName", "old"),
        ("PolicyDocument", RESTRICTED),
    ];
    dated(call(&world.iam, "PutRolePolicy", &parameters), id, seconds)
}

pub(crate) fn dated(mut event: Value, id: &str, seconds: i64) -> Value {
    let time = Timestamp::from_second(Timestamp::now().as_second() + seconds).unwrap();
    event["detail"]["eventTime"] = json!(time);
    event["detail"]["eventID"] = json!(id);
    event
}

/// The same as a sweep writes it.
pub(crate) fn as_hint(mut event: Value) -> Value {
    event["detail"]["userIdentity"] = json!({"type": "Sweep"});
    event
}

fn answer(record: &str) -> Option<Done> {
    Some(Done::LookedUp {
        record: record.to_owned(),
    })
}

/// The record that CloudTrail has of this event.
fn record_of(event: &Value) -> Option<Done> {
    let mut detail = event["detail"].clone();
    if detail.get("recipientAccountId").is_none() {
        detail["recipientAccountId"] = event["account"].clone();
    }
    answer(&detail.to_string())
}

pub(crate) fn swept() -> World {
    let mut world = World::new(old_account());
    world.sweep();
    world
}

#[test]
fn what_the_last_sweep_knew_is_contained_after_cloudtrail_confirmed_the_event() {
    let world = swept();
    let event = event_about_old(&world, "e1", 5);
    let mut one = world.judge("one", &event);
    assert!(one.waits(None), "it asks at once");
    assert!(!one.waits(answer("")));
    assert!(one.waits(None));
    assert_eq!(one.ends(record_of(&event)), CONTAINED);
    assert_eq!(world.iam.writes(), ["PutRolePolicy"], "the test's own");
}

#[test]
fn a_made_up_event_contains_nothing() {
    let world = swept();
    let event = event_about_old(&world, "e1", 5);
    let mut one = world.judge("one", &event);
    assert!(one.waits(None));
    let mut other = event.clone();
    other["detail"]["requestParameters"]["policyName"] = json!("other");
    assert_eq!(one.ends(record_of(&other)), UNCONFIRMED);
    // CloudTrail never knows it.
    let mut two = world.judge("two", &event_about_old(&world, "e2", 5));
    for _ in 0..30 {
        assert!(two.waits(None));
        if matches!(&two.look, Some(look) if json!(look.confirming)["asked"] == json!(30)) {
            break;
        }
        assert!(!two.waits(answer("")));
    }
    assert_eq!(two.ends(answer("")), UNCONFIRMED);
}

/// A late or repeated event of before the sweep needs no question.
#[test]
fn an_event_of_before_the_sweep_contains_nothing_that_it_knew() {
    let world = swept();
    let event = event_about_old(&world, "e1", -2 * 60 * 60);
    assert_eq!(world.judge("one", &event).ends(None), UNCONFIRMED);
}

/// The first one waits, and has nothing in its history that could be joined.
#[test]
fn a_second_made_up_event_does_not_contain_what_the_first_waits_for() {
    let world = swept();
    let mut one = world.judge("one", &event_about_old(&world, "e1", 5));
    assert!(one.waits(None));
    for (name, id) in [("two", "e1"), ("three", "e3"), ("four", "e4")] {
        let event = event_about_old(&world, id, 5);
        assert!(world.judge(name, &event).waits(None), "{name}");
    }
    // Not even when none of them has come to a state.
    world.judge("one", &event_about_old(&world, "e1", 5));
    let event = event_about_old(&world, "e5", 5);
    let mut five = world.judge("five", &event);
    assert!(five.waits(None));
    assert_eq!(five.ends(record_of(&event)), CONTAINED);
}

/// What one execution contained after CloudTrail's word is contained by all later ones.
#[test]
fn what_was_confirmed_and_asked_about_is_contained_at_once_again() {
    let world = swept();
    world.judge("one", &event_about_old(&world, "e1", 5)).asks();
    let again = event_about_old(&world, "e2", 5);
    assert_eq!(world.judge("two", &again).ends(None), CONTAINED);
}

/// Anyone may take all names of a document beforehand.
#[test]
fn names_that_are_taken_spare_nobody_the_question() {
    let world = swept();
    let known: Vec<String> = world.step_functions.claims().into_keys().collect();
    for first in known.iter().filter(|name| name.ends_with("-1")) {
        for generation in 2..=ClaimName::GENERATIONS {
            let name = format!("{}{generation}", first.trim_end_matches('1'));
            let none = Execution::running("none").arn;
            world.step_functions.claim(&name, &claim_of(&none));
        }
    }
    let mut one = world.judge("one", &event_about_old(&world, "e1", 5));
    assert!(one.waits(None));
    // Nor does it help to take the memory away.
    world.step_functions.delete_claims();
    assert!(
        world
            .judge("two", &event_about_old(&world, "e2", 5))
            .waits(None)
    );
}

#[test]
fn a_hint_of_the_sweep_about_a_known_document_asks_and_about_a_new_one_contains() {
    let world = swept();
    let known = as_hint(event_about_old(&world, "e1", 5));
    let verdict = world.judge("one", &known).verdict();
    assert_eq!(
        (verdict.result, verdict.response),
        (VerdictResult::Restricted, Response::Ask)
    );
    let new = as_hint(dated(put(&world.iam, RESTRICTED), "e2", 5));
    assert_eq!(world.judge("two", &new).ends(None), CONTAINED);
}

#[test]
fn a_new_document_is_contained_after_one_call_to_step_functions() {
    let world = swept();
    let event = dated(put(&world.iam, RESTRICTED), "e1", 5);
    let before = world.step_functions.calls().len();
    assert_eq!(world.judge("one", &event).ends(None), CONTAINED);
    assert_eq!(world.step_functions.calls()[before..], ["StartExecution"]);
    // Without the memory, the sweep before is asked, and knows nothing of it.
    let world = swept();
    world.step_functions.delete_claims();
    let event = dated(put(&world.iam, RESTRICTED), "e1", 5);
    assert_eq!(world.judge("one", &event).ends(None), CONTAINED);
    // Nor can anyone delay it by a sweep that cannot be read.
    world
        .step_functions
        .sweep(Sweep::succeeded("broken", 0, "{}"));
    world.step_functions.change_sweeps(|sweeps| {
        sweeps.retain(|sweep| sweep.name == "broken");
    });
    let event = dated(put(&world.iam, RESTRICTED), "e2", 5);
    assert_eq!(world.judge("two", &event).ends(None), CONTAINED);
}

#[test]
fn what_was_denied_before_does_not_wait_for_a_throttled_look_at_the_last_sweep() {
    let world = swept();
    let event = dated(put(&world.iam, RESTRICTED), "e1", 5);
    let data = world.judge("one", &event).contained();
    world.end("one", &data, "deny", &json!({"result": "denied"}));
    world.step_functions.throttle_sweeps();
    let again = dated(put(&world.iam, RESTRICTED), "e2", 10);
    let verdict = world.judge("two", &again).verdict();
    assert_eq!((verdict.result, verdict.response), CONTAINED);
    let denied = verdict.memory.before.expect("it was denied before");
    assert_eq!(denied.standing, Standing::Denied);
    let calls = world.step_functions.calls();
    assert_eq!(calls.last().unwrap(), "ListExecutions", "it looked");
}

/// The sweep knows what an exempt principal wrote from the hour after on.
#[test]
fn what_was_accounted_for_is_marked_at_once() {
    let mut world = swept();
    let event = put(&world.iam, RESTRICTED);
    let caller = event["detail"]["userIdentity"]["arn"].as_str().unwrap();
    world.rules.exempt = caller.parse().unwrap();
    assert_eq!(
        world.judge("one", &event).end().result,
        VerdictResult::Exempt
    );
    let swept = world.sweep();
    assert_eq!(swept.sweep.counts.accounted, 1);
    let mut forged = dated(event, "e2", 5);
    forged["detail"]["userIdentity"] = json!({
        "type": "IAMUser", "userName": "eve", "accountId": "111122223333",
        "arn": "arn:aws:iam::111122223333:user/eve",
    });
    assert!(world.judge("two", &forged).waits(None));
}

/// The mark is about a document: another one in its place is new.
#[test]
fn another_document_of_a_known_policy_is_contained_at_once() {
    let world = swept();
    let parameters = [
        ("RoleName", "app"),
        ("PolicyName", "old"),
        ("PolicyDocument", &*fixtures::documents::other_restricted()),
    ];
    let event = dated(call(&world.iam, "PutRolePolicy", &parameters), "e1", 5);
    assert_eq!(world.judge("one", &event).ends(None), CONTAINED);
    // So is the same one on a role that was made again.
    let world = swept();
    world.iam.change(|account| {
        account
            .delete_inline(OwnerKind::Role, "app", "old")
            .unwrap();
        account.delete_owner(OwnerKind::Role, "app").unwrap();
        account.create_owner(OwnerKind::Role, "app").unwrap();
    });
    let event = event_about_old(&world, "e1", 5);
    assert_eq!(world.judge("one", &event).ends(None), CONTAINED);
}
