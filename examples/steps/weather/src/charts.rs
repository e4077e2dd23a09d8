//! Charts of the months, as SVG files that can be opened alone or put into a page.

mod kinds;
mod precipitation;
mod svg;
mod temperature;
mod timeline;

use stepmill_sdk::prelude::*;

use crate::model::{Month, Spell};

/// Draws the temperatures month by month, with a dot for every heat wave.
#[step]
pub fn temperature_chart(months: Vec<Month>, heat_waves: Vec<Spell>) -> Result<File> {
    file("temperature.svg", &temperature::draw(&months, &heat_waves))
}

/// Draws a bar of precipitation for every month.
#[step]
pub fn precipitation_chart(months: Vec<Month>) -> Result<File> {
    file("precipitation.svg", &precipitation::draw(&months))
}

/// Draws how often each kind of weather was named, for each month of the year.
#[step]
pub fn kinds_chart(months: Vec<Month>) -> Result<File> {
    file("kinds.svg", &kinds::draw(&months))
}

fn file(name: &str, svg: &str) -> Result<File> {
    Ok(File::from_bytes(name, "image/svg+xml", svg.as_bytes())?)
}
