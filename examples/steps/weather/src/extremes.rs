//! The days that stand out.

use stepmill_sdk::prelude::*;

use crate::model::{Day, Extremes};

/// The `top` hottest, coldest, wettest and windiest days. Of equal days the earlier comes first.
#[step]
pub fn extremes(days: Rows<Day>, #[config(default = 3)] top: u32) -> Result<Extremes> {
    let mut extremes = Extremes::default();
    for day in days {
        let day = day?;
        rank(&mut extremes.hottest, &day, top, |day| day.temp_max);
        rank(&mut extremes.coldest, &day, top, |day| -day.temp_min);
        rank(&mut extremes.wettest, &day, top, |day| day.precipitation);
        rank(&mut extremes.windiest, &day, top, |day| day.wind);
    }
    // Where it never rained, no day is the wettest.
    extremes.wettest.retain(|day| day.precipitation > 0.0);
    Ok(extremes)
}

/// Puts `day` where it belongs in `best`, which holds the `top` days so far, the highest first.
fn rank(best: &mut Vec<Day>, day: &Day, top: u32, height: impl Fn(&Day) -> f64) {
    let place = best.partition_point(|other| height(other) >= height(day));
    if place < top as usize {
        best.insert(place, day.clone());
        best.truncate(top as usize);
    }
}
