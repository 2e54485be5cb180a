//! How long the guard remembers.

use std::str::FromStr;

use crate::Timestamp;

/// How long a decision counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryRules {
    pub days: MemoryDays,
    pub forget_before: Option<ForgetBefore>,
}

/// The parameter `MemoryDays`: 90 by default. Step Functions keeps a history no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryDays(u8);

/// The parameter `ForgetBefore`: what was asked earlier does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForgetBefore(Timestamp);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemoryRuleError {
    #[error("it is not a number of days from 0 to {}", MemoryDays::MOST)]
    Days,
    #[error("it is not a date such as 2026-11-29, or a time such as 2026-11-29T12:00:00Z")]
    Date,
}

impl MemoryRules {
    /// Whether a decision counts whose incident began at `started`.
    #[must_use]
    pub fn remember(self, started: Timestamp, now: Timestamp) -> bool {
        const DAY: i64 = 24 * 60 * 60;
        let age = now.as_second() - started.as_second();
        !self.forget(started) && age < i64::from(self.days.0) * DAY
    }

    /// Whether an incident that began at `started` proves nothing at all.
    #[must_use]
    pub fn forget(self, started: Timestamp) -> bool {
        self.forget_before
            .is_some_and(|ForgetBefore(time)| started < time)
    }

    /// Whether anything is remembered.
    #[must_use]
    pub fn is_on(self) -> bool {
        self.days.0 > 0
    }
}

impl MemoryDays {
    const MOST: u8 = 90;
}

impl Default for MemoryDays {
    fn default() -> Self {
        Self(Self::MOST)
    }
}

impl FromStr for MemoryDays {
    type Err = MemoryRuleError;

    fn from_str(text: &str) -> Result<Self, MemoryRuleError> {
        let days = text.parse().ok();
        let days = days.filter(|days| *days <= Self::MOST);
        days.map(Self).ok_or(MemoryRuleError::Days)
    }
}

impl FromStr for ForgetBefore {
    type Err = MemoryRuleError;

    fn from_str(text: &str) -> Result<Self, MemoryRuleError> {
        // A date alone begins at midnight in UTC.
        let midnight = || format!("{text}T00:00:00Z").parse();
        let time = text.parse().or_else(|_| midnight());
        time.map(Self).map_err(|_| MemoryRuleError::Date)
    }
}
