//! Paths and locks: the workspace, and the folder for everything that this machine makes.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::report;

/// The root of the workspace, where `template.yaml` is.
pub fn root() -> &'static Path {
    // This crate always runs from the tree that it was built in.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(3).unwrap_or(here)
}

/// A path below `.local`, the folder for everything that is made on this machine. Git ignores it.
pub fn local(path: impl AsRef<Path>) -> PathBuf {
    root().join(".local").join(path)
}

/// A path below this crate, for the files that belong to it.
pub fn own(path: impl AsRef<Path>) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Keeps simultaneous runs of this project from disturbing each other. The lock is released when it
/// is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock to make what it protects: all other runs wait.
    pub async fn to_make(name: &str) -> Result<Self> {
        Self::take(name, File::try_lock, File::lock).await
    }

    /// Takes the lock to use what it protects: only runs that make it wait.
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
        // The call blocks, so it runs apart from the threads that serve everything else.
        let file = tokio::task::spawn_blocking(move || in_turn(&file).map(|()| file))
            .await
            .context("the wait for a lock was interrupted")?
            .with_context(|| format!("cannot take the lock `{}`", path.display()))?;
        Ok(Self { _file: file })
    }
}

/// Creates a folder with its parents.
pub fn create_dir(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path)
        .with_context(|| format!("cannot create the folder `{}`", path.display()))
}
