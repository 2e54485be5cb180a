//! What Lambda has to load at a cold start.

use std::sync::Arc;

use anyhow::{Result, ensure};
use end_to_end::{Scenario, World};
use local_aws::functions;

/// The limit for what Lambda stores of one function, in bytes.
const LARGEST: usize = 5_000_000;

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![Scenario::new(
        "size::each_archive_stays_below_5_mb",
        each_archive,
    )]
}

async fn each_archive(_: Arc<World>) -> Result<()> {
    // The faster profile of a developer's machine makes larger functions, which are never deployed.
    if !functions::are_built_for_aws() {
        return Ok(());
    }
    for (function, size) in functions::compressed_sizes()? {
        ensure!(size < LARGEST, "{function} takes {size} bytes");
    }
    Ok(())
}
