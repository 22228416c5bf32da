//! Dump files, by what their users see of them. What needs a look inside is tested there: `src/snapshot/tests`.

#[path = "dump/by_hand.rs"]
mod by_hand;
#[path = "dump/damage.rs"]
mod damage;
#[path = "dump/files.rs"]
mod files;
#[path = "support/folder.rs"]
mod folder;
#[cfg(target_os = "linux")]
#[path = "dump/full.rs"]
mod full;
#[path = "dump/huge.rs"]
mod huge;
#[path = "dump/kill.rs"]
mod kill;
#[path = "dump/load.rs"]
mod load;
#[path = "dump/old.rs"]
mod old;
#[cfg(feature = "dump-zstd")]
#[path = "dump/packed.rs"]
mod packed;
#[path = "dump/periodic.rs"]
mod periodic;
#[path = "dump/policy.rs"]
mod policy;
#[cfg(unix)]
#[path = "dump/pulled.rs"]
mod pulled;
#[path = "support/random.rs"]
#[allow(dead_code, reason = "not all of it is needed")]
mod random;
#[path = "dump/round_trip.rs"]
mod round_trip;
#[path = "dump/traffic.rs"]
mod traffic;
#[path = "dump/types.rs"]
mod types;
