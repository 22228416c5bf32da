//! purekv beside today's concurrent maps and caches.
//!
//! Each subcommand is one workload. It runs all subjects in turn, over and over, in one process (or each in a child process of
//! its own, where memory is what is measured), checks that what was read is what was written, and prints a table
//! of medians with their spread.

mod alloc;
mod keys;
mod latencies;
mod machine;
mod options;
mod report;
mod run;
mod subjects;
mod ticks;
mod workload;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

#[derive(Parser)]
#[command(version, about, args_override_self = true)]
struct Arguments {
    #[command(subcommand)]
    workload: Workload,
}

#[derive(Subcommand)]
enum Workload {
    /// Operations per second of reading what is there.
    Get(workload::get::Arguments),
    /// Batches of 32 gets against single gets.
    Batch(workload::batch::Arguments),
    /// Operations per second of gets and inserts.
    Mixed(workload::mixed::Arguments),
    /// Latency percentiles of single operations, with more threads than cores.
    Latency(workload::latency::Arguments),
    /// A million entries due at one instant, under traffic.
    MassExpiry(workload::mass_expiry::Arguments),
    /// How late a thousand due entries go while a million others are not due.
    ExpiryLag(workload::expiry_lag::Arguments),
    /// Bytes per entry beyond its key and value.
    Memory(workload::memory::Arguments),
    /// Growing from empty: the longest insert, the peak of memory.
    Growth(workload::growth::Arguments),
    /// Ever-new keys at constant size: memory and speed over time.
    Churn(workload::churn::Arguments),
    /// Ever-new keys into a full cache, which evicts: speed.
    BoundedChurn(workload::bounded_churn::Arguments),
    /// A cache that is given so many bytes: what it takes.
    MaxMemory(workload::max_memory::Arguments),
    /// A plain loop, for instruction counts; see `benches/instructions.sh`.
    Single(workload::single::Arguments),
    /// The names of all subjects.
    Subjects {
        /// Of those that can be bounded.
        #[arg(long)]
        bounded: bool,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().workload {
        Workload::Get(arguments) => workload::get::run(&arguments),
        Workload::Batch(arguments) => workload::batch::run(&arguments),
        Workload::Mixed(arguments) => workload::mixed::run(&arguments),
        Workload::Latency(arguments) => workload::latency::run(&arguments),
        Workload::MassExpiry(arguments) => workload::mass_expiry::run(&arguments),
        Workload::ExpiryLag(arguments) => workload::expiry_lag::run(&arguments),
        Workload::Memory(arguments) => workload::memory::run(&arguments),
        Workload::Growth(arguments) => workload::growth::run(&arguments),
        Workload::Churn(arguments) => workload::churn::run(&arguments),
        Workload::BoundedChurn(arguments) => workload::bounded_churn::run(&arguments),
        Workload::MaxMemory(arguments) => workload::max_memory::run(&arguments),
        Workload::Single(arguments) => workload::single::run(&arguments),
        Workload::Subjects { bounded } => {
            let names = subjects::NAMES.iter().filter(|name| !bounded || subjects::bounds(name));
            names.for_each(|name| println!("{name}"));
            Ok(())
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}
