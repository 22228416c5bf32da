//! Read-modify-write over a network.

use std::thread;
use std::time::{Duration, SystemTime};

use purekv::client::{Client, Error};
use purekv::{Computed, Expiration, Op, Ttl};

use crate::scripted::Scripted;
use crate::served;

const MINUTE: Duration = Duration::from_secs(60);

/// Value, and whether it has a deadline.
fn state(client: &Client) -> Option<(Vec<u8>, bool)> {
    let ttl = client.ttl(b"k").unwrap()?;
    Some((client.get(b"k").unwrap()?, ttl != Ttl::Never))
}

#[test]
fn every_decision() {
    let (old, new) = (b"old".to_vec(), b"new".to_vec());
    let soon = SystemTime::now() + MINUTE;
    let put = |op: Expiration| Op::PutFor(b"new".to_vec(), op);
    // The decision; what it is of a key that is absent, and what is there then; the same of one that is there, with a deadline.
    let (absent, there) = (None, Some((old.clone(), true)));
    let (stays, goes) = (Some((new.clone(), false)), Some((new.clone(), true)));
    let (inserted, replaced) = (Computed::Inserted, Computed::Replaced);
    let cases = [
        (Op::Put(new.clone()), (inserted, &stays), (replaced, &stays)),
        (Op::PutWithTtl(new.clone(), MINUTE), (inserted, &goes), (replaced, &goes)),
        (Op::PutWithTtl(new.clone(), Duration::ZERO), (inserted, &absent), (replaced, &absent)),
        (Op::PutKeepTtl(new.clone()), (inserted, &stays), (replaced, &goes)),
        (put(Expiration::Default), (inserted, &stays), (replaced, &stays)),
        (put(Expiration::Never), (inserted, &stays), (replaced, &stays)),
        (put(Expiration::Keep), (inserted, &stays), (replaced, &goes)),
        (put(Expiration::After(MINUTE)), (inserted, &goes), (replaced, &goes)),
        (put(Expiration::At(soon)), (inserted, &goes), (replaced, &goes)),
        (Op::Keep, (Computed::Absent, &absent), (Computed::Kept, &there)),
        (Op::Remove, (Computed::Absent, &absent), (Computed::Removed, &absent)),
        (Op::Retime(Expiration::Keep), (Computed::Absent, &absent), (Computed::Kept, &there)),
        (
            Op::Retime(Expiration::Never),
            (Computed::Absent, &absent),
            (Computed::Retimed, &Some((old.clone(), false))),
        ),
        (
            Op::Retime(Expiration::After(MINUTE)),
            (Computed::Absent, &absent),
            (Computed::Retimed, &there),
        ),
        (
            Op::Retime(Expiration::After(Duration::ZERO)),
            (Computed::Absent, &absent),
            (Computed::Removed, &absent),
        ),
        (
            Op::Retime(Expiration::At(soon)),
            (Computed::Absent, &absent),
            (Computed::Retimed, &there),
        ),
    ];
    served::each(|served| {
        let client = &served.client();
        for (op, of_absent, of_there) in &cases {
            client.clear().unwrap();
            let computed = client.compute(b"k", |value| {
                assert_eq!(value, None);
                op.clone()
            });
            assert_eq!((computed.unwrap(), &state(client)), *of_absent, "{op:?}");
            client.insert_with_ttl(b"k", &old, 2 * MINUTE).unwrap();
            let computed = client.compute(b"k", |value| {
                assert_eq!(value, Some(&old[..]));
                op.clone()
            });
            assert_eq!((computed.unwrap(), &state(client)), *of_there, "{op:?}");
        }
        assert!(client.update(b"nobody", <[u8]>::to_vec).is_ok_and(|updated| !updated));
    });
}

