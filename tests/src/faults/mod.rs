//! A proxy between the guard and AWS that can fail at any call.
//!
//! It passes requests on as they were signed, `Host` included, so its clients take it for AWS. A
//! [`Rule`] names the call of a function or of the state machine that fails, and the fault. A
//! [`CallQuota`] limits the calls of all of them together.

mod call;
mod process;
mod proxy;
mod quotas;
mod rules;

pub use call::Call;
pub use proxy::FaultProxy;
pub use quotas::{CallQuota, Limited};
pub use rules::{Injected, Rule, Times};

use std::fmt;
use std::time::Duration;

/// Longer than a function may run.
pub const PAST_THE_TIMEOUT: Duration = Duration::from_secs(33);

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// The service refuses, because there are too many calls.
    Throttle,
    /// IAM answers that the role cannot be changed.
    Unmodifiable,
    /// The service fails with status 500 and does nothing.
    ServerError,
    /// The connection breaks before the service has the request.
    Drop,
    /// The service does what it was asked, and the answer gets lost.
    LoseAnswer,
    /// The service does what it was asked, and answers after the function's time is over.
    Delay,
    /// The service does what it was asked only after the function's time is over.
    Late,
    /// The function's process ends before the service has the request.
    KillBefore,
    /// The function's process ends after the service did what it was asked.
    KillAfter,
}

impl Fault {
    /// The faults that can pass. A scenario asks for the others by name.
    pub const ALL: [Self; 8] = [
        Self::Throttle,
        Self::ServerError,
        Self::Drop,
        Self::LoseAnswer,
        Self::Delay,
        Self::Late,
        Self::KillBefore,
        Self::KillAfter,
    ];
}

impl Fault {
    /// Whether the process of the caller ends.
    #[must_use]
    pub fn is_kill(self) -> bool {
        matches!(self, Self::KillBefore | Self::KillAfter)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Throttle => "throttled",
            Self::Unmodifiable => "unmodifiable",
            Self::ServerError => "status 500",
            Self::Drop => "connection broken",
            Self::LoseAnswer => "carried out, answer lost",
            Self::Delay => "carried out, answered too late",
            Self::Late => "carried out too late",
            Self::KillBefore => "killed before",
            Self::KillAfter => "killed after",
        })
    }
}
