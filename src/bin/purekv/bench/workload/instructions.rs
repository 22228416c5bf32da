//! Instructions an operation takes, counted by valgrind: what a busy machine does not change.
//!
//! A loop is run twice with different numbers of rounds; the difference, over the difference of the rounds, is what a round takes, so that start-up and
//! filling cancel out. Without background threads, which would be counted, too.

use std::process::{Command, Stdio};

use super::single::Operation;
use crate::bench::compare::{Comparison, Outcome};
use crate::bench::report::{Axis, Better, Chart, RowName, Scale};
use crate::bench::settings::{Effort, Settings};
use crate::bench::subjects;

/// With names for people.
const OPERATIONS: [(Operation, &str); 6] = [
    (Operation::GetHit, "get of what is there"),
    (Operation::SessionGetHit, "the same in a session"),
    (Operation::GetMiss, "get of what is not"),
    (Operation::Overwrite, "insert that replaces"),
    (Operation::InsertRemove, "insert and remove"),
    (Operation::InsertEvict, "insert that evicts"),
];

/// Rounds of the two runs.
const ROUNDS: [u64; 2] = [4000, 24_000];

/// `instructions`.
pub(crate) struct Instructions {
    is_quick: bool,
}

impl Instructions {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self { is_quick: settings.effort() == Effort::Quick }
    }
}

impl Comparison for Instructions {
    fn name(&self) -> &'static str {
        "instructions"
    }

    fn title(&self) -> &'static str {
        "Instructions an operation takes"
    }

    fn about(&self) -> String {
        "Counted by valgrind's callgrind, one thread, 2,000 entries with a time-to-live where the store has one per entry; a pin and a look at the clock for each operation but in the session. The loop itself is in every figure: `none`. Instructions are not time: misses of the caches and locked instructions cost more, but tomorrow they are the same to 1 %.".into()
    }

    fn charts(&self) -> Vec<Chart> {
        let x = OPERATIONS
            .iter()
            .enumerate()
            .fold(Axis::new("", Scale::Steps), |axis, (index, (_, title))| {
                axis.named(index as f64, *title)
            });
        let y = Axis::new("instructions", Scale::Linear);
        vec![Chart::bars("instructions", self.title(), x, y)]
    }

    fn obstacle(&self) -> Option<String> {
        if self.is_quick {
            return Some("it takes minutes, so --quick leaves it out".into());
        }
        let asked = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
        let is_there = asked.is_ok_and(|status| status.success());
        (!is_there).then(|| "there is no valgrind".into())
    }

    fn takes_part(&self, _: &str) -> bool {
        true
    }

    fn reps(&self) -> usize {
        1
    }

    fn seconds(&self) -> f64 {
        OPERATIONS.len() as f64 * 2.5
    }

    fn measure(&self, subject: &'static str) -> Outcome {
        let mut outcome = Outcome::default();
        for (index, (operation, title)) in OPERATIONS.iter().enumerate() {
            // Who cannot be bounded does not evict.
            if *operation == Operation::InsertEvict && !subjects::bounds(subject) {
                continue;
            }
            let [few, many] = ROUNDS.map(|rounds| match count(*operation, subject, rounds) {
                Ok(count) => count,
                Err(error) => panic!("{title}: {error}"),
            });
            let each = (many - few) / (ROUNDS[1] - ROUNDS[0]) as f64;
            let row = RowName::new(*title, "instructions", Better::Lower).exact();
            outcome.figure(row.on("instructions", index as f64), each);
        }
        outcome
    }
}

/// Of one whole run of this program.
fn count(operation: Operation, subject: &str, rounds: u64) -> Result<f64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["bench", "single", operation.name(), subject, &rounds.to_string()])
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    let counted =
        said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    match counted {
        Some(counted) if output.status.success() => Ok(counted),
        _ => Err(format!("valgrind ended with {}: {}", output.status, said.trim())),
    }
}
