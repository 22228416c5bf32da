//! `purekv bench` of a program without the comparisons: servers can be measured all the same.

use clap::{Args, Subcommand};

use crate::load;

/// Measure servers. (To compare purekv with other crates, the program must be built with the feature `bench`.)
#[derive(Args)]
pub(crate) struct Bench {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Server(Box<load::Server>),
}

impl Bench {
    /// What is wrong with the arguments as a whole.
    pub(crate) fn misuse(&self) -> Option<&'static str> {
        let Command::Server(options) = &self.command;
        options.misuse()
    }

    /// What is to be printed.
    pub(crate) fn run(self) -> Result<String, String> {
        let Command::Server(options) = self.command;
        options.run().map_err(|error| error.to_string())
    }
}
