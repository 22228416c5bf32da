//! How far a run is, on standard error; silent where that is no terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over the expected time of all turns.
pub(crate) struct Progress {
    bar: ProgressBar,
    /// What the turn under way was expected to take, in milliseconds.
    under_way: u64,
}

fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1e3).max(1.0) as u64
}

impl Progress {
    /// Of so many seconds in all, by expectation.
    pub(crate) fn new(seconds: f64) -> Self {
        let bar = ProgressBar::new(milliseconds(seconds));
        let template = "{wide_bar} {percent} %, {eta} left: {msg}";
        // A template that were not valid would leave the bar as it is.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if !bar.is_hidden() {
            // Seldom: its thread takes time from those that are measured.
            bar.enable_steady_tick(Duration::from_secs(1));
        }
        Self { bar, under_way: 0 }
    }

    /// A turn begins, and with it the one before has ended.
    pub(crate) fn turn(&mut self, comparison: &str, subject: &str, seconds: f64) {
        self.bar.inc(std::mem::replace(&mut self.under_way, milliseconds(seconds)));
        self.bar.set_message(format!("{comparison}, {subject}"));
    }

    /// All is done.
    pub(crate) fn end(self) {
        self.bar.finish_and_clear();
    }
}
