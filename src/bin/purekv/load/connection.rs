//! One connection: requests out, replies in, each reply judged against its request.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use mio::{Registry, Token};

use super::error::Fault;
use super::operation::Operation;
use super::reply::{Reader, Reply, shown};
use super::run::Run;
use super::schedule::Schedule;
use super::stream::Stream;
use super::work::Protocol;

pub(crate) struct Connection {
    /// Among all of the target, from 0.
    number: usize,
    token: Token,
    stream: Stream,
    reader: Reader,
    /// What has come of a reply that is not whole.
    rest: Vec<u8>,
    /// What the socket has not taken yet, from `sent` on.
    unsent: Vec<u8>,
    sent: usize,
    /// Requests without a reply, in the order in which they went out.
    pending: VecDeque<Pending>,
    answered: u64,
    schedule: Option<Schedule>,
    /// Whether the run will come back when the next request is due.
    is_armed: bool,
    /// Whether it has nothing more to send in this phase.
    is_done: bool,
    is_counted: bool,
    /// When something has come, or was first waited for.
    heard: u64,
}

struct Pending {
    /// When it was meant to begin.
    intended: u64,
    key: u64,
    operation: usize,
}

impl Connection {
    pub(crate) fn new(number: usize, token: Token, stream: Stream, protocol: Protocol) -> Self {
        Self {
            number,
            token,
            stream,
            reader: Reader::new(protocol),
            rest: Vec::new(),
            unsent: Vec::new(),
            sent: 0,
            pending: VecDeque::new(),
            answered: 0,
            schedule: None,
            is_armed: false,
            is_done: false,
            is_counted: false,
            heard: 0,
        }
    }

    pub(crate) fn register(&mut self, registry: &Registry) -> std::io::Result<()> {
        self.stream.register(registry, self.token)
    }

    /// A phase begins.
    pub(crate) fn begin(&mut self, run: &mut Run<'_>) {
        self.schedule = run.feed.schedule(run.phase, self.number);
        (self.is_armed, self.is_done, self.is_counted, self.heard) = (false, false, false, 0);
    }

    /// Sends what there is to send and room for.
    pub(crate) fn pump(
        &mut self,
        run: &mut Run<'_>,
        out: &mut Vec<u8>,
        registry: &Registry,
    ) -> Result<(), Fault> {
        out.clear();
        let phase = run.phase;
        while !self.is_done && self.pending.len() < phase.depth {
            let Some(intended) = self.next_begin(run) else {
                break;
            };
            let Some((operation, key)) = run.feed.next(phase, intended >= phase.warm) else {
                self.is_done = true;
                break;
            };
            if let Some(schedule) = &mut self.schedule {
                schedule.advance(&mut run.feed.random);
                if intended >= phase.warm {
                    run.tally.behind.saturating_record(run.now - intended);
                }
            }
            let request = &phase.operations[operation].0;
            phase.work.write(phase.protocol, request, key, &mut run.feed.random, out);
            if self.pending.is_empty() {
                self.heard = run.now;
            }
            self.pending.push_back(Pending { intended, key, operation });
        }
        if !out.is_empty() {
            self.send(out, registry)?;
            run.sent(out.len());
        }
        if self.is_done && self.pending.is_empty() && !self.is_counted {
            self.is_counted = true;
            run.active -= 1;
        }
        Ok(())
    }

    /// When the next request was meant to begin, if it may begin now.
    fn next_begin(&mut self, run: &mut Run<'_>) -> Option<u64> {
        let is_after =
            |instant: u64, limit: Option<u64>| limit.is_some_and(|limit| instant >= limit);
        let Some(schedule) = &mut self.schedule else {
            self.is_done = is_after(run.now, run.phase.end);
            return (!self.is_done).then_some(run.now);
        };
        let next = schedule.next();
        if is_after(next, run.phase.end) {
            self.is_done = true;
            return None;
        }
        if next > run.now {
            if !self.is_armed {
                self.is_armed = true;
                run.wake_at(next, self.token.0);
            }
            return None;
        }
        if is_after(run.now, run.phase.give_up) {
            run.abandon(schedule);
            self.is_done = true;
            return None;
        }
        Some(next)
    }

    /// The instant has come for which it was armed.
    pub(crate) fn disarm(&mut self) {
        self.is_armed = false;
    }

