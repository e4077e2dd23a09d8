//! Precipitation over time: a bar for every month, a sum for every year.

use super::svg::{BOTTOM, Scale, TOP, bar, document, empty, grid, text, ticks};
use super::timeline::Timeline;
use crate::model::Month;
use crate::text::{days, decimal, month_name, whole};

pub fn draw(months: &[Month]) -> String {
    let title = "Precipitation by month";
    let Some(timeline) = Timeline::of(months) else { return empty(title) };
    let most = months.iter().map(|month| month.precipitation).fold(0.0, f64::max);
    let ticks = ticks(0.0, most.max(1.0));
    let scale = Scale::vertical(0.0, ticks[ticks.len() - 1]);
    let band = timeline.band();
    let mut body = grid(scale, &ticks, " mm") + &timeline.axis();
    body.extend(months.iter().map(|month| {
        let (name, mm) = (month_name(month.month), decimal(month.precipitation));
        let tip = format!("{name} {}: {mm} mm, {} with at least 1 mm", month.year, days(month.wet_days.into()));
        let x = timeline.start(month.year, month.month) + band * 0.1;
        bar("rain", (x, band * 0.8), (scale.at(month.precipitation), BOTTOM), &tip)
    }));
    let years = sums(months);
    // The sum of a year that is labelled together with others would be taken for theirs.
    if timeline.years().count() == years.len() {
        body.extend(timeline.years().zip(&years).map(|((_, start, end), sum)| {
            text("middle", f64::midpoint(start, end), TOP - 18.0, &format!("{} mm", whole(*sum)))
        }));
    }
    let description = format!("At most {} mm in a month.", decimal(most));
    document(title, &description, &body)
}

/// The sum of every year that has a month, in order.
fn sums(months: &[Month]) -> Vec<f64> {
    let years = months.chunk_by(|one, next| one.year == next.year);
    years.map(|year| year.iter().map(|month| month.precipitation).sum()).collect()
}
