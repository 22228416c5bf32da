//! The `purekv` command.

#[path = "purekv/dump.rs"]
mod dump;
#[path = "purekv/replay.rs"]
mod replay;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// An embedded, lock-free cache with a time-to-live for each entry.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Replay(replay::Replay),
    #[command(subcommand)]
    Dump(dump::Dump),
}

fn main() -> ExitCode {
    let output = match Cli::parse().command {
        Command::Replay(arguments) => {
            if let Some(told) = arguments.missing() {
                let missing = clap::error::ErrorKind::MissingRequiredArgument;
                Cli::command().error(missing, told).exit();
            }
            arguments.run().map(String::into_bytes).map_err(|error| error.to_string())
        }
        Command::Dump(command) => command.run().map_err(|error| error.to_string()),
    };
    match output {
        Ok(output) => print(&output),
        Err(error) => {
            // Nobody is left to be told if this fails.
            let _ = writeln!(io::stderr(), "purekv: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print(output: &[u8]) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(output).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        // `purekv replay | head -1` has what it wanted.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "purekv: standard output: {error}");
            ExitCode::FAILURE
        }
    }
}