/// Another comes in between, the first times.
#[test]
fn what_was_touched_is_decided_upon_anew() {
    served::each(|served| {
        let client = &served.client();
        client.insert(b"k", b"0").unwrap();
        let mut seen = Vec::new();
        let computed = client.compute(b"k", |value| {
            let value = value.unwrap().to_vec();
            seen.push(value.clone());
            match seen.len() {
                1 => client.insert(b"k", b"1").unwrap(),
                // The same value is a touch, too.
                2 => client.insert(b"k", b"1").unwrap(),
                3 => assert!(client.set_ttl(b"k", MINUTE).unwrap()),
                _ => {}
            }
            Op::PutKeepTtl([&value[..], b"!"].concat())
        });
        assert_eq!(computed.unwrap(), Computed::Replaced);
        assert_eq!(seen, [b"0", b"1", b"1", b"1"]);
        assert_eq!(state(client), Some((b"1!".to_vec(), true)));
        // Gone, and there again.
        let mut calls = 0;
        let computed = client.compute(b"k", |value| {
            calls += 1;
            match calls {
                1 => assert!(client.invalidate(b"k").unwrap()),
                2 => client.insert(b"k", b"2").unwrap(),
                _ => {}
            }
            assert_eq!(value.is_some(), calls != 2);
            Op::Remove
        });
        // Of what was absent there was nothing to be done, whoever came then.
        assert_eq!((computed.unwrap(), calls), (Computed::Absent, 2));
        assert_eq!(client.get(b"k").unwrap().as_deref(), Some(&b"2"[..]));
    });
}

/// Nothing is lost and nothing done twice.
#[test]
fn sums_by_many_threads() {
    served::each(|served| {
        let client = &served.client();
        const THREADS: usize = 4;
        const ROUNDS: usize = 100;
        client.insert(b"k", b"0").unwrap();
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for _ in 0..ROUNDS {
                        let next = |value: &[u8]| {
                            let sum: usize = str::from_utf8(value).unwrap().parse().unwrap();
                            (sum + 1).to_string().into_bytes()
                        };
                        assert!(client.update(b"k", next).unwrap());
                    }
                });
            }
        });
        let sum = (THREADS * ROUNDS).to_string();
        assert_eq!(client.get(b"k").unwrap(), Some(sum.into_bytes()));
    });
}

/// A closure that panics leaves no connection that watches something.
#[test]
fn a_panic_passes_through() {
    served::each(|served| {
        let client = &served.client();
        let computing = || client.compute(b"k", |_| panic!("of the closure"));
        let computing = std::panic::AssertUnwindSafe(computing);
        assert!(std::panic::catch_unwind(computing).is_err());
        assert_eq!(client.compute(b"k", |_| Op::Put(b"1".to_vec())).unwrap(), Computed::Inserted);
    });
}

#[test]
fn the_fate_of_what_was_sent_is_unknown_and_of_what_was_looked_at_is_not() {
    let server = Scripted::start(|mut peer, number| {
        peer.hear();
        peer.say(b"+OK\r\n$1\r\n0\r\n");
        if number == 2 {
            peer.hear();
        }
        peer.close();
    });
    let client = server.builder().pool_size(1).build().unwrap();
    // Closed before the change, or while it is on its way.
    let error = client.compute(b"k", |_| Op::Remove).unwrap_err();
    assert!(matches!(error, Error::Lost { operation: "compute", .. }), "{error:?}");
    let error = client.compute(b"k", |_| Op::Remove).unwrap_err();
    assert!(matches!(error, Error::Lost { sent: true, .. }), "{error:?}");
    // A server that refuses says why.
    let server = Scripted::start(|mut peer, _| {
        peer.hear();
        peer.say(b"+OK\r\n$1\r\n0\r\n");
        peer.hear();
        peer.say(b"+OK\r\n-OOM no room\r\n-EXECABORT discarded\r\n");
    });
    let client = server.builder().build().unwrap();
    let error = client.compute(b"k", |_| Op::Put(Vec::new())).unwrap_err();
    assert!(matches!(&error, Error::Server { text, .. } if text == "OOM no room"), "{error:?}");
    assert!(!error.may_have_happened());
}
