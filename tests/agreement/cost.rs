//! What the guard costs, as `docs/operations.md` says: the figures follow from the stack, and the
//! sums are right.

use end_to_end::{STATES_ALLOWED, STATES_FOR_CHAT, STATES_KEPT, STATES_TAKEN_BACK};
use incident::message::{OutcomeResult, Response, VerdictResult};
use serde_json::Value;

use crate::read;
use crate::transformed::{many, of_type};

/// Metrics without a dimension beside the state machine: `Repeated`, `ChatFailed`, the times to
/// containment and to decision, `QuotaWaitSeconds`, `ProofOfLife` and `RestrictedGrants`.
const SINGLE_METRICS: usize = 7;

fn section() -> String {
    let manual = read("docs/operations.md");
    manual.split_once("\n## Cost\n").unwrap().1.to_owned()
}

/// The cells of the row that begins with `name`.
fn row(name: &str) -> Vec<String> {
    let section = section();
    let start = format!("| {name}");
    let mut rows = section.lines().filter(|line| line.starts_with(&start));
    let row = rows.next().unwrap_or_else(|| panic!("no row {name}"));
    assert!(rows.next().is_none(), "two rows {name}");
    let cells = row.trim_matches('|').split('|').map(str::trim);
    cells.map(str::to_owned).collect()
}

/// The USD in a cell: one amount, or the least and the most.
fn usd(cell: &str) -> (f64, f64) {
    let (least, most) = cell.split_once(" to ").unwrap_or((cell, cell));
    (least.parse().unwrap(), most.parse().unwrap())
}

#[test]
fn the_sums_for_a_million_changes_are_right() {
    let section = section();
    let rows: Vec<Vec<&str>> = section
        .lines()
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .filter(|cells: &Vec<&str>| cells.len() == 6 && cells[1].parse::<f64>().is_ok())
        .collect();
    assert!(rows.len() >= 8, "{rows:?}");
    let sum = row("**sum**");
    for column in [2, 4] {
        let mut all = 0.0;
        for cells in &rows {
            let [price, count, cost] =
                [cells[1], cells[column], cells[column + 1]].map(|it| it.parse::<f64>().unwrap());
            assert!((price * count - cost).abs() < 0.006, "{cells:?}");
            all += cost;
        }
        assert_eq!(sum[column + 1], format!("**{all:.2}**"));
    }
}

#[test]
fn states_are_those_of_the_scenarios() {
    let section = section();
    for sentence in [
        format!("it enters {STATES_ALLOWED} states"),
        format!("enters {STATES_KEPT} states if it is kept, and at most {STATES_TAKEN_BACK} if"),
    ] {
        assert!(section.contains(&sentence), "{sentence}");
    }
    // With the start, and the state and the start of the claim.
    let states = &row("Step Functions")[4];
    assert_eq!(*states, (STATES_ALLOWED + 3).to_string());
    let of_chat = format!("each decision enters {} states more", STATES_FOR_CHAT.len());
    assert!(section.contains(&of_chat), "{of_chat}");
    let architecture = read("docs/architecture.md");
    assert!(architecture.contains(&format!("A kept one enters {STATES_KEPT} states.")));
}

#[test]
fn alarms_and_metrics_are_those_of_the_stack() {
    let metrics_of = |alarm: &Value| match many(&alarm["Metrics"]) {
        metrics if alarm["Metrics"].is_array() => {
            let looked_at = metrics.iter().filter(|it| it["MetricStat"].is_object());
            looked_at.count()
        }
        _ => 1,
    };
    let alarms: usize = of_type("AWS::CloudWatch::Alarm")
        .map(|(_, alarm)| metrics_of(alarm))
        .sum();
    let [_, computation, cost] = &row("alarms")[..] else {
        panic!("a row of three cells");
    };
    assert!(
        computation.starts_with(&format!("{alarms} × 0.10:")),
        "{alarms}: {computation}"
    );
    let alarms = u32::try_from(alarms).unwrap();
    assert_eq!(*cost, format!("{:.2}", f64::from(alarms) * 0.1 + 0.5));

    let responses = Response::ALL.iter().filter(|it| **it != Response::None);
    let metrics =
        VerdictResult::ALL.len() + OutcomeResult::ALL.len() + responses.count() + SINGLE_METRICS;
    let [_, computation, cost] = &row("metrics of the functions")[..] else {
        panic!("a row of three cells");
    };
    assert!(
        computation.starts_with(&format!("at most {metrics} × 0.30,")),
        "{metrics}: {computation}"
    );
    let metrics = u32::try_from(metrics).unwrap();
    assert_eq!(*cost, format!("0 to {:.2}", f64::from(metrics) * 0.3));
}

/// The README says in one sentence what the section computes.
#[test]
fn the_readme_has_the_sums() {
    let harmless = row("**sum**")[3].trim_matches('*').parse::<f64>().unwrap();
    let cents = harmless / 10.0;
    let fixed = ["key", "alarms", "metrics of the functions", "sweeps"];
    let fixed = fixed.map(|name| usd(&row(name)[2]));
    let (least, most) = fixed
        .into_iter()
        .fold((0.0, 0.0), |(least, most), it| (least + it.0, most + it.1));
    let sentence = format!(
        "A thousand policy changes a month cost {cents:.0} cents, and the fixed part is about {least:.0} to {most:.0} dollars a month"
    );
    assert!(read("README.md").contains(&sentence), "{sentence}");
}
