//! The house rules that a compiler does not hold, checked on the source's tokens:
//!
//! - modules name only modules of lower layers (`docs/design.md`), and the three below the engine never each other;
//! - atomics, loom and the epoch crate are named under `src/sync` and nowhere else;
//! - locks are for the baseline, for loads, where waiting is the feature, and for who moves entries of a snapshot;
//! - `unsafe` is for a few files;
//! - no `SeqCst` outside tests: an ordering that cannot be argued for is not made right by a stronger word.
//!
//! A violation is reported as `file:line: rule`. The scanner is small and errs to the strict side.

#[path = "layering/scan.rs"]
mod scan;

use std::path::{Path, PathBuf};

use scan::{Token, is_test, test_modules, tokens};

/// Each module with those it may name. What is not listed may not exist: say here where it belongs.
const LAYERS: &[(&str, &[&str])] = &[
    ("sync", &[]),
    ("clock", &["sync"]),
    ("hash", &[]),
    ("histogram", &["sync", "clock"]),
    ("kv", &["histogram"]),
    ("table", BASE),
    ("wheel", BASE),
    ("policy", BASE),
    ("engine", &["sync", "clock", "hash", "histogram", "kv", "table", "wheel", "policy"]),
    ("loading", BASE),
    // Files and their format; of caches it knows what its users see, by name in its documentation.
    ("snapshot", &["sync", "clock"]),
    // Bytes in, frames out: it knows nothing of what is stored, and nothing of time.
    ("resp", &[]),
    (
        "cache",
        &["sync", "clock", "hash", "histogram", "kv", "table", "engine", "loading", "snapshot"],
    ),
    // Joins protocol and store; in `src/server/execute/` only, see `the_server_meets_the_store_in_one_place`.
    ("server", &["sync", "kv", "cache", "resp", "snapshot"]),
    // The other end of a connection: of the store it knows what its operations are called.
    ("client", &["sync", "kv"]),
    ("baseline", &["sync", "clock", "hash", "histogram", "kv"]),
    // What the binary's subcommands are made of: users of the public face, so they name the crate's root.
    ("replay", &["clock", "histogram", "kv", "cache", "baseline", ROOT]),
];

/// The lowest layer.
const BASE: &[&str] = &["sync", "clock", "hash", "histogram"];

/// Stands for what `lib.rs` exports.
const ROOT: &str = "the crate's root";

/// Files and folders (with a slash at the end) in which a word may appear besides in tests.
struct Reserved {
    words: &'static [&'static str],
    places: &'static [&'static str],
    in_tests: bool,
    rule: &'static str,
}

const RESERVED: &[Reserved] = &[
    Reserved {
        words: &["atomic", "crossbeam_epoch"],
        // The comparison counts by itself, and is no part of the library.
        places: &["src/bin/purekv/bench/", "src/sync/"],
        in_tests: false,
        rule: "atomics and reclamation come from crate::sync",
    },
    Reserved {
        words: &["loom"],
        places: &["src/sync/"],
        in_tests: true,
        rule: "loom is chosen in crate::sync",
    },
    Reserved {
        words: &["Mutex", "RwLock", "Condvar"],
        // The failpoints exist for one test only.
        places: &[
            "src/baseline/",
            // What became of periodic dumps: for who makes them and who asks.
            "src/cache/dump/periodic.rs",
            "src/cache/warm/",
            // Who waits for a connection.
            "src/client/",
            "src/loading/",
            // Who there is, what each calls itself, and which threads serve them: for who asks about others, and for who comes and goes.
            "src/server/clients.rs",
            "src/server/dumps.rs",
            "src/server/info/rates.rs",
            "src/server/live.rs",
            // Clients that are brought to a thread.
            "src/server/net/serving.rs",
            "src/server/settings.rs",
            "src/server/slow.rs",
            // Waiting until nobody is in the middle of a command is what the gate is for.
            "src/server/gate/",
            // Which keys are watched: looked at by writers only while some are.
            "src/server/watch/",
            // What other threads have to say to a connection.
            "src/server/worker.rs",
            // What is where in a dump: between the threads that write it.
            "src/snapshot/writer.rs",
            "src/sync/failpoint.rs",
            "src/sync/model.rs",
            "src/sync/real.rs",
        ],
        in_tests: true,
        rule: "locks are for the baseline, for loads, and for what comes from a snapshot",
    },
    Reserved {
        words: &["unsafe"],
        places: &[
            "src/bin/purekv/bench/alloc.rs",
            "src/bin/purekv/bench/machine.rs",
            "src/bin/purekv/bench/park.rs",
            "src/bin/purekv/bench/ticks.rs",
            "src/clock.rs",
            "src/sync/prefetch.rs",
            "src/sync/real.rs",
            "src/sync/epoch/",
            "src/table/chain.rs",
            "src/table/directory.rs",
            "src/table/find.rs",
            "src/table/iter.rs",
            "src/table/mod.rs",
            "src/table/shard.rs",
            "src/table/slot.rs",
            "src/table/split.rs",
            "src/table/tags.rs",
            "src/wheel/chunk.rs",
            "src/wheel/list.rs",
            "src/wheel/mod.rs",
            "src/wheel/ticker.rs",
            "src/policy/queue/",
            "src/engine/",
            "src/policy/ghost.rs",
            "src/loading/watch.rs",
            "src/loading/stripe.rs",
            "src/cache/blob.rs",
            "src/cache/entry.rs",
            "src/cache/typed.rs",
            "src/cache/warm/upper.rs",
            "src/replay/cpu.rs",
            "src/snapshot/archive.rs",
            "src/snapshot/checked.rs",
            "src/snapshot/disk.rs",
            "src/snapshot/map.rs",
            "src/snapshot/sections.rs",
            "src/snapshot/typed.rs",
        ],
        in_tests: true,
        rule: "this file may not have unsafe code",
    },
    Reserved { words: &["SeqCst"], places: &[], in_tests: true, rule: "no SeqCst outside tests" },
];

