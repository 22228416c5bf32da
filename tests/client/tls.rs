//! TLS, with our own server and with a real Redis.

use std::sync::Arc;
use std::time::Duration;

use purekv::client::{Builder, Error, call};
use purekv::server::Settings;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::folder::Folder;
use crate::scripted::Scripted;
use crate::served::{Served, free_port, patient};

/// An authority, in PEM what it vouches for.
struct Authority(CertifiedIssuer<'static, KeyPair>);

fn key() -> KeyPair {
    KeyPair::generate().unwrap()
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        // Else its name is that of what it signs, which then looks as if it had signed itself.
        params.distinguished_name.push(DnType::CommonName, "authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, key()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for this name, and its key.
    fn certify(&self, name: &str) -> [String; 2] {
        let key = key();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        [params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem()]
    }
}

/// Runs a test with each server that there is, which is localhost and may ask who we are; the test gets the port.
fn each(authority: &Authority, asks: bool, test: impl Fn(u16)) {
    let [certificate, key] = authority.certify("localhost");
    let ours = Served::ours(free_port(), Settings::default(), |listener| {
        listener.tls(Arc::new(config(authority, &certificate, &key, asks)))
    });
    test(ours.port);

    let folder = Folder::new(&format!("client-tls-{}", ours.port));
    let file = |name: &str, text: &str| {
        std::fs::write(folder.file(name), text).unwrap();
        folder.file(name).to_str().unwrap().to_owned()
    };
    let (root, certificate, key) =
        (file("root", &authority.pem()), file("certificate", &certificate), file("key", &key));
    let port = free_port();
    let (text, asks) = (port.to_string(), if asks { "yes" } else { "no" });
    let arguments = [
        ["--tls-port", &text],
        ["--tls-ca-cert-file", &root],
        ["--tls-cert-file", &certificate],
        ["--tls-key-file", &key],
        ["--tls-auth-clients", asks],
    ];
    if let Some(_redis) = Served::redis(free_port(), arguments.as_flattened()) {
        test(port);
    }
}

fn config(authority: &Authority, certificate: &str, key: &str, asks: bool) -> ServerConfig {
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
    let config = ServerConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap();
    let config = match asks {
        true => config.with_client_cert_verifier(verifier.build().unwrap()),
        false => config.with_no_client_auth(),
    };
    config.with_single_cert(vec![certificate], key).unwrap()
}

fn builder(authority: &Authority, host: &str, port: u16) -> Builder {
    patient(&format!("rediss://{host}:{port}")).tls_roots(authority.pem())
}

#[test]
fn a_server_that_is_trusted() {
    let authority = Authority::new();
    each(&authority, false, |port| {
        let client = builder(&authority, "localhost", port).pool_size(1).connect().unwrap();
        let value = vec![7; 1 << 20];
        // Over one connection, on which the server says something of its own, session tickets: it is quiet all the same.
        for _ in 0..10 {
            client.insert(b"a", &value).unwrap();
            assert_eq!(client.get(b"a").unwrap().as_ref(), Some(&value));
        }
        let sums = client.run((0..1000).map(|_| call::add(b"n", 1)).collect::<Vec<_>>()).unwrap();
        assert!(sums.into_iter().map(Result::unwrap).eq(1..=1000));
    });
}

#[test]
fn who_is_not_trusted_gets_nothing() {
    let authority = Authority::new();
    each(&authority, false, |port| {
        let other_root = builder(&Authority::new(), "localhost", port);
        let system_roots = patient(&format!("rediss://localhost:{port}"));
        // Trusted, but as another.
        let other_name = builder(&authority, "127.0.0.1", port);
        for builder in [other_root, other_name, system_roots] {
            // It is not asked again.
            let builder = builder.connect_attempts(1000, Duration::from_secs(60));
            let error = builder.connect().unwrap_err();
            assert!(matches!(&error, Error::Connect { .. } | Error::Tls { .. }), "{error:?}");
            assert!(error.to_string().contains("certificate"), "{error}");
        }
    });
}

#[test]
fn a_server_that_wants_to_know_who_we_are() {
    let authority = Authority::new();
    each(&authority, true, |port| {
        let [certificate, key] = authority.certify("client");
        let known = builder(&authority, "localhost", port).tls_identity(certificate, key);
        known.connect().unwrap().insert(b"a", b"1").unwrap();
        let error = builder(&authority, "localhost", port).connect().unwrap_err();
        assert!(matches!(error, Error::Connect { .. } | Error::Lost { .. }), "{error:?}");
    });
}

#[test]
fn without_tls_at_the_other_end() {
    let server = Scripted::start(|peer, _| peer.always(b"-ERR what is this?\r\n"));
    let port = server.address.split_once(':').unwrap().1.parse().unwrap();
    // It is not asked again.
    let builder = builder(&Authority::new(), "localhost", port);
    let builder = builder.connect_attempts(1000, Duration::from_secs(60));
    let error = builder.connect().unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
}

#[test]
fn a_handshake_that_is_not_answered_ends_in_time() {
    let server = Scripted::start(|peer, _| peer.wait_for_end());
    let port = server.address.split_once(':').unwrap().1.parse().unwrap();
    let short = Duration::from_millis(100);
    let builder = builder(&Authority::new(), "localhost", port).connect_timeout(short);
    let error = builder.call_timeout(Duration::from_secs(60)).connect().unwrap_err();
    assert!(matches!(error, Error::Connect { .. }) && error.is_timeout(), "{error:?}");
}

#[test]
fn what_is_no_certificate_is_said_so() {
    let authority = Authority::new();
    let [certificate, key] = authority.certify("client");
    let [_, other_key] = authority.certify("other");
    let builder = || builder(&authority, "localhost", 1);
    let faults = [
        builder().tls_roots("no PEM"),
        builder().tls_roots(key.clone()),
        builder().tls_identity("", key),
        builder().tls_identity(certificate.clone(), ""),
        builder().tls_identity(certificate, other_key),
    ];
    for builder in faults {
        let error = builder.build().unwrap_err();
        assert!(matches!(error, Error::Tls { .. }), "{error}");
    }
}

#[cfg(feature = "client-async-tls")]
#[test]
fn the_asynchronous_face_too() {
    let authority = Authority::new();
    each(&authority, false, |port| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = builder(&authority, "localhost", port).connect_async().await.unwrap();
            client.insert(b"a", &[7; 100_000]).await.unwrap();
            assert_eq!(client.get(b"a").await.unwrap().as_deref(), Some(&[7; 100_000][..]));
            let other_root = builder(&Authority::new(), "localhost", port);
            let error = other_root.connect_async().await.unwrap_err();
            assert!(matches!(&error, Error::Connect { .. }), "{error}");
            assert!(error.to_string().contains("certificate"), "{error}");
        });
    });
}
