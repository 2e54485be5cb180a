//! Backtests of what exports make of logs.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::backtest::{backtest, create, incidents, log, put, record, set_default, sums};
use crate::support::{folder, run};

const TIME: &str = "2026-03-02T10:00:00.000Z";

fn list(records: &[Value], wrap: impl Fn(&Value) -> Value) -> Value {
    records.iter().map(wrap).collect()
}

fn lines(records: &[Value], wrap: impl Fn(&Value) -> Value) -> String {
    let lines = records.iter().map(wrap);
    lines.map(|line| format!("{line}\n")).collect()
}

/// An event of CloudWatch Logs.
fn message(record: &Value) -> Value {
    json!({"id": "1", "logStreamName": "trail", "timestamp": 1_767_261_600_000_u64, "message": record.to_string()})
}

fn subscription(records: &[Value]) -> Value {
    json!({
        "messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": "trail", "logStream": "a",
        "subscriptionFilters": ["all"], "logEvents": list(records, message),
    })
}

fn delivered(record: &Value) -> Value {
    json!({"version": "0", "source": "aws.iam", "account": "111122223333", "region": "us-east-1", "resources": [], "detail": record})
}

/// What each way to export makes of records.
fn exports(records: &[Value]) -> Vec<(&'static str, String)> {
    let (one, other) = records.split_at(records.len() / 2);
    let page = |records: &[Value]| json!({"events": list(records, message), "searchedLogStreams": [], "nextToken": "a"});
    let audit = |record: &Value| json!({"id": "1", "eventData": record.to_string()});
    let lake = |record: &Value| json!([{"eventName": record["eventName"]}, {"eventJson": record.to_string()}, {"userIdentity": null}]);
    let insights = |record: &Value| json!([{"field": "@timestamp", "value": TIME}, {"field": "@message", "value": record.to_string()}, {"field": "@ptr", "value": "x"}]);
    let looked_up = |record: &Value| json!({"EventId": record["eventID"], "EventName": record["eventName"], "EventSource": "iam.amazonaws.com", "CloudTrailEvent": record.to_string()});
    let elastic = |record: &Value| json!({"_index": "logs", "_source": {"event": {"original": record.to_string(), "action": record["eventName"]}, "message": record.to_string(), "aws": {"cloudtrail": {"event_version": "1.11"}}}});
    let splunk = |record: &Value| json!({"preview": false, "offset": 0, "result": {"_raw": record.to_string(), "eventName": record["eventName"], "eventID": record["eventID"], "eventTime": record["eventTime"], "eventSource": record["eventSource"], "requestParameters.roleName": "app"}});
    let datadog = |record: &Value| json!({"id": "1", "type": "log", "attributes": {"service": "cloudtrail", "attributes": record}});
    let queued = |record: &Value| json!({"MessageId": "1", "Body": json!({"Type": "Notification", "Message": delivered(record).to_string()}).to_string()});
    vec![
        ("records", log(records)),
        ("pretty", format!("{:#}", json!({ "Records": records }))),
        ("filter-log-events", page(records).to_string()),
        ("pages", format!("{:#}\n{:#}\n", page(one), page(other))),
        ("slurped pages", json!([page(one), page(other)]).to_string()),
        (
            "messages",
            list(records, |it| it.to_string().into()).to_string(),
        ),
        ("quoted lines", lines(records, |it| it.to_string().into())),
        (
            "subscription",
            format!("{}{}", subscription(one), subscription(other)),
        ),
        (
            "subscription lines",
            lines(&[subscription(one), subscription(other)], Value::clone),
        ),
        (
            "export to S3",
            lines(records, Value::clone).replace("{\"awsRegion", &format!("{TIME} {{\"awsRegion")),
        ),
        (
            "Logs Insights",
            json!({"results": list(records, insights), "status": "Complete"}).to_string(),
        ),
        (
            "Lake",
            json!({"QueryStatus": "FINISHED", "QueryResultRows": list(records, lake)}).to_string(),
        ),
        (
            "audit events",
            json!({"auditEvents": list(records, audit)}).to_string(),
        ),
        (
            "lookup-events",
            format!("{:#}", json!({"Events": list(records, looked_up)})),
        ),
        ("Elastic", lines(records, elastic)),
        (
            "Elastic answer",
            json!({"took": 1, "hits": {"total": {"value": 1}, "hits": list(records, elastic)}})
                .to_string(),
        ),
        ("Splunk", lines(records, splunk)),
        (
            "Splunk list",
            json!({"results": list(records, |it| json!({"_raw": it.to_string()}))}).to_string(),
        ),
        (
            "Datadog",
            json!({"data": list(records, datadog), "meta": {"page": {}}}).to_string(),
        ),
        ("EventBridge", lines(records, delivered)),
        (
            "queue",
            json!({"Messages": list(records, queued)}).to_string(),
        ),
        (
            "function of a queue",
            json!({"Records": list(records, |it| json!({"body": delivered(it).to_string()}))})
                .to_string(),
        ),
    ]
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut file = GzEncoder::new(Vec::new(), Compression::fast());
    file.write_all(text).unwrap();
    file.finish().unwrap()
}

