//! No log line holds the token. This test has a process of its own, because the log is set up per
//! process.

#![cfg(test)]

#[path = "callback/support.rs"]
#[expect(dead_code, reason = "shared with the other tests")]
mod support;

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::support::{EXECUTION, Fault, KEY, OTHER_TOKEN, States, TOKEN, form, request};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn no_log_line_holds_the_token() {
    let lines = Lines::default();
    let _logging = tracing_subscriber::fmt()
        .json()
        .with_writer(lines.clone())
        .with_max_level(tracing::Level::INFO)
        .set_default();
    let link = [("token", TOKEN), ("execution", EXECUTION), ("key", KEY)];
    for fault in [
        None,
        Some(Fault::Unavailable),
        Some(Fault::AccessDenied),
        Some(Fault::InvalidToken),
    ] {
        for read_fault in [None, Some(Fault::AccessDenied)] {
            let states = States::one_waiting();
            states.fake().send_fault = fault;
            states.fake().read_fault = read_fault;
            for event in [
                request("GET", "allow", &link),
                request("GET", "allow", &[("token", TOKEN), ("token", OTHER_TOKEN)]),
                form("deny", &link),
                form("deny", &link[..1]),
                json!({"path": "/allow", "body": TOKEN, "token": TOKEN}),
            ] {
                states.answer(&event).await;
                states.answer_by_mail(&event).await;
            }
        }
    }
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("\"answered\"") && log.contains(EXECUTION),
        "{log}"
    );
    assert!(!log.contains(KEY), "{log}");
    for part in [TOKEN, OTHER_TOKEN]
        .iter()
        .flat_map(|token| token.as_bytes().chunks_exact(24))
    {
        let part = str::from_utf8(part).unwrap();
        assert!(!log.contains(part), "{part} is in {log}");
    }
}
