//! Temperatures over time: what was possible, what was usual, and the mean.

use super::svg::{Scale, document, dot, empty, grid, legend, points, ticks};
use super::timeline::{Timeline, unbroken};
use crate::model::{Month, Spell};
use crate::text::{days, decimal, long_date};

pub fn draw(months: &[Month], heat_waves: &[Spell]) -> String {
    let title = "Temperature by month";
    let Some(timeline) = Timeline::of(months) else { return empty(title) };
    let lowest = months.iter().map(|month| month.temp_min).fold(f64::INFINITY, f64::min);
    let highest = months.iter().map(|month| month.temp_max).fold(f64::NEG_INFINITY, f64::max);
    let ticks = ticks(lowest, highest);
    let scale = Scale::vertical(ticks[0], ticks[ticks.len() - 1]);
    let runs = || unbroken(months);
    let mut body = colours(scale) + &grid(scale, &ticks, "°") + &timeline.axis();
    body.extend(runs().map(|run| area("range", run, &timeline, scale, |month| (month.temp_min, month.temp_max))));
    body.extend(runs().map(|run| area("usual", run, &timeline, scale, |month| (month.mean_min, month.mean_max))));
    body.extend(runs().map(|run| line(run, &timeline, scale)));
    body.extend(heat_waves.iter().map(|wave| {
        let tip = format!("{} from {}, up to {} °C", days(wave.days.into()), long_date(wave.first), decimal(wave.peak));
        dot("heat", timeline.day(wave.first), scale.at(wave.peak), &tip)
    }));
    let keys = [
        ("range", "lowest to highest"),
        ("usual", "mean low to mean high"),
        ("mean-key", "mean"),
        ("heat", "heat wave"),
    ];
    let description = format!("From {} to {} °C, {} heat waves.", decimal(lowest), decimal(highest), heat_waves.len());
    document(title, &description, &(legend(&keys) + &body))
}

/// Colours by temperature, whatever the range of the chart: blue for frost, yellow for mild, red for heat.
fn colours(scale: Scale) -> String {
    let (cold, hot) = (scale.at(-5.0), scale.at(35.0));
    format!(
        r#"<linearGradient id="degrees" gradientUnits="userSpaceOnUse" x1="0" x2="0" y1="{cold:.1}" y2="{hot:.1}"><stop class="cold" offset=".1"/><stop class="mild" offset=".5"/><stop class="hot" offset=".95"/></linearGradient>"#
    )
}

/// The places of one value over a run of months. They reach over half a month on both sides, so that one month alone
/// can be seen.
fn outline(run: &[Month], timeline: &Timeline, y: impl Fn(&Month) -> f64) -> Vec<(f64, f64)> {
    let half = timeline.band() / 2.0;
    let middles = run.iter().map(|month| (timeline.start(month.year, month.month) + half, y(month)));
    let mut outline: Vec<(f64, f64)> = middles.collect();
    if let (Some(&first), Some(&last)) = (outline.first(), outline.last()) {
        outline.insert(0, (first.0 - half, first.1));
        outline.push((last.0 + half, last.1));
    }
    outline
}

fn area(class: &str, run: &[Month], timeline: &Timeline, scale: Scale, edges: impl Fn(&Month) -> (f64, f64)) -> String {
    let mut edge = outline(run, timeline, |month| scale.at(edges(month).1));
    let lower = outline(run, timeline, |month| scale.at(edges(month).0));
    edge.extend(lower.into_iter().rev());
    format!(r#"<path class="{class}" fill="url(#degrees)" d="M{}Z"/>"#, points(&edge))
}

fn line(run: &[Month], timeline: &Timeline, scale: Scale) -> String {
    let places = outline(run, timeline, |month| scale.at(month.temp_mean));
    format!(r#"<path class="mean" d="M{}"/>"#, points(&places))
}
