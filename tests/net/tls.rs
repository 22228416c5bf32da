//! Clients that speak TLS, and those that should.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use purekv::Store;
use purekv::server::Settings;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};

use crate::host::{Host, until};
use crate::wire::Wire;

type Secure = StreamOwned<ClientConnection, TcpStream>;

/// An authority, and what it vouches for.
struct Trust(CertifiedIssuer<'static, KeyPair>);

impl Trust {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        Arc::new(roots)
    }

    fn certify(
        &self,
        name: &str,
    ) -> (Vec<rustls::pki_types::CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
    }

    /// A server; clients must show a certificate if that is wanted.
    fn host(&self, asks: bool) -> Host {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone());
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let verifier = || WebPkiClientVerifier::builder_with_provider(self.roots(), provider);
        let builder = match asks {
            true => builder.with_client_cert_verifier(verifier().build().unwrap()),
            false => builder.with_no_client_auth(),
        };
        let (chain, key) = self.certify("localhost");
        let config = Arc::new(builder.with_single_cert(chain, key).unwrap());
        Host::on(Store::new(), Settings::default(), 2, |listener| listener.tls(config))
    }

    fn client(&self, host: &Host, shows: bool) -> Wire<Secure> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(self.roots());
        let (chain, key) = self.certify("client");
        let config = match shows {
            true => builder.with_client_auth_cert(chain, key).unwrap(),
            false => builder.with_no_client_auth(),
        };
        let name = "localhost".try_into().unwrap();
        let session = ClientConnection::new(Arc::new(config), name).unwrap();
        Wire::over(StreamOwned::new(session, host.connect().stream))
    }
}

#[test]
fn it_is_served_as_others_are() {
    let trust = Trust::new();
    let host = trust.host(false);
    let mut wire = trust.client(&host, false);
    assert_eq!(wire.say("PING"), "+PONG|");
    let value = "v".repeat(3 << 20);
    wire.send(format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${}\r\n{value}\r\n", value.len()).as_bytes());
    assert_eq!(wire.reply(), b"+OK\r\n");
    wire.send(&b"GET k\r\n".repeat(5));
    for _ in 0..5 {
        assert_eq!(wire.reply().len(), value.len() + 12);
    }
    // Byte by byte, each in a record of its own.
    for byte in b"*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n" {
        wire.send(&[*byte]);
    }
    assert_eq!(wire.reply(), b"$2\r\nhi\r\n");
    wire.send(&b"PING\r\n".repeat(10_000));
    for _ in 0..10_000 {
        assert_eq!(wire.reply(), b"+PONG\r\n");
    }
}

#[test]
fn both_sides_say_that_they_end() {
    let trust = Trust::new();
    let mut host = trust.host(false);
    let mut wire = trust.client(&host, false);
    // A read to the end without the server's farewell would be an error.
    wire.send(b"PING\r\nQUIT\r\n");
    assert_eq!(wire.rest_of_session(), b"+PONG\r\n+OK\r\n");
    let mut wire = trust.client(&host, false);
    wire.send(b"ECHO last\r\n");
    wire.stream.conn.send_close_notify();
    wire.stream.flush().unwrap();
    assert_eq!(wire.rest_of_session(), b"$4\r\nlast\r\n");
    let mut wire = trust.client(&host, false);
    assert_eq!(wire.say("PING"), "+PONG|");
    host.server.shutdown();
    assert_eq!(wire.rest_of_session(), b"");
    host.join();
}

impl Wire<Secure> {
    fn rest_of_session(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).expect("it says farewell");
        rest
    }
}

#[test]
fn what_is_no_handshake_is_the_end_of_it() {
    let trust = Trust::new();
    let host = trust.host(false);
    let mut known = trust.client(&host, false);
    assert_eq!(known.say("PING"), "+PONG|");
    for bytes in [
        &b"PING\r\n"[..],
        b"*1\r\n$4\r\nPING\r\n",
        &[0; 5000],
        b"\x16\x03\x01\xff\xff\x01\0",
        &[0xff; 100],
    ] {
        let mut wire = host.connect();
        wire.send(bytes);
        wire.finish();
        // An alert, or nothing, and no reply.
        let rest = wire.rest();
        assert!(rest.is_empty() || rest[0] == 0x15, "{:?}", rest.escape_ascii().to_string());
    }
    // Half a handshake, and gone.
    let mut wire = host.connect();
    wire.send(b"\x16\x03\x01\x00\xc8\x01\0\0\xc4\x03\x03");
    wire.vanish();
    until(|| known.text("CLIENT LIST").lines().count() == 1);
}

#[test]
fn who_must_show_a_certificate_and_does_not_is_refused() {
    let trust = Trust::new();
    let host = trust.host(true);
    assert_eq!(trust.client(&host, true).say("PING"), "+PONG|");
    let mut wire = trust.client(&host, false);
    // With TLS 1.3 a client learns of it when it reads.
    let sent = wire.stream.write_all(b"PING\r\n").and_then(|()| wire.stream.flush());
    let read = sent.and_then(|()| wire.stream.read(&mut [0; 10]));
    assert!(read.is_err(), "{read:?}");
    let stranger = Trust::new();
    let mut wire = Wire::over({
        let Wire { stream, .. } = stranger.client(&host, true);
        stream
    });
    let sent = wire.stream.write_all(b"PING\r\n").and_then(|()| wire.stream.flush());
    assert!(sent.and_then(|()| wire.stream.read(&mut [0; 10])).is_err());
    let mut known = trust.client(&host, true);
    until(|| known.text("CLIENT LIST").lines().count() == 1);
}

#[test]
fn a_client_that_only_listens_and_one_that_is_slow() {
    let trust = Trust::new();
    let host = trust.host(false);
    let mut wire = trust.client(&host, false);
    let value = "v".repeat(50_000);
    wire.send(format!("SET k {value}\r\n").as_bytes());
    assert_eq!(wire.reply(), b"+OK\r\n");
    wire.send(&b"GET k\r\n".repeat(500));
    thread::park_timeout(Duration::from_millis(100));
    let mut other = trust.client(&host, false);
    assert_eq!(other.say("PING"), "+PONG|");
    for _ in 0..500 {
        assert_eq!(wire.reply().len(), value.len() + 10);
    }
}
