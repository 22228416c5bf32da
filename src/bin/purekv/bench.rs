//! `purekv bench`: comparisons that anyone can run.

use clap::Subcommand;

use crate::load;

/// Measure servers.
#[derive(Subcommand)]
pub(crate) enum Bench {
    Server(Box<load::Server>),
}

impl Bench {
    /// What is wrong with the arguments as a whole.
    pub(crate) fn misuse(&self) -> Option<&'static str> {
        match self {
            Self::Server(options) => options.misuse(),
        }
    }

    /// What is to be printed.
    pub(crate) fn run(self) -> Result<String, String> {
        match self {
            Self::Server(options) => options.run().map_err(|error| error.to_string()),
        }
    }
}
