//! What `purekv serve` can be told, on the command line, by the environment, and in a file.
//!
//! All three have the same names; what is said in a place further to the left of that list wins. Options that nobody gives stay None here, so that
//! one place knows the defaults: `run`.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Deserialize;

use super::units::{Seconds, Size};

/// Serves a store to Redis clients.
///
/// Each option can also be given by the environment (PUREKV_PORT for --port), or in a TOML file (--config) under its own name: `port = 6666`. The command line wins
/// over the environment, and that over the file.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[command(next_help_heading = "Network")]
pub(crate) struct Options {
    /// A TOML file with these options
    #[arg(long, value_name = "FILE", env = "PUREKV_CONFIG", help_heading = "General")]
    #[serde(skip)]
    pub(crate) config: Option<PathBuf>,

    /// TCP port; 0 for any that is free; "none" for no TCP [default: 6666]
    #[arg(short, long, value_name = "PORT", env = "PUREKV_PORT")]
    pub(crate) port: Option<Port>,
    /// Addresses to listen at [default: 127.0.0.1 and ::1]
    #[arg(long, value_name = "IP", env = "PUREKV_BIND", value_delimiter = ',', num_args = 1..)]
    pub(crate) bind: Option<Vec<IpAddr>>,
    /// A unix socket to listen at
    #[arg(long, value_name = "PATH", env = "PUREKV_UNIX_SOCKET")]
    pub(crate) unix_socket: Option<PathBuf>,
    /// Its permissions, in octal [default: as the umask has it]
    #[arg(long, value_name = "MODE", env = "PUREKV_UNIX_SOCKET_PERM")]
    pub(crate) unix_socket_perm: Option<String>,
    /// Whether clients from elsewhere are refused as long as there is no password [default: yes]
    #[arg(long, value_name = "YES|NO", env = "PUREKV_PROTECTED_MODE")]
    pub(crate) protected_mode: Option<Switch>,
    /// Clients at once [default: 10000]
    #[arg(long, value_name = "N", env = "PUREKV_MAX_CLIENTS", alias = "maxclients")]
    pub(crate) max_clients: Option<usize>,
    /// Closes clients that have said nothing for so long: seconds, or "5m"; 0 for never [default: 0]
    #[arg(long, value_name = "TIME", env = "PUREKV_TIMEOUT")]
    pub(crate) timeout: Option<Seconds>,
    /// Password that clients have to give
    #[arg(
        long,
        value_name = "PASSWORD",
        env = "PUREKV_REQUIRE_PASS",
        alias = "requirepass",
        hide_env_values = true
    )]
    pub(crate) require_pass: Option<String>,
    /// Threads that serve [default: one for each processor]
    #[arg(short, long, value_name = "N", env = "PUREKV_THREADS")]
    pub(crate) threads: Option<usize>,

    /// TCP port for TLS; 0 for any that is free
    #[arg(long, value_name = "PORT", env = "PUREKV_TLS_PORT", help_heading = "TLS")]
    pub(crate) tls_port: Option<u16>,
    /// Certificate chain, PEM
    #[arg(long, value_name = "FILE", env = "PUREKV_TLS_CERT_FILE", help_heading = "TLS")]
    pub(crate) tls_cert_file: Option<PathBuf>,
    /// Its private key, PEM
    #[arg(long, value_name = "FILE", env = "PUREKV_TLS_KEY_FILE", help_heading = "TLS")]
    pub(crate) tls_key_file: Option<PathBuf>,
    /// Authorities whose certificates clients must show, PEM [default: clients show none]
    #[arg(long, value_name = "FILE", env = "PUREKV_TLS_CA_CERT_FILE", help_heading = "TLS")]
    pub(crate) tls_ca_cert_file: Option<PathBuf>,

    /// Shards of the table at the start; it grows by itself
    #[arg(long, value_name = "N", env = "PUREKV_SHARDS", help_heading = "Store")]
    pub(crate) shards: Option<usize>,
    /// How often what is due is removed: milliseconds; 0 for never (due entries are absent all the same) [default: 1]
    #[arg(
        long,
        value_name = "MS",
        env = "PUREKV_TTL_GARBAGE_TIMEOUT",
        alias = "ttl_garbage_timeout",
        help_heading = "Store"
    )]
    #[serde(alias = "ttl_garbage_timeout")]
    pub(crate) ttl_garbage_timeout: Option<u64>,
    /// Memory for entries, as "256mb"; what is worth least goes when it is full [default: no bound]
    #[arg(
        long,
        value_name = "SIZE",
        env = "PUREKV_MAX_MEMORY",
        alias = "maxmemory",
        help_heading = "Store"
    )]
    pub(crate) max_memory: Option<Size>,
    /// Entries at most, instead of a bound on memory [default: no bound]
    #[arg(long, value_name = "N", env = "PUREKV_MAX_ENTRIES", help_heading = "Store")]
    pub(crate) max_entries: Option<u64>,

    /// Dump file: read at the start, written at the end and by SAVE and BGSAVE
    #[arg(long, value_name = "PATH", env = "PUREKV_DUMP", help_heading = "Dump")]
    pub(crate) dump: Option<PathBuf>,
    /// How it is read: "warm" serves at once, and entries come into memory as they are asked for and in the background; "load" loads all before anybody is served [default: warm]
    #[arg(long, value_name = "HOW", env = "PUREKV_DUMP_START", help_heading = "Dump")]
    pub(crate) dump_start: Option<DumpStart>,
    /// How often it is written, if anything has changed: seconds, or "5m"; 0 for never [default: 0]
    #[arg(long, value_name = "TIME", env = "PUREKV_SAVE_INTERVAL", help_heading = "Dump")]
    pub(crate) save_interval: Option<Seconds>,

    /// Serves figures for Prometheus at http://ADDR/metrics
    #[arg(long, value_name = "ADDR", env = "PUREKV_METRICS", help_heading = "General")]
    pub(crate) metrics: Option<SocketAddr>,
    /// What is logged to standard error [default: info]
    #[arg(long, value_name = "LEVEL", env = "PUREKV_LOG_LEVEL", help_heading = "General")]
    pub(crate) log_level: Option<LogLevel>,
    /// Whether DEBUG is allowed [default: no]
    #[arg(
        long,
        value_name = "YES|NO",
        env = "PUREKV_ENABLE_DEBUG_COMMAND",
        help_heading = "General"
    )]
    pub(crate) enable_debug_command: Option<Switch>,
}

