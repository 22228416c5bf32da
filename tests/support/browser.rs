//! Chromium without a window: a page as it is after its script has run, what its console said, what it looks like.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];
/// It hangs at times; then it is ended and asked again.
const PATIENCE: Duration = Duration::from_secs(30);

/// A browser that is installed.
pub(crate) struct Browser(PathBuf);

/// What became of a page.
pub(crate) struct Opened {
    pub(crate) dom: String,
    /// Lines of the console, as the browser logs them.
    pub(crate) console: Vec<String>,
}

impl Browser {
    /// None where there is none, which it says.
    pub(crate) fn find() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        let mut files = NAMES.iter().flat_map(|name| folders.iter().map(move |f| f.join(name)));
        let found = files.find(|file| file.is_file()).map(Self);
        if found.is_none() {
            println!("skipped: there is no {} here", NAMES[0]);
        }
        found
    }

    /// Opens a file, whose script may look into frames with other files.
    pub(crate) fn open(&self, page: &Path) -> Opened {
        let arguments = ["--allow-file-access-from-files", "--dump-dom"].map(str::to_owned);
        let (dom, log) = self.run(&arguments, page);
        let console = log.lines().filter(|line| line.contains("CONSOLE"));
        Opened { dom, console: console.map(str::to_owned).collect() }
    }

    /// A PNG of that size.
    #[allow(dead_code, reason = "not by all")]
    pub(crate) fn picture(&self, page: &Path, (width, height): (u32, u32), dark: bool) -> Vec<u8> {
        let folder = tempfile::tempdir().expect("a folder for a picture");
        let file = folder.path().join("picture.png");
        let scheme = if dark { 0 } else { 1 };
        let arguments = [
            format!("--screenshot={}", file.display()),
            format!("--window-size={width},{height}"),
            format!("--blink-settings=preferredColorScheme={scheme}"),
            "--hide-scrollbars".to_owned(),
        ];
        let (_, log) = self.run(&arguments, page);
        fs::read(&file).unwrap_or_else(|error| panic!("no picture: {error}\n{log}"))
    }

    fn run(&self, arguments: &[String], page: &Path) -> (String, String) {
        let again = self.attempt(arguments, page).or_else(|| self.attempt(arguments, page));
        again.unwrap_or_else(|| panic!("{} hangs", self.0.display()))
    }

    /// What it printed and what it logged; none if it had to be ended.
    #[allow(clippy::disallowed_methods, reason = "another process has no clock of ours")]
    fn attempt(&self, arguments: &[String], page: &Path) -> Option<(String, String)> {
        let profile = tempfile::tempdir().expect("a folder for a profile");
        let mut child = Command::new(&self.0)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"])
            .args(["--no-first-run", "--disable-background-networking", "--disable-dev-shm-usage"])
            .args(["--enable-logging=stderr", "--v=0"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(arguments)
            .arg(format!("file://{}", page.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the browser starts");
        let (out, log) = (drain(child.stdout.take()), drain(child.stderr.take()));
        let start = Instant::now();
        let ended = loop {
            match child.try_wait().expect("it can be waited for") {
                Some(_) => break true,
                None if start.elapsed() > PATIENCE => break false,
                None => thread::sleep(Duration::from_millis(20)),
            }
        };
        if !ended {
            child.kill().expect("it can be ended");
            child.wait().expect("it ends");
            // Its own children may hold the pipes a little longer: nobody waits for them.
            return None;
        }
        Some((out.join().expect("its output"), log.join().expect("its log")))
    }
}

/// Reads to the end, so that a full pipe stops nobody.
fn drain(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = vec![];
        // What came until then is what there is.
        let _ = pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
