//! Latencies as HdrHistogram's tools print and plot them.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use hdrhistogram::Histogram;

use super::error::LoadError;
use super::plan::Plan;
use super::report::{Found, merged};
use crate::output::Output;

/// Of each target and command a file.
pub(crate) fn write_all(prefix: &Path, plan: &Plan, found: &Found<'_>) -> Result<(), LoadError> {
    for (site, runs) in found {
        let tally = merged(runs, plan.operations.len());
        for ((operation, _), counts) in plan.operations.iter().zip(&tally.counts) {
            let path = name(prefix, &site.name, &operation.name());
            let written = Output::open(Some(&path)).and_then(|mut out| {
                write(&counts.latency, &mut out)?;
                out.finish()
            });
            written.map_err(|source| LoadError::Output { path, source })?;
        }
    }
    Ok(())
}

fn name(prefix: &Path, target: &str, command: &str) -> PathBuf {
    let mut name = prefix.as_os_str().to_owned();
    name.push(format!(".{target}.{command}.hgrm"));
    name.into()
}

/// In milliseconds.
fn write(latency: &Histogram<u64>, out: &mut impl Write) -> io::Result<()> {
    let millis = |nanos: f64| nanos / 1e6;
    writeln!(
        out,
        "{:>12} {:>14} {:>10} {:>14}\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    )?;
    let mut count = 0;
    for step in latency.iter_quantiles(5) {
        count += step.count_since_last_iteration();
        let value = millis(step.value_iterated_to() as f64);
        let quantile = step.quantile_iterated_to();
        write!(out, "{value:>12.6} {quantile:>14.12} {count:>10}")?;
        match quantile {
            quantile if quantile < 1.0 => writeln!(out, " {:>14.2}", 1.0 / (1.0 - quantile))?,
            _ => writeln!(out)?,
        }
    }
    let (mean, deviation) = (millis(latency.mean()), millis(latency.stdev()));
    writeln!(out, "#[Mean    = {mean:>12.6}, StdDeviation   = {deviation:>12.6}]")?;
    let (max, total) = (millis(latency.max() as f64), latency.len());
    writeln!(out, "#[Max     = {max:>12.6}, Total count    = {total:>12}]")?;
    let buckets = latency.buckets();
    writeln!(out, "#[Buckets = {buckets:>12}, SubBuckets     = {:>12}]", 2048)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_values_are_counted_once() {
        let mut latency = super::super::tally::histogram();
        (1..=1000).for_each(|micros| latency.saturating_record(micros * 1000));
        let mut out = Vec::new();
        write(&latency, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let is_row = |line: &&str| !line.is_empty() && !line.starts_with('#');
        let rows: Vec<_> = text.lines().skip(1).filter(is_row).collect();
        assert!(rows.len() > 20, "{text}");
        let last: Vec<_> = rows.last().unwrap().split_whitespace().collect();
        assert_eq!((last.len(), last[2]), (3, "1000"), "{text}");
        assert!(text.contains("Total count    =         1000]"), "{text}");
        assert_eq!(name(Path::new("a/b"), "redis", "get"), Path::new("a/b.redis.get.hgrm"));
    }
}
