//! Who called what, and when, as far as a record says so that cannot be read.

use std::fmt;

use serde::Deserialize as _;
use serde_json::Value;

use super::shape::UserIdentity;
use crate::Actor;

/// A call, as its trimmed record describes it. Nothing is decided by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    call: Option<String>,
    actor: Option<Actor>,
    time: Option<String>,
}

impl Seen {
    /// Reads what is there, and leaves out the rest.
    pub(super) fn of(trimmed: &Value) -> Self {
        let text = |path: &str| {
            let text = trimmed.pointer(path).and_then(Value::as_str);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let identity = trimmed.pointer("/detail/userIdentity");
        let identity = identity.and_then(|identity| UserIdentity::deserialize(identity).ok());
        Self {
            call: text("/detail/eventName"),
            actor: identity.map(Actor::from),
            time: text("/detail/eventTime").or_else(|| text("/time")),
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.call.as_deref().unwrap_or("unknown call"))?;
        match &self.actor {
            Some(actor) => write!(f, " by {actor}")?,
            None => f.write_str(" by someone unknown")?,
        }
        write!(
            f,
            " at {}",
            self.time.as_deref().unwrap_or("an unknown time")
        )
    }
}
