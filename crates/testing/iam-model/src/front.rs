use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_iam::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_sdk_iam::{Client, Config};
use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_smithy_types::body::SdkBody;
use http::Response;
use serde_json::Value;

use crate::query::Call;
use crate::{Account, IamError, trail, xml};

/// How a call fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// IAM answers with this error, and nothing is carried out.
    Refused(IamError),
    /// IAM carries the call out, and its answer does not arrive.
    AnswerLost,
    /// IAM answers a read as of that many writes ago.
    Stale(usize),
    /// IAM's answer lacks every element of this name.
    Lacks(&'static str),
}

type Intervention = Box<dyn FnOnce(&mut Account) + Send>;

/// An account behind IAM's query protocol. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Iam(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    account: Account,
    /// The account before each write, oldest first.
    past: Vec<Account>,
    calls: Vec<String>,
    trail: Vec<Value>,
    faults: BTreeMap<usize, Fault>,
    every: Option<Fault>,
    interventions: BTreeMap<usize, Vec<Intervention>>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("account", &self.account)
            .field("calls", &self.calls)
            .finish_non_exhaustive()
    }
}

impl Iam {
    /// Puts `account` behind the protocol.
    #[must_use]
    pub fn new(account: Account) -> Self {
        Self(Arc::new(Mutex::new(State {
            account,
            ..State::default()
        })))
    }

    #[must_use]
    pub fn account(&self) -> Account {
        self.state().account.clone()
    }

    /// Changes the account from outside, as one write that CloudTrail does not see.
    pub fn change<T>(&self, change: impl FnOnce(&mut Account) -> T) -> T {
        let mut state = self.state();
        let before = state.account.clone();
        let answer = change(&mut state.account);
        if state.account != before {
            state.past.push(before);
        }
        answer
    }

    /// Changes the account just before the call with this number, counted from 0 from now on.
    pub fn before(&self, call: usize, act: impl FnOnce(&mut Account) + Send + 'static) {
        let mut state = self.state();
        let at = state.calls.len() + call;
        let planned = state.interventions.entry(at).or_default();
        planned.push(Box::new(act));
    }

    /// Makes the call with this number fail, counted from 0 from now on.
    pub fn fail(&self, call: usize, fault: Fault) {
        let mut state = self.state();
        let at = state.calls.len() + call;
        state.faults.insert(at, fault);
    }

    /// Removes the faults of calls that were not made, and answers whether there were any.
    #[must_use]
    pub fn heal(&self) -> bool {
        !std::mem::take(&mut self.state().faults).is_empty()
    }

    /// Makes every call fail that has no fault of its own; `None` ends it.
    pub fn fail_all(&self, fault: Option<Fault>) {
        self.state().every = fault;
    }

    /// The names of the calls so far.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    /// The names of the calls so far that change something.
    #[must_use]
    pub fn writes(&self) -> Vec<String> {
        let is_read = |call: &String| call.starts_with("Get") || call.starts_with("List");
        let mut calls = self.calls();
        calls.retain(|call| !is_read(call));
        calls
    }

    /// The EventBridge events of the writes so far.
    #[must_use]
    pub fn trail(&self) -> Vec<Value> {
        self.state().trail.clone()
    }

    /// Answers the body of a request: the HTTP status and the body of the answer.
    #[must_use]
    pub fn answer(&self, body: &[u8]) -> (u16, String) {
        self.state().answer(&Call::parse(body))
    }

    /// An SDK client of this account. It does not retry, so that each call is one.
    #[must_use]
    pub fn client(&self) -> Client {
        let iam = self.clone();
        let http_client = infallible_client_fn(move |request: http::Request<SdkBody>| {
            let (status, body) = iam.answer(request.body().bytes().unwrap_or_default());
            let mut response = Response::new(SdkBody::from(body));
            if let Ok(status) = status.try_into() {
                *response.status_mut() = status;
            }
            response
        });
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(Credentials::new("AKID", "secret", None, None, "model"))
            .region(Region::new("us-east-1"))
            .retry_config(RetryConfig::disabled())
            .http_client(http_client)
            .build();
        Client::from_conf(config)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answer(&mut self, call: &Call) -> (u16, String) {
        let number = self.calls.len();
        self.calls.push(call.action.clone());
        for act in self.interventions.remove(&number).unwrap_or_default() {
            self.past.push(self.account.clone());
            act(&mut self.account);
        }
        let fault = self.faults.remove(&number).or_else(|| self.every.clone());
        match fault {
            Some(Fault::Refused(error)) => (error.status, xml::error(&error)),
            Some(Fault::Stale(writes)) if !call.is_write() => {
                let at = self.past.len().saturating_sub(writes);
                let mut then = self.past.get(at).unwrap_or(&self.account).clone();
                written(call, call.answer(&mut then))
            }
            Some(Fault::AnswerLost) => {
                self.carry_out(call);
                let lost = IamError::other("ServiceFailure", 500);
                (lost.status, xml::error(&lost))
            }
            Some(Fault::Lacks(name)) => {
                let (status, body) = self.carry_out(call);
                (status, xml::without(&body, name))
            }
            Some(Fault::Stale(_)) | None => self.carry_out(call),
        }
    }

    fn carry_out(&mut self, call: &Call) -> (u16, String) {
        let before = self.account.clone();
        let answer = call.answer(&mut self.account);
        if call.is_write() && answer.is_ok() {
            self.past.push(before);
            let event = trail::event(call, &self.account, self.trail.len());
            self.trail.push(event);
        }
        written(call, answer)
    }
}

fn written(call: &Call, answer: crate::query::CallResult) -> (u16, String) {
    match answer {
        Ok(result) => (200, xml::answer(&call.action, result)),
        Err(error) => (error.status, xml::error(&error)),
    }
}
