//! The stacks of the matrix.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use local_aws::CloudTrail;

use super::cases::CHANGES;
use super::matrix::Choice;
use super::{Answer, Point, invariants};
use crate::World;
use crate::faults::Call;

/// The role of the state machine, in the template.
pub(crate) const MACHINE: &str = "PolicyApprovalRole";
/// The callers by their names in the template: the functions and the state machine.
const CALLERS: [&str; 6] = [
    "ValidatePolicyFunction",
    "RemediateFunction",
    "NotifyFunction",
    "ApproveCallbackFunction",
    "RevertFunction",
    MACHINE,
];
/// The role of the proof of life, whose policy the guard contains too.
const PROBE: &str = "ProbeRole";

/// The time for a decision in the stack where it runs out.
const SHORT_TIMEOUT: &str = "4";
/// More incidents than the matrix lets one sweep start.
const MOST: &str = "100";

/// The number of stacks of one kind. The local AWS of a stack gets slower with each incident, and
/// the pages of a stack take few requests a second.
fn places(choice: Choice) -> usize {
    match choice {
        Choice::Representative => 1,
        Choice::Full => 3,
    }
}

/// The deployed stacks.
#[derive(Debug)]
pub struct Worlds {
    /// Where the administrator answers.
    answered: Vec<Arc<Place>>,
    /// Where the time for an answer runs out.
    expiring: Arc<Place>,
    /// Where every event is lost, and sweeps start the incidents. One sweep runs at a time, so more
    /// stacks take less time.
    pub(super) swept: Vec<Arc<Place>>,
}

/// A deployed stack, and the names of what calls AWS in it.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) world: World,
    /// Their real names by those in the template.
    callers: BTreeMap<&'static str, String>,
    /// The real name of the role of the proof of life.
    probe: String,
}

impl Place {
    async fn start(parameters: &[(&str, &str)]) -> Result<Self> {
        let world = World::start(parameters).await?;
        world.shorten_waits().await?;
        let resources = world.stack.resources().await?;
        let mut callers = BTreeMap::new();
        for name in CALLERS {
            let real = resources.get(name);
            let real = real.with_context(|| format!("the stack has no `{name}`"))?;
            callers.insert(name, real.clone());
        }
        let probe = resources.get(PROBE);
        let probe = probe.with_context(|| format!("the stack has no `{PROBE}`"))?;
        Ok(Self {
            world,
            callers,
            probe: probe.clone(),
        })
    }

    /// The real name of a caller; empty, which stands for all, stays so.
    pub(crate) fn real_name(&self, caller: &str) -> &str {
        self.callers.get(caller).map_or("", String::as_str)
    }

    fn name_in_template(&self, real: &str) -> Option<&'static str> {
        let found = self
            .callers
            .iter()
            .find(|(_, name)| real.contains(name.as_str()));
        found.map(|(name, _)| *name)
    }

    /// The calls of an incident as the points at which they can fail.
    pub(super) fn points_of(&self, calls: &[Call]) -> Vec<Point> {
        let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let mut points = Vec::new();
        for call in calls {
            let caller = self.name_in_template(&call.caller).unwrap_or_default();
            let nth = seen.entry((caller, call.action.as_str())).or_default();
            *nth += 1;
            points.push(Point {
                in_sweep: false,
                caller: caller.to_owned(),
                action: call.action.clone(),
                nth: *nth,
            });
        }
        points
    }

    /// Whether a call was made by this function or role of the template.
    pub(super) fn is_of(&self, call: &Call, caller: &str) -> bool {
        self.name_in_template(&call.caller) == Some(caller)
    }
}

impl Worlds {
    /// Deploys them.
    pub async fn start(choice: Choice) -> Result<Self> {
        let [contained, asked] = invariants::RESTRICTED;
        let (contained, asked) = (("restrictedActions", contained), ("askActions", asked));
        let short = [contained, asked, ("ApprovalTimeoutSeconds", SHORT_TIMEOUT)];
        let by_sweeps = [contained, asked, ("SweepMost", MOST)];
        // Whatever becomes of the chat, the decision is carried out.
        let told = [contained, asked, ("ChatNotifications", "true")];
        let expiring = Arc::new(Place::start(&short).await?);
        let (mut answered, mut swept) = (Vec::new(), Vec::new());
        for _ in 0..places(choice) {
            answered.push(Arc::new(Place::start(&told).await?));
            let place = Place::start(&by_sweeps).await?;
            place.world.deliver_by_hand().await?;
            swept.push(Arc::new(place));
        }
        Ok(Self {
            answered,
            expiring,
            swept,
        })
    }

    /// Removes them.
    pub async fn stop(self) -> Result<()> {
        let with_events = self.answered.into_iter().chain([self.expiring]);
        for place in with_events.chain(self.swept) {
            let place = Arc::into_inner(place).context("a case still runs")?;
            place.world.stop().await?;
        }
        Ok(())
    }

    /// The stack of a case, by its number.
    pub(super) fn of(&self, answer: Answer, number: usize) -> &Arc<Place> {
        let mut turns = self.answered.iter().cycle();
        match answer {
            Answer::Allow | Answer::Deny => turns.nth(number).unwrap_or(&self.expiring),
            Answer::Expire => &self.expiring,
        }
    }

    /// The stacks where events arrive.
    fn with_events(&self) -> impl Iterator<Item = &Arc<Place>> {
        self.answered.iter().chain([&self.expiring])
    }

    /// Of the stacks where events arrive.
    pub(super) async fn set_cloudtrail(&self, settings: CloudTrail) -> Result<()> {
        for place in self.with_events() {
            place.world.emulator.set_cloudtrail(settings).await?;
        }
        Ok(())
    }
}

pub(super) fn name_of(part: &str, number: usize) -> String {
    format!("chaos-{part}{number:05}x")
}

/// Checks that the guard changed no policies but those of the cases.
pub(super) async fn check_other_policies(worlds: &Worlds) -> Result<()> {
    for place in worlds.with_events().chain(&worlds.swept) {
        for call in place.world.emulator.calls(0).await? {
            let is_ours = place.name_in_template(&call.principal).is_some();
            let changes =
                call.action.starts_with("iam:") && CHANGES.contains(&call.action.as_str());
            ensure!(
                !is_ours
                    || !changes
                    || call.resource.contains("/chaos-")
                    || call.resource.ends_with(&place.probe),
                "the guard changed what it was not asked about: {call:?}"
            );
        }
    }
    Ok(())
}