fn is_in(file: &str, places: &[&str]) -> bool {
    places.iter().any(|place| file == *place || place.ends_with('/') && file.starts_with(place))
}

/// The modules above a file: `["table", "shard"]` for `src/table/shard.rs`.
fn module_path(file: &str) -> Vec<&str> {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').collect()
}

/// What this file does against the rules.
fn violations(file: &str, source: &str, test_files: &[String]) -> Vec<String> {
    let tokens = tokens(source);
    let whole_file_is_test = test_files.iter().any(|test| is_in(file, &[test]));
    let mut found = Vec::new();
    for reserved in RESERVED {
        if is_in(file, reserved.places) {
            continue;
        }
        for (place, token) in tokens.iter().enumerate() {
            let excused = || reserved.in_tests && (whole_file_is_test || is_test(&tokens, place));
            if reserved.words.contains(&token.text.as_str()) && !excused() {
                found.push(format!("{file}:{}: {}: {}", token.line, token.text, reserved.rule));
            }
        }
    }
    found.extend(layer_violations(file, &tokens));
    found
}

fn layer_violations(file: &str, tokens: &[Token]) -> Vec<String> {
    let path = module_path(file);
    let module = path[0];
    // The root names everything, and a binary is another crate.
    if module == "lib" || module == "bin" {
        return Vec::new();
    }
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == module) else {
        return vec![format!("{file}:1: module {module} has no layer in tests/layering.rs")];
    };
    let is_module = |name: &str| LAYERS.iter().any(|(known, _)| *known == name);
    let mut found = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        let named = match token.text.as_str() {
            "crate" => scan::names_after(tokens, place),
            // From a file so many modules deep, so many times `super` is the root.
            "super" => match scan::supers(tokens, place) {
                Some((count, last)) if count >= path.len() => {
                    let mut names = scan::names_after(tokens, last);
                    // Within a module of the file itself, it may just as well be an item of the file.
                    names.retain(|name| is_module(&name.text));
                    names
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        for name in named {
            let name_or_root = if is_module(&name.text) { name.text.as_str() } else { ROOT };
            if name.text != module && !allowed.contains(&name_or_root) {
                found.push(format!("{file}:{}: {module} may not name {}", name.line, name.text));
            }
        }
    }
    found
}

fn source_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            source_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn the_source_keeps_the_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    source_files(&root.join("src"), &mut paths);
    paths.sort();
    let files: Vec<(String, String)> = paths
        .iter()
        .map(|path| {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    let test_files: Vec<String> =
        files.iter().flat_map(|(name, source)| test_modules(name, &tokens(source))).collect();
    let found: Vec<String> =
        files.iter().flat_map(|(name, source)| violations(name, source, &test_files)).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// Connections know no store, and what is done on the store knows nothing of connections.
fn seam_violations(file: &str, source: &str) -> Vec<String> {
    let words: &[&str] = match file.strip_prefix("src/server/") {
        None => return Vec::new(),
        Some(rest) if rest.starts_with("execute/") => &["Connection", "Session", "Server"],
        Some(_) => &["Store", "cache", "kv"],
    };
    let found = tokens(source).into_iter().filter(|token| words.contains(&token.text.as_str()));
    let fault = |token: Token| format!("{file}:{}: {}: over the seam", token.line, token.text);
    found.map(fault).collect()
}

#[test]
fn the_server_meets_the_store_in_one_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    source_files(&root.join("src/server"), &mut paths);
    let found: Vec<String> = paths
        .iter()
        .flat_map(|path| {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            seam_violations(&name, &std::fs::read_to_string(path).unwrap())
        })
        .collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
    assert_eq!(seam_violations("src/server/client.rs", "use crate::cache::Store;").len(), 2);
    assert_eq!(seam_violations("src/server/execute/bits.rs", "fn f(_: &Session) {}").len(), 1);
    assert!(seam_violations("src/server/execute/bits.rs", "use crate::cache::Store;").is_empty());
}

/// The lines at which `source`, as `file`, is found at fault.
fn faulty_lines(file: &str, source: &str) -> Vec<usize> {
    let line = |fault: &String| fault.split(':').nth(1).unwrap().parse().unwrap();
    violations(file, source, &["src/table/tests/".into()]).iter().map(line).collect()
}

#[test]
fn upward_and_sideward_paths_are_found() {
    let faulty = |file: &str, source: &str| !faulty_lines(file, source).is_empty();
    assert!(faulty("src/table/shard.rs", "use crate::wheel::Tick;"));
    assert!(faulty("src/table/shard.rs", "use crate::{hash, policy::{Queue}};"));
    assert!(faulty("src/table/shard.rs", "fn f() { crate::engine::go() }"));
    assert!(faulty("src/table/shard.rs", "use super::super::wheel;"));
    assert!(faulty("src/wheel/mod.rs", "use super::table::Table;"));
    assert!(faulty("src/policy/mod.rs", "pub(in crate::table) fn f() {}"));
    assert!(faulty("src/clock.rs", "use crate::Histogram;"), "a re-export would hide the layer");
    assert!(faulty("src/baseline/mod.rs", "use crate::cache::Store;"));
    assert!(faulty("src/unheard_of.rs", ""));
    assert!(!faulty("src/table/shard.rs", "use crate::{hash::{self, tag}, sync::*, table};"));
    assert!(!faulty("src/table/shard.rs", "use super::wheel; pub(crate) struct S;"));
    assert!(!faulty("src/engine/mod.rs", "use crate::{table, wheel, policy, kv::Op};"));
    assert!(!faulty(
        "src/table/mod.rs",
        "//! [`crate::wheel`]\n/* crate::wheel */ const S: &str = \"crate::wheel\";"
    ));
    assert!(!faulty("src/lib.rs", "pub use crate::cache::Store;"));
}

#[test]
fn reserved_words_are_found() {
    let source = "use std::sync::{Arc, atomic::AtomicU64};\nuse core::sync::atomic;\nloom::model(f);\n\
        let c = '\"'; let m = Mutex::new(0); // Mutex\nfn f<'a>(x: &'a u8) { unsafe { g() } }\nOrdering::SeqCst";
    assert_eq!(faulty_lines("src/hash.rs", source), [1, 2, 3, 4, 5, 6]);
    assert_eq!(faulty_lines("src/sync/real.rs", source), [6]);
    assert_eq!(faulty_lines("src/baseline/map.rs", "Mutex RwLock Condvar"), []);
    assert_eq!(faulty_lines("src/loading/flight.rs", "Mutex"), []);
    assert_eq!(faulty_lines("src/cache/loader/mod.rs", "Mutex"), [1]);
}

#[test]
fn tests_may_lock_and_be_sequentially_consistent() {
    let test = "#[cfg(all(test, not(purekv_loom)))]\nmod tests {\n fn f() { Mutex; SeqCst }\n}\n";
    assert_eq!(faulty_lines("src/hash.rs", test), []);
    assert_eq!(faulty_lines("src/hash.rs", &format!("{test}SeqCst")), [5], "the test has ended");
    assert_eq!(faulty_lines("src/hash.rs", "#[cfg(not(test))]\nmod m {\n SeqCst }"), [3]);
    assert_eq!(faulty_lines("src/hash.rs", "#[cfg(test)]\nuse m;\nSeqCst"), [3]);
    assert_eq!(faulty_lines("src/table/tests/split.rs", "SeqCst Mutex"), []);
    assert_eq!(faulty_lines("src/table/tests/split.rs", "std::sync::atomic"), [1]);
    let modules =
        |file| test_modules(file, &tokens("#[cfg(test)] mod a; mod b; #[cfg(test)] mod c {}"));
    assert_eq!(modules("src/lib.rs"), ["src/a.rs", "src/a/"]);
    assert_eq!(modules("src/table/mod.rs"), ["src/table/a.rs", "src/table/a/"]);
    assert_eq!(modules("src/hash.rs"), ["src/hash/a.rs", "src/hash/a/"]);
}
