//! `purekv cli`: a peer of redis-cli.
//!
//! `options` says what is wanted; `shell` carries commands out through a `session` and shows replies by `print`; `prompt`, `batch`, `scan` and `mass` are where commands come from.

mod batch;
mod connection;
mod failure;
mod help;
mod hints;
mod history;
mod line;
mod mass;
mod options;
mod print;
mod prompt;
mod scan;
mod server_options;
mod session;
mod shell;
mod state;
mod stream;
mod syntax;
mod target;
mod tls;

use std::io::{self, IsTerminal, Read, Write};
use std::process::ExitCode;

use failure::Failure;
pub(crate) use options::Options;
use shell::Shell;
pub(crate) use target::Place;

impl Options {
    /// Prints as replies come.
    pub(crate) fn run(&self) -> ExitCode {
        if self.is_careless() {
            let warning = "a password among the arguments can be seen by other users; \
                PUREKV_PASSWORD cannot";
            let _ = writeln!(io::stderr(), "purekv: {warning}");
        }
        match self.perform() {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
            Err(failure) => {
                // Nobody is left to be told if this fails.
                let _ = writeln!(io::stderr(), "purekv: {failure}");
                ExitCode::FAILURE
            }
        }
    }

    /// Whether no reply was an error.
    fn perform(&self) -> Result<bool, Failure> {
        let session = self.session()?;
        if self.pipe {
            let patience = Some(self.pipe_timeout).filter(|patience| !patience.is_zero());
            return mass::run(session, patience);
        }
        // Whoever reads a pipe counts on a reply for each command, and nothing else.
        let shows_pushes = io::stdout().is_terminal();
        let (form, interval) = (self.form(shows_pushes), self.interval);
        let mut shell = Shell { session, form, shows_pushes, interval, had_error: false };
        let mut args = self.command();
        if self.last_from_input {
            let mut last = Vec::new();
            io::stdin().lock().read_to_end(&mut last).map_err(Failure::Input)?;
            args.push(last);
        }
        if self.scan {
            scan::run(&mut shell, self.pattern.as_deref(), self.count)?;
        } else if !args.is_empty() {
            shell.command(&args, self.times())?;
        } else if io::stdin().is_terminal() {
            prompt::run(&mut shell)?;
            // Each error was met by somebody.
            return Ok(true);
        } else {
            shell.session.connect()?;
            batch::run(&mut shell)?;
        }
        Ok(!shell.had_error)
    }
}
