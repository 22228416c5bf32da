//! The gate: who is in the middle of a command, and who runs alone.
//!
//! No word of the store covers two keys. What has to change several of them as one step (EXEC, MSET, RENAME, …) runs *alone*: nobody else is in the
//! middle of a command then, or begins one. Whoever serves connections has a [`Seat`], a word on a cache line of its own, and there only does it say, once
//! a batch, that it is in one. So the common side pays two read-modify-writes of its own line for a batch, and between two commands a load of it. It
//! waits only for those who run alone.
//!
//! # Promises
//!
//! 1. While [`Inside::alone`] runs something, no other thread is [`Inside`].
//! 2. What was done inside before is seen alone, and what was done alone is seen inside afterwards.
//! 3. A thread that is inside goes on until it looks; then it steps out, if the gate is closed, and sleeps until that is open.
//! 4. Nobody waits without end, if those who are inside look: who wants to run alone has its turn by number; who sleeps before the closed gate is put
//!    inside by who opens it, if it has not come in by itself while that was done [`HASTE`] times; and it does not look before it has done something.
//!
//! # The word of a seat
//!
//! ```text
//!  31 … 3 │   2   │   1    │  0
//!     0   │ WAITS │ CLOSED │ IN         IN: its thread is inside      CLOSED: somebody runs alone, or is about to
//!                                       WAITS: its thread sleeps, or did and has not come to it yet
//!
//!            enter (1)                          close (3)              wait
//!  OPEN ───────────────► IN            OPEN ──────────────► CLOSED ───────────► CLOSED, WAITS
//!       ◄───────────────                                      ▲
//!            leave (2)                             knock      │
//!                                      IN ───► IN, CLOSED ────┘        close (3)
//!                                      close (3)               WAITS ───────────► CLOSED, WAITS
//!
//!  open (4): CLOSED ───► OPEN          CLOSED, WAITS ───► WAITS ───► IN, by its thread when it wakes
//!            its own ──► IN                          └──────────────► IN, at once
//! ```
//!
//! To put who sleeps inside at each opening would be fairer, and would have everybody who runs alone wait until all of them are awake. As it is, who has
//! a row of such commands in a pipeline carries out [`HASTE`] of them for one wait.
//!
//! Only (1) and (2), CASes of the seat's own thread, are made without the lock of the [`Hall`]. All else is done under it, so a seat that is closed is
//! changed under the lock alone, and there loads and stores do. The common side takes the lock only when one of its CASes has failed, which says that
//! the gate was closed.
//!
//! # Linearisation
//!
//! *Nobody else is inside*, at (3): a read-modify-write of each seat by who closes. In the order of changes of that one word, either `enter` comes before
//! it, and it finds IN and waits for the knock, or it comes before `enter`, and that fails. That is the store-load race of *I am in* against *are you in*;
//! since both are read-modify-writes of one word, there is no need of a fence, or of SeqCst. `leave` comes before it, and it finds the seat empty, or after
//! it, and then the CAS fails and the thread knocks. So each seat that was found IN is knocked for exactly once, which is what the count in the hall
//! relies on. It runs alone from when the count is 0.
//!
//! *Others are inside again*, at (4), for each seat by itself.
//!
//! | written | read | by |
//! |---|---|---|
//! | inside | alone, if the thread had left | (2) Release → (3) Acquire |
//! | inside | alone, if the thread has knocked | the lock |
//! | alone | inside | (4) Release → (1) Acquire, or the lock if it slept |
//! | alone | alone | the lock |
//!
//! Who takes a seat while the gate is closed finds that closed. A seat is given up from outside only: who is inside borrows it. Both that and running
//! alone end when a thread panics, as their values are dropped.

#[cfg(test)]
mod tests;

use std::fmt;

use crossbeam_utils::CachePadded;

use crate::sync::{Arc, AtomicU32, Condvar, Mutex, MutexGuard, Ordering};

const OPEN: u32 = 0;
const IN: u32 = 1;
const CLOSED: u32 = 1 << 1;
const WAITS: u32 = 1 << 2;

