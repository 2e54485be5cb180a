//! The sweep over whole accounts, without IAM: what starts an incident, what does not, and what is
//! left for the next sweep.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what goes wrong in a helper fails the test that called it"
)]

mod confirming;
mod fresh;
mod gone;
mod hints;
mod output;
mod unchanged;
mod wide;
mod world;

use incident::judgement::{GuardConfig, Mode};
use incident::message::GoneDenial;
use incident::survey::{
    Accounted, Collector, Comparison, Grant, Resolved, RulesDigest, SweepOutput,
};
use incident::{ExecutionArn, OwnerKind, Subject, Timestamp};

use crate::world::World;

const GRANTS: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:*","iam:PassRole"],"Resource":"*"}}"#;
const HARMLESS: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}}"#;
const DENIES: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;

const KINDS: [OwnerKind; 3] = [OwnerKind::Role, OwnerKind::User, OwnerKind::Group];

/// When the first sweep begins; each later one an hour after the one before.
const START: i64 = 1_772_442_000;
const HOUR: i64 = 60 * 60;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn config(restricted: &str) -> GuardConfig {
    GuardConfig {
        restricted: restricted.parse().unwrap(),
        mode: Mode::Enforce,
        exempt: "arn:aws:iam::111122223333:user/carol".parse().unwrap(),
        account: "111122223333".to_owned(),
        partition: "aws".to_owned(),
        trusted: "999999999999".parse().unwrap(),
        notify_on_allowed: true,
    }
}

/// The guard of most tests, at one moment.
struct Guard {
    rules: GuardConfig,
    /// `SweepBaseline`.
    baseline: &'static str,
    most: usize,
    now: i64,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            rules: config("iam:PassRole,s3:DeleteBucket,kms:*"),
            baseline: "",
            most: 50,
            now: START,
        }
    }
}

/// What became of a sweep.
struct Swept {
    output: SweepOutput,
    fresh: Vec<Grant>,
    started: Vec<Grant>,
    left: Vec<Grant>,
    reports_over: bool,
    is_baseline: bool,
    gone: Vec<GoneDenial>,
}

impl Swept {
    /// How many incidents it starts.
    fn started(&self) -> usize {
        assert_eq!(self.output.counts.started, self.started.len());
        self.started.len()
    }

    fn subjects(&self) -> Vec<String> {
        let mut subjects: Vec<String> = self
            .started
            .iter()
            .map(|grant| grant.subject.to_string())
            .collect();
        subjects.sort();
        subjects
    }
}

impl Guard {
    /// Sweeps an hour later than the last time, where no incident knows about anything.
    fn sweep(&mut self, world: &World, previous: Option<&SweepOutput>) -> Swept {
        self.sweep_with(world, previous, |_| Accounted::No)
    }

    fn sweep_with(
        &mut self,
        world: &World,
        previous: Option<&SweepOutput>,
        accounted: impl Fn(&Grant) -> Accounted,
    ) -> Swept {
        self.now += HOUR;
        let digest = RulesDigest::new(&self.rules, self.baseline);
        let comparable = previous.filter(|it| it.compares_with(&digest));
        let mut collector = Collector::new(&self.rules, comparable, previous);
        world.each(&mut collector, Collector::principal, Collector::policy);
        let comparison = Comparison::new(collector.finish(), previous, digest, at(self.now));
        let fresh = comparison.fresh.clone();
        let gone = comparison.gone.clone();
        let is_baseline = comparison.is_baseline;
        let accounted = fresh.iter().map(accounted).collect();
        let (resolved, known) = comparison.resolve(accounted, self.most);
        let Resolved {
            output,
            started,
            left,
            reports_over,
        } = resolved;
        let dealt_with = known.len() + started.len() + left.len();
        assert_eq!(dealt_with, output.counts.restricted.total());
        assert_eq!(output.counts.new, fresh.len());
        // The next sweep reads it as Step Functions keeps it.
        let text = serde_json::to_string(&output).unwrap();
        assert_eq!(SweepOutput::read(&text).unwrap(), output);
        Swept {
            output,
            fresh,
            started,
            left,
            reports_over,
            is_baseline,
            gone,
        }
    }
}

/// The execution of a sweep.
fn sweep(name: &str) -> ExecutionArn {
    let machine = "arn:aws:states:eu-west-1:111122223333:stateMachine:guard-sweep";
    ExecutionArn::of(machine, name).unwrap()
}

fn documents(grants: &[Grant]) -> usize {
    let is_document = |grant: &&Grant| !matches!(grant.subject, Subject::Reported(_));
    grants.iter().filter(is_document).count()
}