/// The report about one file.
#[track_caller]
fn report(name: &str, text: &[u8]) -> (i32, Value) {
    let folder = folder(&[]);
    std::fs::write(folder.path().join(name), text).unwrap();
    let (ran, report) = backtest(&folder, "");
    (ran.code, report)
}

fn any_record() -> impl Strategy<Value = Value> {
    let action = prop_oneof![
        Just("s3:GetObject"),
        Just("s3:Delete*"),
        Just("ü\"\\ \u{1f600}")
    ];
    let time = prop_oneof![Just("01T10"), Just("02T10"), Just("02T11")];
    (0..6, action, time).prop_map(|(kind, action, time)| match kind {
        0 => create("", time, action),
        1 => set_default("", time, "v1"),
        2 => {
            let mut failed = put("", time, action);
            failed["errorCode"] = json!("AccessDenied");
            failed
        }
        3 => record(
            "",
            time,
            "CreateUser",
            json!({"userName": action}),
            Value::Null,
        ),
        4 => record(
            "",
            time,
            "GetRole",
            json!({"roleName": "PutRolePolicy"}),
            Value::Null,
        ),
        _ => put("", time, action),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn every_export_has_the_report_of_the_records(
        records in proptest::collection::vec(any_record(), 1..6),
    ) {
        let numbered = records.into_iter().enumerate().map(|(number, mut record)| {
            record["eventID"] = json!(format!("id-{number}"));
            record
        });
        let records: Vec<Value> = numbered.collect();
        let expected = report("a.json", log(&records).as_bytes());
        prop_assert_eq!(expected.1["records"].as_u64(), u64::try_from(records.len()).ok());
        for (name, text) in exports(&records) {
            prop_assert_eq!(&report("a.json", text.as_bytes()), &expected, "{} {}", name, text);
        }
        let text = exports(&records).remove(6).1;
        prop_assert_eq!(&report("firehose", gzip(&gzip(text.as_bytes())).as_slice()), &expected);
        let mark = [0xff, 0xfe].into_iter();
        let utf16: Vec<u8> = mark.chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        prop_assert_eq!(&report("a.json", &utf16), &expected);
    }
}

#[test]
fn a_record_counts_once_in_every_wrapper() {
    let restricted = put("a", "02T10", "s3:*");
    let files = exports(std::slice::from_ref(&restricted));
    let files: Vec<(String, String)> = files
        .into_iter()
        .map(|(name, text)| (format!("{name}.json"), text))
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (&**a, &**b)).collect();
    let (ran, found) = backtest(&folder(&files), "");
    assert_eq!((incidents(&found), ran.code), (vec!["a"], 1));
    assert_eq!(sums(&found), [files.len() as u64, 1, 1, 0]);
}

#[test]
fn nothing_that_a_caller_writes_is_taken_for_a_record() {
    let fake = put("fake", "02T10", "s3:*").to_string();
    let mut record = put("real", "02T10", "s3:GetObject");
    record["userAgent"] = json!(fake);
    record["requestParameters"]["x"] = json!({"message": fake});
    for text in [log(&[record.clone()]), message(&record).to_string()] {
        let (code, report) = report("a.json", text.as_bytes());
        assert_eq!((code, sums(&report)), (0, [1, 1, 0, 0]), "{text}");
    }
    // A store that changes a member makes columns of a record.
    record["eventTime"] = json!(1_767_261_600);
    check(&record.to_string(), (2, [1, 1, 1]));
}

/// Checks exit status, records, unknown changes and unreadable records of a file.
#[track_caller]
fn check(text: &str, expected: (i32, [u64; 3])) {
    let (code, report) = report("a.json", text.as_bytes());
    let count = |name: &str| report[name].as_u64().unwrap();
    let counts = ["records", "unknown", "unreadable"].map(count);
    assert_eq!((code, counts), expected, "{text}");
}

#[test]
fn columns_without_the_record_are_not_known() {
    let lake = |columns: Value| json!({"QueryResultRows": [columns]}).to_string();
    let unknown = (2, [1, 1, 1]);
    for columns in [
        json!([{"eventName": "PutRolePolicy"}, {"eventSource": "iam.amazonaws.com"}]),
        json!([{"eventTime": "2026-03-02 10:00:00.000"}, {"eventName": "CreatePolicy"}]),
        json!([{"eventName": "PutRolePolicy"}, {"_col1": "3"}]),
        json!([
            {"eventName": "PutRolePolicy"}, {"eventSource": "iam.amazonaws.com"}, {"eventID": "a"},
            {"eventTime": "2026-03-02T10:00:00Z"}, {"requestParameters": "{roleName=a}"},
        ]),
        json!([{"field": "eventName", "value": "PutUserPolicy"}, {"field": "@timestamp", "value": "x"}]),
    ] {
        check(&lake(columns), unknown);
    }
    let event =
        json!({"action": "PutRolePolicy", "provider": "iam.amazonaws.com", "outcome": "success"});
    let nested =
        json!({"_source": {"event": event, "aws": {"cloudtrail": {"event_version": "1.11"}}}});
    check(&nested.to_string(), unknown);
    let dotted = json!({"fields": {"event.action": ["PutRolePolicy"], "aws.cloudtrail.event_version": ["1.11"]}});
    check(&dotted.to_string(), unknown);
    let summary = json!({"Events": [{"EventName": "PutRolePolicy", "EventId": "a", "EventSource": "iam.amazonaws.com"}]});
    check(&summary.to_string(), unknown);
    let failed = nested.to_string().replace("success", "failure");
    for other in [
        failed,
        summary.to_string().replace("iam.", "sso."),
        lake(json!([{"eventName": "GetRole"}, {"_col1": "3"}])),
    ] {
        check(&other, (2, [0, 0, 0]));
    }
    // Calls that the guard only reports do not change the exit status.
    check(
        &lake(json!([{"eventName": "CreateAccessKey"}, {"_col1": "3"}])),
        (0, [1, 0, 1]),
    );
}

#[test]
fn the_fuller_of_two_copies_counts() {
    let whole = put("a", "02T10", "s3:*");
    let mut columns = whole.clone();
    columns["requestParameters"] = json!("{roleName=app}");
    for text in [
        json!({"attributes": {"attributes": columns, "message": whole.to_string()}}),
        json!({"a": whole.to_string(), "b": columns}),
    ] {
        let (code, report) = report("a.json", text.to_string().as_bytes());
        assert_eq!((code, sums(&report)), (1, [1, 1, 1, 0]), "{text}");
    }
}

#[test]
fn a_write_that_is_not_json_is_not_known() {
    let read = record(
        "b",
        "02T10",
        "GetRole",
        json!({"roleName": "a"}),
        Value::Null,
    );
    let write = put("a", "02T10", "s3:GetObject");
    let both = log(&[read, write]);
    check(&both, (0, [2, 0, 0]));
    let broken = both.replace("\"PutRolePolicy\"", "\"PutRolePolicy\",\"x\":NaN");
    check(&broken, (2, [2, 1, 1]));
}

#[test]
fn tables_are_never_clean() {
    let other = record(
        "b",
        "02T10",
        "GetRole",
        json!({"roleName": "a"}),
        Value::Null,
    );
    let write = put("a", "02T10", "s3:*");
    for records in [vec![&other, &write], vec![&write, &other], vec![&other]] {
        let quoted =
            |record: &&Value| format!("{TIME},\"{}\"\n", record.to_string().replace('"', "\"\""));
        let table: String = records.iter().map(quoted).collect();
        let (code, _) = report("a.json", format!("@timestamp,@message\n{table}").as_bytes());
        assert_eq!(code, 2, "{table}");
    }
}

#[test]
fn a_record_that_an_export_cut_is_not_known() {
    let cut = |record: &Value, at: &str| {
        let mut message = message(record);
        let text = message["message"].as_str().unwrap();
        message["message"] = json!(text.split_inclusive(at).next().unwrap());
        json!({"events": [message]}).to_string()
    };
    let write = put("a", "02T10", "s3:*");
    for at in [
        "\"eventName\":\"Put",
        "policyDocument",
        "Statement",
        "\"eventSource\"",
        "\"eventID\"",
    ] {
        check(&cut(&write, at), (2, [1, 1, 1]));
    }
    let read = record(
        "a",
        "02T10",
        "GetRole",
        json!({"roleName": "a"}),
        Value::Null,
    );
    check(&cut(&read, "requestParameters"), (0, [1, 0, 0]));
    check(&cut(&read, "\"eventName\":\"Get"), (2, [1, 1, 1]));
    let lines = |cut: &str| format!("{TIME} {cut}\n{TIME} {write}\n");
    let text = write.to_string();
    for at in [
        "Statement",
        "policyName\":",
        "\"eventName\":\"PutRolePolicy\",",
    ] {
        let cut = text.split_inclusive(at).next().unwrap();
        let (code, report) = report("a.json", lines(cut).as_bytes());
        assert_eq!((code, incidents(&report)), (1, vec!["a"]), "{cut}");
        assert_eq!(sums(&report), [2, 2, 1, 1], "{cut}");
    }
}

#[test]
fn records_of_other_services_are_no_cloudtrail_records() {
    let notification = json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "eventTime": "2026-03-02T10:00:00.000Z", "userIdentity": {}, "s3": {},
    }]});
    let change = json!({"Records": [{
        "eventID": "a", "eventName": "INSERT", "eventVersion": "1.0", "eventSource": "aws:dynamodb",
    }]});
    let rule =
        json!({"detail": {"eventSource": ["iam.amazonaws.com"], "eventName": ["PutRolePolicy"]}});
    for text in [notification, change, rule] {
        let folder = folder(&[("a.json", &text.to_string())]);
        let ran = run(&folder, "backtest a.json --restricted s3:DeleteBucket");
        assert_eq!(ran.code, 2, "{}", ran.out);
        let error = "error: a.json: no CloudTrail record was found in it\n";
        assert_eq!(ran.diagnostics, error);
        assert!(ran.out.starts_with("0 records, 0 of them"), "{}", ran.out);
    }
    // An event about unusual activity is a record.
    let insight = json!({"Records": [{
        "eventVersion": "1.08", "eventType": "AwsCloudTrailInsight", "eventID": "a",
        "eventTime": "2026-03-02T10:00:00Z", "insightDetails": {"eventName": "PutRolePolicy"},
    }]});
    check(&insight.to_string(), (0, [1, 0, 0]));
}
