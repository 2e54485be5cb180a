//! The messages of the sweep.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Response, is_zero};
use crate::subject::Owner;
use crate::survey::{SweepCounts, SweepOutput};
use crate::{ExecutionArn, Subject, Timestamp};

/// `Survey`: read and judge the whole account.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SurveyRequest {
    /// The execution of the sweep that asks.
    pub execution: ExecutionArn,
    /// When it began, as Step Functions wrote it.
    pub started_at: Timestamp,
    /// Whether someone wants an e-mail about what is in force.
    #[serde(default)]
    pub report: bool,
}

/// The answer to [`SurveyRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Survey {
    /// Another sweep runs: one at a time.
    Busy {
        busy: ExecutionArn,
    },
    Done(Box<Surveyed>),
}

/// What a survey found, and what the state machine does about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Surveyed {
    /// The output of the execution.
    pub sweep: SweepOutput,
    /// The incidents that it starts.
    pub hints: Vec<SweepHint>,
    /// What an e-mail reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<SweepReport>,
    /// Whether it is time to write the proof of life.
    pub writes_probe: bool,
}

impl Surveyed {
    /// The bytes of JSON that it may take. Step Functions passes 256 KB on, and the state machine
    /// adds little.
    const BYTES: usize = 220_000;

    /// The same within what a state may hold: first the report lists less, and then fewer incidents
    /// start. The next sweep finds the others.
    #[must_use]
    pub fn within_a_state(mut self) -> Self {
        let is_too_long =
            |it: &Self| serde_json::to_string(it).is_ok_and(|it| it.len() > Self::BYTES);
        while is_too_long(&self) {
            if let Some(report) = &mut self.report
                && report.shorten()
            {
                continue;
            }
            if self.hints.pop().is_none() {
                break;
            }
            self.sweep.counts.started = self.hints.len();
        }
        self
    }
}

impl SweepReport {
    /// Lists half as much; `false` if it lists nothing.
    fn shorten(&mut self) -> bool {
        let (grants, gone) = (self.grants.len() / 2, self.gone.len() / 2);
        if self.grants.is_empty() && self.gone.is_empty() {
            return false;
        }
        self.more_grants += self.grants.len() - grants;
        self.grants.truncate(grants);
        self.more_gone += self.gone.len() - gone;
        self.gone.truncate(gone);
        true
    }
}

/// An incident that the sweep starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepHint {
    /// The name of the execution, the same for the same grant in one sweep.
    pub name: String,
    /// A record that nobody wrote.
    pub input: Value,
}

/// `report`: what an e-mail of the sweep says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SweepReport {
    pub reason: SweepReason,
    pub started_at: Timestamp,
    pub account: String,
    /// The state machine of the incidents, for the commands.
    pub state_machine: String,
    pub counts: SweepCounts,
    /// The most incidents that a sweep starts (`SweepMost`).
    pub most: usize,
    /// The patterns that most grants meet, with how many meet each.
    pub patterns: Vec<PatternCount>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_patterns: usize,
    /// The worst grants in force; of `OverMost`, those that are new.
    pub grants: Vec<ListedGrant>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_grants: usize,
    /// What denied something and is gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<GoneDenial>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_gone: usize,
    /// What the answer of IAM lacks, in sentences without full stops.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<String>,
}

/// Why a sweep sends an e-mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::VariantArray)]
#[serde(rename_all = "camelCase")]
pub enum SweepReason {
    /// It is the first one: what is in force is the baseline.
    First,
    /// The lists, or `SweepBaseline`, are others than those of the sweep before.
    OtherRules,
    /// Someone asked for it.
    Asked,
    /// More is new than the sweep starts incidents for, so it starts none.
    OverMost,
    /// More is in force than the sweep can remember, so it starts no incident.
    TooWide,
    /// Something that denied is gone.
    Gone,
}

impl SweepReason {
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;
}

/// How many grants meet a restricted pattern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatternCount {
    pub pattern: String,
    pub grants: usize,
}

/// A grant of a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedGrant {
    pub subject: Subject,
    pub response: Response,
    /// The first restricted patterns that it meets.
    pub patterns: Vec<String>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_patterns: usize,
    /// Who holds it, as a part of a sentence: `held by 3 roles and 1 group (7 users)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<String>,
    /// The input that opens an incident for it; none where IAM lets no one change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Value>,
}

/// Something that denied, and that an owner has no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GoneDenial {
    pub owner: Owner,
    pub what: GoneThing,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum GoneThing {
    /// A managed policy with a `Deny`, by its ARN, is not attached any more.
    Attached { policy: String },
    /// An inline policy with a `Deny`, by its name, was deleted.
    Inline { name: String },
    /// The permissions boundary, by its ARN.
    Boundary { policy: String },
}

/// `ReportSweep`: send an e-mail about a sweep.
#[derive(Clone, Debug, Deserialize)]
pub struct ReportSweep {
    pub execution: ExecutionArn,
    pub report: SweepReport,
}
