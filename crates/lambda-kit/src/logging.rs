use incident::{ExecutionArn, PolicyChange};
use tracing::Span;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The guard's own crates. All others log warnings and errors only: at finer levels an HTTP client
/// logs whole requests, with task tokens.
const OWN_TARGETS: [&str; 7] = [
    "approve_callback",
    "lambda_kit",
    "notify",
    "policy_store",
    "remediate",
    "revert",
    "validate_policy",
];

/// Starts JSON log lines on standard output, at the level that Lambda's `LoggingConfig` sets in
/// `AWS_LAMBDA_LOG_LEVEL`.
pub fn start_logging() {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL")
        .ok()
        .and_then(|level| level.parse::<LevelFilter>().ok())
        .unwrap_or(LevelFilter::INFO);
    let targets = Targets::new()
        .with_default(LevelFilter::WARN.min(level))
        .with_targets(OWN_TARGETS.map(|target| (target, level)));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_ansi(false);
    tracing_subscriber::registry()
        .with(lines)
        .with(targets)
        .init();
}

/// The span that adds event id, policy and execution to every log line of an invocation.
#[must_use]
pub fn incident_span(execution: &ExecutionArn, change: &PolicyChange) -> Span {
    tracing::info_span!(
        "incident",
        event_id = %change.event_id,
        policy = %change.subject,
        execution = %execution,
    )
}
