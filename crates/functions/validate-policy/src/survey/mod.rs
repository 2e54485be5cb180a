//! Reads and judges the whole account, and says what is new since the last sweep.

mod accounting;
mod entries;
mod reading;
mod report;

use incident::judgement::GuardConfig;
use incident::message::{Survey, SurveyRequest, Surveyed, SweepHint};
use incident::survey::{Collector, Comparison, Grant, RulesDigest, hint, hint_name};
use incident::{ExecutionArn, Timestamp};
use lambda_kit::{Claims, HandlerError, Sweeps};
use policy_store::PolicyStore;

use self::report::Facts;

/// The settings of the sweep.
#[derive(Clone, Debug)]
pub struct SweepConfig {
    pub sweeps: Sweeps,
    /// The most incidents that a sweep starts (`SweepMost`).
    pub most: usize,
    /// A text whose change makes a baseline of everything in force (`SweepBaseline`).
    pub baseline: String,
    /// The Region of the state machine.
    pub region: String,
}

impl SweepConfig {
    /// The defaults of the template.
    #[must_use]
    pub fn new(sweeps: Sweeps) -> Self {
        let arn = sweeps.executions().state_machine_arn();
        let region = arn.split(':').nth(3).unwrap_or_default().to_owned();
        Self {
            sweeps,
            most: 20,
            baseline: String::new(),
            region,
        }
    }
}

/// Surveys the account for a sweep.
///
/// # Errors
///
/// If IAM or Step Functions cannot be asked, or no output of an earlier sweep can be read. Then the
/// sweep starts nothing, and an alarm rings.
pub(crate) async fn survey(
    rules: &GuardConfig,
    claims: &Claims,
    config: &SweepConfig,
    store: &PolicyStore,
    request: &SurveyRequest,
) -> Result<Survey, HandlerError> {
    let sweeps = &config.sweeps;
    if let Some(busy) = sweeps.running_before(&request.execution).await? {
        tracing::info!(%busy, "another sweep runs");
        return Ok(Survey::Busy { busy });
    }
    let previous = sweeps.last().await?;
    let digest = RulesDigest::new(rules, &config.baseline);
    let comparable = previous.as_ref().filter(|it| it.compares_with(&digest));
    let mut collector = Collector::new(rules, comparable, previous.as_ref());
    let account = reading::read(store, rules, &mut collector).await?;
    // A sweep can wait for IAM, and its hints must not be older than what it read.
    let read_at = Timestamp::now().max(request.started_at);
    let comparison = Comparison::new(
        collector.finish(),
        previous.as_ref(),
        digest,
        request.started_at,
    );
    let is_baseline = comparison.is_baseline;
    let now = request.started_at;
    let since = previous.as_ref().map(|previous| previous.started_at);
    let accounted = accounting::account_for(rules, claims, &comparison.fresh, since, now).await?;
    let gone = accounting::unreported(claims, &comparison.gone, since).await?;
    let (resolved, known) = comparison.resolve(accounted, config.most);
    let marking = accounting::Marking {
        sweep: &request.execution,
        now,
        previous: comparable,
    };
    marking.mark(claims, &known).await;
    let facts = Facts {
        rules,
        claims,
        config,
        request,
        read_at,
        account: &account,
        is_first: previous.is_none(),
        is_baseline,
        known: &known,
        resolved: &resolved,
        gone,
    };
    let report = facts.report();
    let hints = resolved
        .started
        .iter()
        .filter_map(|grant| started(grant, rules, config, &request.execution, read_at));
    let hints: Vec<SweepHint> = hints.collect();
    let sweep = resolved.output;
    tracing::info!(
        restricted = sweep.counts.restricted.total(),
        known = sweep.memory.len(),
        new = sweep.counts.new,
        hints = hints.len(),
        is_baseline,
        "surveyed"
    );
    lambda_kit::metrics::surveyed(&request.execution, sweep.counts.restricted.total());
    let surveyed = Surveyed {
        writes_probe: sweep.must_probe(),
        hints,
        report,
        sweep,
    };
    Ok(Survey::Done(Box::new(surveyed.within_a_state())))
}

fn started(
    grant: &Grant,
    rules: &GuardConfig,
    config: &SweepConfig,
    sweep: &ExecutionArn,
    read_at: Timestamp,
) -> Option<SweepHint> {
    Some(SweepHint {
        name: hint_name(&grant.id, sweep),
        input: hint(grant, &rules.account, &config.region, sweep, read_at)?,
    })
}
