//! A report of invented figures with all that a report can have: every shape and scale, many subjects, long names, gaps, failures, noise.

use crate::bench::keys::Random;
use crate::bench::report::{
    Axis, Better, Chart, Failure, Machine, Report, RowName, Scale, Section, Series,
};
use crate::bench::subjects::NAMES;

/// Million operations a second of one thread, by subject; there are as many as names.
const SPEED: [f64; 13] =
    [24.0, 23.0, 27.5, 25.9, 4.1, 18.0, 14.2, 16.0, 21.5, 3.3, 9.8, 5.2, 168.0];

/// Deterministic noise around 1.
struct Noise(Random);

impl Noise {
    fn around(&mut self, width: f64) -> f64 {
        1.0 + (self.0.unit() - 0.5) * width
    }
}

pub(super) fn report() -> Report {
    let mut noise = Noise(Random::new(6));
    let noise = &mut noise;
    Report {
        version: "0.1.0".into(),
        command: "purekv bench --quick --only throughput,latency,size,memory".into(),
        began: "2026-11-28T04:00:00Z".into(),
        seconds: 134.6,
        effort: "quick".into(),
        machine: Machine {
            cpu: "Example CPU @ 2.70GHz <&>".into(),
            cores: 2,
            memory: 8_300_000_000,
            kernel: "6.1.0".into(),
            huge_pages: "madvise".into(),
            rustc: "rustc 1.92.0".into(),
            allocator: "mimalloc".into(),
            versions: [("papaya", "0.2.5"), ("dashmap", "6.2.1"), ("scc", "3.8.8")]
                .map(|(name, version)| (name.to_owned(), version.to_owned()))
                .into(),
        },
        sections: vec![
            throughput(noise),
            latency(noise),
            sizes(noise),
            memory(noise),
            time_line(noise),
            odd(noise),
            skipped(),
        ],
    }
}

fn section(name: &str, title: &str, about: &str) -> Section {
    Section {
        name: name.into(),
        title: title.into(),
        about: about.into(),
        command: format!("purekv bench --only {name} --quick"),
        ..Section::default()
    }
}

/// Small multiples, few points, all who take part.
fn throughput(noise: &mut Noise) -> Section {
    let mut section = section(
        "throughput",
        "Throughput by threads",
        "How many operations a second do 1 to 8 threads complete together?\n\nEvery thread draws keys by zipf (0.99) from a sequence made beforehand; values are 64 bytes, `get` reads both ends of each.",
    );
    for (chart, keys, share) in
        [("tp-small", "10 k", 100), ("tp-mixed", "10 k", 95), ("tp-large", "2 M", 50)]
    {
        let title = format!("{keys} keys, {share} % gets");
        let x = Axis::new("threads", Scale::Steps);
        let y = Axis::new("million operations a second", Scale::Linear);
        section.charts.push(Chart::lines(chart, &title, x, y));
        for threads in [1.0, 2.0, 4.0, 8.0] {
            let row = RowName::new(format!("{title}, {threads} threads"), "M/s", Better::Higher)
                .on(chart, threads);
            for (subject, speed) in NAMES.iter().zip(SPEED) {
                let gain = match (*subject, chart) {
                    ("baseline", _) => 0.9,
                    // A row or two that we lose.
                    ("scc-index", "tp-large") => f64::min(threads, 2.4),
                    _ => f64::min(threads, 2.0),
                };
                for _ in 0..5 {
                    let busy = if threads == 8.0 && chart == "tp-large" { 0.91 } else { 0.985 };
                    section.sample(
                        &row,
                        subject,
                        speed * gain * noise.around(0.09),
                        Some(busy * noise.around(0.01)),
                    );
                }
            }
        }
    }
    section.note("Keys are 16 to 32 bytes long. `none` is the loop without a store: what the bench itself takes.");
    section
}

/// Percentile curves over logarithmic time.
fn latency(noise: &mut Noise) -> Section {
    let mut section =
        section("latency", "Latency", "How long does a single operation take, up to the longest?");
    for kind in ["get", "insert"] {
        let x = Axis::new("quantile", Scale::Nines);
        let y = Axis::new("nanoseconds", Scale::Log);
        let chart = format!("latency-{kind}");
        section.charts.push(Chart::lines(&chart, format!("{kind}s, 4 threads"), x, y));
        for (subject, speed) in NAMES.iter().zip(SPEED) {
            for nines in 0..36 {
                let nines = f64::from(nines) / 6.0;
                let nanos = 900.0 / speed * 10_f64.powf(nines * nines / 9.0);
                for _ in 0..3 {
                    section.point(
                        &chart,
                        subject,
                        1.0 - 10_f64.powf(-nines),
                        nanos * noise.around(0.3),
                    );
                }
            }
        }
    }
    section
}

/// Both axes logarithmic, names on one of them.
fn sizes(noise: &mut Noise) -> Section {
    let mut section =
        section("size", "From cache to memory", "What does the size of the table cost?");
    let x = Axis::new("keys", Scale::Log)
        .named(100.0, "100, in L1")
        .named(1e4, "10 k, in L2")
        .named(1e7, "10 M, in memory");
    let y = Axis::new("nanoseconds a get", Scale::Linear);
    section.charts.push(Chart::lines("size", "gets, one thread", x, y));
    for (index, keys) in [1e2, 1e3, 1e4, 1e5, 1e6, 1e7].into_iter().enumerate() {
        let row = RowName::new(format!("{keys} keys"), "ns", Better::Lower).on("size", keys);
        for (subject, speed) in NAMES.iter().zip(SPEED).take(4 + 3 * (index + 1)) {
            for _ in 0..3 {
                section.sample(
                    &row,
                    subject,
                    300.0 / speed * (1.0 + index as f64 / 2.0) * noise.around(0.8),
                    Some(0.99),
                );
            }
        }
    }
    section
}

