use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// How many calls of one action an account may make: a bucket that holds so many, and how many
/// come back in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallQuota {
    /// The action, as in `states:GetExecutionHistory`.
    pub action: &'static str,
    pub bucket: NonZeroU32,
    pub per_second: NonZeroU32,
}

impl CallQuota {
    /// The quotas of Step Functions that the guard shares with every other reader of the account.
    /// See "Quotas related to API action throttling" in the guide of Step Functions.
    pub const OF_AN_ACCOUNT: [Self; 3] = [
        Self::new("states:DescribeExecution", 300, 15),
        Self::new("states:GetExecutionHistory", 400, 20),
        Self::new("states:ListExecutions", 200, 5),
    ];

    /// The quota of `action`. A zero counts as one.
    #[must_use]
    pub const fn new(action: &'static str, bucket: u32, per_second: u32) -> Self {
        Self {
            action,
            bucket: at_least_one(bucket),
            per_second: at_least_one(per_second),
        }
    }

    fn bucket(self) -> Bucket {
        let quota = Quota::per_second(self.per_second).allow_burst(self.bucket);
        Bucket {
            action: self.action,
            left: RateLimiter::direct(quota),
        }
    }
}

const fn at_least_one(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

#[derive(Debug)]
struct Bucket {
    action: &'static str,
    left: DefaultDirectRateLimiter,
}

/// The quotas in force, which all callers share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Quotas(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    next: usize,
    sets: Vec<Set>,
}

#[derive(Debug)]
struct Set {
    number: usize,
    buckets: Vec<Bucket>,
    refused: usize,
}

impl Quotas {
    /// Whether a call is one too many.
    pub(crate) fn refuse(&self, action: &str) -> bool {
        let mut refuses = false;
        for set in &mut self.inner().sets {
            let mut buckets = set.buckets.iter();
            let bucket = buckets.find(|bucket| bucket.action == action);
            if bucket.is_some_and(|bucket| bucket.left.check().is_err()) {
                set.refused += 1;
                refuses = true;
            }
        }
        refuses
    }

    pub(crate) fn limit(&self, quotas: &[CallQuota]) -> Limited {
        let mut inner = self.inner();
        inner.next += 1;
        let number = inner.next;
        inner.sets.push(Set {
            number,
            buckets: quotas.iter().map(|quota| quota.bucket()).collect(),
            refused: 0,
        });
        Limited {
            quotas: self.clone(),
            number,
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // No code panics while it holds the lock, so the data of a poisoned lock is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Quotas that hold until this is dropped.
#[derive(Debug)]
pub struct Limited {
    quotas: Quotas,
    number: usize,
}

impl Limited {
    /// How many calls were refused.
    #[must_use]
    pub fn refused(&self) -> usize {
        let inner = self.quotas.inner();
        let set = inner.sets.iter().find(|set| set.number == self.number);
        set.map_or(0, |set| set.refused)
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        let number = self.number;
        self.quotas.inner().sets.retain(|set| set.number != number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_refused_while_its_bucket_is_empty() {
        let quotas = Quotas::default();
        let limited = quotas.limit(&[CallQuota::new("states:ListExecutions", 3, 1)]);
        let list = || quotas.refuse("states:ListExecutions");
        assert_eq!(
            [list(), list(), list(), list()],
            [false, false, false, true]
        );
        assert!(!quotas.refuse("states:DescribeExecution"));
        assert_eq!(limited.refused(), 1);
        std::thread::sleep(std::time::Duration::from_millis(1100));
        assert_eq!([list(), list()], [false, true]);
        drop(limited);
        assert!(!quotas.refuse("states:ListExecutions"));
    }
}
