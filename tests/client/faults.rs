//! Servers that misbehave, and networks.

use std::io::ErrorKind;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use purekv::Op;
use purekv::client::{Client, Error, call};

use crate::scripted::Scripted;
use crate::served::{KINDS, Kind, free_port};

const SHORT: Duration = Duration::from_millis(250);
/// What a machine with much else to do may take longer.
const SLACK: Duration = Duration::from_secs(30);

#[track_caller]
fn in_time<R>(body: impl FnOnce() -> R) -> R {
    let start = Instant::now();
    let result = body();
    let taken = start.elapsed();
    assert!((SHORT..SHORT + SLACK).contains(&taken), "it took {taken:?}");
    result
}

#[test]
fn nobody_listens() {
    let address = format!("127.0.0.1:{}", free_port());
    let error = Client::connect(&address).unwrap_err();
    let Error::Connect { source, .. } = &error else { panic!("{error:?}") };
    assert_eq!(source.kind(), ErrorKind::ConnectionRefused);
    assert!(error.to_string().contains(&address) && !error.is_timeout());
    // Nor on a socket that is not there; and a client that has not connected yet says so when it is used.
    let client = Client::builder("unix:/nowhere/socket").build().unwrap();
    assert!(matches!(client.get(b"a").unwrap_err(), Error::Connect { .. }));
}

/// Several attempts, as long as the call has time.
#[test]
fn a_server_that_comes_late() {
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    let builder = Client::builder(&address).connect_attempts(u32::MAX, Duration::from_millis(1));
    let error = in_time(|| builder.clone().call_timeout(SHORT).connect().unwrap_err());
    assert!(matches!(error, Error::TimedOut { operation: "ping", sent: false, .. }), "{error}");
    let client = builder.call_timeout(Duration::from_secs(60)).build().unwrap();
    thread::scope(|scope| {
        let inserting = scope.spawn(|| client.insert(b"a", b"1"));
        let _served = Kind::Ours.start(port, None);
        inserting.join().unwrap().unwrap();
    });
}

#[test]
fn no_answer_ends_in_time_and_is_never_the_next_calls() {
    // The first connection answers when it is too late: when the second is there.
    let (late, said) = (Barrier::new(2), Barrier::new(2));
    let barriers: &'static (Barrier, Barrier) = Box::leak(Box::new((late, said)));
    let server = Scripted::start(|mut peer, number| {
        if number > 1 {
            return peer.always(b"$3\r\nnew\r\n");
        }
        peer.hear();
        barriers.0.wait();
        peer.say(b"$3\r\nold\r\n");
        barriers.1.wait();
        // The client has closed it: that is the end.
        peer.wait_for_end();
    });
    let client = server.builder().call_timeout(SHORT).pool_size(1).build().unwrap();
    let error = in_time(|| client.get(b"a").unwrap_err());
    let Error::TimedOut { operation: "get", limit: SHORT, sent: true, .. } = &error else {
        panic!("{error:?}");
    };
    assert!(error.is_timeout() && error.may_have_happened());
    barriers.0.wait();
    barriers.1.wait();
    for _ in 0..3 {
        assert_eq!(client.get(b"b").unwrap().as_deref(), Some(&b"new"[..]));
    }
    assert_eq!(server.connections(), 2);
}

/// The same, with an answer that comes when the next call has been sent.
#[test]
fn what_has_timed_out_is_asked_nothing_more() {
    let server = Scripted::start(|mut peer, number| {
        if number > 1 {
            return peer.always(b"$3\r\nnew\r\n");
        }
        peer.hear();
        if !peer.hear().is_empty() {
            peer.say(b"$3\r\nold\r\n");
        }
    });
    let client = server.builder().call_timeout(SHORT).pool_size(1).build().unwrap();
    in_time(|| client.get(b"a").unwrap_err());
    assert_eq!(client.get(b"b").unwrap().as_deref(), Some(&b"new"[..]));
    assert_eq!(server.connections(), 2);
}

/// A time-out is of the call, not of each read.
#[test]
fn an_answer_that_drips_in_ends_in_time() {
    let server = Scripted::start(|mut peer, _| {
        peer.hear();
        peer.say(b"$1000000\r\n");
        while peer.say(b".") {
            let (_, receiver) = std::sync::mpsc::channel::<()>();
            let _ = receiver.recv_timeout(Duration::from_millis(5));
        }
    });
    let client = server.builder().call_timeout(SHORT).build().unwrap();
    let error = in_time(|| client.get(b"a").unwrap_err());
    assert!(matches!(error, Error::TimedOut { sent: true, .. }), "{error}");
}

