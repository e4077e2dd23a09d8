//! The page that a person opens.

mod figures;
mod html;
mod quality;
mod tables;

use stepmill_sdk::prelude::*;

use crate::model::{Extremes, Findings, Month, Spells};
use crate::text::{days, escape, long_date};
use html::{figure, section};

/// Writes everything into one HTML file that needs nothing else.
#[step]
#[expect(clippy::too_many_arguments, reason = "each is the output of another step")]
pub fn report(
    findings: Findings,
    months: Vec<Month>,
    extremes: Extremes,
    spells: Spells,
    temperature: File,
    precipitation: File,
    kinds: File,
    #[config(default = "Weather report")] title: String,
) -> Result<File> {
    let heat = format!(
        "Bands from the lowest to the highest temperature of each month, and from the mean daily low to the mean daily \
         high. A dot is a heat wave: days in a row above {} °C.",
        spells.threshold
    );
    let temperature = figure(&temperature.text()?, &heat);
    let rain =
        figure(&precipitation.text()?, "Millimetres of rain and melted snow in each month, with the sum of each year.");
    let kinds = figure(&kinds.text()?, "What the days of each month of the year were called, over all years.");
    let body = [
        header(&title, &findings),
        figures::key_figures(&months, &extremes, &spells),
        section("Temperature", &(temperature + &tables::heat_waves(&spells))),
        section("Precipitation", &rain),
        section("Kinds of weather", &kinds),
        section("Extremes", &tables::extremes(&extremes)),
        section("Month by month", &tables::months(&months)),
        section("Data quality", &quality::quality(&findings)),
    ];
    Ok(File::from_bytes("report.html", "text/html", html::page(&title, &body.concat()))?)
}

fn header(title: &str, findings: &Findings) -> String {
    let span = match findings.first.zip(findings.last) {
        Some((first, last)) => {
            format!("{} to {}, from records of {}", long_date(first), long_date(last), days(findings.days))
        }
        None => "There is not a single usable day in the data.".to_owned(),
    };
    format!("<header><h1>{}</h1><p>{span}</p></header>", escape(title))
}
