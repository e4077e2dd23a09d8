//! Numbers and texts: ranges, lengths, formats and patterns.

use serde_json::{Number, Value as Json};

use super::{
    compare::Variant,
    expand::Alternative,
    verdict::{Verdict, Why},
};

/// A number that compares exactly, integers beyond 2⁵³ included: the whole part, then the fraction.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
struct Exact(i128, f64);

#[derive(Debug, Clone, Copy)]
struct Bound {
    at: Exact,
    /// Whether the bound itself is outside.
    open: bool,
}

/// From one bound to another, either of which may be missing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Range {
    low: Option<Bound>,
    high: Option<Bound>,
}

pub(super) enum Overlap {
    Inside,
    Partly,
    Apart,
}

impl Exact {
    fn of(number: &Number) -> Option<Self> {
        if let Some(whole) = number.as_i128() {
            return Some(Self(whole, 0.0));
        }
        let value = number.as_f64()?;
        #[expect(clippy::cast_possible_truncation, reason = "saturates, which keeps the order")]
        let whole = value.floor() as i128;
        Some(Self(whole, value - value.floor()))
    }
}

impl Range {
    pub(super) fn between(low: u64, high: Option<u64>) -> Self {
        let bound = |at: u64| Bound { at: Exact(at.into(), 0.0), open: false };
        Self { low: Some(bound(low)), high: high.map(bound) }
    }

    fn narrow_low(&mut self, at: Option<Exact>, open: bool) {
        let Some(at) = at else { return };
        if self.low.is_none_or(|low| at > low.at || (at == low.at && open)) {
            self.low = Some(Bound { at, open });
        }
    }

    fn narrow_high(&mut self, at: Option<Exact>, open: bool) {
        let Some(at) = at else { return };
        if self.high.is_none_or(|high| at < high.at || (at == high.at && open)) {
            self.high = Some(Bound { at, open });
        }
    }

    /// How much of this is in the other.
    pub(super) fn overlap(self, other: Self) -> Overlap {
        let apart = |low: Option<Bound>, high: Option<Bound>| match (low, high) {
            (Some(low), Some(high)) => low.at > high.at || (low.at == high.at && (low.open || high.open)),
            _ => false,
        };
        if apart(self.low, other.high) || apart(other.low, self.high) {
            return Overlap::Apart;
        }
        let above = other.low.is_none_or(|wanted| {
            self.low.is_some_and(|low| low.at > wanted.at || (low.at == wanted.at && (low.open || !wanted.open)))
        });
        let below = other.high.is_none_or(|wanted| {
            self.high.is_some_and(|high| high.at < wanted.at || (high.at == wanted.at && (high.open || !wanted.open)))
        });
        if above && below { Overlap::Inside } else { Overlap::Partly }
    }

    fn of_numbers(alternative: &Alternative<'_>) -> Self {
        let mut range = Self::default();
        for map in &alternative.plain {
            let bound = |keyword| map.get(keyword).and_then(Json::as_number).and_then(Exact::of);
            range.narrow_low(bound("minimum"), false);
            range.narrow_high(bound("maximum"), false);
            range.narrow_low(bound("exclusiveMinimum"), true);
            range.narrow_high(bound("exclusiveMaximum"), true);
            if let Some((low, high)) = map.get("format").and_then(Json::as_str).and_then(integer_format) {
                range.narrow_low(Some(Exact(low, 0.0)), false);
                range.narrow_high(Some(Exact(high, 0.0)), false);
            }
        }
        range
    }

    /// How long texts or lists are, by the two keywords.
    pub(super) fn of_lengths(alternative: &Alternative<'_>, at_least: &str, at_most: &str) -> Self {
        let low = alternative.keyword(at_least).filter_map(Json::as_u64).max().unwrap_or(0);
        Self::between(low, alternative.keyword(at_most).filter_map(Json::as_u64).min())
    }
}

/// The range that schemars means by a format. `usize` has 32 bits in every module: they are all wasm32.
fn integer_format(format: &str) -> Option<(i128, i128)> {
    Some(match format {
        "int8" => (i8::MIN.into(), i8::MAX.into()),
        "int16" => (i16::MIN.into(), i16::MAX.into()),
        "int32" | "int" => (i32::MIN.into(), i32::MAX.into()),
        "int64" => (i64::MIN.into(), i64::MAX.into()),
        "uint8" => (0, u8::MAX.into()),
        "uint16" => (0, u16::MAX.into()),
        "uint32" | "uint" => (0, u32::MAX.into()),
        "uint64" => (0, u64::MAX.into()),
        _ => return None,
    })
}

pub(super) fn numbers(produced: &Variant<'_, '_>, wanted: &Variant<'_, '_>) -> Verdict {
    let wider = || Why::Wider { produced: produced.words(), wanted: wanted.words() };
    let range = match produced.value.and_then(Json::as_number).and_then(Exact::of) {
        Some(value) => {
            let bound = Some(Bound { at: value, open: false });
            Range { low: bound, high: bound }
        }
        None => Range::of_numbers(produced.alternative),
    };
    let in_range = match range.overlap(Range::of_numbers(wanted.alternative)) {
        Overlap::Inside => Verdict::Fits,
        Overlap::Partly => Verdict::unknown(wider()),
        Overlap::Apart => return Verdict::cannot(produced.words(), wanted.words()),
    };
    if wanted.whole && !produced.whole {
        // A known value is what it is, also 30.0: MessagePack tells floats from integers.
        return match produced.value {
            Some(_) => Verdict::cannot(produced.words(), wanted.words()),
            None => Verdict::unknown(Why::Fraction),
        };
    }
    in_range
}

pub(super) fn texts(produced: &Variant<'_, '_>, wanted: &Variant<'_, '_>) -> Verdict {
    let wider = || Why::Wider { produced: produced.words(), wanted: wanted.words() };
    let lengths = match produced.value.and_then(Json::as_str) {
        Some(text) => {
            let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
            Range::between(length, Some(length))
        }
        None => Range::of_lengths(produced.alternative, "minLength", "maxLength"),
    };
    match lengths.overlap(Range::of_lengths(wanted.alternative, "minLength", "maxLength")) {
        Overlap::Inside => {}
        Overlap::Partly => return Verdict::unknown(wider()),
        Overlap::Apart => return Verdict::cannot(produced.words(), wanted.words()),
    }
    // Neither is interpreted: the same text on both sides means the same, anything else may not.
    let stated = ["format", "pattern", "contentEncoding"].into_iter().all(|keyword| {
        let known: Vec<&Json> = produced.alternative.keyword(keyword).collect();
        wanted.alternative.keyword(keyword).all(|text| known.contains(&text))
    });
    if stated { Verdict::Fits } else { Verdict::unknown(wider()) }
}
