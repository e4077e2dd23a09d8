//! What lasts: days of one sort in a row.

use std::cmp::Reverse;

use stepmill_sdk::prelude::*;

use crate::model::{Day, Spell, Spells};

/// The longest dry spell, and every heat wave: at least `min_days` days in a row hotter than `threshold` (°C).
///
/// A day without data ends a spell, for nobody knows what it was like.
#[step]
pub fn spells(
    days: Rows<Day>,
    #[config(default = 30.0)] threshold: f64,
    #[config(default = 3)] min_days: u32,
) -> Result<Spells> {
    let (mut dry, mut hot) = (Vec::new(), Vec::new());
    for day in days {
        let day = day?;
        if day.precipitation == 0.0 {
            extend(&mut dry, &day);
        }
        if day.temp_max > threshold {
            extend(&mut hot, &day);
        }
    }
    hot.retain(|spell| spell.days >= min_days);
    let longest = dry.into_iter().max_by_key(|spell| (spell.days, Reverse(spell.first)));
    Ok(Spells { dry: longest, heat_waves: hot, threshold })
}

/// Adds `day` to the last spell where it follows on it, or begins a new one.
fn extend(spells: &mut Vec<Spell>, day: &Day) {
    match spells.last_mut() {
        Some(spell) if spell.last.succ_opt() == Some(day.date) => {
            spell.last = day.date;
            spell.days += 1;
            spell.peak = spell.peak.max(day.temp_max);
        }
        _ => spells.push(Spell { first: day.date, last: day.date, days: 1, peak: day.temp_max }),
    }
}
