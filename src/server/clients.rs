//! All connections of a server: what each one lets others know of it, and what they may do to it.
//!
//! A connection belongs to its thread, and others never touch it. It has a [`Card`] that all may read, which it brings up to date once a batch by plain
//! stores; what others want of it is a word on that card, and its thread is woken.

use std::collections::BTreeMap;
use std::io::Write as _;

use super::worker::Inbox;
use crate::resp::command::Command;
use crate::sync::{Arc, AtomicBool, AtomicU8, AtomicU64, Mutex, MutexGuard, Ordering};

/// Where a client is, for people to read and for `CLIENT KILL` to find.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    address: String,
    local: String,
    descriptor: Option<i32>,
}

impl Peer {
    /// A client at this address, as Redis writes it: `127.0.0.1:50000`, `[::1]:50000`, or a unix socket's path and ":0".
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), ..Self::default() }
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The address at which it was received, written likewise.
    #[must_use]
    pub fn local(mut self, address: impl Into<String>) -> Self {
        self.local = address.into();
        self
    }

    /// The number of its socket in this process.
    #[must_use]
    pub fn descriptor(mut self, number: i32) -> Self {
        self.descriptor = Some(number);
        self
    }
}

impl<T: Into<String>> From<T> for Peer {
    fn from(address: T) -> Self {
        Self::new(address)
    }
}

/// What others may know of a connection. Times are milliseconds since the epoch, by the database's clock.
#[derive(Debug)]
pub(super) struct Card {
    pub(super) id: u64,
    pub(super) peer: Peer,
    pub(super) since: u64,
    inbox: Arc<Inbox>,
    is_killed: AtomicBool,
    words: Mutex<Words>,
    state: State,
}

/// What a client calls itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    pub(super) name: Vec<u8>,
    pub(super) library: Vec<u8>,
    pub(super) library_version: Vec<u8>,
}

/// What its thread writes once a batch. Relaxed throughout: figures, by which nothing else is found.
#[derive(Debug, Default)]
struct State {
    /// When it was last served.
    seen: AtomicU64,
    /// The last command's place in the table, counted from 1; 0: none yet.
    command: AtomicU8,
    flags: AtomicU8,
    /// Commands of a transaction, counted from 1; 0: it is in none.
    queued: AtomicU64,
    input: AtomicU64,
    output: AtomicU64,
    /// Of both buffers: what they take.
    memory: AtomicU64,
}

/// A connection as it is now.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) time: u64,
    pub(super) command: Option<Command>,
    pub(super) is_resp3: bool,
    /// CLIENT NO-EVICT.
    pub(super) is_spared: bool,
    /// A request waits for a pause to be over.
    pub(super) is_held: bool,
    pub(super) is_closing: bool,
    /// Commands of its transaction, if it is in one.
    pub(super) queued: Option<usize>,
    pub(super) input: usize,
    pub(super) output: usize,
    pub(super) memory: usize,
}

const RESP3: u8 = 1;
const SPARED: u8 = 2;
const HELD: u8 = 4;
const CLOSING: u8 = 8;

impl Card {
    /// What it calls itself.
    pub(super) fn words(&self) -> MutexGuard<'_, Words> {
        self.words.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    /// Lets others see it as it is. Its own thread's; O(1).
    pub(super) fn show(&self, seen: &Seen) {
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        let flags = flag(seen.is_resp3, RESP3)
            | flag(seen.is_spared, SPARED)
            | flag(seen.is_held, HELD)
            | flag(seen.is_closing, CLOSING);
        let state = &self.state;
        state.seen.store(seen.time, Ordering::Relaxed);
        state.command.store(seen.command.map_or(0, |of| of as u8 + 1), Ordering::Relaxed);
        state.flags.store(flags, Ordering::Relaxed);
        state.queued.store(seen.queued.map_or(0, |count| count as u64 + 1), Ordering::Relaxed);
        state.input.store(seen.input as u64, Ordering::Relaxed);
        state.output.store(seen.output as u64, Ordering::Relaxed);
        state.memory.store(seen.memory as u64, Ordering::Relaxed);
    }

    /// When it was served last.
    pub(super) fn seen(&self) -> u64 {
        self.state.seen.load(Ordering::Relaxed)
    }

    /// Whether a request of it waits for a pause to be over.
    pub(super) fn is_held(&self) -> bool {
        self.state.flags.load(Ordering::Relaxed) & HELD != 0
    }

    /// Whether it is to be closed at once.
    pub(super) fn is_killed(&self) -> bool {
        // Relaxed: who sets it wakes its thread afterwards, through a lock.
        self.is_killed.load(Ordering::Relaxed)
    }

    /// What its buffers hold: input, output, and what both take.
    pub(super) fn buffers(&self) -> (u64, u64, u64) {
        let state = &self.state;
        let [input, output, memory] = [&state.input, &state.output, &state.memory];
        let of = |word: &AtomicU64| word.load(Ordering::Relaxed);
        (of(input), of(output), of(memory))
    }

