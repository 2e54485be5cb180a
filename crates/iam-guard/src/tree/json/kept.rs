//! The parts of a plan or state of Terraform that are kept in memory. Most of a plan is about other
//! resources, or says the same again.

use crate::plan;

/// What is kept of a value. All entries of a list are treated as the value itself.
#[derive(Debug)]
pub(super) enum Kept {
    All,
    /// Of an object, these members.
    Only(&'static [(&'static str, &'static Kept)]),
    /// Of an object, all members, and this of each.
    Each(&'static Kept),
    /// Of an object, the attributes that are read.
    Attributes,
    /// Of a list of resources, those that are read, and this of each.
    Resources(&'static Kept),
    /// Of a list of resources, those that are read and are not among the changes, and this of each.
    Others(&'static Kept),
}

impl Kept {
    /// What is kept of a member; `None` if it is left out.
    pub(super) fn member(&self, key: &str) -> Option<&Self> {
        match self {
            Self::All | Self::Resources(_) | Self::Others(_) => Some(&Self::All),
            Self::Only(members) => {
                let (_, kept) = members.iter().find(|(own, _)| *own == key)?;
                Some(kept)
            }
            Self::Each(kept) => Some(kept),
            Self::Attributes => plan::is_read_attribute(key).then_some(&Self::All),
        }
    }
}

static CHANGES: Kept = Kept::Resources(&CHANGE);

static DEFERRED: Kept = Kept::Only(&[("resource_change", &CHANGE)]);

static CHANGE: Kept = Kept::Only(&[
    ("address", &Kept::All),
    ("mode", &Kept::All),
    ("type", &Kept::All),
    ("deposed", &Kept::All),
    (
        "change",
        &Kept::Only(&[
            ("after", &Kept::Attributes),
            ("after_unknown", &Kept::Attributes),
        ]),
    ),
]);

static VALUES: Kept = Kept::Only(&[("root_module", &MODULE)]);

static MODULE: Kept = Kept::Only(&[
    (
        "resources",
        &Kept::Others(&Kept::Only(&[
            ("address", &Kept::All),
            ("mode", &Kept::All),
            ("type", &Kept::All),
            ("values", &Kept::Attributes),
        ])),
    ),
    ("child_modules", &MODULE),
]);

static CONFIGURATION: Kept = Kept::Only(&[("root_module", &CONFIGURED_MODULE)]);

static CONFIGURED_MODULE: Kept = Kept::Only(&[
    (
        "resources",
        &Kept::Resources(&Kept::Only(&[
            ("address", &Kept::All),
            ("expressions", &Kept::Attributes),
            ("for_each_expression", &Kept::All),
        ])),
    ),
    (
        "module_calls",
        &Kept::Each(&Kept::Only(&[
            ("expressions", &Kept::All),
            ("for_each_expression", &Kept::All),
            ("module", &CONFIGURED_MODULE),
        ])),
    ),
    ("outputs", &Kept::All),
]);

/// What is kept of the members of a plan or state; `None` if a file with these keys is neither.
pub(super) fn of_root(keys: &[&str]) -> Option<fn(&str) -> Option<&'static Kept>> {
    let count = |name: &str| keys.iter().filter(|key| **key == name).count();
    let has = |name: &str| count(name) > 0;
    let is_plan = has("resource_changes") || has("planned_values");
    let is_either = is_plan || has("format_version") && has("values");
    // Of several lists of changes, only the last one counts.
    (is_either && count("resource_changes") < 2).then_some(member_of_root)
}

fn member_of_root(key: &str) -> Option<&'static Kept> {
    match key {
        "resource_changes" => Some(&CHANGES),
        "deferred_changes" => Some(&DEFERRED),
        "planned_values" | "values" => Some(&VALUES),
        "configuration" => Some(&CONFIGURATION),
        "prior_state"
        | "resource_drift"
        | "relevant_attributes"
        | "output_changes"
        | "checks"
        | "variables"
        | "action_invocations" => None,
        _ => Some(&Kept::All),
    }
}
