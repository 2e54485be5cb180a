//! Writes each page to a folder: `cargo run -p approve-callback --example pages -- target/pages`.

#[path = "../tests/callback/support.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "shared with the tests, and never run in Lambda"
)]
mod support;

use std::path::PathBuf;

use aws_sdk_sfn::types::HistoryEventType;
use serde_json::{Value, json};
use support::{EXECUTION, Fault, States, TOKEN, add, allow_until, form, propose, request, settle};

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/pages".to_owned()));
    std::fs::create_dir_all(&folder)?;
    let link = [("token", TOKEN), ("execution", EXECUTION)];
    let write = async |name: &str, states: &States, event: Value| {
        let page = states.answer(&event).await;
        std::fs::write(folder.join(format!("{name}.html")), page.body)
    };
    let decided = json!({
        "action": "deny", "time": "2026-03-02T09:21:04Z", "sourceIpAddress": "198.51.100.7",
        "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0",
        "reason": "No ticket asks for this.", "execution": EXECUTION
    });

    let states = States::one_waiting();
    write("confirm-allow", &states, request("GET", "allow", &link)).await?;
    write("confirm-deny", &states, request("GET", "deny", &link)).await?;
    write(
        "confirm-token-only",
        &states,
        request("GET", "allow", &link[..1]),
    )
    .await?;
    write("bad-link", &states, request("GET", "allow", &[])).await?;
    states.fake().send_fault = Some(Fault::Unavailable);
    let answer = [link[0], link[1], ("reason", "Planned clean-up.")];
    write("not-recorded", &states, form("allow", &answer)).await?;
    states.fake().send_fault = None;
    write("decided", &states, form("allow", &answer)).await?;

    let for_a_time = States::one_waiting();
    let answer = [answer[0], answer[1], answer[2], ("minutes", "480")];
    write("decided-for-a-time", &for_a_time, form("allow", &answer)).await?;
    for_a_time.change(EXECUTION, allow_until);
    let late = request("GET", "allow", &link);
    write("allowed-for-a-time", &for_a_time, late.clone()).await?;
    for_a_time.change(EXECUTION, |run| settle(run, "lapsed"));
    write("allow-ended", &for_a_time, late).await?;

    let asked = States::one_waiting();
    asked.change(EXECUTION, |run| propose(&mut run.data));
    write("confirm-in-force", &asked, request("GET", "allow", &link)).await?;
    let added = States::one_waiting();
    added.change(EXECUTION, |run| add(&mut run.data));
    write("confirm-addition", &added, request("GET", "deny", &link)).await?;

    states.change(EXECUTION, |run| {
        run.decision = Some(decided);
        run.end = Some(HistoryEventType::ExecutionSucceeded);
    });
    write("already-decided", &states, request("GET", "allow", &link)).await?;
    write("already-used", &states, form("allow", &link[..1])).await?;
    states.change(EXECUTION, |run| {
        run.decision = Some(json!({"action": "expire"}))
    });
    write("expired", &states, request("GET", "allow", &link)).await?;
    states.fake().read_fault = Some(Fault::Unavailable);
    write("cannot-be-shown", &states, request("GET", "allow", &link)).await
}
