//! The commands of the table that are not there yet. To clients they are unknown. The list must be empty before the server is called done.

use crate::resp::command::{Command, Unknown};

/// Whether nothing here answers this command.
pub(super) fn is_missing(command: Command) -> bool {
    matches!(
        command,
        // Several keys at once: they need the gate (`docs/design.md`), or they would not be atomic.
        Command::MSetNx
            | Command::Rename
            | Command::RenameNx
            | Command::Copy
            | Command::Multi
            | Command::Exec
            | Command::Discard
            | Command::Watch
            | Command::Unwatch
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
