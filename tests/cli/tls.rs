//! `purekv cli` with a Redis that speaks TLS.

use std::net::TcpListener;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::folder::Folder;
use crate::server::Server;
use crate::{complaint, path, printed, purekv};

/// An authority, and what it vouches for.
struct Files {
    folder: Folder,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Files {
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        // Else its name is that of what it signs, which then looks as if it had signed itself.
        params.distinguished_name.push(DnType::CommonName, "authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, key()).expect("it can be signed");
        std::fs::write(folder.file("ca.pem"), authority.pem()).expect("it takes files");
        Self { folder, authority }
    }

    /// A certificate for a host, in files of this name.
    fn certify(&self, name: &str, host: &str) -> [PathBuf; 2] {
        let key = key();
        let params = CertificateParams::new(vec![host.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.authority).expect("it can be signed");
        let files =
            [format!("{name}.pem"), format!("{name}.key")].map(|file| self.folder.file(&file));
        std::fs::write(&files[0], certificate.pem()).expect("it takes files");
        std::fs::write(&files[1], key.serialize_pem()).expect("it takes files");
        files
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("random numbers")
}

/// A server whose certificate is for localhost, and its port.
fn start(files: &Files, name: &str, asks_for_certificates: &str) -> Option<(Server, String)> {
    let [certificate, key] = files.certify("server", "localhost");
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("it has one").port().to_string()
    };
    let authority = files.folder.file("ca.pem");
    let arguments = [
        ["--tls-port", &port],
        ["--tls-cert-file", path(&certificate)],
        ["--tls-key-file", path(&key)],
        ["--tls-ca-cert-file", path(&authority)],
        ["--tls-auth-clients", asks_for_certificates],
    ];
    Some((Server::start_with(name, &arguments.concat())?, port))
}

#[test]
fn a_server_is_known_by_its_certificate() {
    let files = Files::new("cli-tls-files");
    let Some((_server, port)) = start(&files, "cli-tls", "no") else { return };
    let authority = files.folder.file("ca.pem");
    let authority = ["--cacert", path(&authority)];
    let call =
        |options: &[&str]| purekv(&[&["cli", "-p", &port], options, &["echo", "hi"]].concat());
    let with = |options: &[&str]| call(&[&["--tls"], options].concat());
    assert_eq!(printed(&with(&[&authority[..], &["-h", "localhost"]].concat())), "hi\n");
    assert_eq!(printed(&with(&[&authority[..], &["--sni", "localhost"]].concat())), "hi\n");
    assert_eq!(printed(&with(&["--insecure"])), "hi\n");
    let url = format!("rediss://localhost:{port}");
    let by_url = [&["cli", "-u", &url][..], &authority, &["ping"]].concat();
    assert_eq!(printed(&purekv(&by_url)), "PONG\n");
    // It is for another name; nobody knows it; it is no file of certificates; it is not there.
    let refused = with(&authority);
    assert!(
        complaint(&refused).contains("cannot connect: invalid peer certificate"),
        "{refused:?}"
    );
    let refused = with(&["-h", "localhost"]);
    assert!(complaint(&refused).contains("UnknownIssuer"), "{refused:?}");
    let refused = with(&["--cacert", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]);
    assert!(complaint(&refused).contains("Cargo.toml: no certificate in it"), "{refused:?}");
    let refused = with(&["--cacert", "nowhere.pem"]);
    assert!(complaint(&refused).contains("nowhere.pem: "), "{refused:?}");
}

#[test]
fn large_replies_and_masses_of_requests_go_through() {
    let files = Files::new("cli-tls-mass-files");
    let Some((_server, port)) = start(&files, "cli-tls-mass", "no") else { return };
    let options = ["cli", "-p", &port, "--tls", "--insecure"];
    let length = "3000000";
    printed(&purekv(&[&options[..], &["setrange", "k", length, "x"]].concat()));
    let output = purekv(&[&options[..], &["get", "k"]].concat());
    assert_eq!(printed(&output).len(), 3_000_002);
    let mut input = b"GET k\r\n".repeat(5);
    for number in 0..20_000 {
        input.extend_from_slice(format!("SET key:{number} v\r\n").as_bytes());
    }
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_purekv"));
    command.args(options).arg("--pipe");
    let output = crate::talk::fed(command, &input).expect("it starts");
    assert!(printed(&output).ends_with("errors: 0, replies: 20005\n"), "{output:?}");
}

#[test]
fn a_client_is_known_by_its_certificate() {
    let files = Files::new("cli-tls-client-files");
    let Some((_server, port)) = start(&files, "cli-tls-client", "yes") else { return };
    let [certificate, key] = files.certify("client", "client");
    let options = ["cli", "-p", &port, "--tls", "--insecure"];
    let mine = ["--cert", path(&certificate), "--key", path(&key)];
    assert_eq!(printed(&purekv(&[&options[..], &mine, &["ping"]].concat())), "PONG\n");
    complaint(&purekv(&[&options[..], &["ping"]].concat()));
}
