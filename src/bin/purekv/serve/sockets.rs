//! Where the server listens.

use std::fs;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use purekv::server::net::Listener;

use super::options::{Options, Port};
use super::tls;

const PORT: u16 = 6666;
/// Descriptors that are not clients': listeners, files, what threads wait with.
const OWN_DESCRIPTORS: u64 = 64;

/// The sockets, and what they are called.
#[derive(Default)]
pub(crate) struct Sockets {
    pub(crate) listeners: Vec<Listener>,
    pub(crate) places: Vec<String>,
    /// The TCP port; 0: none.
    pub(crate) port: u16,
    pub(crate) addresses: Vec<String>,
    /// A socket in the file system; it goes with this.
    pub(crate) path: Option<SocketFile>,
}

impl Sockets {
    pub(crate) fn open(options: &Options) -> Result<Self, String> {
        let mut sockets = Self::default();
        if let Port::At(port) = options.port.unwrap_or(Port::At(PORT)) {
            let bound = sockets.bind(options, port, |listener| listener)?;
            sockets.port = bound;
        }
        if let Some(port) = options.tls_port {
            let (Some(certificate), Some(key)) = (&options.tls_cert_file, &options.tls_key_file)
            else {
                return Err("--tls-port needs --tls-cert-file and --tls-key-file".to_owned());
            };
            let authorities = options.tls_ca_cert_file.as_deref();
            let config = tls::server_config(certificate, key, authorities)?;
            sockets.bind(options, port, |listener| listener.tls(config.clone()))?;
        }
        if let Some(path) = &options.unix_socket {
            sockets.bind_unix(path, options.unix_socket_perm.as_deref())?;
        }
        if sockets.listeners.is_empty() {
            return Err(
                "nowhere to listen: --port none, and no --tls-port or --unix-socket".to_owned()
            );
        }
        Ok(sockets)
    }

    fn bind(
        &mut self,
        options: &Options,
        mut port: u16,
        dress: impl Fn(Listener) -> Listener,
    ) -> Result<u16, String> {
        let home = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        let addresses = options.bind.as_deref().unwrap_or(&home);
        for (place, &ip) in addresses.iter().enumerate() {
            let address = SocketAddr::new(ip, port);
            match Listener::bind(address) {
                Ok(listener) => {
                    // The first one finds the port for all.
                    port = listener.local_addr().map_or(port, |address| address.port());
                    let listener = dress(listener);
                    self.places.push(listener.to_string());
                    self.addresses.push(ip.to_string());
                    self.listeners.push(listener);
                }
                // Not every machine has IPv6, and nobody has asked for it.
                Err(_) if options.bind.is_none() && place > 0 => {}
                Err(error) => return Err(format!("cannot listen at {address}: {error}")),
            }
        }
        Ok(port)
    }

    #[cfg(unix)]
    fn bind_unix(&mut self, path: &Path, permissions: Option<&str>) -> Result<(), String> {
        use std::os::unix::fs::{FileTypeExt, PermissionsExt};
        use std::os::unix::net::{UnixListener, UnixStream};

        let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        // What a server has left that is no more. One that is there is left alone, and so is any other file: it, too, refuses connections.
        if path.symlink_metadata().is_ok_and(|found| found.file_type().is_socket())
            && let Err(error) = UnixStream::connect(path)
            && error.kind() == ErrorKind::ConnectionRefused
        {
            fs::remove_file(path).map_err(|error| told(&error))?;
        }
        let listener = UnixListener::bind(path).map_err(|error| told(&error))?;
        self.path = Some(SocketFile(path.to_owned()));
        if let Some(text) = permissions {
            let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
            let mode =
                mode.ok_or_else(|| format!("--unix-socket-perm {text:?} is no octal mode"))?;
            let permissions = fs::Permissions::from_mode(mode);
            fs::set_permissions(path, permissions).map_err(|error| told(&error))?;
        }
        let listener = Listener::unix(listener).map_err(|error| told(&error))?;
        self.places.push(path.display().to_string());
        self.listeners.push(listener);
        Ok(())
    }

    #[cfg(not(unix))]
    fn bind_unix(&mut self, path: &Path, _: Option<&str>) -> Result<(), String> {
        Err(format!("{}: this system has no unix sockets", path.display()))
    }
}

/// A client takes a descriptor, and the system's first limit is often 1024.
pub(crate) fn make_room(clients: usize) {
    let wanted = clients as u64 + OWN_DESCRIPTORS;
    match rlimit::increase_nofile_limit(wanted) {
        Ok(most) if most < wanted => {
            tracing::warn!(
                most,
                wanted,
                "the system allows fewer descriptors than clients may come"
            );
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, wanted, "cannot ask for descriptors"),
    }
}

/// A socket's file, which is removed at the end.
pub(crate) struct SocketFile(pub(crate) PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Whoever has removed it already was faster.
        let _ = fs::remove_file(&self.0);
    }
}
