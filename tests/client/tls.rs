//! TLS, against a real Redis. The certificates are made by `client/certificates/make.sh`.

use std::path::Path;
use std::time::Duration;

use purekv::client::{Builder, Client, Error};

use crate::scripted::Scripted;
use crate::served::{Redis, free_port};

fn file(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/client/certificates");
    folder.join(name).to_str().unwrap().to_owned()
}

fn pem(name: &str) -> Vec<u8> {
    std::fs::read(file(name)).unwrap()
}

/// With TLS; `None` also where Redis was built without.
fn redis(clients: &str) -> Option<(Redis, u16)> {
    let port = free_port();
    let (text, root, certificate, key) =
        (port.to_string(), file("root.pem"), file("server.pem"), file("server.key"));
    let files =
        ["--tls-ca-cert-file", &root, "--tls-cert-file", &certificate, "--tls-key-file", &key];
    let args = [&["--tls-port", &text, "--tls-auth-clients", clients][..], &files].concat();
    Some((Redis::start(free_port(), &args)?, port))
}

fn builder(host: &str, port: u16) -> Builder {
    Client::builder(&format!("rediss://{host}:{port}")).tls_roots(pem("root.pem"))
}

#[test]
fn a_server_that_is_trusted() {
    let Some((_redis, port)) = redis("no") else { return };
    let client = builder("localhost", port).connect().unwrap();
    let value = vec![7; 1 << 20];
    // Over one connection, which says something of its own after its first answer, session tickets: it is quiet all the same.
    for _ in 0..10 {
        client.insert(b"a", &value).unwrap();
        assert_eq!(client.get(b"a").unwrap().as_ref(), Some(&value));
    }
    let ids = client.run([purekv::client::call::add(b"n", 1)]).unwrap();
    assert_eq!(ids.map(Result::unwrap), [1]);
}

#[test]
fn who_is_not_trusted_gets_nothing() {
    let Some((_redis, port)) = redis("no") else { return };
    let other_root = builder("localhost", port).tls_roots(pem("other-root.pem"));
    let system_roots = Client::builder(&format!("rediss://localhost:{port}"));
    // Trusted, but as another.
    let other_name = builder("127.0.0.1", port);
    for builder in [other_root, other_name, system_roots] {
        let error = builder.connect().unwrap_err();
        assert!(matches!(&error, Error::Connect { .. } | Error::Tls { .. }), "{error}");
        assert!(error.to_string().contains("certificate"), "{error}");
    }
}

#[test]
fn a_server_that_wants_to_know_who_we_are() {
    let Some((_redis, port)) = redis("yes") else { return };
    let known = builder("localhost", port).tls_identity(pem("client.pem"), pem("client.key"));
    known.connect().unwrap().insert(b"a", b"1").unwrap();
    let error = builder("localhost", port).connect().unwrap_err();
    assert!(matches!(error, Error::Connect { .. } | Error::Lost { .. }), "{error:?}");
}

#[test]
fn without_tls_at_the_other_end() {
    let server = Scripted::start(|peer, _| peer.always(b"-ERR what is this?\r\n"));
    let port = server.address.split_once(':').unwrap().1.parse().unwrap();
    // It is not asked again.
    let builder = builder("localhost", port).connect_attempts(1000, Duration::from_secs(60));
    let error = builder.connect().unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
}

#[test]
fn what_is_no_certificate_is_said_so() {
    let key = pem("client.key");
    let faults = [
        builder("localhost", 1).tls_roots(&b"no PEM"[..]),
        builder("localhost", 1).tls_roots(key.clone()),
        builder("localhost", 1).tls_identity(&b""[..], key),
        builder("localhost", 1).tls_identity(pem("client.pem"), &b""[..]),
        builder("localhost", 1).tls_identity(pem("client.pem"), pem("server.key")),
    ];
    for builder in faults {
        let error = builder.build().unwrap_err();
        assert!(matches!(error, Error::Tls { .. }), "{error}");
    }
}

#[cfg(feature = "client-async-tls")]
#[test]
fn the_asynchronous_face_too() {
    let Some((_redis, port)) = redis("no") else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = builder("localhost", port).connect_async().await.unwrap();
        client.insert(b"a", &[7; 100_000]).await.unwrap();
        assert_eq!(client.get(b"a").await.unwrap().as_deref(), Some(&[7; 100_000][..]));
        let other_root = builder("localhost", port).tls_roots(pem("other-root.pem"));
        let error = other_root.connect_async().await.unwrap_err();
        assert!(matches!(&error, Error::Connect { .. }), "{error}");
        assert!(error.to_string().contains("certificate"), "{error}");
    });
}
