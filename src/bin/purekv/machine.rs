//! Where figures were measured, and by which command.

use std::fs;

use serde_json::{Value, json};

/// A line on the machine.
pub(crate) fn machine() -> String {
    let cores = cores();
    let plural = if cores == 1 { "processor" } else { "processors" };
    format!("{}, {cores} {plural}, {} {}", model(), std::env::consts::OS, kernel())
        .trim_end()
        .to_owned()
}

/// The processor's name.
pub(crate) fn model() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find(|line| line.starts_with("model name"));
    let model = line.and_then(|line| Some(line.split_once(':')?.1.trim()));
    model.unwrap_or(std::env::consts::ARCH).to_owned()
}

/// The kernel's version, where the system says it.
pub(crate) fn kernel() -> String {
    fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned()
}

/// Processors that this process may run on.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Of a file of the kernel's, the line of that name, which is in kB: bytes.
pub(crate) fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let kilobytes: u64 = rest.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes << 10)
}

/// This process's command line as a shell would take it, without passwords, and without where a report goes.
pub(crate) fn command() -> String {
    let mut words = std::env::args();
    // Where the binary lies is nobody's business.
    words.next();
    shell_line(words)
}

fn shell_line(words: impl Iterator<Item = String>) -> String {
    let mut line = "purekv".to_owned();
    let mut is_secret = false;
    let mut words = words;
    while let Some(word) = words.next() {
        if word == "--out" {
            words.next();
            continue;
        }
        line.push(' ');
        if std::mem::take(&mut is_secret) {
            line += "***";
        } else if word.starts_with("--password=") {
            line += "--password=***";
        } else {
            is_secret = word == "--password";
            line += &quoted(&word);
        }
    }
    line
}

fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_=.,:/%@+[]".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

pub(crate) fn to_json() -> Value {
    json!({
        "machine": machine(),
        "cores": cores(),
        "command": command(),
        "purekv": env!("CARGO_PKG_VERSION"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_without_its_password() {
        let line = |words: &[&str]| shell_line(words.iter().map(|word| (*word).to_owned()));
        let shown = line(&["bench", "--password", "secret", "--command", "SET __key__ 'x'"]);
        assert_eq!(shown, r"purekv bench --password *** --command 'SET __key__ '\''x'\'''");
        assert_eq!(line(&["bench", "--out", "x", "--quick"]), "purekv bench --quick");
        assert_eq!(line(&["--password=secret", ""]), "purekv --password=*** ''");
    }

    #[test]
    fn a_line_of_kilobytes_is_read() {
        assert_eq!(kilobytes("Name:\tx\nVmRSS:\t  12 kB\n", "VmRSS"), Some(12 << 10));
        assert_eq!(kilobytes("VmRSSx: 1 kB\nVmRSS: much", "VmRSS"), None);
    }

    #[test]
    fn a_machine_has_processors() {
        assert!(machine().contains("processor"), "{}", machine());
    }
}
