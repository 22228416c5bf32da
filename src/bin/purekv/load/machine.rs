//! Where figures were measured, and by which command.

use std::fs;

use serde_json::{Value, json};

/// A line on the machine.
pub(crate) fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| Some(line.split_once(':')?.1.trim()));
    let model = model.unwrap_or(std::env::consts::ARCH);
    let kernel = read("/proc/sys/kernel/osrelease");
    let cores = cores();
    let plural = if cores == 1 { "processor" } else { "processors" };
    format!("{model}, {cores} {plural}, {} {}", std::env::consts::OS, kernel.trim())
        .trim_end()
        .to_owned()
}

pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// This process's command line as a shell would take it, without passwords.
pub(crate) fn command() -> String {
    let mut words = std::env::args();
    // Where the binary lies is nobody's business.
    words.next();
    shell_line(words)
}

fn shell_line(words: impl Iterator<Item = String>) -> String {
    let mut line = "purekv".to_owned();
    let mut is_secret = false;
    for word in words {
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
        assert_eq!(line(&["--password=secret", ""]), "purekv --password=*** ''");
    }

    #[test]
    fn a_machine_has_processors() {
        assert!(machine().contains("processor"), "{}", machine());
    }
}