    fn send(&mut self, out: &[u8], registry: &Registry) -> Result<(), Fault> {
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(out);
            return Ok(());
        }
        let sent = self.write(out)?;
        if sent < out.len() {
            self.unsent.extend_from_slice(&out[sent..]);
            self.await_room(registry, true)?;
        }
        Ok(())
    }

    /// There may be room again.
    pub(crate) fn flush(&mut self, registry: &Registry) -> Result<(), Fault> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        let unsent = std::mem::take(&mut self.unsent);
        self.sent += self.write(&unsent[self.sent..])?;
        self.unsent = unsent;
        if self.sent == self.unsent.len() {
            self.unsent.clear();
            self.sent = 0;
            self.await_room(registry, false)?;
        }
        Ok(())
    }

    fn await_room(&mut self, registry: &Registry, wanted: bool) -> Result<(), Fault> {
        let changed = self.stream.await_room(registry, self.token, wanted);
        changed.map_err(|source| self.broken(source))
    }

    /// How many bytes the socket has taken.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        let mut sent = 0;
        while sent < bytes.len() {
            match self.stream.write(&bytes[sent..]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.broken(error)),
            }
        }
        Ok(sent)
    }

    /// Reads what has come. `is_closed`: up to the end, for it is the end.
    pub(crate) fn receive(
        &mut self,
        run: &mut Run<'_>,
        buffer: &mut [u8],
        is_closed: bool,
    ) -> Result<(), Fault> {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return Err(self.closed()),
                Ok(count) => {
                    run.tick();
                    run.received(count);
                    self.heard = run.now;
                    self.take(run, &buffer[..count])?;
                    // What comes from now on is another event.
                    if count < buffer.len() && !is_closed {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.broken(error)),
            }
        }
    }

    fn take(&mut self, run: &mut Run<'_>, bytes: &[u8]) -> Result<(), Fault> {
        if self.rest.is_empty() {
            let used = self.read_replies(run, bytes)?;
            self.rest.extend_from_slice(&bytes[used..]);
            return Ok(());
        }
        let mut whole = std::mem::take(&mut self.rest);
        whole.extend_from_slice(bytes);
        let used = self.read_replies(run, &whole)?;
        whole.drain(..used);
        self.rest = whole;
        Ok(())
    }

    /// How many bytes are used up.
    fn read_replies(&mut self, run: &mut Run<'_>, buffer: &[u8]) -> Result<usize, Fault> {
        let mut at = 0;
        while at < buffer.len() {
            let step = match self.reader.next(&buffer[at..]) {
                Ok(step) => step,
                Err(told) => return Err(self.wrong(run, told)),
            };
            match step.reply {
                Some(reply) => self.answer(run, &reply, &buffer[at..at + step.used])?,
                None if step.used == 0 => break,
                None => {}
            }
            at += step.used;
        }
        Ok(at)
    }

    #[inline]
    fn answer(&mut self, run: &mut Run<'_>, reply: &Reply<'_>, bytes: &[u8]) -> Result<(), Fault> {
        let Some(pending) = self.pending.front() else {
            let found = bytes.to_vec();
            return Err(Fault::Surplus { connection: self.number, answered: self.answered, found });
        };
        let operation = &run.phase.operations[pending.operation].0;
        match run.phase.work.judge(operation, pending.key, reply) {
            Ok(found) => {
                run.answered(pending.operation, pending.intended, found);
                self.answered += 1;
                self.pending.pop_front();
                Ok(())
            }
            Err(told) => Err(self.wrong(run, told)),
        }
    }

    /// Whether replies are missing for too long.
    pub(crate) fn check(&self, now: u64, patience: Duration) -> Result<(), Fault> {
        let silence = Duration::from_nanos(now.saturating_sub(self.heard));
        if self.pending.is_empty() || silence < patience {
            return Ok(());
        }
        Err(Fault::Silent {
            connection: self.number,
            answered: self.answered,
            missing: self.pending.len(),
            patience,
            rest: self.rest.clone(),
        })
    }

    fn wrong(&self, run: &Run<'_>, told: String) -> Fault {
        let connection = self.number;
        let request = self.pending.front().map(|pending| {
            let operation: &Operation = &run.phase.operations[pending.operation].0;
            run.phase.work.describe(operation, pending.key)
        });
        let request = request.unwrap_or_else(|| "none".to_owned());
        Fault::Wrong { connection, number: self.answered + 1, request, told }
    }

    fn closed(&self) -> Fault {
        Fault::Closed {
            connection: self.number,
            answered: self.answered,
            missing: self.pending.len(),
            rest: self.rest.clone(),
        }
    }

    fn broken(&self, source: std::io::Error) -> Fault {
        Fault::Io { connection: self.number, answered: self.answered, source }
    }

    /// After the last reply there must be nothing.
    pub(crate) fn finish(&self) -> Result<(), Fault> {
        if self.rest.is_empty() {
            return Ok(());
        }
        let told = format!("after the last reply: {}", shown(&self.rest));
        let (connection, number) = (self.number, self.answered + 1);
        Err(Fault::Wrong { connection, number, request: "none".to_owned(), told })
    }
}