    fn command(&self) -> Option<Command> {
        let place = usize::from(self.state.command.load(Ordering::Relaxed)).checked_sub(1)?;
        Command::all().nth(place)
    }

    /// Its line in CLIENT LIST, as Redis 7.0 has it; at the end what CLIENT SETINFO has said, which is of 7.2.
    pub(super) fn line(&self, now: u64) -> Vec<u8> {
        let seconds = |since: u64| now.saturating_sub(since) / 1000;
        let flags = self.state.flags.load(Ordering::Relaxed);
        let queued = self.state.queued.load(Ordering::Relaxed);
        let mut letters = String::new();
        for (is_set, letter) in [
            (queued != 0, 'x'),
            (flags & HELD != 0, 'b'),
            (flags & CLOSING != 0, 'c'),
            (flags & SPARED != 0, 'e'),
        ] {
            letters.extend(is_set.then_some(letter));
        }
        if letters.is_empty() {
            letters.push('N');
        }
        let (input, output, memory) = self.buffers();
        let words = self.words().clone();
        let mut line = format!(
            "id={} addr={} laddr={} fd={} name=",
            self.id,
            self.peer.address,
            self.peer.local,
            self.peer.descriptor.unwrap_or(-1)
        )
        .into_bytes();
        line.extend_from_slice(&words.name);
        // A vector takes whatever it is given.
        let _ = write!(
            line,
            " age={} idle={} flags={letters} db=0 sub=0 psub=0 ssub=0 multi={} qbuf={input} qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 \
                obl={output} oll=0 omem=0 tot-mem={} events={} cmd={} user=default redir=-1 resp={} lib-name=",
            seconds(self.since),
            seconds(self.seen()),
            queued.cast_signed() - 1,
            memory + size_of::<Self>() as u64,
            if output > 0 { "rw" } else { "r" },
            self.command().map_or("NULL", |command| command.spec().name),
            if flags & RESP3 != 0 { 3 } else { 2 },
        );
        line.extend_from_slice(&words.library);
        line.extend_from_slice(b" lib-ver=");
        line.extend_from_slice(&words.library_version);
        line.push(b'\n');
        line
    }
}

/// The connections of a server.
#[derive(Debug, Default)]
pub(super) struct Clients {
    cards: Mutex<BTreeMap<u64, Arc<Card>>>,
    last: AtomicU64,
}

impl Clients {
    /// A new connection: 1, 2, … in the order in which they come.
    pub(super) fn enter(self: &Arc<Self>, inbox: &Arc<Inbox>, peer: Peer, now: u64) -> Seat {
        // Relaxed: a number, by which nothing else is found.
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let card = Arc::new(Card {
            id,
            peer,
            since: now,
            inbox: inbox.clone(),
            is_killed: AtomicBool::new(false),
            words: Mutex::default(),
            state: State::default(),
        });
        card.show(&Seen { time: now, ..Seen::default() });
        self.cards().insert(id, card.clone());
        Seat { card, clients: self.clone() }
    }

    fn cards(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Card>>> {
        self.cards.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.cards().len()
    }

    /// How many there have been.
    pub(super) fn count(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    /// All of them, in the order in which they came.
    pub(super) fn all(&self) -> Vec<Arc<Card>> {
        self.cards().values().cloned().collect()
    }

    /// Has one closed by its own thread, with what is not written yet. Nobody sees it any more.
    fn kill(&self, card: &Card) {
        if self.cards().remove(&card.id).is_some() {
            card.is_killed.store(true, Ordering::Relaxed);
            card.inbox.wake(card.id);
        }
    }

    /// Closes those that are chosen, but for `own`, which is asking; how many, and whether that one was among them.
    pub(super) fn kill_all(&self, own: u64, is_meant: impl Fn(&Card) -> bool) -> (usize, bool) {
        let chosen: Vec<_> = self.all().into_iter().filter(|card| is_meant(card)).collect();
        let others = chosen.iter().filter(|card| card.id != own);
        others.for_each(|card| self.kill(card));
        (chosen.len(), chosen.iter().any(|card| card.id == own))
    }
}

/// A connection's place among the others, which it leaves when it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) card: Arc<Card>,
    clients: Arc<Clients>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.clients.cards().remove(&self.card.id);
    }
}

/// Which connections are meant: by what CLIENT LIST and CLIENT KILL can be told.
#[derive(Debug, Default)]
pub(super) struct Filter<'a> {
    pub(super) ids: Option<Vec<u64>>,
    /// Of a kind that there is none of here: replicas, masters, subscribers.
    pub(super) is_of_no_kind: bool,
    pub(super) address: Option<&'a [u8]>,
    pub(super) local: Option<&'a [u8]>,
    /// Not this one.
    pub(super) except: Option<u64>,
}

impl Filter<'_> {
    pub(super) fn takes(&self, card: &Card) -> bool {
        let is =
            |asked: Option<&[u8]>, text: &str| asked.is_none_or(|asked| asked == text.as_bytes());
        !self.is_of_no_kind
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&card.id))
            && is(self.address, &card.peer.address)
            && is(self.local, &card.peer.local)
            && self.except != Some(card.id)
    }
}
