//! The cost of a verdict and a remediation, each beside parsing the same text with
//! `serde_json::Value`.
//!
//! `cargo bench -p iam-policy` ends with a table of the ratios, measured in the same run.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark works on inputs of its own: what goes wrong ends it, and it prints what it measures"
)]

use std::cell::Cell;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use iam_policy::{Quota, RestrictedActions, catalogue, judge, remediate};

/// The room for findings, in bytes, as a function sets it.
const FINDINGS: usize = 16_000;

const DEFAULT_LIST: &str = "s3:DeleteBucket,s3:DeleteObject";

struct Case {
    name: &'static str,
    texts: Vec<String>,
    list: String,
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(30)
        .configure_from_args();
    let mut table = String::new();
    for case in cases() {
        let restricted: RestrictedActions = case.list.parse().unwrap();
        let bytes: usize = case.texts.iter().map(String::len).sum();
        let mut group = criterion.benchmark_group(case.name);
        group.throughput(Throughput::Bytes(bytes as u64));
        let mut measure = |what: &str, run: &dyn Fn(&str)| {
            let mean = Cell::new(0.0);
            group.bench_function(BenchmarkId::from_parameter(what), |bencher| {
                bencher.iter_custom(|rounds| {
                    let start = Instant::now();
                    for _ in 0..rounds {
                        case.texts.iter().for_each(|text| run(text));
                    }
                    let taken = start.elapsed();
                    mean.set(taken.as_secs_f64() * 1e6 / rounds as f64 / case.texts.len() as f64);
                    taken
                });
            });
            mean.get()
        };
        let json = measure("json", &|text| {
            // A text that is not JSON costs the time to find that out.
            black_box(serde_json::from_str::<serde_json::Value>(black_box(text)).is_ok());
        });
        let verdict = measure("verdict", &|text| {
            black_box(judge(black_box(text), &restricted).findings(FINDINGS));
        });
        let remediation = measure("remediation", &|text| {
            black_box(remediate(black_box(text), &restricted, Quota::MANAGED));
        });
        writeln!(
            table,
            "{:<28} {:>5} {:>8} {json:>10.1} {verdict:>10.1} {:>7.1} {remediation:>12.1} {:>7.1}",
            case.name,
            case.texts.len(),
            bytes / case.texts.len(),
            verdict / json,
            remediation / json,
        )
        .unwrap();
    }
    criterion.final_summary();
    println!(
        "\nmicroseconds for one document, and how many times parsing it with serde_json::Value takes"
    );
    println!(
        "{:<28} {:>5} {:>8} {:>10} {:>10} {:>7} {:>12} {:>7}",
        "case", "docs", "bytes", "json", "verdict", "times", "remediation", "times"
    );
    println!("{table}");
}

fn cases() -> Vec<Case> {
    let case = |name, texts: Vec<String>, list: &str| Case {
        name,
        texts,
        list: list.to_owned(),
    };
    let large = include_str!("../testdata/policies/large-one-statement.json");
    let mut cases = vec![
        case(
            "small, violates",
            vec![allow(&["s3:DeleteBucket"])],
            DEFAULT_LIST,
        ),
        case(
            "typical 1 KB, clean",
            vec![typical("s3:Get*")],
            DEFAULT_LIST,
        ),
        case(
            "typical 1 KB, violates",
            vec![typical("s3:*")],
            DEFAULT_LIST,
        ),
        case(
            "large 6 KB, clean",
            vec![large.replace("s3:DeleteBucket", "s3:GetBucketAcl")],
            DEFAULT_LIST,
        ),
        case("large 6 KB, violates", vec![large.to_owned()], DEFAULT_LIST),
        case(
            "hostile wildcards",
            vec![allow(&[&format!("s3:{}", "*?".repeat(3_060))])],
            "s3:*Delete*,s3:?*Object*",
        ),
        case(
            "hostile entries",
            vec![hostile_entries()],
            "s3:Delete*,s3:*Object*,iam:*",
        ),
        case("hostile denials", vec![hostile_denials()], "s3:*e*t*,iam:*"),
        case("real-shaped, default list", real_shaped(), DEFAULT_LIST),
        case(
            "real-shaped, wide list",
            real_shaped(),
            "iam:PassRole,sts:AssumeRole,ec2:*Delete*,organizations:*",
        ),
    ];
    cases.extend(worst());
    cases
}

/// The documents that took longest in a search.
fn worst() -> Vec<Case> {
    let lines = include_str!("../testdata/worst.jsonl").lines();
    let case = |line: &str| {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| case[key].as_str().unwrap().to_owned();
        Case {
            name: format!("worst: {}", text("name")).leak(),
            texts: vec![text("document")],
            list: text("list"),
        }
    };
    lines.map(case).collect()
}

fn allow(actions: &[&str]) -> String {
    serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}],
    })
    .to_string()
}

/// An application's policy of about a thousand characters, pretty-printed as people write it.
fn typical(storage: &str) -> String {
    let document = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Logs",
                "Effect": "Allow",
                "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/orders-*",
            },
            {
                "Sid": "Storage",
                "Effect": "Allow",
                "Action": [storage, "s3:ListBucket", "s3:PutObject"],
                "Resource": ["arn:aws:s3:::orders", "arn:aws:s3:::orders/*"],
            },
            {
                "Sid": "Keys",
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": "*",
                "Condition": {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}},
            },
        ],
    });
    serde_json::to_string_pretty(&document).unwrap()
}

/// A thousand entries, all different, and each to be compared.
fn hostile_entries() -> String {
    let entries: Vec<String> = (0..1_000).map(|n| format!("s3:*{:x}*", 4096 + n)).collect();
    allow(&entries.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A grant that hundreds of denied patterns nearly cover.
fn hostile_denials() -> String {
    let denied: Vec<String> = (0..400)
        .map(|n| {
            format!(
                "s3:*{}?{}*",
                char::from(b'a' + n as u8 % 26),
                "?".repeat(n % 17)
            )
        })
        .collect();
    serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": denied, "Resource": "*"},
        ],
    })
    .to_string()
}

/// Documents of the sizes and shapes that accounts have, made from known actions.
fn real_shaped() -> Vec<String> {
    let known = catalogue::named_by(&"*".parse().unwrap());
    // A fixed sequence, so that every run measures the same documents.
    let mut sequence = fastrand::Rng::with_seed(7);
    let mut random = |below: usize| sequence.usize(..below);
    (0..300)
        .map(|_| {
            let statements: Vec<_> = (0..=random(6))
                .map(|n| {
                    let from = random(known.len() - 40);
                    let actions: Vec<String> = (0..=random(12))
                        .map(|_| {
                            let action = &known[from + random(40)];
                            let (service, name) = action.split_once(':').unwrap();
                            let verb = name.split_at(name.len().min(4)).0;
                            match random(8) {
                                0 => format!("{service}:*"),
                                1 | 2 => format!("{service}:{verb}*"),
                                _ => action.clone(),
                            }
                        })
                        .collect();
                    let effect = if random(12) == 0 { "Deny" } else { "Allow" };
                    let resource = if random(2) == 0 { "*" } else { "arn:aws:s3:::bucket/*" };
                    serde_json::json!({"Sid": format!("Part{n}"), "Effect": effect, "Action": actions, "Resource": resource})
                })
                .collect();
            serde_json::json!({"Version": "2012-10-17", "Statement": statements}).to_string()
        })
        .collect()
}
