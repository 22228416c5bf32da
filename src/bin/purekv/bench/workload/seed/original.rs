//! pure-kv itself, measured by a Go program of ours, which is built here against a checkout of it.

use std::io;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::cells::{COLLECT_EVERY, Figure, GET_TTL, Plan, SET_TTL};

const PROGRAM: &str = include_str!("../../../../../../benches/pure-kv/main.go");
const MODULE: &str = "github.com/gasparian/pure-kv";
/// Of what a compiler says, so much is told.
const TOLD: usize = 400;

/// The program, built.
pub(super) struct Original {
    directory: TempDir,
    /// Of the Go compiler.
    pub(super) version: String,
}

impl Original {
    /// Needs `go`, and no network.
    pub(super) fn build(checkout: &Path) -> Result<Self, String> {
        let checkout =
            checkout.canonicalize().map_err(|error| format!("{}: {error}", checkout.display()))?;
        let version = said(Command::new("go").arg("version").output(), "go version")?;
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let write = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
        };
        write("main.go", PROGRAM)?;
        write("go.mod", &manifest(&checkout))?;
        let build = Command::new("go")
            .args(["build", "-o", "seed", "."])
            .current_dir(directory.path())
            .envs([("GOFLAGS", "-mod=mod"), ("GOPROXY", "off"), ("GOWORK", "off")])
            .output();
        said(build, "go build")?;
        Ok(Self { directory, version: version.trim_start_matches("go version ").to_owned() })
    }

    /// One turn: all of the plan.
    pub(super) fn measure(&self, plan: &Plan) -> Result<Vec<Figure>, String> {
        let list =
            |numbers: &[usize]| numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
        let output = Command::new(self.directory.path().join("seed"))
            .args(["-keys", &plan.keys.to_string()])
            .args(["-shards", &list(&plan.shards)])
            .args(["-at-once", &list(&plan.at_once)])
            .args(["-time", &format!("{}us", plan.time.as_micros())])
            .args(["-set-ttl", &SET_TTL.as_millis().to_string()])
            .args(["-get-ttl", &GET_TTL.as_millis().to_string()])
            .args(["-collect-every", &COLLECT_EVERY.as_millis().to_string()])
            .output();
        let text = said(output, "the Go program")?;
        serde_json::from_str(&text).map_err(|error| format!("the Go program: {error}"))
    }
}

/// A module that takes pure-kv from there.
fn manifest(checkout: &Path) -> String {
    // Rust's escapes are Go's, for what a path may hold.
    let checkout = checkout.display().to_string();
    format!(
        "module seed\n\ngo 1.18\n\nrequire {MODULE} v0.0.0\n\nreplace {MODULE} => {checkout:?}\n"
    )
}

/// What a command has printed; if it failed, why.
fn said(output: io::Result<Output>, what: &str) -> Result<String, String> {
    let output = output.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("{what}: there is no such program"),
        _ => format!("{what}: {error}"),
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let text: String = text.trim().chars().take(TOLD).collect();
    Err(format!("{what} ended with {}: {text}", output.status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_checkout_is_said_to_be_none() {
        let error = Original::build(Path::new("no/such/checkout")).err();
        assert!(error.is_some_and(|error| error.starts_with("no/such/checkout: ")));
    }

    #[test]
    fn a_path_with_a_space_is_one_word() {
        let manifest = manifest(Path::new("/some where/pure-kv"));
        assert!(manifest.ends_with("=> \"/some where/pure-kv\"\n"), "{manifest}");
    }
}
