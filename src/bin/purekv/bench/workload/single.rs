//! One operation in a plain loop, for [`instructions`](super::instructions): this program runs itself under valgrind for it.

use clap::ValueEnum;

use crate::bench::keys::{Key, Tally, digest, value};
use crate::bench::subjects::{self, Bound, Config, Session, Subject, Visit};

/// What `single` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The operation.
    operation: Operation,
    /// The subject.
    #[arg(value_parser = subjects::parse)]
    subject: &'static str,
    /// How many times.
    rounds: u64,
}

/// How many entries there are.
const ENTRIES: u32 = 2000;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Operation {
    /// Reads a key that is there.
    GetHit,
    /// The same, all under one pin.
    SessionGetHit,
    /// Reads a key that is not there.
    GetMiss,
    /// Inserts a key that is there.
    Overwrite,
    /// Inserts a key that is not there, and removes it.
    InsertRemove,
    /// Inserts a key that never was into a full cache, which evicts.
    InsertEvict,
}

/// Keys for [`Operation::InsertEvict`]; when they come again, everybody has forgotten them. Always as many, so that making them cancels out.
const NEW: u32 = 1 << 15;

impl Operation {
    /// As an argument of this program.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::GetHit => "get-hit",
            Self::SessionGetHit => "session-get-hit",
            Self::GetMiss => "get-miss",
            Self::Overwrite => "overwrite",
            Self::InsertRemove => "insert-remove",
            Self::InsertEvict => "insert-evict",
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<String, String> {
    let evicts = matches!(arguments.operation, Operation::InsertEvict);
    if evicts && !subjects::bounds(arguments.subject) {
        return Err(format!("{} cannot be bounded", arguments.subject));
    }
    subjects::with(arguments.subject, Loop { arguments });
    Ok(String::new())
}

struct Loop<'a> {
    arguments: &'a Arguments,
}

impl Visit for Loop<'_> {
    type Output = ();

    fn visit<S: Subject>(self) {
        let Arguments { operation, rounds, .. } = *self.arguments;
        let entries = ENTRIES;
        let ttl = Some(super::LONG);
        let evicts = matches!(operation, Operation::InsertEvict);
        let config = Config::sized(entries as usize, ttl.is_some());
        let bound = evicts.then_some(Bound::Entries(entries as usize));
        // A thread of its own would be counted, and the more, the longer the run.
        let subject = S::build(&Config { background: false, bound, ..config });
        let present: Vec<Key> = (0..entries).map(Key::of).collect();
        let others = if evicts { NEW } else { entries };
        let absent: Vec<Key> = (entries..entries + others).map(Key::of).collect();
        for key in &present {
            subject.insert(key.bytes(), &value(key.id), ttl);
        }
        let mut tally = Tally::default();
        let keys = |keys: &'_ [Key]| {
            let keys: Vec<Key> = keys.to_vec();
            (0..rounds).map(move |round| keys[(round % keys.len() as u64) as usize])
        };
        let hits = match operation {
            Operation::GetHit => {
                keys(&present).for_each(|key| tally.add(subject.get(key.bytes(), digest)));
                rounds
            }
            Operation::SessionGetHit => {
                let session = subject.session();
                keys(&present).for_each(|key| tally.add(session.get(key.bytes(), digest)));
                rounds
            }
            Operation::GetMiss => {
                keys(&absent).for_each(|key| tally.add(subject.get(key.bytes(), digest)));
                0
            }
            Operation::Overwrite => {
                keys(&present).for_each(|key| subject.insert(key.bytes(), &value(key.id + 1), ttl));
                let is_new = |key: &Key| {
                    subject.get(key.bytes(), digest) == Some(2 * (u64::from(key.id) + 1))
                };
                // Always one, so that it cancels out.
                assert!(!S::STORES || rounds == 0 || is_new(&present[0]), "it was not replaced");
                0
            }
            Operation::InsertRemove => {
                keys(&absent).for_each(|key| {
                    subject.insert(key.bytes(), &value(key.id), ttl);
                    assert!(subject.remove(key.bytes()), "what was inserted is not there");
                });
                0
            }
            Operation::InsertEvict => {
                keys(&absent).for_each(|key| subject.insert(key.bytes(), &value(key.id), ttl));
                let len = subject.len();
                assert!(!S::BOUNDS_EXACTLY || len == entries as usize, "{len} entries");
                0
            }
        };
        assert!(!S::STORES || tally.hits == hits, "gets missed, or hit what is not there");
        // Once for each key and not for each round, so that it cancels out.
        let (all, rest) = (hits / u64::from(entries), hits % u64::from(entries));
        let times = |id: u64| all + u64::from(id < rest);
        let read = (0..u64::from(entries)).map(|id| 2 * id * times(id));
        assert!(
            !S::STORES || tally.digest == read.sum::<u64>(),
            "gets read what was never written"
        );
    }
}
