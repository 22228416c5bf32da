//! What `purekv bench server` takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use purekv::replay::TtlChoice;

use super::operation::Command;
use super::schedule::Arrivals;
use super::sizes::Sizes;
use super::target::Target;
use super::work::Protocol;

/// Measure servers that speak RESP or memcached's text protocol, side by side.
///
/// Each reply is checked: that it is of the right kind, and that a value is one that was written to this very key. An error or a wrong value
/// ends the run, without figures. Several targets take turns. Without --rate each connection sends its next request when a reply has come (closed
/// loop); with --rate requests are meant to begin at given instants, and latencies count from these (open loop).
#[derive(Args, Debug)]
pub(crate) struct Server {
    /// Server to measure, several times for a comparison: HOST:PORT or unix:PATH, and what the table is to call it
    #[arg(long = "target", required = true, value_name = "[NAME=]HOST:PORT")]
    pub(crate) targets: Vec<Target>,
    /// Protocol [default: the server is asked]
    #[arg(long)]
    pub(crate) protocol: Option<ProtocolChoice>,
    /// User, for servers that have several
    #[arg(long, requires = "password")]
    pub(crate) user: Option<String>,
    /// Password
    #[arg(long, env = "PUREKV_PASSWORD", hide_env_values = true)]
    pub(crate) password: Option<String>,
    /// Connections to each target
    #[arg(short, long, default_value = "50", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) connections: u32,
    /// Threads that share the connections [default: half as many as there are processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Requests of a connection that may be under way
    #[arg(short = 'P', long, default_value = "1", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) pipeline: u32,
    /// Requests of each run [default: as many as there are in --duration]
    #[arg(short = 'n', long, value_name = "N", conflicts_with = "duration", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) requests: Option<u64>,
    /// Length of each run
    #[arg(long, default_value = "10s", value_parser = time)]
    pub(crate) duration: Duration,
    /// Load before each run that is not counted
    #[arg(long, default_value = "1s", value_name = "DURATION", value_parser = time)]
    pub(crate) warmup: Duration,
    /// Requests a second, of all connections (open loop) [default: as many as are answered]
    #[arg(long, value_name = "R", value_parser = rate)]
    pub(crate) rate: Option<f64>,
    /// How requests follow each other at a rate
    #[arg(long, default_value = "poisson", requires = "rate")]
    pub(crate) arrivals: Arrivals,
    /// Different keys
    #[arg(long, default_value = "1000000", value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) keys: u64,
    /// Ask for the k-th key in proportion to 1 / k^S; 0 is uniform
    #[arg(long, default_value = "0", value_name = "S", allow_negative_numbers = true, value_parser = exponent)]
    pub(crate) zipf: f64,
    /// What each key begins with
    #[arg(long, default_value = "key:", value_name = "TEXT")]
    pub(crate) key_prefix: String,
    /// Bytes of a key, the prefix among them
    #[arg(long, default_value = "16", value_name = "BYTES", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) key_size: u16,
    /// mixed (gets and sets), get, set, incr, mget, mset, ping, or any command with __key__ and __data__ in it
    #[arg(long, default_value = "mixed")]
    pub(crate) command: Command,
    /// Gets to sets of "mixed"
    #[arg(long, default_value = "9:1", value_name = "GET:SET", value_parser = ratio)]
    pub(crate) ratio: (u32, u32),
    /// Keys of an mget or mset
    #[arg(long, default_value = "10", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) keys_per_command: u16,
    /// Time-to-live of what is set: none, a duration, or MIN..MAX
    #[arg(long, default_value = "none")]
    pub(crate) ttl: TtlChoice,
    /// Bytes of a value: a number, MIN..MAX, or SIZE:WEIGHT,SIZE:WEIGHT,…
    #[arg(short = 'd', long, default_value = "64", value_name = "BYTES")]
    pub(crate) value_size: Sizes,
    /// Write all keys first: the default where the command reads or writes them
    #[arg(long, conflicts_with = "no_fill")]
    pub(crate) fill: bool,
    /// Do not write all keys first: values may be there that another run has written
    #[arg(long)]
    pub(crate) no_fill: bool,
    /// Runs of each target, in turn; the table shows median (min–max)
    #[arg(long, default_value = "1", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) repeat: u16,
    /// A run has failed when nothing comes for so long
    #[arg(long, default_value = "30s", value_name = "DURATION", value_parser = time)]
    pub(crate) timeout: Duration,
    /// Process of the server, for each target in their order [default: the one that listens there]
    #[arg(long, value_name = "PID")]
    pub(crate) pid: Vec<u32>,
    /// Seed of what is random
    #[arg(long, default_value = "1")]
    pub(crate) seed: u64,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the latencies of each target and command to PREFIX.TARGET.COMMAND.hgrm, as HdrHistogram's tools read them
    #[arg(long, value_name = "PREFIX")]
    pub(crate) hgrm: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ProtocolChoice {
    /// RESP2
    Resp,
    Resp3,
    /// memcached's text protocol
    Memcached,
}

impl From<ProtocolChoice> for Protocol {
    fn from(choice: ProtocolChoice) -> Self {
        match choice {
            ProtocolChoice::Resp => Self::Resp2,
            ProtocolChoice::Resp3 => Self::Resp3,
            ProtocolChoice::Memcached => Self::Memcached,
        }
    }
}

impl Server {
    /// What is wrong with the arguments as a whole.
    pub(crate) fn misuse(&self) -> Option<&'static str> {
        if !self.pid.is_empty() && self.pid.len() != self.targets.len() {
            return Some("--pid: one for each --target");
        }
        if self.ttl == TtlChoice::Trace {
            return Some("--ttl trace is for `purekv replay`");
        }
        if usize::from(self.threads.unwrap_or(1)) > self.connections as usize {
            return Some("a thread needs a connection: more --connections or fewer --threads");
        }
        None
    }
}

/// "10s", "1m 30s", or a number of seconds.
fn time(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let time = match seconds {
        Some(time) => time,
        None => humantime::parse_duration(text).map_err(|error| error.to_string())?,
    };
    // Nanoseconds of it, and of a few more, fit in 64 bits.
    match time.as_secs() {
        0..=31_536_000 => Ok(time),
        _ => Err("more than a year".to_owned()),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (1e-3..=1e8).contains(&rate) => Ok(rate),
        _ => Err("expected requests a second, at most 100 million".to_owned()),
    }
}

fn exponent(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(exponent) if exponent.is_finite() && exponent >= 0.0 => Ok(exponent),
        _ => Err("expected a number from 0".to_owned()),
    }
}

fn ratio(text: &str) -> Result<(u32, u32), String> {
    let pair = text.split_once(':').and_then(|(gets, sets)| {
        // Small enough that nobody can overflow their sum.
        let part = |text: &str| text.parse::<u16>().ok().map(u32::from);
        Some((part(gets)?, part(sets)?))
    });
    pair.filter(|(gets, sets)| gets + sets > 0).ok_or("expected GET:SET, as in 9:1".to_owned())
}