/// Grouped bars, and bars of names too long to stand beside them.
fn memory(noise: &mut Noise) -> Section {
    let mut section = section(
        "memory",
        "Memory of an entry",
        "Beyond key and value, how many bytes does an entry take?",
    );
    let x = Axis::new("", Scale::Steps).named(0.0, "allocated").named(1.0, "resident");
    section.charts.push(Chart::bars(
        "memory",
        "bytes beside key and value",
        x,
        Axis::new("bytes", Scale::Linear),
    ));
    for (place, name) in [(0.0, "allocated"), (1.0, "resident")] {
        let row = RowName::new(name, "B", Better::Lower).on("memory", place);
        for (subject, speed) in NAMES.iter().zip(SPEED) {
            for _ in 0..3 {
                section.sample(
                    &row,
                    subject,
                    1400.0 / speed * (1.0 + place / 5.0) * noise.around(0.1),
                    Some(0.99),
                );
            }
        }
    }
    let x = Axis::new("connections", Scale::Steps);
    section.charts.push(Chart::bars(
        "servers",
        "Requests a second of servers, as they come and as their documentation advises",
        x,
        Axis::new("requests a second", Scale::Linear),
    ));
    for (subject, rate) in [
        ("purekv", 412_000.0),
        ("redis 8.0, io-threads 4", 287_000.0),
        ("memcached 1.6, four threads", 398_000.0),
    ] {
        for connections in [1.0, 50.0, 1000.0] {
            for _ in 0..3 {
                section.point(
                    "servers",
                    subject,
                    connections,
                    rate * connections / (connections + 5.0) * noise.around(0.05),
                );
            }
        }
    }
    section
}

/// Hundreds of points, marks, gaps.
fn time_line(noise: &mut Noise) -> Section {
    let mut section =
        section("mass-expiry", "A million entries due at once", "What happens at the instant?");
    let x = Axis::new("milliseconds after the instant", Scale::Linear);
    let speed = Chart::lines(
        "expiry-speed",
        "traffic",
        x.clone(),
        Axis::new("million operations a second", Scale::Linear),
    );
    section.charts.push(speed.marked(0.0, "due").marked(260.0, "last one gone"));
    section.charts.push(
        Chart::lines("expiry-stall", "longest operation", x, Axis::new("microseconds", Scale::Log))
            .marked(0.0, "due"),
    );
    for (subject, rate) in [("store", 21.0), ("cache", 20.0), ("baseline", 3.8), ("moka", 3.1)] {
        for slot in -20..60 {
            let x = f64::from(slot) * 50.0;
            let hit = if (0.0..400.0).contains(&x) {
                if subject == "baseline" { 0.02 } else { 0.8 }
            } else {
                1.0
            };
            for _ in 0..3 {
                section.point("expiry-speed", subject, x, rate * hit * noise.around(0.1));
                section.point(
                    "expiry-stall",
                    subject,
                    x,
                    40.0 / rate / hit / hit * noise.around(0.6),
                );
            }
        }
    }
    section
}

/// All that is not as it should be.
fn odd(noise: &mut Noise) -> Section {
    let mut section = section("odd", "Oddities <b>& more</b>", "What cannot be drawn?");
    let axis = |label: &str, scale| Axis::new(label, scale);
    let mut gaps = Chart::lines(
        "gaps",
        "Gaps, a series of one point, an empty one, and a title that is so long that it does not fit into one line",
        axis("step", Scale::Linear),
        axis("value", Scale::Log),
    );
    gaps.series.push(Series { subject: "empty".into(), points: vec![] });
    section.charts.push(gaps);
    for step in 0..8 {
        let x = f64::from(step);
        section.point("gaps", "store", x, if step == 3 { 0.0 } else { 10_f64.powf(x - 2.5) });
        section.point(
            "gaps",
            "papaya",
            x,
            if step == 5 { f64::NAN } else { 10.0 * noise.around(0.9) },
        );
    }
    section.point("gaps", "moka", 4.0, 700.0);
    section.charts.push(Chart::lines(
        "legend",
        "Names too long to stand beside",
        axis("threads", Scale::Steps),
        axis("value", Scale::Linear),
    ));
    for x in [1.0, 2.0] {
        for subject in [
            "store",
            "redis 8.0, io-threads 4",
            "memcached 1.6, four threads",
            "<script>alert(1)</script>",
        ] {
            section.point("legend", subject, x, x * 10.0 * noise.around(0.9));
        }
    }
    let unfilled =
        Chart::lines("unfilled", "never filled", axis("x", Scale::Log), axis("y", Scale::Log));
    section.charts.push(unfilled);
    let row = RowName::new("a row that shakes", "ms", Better::Lower);
    for subject in ["store", "cache", "moka"] {
        for rep in 0..4 {
            section.sample(&row, subject, f64::from(1 + rep % 3) * noise.around(0.5), Some(0.7));
        }
    }
    let message = "after 1000 gets: 3 values of somebody else <&>".to_owned();
    section.failures.push(Failure { subject: "dashmap".into(), message });
    section
}

fn skipped() -> Section {
    let skipped = Some("no traces are given; `--traces DIR` names them".into());
    Section {
        skipped,
        ..section("hit-ratio", "Hit ratio", "How many gets find what they look for?")
    }
}
