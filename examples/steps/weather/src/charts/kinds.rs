//! Kinds of weather through the year: for each of the twelve months, how large a share of its days each kind had.

use super::svg::{BOTTOM, LEFT, RIGHT, Scale, bar, document, empty, grid, legend, text};
use crate::model::Month;
use crate::text::{MONTHS, count};

/// What has a colour of its own; the rest is drawn together. From the bottom up.
const KINDS: [&str; 6] = ["rain", "drizzle", "snow", "fog", "sun", "other"];

/// Days by month of the year, then by kind.
type Tally = [[u32; KINDS.len()]; MONTHS.len()];

pub fn draw(months: &[Month]) -> String {
    let title = "Kinds of weather through the year";
    let tally = tally(months);
    let used: Vec<usize> = (0..KINDS.len()).filter(|kind| tally.iter().any(|days| days[*kind] > 0)).collect();
    if used.is_empty() {
        return empty(title);
    }
    let scale = Scale::vertical(0.0, 100.0);
    let mut body = grid(scale, &[0.0, 25.0, 50.0, 75.0, 100.0], " %");
    let band = (RIGHT - LEFT) / MONTHS.len() as f64;
    for (index, (name, days)) in MONTHS.into_iter().zip(&tally).enumerate() {
        let x = LEFT + index as f64 * band;
        body += &column(name, days, (x + band * 0.06, band * 0.88), scale);
        body += &text("middle", x + band / 2.0, BOTTOM + 20.0, &name[..3]);
    }
    let keys: Vec<(&str, &str)> = used.iter().rev().map(|kind| (KINDS[*kind], KINDS[*kind])).collect();
    let description =
        format!("Kinds of weather: {}.", used.iter().map(|kind| KINDS[*kind]).collect::<Vec<_>>().join(", "));
    document(title, &description, &(legend(&keys) + &body))
}

fn tally(months: &[Month]) -> Tally {
    let mut tally = Tally::default();
    for month in months {
        let Some(days) = tally.get_mut(month.month.wrapping_sub(1) as usize) else { continue };
        for (name, number) in &month.kinds {
            let kind = KINDS.iter().position(|kind| kind == name).unwrap_or(KINDS.len() - 1);
            days[kind] += number;
        }
    }
    tally
}

fn column(month: &str, days: &[u32], place: (f64, f64), scale: Scale) -> String {
    let all: u32 = days.iter().sum();
    let mut below = 0.0;
    let mut column = String::new();
    for (kind, number) in KINDS.into_iter().zip(days).filter(|(_, number)| **number > 0) {
        let share = f64::from(*number) / f64::from(all) * 100.0;
        let tip = format!("{month}: {kind} on {} of {} days, {share:.0} %", count((*number).into()), count(all.into()));
        column += &bar(kind, place, (scale.at(below + share), scale.at(below)), &tip);
        below += share;
    }
    column
}