/// A server that does not read: the request does not fit into what the system keeps for it.
#[test]
fn a_request_that_is_not_read_ends_in_time() {
    let server = Scripted::start(|_peer, _| thread::park());
    // Long enough to copy it to where it is sent from.
    let client = server.builder().call_timeout(10 * SHORT).build().unwrap();
    let error = in_time(|| client.insert(b"a", &vec![0; 32 << 20]).unwrap_err());
    assert!(matches!(error, Error::TimedOut { sent: true, .. }), "{error}");
}

#[test]
fn a_login_that_is_not_answered_ends_in_time() {
    let server = Scripted::start(|peer, _| peer.wait_for_end());
    let builder = server.builder().password("secret").connect_timeout(SHORT);
    let error = in_time(|| builder.clone().connect().unwrap_err());
    let Error::Connect { source, .. } = &error else { panic!("{error:?}") };
    assert!(source.kind() == ErrorKind::TimedOut && error.is_timeout());
    let builder = builder.connect_timeout(Duration::MAX).call_timeout(SHORT);
    let error = in_time(|| builder.connect().unwrap_err());
    assert!(matches!(error, Error::TimedOut { sent: false, .. }), "{error}");
}

#[test]
fn all_connections_in_use() {
    let server = Scripted::start(|mut peer, _| {
        peer.hear();
        peer.wait_for_end();
    });
    // The call that has the one connection is answered by nobody, for longer than the other waits.
    let client = server.builder().pool_size(1).call_timeout(SHORT).build().unwrap();
    let start = Barrier::new(2);
    thread::scope(|scope| {
        let results: Vec<_> = [(); 2]
            .map(|()| {
                scope.spawn(|| {
                    start.wait();
                    client.ping().unwrap_err()
                })
            })
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect();
        // One of them came second; it had no connection, or one for what was left of its time.
        assert!(results.iter().all(Error::is_timeout), "{results:?}");
        // What both have sent they cannot have sent over the same: then the first had given its own up.
        let both_sent = results.iter().all(Error::may_have_happened);
        let until = Instant::now() + Duration::from_secs(10);
        while both_sent && server.connections() < 2 {
            assert!(Instant::now() < until, "two at once over one connection: {results:?}");
            thread::yield_now();
        }
    });
    assert!(server.connections() <= 2);
}

/// One call has the connection for certain, for its closure makes the other.
#[test]
fn none_is_left_for_a_call_within_a_call() {
    let server = Scripted::start(|peer, _| peer.always(b"+OK\r\n$1\r\n0\r\n"));
    let client = server.builder().pool_size(1).call_timeout(SHORT).build().unwrap();
    let mut within = None;
    let _ = client.compute(b"a", |_| {
        within = Some(in_time(|| client.get(b"a").unwrap_err()));
        Op::Keep
    });
    let Some(Error::Exhausted { operation: "get", size: 1, limit: SHORT, .. }) = &within else {
        panic!("{within:?}");
    };
}

/// Nothing is made room for that has only been announced.
#[test]
fn what_is_announced_and_does_not_come() {
    let cases: [&[u8]; 6] = [
        b"$9223372036854775807\r\n",
        b"$536870912\r\n",
        b"*9223372036854775807\r\n",
        b"*2147483647\r\n",
        b"%2147483647\r\n",
        b"~4611686018427387904\r\n",
    ];
    for reply in cases {
        let server = Scripted::start(|mut peer, _| {
            peer.hear();
            peer.say(reply);
            peer.close();
        });
        let client = server.builder().build().unwrap();
        let error = client.get(b"a").unwrap_err();
        assert!(matches!(error, Error::Lost { .. }), "{error:?}");
    }
    // Lists in lists have an end.
    let server = Scripted::start(|mut peer, _| {
        peer.hear();
        peer.say(&b"*1\r\n".repeat(100_000));
        peer.close();
    });
    let client = server.builder().build().unwrap();
    assert!(matches!(client.get(b"a").unwrap_err(), Error::Lost { .. }));
}

#[test]
fn a_connection_that_was_closed_meanwhile_is_made_anew() {
    // Each connection takes one request.
    let server = Scripted::start(|mut peer, _| {
        peer.hear();
        peer.say(b"+OK\r\n");
        peer.close();
    });
    let client = server.builder().pool_size(1).build().unwrap();
    for number in 1..=20 {
        // Writes, which are never repeated once they were sent. They are not: what was closed is seen before. But the close may be on its way yet.
        while let Err(error) = client.insert(b"a", b"1") {
            assert!(matches!(error, Error::Lost { sent: true, .. }), "{error}");
        }
        assert!(server.connections() >= number);
    }
}

