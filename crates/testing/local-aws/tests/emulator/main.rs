//! Tests of the launcher of the emulator. Each test has its own emulator.
//!
//! `cargo test` leaves out these tests, and `make e2e` runs them.

mod account;
mod cloudtrail;
mod executions;
mod gaps;
mod support;
mod sweep;

use anyhow::Result;

#[tokio::test]
async fn nothing_is_left_after_the_end() -> Result<()> {
    let emulator = support::emulator().await?;
    let port = emulator.port();
    let run_dir = local_aws::workspace::local(format!("run/{port}"));
    assert!(run_dir.exists());
    drop(emulator);
    assert!(!run_dir.exists());
    assert!(local_aws::emulator::is_free(port));
    Ok(())
}
