//! An oracle that knows nothing but a clock on the wall: it looks at it every minute.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike as _, NaiveDateTime, TimeDelta, Timelike as _};
use proptest::prelude::*;

use super::*;

/// A field as text and the numbers that it names.
type Field = (String, BTreeSet<u32>);

/// Five fields.
#[derive(Debug, Clone)]
struct Oracle {
    text: String,
    sets: Vec<BTreeSet<u32>>,
    either_day: bool,
    real_time: bool,
}

impl Oracle {
    fn new(fields: Vec<Field>) -> Self {
        let (texts, sets): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
        Self {
            either_day: !texts[2].starts_with('*') && !texts[4].starts_with('*'),
            real_time: texts[1].contains(['*', '/']),
            text: texts.join(" "),
            sets,
        }
    }

    fn names(&self, shown: NaiveDateTime) -> bool {
        let day = self.sets[2].contains(&shown.day());
        let weekday = self.sets[4].contains(&shown.weekday().num_days_from_sunday());
        self.sets[0].contains(&shown.minute())
            && self.sets[1].contains(&shown.hour())
            && self.sets[3].contains(&shown.month())
            && if self.either_day { day || weekday } else { day && weekday }
    }

    /// Every time in `minutes` minutes behind `start`.
    fn times(&self, start: i64, minutes: i64, place: chrono_tz::Tz) -> Vec<i64> {
        let show = |at: i64| DateTime::from_timestamp(at, 0).unwrap().with_timezone(&place).naive_local();
        // The latest time that the clock has ever shown.
        let mut latest = (0..=26 * 60).map(|ago| show(start - 60 * ago)).max().unwrap();
        let mut times = Vec::new();
        for at in (1..=minutes).map(|minute| start + 60 * minute) {
            let shown = show(at);
            let mut fires = self.real_time && self.names(shown);
            while latest < shown {
                latest += TimeDelta::minutes(1);
                fires |= !self.real_time && self.names(latest);
            }
            if fires {
                times.push(at);
            }
        }
        times
    }
}

/// A field of numbers between `low` and `high`, `*` more often than not where `free`.
fn field(low: u32, high: u32) -> impl Strategy<Value = Field> {
    let all = (low..=high).collect::<BTreeSet<_>>();
    let star = Just(("*".to_owned(), all.clone()));
    let steps = (1..=high).prop_map(move |step| {
        (format!("*/{step}"), all.iter().copied().step_by(step as usize).collect::<BTreeSet<_>>())
    });
    let point = (low..=high).prop_map(|n| (n.to_string(), BTreeSet::from([n])));
    let range = (low..=high, low..=high, 1..=3u32).prop_map(|(a, b, step)| {
        let (from, to) = (a.min(b), a.max(b));
        let text = if step == 1 { format!("{from}-{to}") } else { format!("{from}-{to}/{step}") };
        (text, (from..=to).step_by(step as usize).collect())
    });
    let item = prop_oneof![3 => point, 2 => range];
    let list = proptest::collection::vec(item, 1..4).prop_map(|items| {
        let (texts, sets): (Vec<_>, Vec<_>) = items.into_iter().unzip();
        (texts.join(","), sets.into_iter().flatten().collect())
    });
    prop_oneof![2 => star, 1 => steps, 3 => list]
}

fn oracle() -> impl Strategy<Value = Oracle> {
    let weekday = field(0, 7).prop_map(|(text, set)| {
        // `*` and its steps begin on Sunday and go to Saturday; 7 is Sunday too.
        let starred = text.starts_with('*');
        (text, set.into_iter().filter(|day| !starred || *day < 7).map(|day| day % 7).collect())
    });
    (field(0, 59), field(0, 23), field(1, 31), field(1, 12), weekday)
        .prop_map(|(minute, hour, day, month, weekday)| Oracle::new(vec![minute, hour, day, month, weekday]))
}

/// Zones, and instants close to where their clocks jump; and some other days.
const STARTS: &[(&str, &str)] = &[
    ("UTC", "2027-12-31T00:00:00Z"),
    ("UTC", "2028-02-28T00:00:00Z"),
    ("Europe/Berlin", "2026-03-28T12:00:00Z"),
    ("Europe/Berlin", "2026-10-24T12:00:00Z"),
    ("America/New_York", "2026-03-07T17:00:00Z"),
    ("America/New_York", "2026-10-31T17:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T00:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T00:00:00Z"),
    ("Pacific/Apia", "2011-12-29T00:00:00Z"),
    ("Pacific/Kwajalein", "1993-08-20T12:00:00Z"),
    ("America/Sao_Paulo", "2018-11-03T12:00:00Z"),
    ("America/Sao_Paulo", "2018-02-17T12:00:00Z"),
    ("America/Nuuk", "2024-03-30T12:00:00Z"),
    ("Antarctica/Troll", "2026-03-28T12:00:00Z"),
    ("Antarctica/Troll", "2026-10-24T12:00:00Z"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn expressions_fire_when_the_clock_says_so(
        oracle in oracle(),
        start in proptest::sample::select(STARTS),
        later in 0i64..1_500,
    ) {
        let Ok(expression) = oracle.text.parse::<CronExpr>() else {
            // Only an expression that names no date at all is refused.
            let any = (0..366 * 8).map(|day| DateTime::from_timestamp(day * 86_400, 0).unwrap().naive_utc());
            let (mut dates, hour, minute) = (any, *oracle.sets[1].first().unwrap(), *oracle.sets[0].first().unwrap());
            prop_assert!(!dates.any(|date| oracle.names(date.date().and_hms_opt(hour, minute, 0).unwrap())));
            return Ok(());
        };
        let (place, minutes) = (zone(start.0), 3 * 1_440);
        let start = instant(start.1).0 / 1_000 + later * 60;
        let end = Timestamp((start + minutes * 60) * 1_000);
        let expected = oracle.times(start, minutes, place.name().parse().unwrap());
        let mut found = Vec::new();
        let mut now = Timestamp(start * 1_000);
        while let Some(next) = expression.next_after(now, place).filter(|next| *next <= end) {
            found.push(next.0 / 1_000);
            now = next;
        }
        prop_assert_eq!(&found, &expected, "{} in {}", oracle.text, place.name());
        // And counting them comes to the same.
        let last = expected.last().map_or(Timestamp(start * 1_000), |last| Timestamp(last * 1_000));
        prop_assert_eq!(expression.pass(Timestamp(start * 1_000), end, u64::MAX, place), (expected.len() as u64, last));
    }
}
