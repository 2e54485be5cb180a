use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, ensure};
use libtest_mimic::{Arguments, Failed, Trial};

use crate::{World, privileges, sizes};

/// A scenario, played on a stack that other scenarios use at the same time.
pub struct Scenario {
    name: &'static str,
    play: Box<dyn FnOnce(Arc<World>, tokio::runtime::Handle) -> Result<()> + Send>,
}

impl std::fmt::Debug for Scenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scenario")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Scenario {
    /// A scenario from an async function.
    pub fn new<Play, Work>(name: &'static str, play: Play) -> Self
    where
        Play: FnOnce(Arc<World>) -> Work + Send + 'static,
        Work: Future<Output = Result<()>>,
    {
        Self {
            name,
            play: Box::new(move |world, runtime| runtime.block_on(play(world))),
        }
    }

    fn trial(self, world: &Arc<World>, runtime: &tokio::runtime::Handle) -> Trial {
        let (world, runtime) = (Arc::clone(world), runtime.clone());
        Trial::test(self.name, move || {
            (self.play)(world, runtime).map_err(|error| Failed::from(format!("{error:#}")))
        })
    }
}

/// The template's parameters for a group of scenarios: names and values.
pub type Parameters = Vec<(&'static str, &'static str)>;

/// How many scenarios are played at once. They wait for the emulator most of the time.
const AT_ONCE: usize = 6;

/// Deploys one stack for each group, plays the scenarios, and removes the stacks in any case.
///
/// What is wrong beyond single scenarios is printed without a backtrace, so that it comes last.
#[expect(
    clippy::print_stderr,
    reason = "a test program reports to standard error"
)]
pub fn run(groups: Vec<(Parameters, Vec<Scenario>)>) -> ExitCode {
    play(groups).unwrap_or_else(|error| {
        eprintln!("Error: {error:#}");
        ExitCode::FAILURE
    })
}

fn play(groups: Vec<(Parameters, Vec<Scenario>)>) -> Result<ExitCode> {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    if arguments.list {
        let names = groups.into_iter().flat_map(|(_, scenarios)| scenarios);
        let trials = names
            .map(|scenario| Trial::test(scenario.name, || Ok(())))
            .collect();
        return Ok(libtest_mimic::run(&arguments, trials).exit_code());
    }
    let runtime = tokio::runtime::Runtime::new()?;
    let mut worlds = Vec::new();
    let mut trials = Vec::new();
    runtime.block_on(local_aws::functions::build())?;
    for (parameters, scenarios) in groups {
        let wanted = scenarios
            .into_iter()
            .filter(|scenario| is_wanted(&arguments, scenario.name));
        let wanted: Vec<_> = wanted.collect();
        if wanted.is_empty() {
            continue;
        }
        let world = Arc::new(runtime.block_on(World::start(&parameters))?);
        trials.extend(
            wanted
                .into_iter()
                .map(|scenario| scenario.trial(&world, runtime.handle())),
        );
        worlds.push(world);
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    // Only all scenarios together use every permission of the roles.
    let is_complete = conclusion.num_filtered_out == 0 && arguments.filter.is_none();
    let mut disagreements = Vec::new();
    let mut too_long = Vec::new();
    for world in &worlds {
        too_long.extend(runtime.block_on(sizes::too_long(world))?);
    }
    if is_complete && !conclusion.has_failed() {
        let worlds = worlds.iter().map(Arc::as_ref);
        disagreements = runtime.block_on(privileges::disagreements(worlds))?;
    }
    for world in worlds {
        if let Some(world) = Arc::into_inner(world) {
            runtime.block_on(world.stop())?;
        }
    }
    ensure!(
        too_long.is_empty(),
        "the data of executions is too long:\n{}",
        too_long.join("\n")
    );
    ensure!(
        disagreements.is_empty(),
        "the roles of template.yaml and the calls of the functions disagree:\n{}",
        disagreements.join("\n")
    );
    Ok(conclusion.exit_code())
}

fn is_wanted(arguments: &Arguments, name: &str) -> bool {
    arguments.filter.as_deref().is_none_or(|filter| {
        if arguments.exact {
            name == filter
        } else {
            name.contains(filter)
        }
    })
}
