//! The members of a verdict that the version before knows, for one version.
//!
//! An execution ends by the definition that it began with, while the functions are already those of
//! the update. So a verdict carries what the older definition reads, and a function reads a verdict
//! that an older function wrote.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{Response, Verdict};

const REMEDY: &str = "remedy";
const ALERT: &str = "alert";

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Written<'v> {
            #[serde(flatten, with = "Verdict")]
            verdict: &'v Verdict,
            action: &'static str,
            /// The older definition looks only whether it is there.
            #[serde(skip_serializing_if = "Option::is_none")]
            told: Option<bool>,
        }
        Written {
            verdict: self,
            action: match self.response {
                Response::Contain => REMEDY,
                Response::Ask | Response::Report | Response::None => ALERT,
            },
            told: self.report.is_some().then_some(true),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Verdict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut verdict = Value::deserialize(deserializer)?;
        if let Some(members) = verdict.as_object_mut() {
            let action = members.remove("action");
            let told = members.remove("told");
            if !members.contains_key("response") {
                // The older definition sent an alert to a function only where an e-mail reports it.
                let response = match action.as_ref().and_then(Value::as_str) {
                    Some(ALERT) => "report",
                    _ => "contain",
                };
                members.insert("response".to_owned(), response.into());
                members.insert("notify".to_owned(), true.into());
                if let Some(told) = told {
                    members.insert("report".to_owned(), told);
                }
            }
        }
        Self::deserialize(verdict).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{Response, Verdict, VerdictResult};

    /// A verdict on a reported call as the version before wrote it.
    fn former() -> Value {
        json!({
            "action": "alert",
            "result": "told",
            "change": {
                "eventId": "e", "eventName": "DetachRolePolicy", "eventTime": "2026-03-02T09:15:27Z",
                "target": {
                    "type": "told", "what": "detachment",
                    "owner": {"kind": "role", "name": "app"}, "policy": "arn:aws:iam::111122223333:policy/app"
                },
                "account": "111122223333", "region": "us-east-1", "inForce": true,
                "actor": {"kind": "AssumedRole", "name": "deploy"}
            },
            "findings": [],
            "told": {"reasons": [{"reason": "otherCall"}]}
        })
    }

    #[test]
    fn a_verdict_of_the_version_before_is_read() {
        let verdict: Verdict = serde_json::from_value(former()).unwrap();
        assert_eq!(verdict.response, Response::Report);
        assert!(verdict.notify);
        assert_eq!(verdict.result, VerdictResult::Reported);
        assert_eq!(verdict.report.unwrap().reasons.len(), 1);
        for (action, response) in [
            (json!("remedy"), Response::Contain),
            (json!("alert"), Response::Report),
            (Value::Null, Response::Contain),
        ] {
            let mut former = former();
            former["action"] = action;
            let verdict: Verdict = serde_json::from_value(former).unwrap();
            assert_eq!(verdict.response, response);
        }
    }

    #[test]
    fn the_definition_of_the_version_before_finds_what_it_reads() {
        let mut verdict: Verdict = serde_json::from_value(former()).unwrap();
        for (response, action) in [
            (Response::Contain, "remedy"),
            (Response::Ask, "alert"),
            (Response::Report, "alert"),
            (Response::None, "alert"),
        ] {
            verdict.response = response;
            let written = json!(verdict);
            assert_eq!(written["action"], action);
            assert_eq!(written["told"], true);
            // What was written is read again, with both spellings in it.
            let read: Verdict = serde_json::from_value(written).unwrap();
            assert_eq!(read, verdict);
        }
        verdict.report = None;
        assert!(json!(verdict).get("told").is_none());
    }
}
