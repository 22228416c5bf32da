//! `purekv serve` at its bound of memory.

use std::thread;

use purekv::resp::encode;

use crate::served::{Served, info};

const BOUND: usize = 64 << 20;

/// Five times of what there is room for, by four clients at once, which also read.
#[test]
fn memory_stays_bounded_under_load() {
    let server = Served::start(&["--max-memory", "64mb", "--log-level", "off"]);
    thread::scope(|scope| {
        for client in 0..4 {
            let mut wire = server.connect();
            scope.spawn(move || {
                let value = vec![b'v'; 16_000];
                for batch in 0..125 {
                    let mut bytes = Vec::new();
                    for place in 0..40 {
                        let key = format!("{client}:{batch}:{place}");
                        encode::request(&mut bytes, [&b"SET"[..], key.as_bytes(), &value]);
                        encode::request(&mut bytes, [&b"STRLEN"[..], key.as_bytes()]);
                    }
                    wire.send(&bytes);
                    for _ in 0..40 {
                        assert_eq!(wire.reply(), b"+OK\r\n");
                        wire.reply();
                    }
                }
            });
        }
    });
    let mut wire = server.connect();
    let evicted: u64 = info(&mut wire, "evicted_keys").parse().unwrap();
    assert!(evicted > 10_000, "{evicted}");
    let used: usize = info(&mut wire, "used_memory").parse().unwrap();
    assert!(used <= BOUND + BOUND / 20, "{used}");
    let most = server.memory("VmHWM:") << 10;
    println!("{} MiB resident at most", most >> 20);
    assert!(most < 2 * BOUND, "{most}");
    // What can never fit is refused, and harms nothing that is there.
    let size = wire.say("DBSIZE");
    assert_ne!(size, ":0|");
    let told = "-OOM command not allowed when used memory > 'maxmemory'.|";
    assert_eq!(wire.say("SETRANGE large 70000000 x"), told);
    let mut request = Vec::new();
    encode::request(&mut request, [&b"SET"[..], b"large", &vec![b'v'; BOUND + 1]]);
    wire.send(&request);
    assert_eq!(wire.reply(), told.replace('|', "\r\n").as_bytes());
    assert_eq!((wire.say("EXISTS large"), wire.say("DBSIZE")), (":0|".into(), size));
    assert_eq!(wire.say("SET small v"), "+OK|");
    server.terminate();
}
