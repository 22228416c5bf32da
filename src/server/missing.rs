//! The commands of the table that are not there yet. To clients they are unknown. The list must be empty before the server is called done.

use crate::resp::command::{Command, Unknown};

/// Whether nothing here answers this command.
pub(super) fn is_missing(command: Command) -> bool {
    matches!(
        command,
        // The server as a whole: its settings, dumps and figures.
        Command::Memory
            | Command::MemoryUsage
            | Command::MemoryHelp
            | Command::Info
            | Command::Config
            | Command::ConfigGet
            | Command::ConfigHelp
            | Command::ConfigResetStat
            | Command::ConfigSet
            | Command::Save
            | Command::BgSave
            | Command::LastSave
            | Command::Shutdown
            | Command::SlowLog
            | Command::SlowLogGet
            | Command::SlowLogHelp
            | Command::SlowLogLen
            | Command::SlowLogReset
            | Command::Latency
            | Command::LatencyHelp
            | Command::LatencyLatest
            | Command::LatencyReset
            | Command::Function
            | Command::FunctionFlush
            | Command::FunctionHelp
            | Command::Debug
            // Texts.
            | Command::ClientHelp
            | Command::CommandHelp
            | Command::ObjectHelp
    )
}

/// The command, if it is there; otherwise as what it is unknown.
#[inline]
pub(super) fn present(command: Command) -> Result<Command, Unknown> {
    if !is_missing(command) {
        return Ok(command);
    }
    // Of a container that has other subcommands it is the subcommand that is unknown.
    Err(match command.container() {
        Some(container) if !is_missing(container) => Unknown::Subcommand(container),
        _ => Unknown::Command,
    })
}
