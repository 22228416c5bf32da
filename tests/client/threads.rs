//! Many threads on one client.

use std::thread;

use purekv::client::call;

use crate::served;

const THREADS: u64 = 16;
const ROUNDS: u64 = 200;

/// Each has what it has written, and no one else's answer, on fewer connections than there are threads.
#[test]
fn answers_are_not_mixed_up() {
    served::each(|served| {
        let client = served.builder().pool_size(3).connect().unwrap();
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let client = client.clone();
                scope.spawn(move || {
                    let key = thread.to_le_bytes();
                    for round in 0..ROUNDS {
                        let value = [key, round.to_le_bytes()].concat();
                        client.insert(&key, &value).unwrap();
                        assert_eq!(client.get(&key).unwrap().as_ref(), Some(&value));
                        let calls = (call::add(b"sum", 1), call::get(&key));
                        assert_eq!(client.run(calls).unwrap().1.unwrap(), Some(value));
                    }
                });
            }
        });
        assert_eq!(client.add(b"sum", 0).unwrap(), (THREADS * ROUNDS) as i64);
    });
}
