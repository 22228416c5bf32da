//! What the system says of this process. Where it does not, there are zeros and no error: these are figures for people.

use std::fs;

/// A tick of processor time, on every Linux that there is for user space.
const TICKS_A_SECOND: f64 = 100.0;

/// Memory of the process and of the machine, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::server) struct Memory {
    pub(in crate::server) resident: u64,
    pub(in crate::server) peak: u64,
    pub(in crate::server) machine: u64,
}

/// A line "Name:   123 kB" of one of the system's files.
fn kilobytes(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    number.unwrap_or(0) * 1024
}

pub(in crate::server) fn memory() -> Memory {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let machine = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    Memory {
        resident: kilobytes(&status, "VmRSS"),
        peak: kilobytes(&status, "VmHWM"),
        machine: kilobytes(&machine, "MemTotal"),
    }
}

/// Seconds of processor time: system's and user's, and both of children that have ended.
pub(in crate::server) fn processor_time() -> [f64; 4] {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is the program's name in parentheses, in which anything may be.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = |place: usize| {
        let field = fields.split_whitespace().nth(place - 3);
        field.and_then(|field| field.parse().ok()).unwrap_or(0.0) / TICKS_A_SECOND
    };
    [15, 14, 17, 16].map(ticks)
}

/// The system's name, its version, and the kind of processor.
pub(in crate::server) fn name() -> String {
    let of = |file: &str| {
        let text = fs::read_to_string(format!("/proc/sys/kernel/{file}")).unwrap_or_default();
        text.trim().to_owned()
    };
    let (system, version) = (of("ostype"), of("osrelease"));
    let system = if system.is_empty() { std::env::consts::OS.to_owned() } else { system };
    format!("{system} {version} {}", std::env::consts::ARCH)
}

#[cfg(all(test, not(purekv_loom), target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_understood() {
        assert_eq!(kilobytes("A: 1 kB\nVmRSS:\t  12 kB\n", "VmRSS"), 12 << 10);
        assert_eq!(kilobytes("VmRSSx: 1 kB\nVmRSS: x kB\n", "VmRSS"), 0);
        let memory = memory();
        assert!(memory.resident > 0 && memory.peak >= memory.resident, "{memory:?}");
        assert!(memory.machine > memory.resident, "{memory:?}");
        // A busy loop that ends, since time passes.
        while processor_time()[1] == 0.0 {}
        assert!(name().starts_with("Linux "));
    }
}
