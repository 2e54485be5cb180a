//! What AWS asks for an incident: Step Functions and Lambda.
//!
//! Prices of us-east-1 without the free tier, read on 2026-11-22 in "AWS Step Functions Pricing" and "AWS Lambda Pricing".

use serde::Serialize;

/// Dollars for a million state transitions of a standard workflow.
pub const TRANSITIONS: f64 = 25.0;
/// Dollars for a million invocations of a function: the requests, and the time of each.
pub const INVOCATIONS: f64 = 0.2 + 1e6 * GIGABYTE_SECOND * MEMORY * DURATION;

/// Dollars for a gigabyte-second of Lambda on x86.
const GIGABYTE_SECOND: f64 = 0.000_016_666_7;
/// The functions' memory in gigabytes, as the template sets it.
const MEMORY: f64 = 0.25;
/// What an invocation is taken to last, in seconds: AWS's answers and a cold start now and then.
const DURATION: f64 = 0.1;

/// What one change takes, and what a million of them cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// States entered.
    pub states: u32,
    /// State transitions: one for each state, and one for the start of the execution.
    pub transitions: u32,
    /// Lambda invocations.
    pub invocations: u32,
    /// Dollars for a million.
    pub dollars_per_million: f64,
}

impl Cost {
    /// The cost of an execution that enters so many states, with so many invocations.
    #[must_use]
    pub fn new(states: usize, invocations: usize) -> Self {
        // A history has at most 25,000 events.
        let [states, invocations] =
            [states, invocations].map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        let transitions = states.saturating_add(1);
        Self {
            states,
            transitions,
            invocations,
            dollars_per_million: f64::from(transitions) * TRANSITIONS
                + f64::from(invocations) * INVOCATIONS,
        }
    }

    /// Costs as a table in Markdown.
    #[must_use]
    pub fn table(rows: &[(&str, Self)]) -> String {
        let mut lines = vec![
            "| a change | states | transitions with the start | Lambda invocations | a million of them, USD |"
                .to_owned(),
            "| --- | ---: | ---: | ---: | ---: |".to_owned(),
        ];
        lines.extend(rows.iter().map(|(name, cost)| {
            format!(
                "| {name} | {} | {} | {} | {:.2} |",
                cost.states, cost.transitions, cost.invocations, cost.dollars_per_million
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
        // (3 + 1) × 25 + 0.20 + 0.25 GB × 0.1 s × 16.6667
        let cost = Cost::new(3, 1);
        assert!((cost.dollars_per_million - 100.616_667_5).abs() < 1e-6);
    }
}
