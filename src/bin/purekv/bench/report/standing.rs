//! Where we stand in a row: ahead, level, behind, or not to be told.

use super::{Better, Cell, Row, Spread};

/// Subjects of this crate, in the order in which they are shown.
pub(crate) const OURS: [&str; 4] = ["store", "cache", "store-bound", "cache-bound"];
/// Subjects that no one competes with: the yardstick, and the run without a store.
const NOT_PEERS: [&str; 4] = ["baseline", "pure-kv", "none", "belady"];

/// Of a single repetition a difference below this may be chance.
const CHANCE: f64 = 1.1;
/// Of what is counted, a difference below this.
const COUNTED: f64 = 1.01;
/// A spread wider than this, from least to most, is of the machine and not of the subject.
const TELLS: f64 = 1.5;

/// How ours compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// Better in every repetition.
    Ahead,
    /// Neither better nor worse in all of them.
    Level,
    /// Worse in every repetition.
    Behind,
    /// The repetitions are too far apart.
    TooNoisy,
}

impl Word {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Ahead => "ahead",
            Self::Level => "level",
            Self::Behind => "behind",
            Self::TooNoisy => "too noisy to tell",
        }
    }
}

/// Ours beside the best of the others.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) ours: String,
    pub(crate) peer: String,
    /// How many times better, repetition by repetition.
    pub(crate) ratio: Spread,
    pub(crate) word: Word,
}

impl Row {
    /// The best of all other crates in this very row.
    pub(crate) fn best_peer(&self) -> Option<&Cell> {
        let peers = self.cells.iter().filter(|cell| {
            let name = cell.subject.as_str();
            !OURS.contains(&name) && !NOT_PEERS.contains(&name)
        });
        let order = |a: &&Cell, b: &&Cell| a.spread().median.total_cmp(&b.spread().median);
        match self.name.better {
            Better::Higher => peers.max_by(order),
            Better::Lower => peers.min_by(order),
            Better::Neither => None,
        }
    }

    /// How many times better `ours` is than `theirs`, repetition by repetition. Two noughts are alike.
    pub(crate) fn ratio(&self, ours: &Cell, theirs: &Cell) -> Spread {
        let ratios: Vec<f64> = ours
            .samples
            .iter()
            .zip(&theirs.samples)
            .map(|(ours, theirs)| match self.name.better {
                _ if ours == theirs => 1.0,
                Better::Lower => theirs / ours,
                Better::Higher | Better::Neither => ours / theirs,
            })
            .collect();
        Spread::of(&ratios)
    }

    /// Each of ours beside the best peer; of a row without peers, nothing.
    pub(crate) fn standings(&self) -> Vec<Standing> {
        let Some(peer) = self.best_peer() else { return vec![] };
        let ours = OURS.iter().filter_map(|name| self.cell(name));
        ours.map(|ours| {
            let ratio = self.ratio(ours, peer);
            let (ours, peer) = (ours.subject.clone(), peer.subject.clone());
            Standing { ours, peer, ratio, word: word(ratio, self.name.is_exact) }
        })
        .collect()
    }
}

fn word(ratio: Spread, is_exact: bool) -> Word {
    let chance = if is_exact { COUNTED } else { CHANCE };
    match ratio {
        _ if ratio.median.is_nan() => Word::TooNoisy,
        _ if ratio.samples == 1 && (1.0 / chance..=chance).contains(&ratio.median) => Word::Level,
        _ if ratio.least > 1.0 => Word::Ahead,
        _ if ratio.most < 1.0 => Word::Behind,
        _ if ratio.most / ratio.least > TELLS => Word::TooNoisy,
        _ => Word::Level,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{RowName, Section};
    use super::*;

    fn row(cells: &[(&str, &[f64])], better: Better) -> Row {
        let mut section = Section::default();
        for (subject, samples) in cells {
            let name = RowName::new("row", "Mops/s", better);
            samples.iter().for_each(|value| section.sample(&name, subject, *value, Some(1.0)));
        }
        section.rows.remove(0)
    }

    #[test]
    fn ratios_are_to_the_best_peer_of_the_row_turn_by_turn() {
        let row = row(
            &[
                ("store", &[12.0, 26.0, 33.0]),
                ("papaya", &[10.0, 20.0, 30.0]),
                ("moka", &[1.0, 2.0, 100.0]),
                ("baseline", &[90.0, 90.0, 90.0]),
            ],
            Better::Higher,
        );
        assert_eq!(row.best_peer().map(|cell| cell.subject.as_str()), Some("papaya"));
        let standing = &row.standings()[0];
        assert_eq!(standing.ratio.to_string(), "1.20 (1.10–1.30)");
        assert_eq!(standing.word, Word::Ahead);
    }

    #[test]
    fn a_row_that_is_lost_says_so_and_so_does_one_that_shakes() {
        let lost = row(&[("cache", &[2.0, 2.2]), ("moka", &[1.0, 1.1])], Better::Lower);
        assert_eq!(lost.standings()[0].word, Word::Behind);
        let level = row(&[("cache", &[1.0, 1.1]), ("moka", &[1.1, 1.0])], Better::Lower);
        assert_eq!(level.standings()[0].word, Word::Level);
        let once = row(&[("cache", &[1.05]), ("moka", &[1.0])], Better::Higher);
        assert_eq!(once.standings()[0].word, Word::Level);
        let mut counted = row(&[("cache", &[1.05]), ("moka", &[1.0])], Better::Higher);
        counted.name.is_exact = true;
        assert_eq!(counted.standings()[0].word, Word::Ahead);
        let mut alike = row(&[("cache", &[1.005]), ("moka", &[1.0])], Better::Higher);
        alike.name.is_exact = true;
        assert_eq!(alike.standings()[0].word, Word::Level);
        let noughts = row(&[("cache", &[0.0]), ("moka", &[0.0])], Better::Lower);
        assert_eq!(noughts.standings()[0].word, Word::Level);
        let shaken = row(&[("cache", &[1.0, 3.0]), ("moka", &[2.0, 2.0])], Better::Higher);
        assert_eq!(shaken.standings()[0].word, Word::TooNoisy);
    }
}
