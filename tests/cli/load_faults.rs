//! `purekv bench server` against servers that do not do well: scripted ones.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use purekv::resp::decode::FrameDecoder;
use purekv::resp::frame::Frame;

use crate::load::{figure, load, loaded};
use crate::{complaint, printed};

/// What a script wants done after a request.
enum Act {
    Say(Vec<u8>),
    /// These bytes, and the end.
    Close(Vec<u8>),
    Nothing,
}

fn say(bytes: &[u8]) -> Act {
    Act::Say(bytes.to_vec())
}

/// The words of a request, and how many came before it over all connections.
type Script = dyn Fn(&[String], u64) -> Act + Send + Sync;

/// A server that does what a script says; of itself it says nothing. Where it is.
fn scripted(script: impl Fn(&[String], u64) -> Act + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it has one");
    let (script, count) = (Arc::new(script), Arc::new(AtomicU64::new(0)));
    // It goes with this process.
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (script, count) = (script.clone(), count.clone());
            thread::spawn(move || serve(stream, &*script, &count));
        }
    });
    format!("scripted={address}")
}

fn serve(mut stream: TcpStream, script: &Script, count: &AtomicU64) {
    let (mut decoder, mut come) = (FrameDecoder::default(), Vec::new());
    loop {
        let step = decoder.decode(&come).expect("requests are frames");
        come.drain(..step.length);
        let Some(Frame::Array(words)) = step.frame else {
            let mut piece = [0; 4096];
            match stream.read(&mut piece) {
                Ok(length @ 1..) => come.extend_from_slice(&piece[..length]),
                _ => return,
            }
            continue;
        };
        let word = |word: &Frame| match word {
            Frame::Bulk(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            other => panic!("no word: {other:?}"),
        };
        let words: Vec<_> = words.iter().map(word).collect();
        let act = match words[0].as_str() {
            "INFO" => say(b"-ERR unknown command\r\n"),
            _ => script(&words, count.fetch_add(1, Ordering::Relaxed)),
        };
        let (bytes, is_end) = match act {
            Act::Say(bytes) => (bytes, false),
            Act::Close(bytes) => (bytes, true),
            Act::Nothing => continue,
        };
        // Who has seen enough may be gone.
        if stream.write_all(&bytes).is_err() || is_end {
            let _ = stream.shutdown(Shutdown::Write);
            return;
        }
    }
}

/// What is said of a run that must fail: `answer` to each GET behind some good ones.
fn told_of(more: &[&str], answer: impl Fn(&str) -> Act + Send + Sync + 'static) -> String {
    let target = scripted(move |words, before| match words[0].as_str() {
        "GET" if before >= 10 => answer(&words[1]),
        "GET" => say(b"$-1\r\n"),
        other => panic!("{other} was not expected"),
    });
    let common = ["--target", &target, "--protocol", "resp", "--requests", "1000"];
    let gets = ["--command", "get", "--no-fill", "--connections", "1", "--timeout", "300ms"];
    let output = load(&[&common[..], &gets, more].concat());
    let told = complaint(&output).to_owned();
    assert!(told.starts_with("purekv: scripted (127.0.0.1:"), "{told}");
    told
}

#[test]
fn a_wrong_reply_ends_the_run_with_evidence() {
    let eleventh = "connection 0, request 11, GET key:000000000";
    let cases: [(&[u8], &str); 9] = [
        (b"-ERR something\r\n", "an error: \"ERR something\""),
        (b"-OOM command not allowed\r\n", "an error: \"OOM command not allowed\""),
        (b"+OK\r\n", "expected a value or none, found \"OK\""),
        (b":5\r\n", "expected a value or none, found 5"),
        (b"*1\r\n$1\r\na\r\n", "expected a value or none, found \"*1\\r\\n$1\\r\\na\\r\\n\""),
        (b"$5\r\nhello\r\n", "5 bytes that were never written to this key: \"hello\""),
        (b"$5\r\nhello!\r\n", "no line end behind 5 bytes: \"!\\r\""),
        (b"$x\r\n", "no length: \"x\""),
        (b"hello\r\n", "expected a frame"),
    ];
    for (reply, what) in cases {
        for pipeline in ["1", "8"] {
            let told = told_of(&["--pipeline", pipeline], move |_| say(reply));
            assert!(told.contains(eleventh) && told.contains(what), "{told}");
        }
    }
    let told = told_of(&[], |_| say(b"$-1\r\n$-1\r\n"));
    assert!(told.contains("\"$-1\\r\\n\" that nobody has asked for, after 11 replies"), "{told}");
    let told = told_of(&[], |_| Act::Close(b"$64\r\nabc".to_vec()));
    let what = "closed by the server after 10 replies, 1 more were to come; \
        the next one begins \"$64\\r\\nabc\"";
    assert!(told.contains(what), "{told}");
    let told = told_of(&["--pipeline", "4"], |_| Act::Close(Vec::new()));
    assert!(told.contains("closed by the server after 10 replies, "), "{told}");
    let told = told_of(&[], |_| Act::Nothing);
    assert!(told.contains("nothing has come for 300ms, 1 replies are missing after 10"), "{told}");
    let told = told_of(&["--rate", "1000"], |_| Act::Nothing);
    assert!(told.contains("nothing has come for 300ms"), "{told}");
}

#[test]
fn a_server_that_keeps_nothing_is_found_out() {
    let nothing = |words: &[String], _| match words[0].as_str() {
        "SET" => say(b"+OK\r\n"),
        "INCR" => say(b":1\r\n"),
        _ => say(b"$-1\r\n"),
    };
    let target = scripted(nothing);
    let common = ["--target", &target, "--protocol", "resp", "--requests", "2000"];
    let output = load(&[&common[..], &["--command", "set"]].concat());
    let told = complaint(&output);
    let what = "2000 values were stored, and of 1000 keys none has one afterwards";
    assert!(told.contains(what), "{told}");
    // Gets that miss are no failure of the server, but nobody may overlook them.
    let table = load(&common);
    let table = printed(&table);
    let warning = "WARNING: scripted: ";
    let what = " gets found nothing, of keys that were written and never expire";
    assert!(table.contains(warning) && table.contains(what), "{table}");
    let found = loaded(&common);
    assert_eq!(found["targets"][0]["hits"], 0);
    // Counters that do not count.
    let target = scripted(|words, _| match words[0].as_str() {
        "GET" => say(b"$1\r\n1\r\n"),
        "SET" => say(b"+OK\r\n"),
        _ => say(b":1\r\n"),
    });
    let common = ["--target", &target, "--protocol", "resp", "--requests", "2000"];
    let output = load(&[&common[..], &["--command", "incr"]].concat());
    let told = complaint(&output);
    let what = "2000 times it was counted up, and the counters stand at 1000 together";
    assert!(told.contains(what), "{told}");
}

/// A server that once holds its replies back for so long, and is idle otherwise.
fn stalling(stall: Duration) -> String {
    scripted(move |_, before| {
        if before == 300 {
            thread::park_timeout(stall);
        }
        say(b"+PONG\r\n")
    })
}

#[test]
fn a_stall_is_seen_by_all_whom_it_would_have_met() {
    let (stall, long) = (Duration::from_millis(300), 1e8);
    let run = |more: &[&str]| {
        let target = stalling(stall);
        let common = ["--target", &target, "--protocol", "resp", "--command", "ping"];
        loaded(&[&common[..], &["--connections", "1", "--requests", "1000"], more].concat())
    };
    // Closed loop: a thousand requests, one of which was slow.
    let closed = run(&[]);
    let ping = &closed["targets"][0];
    assert!(figure(ping, "ping_max_ns") >= 3e8, "{ping:#}");
    assert!(figure(ping, "ping_p99_ns") < long, "{ping:#}");
    // Open loop: at 1,000/s two hundred of them were due in the first 200 ms of the stall.
    for arrivals in ["fixed", "poisson"] {
        let open = run(&["--rate", "1000", "--arrivals", arrivals]);
        let ping = &open["targets"][0];
        assert_eq!(ping["replies"], 1000);
        assert!(figure(ping, "ping_p99_ns") >= 2e8, "{arrivals}: {ping:#}");
        assert!(figure(ping, "ping_p90_ns") >= long, "{arrivals}: {ping:#}");
        assert!(figure(ping, "behind_p90_ns") >= long, "{arrivals}: {ping:#}");
    }
}

#[test]
fn what_was_never_begun_counts_with_its_waiting() {
    // From some request on each takes 50 ms, where 200 a second are to begin.
    let target = scripted(|_, before| {
        if before > 20 {
            thread::park_timeout(Duration::from_millis(50));
        }
        say(b"+PONG\r\n")
    });
    let common = ["--target", &target, "--protocol", "resp", "--command", "ping"];
    let pace =
        ["--connections", "1", "--rate", "200", "--arrivals", "fixed", "--duration", "500ms"];
    let found = loaded(&[&common[..], &pace].concat());
    let ping = &found["targets"][0];
    let (begun, never) = (ping["replies"].as_f64().unwrap(), figure(ping, "abandoned"));
    assert_eq!(begun + never, 100.0, "{ping:#}");
    assert!(never >= 40.0, "{never}");
    // Given up a second after the end, so the last of them had waited at least so long.
    assert!(figure(ping, "ping_p90_ns") >= 1e9, "{ping:#}");
    let warnings = found["warnings"].to_string();
    assert!(warnings.contains("were due and never begun"), "{warnings}");
}
