//! What AWS asks for an incident.
//!
//! Prices of us-east-1 without the free tier, read on 2026-11-22 in "AWS Step Functions Pricing" and "AWS Lambda Pricing".

use serde::Serialize;

/// Dollars for a state transition of a standard workflow.
const TRANSITION: f64 = 0.000_025;
/// Dollars for a request to Lambda.
const REQUEST: f64 = 0.000_000_2;
/// Dollars for a gigabyte-second of Lambda on x86.
const GIGABYTE_SECOND: f64 = 0.000_016_666_7;
/// The functions' memory in gigabytes, as the template sets it.
const MEMORY: f64 = 0.25;
/// What an invocation is taken to last, in seconds: AWS's answers and a cold start now and then.
const DURATION: f64 = 0.1;

/// What one change takes, and what a million of them cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cost {
    /// State transitions.
    transitions: u32,
    /// Lambda invocations.
    invocations: u32,
    /// Dollars for a million.
    dollars_per_million: f64,
}

impl Cost {
    /// The cost of so many transitions and invocations.
    pub(crate) fn new(transitions: usize, invocations: usize) -> Self {
        // A history has at most 25,000 events.
        let [transitions, invocations] =
            [transitions, invocations].map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        let each = f64::from(transitions) * TRANSITION
            + f64::from(invocations) * (REQUEST + GIGABYTE_SECOND * MEMORY * DURATION);
        Self {
            transitions,
            invocations,
            dollars_per_million: each * 1e6,
        }
    }

    /// Costs as a table in Markdown.
    pub(crate) fn table(rows: &[(&str, Self)]) -> String {
        let mut lines = vec![
            "| a change | state transitions | Lambda invocations | a million of them, USD |"
                .to_owned(),
            "| --- | ---: | ---: | ---: |".to_owned(),
        ];
        lines.extend(rows.iter().map(|(name, cost)| {
            format!(
                "| {name} | {} | {} | {:.2} |",
                cost.transitions, cost.invocations, cost.dollars_per_million
            )
        }));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::Cost;

    #[test]
    fn the_price_is_that_of_transitions_requests_and_time() {
        // 4 × 25 + 0.20 + 0.25 GB × 0.1 s × 16.6667
        let cost = Cost::new(4, 1);
        assert!((cost.dollars_per_million - 100.616_667_5).abs() < 1e-6);
    }
}
