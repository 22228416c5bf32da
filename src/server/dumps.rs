//! Dumps that clients ask for (SAVE, BGSAVE), that are due, and the last one.
//!
//! One at a time. A dump that was acknowledged, by SAVE's reply or because LASTSAVE has moved, is on the disk whole; one that has failed leaves the one before it.

use std::path::Path;
use std::thread::{self, JoinHandle};

use super::live::SavePoint;
use super::settings::Server;
use crate::sync::{Arc, Mutex, MutexGuard};

const NO_FILE: &str = "ERR no dump file is configured";
const UNDER_WAY: &str = "ERR Background save already in progress";
/// After a failure so many seconds pass before one is begun again by itself.
const RETRY: u64 = 5;

/// What has become of dumps so far. Times are seconds since the epoch.
#[derive(Clone, Debug, Default)]
pub(super) struct Saved {
    /// When the last one that is complete was; at first when the server was made.
    pub(super) last: u64,
    /// How long the last one in the background has taken, in seconds.
    pub(super) took: Option<u64>,
    /// When the one under way was begun: there is one at a time.
    pub(super) began: Option<u64>,
    pub(super) in_background: bool,
    /// What the last one in the background has died of.
    pub(super) error: Option<String>,
    /// When the last attempt was over.
    attempt: u64,
    pub(super) completed: u64,
    pub(super) failed: u64,
    /// How many changes there had been when the last complete one was begun.
    changes: u64,
}

#[derive(Debug)]
pub(super) struct Dumps {
    saved: Mutex<Saved>,
    /// Of the last one in the background.
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Dumps {
    /// `changes` there have been already: what was loaded.
    pub(super) fn new(now: u64, changes: u64) -> Self {
        let saved = Saved { last: now, changes, ..Saved::default() };
        Self { saved: Mutex::new(saved), thread: Mutex::new(None) }
    }

    fn saved(&self) -> MutexGuard<'_, Saved> {
        self.saved.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    fn thread(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.thread.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    /// Waits for the one in the background, if there is one.
    pub(super) fn wait(&self) {
        let thread = self.thread().take();
        // If it has panicked, that is known already.
        let _ = thread.map(JoinHandle::join);
    }

    pub(super) fn status(&self) -> Saved {
        self.saved().clone()
    }
}

/// The right to dump, for as long as one takes.
struct Turn {
    server: Arc<Server>,
    began: u64,
    in_background: bool,
    changes: u64,
    /// What is said if nothing else is: the thread has panicked.
    result: Result<(), String>,
}

impl Turn {
    /// None: another one is under way.
    fn take(server: &Arc<Server>, in_background: bool) -> Option<Self> {
        let began = server.seconds();
        let mut saved = server.dumps.saved();
        if saved.began.is_some() {
            return None;
        }
        saved.began = Some(began);
        saved.in_background = in_background;
        drop(saved);
        let changes = server.database.figures().changes;
        let result = Err("the dump has panicked".into());
        Some(Self { server: server.clone(), began, in_background, changes, result })
    }

    fn dump(mut self, path: &Path) -> Result<(), String> {
        self.result = self.server.database.dump(path).map_err(|error| error.to_string());
        self.result.clone()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let now = self.server.seconds();
        let mut saved = self.server.dumps.saved();
        saved.began = None;
        saved.attempt = now;
        match &self.result {
            Ok(()) => {
                saved.completed += 1;
                saved.last = now;
                saved.changes = self.changes;
                tracing::info!(seconds = now.saturating_sub(self.began), "a dump was written");
            }
            Err(error) => {
                saved.failed += 1;
                tracing::error!(%error, "a dump has failed");
            }
        }
        if self.in_background {
            saved.took = Some(now.saturating_sub(self.began));
        }
        // Also of SAVE, which makes good what has failed before.
        saved.error = self.result.as_ref().err().cloned();
    }
}

impl Server {
    /// Seconds since the epoch.
    pub(super) fn seconds(&self) -> u64 {
        self.database.millis() / 1000
    }

    /// How many entries have changed since the last dump was begun.
    pub(super) fn changes(&self) -> u64 {
        self.database.figures().changes.saturating_sub(self.dumps.saved().changes)
    }

    /// Writes a dump, and returns when it is on the disk.
    pub(super) fn save(self: &Arc<Self>) -> Result<(), String> {
        let path = self.settings.dump.as_deref().ok_or(NO_FILE)?;
        let turn = Turn::take(self, false).ok_or(UNDER_WAY)?;
        turn.dump(path).map_err(|error| format!("ERR {error}"))
    }

    /// Begins a dump, by a thread of its own.
    pub(super) fn save_in_background(self: &Arc<Self>) -> Result<(), String> {
        let path = self.settings.dump.clone().ok_or(NO_FILE)?;
        let turn = Turn::take(self, true).ok_or(UNDER_WAY)?;
        let thread = thread::Builder::new().name("purekv-save".into());
        // What it comes to is told by its turn.
        let thread = thread.spawn(move || drop(turn.dump(&path)));
        let thread = thread.map_err(|error| format!("ERR no thread for a dump: {error}"))?;
        *self.dumps.thread() = Some(thread);
        Ok(())
    }

    /// What is to be done from time to time, once a second or so, by any thread: begins a dump if one is due, and takes note of how much was done, for INFO. Does not
    /// wait for the dump; O(threads).
    pub fn tick(self: &Arc<Self>) {
        self.note_rates();
        if self.settings.dump.is_none() || self.is_shutting_down() {
            return;
        }
        let saves = self.live.saves();
        if saves.is_empty() {
            return;
        }
        let (now, saved, changes) = (self.seconds(), self.dumps.status(), self.changes());
        let is_due = |point: &SavePoint| {
            changes >= point.changes && now.saturating_sub(saved.last) >= point.seconds
        };
        let may_retry = saved.error.is_none() || now.saturating_sub(saved.attempt) >= RETRY;
        if saved.began.is_none() && may_retry && saves.iter().any(is_due) {
            // Either it begins, or another has just begun, or it is logged.
            if let Err(error) = self.save_in_background() {
                tracing::warn!(%error, "no dump was begun");
            }
        }
    }

    /// The last dump, for who runs the server, once no thread serves it any more: if there is a file for it, dumps are made by themselves ([`Settings::dump_at_end`](super::Settings::dump_at_end): or not) or SHUTDOWN has asked for
    /// one, and SHUTDOWN has not said NOSAVE. Blocks until it is on the disk. False: there was none to be made, or SHUTDOWN has made it.
    ///
    /// # Errors
    ///
    /// What the system says, as a sentence.
    pub fn save_at_exit(self: &Arc<Self>) -> Result<bool, String> {
        let is_wanted = match self.shutdown.wish() {
            Some(saves) => saves && !self.shutdown.is_saved(),
            None => self.live.dumps_at_end(),
        };
        if !is_wanted || self.settings.dump.is_none() {
            return Ok(false);
        }
        self.dumps.wait();
        self.save().map(|()| true).map_err(|error| error.trim_start_matches("ERR ").to_owned())
    }
}