/// A write whose fate is not known is reported, and not repeated; what changes nothing is.
#[test]
fn what_may_have_been_done_is_not_done_again() {
    // Each connection answers once, and closes when it is asked the second time.
    let server = Scripted::start(|mut peer, _| {
        peer.hear();
        peer.say(b":1\r\n");
        peer.hear();
        peer.close();
    });
    let client = server.builder().pool_size(1).build().unwrap();
    assert_eq!(client.add(b"n", 1).unwrap(), 1);
    let error = client.add(b"n", 1).unwrap_err();
    let Error::Lost { operation: "add", sent: true, source, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(source.kind(), ErrorKind::UnexpectedEof);
    assert!(error.may_have_happened() && !error.is_timeout());
    assert_eq!(server.connections(), 1);

    assert_eq!(client.len().unwrap(), 1);
    assert_eq!(client.len().unwrap(), 1);
    assert_eq!(server.connections(), 3);
    // A batch is repeated if all of it may be.
    assert_eq!(client.run([call::len()]).unwrap().map(Result::unwrap), [1]);
    let (len, sum) = (call::len(), call::add(b"n", 1));
    assert!(matches!(client.run((len, sum)), Err(Error::Lost { operation: "pipeline", .. })));
    // On a new connection there is no reason to think that another would do better.
    let server = Scripted::start(|mut peer, _| {
        peer.hear();
        peer.close();
    });
    let client = server.builder().build().unwrap();
    assert!(matches!(client.len(), Err(Error::Lost { .. })));
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_server_that_is_started_again() {
    for kind in KINDS {
        let port = free_port();
        let Some(served) = kind.start(port, None) else { continue };
        let client = served.client();
        // Several connections, all of which will be dead.
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..50).for_each(|_| client.insert(b"a", b"1").unwrap()));
            }
        });
        drop(served);
        assert!(matches!(client.insert(b"a", b"2").unwrap_err(), Error::Connect { .. }));
        let _served = kind.start(port, None).unwrap();
        client.insert(b"a", b"3").unwrap();
        assert_eq!(client.get(b"a").unwrap().as_deref(), Some(&b"3"[..]));
    }
}

#[test]
fn what_is_no_answer_is_said_so() {
    let cases: &[(&[u8], &str)] = &[
        (b":7\r\n", "the number 7"),
        (b"+OK\r\n", "OK"),
        (b"*2\r\n$1\r\na\r\n$1\r\nb\r\n", "an array of 2"),
        (b"#t\r\n", "boolean"),
    ];
    for (reply, found) in cases {
        let server = Scripted::start(|peer, _| peer.always(reply));
        let client = server.builder().build().unwrap();
        let error = client.get(b"a").unwrap_err();
        let Error::Reply {
            operation: "get", expected: "a string or nothing", found: shown, ..
        } = &error
        else {
            panic!("{error:?}");
        };
        assert!(shown.contains(found), "{shown}");
        assert!(error.may_have_happened());
        // The protocol was kept, so the connection may stay.
        let _ = client.get(b"a");
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn fewer_values_than_keys() {
    let server = Scripted::start(|peer, _| peer.always(b"*1\r\n$1\r\na\r\n"));
    let client = server.builder().build().unwrap();
    assert!(matches!(client.get_many(&[b"a", b"b"]), Err(Error::Reply { .. })));
}

#[test]
fn what_is_not_the_protocol_costs_the_connection() {
    let server = Scripted::start(|peer, _| peer.always(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    let client = server.builder().build().unwrap();
    for number in 1..=3 {
        let error = client.get(b"a").unwrap_err();
        let Error::Lost { source, .. } = &error else { panic!("{error:?}") };
        assert_eq!(source.kind(), ErrorKind::InvalidData);
        assert_eq!(server.connections(), number);
    }
}

/// What nobody has asked for must not be taken for the answer to what is asked next.
#[test]
fn what_was_not_asked_for_costs_the_connection() {
    // Behind the answer, so that it comes with it.
    let server = Scripted::start(|peer, _| peer.always(b"$1\r\na\r\n$5\r\nextra\r\n"));
    let client = server.builder().build().unwrap();
    for number in 1..=3 {
        let error = client.get(b"a").unwrap_err();
        assert!(matches!(error, Error::Lost { .. }), "{error}");
        assert_eq!(server.connections(), number);
    }
    // Some time later.
    let (go, said) = (Barrier::new(2), Barrier::new(2));
    let barriers: &'static (Barrier, Barrier) = Box::leak(Box::new((go, said)));
    let server = Scripted::start(|mut peer, number| {
        peer.hear();
        peer.say(b"$1\r\na\r\n");
        if number == 1 {
            barriers.0.wait();
            peer.say(b"$5\r\nextra\r\n");
            barriers.1.wait();
        }
        peer.wait_for_end();
    });
    let client = server.builder().build().unwrap();
    assert_eq!(client.get(b"a").unwrap().as_deref(), Some(&b"a"[..]));
    barriers.0.wait();
    barriers.1.wait();
    assert_eq!(client.get(b"a").unwrap().as_deref(), Some(&b"a"[..]));
    assert_eq!(server.connections(), 2);
}
