//! Links that are over: how often their incidents are read.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// How many links that are over can be looked up at once.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(20).expect("not zero");
/// How often a further one can be.
const PERIOD: Duration = Duration::from_secs(2);

/// Limits the reads for links that are over.
///
/// The account has a small quota for reads of executions, which the guard needs for its own work,
/// and everyone who was ever asked keeps such a link.
#[derive(Clone, Debug)]
pub struct LateLinks(Option<Arc<DefaultDirectRateLimiter>>);

impl Default for LateLinks {
    fn default() -> Self {
        let quota = Quota::with_period(PERIOD);
        Self(quota.map(|quota| Arc::new(RateLimiter::direct(quota.allow_burst(AT_ONCE)))))
    }
}

impl LateLinks {
    /// Whether one more can be looked up now.
    pub(crate) fn has_room(&self) -> bool {
        let limiter = self.0.as_ref();
        limiter.is_some_and(|limiter| limiter.check().is_ok())
    }
}
