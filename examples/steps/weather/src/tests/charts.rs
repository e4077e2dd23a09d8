//! The charts: well-formed, harmless, and never a number that is none.

use stepmill_sdk::prelude::*;

use super::{day, seattle};
use crate::charts::{kinds_chart, precipitation_chart, temperature_chart};
use crate::clean::clean;
use crate::model::{Day, Month, Spell};
use crate::monthly::monthly;
use crate::spells::spells;

fn months(days: impl IntoIterator<Item = Day>) -> Vec<Month> {
    monthly(days.into_iter().collect()).expect("good days")
}

fn seattle_days() -> Vec<Day> {
    clean(Rows::from(seattle())).collect::<Result<_>>().expect("good days")
}

/// All charts of the same days.
fn drawn(days: Vec<Day>) -> [String; 3] {
    let waves: Vec<Spell> = spells(Rows::from(days.clone()), 30.0, 3).expect("good days").heat_waves;
    let months = months(days);
    let files = [temperature_chart(months.clone(), waves), precipitation_chart(months.clone()), kinds_chart(months)];
    files.map(|file| {
        let file = file.expect("a file");
        assert_eq!(file.media_type(), "image/svg+xml");
        file.text().expect("text")
    })
}

/// As far as that goes without an XML parser: every tag is closed in order, and no number is NaN or infinite.
fn assert_well_formed(svg: &str) {
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag ends");
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).expect("a tag has a name");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "in {svg}");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "never closed: {open:?}");
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

#[test]
fn all_of_seattle_is_drawn() {
    let [temperature, precipitation, kinds] = drawn(seattle_days());
    for svg in [&temperature, &precipitation, &kinds] {
        assert_well_formed(svg);
    }
    assert_eq!(precipitation.matches("<rect class=\"rain\"").count(), 48);
    assert!(precipitation.contains("December 2015") && precipitation.contains("1,226 mm"));
    assert!(temperature.contains("class=\"heat\""));
    assert_eq!(kinds.matches("July:").count(), 4, "a July without snow");
}

#[test]
fn no_data_is_said_in_the_chart() {
    for svg in drawn(Vec::new()) {
        assert_well_formed(&svg);
        assert!(svg.contains("No data"));
    }
}

#[test]
fn one_day_of_equal_temperatures_is_enough() {
    for svg in drawn(vec![Day { temp_min: 0.0, temp_max: 0.0, ..day("2012-02-29") }]) {
        assert_well_formed(&svg);
        assert!(!svg.contains("No data"));
    }
}

#[test]
fn no_line_is_drawn_through_a_gap() {
    let [temperature, ..] = drawn(["2012-01-01", "2012-02-01", "2012-05-01"].map(day).to_vec());
    assert_eq!(temperature.matches("class=\"mean\"").count(), 2);
}

#[test]
fn a_century_has_room_for_the_labels_of_some_years() {
    let days = (1900..2000).map(|year| day(&format!("{year}-01-01"))).collect();
    let [_, precipitation, _] = drawn(days);
    assert_well_formed(&precipitation);
    assert!(precipitation.contains(">1900<") && !precipitation.contains(">1901<"));
}

#[test]
fn unknown_kinds_are_drawn_together_and_cannot_reach_the_markup() {
    let evil = Day { weather: "</svg><script>".to_owned(), ..day("2012-01-01") };
    let hail = Day { weather: "hail".to_owned(), ..day("2012-01-02") };
    let [.., kinds] = drawn(vec![evil, hail]);
    assert_well_formed(&kinds);
    assert!(!kinds.contains("script") && kinds.contains("other on 2 of 2 days"));
}
