//! The process behind a connection, and its end.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};

/// Ends the process that is connected from the local port `from` to the local port `to`, as the
/// kernel ends one that uses too much memory.
pub(crate) fn kill_peer(from: u16, to: u16) -> Result<()> {
    let inode = socket_inode(from, to)?;
    let pid = owner_of(&format!("socket:[{inode}]"))?;
    let status = std::process::Command::new("kill")
        .args(["-KILL", &pid])
        .status()
        .context("cannot run `kill`")?;
    ensure!(status.success(), "process {pid} could not be ended");
    Ok(())
}

fn socket_inode(from: u16, to: u16) -> Result<String> {
    let table = fs::read_to_string("/proc/net/tcp")
        .context("connections cannot be listed: this fault needs Linux")?;
    let port = |address: &str| {
        let (_, port) = address.split_once(':')?;
        u16::from_str_radix(port, 16).ok()
    };
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let (Some(local), Some(remote), Some(inode)) =
            (columns.get(1), columns.get(2), columns.get(9))
        else {
            continue;
        };
        if port(local) == Some(from) && port(remote) == Some(to) {
            return Ok((*inode).to_owned());
        }
    }
    bail!("no connection from port {from} to port {to}")
}

fn owner_of(socket: &str) -> Result<String> {
    for entry in fs::read_dir("/proc").context("cannot list processes")? {
        let entry = entry.context("cannot list processes")?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.bytes().all(|byte| byte.is_ascii_digit()) && holds(&entry.path(), socket) {
            return Ok(name);
        }
    }
    bail!("no process holds {socket}")
}

/// A process that has ended, or that belongs to another user, is passed over.
fn holds(process: &Path, socket: &str) -> bool {
    let Ok(open) = fs::read_dir(process.join("fd")) else {
        return false;
    };
    open.flatten()
        .filter_map(|file| fs::read_link(file.path()).ok())
        .any(|target| target.to_string_lossy() == socket)
}
