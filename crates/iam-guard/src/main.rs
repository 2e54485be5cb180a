//! The command `iam-guard`.

use std::io::{self, BufWriter, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use iam_guard::cli::Cli;
use iam_guard::exit::Exit;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Both streams strip colours unless they are terminals.
    let mut out = BufWriter::new(anstream::stdout().lock());
    let mut diagnostics = anstream::stderr().lock();
    let done = iam_guard::run::run(&cli, &mut out, &mut diagnostics)
        .and_then(|exit| out.flush().map(|()| exit).map_err(Into::into));
    let exit = done.unwrap_or_else(|error| {
        let is_closed = error
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        // A reader that closes the pipe early, such as `head`, is not an error. If standard error
        // is closed too, the exit status is all that is left.
        if !is_closed {
            let _unwritten = writeln!(diagnostics, "error: {error:#}");
        }
        Exit::NotKnown
    });
    ExitCode::from(exit.code())
}
