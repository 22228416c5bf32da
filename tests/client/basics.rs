//! Each operation, by its results.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use purekv::Ttl;
use purekv::client::{Client, Error, Protocol, call};

use crate::served;

const MINUTE: Duration = Duration::from_secs(60);

fn within_a_minute(left: Option<Ttl>) -> bool {
    let least = Duration::from_secs(30);
    // A time of the clock is rounded up.
    let most = MINUTE + Duration::from_millis(1);
    matches!(left, Some(Ttl::Remaining(left)) if (least..=most).contains(&left))
}

#[test]
fn the_six_calls_of_pure_kv() {
    served::each(|served| {
        let client = served.client();
        // Set, without and with a time-to-live.
        client.insert(b"key", b"value").unwrap();
        client.insert_with_ttl(b"session", b"alice", MINUTE).unwrap();
        // Get.
        assert_eq!(client.get(b"key").unwrap().as_deref(), Some(&b"value"[..]));
        assert_eq!(client.get(b"session").unwrap().as_deref(), Some(&b"alice"[..]));
        assert_eq!(client.get(b"nobody").unwrap(), None);
        // Has.
        assert!(client.contains_key(b"key").unwrap());
        assert!(!client.contains_key(b"nobody").unwrap());
        // Size.
        assert_eq!(client.len().unwrap(), 2);
        // Del.
        assert!(client.invalidate(b"key").unwrap());
        assert!(!client.invalidate(b"key").unwrap());
        assert_eq!(client.remove(b"session").unwrap().as_deref(), Some(&b"alice"[..]));
        assert_eq!(client.remove(b"session").unwrap(), None);
        // DelAll.
        client.insert(b"last", b"").unwrap();
        assert!(!client.is_empty().unwrap());
        client.clear().unwrap();
        assert!(client.is_empty().unwrap());
    });
}

#[test]
fn bytes_are_bytes() {
    served::each(|served| {
        let client = served.client();
        let all: Vec<u8> = (0..=255).collect();
        let long = vec![7; 3 << 20];
        for value in [&b""[..], b"\r\n$-1\r\n", &all, &long] {
            client.insert(&all, value).unwrap();
            assert_eq!(client.get(&all).unwrap().as_deref(), Some(value));
        }
        client.insert(b"", b"of the empty key").unwrap();
        assert_eq!(client.get(b"").unwrap().as_deref(), Some(&b"of the empty key"[..]));
        assert_eq!(
            client.keys(b"*").map(Result::unwrap).collect::<BTreeSet<_>>(),
            [all, Vec::new()].into()
        );
    });
}

#[test]
fn unless_it_is_there() {
    served::each(|served| {
        let client = served.client();
        assert!(client.insert_if_absent(b"a", b"1").unwrap());
        assert!(!client.insert_if_absent(b"a", b"2").unwrap());
        assert!(client.insert_if_absent_with_ttl(b"b", b"1", MINUTE).unwrap());
        assert!(!client.insert_if_absent_with_ttl(b"b", b"2", MINUTE).unwrap());
        assert!(within_a_minute(client.ttl(b"b").unwrap()));
        // Due at once: nothing comes of it, and whether it would have is said.
        assert!(client.insert_if_absent_with_ttl(b"c", b"1", Duration::ZERO).unwrap());
        assert!(!client.insert_if_absent_with_ttl(b"a", b"3", Duration::ZERO).unwrap());
        assert_eq!(client.get(b"a").unwrap().as_deref(), Some(&b"1"[..]));
        assert_eq!(client.len().unwrap(), 2);
    });
}

#[test]
fn times_to_live() {
    served::each(|served| {
        let client = served.client();
        assert_eq!(client.ttl(b"a").unwrap(), None);
        for absent in [Duration::ZERO, MINUTE, Duration::MAX] {
            assert!(!client.set_ttl(b"a", absent).unwrap());
        }
        assert!(!client.persist(b"a").unwrap());

        client.insert(b"a", b"1").unwrap();
        assert_eq!(client.ttl(b"a").unwrap(), Some(Ttl::Never));
        assert!(client.set_ttl(b"a", MINUTE).unwrap());
        assert!(within_a_minute(client.ttl(b"a").unwrap()));
        // Both when it has a deadline and when it has none.
        assert!(client.persist(b"a").unwrap());
        assert!(client.persist(b"a").unwrap());
        assert_eq!(client.ttl(b"a").unwrap(), Some(Ttl::Never));

        client.insert_with_ttl(b"a", b"2", MINUTE).unwrap();
        assert!(client.set_ttl(b"a", Duration::MAX).unwrap());
        assert_eq!(client.ttl(b"a").unwrap(), Some(Ttl::Never));
        assert!(client.set_ttl(b"a", Duration::ZERO).unwrap());
        assert_eq!(client.get(b"a").unwrap(), None);

        client.insert(b"a", b"3").unwrap();
        client.insert_with_ttl(b"a", b"4", Duration::ZERO).unwrap();
        assert!(!client.contains_key(b"a").unwrap());
        client.insert_with_ttl(b"a", b"5", Duration::MAX).unwrap();
        assert_eq!(client.ttl(b"a").unwrap(), Some(Ttl::Never));
        // Less than a millisecond is one, and not none.
        client.insert_with_ttl(b"b", b"6", Duration::from_nanos(1)).unwrap();
        while client.contains_key(b"b").unwrap() {}
        assert_eq!(client.ttl(b"b").unwrap(), None);
    });
}

