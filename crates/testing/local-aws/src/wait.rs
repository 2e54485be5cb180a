//! Waits until something becomes true, with a deadline instead of a guess.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};

const INTERVAL: Duration = Duration::from_millis(100);

/// Calls `probe` until it returns something, for at most `deadline`.
///
/// # Errors
///
/// Returns the error of `probe`, or says that `what` did not happen in time.
pub async fn poll<T>(
    what: &str,
    deadline: Duration,
    probe: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    poll_every(INTERVAL, what, deadline, probe).await
}

/// As [`poll`], with a pause of `interval` between two calls.
pub async fn poll_every<T>(
    interval: Duration,
    what: &str,
    deadline: Duration,
    mut probe: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let end = Instant::now() + deadline;
    loop {
        if let Some(found) = probe().await? {
            return Ok(found);
        }
        if Instant::now() >= end {
            bail!(
                "waited {} s for {what}, without success",
                deadline.as_secs()
            );
        }
        sleep(interval).await;
    }
}