/// How often the gate may open, and close again, before those who sleep are put inside.
const HASTE: u32 = if cfg!(purekv_loom) { 1 } else { 32 };

type Word = CachePadded<AtomicU32>;

/// What the seats of some threads belong to.
#[derive(Default)]
pub(super) struct Gate {
    hall: Mutex<Hall>,
    /// The gate has opened: for those at closed seats, and for who closes it next.
    opened: Condvar,
    /// The last one who was inside has knocked: for who closes it.
    emptied: Condvar,
}

/// What is done rarely, by one thread at a time.
#[derive(Default)]
struct Hall {
    words: Vec<Arc<Word>>,
    is_closed: bool,
    /// Seats that were found IN when the gate was closed, and have not knocked.
    inside: usize,
    /// Threads that sleep at their seats, or did and have not come to it yet.
    asleep: usize,
    /// How often it was opened since some of these were put inside.
    haste: u32,
    /// The number that is given to the next who wants to close it.
    next: u64,
    /// Whose turn it is.
    turn: u64,
}

/// A thread's place. It may be given to another thread, but only from outside.
pub(super) struct Seat {
    gate: Arc<Gate>,
    word: Arc<Word>,
}

/// That a thread is inside: until this is dropped.
pub(super) struct Inside<'s> {
    seat: &'s Seat,
}

/// That a thread that was inside is not: until this is dropped.
struct Outside<'s> {
    seat: &'s Seat,
}

/// That the gate is closed: until this is dropped.
struct Alone<'g> {
    gate: &'g Gate,
    own: Option<&'g Word>,
}

impl Gate {
    fn hall(&self) -> MutexGuard<'_, Hall> {
        // Nothing is done under the lock that could panic half-way.
        self.hall.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    /// Waits until each who is inside now has been between two commands. It is called from outside.
    pub(super) fn pass(&self) {
        self.close(None);
    }

    /// Waits for its turn, and until nobody is inside. The seat from which it is done, if any, has been left; it will be inside when the gate opens.
    fn close<'g>(&'g self, own: Option<&'g Word>) -> Alone<'g> {
        let mut hall = self.hall();
        let number = hall.next;
        hall.next += 1;
        while hall.turn != number {
            hall = wait(&self.opened, hall);
        }
        hall.is_closed = true;
        // Acquire: `go_out`, what was done inside.
        let close = |word: &&Arc<Word>| word.fetch_or(CLOSED, Ordering::Acquire) == IN;
        let inside = hall.words.iter().filter(close).count();
        hall.inside = inside;
        while hall.inside > 0 {
            hall = wait(&self.emptied, hall);
        }
        Alone { gate: self, own }
    }

    fn open(&self, own: Option<&Word>) {
        let mut hall = self.hall();
        hall.is_closed = false;
        hall.turn += 1;
        let puts_inside = hall.haste >= HASTE;
        hall.haste = if puts_inside || hall.asleep == 0 { 0 } else { hall.haste + 1 };
        for word in &hall.words {
            // Relaxed: closed, so under the lock.
            let waits = word.load(Ordering::Relaxed) & WAITS;
            let state = if puts_inside && waits != 0 { IN } else { waits };
            // Release: `go_in`, what was done alone.
            word.store(state, Ordering::Release);
        }
        if let Some(own) = own {
            // Relaxed: its own thread's.
            own.store(IN, Ordering::Relaxed);
        }
        let is_awaited = hall.asleep > 0 || hall.next != hall.turn;
        drop(hall);
        if is_awaited {
            self.opened.notify_all();
        }
    }
}

fn wait<'h>(what: &Condvar, hall: MutexGuard<'h, Hall>) -> MutexGuard<'h, Hall> {
    what.wait(hall).unwrap_or_else(|broken| broken.into_inner())
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        self.gate.open(self.own);
    }
}

