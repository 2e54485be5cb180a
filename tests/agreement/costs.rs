//! The table of costs in `docs/operations.md` is what the definition costs.

use std::collections::{BTreeMap, VecDeque};

use coldstart::cost::{Cost, INVOCATIONS, TRANSITIONS};
use serde_json::Value;

use crate::{definition, read};

/// Where a clean change passes on its way to the end.
const CLEAN: &[&str] = &["AllowWithNotification"];
/// Where a restricted change passes that the administrator decides.
const DECIDED: &[&str] = &["TempRemove", "AskUser", "UsersChoice", "Denied"];
/// Calls of the function behind the links for one decision: the page, and its button.
const PAGES: usize = 2;

/// The states that follow one another when nothing fails.
fn followers(state: &Value) -> Vec<String> {
    let choices = state["Choices"].as_array().cloned().unwrap_or_default();
    choices
        .iter()
        .map(|choice| &choice["Next"])
        .chain([&state["Default"], &state["Next"]])
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// The states behind `start` on the shortest way to one that is looked for.
fn way(start: &str, wanted: impl Fn(&str, &Value) -> bool) -> Option<Vec<String>> {
    let definition = definition();
    let mut ways = BTreeMap::from([(start.to_owned(), Vec::new())]);
    let mut open = VecDeque::from([start.to_owned()]);
    while let Some(name) = open.pop_front() {
        let way = ways[&name].clone();
        let state = &definition["States"][&name];
        if wanted(&name, state) {
            return Some(way);
        }
        for follower in followers(state) {
            if !ways.contains_key(&follower) {
                let longer = way.iter().cloned().chain([follower.clone()]).collect();
                ways.insert(follower.clone(), longer);
                open.push_back(follower);
            }
        }
    }
    None
}

/// All states that an execution enters which passes these.
fn path(through: &[&str]) -> Vec<String> {
    let mut path = vec![definition()["StartAt"].as_str().unwrap().to_owned()];
    for stop in through {
        let from = path.last().unwrap();
        let to = way(from, |name, _| name == *stop);
        path.extend(to.unwrap_or_else(|| panic!("no way leads from {from} to {stop}")));
    }
    let from = path.last().unwrap();
    let to_the_end = way(from, |_, state| {
        state["End"] == true || state["Type"] == "Succeed"
    });
    path.extend(to_the_end.unwrap_or_else(|| panic!("no way leads from {from} to an end")));
    path
}

fn cost(through: &[&str], pages: usize) -> Cost {
    let definition = definition();
    let path = path(through);
    let invokes = |name: &&String| {
        let resource = definition["States"][*name]["Resource"].as_str();
        resource.is_some_and(|resource| resource.contains(":lambda:"))
    };
    Cost::new(path.len(), path.iter().filter(invokes).count() + pages)
}

/// A row of the table: its item, the price of a million, and for each kind of change how many and their price.
fn rows() -> Vec<(String, [f64; 5])> {
    let manual = read("docs/operations.md");
    let (_, table) = manual.split_once("| per million | price |").unwrap();
    table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
            let number = |index: usize| {
                let text: &str = cells[index].trim_matches('*');
                let number = text.parse();
                number.unwrap_or_else(|_| panic!("`{text}` is not a number in the row {line}"))
            };
            let is_sum = cells[0] == "**sum**";
            let numbers = [1, 2, 3, 4, 5].map(|index| match (is_sum, index) {
                (true, 1 | 2 | 4) => 0.0,
                _ => number(index),
            });
            (cells[0].to_owned(), numbers)
        })
        .collect()
}

#[test]
fn the_table_of_costs_is_computed_from_the_definition() {
    let (clean, decided) = (cost(CLEAN, 0), cost(DECIDED, PAGES));
    let rows = rows();
    let counted = [
        (
            "Step Functions: states, and the start",
            TRANSITIONS,
            [clean, decided].map(|cost| cost.transitions),
        ),
        (
            "Lambda: calls of 0.1 s at 256 MB",
            INVOCATIONS,
            [clean, decided].map(|cost| cost.invocations),
        ),
        (
            "X-Ray: traces of 5 % of the calls",
            0.25,
            [clean, decided].map(|cost| cost.invocations),
        ),
    ];
    let manual = read("docs/operations.md");
    for (item, price, [clean, decided]) in counted {
        let row = format!(
            "| {item} | {price:.3} | {clean} | {:.2} | {decided} | {:.2} |",
            price * f64::from(clean),
            price * f64::from(decided),
        );
        assert!(
            manual.contains(&row),
            "the definition has changed: write into the table of docs/operations.md, \"Cost\":\n{row}"
        );
    }

    let (sum, items) = rows.split_last().unwrap();
    for (item, [price, clean, clean_usd, decided, decided_usd]) in items {
        for (count, usd) in [(clean, clean_usd), (decided, decided_usd)] {
            // The price is rounded to a tenth of a cent.
            let room = 0.005 + 0.0005 * count;
            assert!(
                (price * count - usd).abs() <= room,
                "docs/operations.md, \"Cost\": {count} × {price} is {:.2}, and the row `{item}` says {usd:.2}",
                price * count
            );
        }
    }
    let total = |column: usize| items.iter().map(|(_, row)| row[column]).sum::<f64>();
    let expected = format!(
        "| **sum** | | | **{:.2}** | | **{:.2}** |",
        total(2),
        total(4)
    );
    assert!(
        manual.contains(&expected),
        "write as the last row of the table in docs/operations.md, \"Cost\" ({}):\n{expected}",
        sum.0
    );
    // A thousand changes, in cents.
    let cents = format!("{:.0} cents", total(2) / 10.0);
    for (file, around) in [
        ("docs/operations.md", "pays {cents} for them"),
        ("README.md", "{cents} a month for a thousand policy changes"),
    ] {
        let sentence = around.replace("{cents}", &cents);
        assert!(
            read(file).contains(&sentence),
            "write into {file}: {sentence}"
        );
    }
}

#[test]
fn a_clean_change_enters_three_states() {
    assert_eq!(
        path(CLEAN),
        ["ValidatePolicy", "ChooseAction", "AllowWithNotification"]
    );
}

#[test]
fn the_alarms_are_counted() {
    let alarms = crate::transformed::of_type("AWS::CloudWatch::Alarm");
    let metrics = alarms.map(|(_, alarm)| {
        let metrics = crate::transformed::many(&alarm["Metrics"]).into_iter();
        let read = metrics.filter(|it| it["MetricStat"].is_object()).count();
        read.max(1)
    });
    let count: usize = metrics.sum();
    let row = format!("| alarms | {count} × 0.10");
    assert!(
        read("docs/operations.md").contains(&row),
        "write into docs/operations.md, \"Cost\": {row}"
    );
}
