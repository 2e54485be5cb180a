//! Where things are: the workspace, and the folder that everything made on this machine goes to.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::report;

/// The root of the workspace, where `template.yaml` is.
pub fn root() -> &'static Path {
    // This crate always runs from the tree it was built in.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(3).unwrap_or(here)
}

/// A path below `.local`, the folder for what is made on this machine; git ignores it.
pub fn local(path: impl AsRef<Path>) -> PathBuf {
    root().join(".local").join(path)
}

/// A path below this crate, for the files that belong to it.
pub fn own(path: impl AsRef<Path>) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Keeps runs of this project that happen at once out of each other's way; released when dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Holds all others off while what the lock stands for is made.
    ///
    /// # Errors
    ///
    /// When the lock's file cannot be made.
    pub async fn to_make(name: &str) -> Result<Self> {
        Self::take(name, File::try_lock, File::lock).await
    }

    /// Holds off only those who make what the lock stands for, while it is used.
    ///
    /// # Errors
    ///
    /// When the lock's file cannot be made.
    pub async fn to_use(name: &str) -> Result<Self> {
        Self::take(name, File::try_lock_shared, File::lock_shared).await
    }

    async fn take(
        name: &str,
        at_once: fn(&File) -> std::result::Result<(), TryLockError>,
        in_turn: fn(&File) -> std::io::Result<()>,
    ) -> Result<Self> {
        let path = local(format!("{name}.lock"));
        create_dir(local("").as_path())?;
        let file = File::create(&path)
            .with_context(|| format!("cannot open the lock `{}`", path.display()))?;
        if at_once(&file).is_ok() {
            return Ok(Self { _file: file });
        }
        report::step(&format!(
            "waiting for another run that holds the lock `{name}`"
        ));
        // Blocks, so it stays off the threads that serve everything else.
        let file = tokio::task::spawn_blocking(move || in_turn(&file).map(|()| file))
            .await
            .context("the wait for a lock was interrupted")?
            .with_context(|| format!("cannot take the lock `{}`", path.display()))?;
        Ok(Self { _file: file })
    }
}

/// Makes a folder with its parents.
///
/// # Errors
///
/// When the folder cannot be made; the message names it.
pub fn create_dir(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path)
        .with_context(|| format!("cannot make the folder `{}`", path.display()))
}
