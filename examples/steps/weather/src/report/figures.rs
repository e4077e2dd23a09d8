//! The numbers to remember.

use crate::model::{Extremes, Month, Spells};
use crate::text::{days, decimal, long_date, whole};

/// Those that the data has an answer to.
pub fn key_figures(months: &[Month], extremes: &Extremes, spells: &Spells) -> String {
    let hottest = extremes.hottest.first();
    let coldest = extremes.coldest.first();
    let figures = [
        mean_temperature(months),
        hottest.map(|day| ("Hottest", format!("{} °C", decimal(day.temp_max)), long_date(day.date))),
        coldest.map(|day| ("Coldest", format!("{} °C", decimal(day.temp_min)), long_date(day.date))),
        precipitation(months),
        wet_days(months),
        spells
            .dry
            .as_ref()
            .map(|dry| ("Longest dry spell", days(dry.days.into()), format!("from {}", long_date(dry.first)))),
    ];
    let cards = figures.into_iter().flatten().map(|(name, value, note)| {
        format!("<div><dt>{name}</dt><dd>{value}</dd><dd class=\"note\">{note}</dd></div>\n")
    });
    format!("<dl class=\"figures\">\n{}</dl>\n", cards.collect::<String>())
}

type Figure = (&'static str, String, String);

fn total_days(months: &[Month]) -> Option<f64> {
    let total: u32 = months.iter().map(|month| month.days).sum();
    (total > 0).then(|| f64::from(total))
}

fn mean_temperature(months: &[Month]) -> Option<Figure> {
    let sum: f64 = months.iter().map(|month| month.temp_mean * f64::from(month.days)).sum();
    let mean = sum / total_days(months)?;
    Some(("Mean temperature", format!("{} °C", decimal(mean)), "middle of daily low and high".to_owned()))
}

fn precipitation(months: &[Month]) -> Option<Figure> {
    let sum: f64 = months.iter().map(|month| month.precipitation).sum();
    let yearly = sum / total_days(months)? * 365.25;
    Some(("Precipitation", format!("{} mm", whole(yearly)), "in an average year".to_owned()))
}

fn wet_days(months: &[Month]) -> Option<Figure> {
    let wet: u32 = months.iter().map(|month| month.wet_days).sum();
    let share = f64::from(wet) / total_days(months)? * 100.0;
    Some(("Wet days", format!("{share:.0} %"), "of all days had at least 1 mm".to_owned()))
}
