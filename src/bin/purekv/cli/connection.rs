//! Requests out, frames in.

use std::io::{self, ErrorKind, Read, Write};

use purekv::resp::decode::FrameDecoder;
use purekv::resp::error::FrameError;
use purekv::resp::frame::Frame;

use super::stream::Stream;

/// Bytes asked for at once.
const AT_ONCE: usize = 64 << 10;

/// Why there is no frame. The connection is of no use after it, unless it is only [late](super::stream::is_late).
#[derive(Debug)]
pub(crate) enum Broken {
    Io(io::Error),
    Syntax(FrameError),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<FrameError> for Broken {
    fn from(error: FrameError) -> Self {
        Self::Syntax(error)
    }
}

pub(crate) struct Connection {
    pub(crate) stream: Stream,
    decoder: FrameDecoder,
    buffer: Vec<u8>,
    /// How much of the buffer is decoded.
    used: usize,
}

impl Connection {
    pub(crate) fn new(stream: Stream) -> Self {
        Self { stream, decoder: FrameDecoder::default(), buffer: Vec::new(), used: 0 }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// The next frame, waited for.
    pub(crate) fn frame(&mut self) -> Result<Frame, Broken> {
        loop {
            if let Some(frame) = self.decoded()? {
                return Ok(frame);
            }
            self.read()?;
        }
    }

    /// The next frame if it is there. An error if the server has closed the connection.
    pub(crate) fn frame_at_once(&mut self) -> Result<Option<Frame>, Broken> {
        loop {
            if let Some(frame) = self.decoded()? {
                return Ok(Some(frame));
            }
            let Self { stream, buffer, .. } = self;
            if stream.at_once(|stream| read_to(stream, buffer))?.is_none() {
                return Ok(None);
            }
        }
    }

    /// A frame out of what was read.
    fn decoded(&mut self) -> Result<Option<Frame>, FrameError> {
        let step = self.decoder.decode(&self.buffer[self.used..])?;
        self.used += step.length;
        if step.frame.is_none() {
            self.buffer.drain(..self.used);
            self.used = 0;
        }
        Ok(step.frame)
    }

    fn read(&mut self) -> io::Result<()> {
        loop {
            match read_to(&mut self.stream, &mut self.buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }
}

/// Appends what has come, at least a byte.
fn read_to(stream: &mut Stream, buffer: &mut Vec<u8>) -> io::Result<()> {
    let start = buffer.len();
    buffer.resize(start + AT_ONCE, 0);
    let read = stream.read(&mut buffer[start..]);
    buffer.truncate(start + *read.as_ref().unwrap_or(&0));
    match read {
        Ok(0) => Err(io::Error::new(ErrorKind::UnexpectedEof, "the server has closed it")),
        Ok(_) => Ok(()),
        Err(error) => Err(error),
    }
}
