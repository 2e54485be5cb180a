//! Searches for documents that take long: random patterns over the words of a restricted list, and
//! hill climbing.
//!
//! `cargo run --release -p iam-policy --example worst -- [--by time|steps] [--seed N] [--rounds N]
//! [--climbers N]`
//!
//! `cargo run --release -p iam-policy --example worst -- --replay FILE` measures an earlier result
//! again.
//!
//! Each climber starts from a random document and list and changes them a little at a time, as long
//! as the slower of judging and remediating takes longer. `--by steps` counts the steps of the
//! algorithm, so every run finds the same documents; `--by time` finds work that is not counted.
//! Other programs disturb times, so each seemingly worse document is measured again. The result of
//! each climber is printed as a line of JSON: `{"list", "quota", "document"}` with the times and
//! steps.
#![expect(
    clippy::indexing_slicing,
    reason = "a tool for developers that works on inputs of its own"
)]

use std::error::Error;
use std::io::Write;
use std::time::{Duration, Instant};

use iam_policy::{Quota, RestrictedActions, Truncated, judge};
use serde_json::{Value, json};

/// The longest document and the longest list, in characters.
const DOCUMENT: usize = 10_240;
const LIST: usize = 2_500;

/// Lists to start from: literal names, whole services, wildcards at both ends, and wildcards in
/// service prefixes.
const LISTS: [&str; 6] = [
    "ec2:TerminateInstances,iam:PassRole",
    "s3:DeleteBucket,s3:DeleteObject,iam:*,kms:ScheduleKeyDeletion",
    "ec2:*Delete*,s3:*Object*,iam:*Policy*,sts:Assume*",
    "*:*Delete*,*:*Put*Policy,?am:*",
    "s3:*e*t*,ec2:*t*n*e*,iam:?*a*?,iam:*P?l*",
    "a4b:*,ecs:*n*,eks:*n*,elasticache:*e*,elasticloadbalancing:*e*,es:*e*,events:*e*,glue:*e*,lambda:*n*",
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Measure {
    Time,
    Steps,
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut by, mut seed, mut rounds, mut climbers) = (Measure::Time, 1, 60, 6);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments
            .next()
            .ok_or_else(|| format!("`{name}` needs a value"))?;
        match name.as_str() {
            "--by" if value == "time" => by = Measure::Time,
            "--by" if value == "steps" => by = Measure::Steps,
            "--seed" => seed = value.parse()?,
            "--rounds" => rounds = value.parse()?,
            "--climbers" => climbers = value.parse()?,
            "--replay" => return replay(&std::fs::read_to_string(value)?),
            _ => return Err(format!("`{name} {value}` is not a valid option").into()),
        }
    }
    let mut random = Random(seed);
    let mut out = std::io::stdout().lock();
    for climber in 0..climbers {
        let mut best = Case::new(LISTS[climber % LISTS.len()], &mut random);
        let mut took = best.run();
        for _ in 0..rounds {
            let mut next = best.clone();
            for _ in 0..=random.below(3) {
                next.change(&mut random);
            }
            let mut next_took = next.run();
            for _ in 0..3 {
                if next_took.value(by) <= took.value(by) {
                    break;
                }
                next_took = next_took.least(&next.run());
            }
            if next_took.value(by) > took.value(by) {
                (best, took) = (next, next_took);
            }
        }
        let line = json!({
            "judgeMs": took.judge.as_secs_f64() * 1e3,
            "judgeSteps": took.judge_steps,
            "remediateMs": took.remediate.as_secs_f64() * 1e3,
            "remediateSteps": took.remediate_steps,
            "list": best.list.join(","),
            "quota": best.quota,
            "document": best.document(),
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Measures each line of an earlier result, best of five runs.
fn replay(lines: &str) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    for line in lines.lines() {
        let case: Value = serde_json::from_str(line)?;
        let text = |key: &str| case[key].as_str().unwrap_or_default();
        let quota = case["quota"].as_u64().unwrap_or(6_144);
        let quota = Quota::characters(usize::try_from(quota)?);
        let restricted: RestrictedActions = text("list").parse()?;
        let mut took = run(text("document"), &restricted, quota);
        for _ in 0..4 {
            took = took.least(&run(text("document"), &restricted, quota));
        }
        writeln!(
            out,
            "judge {:8.1} ms {:>9} steps, remediate {:8.1} ms {:>9} steps: {}",
            took.judge.as_secs_f64() * 1e3,
            took.judge_steps,
            took.remediate.as_secs_f64() * 1e3,
            took.remediate_steps,
            text("name"),
        )?;
    }
    Ok(())
}

/// Judges, remediates and reports as a function does.
fn run(document: &str, restricted: &RestrictedActions, quota: Quota) -> Took {
    let start = Instant::now();
    let judgement = judge(document, restricted);
    let findings = judgement.findings(16_000);
    let judge = start.elapsed();
    let start = Instant::now();
    let remediation = judgement.remediate(quota);
    let edits = Truncated::within(16_000, remediation.edits());
    let losses = Truncated::within(16_000, remediation.losses());
    let remediate = start.elapsed();
    std::hint::black_box((findings, edits, losses));
    Took {
        judge,
        judge_steps: judgement.steps(),
        remediate,
        remediate_steps: remediation.steps(),
    }
}

/// A document and the list that it is judged by.
#[derive(Clone)]
struct Case {
    list: Vec<String>,
    statements: Vec<Statement>,
    quota: usize,
}

#[derive(Clone)]
struct Statement {
    allow: bool,
    negated: bool,
    entries: Vec<String>,
}

#[derive(Clone, Copy, Default)]
struct Took {
    judge: Duration,
    judge_steps: u64,
    remediate: Duration,
    remediate_steps: u64,
}

impl Took {
    /// The shorter times of two runs.
    fn least(self, other: &Took) -> Took {
        Took {
            judge: self.judge.min(other.judge),
            remediate: self.remediate.min(other.remediate),
            ..self
        }
    }

    fn value(&self, by: Measure) -> u128 {
        match by {
            Measure::Time => self.judge.max(self.remediate).as_nanos(),
            Measure::Steps => self.judge_steps.max(self.remediate_steps).into(),
        }
    }
}

impl Case {
    fn new(list: &str, random: &mut Random) -> Case {
        let mut case = Case {
            list: list.split(',').map(str::to_owned).collect(),
            statements: Vec::new(),
            quota: [2_048, 6_144, 10_240][random.below(3)],
        };
        for _ in 0..=random.below(3) {
            let entries = (0..1 + random.below(300))
                .map(|_| case.pattern(random))
                .collect();
            case.statements.push(Statement {
                allow: case.statements.is_empty() || random.below(3) > 0,
                negated: random.below(5) == 0,
                entries,
            });
        }
        case.shrink();
        case
    }

    fn document(&self) -> String {
        let statements: Vec<Value> = self
            .statements
            .iter()
            .map(|statement| {
                json!({
                    "Effect": if statement.allow { "Allow" } else { "Deny" },
                    if statement.negated { "NotAction" } else { "Action" }: statement.entries,
                    "Resource": "*",
                })
            })
            .collect();
        json!({"Version": "2012-10-17", "Statement": statements}).to_string()
    }

    /// Truncates the document and the list to the lengths that IAM and a deployment accept.
    fn shrink(&mut self) {
        while self.list.join(",").len() > LIST {
            self.list.pop();
        }
        while self.document().len() > DOCUMENT {
            let longest = self.statements.iter_mut().max_by_key(|s| s.entries.len());
            if let Some(statement) = longest {
                let half = statement.entries.len() * 9 / 10;
                statement.entries.truncate(half);
            }
        }
    }

    /// The cost of the case; nothing if its list is not valid.
    fn run(&self) -> Took {
        match self.list.join(",").parse() {
            Ok(restricted) => run(&self.document(), &restricted, Quota::characters(self.quota)),
            Err(_) => Took::default(),
        }
    }

    fn change(&mut self, random: &mut Random) {
        let at = random.below(self.statements.len());
        let pattern = self.pattern(random);
        let many: Vec<String> = (0..random.below(60))
            .map(|_| self.pattern(random))
            .collect();
        let count = self.statements.len();
        let statement = &mut self.statements[at];
        let entry = random.below(statement.entries.len().max(1));
        match random.below(14) {
            0 => statement.allow = !statement.allow,
            1 => statement.negated = !statement.negated,
            2 | 3 => statement.entries.extend(many),
            4 => statement.entries.truncate(entry),
            5 | 6 => {
                // One entry with small changes, many times.
                if let Some(one) = statement.entries.get(entry).cloned() {
                    let like = (0..random.below(200)).map(|_| mutate(&one, random));
                    statement.entries.extend(like);
                }
            }
            7 => {
                let copy = self.statements[at].clone();
                self.statements.push(copy);
            }
            8 if count > 1 => {
                self.statements.remove(at);
            }
            9 => {
                self.statements.push(Statement {
                    allow: random.below(2) == 0,
                    negated: random.below(2) == 0,
                    entries: many,
                });
            }
            10 => self.list.push(pattern),
            11 => {
                let at = random.below(self.list.len());
                self.list[at] = mutate(&self.list[at], random);
            }
            12 => self.quota = [2_048, 6_144, 10_240][random.below(3)],
            _ => match statement.entries.get_mut(entry) {
                Some(entry) => *entry = mutate(entry, random),
                None => statement.entries.push(pattern),
            },
        }
        self.shrink();
    }

    /// A pattern made of pieces of the list.
    fn pattern(&self, random: &mut Random) -> String {
        let from = &self.list[random.below(self.list.len())];
        match random.below(20) {
            0 => "*".to_owned(),
            1 => format!(
                "{}:*",
                from.split_once(':').map_or("*", |(prefix, _)| prefix)
            ),
            2 => from.clone(),
            _ => mutate(&mutate(from, random), random),
        }
    }
}

/// A similar pattern: some characters of the name become wildcards, or characters are added.
fn mutate(pattern: &str, random: &mut Random) -> String {
    let (prefix, name) = pattern.split_once(':').unwrap_or((pattern, "*"));
    let mut name: Vec<char> = name.chars().collect();
    for _ in 0..1 + random.below(6) {
        let at = random.below(name.len().max(1));
        let c = ['*', '*', '*', '?', 'e', 'n', 't', 's', 'D'][random.below(9)];
        match random.below(4) {
            0 if name.len() > 1 => {
                name.remove(at);
            }
            1 if name.len() < 60 => name.insert(at, c),
            _ => match name.get_mut(at) {
                Some(own) => *own = c,
                None => name.push(c),
            },
        }
    }
    format!("{prefix}:{}", name.into_iter().collect::<String>())
}

/// A fixed sequence, so that every run tries the same documents.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % bound
    }
}
