//! Reads and judges the whole account, and says what is new since the last sweep.

mod accounting;
mod entries;
mod reading;
mod report;

use incident::judgement::GuardConfig;
use incident::message::{Survey, SurveyRequest, Surveyed, SweepHint};
use incident::survey::{Collector, Comparison, Grant, RulesDigest, hint, hint_name};
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
    let digest = RulesDigest::new(&rules.restricted, &config.baseline);
    let comparable = previous.as_ref().filter(|it| it.compares_with(&digest));
    let mut collector = Collector::new(rules, comparable);
    let account = reading::read(store, rules, &mut collector).await?;
    let comparison = Comparison::new(
        collector.finish(),
        previous.as_ref(),
        digest,
        request.started_at,
    );
    let is_baseline = comparison.is_baseline;
    let accounted = accounting::account_for(rules, claims, &comparison.fresh).await?;
    let gone = accounting::unreported(claims, &comparison.gone).await?;
    let (resolved, known) = comparison.resolve(accounted, config.most);
    accounting::mark(claims, &request.execution, &known, is_baseline).await;
    let facts = Facts {
        rules,
        claims,
        config,
        request,
        account: &account,
        is_first: previous.is_none(),
        is_baseline,
        known: &known,
        resolved: &resolved,
        gone,
    };
    let report = facts.report();
    let hints = if resolved.starts {
        resolved.open.as_slice()
    } else {
        &[]
    };
    let hints = hints
        .iter()
        .filter_map(|grant| started(grant, rules, config, request));
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
    Ok(Survey::Done(Box::new(Surveyed {
        writes_probe: sweep.must_probe(),
        hints,
        report,
        sweep,
    })))
}

fn started(
    grant: &Grant,
    rules: &GuardConfig,
    config: &SweepConfig,
    request: &SurveyRequest,
) -> Option<SweepHint> {
    let now = request.started_at;
    Some(SweepHint {
        name: hint_name(grant, now),
        input: hint(grant, &rules.account, &config.region, now)?,
    })
}
