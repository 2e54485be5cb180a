//! The progress bar. It is shown only on a terminal.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};

#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(super) fn over<'f>(files: impl Iterator<Item = &'f PathBuf>) -> Self {
        let length = |path: &PathBuf| std::fs::metadata(path).map_or(0, |it| it.len());
        let bar = ProgressBar::new(files.map(length).sum());
        let style = "{bar:40} {percent:>3}% {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// The file as a reader that moves the bar.
    pub(super) fn reading(&self, file: File) -> impl Read + use<> {
        self.bar.wrap_read(file)
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