/// A port, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Port {
    At(u16),
    None,
}

impl std::str::FromStr for Port {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self::None);
        }
        let port = text
            .parse()
            .map_err(|_| format!("{text:?} is no port (0 to 65535), and not \"none\""))?;
        Ok(Self::At(port))
    }
}

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::units::word_or_number(deserializer)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Switch {
    #[serde(alias = "true")]
    Yes,
    #[serde(alias = "false")]
    No,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DumpStart {
    Warm,
    Load,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl Options {
    /// What was said, with what the file says where nobody else has.
    pub(crate) fn with_file(self) -> Result<Self, String> {
        let all = match &self.config {
            None => self,
            Some(path) => {
                let file = Self::read(path)?;
                self.or(file)
            }
        };
        match () {
            () if all.max_memory.is_some() && all.max_entries.is_some() => {
                Err("--max-memory and --max-entries are two bounds, and there can be one"
                    .to_owned())
            }
            () if all.save_interval.is_some() && all.dump.is_none() => {
                Err("--save-interval needs --dump".to_owned())
            }
            () => Ok(all),
        }
    }

    fn read(path: &Path) -> Result<Self, String> {
        let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = fs::read_to_string(path).map_err(|error| told(&error))?;
        toml::from_str(&text).map_err(|error| told(&error))
    }

    fn or(self, file: Self) -> Self {
        macro_rules! either {
            ($($name:ident),+ $(,)?) => { Self { $($name: self.$name.or(file.$name)),+ } };
        }
        either!(
            config,
            port,
            bind,
            unix_socket,
            unix_socket_perm,
            protected_mode,
            max_clients,
            timeout,
            require_pass,
            threads,
            tls_port,
            tls_cert_file,
            tls_key_file,
            tls_ca_cert_file,
            shards,
            ttl_garbage_timeout,
            max_memory,
            max_entries,
            dump,
            dump_start,
            save_interval,
            metrics,
            log_level,
            enable_debug_command,
        )
    }
}
