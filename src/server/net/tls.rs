//! Clients that speak TLS, by rustls.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;

use mio::net::TcpStream;
use rustls::{ServerConfig, ServerConnection};

/// Makes a client's socket one that speaks TLS.
pub(super) struct Acceptor {
    config: Arc<ServerConfig>,
}

impl Acceptor {
    pub(super) fn new(config: Arc<ServerConfig>) -> Self {
        Self { config }
    }

    pub(super) fn accept(&self, socket: TcpStream) -> io::Result<Tls> {
        let session = ServerConnection::new(self.config.clone()).map_err(io::Error::other)?;
        Ok(Tls { socket, session })
    }
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acceptor")
    }
}

/// A socket, and what is read from it and written to it in clear text.
#[derive(Debug)]
pub(super) struct Tls {
    socket: TcpStream,
    session: ServerConnection,
}

impl Tls {
    pub(super) fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }

    /// Whether records wait to be written.
    pub(super) fn is_pending(&self) -> bool {
        self.session.wants_write()
    }

    /// Says that nothing follows; once is enough.
    pub(super) fn say_farewell(&mut self) {
        self.session.send_close_notify();
        // If there is no room for it now, it is pending; an error will be seen then.
        let _ = self.flush();
    }

    /// Takes in what has come. False at its end.
    fn take_in(&mut self) -> io::Result<bool> {
        if self.session.read_tls(&mut self.socket)? == 0 {
            return Ok(false);
        }
        if let Err(error) = self.session.process_new_packets() {
            // The alert that says so, if there is room for it.
            let _ = self.flush();
            return Err(io::Error::new(ErrorKind::InvalidData, error));
        }
        Ok(true)
    }
}

impl Read for Tls {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.session.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                // It went without a farewell.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(0),
                done => return done,
            }
            if !self.take_in()? {
                return Ok(0);
            }
        }
    }
}

impl Write for Tls {
    /// Takes no more until what it took is with the system, so that there is never more than one of rustls's buffers of it.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.flush()?;
        let length = self.session.writer().write(bytes)?;
        match self.flush() {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(length),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            match self.session.write_tls(&mut self.socket) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                done => {
                    done?;
                }
            }
        }
        Ok(())
    }
}
