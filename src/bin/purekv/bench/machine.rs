//! What the operating system says: about the machine, and about this process.

use std::time::Duration;

use super::alloc;
use super::report::Machine;
use crate::machine::{kernel, kilobytes, model};

pub(crate) use crate::machine::cores;

/// What stands over every report.
pub(crate) fn describe() -> Machine {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let huge_pages = read("/sys/kernel/mm/transparent_hugepage/enabled");
    Machine {
        cpu: model(),
        cores: cores(),
        memory: kilobytes(&read("/proc/meminfo"), "MemTotal").unwrap_or(0),
        kernel: kernel(),
        huge_pages: huge_pages.split(['[', ']']).nth(1).unwrap_or("unknown").to_owned(),
        rustc: compiler().unwrap_or_else(|| "rustc of unknown version".into()),
        allocator: alloc::NAME.to_owned(),
        versions: versions(),
    }
}

/// The compiler leaves its name in every program, in a section of comments.
fn compiler() -> Option<String> {
    let program = std::fs::read(std::env::current_exe().ok()?).ok()?;
    // In parts, so that the words themselves are not found.
    let words = ["rustc", "version", ""].join(" ");
    let at = program.windows(words.len()).position(|window| window == words.as_bytes())?;
    let end = program[at..].iter().position(|&byte| byte == 0)?;
    let text = String::from_utf8_lossy(&program[at..at + end]);
    Some(text.replacen("version ", "", 1))
}

/// The crates that are compared, as they are locked.
fn versions() -> Vec<(String, String)> {
    const PEERS: [&str; 6] = ["dashmap", "foyer-memory", "moka", "papaya", "quick_cache", "scc"];
    #[derive(serde::Deserialize)]
    struct Lock {
        package: Vec<Package>,
    }
    #[derive(serde::Deserialize)]
    struct Package {
        name: String,
        version: String,
    }
    let lock = toml::from_str::<Lock>(include_str!("../../../../Cargo.lock"));
    let packages = lock.map(|lock| lock.package).unwrap_or_default();
    packages
        .into_iter()
        .filter(|package| PEERS.contains(&package.name.as_str()))
        .map(|package| (package.name, package.version))
        .collect()
}

fn usage(who: libc::c_int) -> libc::rusage {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `usage` is a valid place for one rusage.
    unsafe { libc::getrusage(who, usage.as_mut_ptr()) };
    // SAFETY: all-zero bytes are a valid rusage, whatever the call has made of them.
    unsafe { usage.assume_init() }
}

/// CPU time of the whole process so far, user and system.
pub(crate) fn cpu_time() -> Duration {
    let usage = usage(libc::RUSAGE_SELF);
    let time = |time: libc::timeval| Duration::new(time.tv_sec as u64, time.tv_usec as u32 * 1000);
    time(usage.ru_utime) + time(usage.ru_stime)
}

/// How often the scheduler has taken the core from the calling thread.
pub(crate) fn preemptions() -> u64 {
    usage(libc::RUSAGE_THREAD).ru_nivcsw as u64
}

/// A line of `/proc/self/status`, in bytes.
fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    kilobytes(&status, name).unwrap_or(0)
}

/// Resident memory, in bytes.
pub(crate) fn rss() -> u64 {
    status("VmRSS")
}

/// The most that was ever resident, in bytes.
pub(crate) fn peak_rss() -> u64 {
    status("VmHWM")
}

/// Uses `bytes` of memory and gives them back. A virtual machine gets its memory from the host when it is first touched, by milliseconds for
/// a huge page: whoever is measured next shall not pay for that.
pub(crate) fn back_memory(bytes: usize) {
    // SAFETY: a new mapping of our own, of no file.
    let memory = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_POPULATE,
            -1,
            0,
        )
    };
    if memory != libc::MAP_FAILED {
        // SAFETY: mapped just now, and nobody knows of it.
        unsafe { libc::munmap(memory, bytes) };
    }
}
