//! The page of a report that has everything a report can have.

use super::browser::Browser;
use super::page;
use super::svg::alone as picture;
use super::{probed, sample};

#[test]
fn a_browser_finds_every_chart_with_every_point_at_a_desk_and_on_a_phone() {
    let Some(browser) = Browser::find() else { return };
    let report = sample::report();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("report.html"), page(&report)).expect("it is written");
    let report = serde_json::to_value(&report).expect("it is data");
    probed::check(&browser, folder.path(), &report);
    probed::look(&browser, folder.path());
}

#[test]
fn the_same_report_is_the_same_page() {
    assert_eq!(page(&sample::report()), page(&sample::report()));
}

#[test]
fn the_page_needs_nothing_from_elsewhere_and_lets_no_name_through() {
    let text = page(&sample::report());
    // The name of SVG is an address, and nobody goes there.
    let text = text.replace("http://www.w3.org/2000/svg", "");
    for outside in ["http://", "https://", "url(//", "@import", "<link", " src="] {
        assert!(!text.contains(outside), "{outside}");
    }
    assert!(!text.contains("<script>alert") && !text.contains("Oddities <b>"));
    assert!(text.contains("dashmap failed its self-check"));
    assert!(text.contains("Not run: no traces are given"));
}

#[test]
fn rows_that_we_lose_are_named_worst_first_before_those_that_we_win() {
    let text = page(&sample::report());
    let behind = text.find("Where we are behind").expect("what we lose");
    let ahead = text.find("Where we are ahead").expect("what we win");
    let row =
        |threads: u32| text.find(&format!("<li><span>2 M keys, 50 % gets, {threads} threads"));
    let (worst, next) = (row(8).expect("a row"), row(4).expect("a row"));
    assert!(behind < worst && worst < next && next < ahead);
    assert!(text.contains("Was the machine quiet?"));
}

#[test]
fn a_picture_stands_alone() {
    for chart in sample::report().sections.iter().flat_map(|section| &section.charts) {
        let svg = picture(chart);
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{}", chart.id);
        assert!(svg.contains("xmlns=\"http://www.w3.org/2000/svg\""));
        assert!(svg.contains("prefers-color-scheme:dark"));
        assert!(!svg.contains("NaN") && !svg.contains("inf "), "{}", chart.id);
    }
}

#[test]
fn reports_of_two_machines_are_not_put_together() {
    let (mut one, mut other) = (sample::report(), sample::report());
    assert_eq!(one.renew(sample::report()), Ok(()));
    other.machine.cores += 1;
    let told = one.renew(other).expect_err("another machine");
    assert!(told.contains("do not belong together"), "{told}");
}
