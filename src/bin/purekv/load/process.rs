//! The server's process, if it is on this machine: whose processor time and memory can be read.
//!
//! What a server says its number is may be that of another machine, or of a container. So it counts only if that process has the
//! very socket open that listens where the target is.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use super::stream::Address;
use super::threads::ThreadTime;
use crate::machine::kilobytes;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: u32,
}

/// What a process has taken so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) cpu: Duration,
    /// Bytes of memory that are resident.
    pub(crate) rss: Option<u64>,
}

impl Process {
    /// The one that listens there. `said`: which one the server says that it is.
    ///
    /// # Errors
    ///
    /// Why it cannot be told.
    pub(crate) fn find(address: &Address, said: Option<u32>) -> Result<Self, String> {
        let sockets = listening(address);
        if sockets.is_empty() {
            return Err("/proc/net knows no socket that listens there".to_owned());
        }
        if let Some(pid) = said.filter(|pid| has_open(*pid, &sockets)) {
            return Ok(Self { pid });
        }
        let processes = fs::read_dir("/proc").map_err(|error| format!("/proc: {error}"))?;
        let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
        let mut found =
            processes.flatten().filter_map(number).filter(|pid| has_open(*pid, &sockets));
        match (found.next(), found.next()) {
            (Some(pid), None) => Ok(Self { pid }),
            (Some(_), Some(_)) => {
                Err("several processes have that socket: --pid says which".to_owned())
            }
            _ => {
                Err("no process that may be looked into has that socket: --pid says which"
                    .to_owned())
            }
        }
    }

    /// What is given by hand; it must be there.
    pub(crate) fn given(pid: u32) -> Result<Self, String> {
        let process = Self { pid };
        let told = || format!("--pid {pid}: /proc/{pid}/task cannot be read");
        process.usage().map(|_| process).ok_or_else(told)
    }

    pub(crate) fn usage(self) -> Option<Usage> {
        let cpu = ThreadTime::of_process(self.pid)?.busy;
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).ok();
        Some(Usage { cpu, rss: status.and_then(|status| kilobytes(&status, "VmRSS")) })
    }
}

/// The inodes of the sockets that listen there.
fn listening(address: &Address) -> Vec<u64> {
    let read = |file: &str| fs::read_to_string(format!("/proc/net/{file}")).unwrap_or_default();
    match address {
        Address::Tcp(address) => {
            ["tcp", "tcp6"].iter().flat_map(|file| tcp_inodes(&read(file), *address)).collect()
        }
        Address::Unix(path) => unix_inodes(&read("unix"), path),
    }
}

fn tcp_inodes(table: &str, wanted: SocketAddr) -> Vec<u64> {
    const LISTEN: &str = "0A";
    let line = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let (local, state) = (words.next()?, words.nth(1)?);
        let inode = words.nth(5)?.parse().ok()?;
        let (ip, port) = local.split_once(':')?;
        let port = u16::from_str_radix(port, 16).ok()?;
        let ip = ip_of(ip)?.to_canonical();
        let fits = ip.is_unspecified() || ip == wanted.ip().to_canonical();
        (state == LISTEN && port == wanted.port() && fits).then_some(inode)
    };
    table.lines().skip(1).filter_map(line).collect()
}

/// An address as the kernel prints it: words in the machine's own order.
fn ip_of(text: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let word = u32::from_str_radix(text.get(at..at + 8)?, 16).ok()?;
        Some(word.to_ne_bytes())
    };
    if text.len() == 8 {
        return Some(Ipv4Addr::from(word(0)?).into());
    }
    let mut bytes = [0; 16];
    for (place, part) in bytes.chunks_exact_mut(4).enumerate() {
        part.copy_from_slice(&word(place * 8)?);
    }
    Some(Ipv6Addr::from(bytes).into())
}

fn unix_inodes(table: &str, wanted: &Path) -> Vec<u64> {
    /// The flag of a socket that accepts connections.
    const ACCEPTS: u32 = 1 << 16;
    let whole = wanted.canonicalize().unwrap_or_else(|_| wanted.to_owned());
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        let flags = u32::from_str_radix(words.nth(3)?, 16).ok()?;
        let inode = words.nth(2)?.parse().ok()?;
        let path = Path::new(words.next()?);
        (flags & ACCEPTS != 0 && (path == wanted || path == whole)).then_some(inode)
    };
    table.lines().skip(1).filter_map(line).collect()
}

/// Whether one of these sockets is open in that process, as far as may be seen.
fn has_open(pid: u32, inodes: &[u64]) -> bool {
    let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    files.flatten().filter_map(|file| fs::read_link(file.path()).ok()).any(|target| {
        let name = target.to_str().and_then(|text| text.strip_prefix("socket:["));
        let inode = name.and_then(|text| text.strip_suffix(']')?.parse().ok());
        inode.is_some_and(|inode: u64| inodes.contains(&inode))
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::TcpListener;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn who_listens_is_found() {
        let own = Process { pid: std::process::id() };
        for bind in ["127.0.0.1:0", "[::1]:0", "0.0.0.0:0"] {
            let Ok(listener) = TcpListener::bind(bind) else {
                println!("skipped: {bind} cannot be had");
                continue;
            };
            let mut at = listener.local_addr().unwrap();
            if at.ip().is_unspecified() {
                at.set_ip(Ipv4Addr::LOCALHOST.into());
            }
            // Whatever the server says.
            for said in [None, Some(own.pid), Some(1), Some(u32::MAX)] {
                assert_eq!(Process::find(&Address::Tcp(at), said), Ok(own), "{bind} {said:?}");
            }
            drop(listener);
            assert!(Process::find(&Address::Tcp(at), Some(own.pid)).is_err(), "{bind}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let _listener = UnixListener::bind(&path).unwrap();
        assert_eq!(Process::find(&Address::Unix(path), None), Ok(own));
        assert!(own.usage().unwrap().rss.unwrap() > 100_000);
        assert!(Process::given(u32::MAX).unwrap_err().contains("--pid"));
    }

    #[test]
    fn the_kernels_tables_are_read() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            \x20  0: 0100007F:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0 100 0 0 10 0\n\
            \x20  1: 0100007F:18EB 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 4243 1 0 100 0 0 10 0\n";
        if cfg!(target_endian = "little") {
            assert_eq!(tcp_inodes(table, "127.0.0.1:6379".parse().unwrap()), [4242]);
            assert!(tcp_inodes(table, "127.0.0.2:6379".parse().unwrap()).is_empty());
            assert!(tcp_inodes(table, "127.0.0.1:6380".parse().unwrap()).is_empty());
        }
    }
}