#[test]
fn times_of_the_clock() {
    served::each(|served| {
        let client = served.client();
        let soon = SystemTime::now() + MINUTE;
        assert_eq!(client.expires_at(b"a").unwrap(), None);
        assert!(!client.expire_at(b"a", soon).unwrap());
        client.insert(b"a", b"1").unwrap();
        assert_eq!(client.expires_at(b"a").unwrap(), Some(None));
        assert!(client.expire_at(b"a", soon).unwrap());
        let lag = client.expires_at(b"a").unwrap().flatten().unwrap().duration_since(soon);
        assert!(lag.unwrap() < Duration::from_millis(1));
        client.insert_until(b"b", b"2", soon).unwrap();
        assert!(within_a_minute(client.ttl(b"b").unwrap()));
        // What has passed, and what is as good as never.
        client.insert_until(b"b", b"3", SystemTime::UNIX_EPOCH - MINUTE).unwrap();
        assert!(client.expire_at(b"a", SystemTime::UNIX_EPOCH).unwrap());
        assert_eq!(client.get_many(&[b"a", b"b"]).unwrap(), [None, None]);
        let never = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40);
        client.insert_until(b"c", b"4", never).unwrap();
        assert_eq!(client.ttl(b"c").unwrap(), Some(Ttl::Never));
        assert!(client.expire_at(b"c", never).unwrap());
    });
}

#[test]
fn several_at_once() {
    served::each(|served| {
        let client = served.client();
        client.insert_many(&[(b"a", b"1"), (b"b", b"2")]).unwrap();
        client.insert_many_with_ttl(&[(b"c", b"3"), (b"d", b"4")], MINUTE).unwrap();
        let values = client.get_many(&[b"d", b"nobody", b"a"]).unwrap();
        assert_eq!(values, [Some(b"4".to_vec()), None, Some(b"1".to_vec())]);
        assert!(within_a_minute(client.ttl(b"c").unwrap()));
        client.insert_many_with_ttl(&[(b"c", b"5"), (b"nobody", b"6")], Duration::ZERO).unwrap();
        assert_eq!(client.invalidate_many(&[b"a", b"c", b"d"]).unwrap(), 2);
        assert_eq!(client.len().unwrap(), 1);
        // None is none, without asking.
        client.insert_many(&[]).unwrap();
        client.insert_many_with_ttl(&[], MINUTE).unwrap();
        assert_eq!(client.get_many(&[]).unwrap(), Vec::<Option<Vec<u8>>>::new());
        assert_eq!(client.invalidate_many(&[]).unwrap(), 0);
    });
}

#[test]
fn sums() {
    served::each(|served| {
        let client = served.client();
        assert_eq!(client.add(b"n", 5).unwrap(), 5);
        assert_eq!(client.add(b"n", -7).unwrap(), -2);
        client.insert(b"n", i64::MAX.to_string().as_bytes()).unwrap();
        for (value, words) in
            [(&b"word"[..], "not an integer"), (b"9223372036854775807", "overflow")]
        {
            client.insert(b"n", value).unwrap();
            let error = client.add(b"n", 1).unwrap_err();
            let Error::Server { operation: "add", text, .. } = &error else { panic!("{error:?}") };
            assert!(text.starts_with("ERR ") && text.contains(words), "{text}");
            assert!(!error.may_have_happened() && error.to_string().contains(&served.address()));
        }
        // The connection is as good as before.
        client.ping().unwrap();
    });
}

#[test]
fn walks_see_everything() {
    served::each(|served| {
        let client = served.client();
        let entries: BTreeSet<_> = (0..1000_u32)
            .map(|number| (format!("key:{number}").into_bytes(), number.to_string().into_bytes()))
            .collect();
        let calls: Vec<_> = entries.iter().map(|(key, value)| call::insert(key, value)).collect();
        client.run(calls).unwrap();
        assert_eq!(client.iter().map(Result::unwrap).collect::<BTreeSet<_>>(), entries);
        let like: BTreeSet<_> = client.keys(b"key:1?").map(Result::unwrap).collect();
        assert_eq!(like.len(), 10);
        assert_eq!(client.keys(b"nobody").count(), 0);
        let (next, some) = client.scan(0, b"*", 10).unwrap();
        assert!(next != 0 && (1..1000).contains(&some.len()));
    });
}

#[test]
fn either_protocol_and_a_socket() {
    served::each(|served| {
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let client = served.builder().protocol(protocol).name("test").connect().unwrap();
            client.insert(b"a", b"1").unwrap();
            assert_eq!(client.get_many(&[b"a", b"b"]).unwrap(), [Some(b"1".to_vec()), None]);
            assert_eq!(client.get(b"b").unwrap(), None);
            assert!(!client.insert_if_absent(b"a", b"2").unwrap());
            assert_eq!(client.keys(b"*").count(), 1);
        }
        let over_socket = Client::connect(&served.socket()).unwrap();
        assert_eq!(over_socket.get(b"a").unwrap().as_deref(), Some(&b"1"[..]));
    });
}
