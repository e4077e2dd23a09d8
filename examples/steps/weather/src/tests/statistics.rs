//! `monthly`, `extremes` and `spells`.

use stepmill_sdk::prelude::*;

use super::{date, day, seattle};
use crate::clean::clean;
use crate::extremes::extremes;
use crate::model::{Day, Extremes, Spells};
use crate::monthly::monthly;
use crate::spells::spells;

fn seattle_days() -> Rows<Day> {
    clean(Rows::from(seattle())).map(|day| day.expect("a day")).collect()
}

fn hot(at: &str, temp_max: f64) -> Day {
    Day { temp_max, precipitation: 1.0, ..day(at) }
}

#[test]
fn months_are_averaged_summed_and_in_order() {
    let days = [
        Day {
            temp_min: -2.0,
            temp_max: 4.0,
            precipitation: 0.9,
            wind: 1.0,
            weather: "snow".to_owned(),
            ..day("2011-12-31")
        },
        Day {
            temp_min: 0.0,
            temp_max: 10.0,
            precipitation: 1.0,
            wind: 1.0,
            weather: "rain".to_owned(),
            ..day("2012-02-28")
        },
        Day {
            temp_min: 4.0,
            temp_max: 20.0,
            precipitation: 2.5,
            wind: 4.0,
            weather: "sun".to_owned(),
            ..day("2012-02-29")
        },
    ];
    let months = monthly(Rows::from_iter(days)).expect("good days");
    let [december, february] = months.as_slice() else { panic!("two months: {months:?}") };
    assert_eq!((december.year, december.month, december.days, december.wet_days), (2011, 12, 1, 0));
    assert_eq!((february.year, february.month, february.days, february.wet_days), (2012, 2, 2, 2));
    assert_eq!((february.temp_min, february.temp_max), (0.0, 20.0));
    assert_eq!((february.mean_min, february.mean_max, february.temp_mean), (2.0, 15.0, 8.5));
    assert_eq!((february.precipitation, february.wind), (3.5, 2.5));
    let kinds: Vec<_> = february.kinds.iter().map(|(kind, days)| (kind.as_str(), *days)).collect();
    assert_eq!(kinds, [("rain", 1), ("sun", 1)]);
}

#[test]
fn nothing_comes_of_no_days() {
    assert!(monthly(Rows::from(vec![])).expect("no error").is_empty());
    assert_eq!(extremes(Rows::from(vec![]), 3).expect("no error"), Extremes::default());
    let none = Spells { threshold: 30.0, ..Spells::default() };
    assert_eq!(spells(Rows::from(vec![]), 30.0, 3).expect("no error"), none);
}

#[test]
fn a_leap_february_has_29_days() {
    let months = monthly(seattle_days()).expect("good days");
    let februaries: Vec<u32> = months.iter().filter(|month| month.month == 2).map(|month| month.days).collect();
    assert_eq!((months.len(), februaries), (48, vec![29, 28, 28, 28]));
}

#[test]
fn extremes_are_ranked_and_the_earlier_of_equals_comes_first() {
    let days =
        [("2012-01-01", 1.0), ("2012-01-02", 3.0), ("2012-01-03", 2.0), ("2012-01-04", 3.0), ("2012-01-05", 0.0)];
    let days = days.map(|(at, temp_max)| hot(at, temp_max));
    let hottest = extremes(Rows::from_iter(days.clone()), 3).expect("good days").hottest;
    let dates: Vec<_> = hottest.iter().map(|day| day.date).collect();
    assert_eq!(dates, ["2012-01-02", "2012-01-04", "2012-01-03"].map(date));
    assert_eq!(extremes(Rows::from_iter(days.clone()), 0).expect("good days"), Extremes::default());
    assert_eq!(extremes(Rows::from_iter(days), u32::MAX).expect("good days").hottest.len(), 5);
}

#[test]
fn no_day_is_the_wettest_where_it_never_rained() {
    assert!(extremes(Rows::from(vec![day("2012-01-01")]), 3).expect("good days").wettest.is_empty());
}

#[test]
fn the_extremes_of_seattle() {
    let found = extremes(seattle_days(), 1).expect("good days");
    let hottest = &found.hottest[0];
    assert_eq!((hottest.date, hottest.temp_max), (date("2014-08-11"), 35.6));
    assert_eq!((found.coldest[0].temp_min, found.wettest[0].precipitation, found.windiest[0].wind), (-7.1, 55.9, 9.5));
}

#[test]
fn a_heat_wave_is_above_the_threshold_and_long_enough() {
    let days = [
        hot("2012-07-01", 31.0),
        hot("2012-07-02", 31.0),
        hot("2012-07-03", 30.0),
        hot("2012-07-30", 30.1),
        hot("2012-07-31", 33.0),
        hot("2012-08-01", 31.0),
    ];
    let waves = spells(Rows::from_iter(days), 30.0, 3).expect("good days").heat_waves;
    let [wave] = waves.as_slice() else { panic!("one heat wave: {waves:?}") };
    assert_eq!((wave.first, wave.last, wave.days, wave.peak), (date("2012-07-30"), date("2012-08-01"), 3, 33.0));
}

#[test]
fn a_day_without_data_ends_a_spell_and_a_leap_day_does_not() {
    let days = ["2012-02-28", "2012-02-29", "2012-03-01", "2012-03-03", "2012-03-04"].map(day);
    let dry = spells(Rows::from_iter(days), 30.0, 3).expect("good days").dry.expect("a dry spell");
    assert_eq!((dry.first, dry.last, dry.days), (date("2012-02-28"), date("2012-03-01"), 3));
}

#[test]
fn of_equally_long_dry_spells_the_first_counts() {
    let days = ["2012-01-01", "2012-01-02", "2012-02-01", "2012-02-02"].map(day);
    let dry = spells(Rows::from_iter(days), 30.0, 3).expect("good days").dry.expect("a dry spell");
    assert_eq!(dry.first, date("2012-01-01"));
}
