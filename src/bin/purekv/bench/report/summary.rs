//! Where we stand, counted over all rows.

use std::fmt::Write as _;

use super::{OURS, Report, Standing, Word};

/// How often one of ours is ahead, level, behind, and not to be told from the best peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) ahead: usize,
    pub(crate) level: usize,
    pub(crate) behind: usize,
    pub(crate) too_noisy: usize,
}

impl Report {
    /// Every standing there is, with the section and the label of its row.
    pub(crate) fn standings(&self) -> impl Iterator<Item = (&str, &str, Standing)> {
        self.sections.iter().flat_map(|section| {
            section.rows.iter().flat_map(|row| {
                let standings = row.standings().into_iter();
                standings
                    .map(|standing| (section.title.as_str(), row.name.label.as_str(), standing))
            })
        })
    }

    pub(crate) fn tally(&self, ours: &str) -> Tally {
        let mut tally = Tally::default();
        for (_, _, standing) in self.standings().filter(|(_, _, standing)| standing.ours == ours) {
            *match standing.word {
                Word::Ahead => &mut tally.ahead,
                Word::Level => &mut tally.level,
                Word::Behind => &mut tally.behind,
                Word::TooNoisy => &mut tally.too_noisy,
            } += 1;
        }
        tally
    }

    /// Rows in which somebody was kept from the processors, and all rows.
    pub(crate) fn disturbed(&self) -> (usize, usize) {
        let rows = || self.sections.iter().flat_map(|section| &section.rows);
        (rows().filter(|row| row.is_disturbed()).count(), rows().count())
    }

    /// A few lines, for a terminal and for Markdown alike.
    pub(crate) fn summary(&self) -> String {
        let mut text = String::new();
        for ours in OURS {
            let Tally { ahead, level, behind, too_noisy } = self.tally(ours);
            if ahead + level + behind + too_noisy > 0 {
                // Writing to a String cannot fail.
                let _ = writeln!(
                    text,
                    "- {ours} beside the best other crate of each row: ahead in {ahead}, level in {level}, behind in {behind}, too noisy to tell in {too_noisy}."
                );
            }
        }
        let (disturbed, all) = self.disturbed();
        if disturbed > 0 {
            let _ = writeln!(
                text,
                "- In {disturbed} of {all} rows the process got less than 95 % of its processors in some repetition (⚠): with a busy machine repeat these."
            );
        }
        for section in &self.sections {
            for failure in &section.failures {
                let (subject, message) = (&failure.subject, &failure.message);
                let _ = writeln!(
                    text,
                    "- {}: {subject} FAILED its self-check: {message}",
                    section.name
                );
            }
            if let Some(why) = &section.skipped {
                let _ = writeln!(text, "- {}: not run: {why}", section.name);
            }
        }
        text
    }
}
