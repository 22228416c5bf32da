//! `--pipe`: requests as they are, from standard input, as fast as the server takes them.
//!
//! Replies are counted while requests are sent, and errors are shown. Behind the last request goes an ECHO with a text that nobody knows, so its reply is the last.
//! One thread does both: it writes as long as that is possible at once, and else waits for replies, a moment at most.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use purekv::resp::encode;
use purekv::resp::frame::Frame;

use super::connection::{Broken, Connection};
use super::failure::Failure;
use super::session::Session;
use super::shell::print;
use super::stream::is_late;
use super::target::Place;

/// Bytes taken from standard input at once.
const AT_ONCE: usize = 64 << 10;
/// How long replies are waited for before writing is tried again.
const MOMENT: Duration = Duration::from_millis(5);

struct Mass {
    place: Place,
    connection: Connection,
    replies: u64,
    errors: u64,
    /// When something came, or went.
    last: Instant,
}

/// Whether there was no error. `patience`: how long replies may fail to come once all is sent.
pub(crate) fn run(session: Session, patience: Option<Duration>) -> Result<bool, Failure> {
    let place = session.place.clone();
    let connection = session.into_connection()?;
    let mut mass = Mass { place, connection, replies: 0, errors: 0, last: Instant::now() };
    mass.send_all()?;
    print(b"All data transferred. Waiting for the last reply...\n")?;
    // Its keys are the system's random numbers.
    let mark = format!("{:020}", RandomState::new().build_hasher().finish()).into_bytes();
    // A request that was cut off ends at the empty line.
    let mut last = b"\r\n".to_vec();
    encode::request(&mut last, [&b"ECHO"[..], &mark]);
    mass.send(&last)?;
    let is_whole = mass.wait_for(&mark, patience)?;
    match is_whole {
        true => print(b"Last reply received from server.\n")?,
        false => mass.errors += 1,
    }
    print(format!("errors: {}, replies: {}\n", mass.errors, mass.replies).as_bytes())?;
    Ok(mass.errors == 0)
}

impl Mass {
    fn send_all(&mut self) -> Result<(), Failure> {
        let mut input = io::stdin().lock();
        let mut bytes = vec![0; AT_ONCE];
        loop {
            let length = match input.read(&mut bytes) {
                Ok(0) => return Ok(()),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Failure::Input(error)),
            };
            self.send(&bytes[..length])?;
        }
    }

    fn send(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        while !bytes.is_empty() {
            let written = self.connection.stream.at_once(|stream| stream.write(bytes));
            match written.map_err(|error| self.broken(error.into()))? {
                Some(length) => {
                    bytes = &bytes[length..];
                    self.last = Instant::now();
                    self.count_at_once()?;
                }
                None => drop(self.wait(MOMENT)?),
            }
        }
        // What TLS has kept back.
        while self.flush()?.is_none() {
            self.wait(MOMENT)?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<Option<()>, Failure> {
        let flushed = self.connection.stream.at_once(Write::flush);
        flushed.map_err(|error| self.broken(error.into()))
    }

    fn count_at_once(&mut self) -> Result<(), Failure> {
        while let Some(frame) =
            self.connection.frame_at_once().map_err(|broken| self.broken(broken))?
        {
            self.count(&frame);
        }
        Ok(())
    }

    /// The next reply, if it comes within `limit`. It is counted.
    fn wait(&mut self, limit: Duration) -> Result<Option<Frame>, Failure> {
        let limited = self.connection.stream.set_limit(Some(limit));
        limited.map_err(|error| self.broken(error.into()))?;
        match self.connection.frame() {
            Ok(frame) => {
                self.count(&frame);
                Ok(Some(frame))
            }
            Err(Broken::Io(error)) if is_late(&error) => Ok(None),
            Err(broken) => Err(self.broken(broken)),
        }
    }

    /// Whether the reply to the ECHO has come.
    fn wait_for(&mut self, mark: &[u8], patience: Option<Duration>) -> Result<bool, Failure> {
        loop {
            match self.wait(Duration::from_secs(1))? {
                Some(Frame::Bulk(text)) if text == mark => {
                    self.replies -= 1;
                    return Ok(true);
                }
                Some(_) => {}
                None if patience.is_some_and(|patience| self.last.elapsed() >= patience) => {
                    let seconds = self.last.elapsed().as_secs();
                    let _ = writeln!(io::stderr(), "No replies for {seconds} seconds: exiting.");
                    return Ok(false);
                }
                None => {}
            }
        }
    }

    fn count(&mut self, frame: &Frame) {
        self.last = Instant::now();
        match frame {
            Frame::Push(_) => return,
            Frame::Error(text) | Frame::BulkError(text) => {
                self.errors += 1;
                let _ = writeln!(io::stderr(), "{}", String::from_utf8_lossy(text));
            }
            _ => {}
        }
        self.replies += 1;
    }

    fn broken(&self, broken: Broken) -> Failure {
        let (place, command) = (self.place.clone(), format!("after {} replies", self.replies));
        match broken {
            Broken::Io(source) => Failure::Lost { place, command, source },
            Broken::Syntax(source) => Failure::NoReply { place, command, source },
        }
    }
}
