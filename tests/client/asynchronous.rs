//! The asynchronous face: what is its own. What the operations do, the other face's tests show; here each is called once.

use std::io::ErrorKind;
use std::sync::Barrier;
use std::time::{Duration, Instant, SystemTime};

use purekv::client::{AsyncClient, Error, Protocol, call};
use purekv::{Computed, Op, Ttl};

use crate::scripted::Scripted;
use crate::served::{self, KINDS, free_port};

const SHORT: Duration = Duration::from_millis(250);
const SLACK: Duration = Duration::from_secs(30);
const MINUTE: Duration = Duration::from_secs(60);

/// On a runtime of one thread, or several.
fn run<R>(future: impl Future<Output = R>) -> R {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[track_caller]
fn in_time<R>(body: impl FnOnce() -> R) -> R {
    let start = Instant::now();
    let result = body();
    let taken = start.elapsed();
    assert!((SHORT..SHORT + SLACK).contains(&taken), "it took {taken:?}");
    result
}

async fn operations(client: &AsyncClient) -> Result<(), Error> {
    client.ping().await?;
    client.clear().await?;
    client.insert(b"a", b"1").await?;
    client.insert_with_ttl(b"b", b"2", MINUTE).await?;
    client.insert_until(b"c", b"3", SystemTime::now() + MINUTE).await?;
    assert!(!client.insert_if_absent(b"a", b"4").await?);
    assert!(client.insert_if_absent_with_ttl(b"d", b"4", MINUTE).await?);
    client.insert_many(&[(b"e", b"5"), (b"f", b"6")]).await?;
    client.insert_many_with_ttl(&[(b"g", b"7"), (b"h", b"8")], MINUTE).await?;
    assert_eq!(client.get(b"a").await?.as_deref(), Some(&b"1"[..]));
    assert_eq!(client.get_many(&[b"h", b"i"]).await?, [Some(b"8".to_vec()), None]);
    assert_eq!(client.get_many(&[]).await?, Vec::<Option<Vec<u8>>>::new());
    assert!(client.contains_key(b"a").await?);
    assert_eq!(client.ttl(b"a").await?, Some(Ttl::Never));
    assert!(client.set_ttl(b"a", MINUTE).await?);
    assert!(client.expires_at(b"a").await?.flatten().is_some());
    assert!(client.persist(b"a").await?);
    assert!(client.expire_at(b"a", SystemTime::now() + MINUTE).await?);
    assert_eq!(client.add(b"a", 41).await?, 42);
    assert_eq!(client.len().await?, 8);
    assert_eq!(client.scan(0, b"a", 1000).await?.1, [b"a"]);
    assert_eq!(client.remove(b"a").await?.as_deref(), Some(&b"42"[..]));
    assert!(client.invalidate(b"b").await?);
    assert_eq!(client.invalidate_many(&[b"c", b"d", b"nobody"]).await?, 2);
    assert!(!client.is_empty().await?);
    let (done, refused) = client.run((call::insert(b"a", b"x"), call::add(b"a", 1))).await?;
    done?;
    assert!(matches!(refused, Err(Error::Server { operation: "add", .. })));
    Ok(())
}

#[test]
fn every_operation() {
    served::each(|served| {
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            run(async {
                let client = served.builder().protocol(protocol).name("test").connect_async().await;
                operations(&client.unwrap()).await.unwrap();
            });
        }
        let socket = served.socket();
        run(async { operations(&AsyncClient::connect(&socket).await?).await }).unwrap();
    });
}

