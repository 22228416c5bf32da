//! `purekv bench` by another name: `cargo bench --features bench --bench compare -- --quick`.

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    // Cargo says `--bench` to every bench.
    let arguments = std::env::args_os().skip(1).filter(|argument| argument != "--bench");
    match Command::new(env!("CARGO_BIN_EXE_purekv")).arg("bench").args(arguments).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}
