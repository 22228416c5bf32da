//! The `purekv` command.

#[cfg(feature = "bench")]
#[path = "purekv/bench/mod.rs"]
mod bench;
#[cfg(not(feature = "bench"))]
#[path = "purekv/bench/without.rs"]
mod bench;
#[path = "purekv/cli/mod.rs"]
mod cli;
#[path = "purekv/conversion.rs"]
mod conversion;
#[path = "purekv/convert.rs"]
mod convert;
#[path = "purekv/dump.rs"]
mod dump;
#[path = "purekv/lines.rs"]
mod lines;
#[path = "purekv/load/mod.rs"]
mod load;
#[path = "purekv/machine.rs"]
mod machine;
#[path = "purekv/output.rs"]
mod output;
#[path = "purekv/replay.rs"]
mod replay;
#[path = "purekv/serve/mod.rs"]
mod serve;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// A server's entries are made by the threads that serve and freed by whichever finds them due, a million at once if need be. The system's allocator on Linux keeps what is
/// freed below anything that lives, and takes 14 bytes more an entry.
#[cfg(not(feature = "bench"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The same, with a count of the bytes that are out.
#[cfg(feature = "bench")]
#[global_allocator]
static ALLOCATOR: bench::alloc::Counting = bench::alloc::Counting;

/// An embedded, lock-free cache with a time-to-live for each entry.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(Box<serve::Serve>),
    Cli(cli::Options),
    Replay(replay::Replay),
    Bench(Box<bench::Bench>),
    #[command(subcommand)]
    Dump(dump::Dump),
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    let misuse = match &command {
        Command::Cli(options) => options.misuse(),
        Command::Replay(arguments) => arguments.misuse(),
        Command::Dump(command) => command.misuse(),
        Command::Bench(command) => command.misuse(),
        Command::Serve(_) => None,
    };
    if let Some(told) = misuse {
        let missing = clap::error::ErrorKind::MissingRequiredArgument;
        Cli::command().error(missing, told).exit();
    }
    let output = match command {
        Command::Serve(options) => options.run().map(String::into_bytes),
        Command::Cli(options) => return options.run(),
        Command::Replay(arguments) => {
            arguments.run().map(String::into_bytes).map_err(|error| error.to_string())
        }
        Command::Bench(arguments) => arguments.run().map(String::into_bytes),
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