#[test]
fn many_tasks_and_large_batches() {
    served::each(|served| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = served.builder().pool_size(3).connect_async().await.unwrap();
            let tasks: Vec<_> = (0..100_u64)
                .map(|task| {
                    let client = client.clone();
                    tokio::spawn(async move {
                        let key = task.to_le_bytes();
                        for round in 0..50_u64 {
                            let value = [key, round.to_le_bytes()].concat();
                            client.insert(&key, &value).await.unwrap();
                            assert_eq!(client.get(&key).await.unwrap(), Some(value));
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            let value = vec![7; 100_000];
            let calls: Vec<_> =
                (0..200).map(|_| (call::insert(b"a", &value), call::get(b"a"))).collect();
            for (inserted, got) in client.run(calls).await.unwrap() {
                inserted.unwrap();
                assert_eq!(got.unwrap().as_ref(), Some(&value));
            }
        });
    });
}

#[test]
fn who_is_not_there_and_who_is_not_let_in() {
    let address = format!("127.0.0.1:{}", free_port());
    let error = run(AsyncClient::connect(&address)).unwrap_err();
    let Error::Connect { source, .. } = &error else { panic!("{error:?}") };
    assert_eq!(source.kind(), ErrorKind::ConnectionRefused);
    let builder = AsyncClient::builder(&address).connect_attempts(u32::MAX, SHORT / 10);
    let error = in_time(|| run(builder.call_timeout(SHORT).connect_async()).unwrap_err());
    assert!(matches!(error, Error::TimedOut { sent: false, .. }), "{error}");
    let server = Scripted::start(|peer, _| peer.always(b"-WRONGPASS no\r\n"));
    let error = run(server.builder().password("x").connect_async()).unwrap_err();
    assert!(matches!(&error, Error::Login { text, .. } if text == "WRONGPASS no"), "{error}");
}

#[test]
fn no_answer_ends_in_time_and_is_never_the_next_calls() {
    let barriers: &'static (Barrier, Barrier) =
        Box::leak(Box::new((Barrier::new(2), Barrier::new(2))));
    let server = Scripted::start(|mut peer, number| {
        if number > 1 {
            return peer.always(b"$3\r\nnew\r\n");
        }
        peer.hear();
        barriers.0.wait();
        peer.say(b"$3\r\nold\r\n");
        barriers.1.wait();
        peer.wait_for_end();
    });
    run(async {
        let builder = server.builder().call_timeout(SHORT).pool_size(1);
        let client = builder.build_async().unwrap();
        let start = Instant::now();
        let error = client.get(b"a").await.unwrap_err();
        assert!((SHORT..SHORT + SLACK).contains(&start.elapsed()));
        assert!(matches!(error, Error::TimedOut { operation: "get", sent: true, .. }), "{error}");
        barriers.0.wait();
        barriers.1.wait();
        for _ in 0..3 {
            assert_eq!(client.get(b"b").await.unwrap().as_deref(), Some(&b"new"[..]));
        }
    });
    assert_eq!(server.connections(), 2);
}

/// A call that nobody waits for any more leaves the connection to the others in order.
#[test]
fn a_call_that_is_dropped_disturbs_none() {
    served::each(|served| {
        run(async {
            let client = served.builder().pool_size(1).connect_async().await.unwrap();
            client.insert(b"a", b"old").await.unwrap();
            client.insert(b"b", b"new").await.unwrap();
            for polls in 0..20 {
                let mut dropped = Box::pin(client.get(b"a"));
                for _ in 0..polls {
                    if has_ended(&mut dropped).await {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
                drop(dropped);
                assert_eq!(client.get(b"b").await.unwrap().as_deref(), Some(&b"new"[..]));
            }
        });
    });
}

/// Polls it once.
async fn has_ended<F: Future + Unpin>(future: &mut F) -> bool {
    let mut is_ready = false;
    std::future::poll_fn(|context| {
        is_ready = std::pin::Pin::new(&mut *future).poll(context).is_ready();
        std::task::Poll::Ready(())
    })
    .await;
    is_ready
}

#[test]
fn what_may_have_been_done_is_not_done_again() {
    let server = Scripted::start(|mut peer, _| {
        peer.hear();
        peer.say(b":1\r\n");
        peer.hear();
        peer.close();
    });
    run(async {
        let client = server.builder().pool_size(1).build_async().unwrap();
        assert_eq!(client.add(b"n", 1).await.unwrap(), 1);
        let error = client.add(b"n", 1).await.unwrap_err();
        assert!(matches!(error, Error::Lost { operation: "add", sent: true, .. }), "{error:?}");
        assert_eq!(server.connections(), 1);
        assert_eq!(client.len().await.unwrap(), 1);
        assert_eq!(client.len().await.unwrap(), 1);
        assert_eq!(server.connections(), 3);
    });
}

#[test]
fn a_server_that_is_started_again() {
    for kind in KINDS {
        let port = free_port();
        let Some(served) = kind.start(port, None) else { continue };
        run(async {
            let client = served.builder().connect_async().await.unwrap();
            for _ in 0..8 {
                client.insert(b"a", b"1").await.unwrap();
            }
            drop(served);
            // Until the tasks of the connections have seen it, the fate of what is sent is unknown.
            while !matches!(client.insert(b"a", b"2").await.unwrap_err(), Error::Connect { .. }) {}
            let _served = kind.start(port, None).unwrap();
            client.insert(b"a", b"3").await.unwrap();
            assert_eq!(client.get(b"a").await.unwrap().as_deref(), Some(&b"3"[..]));
        });
    }
}

#[test]
fn what_is_no_answer_is_said_so() {
    let server = Scripted::start(|peer, _| peer.always(b":7\r\n"));
    let error = run(async { server.builder().build_async().unwrap().get(b"a").await }).unwrap_err();
    assert!(matches!(error, Error::Reply { operation: "get", .. }), "{error:?}");
    let server = Scripted::start(|peer, _| peer.always(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    let error = run(async { server.builder().build_async().unwrap().get(b"a").await }).unwrap_err();
    assert!(matches!(error, Error::Lost { .. }), "{error:?}");
}

/// A connection of many calls is no place for a transaction: each `compute` has one of its own.
#[test]
fn sums_by_many_tasks() {
    served::each(|served| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let builder = served.builder().pool_size(4);
            let client = builder.connect_async().await.unwrap();
            assert_eq!(client.compute(b"k", |_| Op::Keep).await.unwrap(), Computed::Absent);
            client.insert(b"k", b"0").await.unwrap();
            let tasks: Vec<_> = (0..8)
                .map(|_| {
                    let client = client.clone();
                    tokio::spawn(async move {
                        for _ in 0..25 {
                            let next = |value: &[u8]| {
                                let sum: u32 = str::from_utf8(value).unwrap().parse().unwrap();
                                (sum + 1).to_string().into_bytes()
                            };
                            assert!(client.update(b"k", next).await.unwrap());
                            // One that is dropped half-way leaves nothing watched, nor a permit taken.
                            let mut dropped = Box::pin(client.compute(b"k", |_| Op::Keep));
                            has_ended(&mut dropped).await;
                            drop(dropped);
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(client.get(b"k").await.unwrap().as_deref(), Some(&b"200"[..]));
            assert_eq!(client.compute(b"k", |_| Op::Remove).await.unwrap(), Computed::Removed);
        });
    });
}
