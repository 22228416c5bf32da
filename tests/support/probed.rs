//! Whether a report is in its page: opened in a real browser, at the width of a desk and of a phone, in both themes.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::browser::Browser;

/// Panics unless the page `report.html` in that folder has all charts of the report, with all their points, readable, and nothing went wrong.
pub(crate) fn check(browser: &Browser, folder: &Path, report: &Value) {
    let found = probe(browser, folder);
    for frame in ["phone", "desk"] {
        let found = &found[frame];
        assert_eq!(found["width"][0], found["width"][1], "{frame}: it scrolls sideways");
        let drawn = found["charts"].as_array().expect("charts");
        assert_eq!(drawn.len(), charts(report).len(), "{frame}: as many charts as the report has");
        for (chart, drawn) in charts(report).into_iter().zip(drawn) {
            has_all(chart, drawn);
            for trouble in ["outside", "touching"] {
                assert_eq!(drawn[trouble], Value::Array(vec![]), "{frame}: {drawn}");
            }
        }
        for read in found["read"].as_array().expect("read-outs") {
            assert!(read["lines"].as_u64() > Some(0) && read["gone"] == true, "{frame}: {read}");
        }
        let flipped = found["flipped"].as_array().expect("switches");
        assert!(flipped.iter().all(|flipped| *flipped == true), "{frame}: {flipped:?}");
        let themes = found["themes"].as_array().expect("themes");
        assert_ne!(themes[0], themes[1], "{frame}: light and dark are not the same");
    }
}

/// Charts that have points, in order; others are not drawn.
fn charts(report: &Value) -> Vec<&Value> {
    let list = |value: &'static str| move |of: &'_ Value| of[value].as_array().map_or(0, Vec::len);
    let sections = report["sections"].as_array().expect("sections").iter();
    let charts = sections.flat_map(|section| section["charts"].as_array().expect("charts"));
    let points = list("points");
    let filled = |chart: &&Value| {
        chart["series"].as_array().expect("series").iter().any(|series| points(series) > 0)
    };
    charts.filter(filled).collect()
}

/// Every series of the data is drawn, point by point, or said to be left out.
fn has_all(chart: &Value, drawn: &Value) {
    assert_eq!(chart["id"], drawn["id"]);
    for series in chart["series"].as_array().expect("series") {
        let points = series["points"].as_array().expect("points").len() as u64;
        let subject = series["subject"].as_str().expect("a name");
        let found = &drawn["series"][subject];
        let count = |what: &str| found[what].as_u64().unwrap_or(0);
        assert_eq!(count("drawn") + count("left"), points, "{subject} in {}", chart["id"]);
        // What is left out has no number, or none above 0.
        let odd = |sample: &Value| sample.as_f64().is_none_or(|sample| sample <= 0.0);
        let points = series["points"].as_array().expect("points").iter();
        let odd =
            points.filter(|point| point["samples"].as_array().expect("samples").iter().any(odd));
        assert!(count("left") <= odd.count() as u64, "{subject} in {}", chart["id"]);
    }
}

/// What the page says of itself; the console says that it was looked at, and nothing else.
fn probe(browser: &Browser, folder: &Path) -> Value {
    let page = folder.join("probe.html");
    fs::write(&page, include_str!("probe.html")).expect("the probe is written");
    let opened = browser.open(&page);
    let [line] = &opened.console[..] else { panic!("the console says {:#?}", opened.console) };
    assert!(line.contains("the probe has looked"), "{line}");
    between(&opened.dom)
}

/// The JSON that a page has written into itself.
fn between(dom: &str) -> Value {
    let (_, rest) = dom.split_once("<pre id=\"found\">").expect("a place for what was found");
    let (json, _) = rest.split_once("</pre>").expect("its end");
    let json = json.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

/// Takes a picture of each width in each theme, and lets the browser count what is on them: none may be blank, and each has the ground of its theme.
#[allow(dead_code, reason = "once is enough")]
pub(crate) fn look(browser: &Browser, folder: &Path) {
    let page = folder.join("report.html");
    let views =
        [((1280, 1600), false), ((1280, 1600), true), ((360, 1600), false), ((360, 1600), true)];
    let pictures = std::thread::scope(|scope| {
        let halves = views.chunks(2).map(|half| {
            let (browser, page) = (&browser, &page);
            scope.spawn(move || {
                half.iter()
                    .map(|(size, dark)| browser.picture(page, *size, *dark))
                    .collect::<Vec<_>>()
            })
        });
        let halves: Vec<_> = halves.collect();
        halves.into_iter().flat_map(|half| half.join().expect("pictures")).collect::<Vec<_>>()
    });
    let images = pictures
        .iter()
        .map(|png| format!("<img src=\"data:image/png;base64,{}\">", STANDARD.encode(png)));
    let images: String = images.collect();
    let script = "addEventListener('load', () => {
        const found = [...document.images].map((image) => {
            const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
            const context = canvas.getContext('2d');
            context.drawImage(image, 0, 0);
            const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
            return { width: image.width, colours: new Set(pixels).size, ground: pixels[0] & 255 };
        });
        document.getElementById('found').textContent = JSON.stringify(found);
    })";
    let gallery = folder.join("gallery.html");
    fs::write(&gallery, format!("{images}<pre id=\"found\"></pre><script>{script}</script>"))
        .expect("the gallery is written");
    let found = between(&browser.open(&gallery).dom);
    for (((width, _), dark), seen) in views.iter().zip(found.as_array().expect("pictures")) {
        assert_eq!(seen["width"], *width, "{seen}");
        assert!(seen["colours"].as_u64() > Some(100), "it is blank, nearly: {seen}");
        let ground = seen["ground"].as_u64().expect("a colour");
        assert_eq!(ground < 128, *dark, "the ground of the theme: {seen}");
    }
}
