//! What happened when: heat waves, extremes, and every month.

use super::html::table;
use crate::model::{Day, Extremes, Month, Spells};
use crate::text::{decimal, escape, long_date, month_name, whole};

pub fn heat_waves(spells: &Spells) -> String {
    if spells.heat_waves.is_empty() {
        return format!("<p>No heat wave: there were never enough days in a row above {} °C.</p>\n", spells.threshold);
    }
    let rows = spells.heat_waves.iter().map(|wave| {
        vec![long_date(wave.first), long_date(wave.last), wave.days.to_string(), format!("{} °C", decimal(wave.peak))]
    });
    table(&["Heat wave from", "to", "#Days", "#Peak"], rows)
}

pub fn extremes(extremes: &Extremes) -> String {
    let lists = [
        ranking("Hottest days", &extremes.hottest, |day| format!("{} °C", decimal(day.temp_max))),
        ranking("Coldest days", &extremes.coldest, |day| format!("{} °C", decimal(day.temp_min))),
        ranking("Wettest days", &extremes.wettest, |day| format!("{} mm", decimal(day.precipitation))),
        ranking("Windiest days", &extremes.windiest, |day| format!("{} m/s", decimal(day.wind))),
    ];
    format!("<div class=\"columns\">\n{}</div>\n", lists.concat())
}

fn ranking(heading: &str, days: &[Day], value: impl Fn(&Day) -> String) -> String {
    let rows = days.iter().map(|day| vec![long_date(day.date), escape(&day.weather), value(day)]);
    table(&[heading, "", "#"], rows)
}

/// A table for every year, the last one open.
pub fn months(months: &[Month]) -> String {
    let wettest = months.iter().map(|month| month.precipitation).fold(0.0, f64::max);
    let last = months.last().map(|month| month.year);
    let years = months.chunk_by(|one, next| one.year == next.year);
    years.map(|year| details(year, wettest, Some(year[0].year) == last)).collect()
}

fn details(year: &[Month], wettest: f64, open: bool) -> String {
    let days: f64 = year.iter().map(|month| f64::from(month.days)).sum();
    let mean = year.iter().map(|month| month.temp_mean * f64::from(month.days)).sum::<f64>() / days;
    let sum: f64 = year.iter().map(|month| month.precipitation).sum();
    let headings = ["Month", "#Days", "#Lowest", "#Mean", "#Highest", "#Precipitation", "#Wet days", "#Wind"];
    let table = table(&headings, year.iter().map(|month| row(month, wettest)));
    let (open, number) = (if open { " open" } else { "" }, year[0].year);
    let note = format!("{} °C on average, {} mm", decimal(mean), whole(sum));
    format!("<details{open}><summary><b>{number}</b> <span>{note}</span></summary>\n{table}</details>\n")
}

fn row(month: &Month, wettest: f64) -> Vec<String> {
    let share = if wettest > 0.0 { month.precipitation / wettest * 100.0 } else { 0.0 };
    vec![
        month_name(month.month).to_owned(),
        month.days.to_string(),
        format!("{} °C", decimal(month.temp_min)),
        format!("{} °C", decimal(month.temp_mean)),
        format!("{} °C", decimal(month.temp_max)),
        format!("<span class=\"share\" style=\"--share:{share:.0}%\">{} mm</span>", decimal(month.precipitation)),
        month.wet_days.to_string(),
        format!("{} m/s", decimal(month.wind)),
    ]
}
