//! The report: complete, self-contained, and safe to open.

use stepmill_sdk::prelude::*;
use stepmill_sdk::testing::call;

use super::{HEADER, file, rows, seattle};
use crate::charts::{kinds_chart, precipitation_chart, temperature_chart};
use crate::check::check;
use crate::clean::clean;
use crate::extremes::extremes;
use crate::model::{Day, Extremes, Findings, Month, Row, Spells};
use crate::monthly::monthly;
use crate::parse::parse;
use crate::report::report;
use crate::spells::spells;

/// The whole pipeline, natively.
fn page(rows: Vec<Row>, title: &str) -> Result<String> {
    let days: Vec<Day> = clean(Rows::from(rows.clone())).collect::<Result<_>>()?;
    let months = monthly(Rows::from(days.clone()))?;
    let spells = spells(Rows::from(days.clone()), 30.0, 3)?;
    let report = report(
        check(Rows::from(rows), 1.0)?,
        months.clone(),
        extremes(Rows::from(days), 3)?,
        spells.clone(),
        temperature_chart(months.clone(), spells.heat_waves)?,
        precipitation_chart(months.clone())?,
        kinds_chart(months)?,
        title.to_owned(),
    )?;
    assert_eq!((report.name(), report.media_type()), ("report.html", "text/html"));
    Ok(report.text()?)
}

/// Set `REPORT` to a path to look at the page in a browser.
#[test]
fn the_report_on_seattle_says_what_there_is_to_say() {
    let page = page(seattle(), "Seattle weather").expect("a report");
    for text in [
        "<h1>Seattle weather</h1>",
        "1 January 2012 to 31 December 2015, from records of 1,461 days",
        "35.6 °C",
        "−7.1 °C",
        "All 1,461 lines of the table hold a usable day; no day is missing in between.",
        "called sun, but has precipitation",
    ] {
        assert!(page.contains(text), "no `{text}` in the page");
    }
    assert_eq!(page.matches("<svg").count(), 3);
    assert_eq!(page.matches("<details").count(), 4);
    if let Some(path) = std::env::var_os("REPORT") {
        std::fs::write(path, page).expect("a place that can be written to");
    }
}

#[test]
fn the_steps_make_the_same_page_of_what_travels_between_sandboxes() -> Result<()> {
    let table = file(include_bytes!("../../../../data/seattle-weather.csv"));
    let rows: Vec<Row> = call("parse").input("csv", table).run()?;
    let findings: Findings = call("check").rows("rows", rows.clone()).run()?;
    let days: Vec<Day> = call("clean").rows("rows", rows).run()?;
    let months: Vec<Month> = call("monthly").rows("days", days.clone()).run()?;
    let extremes: Extremes = call("extremes").rows("days", days.clone()).run()?;
    let spells: Spells = call("spells").rows("days", days).run()?;
    let chart = |step| call(step).input("months", &months);
    let temperature: File = chart("temperature_chart").input("heat_waves", &spells.heat_waves).run()?;
    let report: File = call("report")
        .input("findings", findings)
        .input("extremes", extremes)
        .input("temperature", temperature)
        .input("precipitation", chart("precipitation_chart").run::<File>()?)
        .input("kinds", chart("kinds_chart").run::<File>()?)
        .input("months", &months)
        .input("spells", spells)
        .config("title", "Seattle weather")
        .run()?;
    assert_eq!(report.text()?, page(seattle(), "Seattle weather")?);
    Ok(())
}

#[test]
fn it_loads_nothing_and_runs_nothing() {
    let page = page(seattle(), "Seattle weather").expect("a report");
    assert!(page.contains("default-src 'none'"));
    for word in ["<script", "<link", "<img", "src=", "href=", "@import"] {
        assert!(!page.contains(word), "`{word}` in the page");
    }
    assert_eq!(page.matches("url(").count(), page.matches("url(#").count(), "only colours of the page itself");
    assert!(!page.replace("http://www.w3.org/2000/svg", "").contains("http:"));
}

#[test]
fn an_empty_table_still_has_a_report() {
    let page = page(rows(""), "Nothing").expect("a report");
    assert!(page.contains("There is not a single usable day in the data."));
    assert!(page.contains("No data") && !page.contains("NaN") && !page.contains("inf "));
}

#[test]
fn bad_lines_are_in_the_report() {
    let page = page(rows("2012/01/01,0,1,0,1,sun\n2012/01/04,0,1,9,1,sun\n2012/01/04,0,1,0,1,sun\n"), "Bad")
        .expect("a report");
    assert!(page.contains("1 of 3 lines of the table were left out; 2 days between the first and the last"));
    assert!(page.contains("temp_min is above temp_max") && page.contains("line 3: <code>2012-01-04, 0 mm, 9 to 1 °C"));
}

#[test]
fn foreign_text_stays_text() {
    let evil = "<img src=x onerror=alert(1)>";
    let lines = format!("2012/01/01,0,1,0,1,{evil}\n{evil}\n");
    let page = page(rows(&lines), "</title><script>alert('x')</script>").expect("a report");
    assert!(!page.contains("<img") && !page.contains("<script"));
    assert!(page.contains("&lt;/title&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"));
}

#[test]
fn a_chart_that_is_not_text_is_an_error_that_names_it() {
    let broken = File::from_bytes("kinds.svg", "image/svg+xml", [0xff]).expect("a good name");
    let rows = || Rows::from_iter(parse(file(HEADER)).expect("a good header").map(|row| row.expect("a row")));
    let days = || clean(rows()).map(|day| day.expect("a day")).collect::<Rows<Day>>();
    let chart = precipitation_chart(vec![]).expect("a chart");
    let result = report(
        check(rows(), 1.0).expect("nothing is bad"),
        vec![],
        extremes(days(), 3).expect("no days"),
        spells(days(), 30.0, 3).expect("no days"),
        chart.clone(),
        chart,
        broken,
        String::new(),
    );
    assert!(result.expect_err("it is not text").message().contains("kinds.svg"));
}
