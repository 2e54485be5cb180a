use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime, UtcDateTime};

/// A moment in the years 0 to 9999, which is what a message can carry: its text is that of RFC 3339, in UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(UtcDateTime);

/// RFC 3339 cannot write the text or number as a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a moment of RFC 3339 in the years 0 to 9999")]
pub struct NoTimestamp;

impl Timestamp {
    /// Older than anything in AWS.
    pub const UNIX_EPOCH: Self = Self(UtcDateTime::UNIX_EPOCH);

    /// A moment by the whole seconds since 1970.
    ///
    /// # Errors
    ///
    /// [`NoTimestamp`] outside the years.
    pub fn from_second(second: i64) -> Result<Self, NoTimestamp> {
        UtcDateTime::from_unix_timestamp(second)
            .map_err(|_| NoTimestamp)
            .and_then(Self::new)
    }

    /// The whole seconds since 1970, rounded down.
    #[must_use]
    pub const fn as_second(self) -> i64 {
        self.0.unix_timestamp()
    }

    /// The moment that many seconds later, where the years do not end before.
    #[must_use]
    pub fn plus_seconds(self, seconds: u32) -> Option<Self> {
        let later = self.0.checked_add(Duration::seconds(seconds.into()))?;
        Self::new(later).ok()
    }

    /// For people: `2026-03-02 09:15:27 UTC`.
    #[must_use]
    pub fn in_words(self) -> String {
        let (hour, minute, second) = self.0.as_hms();
        format!("{} {hour:02}:{minute:02}:{second:02} UTC", self.0.date())
    }

    fn new(moment: UtcDateTime) -> Result<Self, NoTimestamp> {
        match moment.year() {
            0..=9999 => Ok(Self(moment)),
            _ => Err(NoTimestamp),
        }
    }
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = NoTimestamp;

    fn try_from(time: SystemTime) -> Result<Self, NoTimestamp> {
        Self::new(UtcDateTime::from(time))
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0.into()
    }
}

impl FromStr for Timestamp {
    type Err = NoTimestamp;

    fn from_str(text: &str) -> Result<Self, NoTimestamp> {
        OffsetDateTime::parse(text, &Rfc3339)
            .ok()
            .and_then(OffsetDateTime::checked_to_utc)
            .ok_or(NoTimestamp)
            .and_then(Self::new)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json, to_value};

    #[test]
    fn a_moment_is_written_as_it_was_read() {
        for text in [
            "2026-03-02T09:15:31.25Z",
            "2026-03-02T09:15:31Z",
            "1970-01-01T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999999Z",
        ] {
            let moment: Timestamp = from_value(json!(text)).unwrap();
            assert_eq!(moment.to_string(), text);
            assert_eq!(to_value(moment).unwrap(), json!(text));
        }
        let elsewhere: Timestamp = "2026-03-02T10:15:31.250+01:00".parse().unwrap();
        assert_eq!(elsewhere.to_string(), "2026-03-02T09:15:31.25Z");
        assert_eq!(elsewhere.in_words(), "2026-03-02 09:15:31 UTC");
        assert_eq!(elsewhere.as_second(), 1_772_442_931);
        assert_eq!(
            Timestamp::from_second(1_772_442_931).map(|moment| moment < elsewhere),
            Ok(true)
        );
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for wrong in [
            json!("yesterday"),
            json!("2026-03-02"),
            json!("2026-03-02T09:15:31"),
            json!("2026-02-30T09:15:31Z"),
            // In UTC these are in the years -1 and 10000.
            json!("0000-01-01T00:00:00+01:00"),
            json!("9999-12-31T23:59:59-01:00"),
            json!(""),
            json!(1_772_442_931),
            json!(null),
        ] {
            assert!(from_value::<Timestamp>(wrong.clone()).is_err(), "{wrong}");
        }
        for second in [i64::MIN, -62_167_219_201, 253_402_300_800, i64::MAX] {
            assert_eq!(Timestamp::from_second(second), Err(NoTimestamp));
        }
    }

    #[test]
    fn the_years_end() {
        let last = Timestamp::from_second(253_402_300_799).unwrap();
        assert_eq!(last.plus_seconds(0), Some(last));
        assert_eq!(last.plus_seconds(1), None);
        assert_eq!(
            Timestamp::UNIX_EPOCH
                .plus_seconds(u32::MAX)
                .map(Timestamp::as_second),
            Some(u32::MAX.into())
        );
    }
}
