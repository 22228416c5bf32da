//! Whom to trust on a connection with TLS.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use super::failure::Failure;

#[derive(Args)]
pub(crate) struct TlsOptions {
    /// Connect with TLS
    #[arg(long)]
    pub(crate) tls: bool,
    /// Certificates to trust instead of the system's (PEM)
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,
    /// Trust whatever certificate the server shows
    #[arg(long, conflicts_with = "cacert")]
    insecure: bool,
    /// Name to ask for, and to find in the certificate [default: HOST]
    #[arg(long, value_name = "NAME")]
    sni: Option<String>,
    /// Certificate to show to the server (PEM)
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// Key of that certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
}

/// What is agreed on before there is a connection.
pub(crate) struct Tls {
    config: Arc<ClientConfig>,
    name: Option<String>,
}

impl TlsOptions {
    /// Whether more is said than that there is TLS.
    pub(crate) fn is_detailed(&self) -> bool {
        let files = [&self.cacert, &self.cert, &self.key];
        self.insecure || self.sni.is_some() || files.iter().any(|file| file.is_some())
    }

    pub(crate) fn prepare(&self) -> Result<Tls, Failure> {
        let wrong = |error: rustls::Error| Failure::Tls(error.to_string());
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(wrong)?;
        let builder = if self.insecure {
            let anybody = Arc::new(Anybody(provider));
            builder.dangerous().with_custom_certificate_verifier(anybody)
        } else {
            builder.with_root_certificates(self.roots()?)
        };
        let config = match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => {
                let key = PrivateKeyDer::from_pem_file(key).map_err(|error| at(key, error))?;
                builder.with_client_auth_cert(certificates(cert)?, key).map_err(wrong)?
            }
            _ => builder.with_no_client_auth(),
        };
        Ok(Tls { config: Arc::new(config), name: self.sni.clone() })
    }

    fn roots(&self) -> Result<RootCertStore, Failure> {
        let mut roots = RootCertStore::empty();
        match &self.cacert {
            Some(path) => {
                for certificate in certificates(path)? {
                    roots.add(certificate).map_err(|error| at(path, error))?;
                }
            }
            None => {
                // What cannot be read is not trusted; the server's own certificate will tell whether that matters.
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
        }
        Ok(roots)
    }
}

fn at(path: &Path, error: impl ToString) -> Failure {
    Failure::Certificates { path: path.to_owned(), what: error.to_string() }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let all = CertificateDer::pem_file_iter(path).map_err(|error| at(path, error))?;
    let all: Vec<_> = all.collect::<Result<_, _>>().map_err(|error| at(path, error))?;
    if all.is_empty() {
        return Err(at(path, "no certificate in it"));
    }
    Ok(all)
}

impl Tls {
    pub(crate) fn connection(&self, host: &str) -> io::Result<ClientConnection> {
        let name = self.name.as_deref().unwrap_or(host).to_owned();
        let name = ServerName::try_from(name).map_err(io::Error::other)?;
        ClientConnection::new(self.config.clone(), name).map_err(io::Error::other)
    }
}

/// Takes any certificate, for `--insecure`. That the server has its key is still checked.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, cert, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, cert, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
