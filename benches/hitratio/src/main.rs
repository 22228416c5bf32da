//! Miss ratios: trace × size × policy, beside Belady's optimum.
//!
//! Every request is "get, and insert on a miss", of entries that all weigh the same; the cache begins empty, and all
//! requests count. The policies are models of one thread over arrays; the crates are the real things.
//!
//! ```text
//! traces, synthetic ──► Trace (dense ids) ──► cells: trace × size × subject ──► report
//!                                               policy/*, peers
//! ```

mod cells;
mod peers;
mod policy;
mod report;
mod subjects;
mod synthetic;
mod trace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(version, about, args_override_self = true)]
struct Arguments {
    /// The directory with the traces (`*.csv`, `*.csv.zst`), and with `reference.csv` if there is one.
    #[arg(long)]
    traces: Option<PathBuf>,
    /// Only these subjects, separated by commas; a name ending in `*` stands for all that begin so.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// The table of the crates: Belady, LRU, and purekv, moka, quick_cache and foyer's S3-FIFO at 1 and 8 threads.
    #[arg(long, conflicts_with = "only")]
    crates: bool,
    /// Only these traces, separated by commas; `*` as above.
    #[arg(long, value_delimiter = ',')]
    traces_only: Vec<String>,
    /// Sizes in percent of a trace's different keys, separated by commas.
    #[arg(long, value_delimiter = ',', default_values_t = [0.1, 1.0, 10.0])]
    sizes: Vec<f64>,
    /// Generated workloads as well; without `--traces`, these alone.
    #[arg(long)]
    synthetic: bool,
    /// Cells that are computed at a time.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Also write the miss ratios here, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Print the names of all subjects, and do nothing else.
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hitratio: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let only = match arguments.crates {
        true => subjects::CRATES.map(str::to_owned).to_vec(),
        false => arguments.only.clone(),
    };
    let subjects = subjects::chosen(&only)?;
    if arguments.list {
        subjects.iter().for_each(|subject| println!("{:20} {}", subject.name, subject.about));
        return Ok(());
    }
    if arguments.traces.is_none() && !arguments.synthetic {
        return Err("nothing to replay: give --traces DIR, --synthetic, or both".into());
    }
    let mut sources = Vec::new();
    let mut reference = report::Reference::default();
    if let Some(directory) = &arguments.traces {
        sources.extend(trace::list(directory)?);
        reference = report::Reference::read(&directory.join("reference.csv"));
    }
    if arguments.synthetic {
        sources.extend(synthetic::list());
    }
    sources.retain(|source| subjects::matches(&arguments.traces_only, &source.name));
    if sources.is_empty() {
        return Err("no trace has a name that --traces-only asks for".into());
    }
    let results = cells::run(&sources, &arguments.sizes, &subjects, arguments.threads.max(1))?;
    print!("{}", report::text(&results, &subjects, &reference));
    match &arguments.json {
        Some(path) => std::fs::write(path, report::json(&results, &subjects))
            .map_err(|error| format!("{}: {error}", path.display())),
        None => Ok(()),
    }
}