impl Seat {
    /// One more. O(1), but it takes a lock.
    pub(super) fn new(gate: &Arc<Gate>) -> Self {
        let mut hall = gate.hall();
        let state = if hall.is_closed { CLOSED } else { OPEN };
        let word = Arc::new(CachePadded::new(AtomicU32::new(state)));
        hall.words.push(word.clone());
        drop(hall);
        Self { gate: gate.clone(), word }
    }

    /// Begins a batch; if the gate is closed, when it is open.
    #[inline]
    pub(super) fn enter(&mut self) -> Inside<'_> {
        self.go_in();
        Inside { seat: self }
    }

    #[inline]
    fn go_in(&self) {
        // Acquire: `open`, what was done alone. Relaxed: then the lock does it.
        if self.word.compare_exchange(OPEN, IN, Ordering::Acquire, Ordering::Relaxed).is_err() {
            self.wait();
        }
    }

    #[inline]
    fn go_out(&self) {
        // Release: `close`, what was done inside. Relaxed: then the lock does it.
        if self.word.compare_exchange(IN, OPEN, Ordering::Release, Ordering::Relaxed).is_err() {
            self.knock();
        }
    }

    /// The gate was closed when this thread wanted to go in.
    #[cold]
    fn wait(&self) {
        let mut hall = self.gate.hall();
        hall.asleep += 1;
        // All Relaxed: under the lock.
        let mut word = self.word.load(Ordering::Relaxed);
        while word & (IN | CLOSED) == CLOSED {
            self.word.store(CLOSED | WAITS, Ordering::Relaxed);
            hall = wait(&self.gate.opened, hall);
            word = self.word.load(Ordering::Relaxed);
        }
        if word & IN == 0 {
            self.word.store(IN, Ordering::Relaxed);
        }
        hall.asleep -= 1;
    }

    /// The gate was closed while this thread was inside: who closes it waits for that to end.
    #[cold]
    fn knock(&self) {
        let mut hall = self.gate.hall();
        // Relaxed: under the lock.
        self.word.store(CLOSED, Ordering::Relaxed);
        hall.inside -= 1;
        if hall.inside == 0 {
            self.gate.emptied.notify_one();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.gate.hall().words.retain(|word| !Arc::ptr_eq(word, &self.word));
    }
}

impl Inside<'_> {
    /// Between two commands, when at least one was carried out since the last look: steps out, if somebody is to run alone, until that is over.
    #[inline]
    pub(super) fn look(&mut self) {
        // Relaxed: it will be seen at some look, and what it stands for is done by who sees it.
        if self.seat.word.load(Ordering::Relaxed) != IN {
            self.seat.go_out();
            self.seat.go_in();
        }
    }

    /// Runs something while nobody else is inside. It is between two commands before and afterwards: others may have been alone, or inside, in between.
    pub(super) fn alone<R>(&mut self, run: impl FnOnce() -> R) -> R {
        // Who waits for its turn must not be waited for.
        self.seat.go_out();
        let _alone = self.seat.gate.close(Some(&self.seat.word));
        run()
    }

    /// Runs something from outside: what takes long, and is no command on keys. It is between two commands before and afterwards.
    pub(super) fn outside<R>(&mut self, run: impl FnOnce() -> R) -> R {
        self.seat.go_out();
        let _outside = Outside { seat: self.seat };
        run()
    }
}

/// With the gate closed; None: it is.
pub(super) fn alone<R>(inside: Option<&mut Inside<'_>>, run: impl FnOnce() -> R) -> R {
    match inside {
        Some(inside) => inside.alone(run),
        None => run(),
    }
}

/// From outside; None: the gate is closed, and stays so.
pub(super) fn outside<R>(inside: Option<&mut Inside<'_>>, run: impl FnOnce() -> R) -> R {
    match inside {
        Some(inside) => inside.outside(run),
        None => run(),
    }
}

impl Drop for Outside<'_> {
    fn drop(&mut self) {
        self.seat.go_in();
    }
}

impl Drop for Inside<'_> {
    #[inline]
    fn drop(&mut self) {
        self.seat.go_out();
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("seats", &self.hall().words.len()).finish_non_exhaustive()
    }
}
