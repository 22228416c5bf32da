//! Who is let in.

use purekv::client::{Client, Error, Protocol};

use crate::served::{KINDS, Served, free_port};

fn with_password() -> impl Iterator<Item = Served> {
    KINDS.iter().filter_map(|kind| kind.start(free_port(), Some("open sesame")))
}

#[test]
fn the_password_lets_in() {
    for served in with_password() {
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let client = served.builder().password("open sesame").protocol(protocol);
            client.connect().unwrap().insert(b"a", b"1").unwrap();
        }
        let url = format!("redis://default:open%20sesame@{}", served.address());
        Client::connect(&url).unwrap().insert(b"a", b"1").unwrap();
    }
}

#[test]
fn another_or_none_does_not() {
    for served in with_password() {
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let builder = served.builder().password("open barley").protocol(protocol);
            // A server that does not want us is not asked again.
            let builder = builder.connect_attempts(1000, std::time::Duration::from_secs(60));
            let error = builder.connect().unwrap_err();
            let Error::Login { text, .. } = &error else { panic!("{error:?}") };
            assert!(text.starts_with("WRONGPASS"), "{text}");
            assert!(!error.to_string().contains("barley") && !error.may_have_happened());
        }
        let error = Client::connect(&served.address()).unwrap_err();
        assert!(
            matches!(&error, Error::Server { text, .. } if text.starts_with("NOAUTH")),
            "{error}"
        );
        let error = served.builder().protocol(Protocol::Resp3).connect().unwrap_err();
        assert!(
            matches!(&error, Error::Login { text, .. } if text.starts_with("NOAUTH")),
            "{error}"
        );
    }
}

#[test]
fn a_user_comes_with_a_password() {
    let error = Client::builder("localhost").user("alice").build().unwrap_err();
    assert!(matches!(error, Error::Address { .. }), "{error}");
}

#[test]
fn databases_and_users_of_a_redis() {
    let user = ["--user", "alice", "on", ">secret", "~*", "+@all"];
    let Some(redis) = Served::redis(free_port(), &user) else { return };
    let alice = redis.builder().user("alice").password("secret");
    let (first, second) = (alice.clone(), alice.database(3));
    let (first, second) = (first.connect().unwrap(), second.connect().unwrap());
    first.insert(b"a", b"0").unwrap();
    second.insert(b"b", b"3").unwrap();
    // Each has its own, and empties its own.
    assert_eq!((first.get(b"b").unwrap(), second.len().unwrap()), (None, 1));
    second.clear().unwrap();
    assert_eq!(first.len().unwrap(), 1);
    let error = redis.builder().database(99).connect().unwrap_err();
    assert!(
        matches!(&error, Error::Login { text, .. } if text.contains("out of range")),
        "{error}"
    );
}

#[test]
fn debug_shows_no_password() {
    let builder = Client::builder("redis://u:secret@localhost").password("secret");
    assert!(!format!("{builder:?}").contains("secret"));
    assert!(!format!("{:?}", builder.build().unwrap()).contains("secret"));
}
