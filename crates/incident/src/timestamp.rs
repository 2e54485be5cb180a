//! Moments in the records of CloudTrail, the answers of IAM and the data of an execution.

/// A moment; in JSON it is the text that ISO 8601 and RFC 3339 give it in UTC.
pub use jiff::Timestamp;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json, to_value};

    #[test]
    fn a_timestamp_is_written_as_it_was_read() {
        for text in [
            "2026-03-02T09:15:31.25Z",
            "2026-03-02T09:15:31Z",
            "1970-01-01T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "9999-12-30T21:59:59.999999999Z",
        ] {
            let moment: Timestamp = from_value(json!(text)).unwrap();
            assert_eq!(moment.to_string(), text);
            assert_eq!(to_value(moment).unwrap(), json!(text));
        }
        let with_offset: Timestamp = "2026-03-02T10:15:31.250+01:00".parse().unwrap();
        assert_eq!(with_offset.to_string(), "2026-03-02T09:15:31.25Z");
        assert_eq!(with_offset.as_second(), 1_772_442_931);
        assert!(Timestamp::from_second(1_772_442_931).unwrap() < with_offset);
    }

    #[test]
    fn texts_without_a_date_a_time_or_an_offset_are_refused() {
        for wrong in [
            json!("yesterday"),
            json!("2026-03-02"),
            json!("2026-03-02T09:15:31"),
            json!("2026-02-30T09:15:31Z"),
            json!("9999-12-31T23:59:59-01:00"),
            json!(""),
            json!(1_772_442_931),
            json!(null),
        ] {
            assert!(from_value::<Timestamp>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
