//! The processor that the functions are built for, which one line of the template decides for build and deployment alike.
//!
//! There is no parameter for it: with one, a deployment could say something else than the binaries are, and every call of every
//! function would fail.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::workspace;

/// A processor architecture of Lambda.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Architecture {
    #[value(name = "arm64")]
    Arm64,
    #[value(name = "x86_64")]
    X86_64,
}

/// The architecture that `template.yaml` is written for.
const WRITTEN: Architecture = Architecture::X86_64;

impl Architecture {
    pub const ALL: [Self; 2] = [Self::Arm64, Self::X86_64];

    /// That of this machine: the emulator runs the functions directly.
    pub const HERE: Self = if cfg!(target_arch = "aarch64") {
        Self::Arm64
    } else {
        Self::X86_64
    };

    /// Its name in Lambda.
    pub fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }

    /// Its number in the header of an executable (elf(5), `e_machine`).
    fn machine(self) -> u16 {
        match self {
            Self::Arm64 => 0xB7,
            Self::X86_64 => 0x3E,
        }
    }
}

/// The template for an architecture: `template.yaml`, or a copy of it below `.local` that differs in the one line.
///
/// # Errors
///
/// Fails if the copy cannot be made.
pub fn template(architecture: Architecture) -> Result<PathBuf> {
    let original = workspace::root().join("template.yaml");
    if architecture == WRITTEN {
        return Ok(original);
    }
    let text = std::fs::read_to_string(&original)
        .with_context(|| format!("cannot read `{}`", original.display()))?;
    copy(architecture.name(), &moved(&adapted(&text, architecture)?)?)
}

/// Writes a template to a folder of its own below `.local`.
///
/// # Errors
///
/// Fails if it cannot be written.
pub(crate) fn copy(folder: &str, text: &str) -> Result<PathBuf> {
    let folder = workspace::local("template").join(folder);
    workspace::create_dir(&folder)?;
    let path = folder.join("template.yaml");
    std::fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(path)
}

/// The template with another architecture.
///
/// # Errors
///
/// Fails if the template does not have the one line.
pub fn adapted(template: &str, architecture: Architecture) -> Result<String> {
    replaced(
        template,
        &format!("    Architectures: [{}]\n", WRITTEN.name()),
        &format!("    Architectures: [{}]\n", architecture.name()),
    )
}

/// The template as it must be three folders below the root: with other paths to the same files.
pub(crate) fn moved(template: &str) -> Result<String> {
    let template = replaced(template, "    CodeUri: .\n", "    CodeUri: ../../..\n")?;
    replaced(
        &template,
        "DefinitionUri: statemachine/",
        "DefinitionUri: ../../../statemachine/",
    )
}

/// Replaces what stands in the text exactly once.
pub(crate) fn replaced(text: &str, old: &str, new: &str) -> Result<String> {
    let count = text.matches(old).count();
    ensure!(
        count == 1,
        "the template has {count} times `{}`, not once",
        old.trim()
    );
    Ok(text.replace(old, new))
}

/// Checks that each function below a folder of the SAM CLI is built for an architecture.
///
/// # Errors
///
/// Names the function that is not.
pub fn check(build_dir: &Path, architecture: Architecture) -> Result<()> {
    let entries = std::fs::read_dir(build_dir)
        .with_context(|| format!("cannot list `{}`", build_dir.display()))?;
    let mut checked = 0;
    for entry in entries.flatten() {
        let binary = entry.path().join("bootstrap");
        if !binary.is_file() {
            continue;
        }
        let bytes = std::fs::read(&binary)
            .with_context(|| format!("cannot read `{}`", binary.display()))?;
        ensure!(
            machine_of(&bytes) == Some(architecture.machine()),
            "`{}` is not built for {}, which the template says: build again",
            binary.display(),
            architecture.name()
        );
        checked += 1;
    }
    ensure!(
        checked == crate::functions::BINARIES.len(),
        "{checked} functions are built in `{}`",
        build_dir.display()
    );
    Ok(())
}

fn machine_of(executable: &[u8]) -> Option<u16> {
    let is_elf = executable.starts_with(b"\x7fELF");
    let bytes = executable.get(18..20)?.try_into().ok()?;
    is_elf.then(|| u16::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::{Architecture, adapted, check, machine_of, moved};

    #[test]
    fn one_line_decides() -> anyhow::Result<()> {
        let path = crate::workspace::root().join("template.yaml");
        let text = std::fs::read_to_string(path)?;
        let other = adapted(&text, Architecture::Arm64)?;
        let differ = text.lines().zip(other.lines()).filter(|(a, b)| a != b);
        let differ: Vec<_> = differ.collect();
        assert_eq!(
            differ,
            [("    Architectures: [x86_64]", "    Architectures: [arm64]")]
        );
        assert_eq!(adapted(&text, Architecture::X86_64)?, text);
        assert!(
            adapted(&other, Architecture::X86_64).is_err(),
            "it is not the template of the tree"
        );
        assert_eq!(moved(&other)?.matches("../../..").count(), 2);
        Ok(())
    }

    #[test]
    fn a_binary_for_another_processor_is_found_before_it_is_deployed() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        assert!(
            check(folder.path(), Architecture::Arm64).is_err(),
            "nothing is built"
        );
        let mut header = b"\x7fELF\x02\x01\x01".to_vec();
        header.resize(18, 0);
        header.extend(0xB7_u16.to_le_bytes());
        for name in crate::functions::BINARIES {
            std::fs::create_dir(folder.path().join(name))?;
            std::fs::write(folder.path().join(name).join("bootstrap"), &header)?;
        }
        check(folder.path(), Architecture::Arm64)?;
        let error = check(folder.path(), Architecture::X86_64);
        assert!(error.is_err_and(|it| it.to_string().contains("x86_64")));
        assert_eq!(machine_of(b"#!/bin/sh\nexec something else"), None);
        Ok(())
    }
}
