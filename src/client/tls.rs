//! TLS for both faces, by rustls with ring: chosen here and not by whatever provider the process has, so that no other crate of a build can take it away.

use std::io;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};

use super::address::Place;
use super::error::Error;

/// As they were given, in PEM.
#[derive(Clone, Default)]
pub(super) struct Certificates {
    pub(super) roots: Option<Vec<u8>>,
    /// Certificates and their key.
    pub(super) identity: Option<(Vec<u8>, Vec<u8>)>,
}

/// What every connection is made with.
pub(super) struct Tls {
    pub(super) config: Arc<ClientConfig>,
    pub(super) server: ServerName<'static>,
}

impl Tls {
    /// `None` where the address wants none.
    pub(super) fn new(
        place: &Place,
        certificates: &Certificates,
        address: &Arc<str>,
    ) -> Result<Option<Self>, Error> {
        let Place::Tcp { host, tls: true, .. } = place else {
            return Ok(None);
        };
        let failed = |reason| Error::Tls { address: address.clone(), reason };
        let server =
            ServerName::try_from(host.clone()).map_err(|error| failed(error.to_string()))?;
        let config = config(certificates).map_err(failed)?;
        Ok(Some(Self { config: Arc::new(config), server }))
    }
}

fn config(certificates: &Certificates) -> Result<ClientConfig, String> {
    let roots = match &certificates.roots {
        Some(pem) => given_roots(pem)?,
        None => system_roots()?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots);
    let Some((chain, key)) = &certificates.identity else {
        return Ok(config.with_no_client_auth());
    };
    let chain = pem(chain).map_err(|error| format!("our certificate: {error}"))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| format!("our key: {error}"))?;
    config.with_client_auth_cert(chain, key).map_err(|error| format!("our certificate: {error}"))
}

fn pem(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err("no certificate in it".to_owned()),
        other => other.map_err(|error| error.to_string()),
    }
}

fn given_roots(given: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in pem(given).map_err(|error| format!("roots: {error}"))? {
        roots.add(certificate).map_err(|error| format!("roots: {error}"))?;
    }
    Ok(roots)
}

/// Those of the system that can be used; there is always one that cannot.
fn system_roots() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable > 0 {
        return Ok(roots);
    }
    let errors: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
    Err(format!("the system has no certificates to trust ({}); see `tls_roots`", errors.join(", ")))
}

/// What TLS says, as an error of a connection.
pub(super) fn error(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
