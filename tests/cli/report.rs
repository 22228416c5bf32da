//! The report of `purekv bench`: what was measured is in its page, and the page can be made again from the JSON.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::browser::Browser;
use crate::folder::Folder;
use crate::{path, printed, probed, purekv};

/// A run so short that its figures mean nothing.
const SHORT: [&str; 9] = [
    "--only",
    "throughput,latency",
    "--keys",
    "1000",
    "--threads",
    "1,2",
    "--reps",
    "2",
    "--quick",
];

fn read(file: &Path) -> String {
    fs::read_to_string(file).expect("it was written")
}

#[test]
fn the_page_of_a_run_has_all_that_was_measured() {
    let folder = Folder::new("report");
    let out = ["--seconds", "0.02", "--out", path(folder.path())];
    printed(&purekv(&[&["bench"], &SHORT[..], &out].concat()));
    let data = read(&folder.file("report.json"));
    let report: Value = serde_json::from_str(&data).expect("it is JSON");
    assert_eq!(report["sections"].as_array().map(Vec::len), Some(2), "{data}");

    let again = Folder::new("report-again");
    let from = folder.file("report.json");
    printed(&purekv(&["bench", "render", "--from", path(&from), "--out", path(again.path())]));
    let pages = [&folder, &again].map(|folder| read(&folder.file("report.html")));
    assert!(pages[0] == pages[1], "the page that is made again is another");

    if let Some(browser) = Browser::find() {
        probed::check(&browser, folder.path(), &report);
    }
}

/// What documents quote is what the report says, down to the last digit: `purekv bench render … --into …` puts it there.
#[test]
fn the_documents_are_what_the_report_makes_of_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = |name| root.join(name).to_str().expect("it is text").to_owned();
    let (from, readme, benchmarks) =
        (file("docs/benchmarks.json"), file("README.md"), file("docs/benchmarks.md"));
    let into = ["--into", &readme, "--into", &benchmarks];
    printed(&purekv(&[&["bench", "render", "--from", &from, "--check"], &into[..]].concat()));
}
