//! Makes the notice of each message to `notify`.

mod addition;
mod decision;
mod draft;
mod failure;
mod memory;
mod outcome;
mod reported;
mod request;
mod sweep;
mod unconfirmed;
mod verdict;

use incident::message::NotifyRequest;

pub use self::reported::reasons;

use crate::Notice;

impl From<&NotifyRequest> for Notice {
    fn from(request: &NotifyRequest) -> Self {
        match request {
            NotifyRequest::Ask(request) => request::request(request),
            NotifyRequest::ReportVerdict(request) => verdict::verdict(request),
            NotifyRequest::ReportDecision(request) => decision::decision(request),
            NotifyRequest::ReportOutcome(request) => outcome::outcome(request),
            NotifyRequest::ReportFailure(request) => failure::failure(request),
        }
    }
}
