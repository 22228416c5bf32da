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
    /// What the last reply will be, once that is asked for.
    mark: Option<Vec<u8>>,
    /// It has come.
    is_whole: bool,
}

/// Whether there was no error. `patience`: how long replies may fail to come once all is sent.
pub(crate) fn run(session: Session, patience: Option<Duration>) -> Result<bool, Failure> {
    let place = session.place.clone();
    let connection = session.into_connection()?;
    let mut mass = Mass {
        place,
        connection,
        replies: 0,
        errors: 0,
        last: Instant::now(),
        mark: None,
        is_whole: false,
    };
    mass.send_all()?;
    print(b"All data transferred. Waiting for the last reply...\n")?;
    // Its keys are the system's random numbers.
    let mark = format!("{:020}", RandomState::new().build_hasher().finish()).into_bytes();
    // Should there be something else than requests before it, an empty line is skipped at least.
    let mut last = b"\r\n".to_vec();
    encode::request(&mut last, [&b"ECHO"[..], &mark]);
    mass.mark = Some(mark);
    mass.send(&last)?;
    mass.wait_for_last(patience)?;
    match mass.is_whole {
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
            let written = match self.connection.stream.at_once(|stream| stream.write(bytes)) {
                Ok(written) => written,
                Err(error) => {
                    // It may have said why.
                    let _ = self.count_at_once();
                    return Err(self.broken(error.into()));
                }
            };
            match written {
                Some(length) => {
                    bytes = &bytes[length..];
                    self.last = Instant::now();
                    self.count_at_once()?;
                }
                None => {
                    self.wait(MOMENT)?;
                }
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

    /// Takes the next reply, if it comes within `limit`: whether it has.
    fn wait(&mut self, limit: Duration) -> Result<bool, Failure> {
        let limited = self.connection.stream.set_limit(Some(limit));
        limited.map_err(|error| self.broken(error.into()))?;
        match self.connection.frame() {
            Ok(frame) => self.count(&frame),
            Err(Broken::Io(error)) if is_late(&error) => return Ok(false),
            Err(broken) => return Err(self.broken(broken)),
        }
        Ok(true)
    }

    fn wait_for_last(&mut self, patience: Option<Duration>) -> Result<(), Failure> {
        while !self.is_whole {
            if self.wait(Duration::from_millis(100))? {
                continue;
            }
            let silence = self.last.elapsed();
            if patience.is_some_and(|patience| silence >= patience) {
                let seconds = silence.as_secs();
                let _ = writeln!(io::stderr(), "No replies for {seconds} seconds: exiting.");
                return Ok(());
            }
        }
        Ok(())
    }

    fn count(&mut self, frame: &Frame) {
        self.last = Instant::now();
        match frame {
            Frame::Push(_) => return,
            Frame::Bulk(text) if Some(text) == self.mark.as_ref() => {
                self.is_whole = true;
                return;
            }
            Frame::Error(text) | Frame::BulkError(text) => {
                self.errors += 1;
                let _ = writeln!(io::stderr(), "{}", String::from_utf8_lossy(text));
            }
            _ => {}
        }
        self.replies += 1;
    }

    fn broken(&self, broken: Broken) -> Failure {
        let what = match broken {
            Broken::Io(error) => error.to_string(),
            Broken::Syntax(error) => error.to_string(),
        };
        let Self { place, replies, errors, .. } = self;
        Failure::Broken { place: place.clone(), replies: *replies, errors: *errors, what }
    }
}
