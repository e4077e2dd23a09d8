//! Durations and sizes as people write them: `30s`, `256MiB`.

/// Units of time, in milliseconds, the largest first.
const TIME_UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Units of size, in bytes, the largest first.
const SIZE_UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("kB", 1_000),
    ("B", 1),
];

/// Why a text is not a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// It does not begin with a digit.
    #[error("a whole number is wanted first")]
    NoNumber,
    /// Digits without a unit.
    #[error("a unit is missing")]
    NoUnit,
    /// Something else behind the digits.
    #[error("its unit is not known")]
    UnknownUnit,
    /// More than 64 bits.
    #[error("it is too large")]
    TooLarge,
}

/// A duration in milliseconds: a whole number and `ms`, `s`, `m` or `h`.
///
/// # Errors
/// If the text is something else.
pub(super) fn parse_duration(text: &str) -> Result<u64, QuantityError> {
    let (number, unit) = split(text)?;
    if unit.is_empty() && number != 0 {
        return Err(QuantityError::NoUnit);
    }
    if unit.is_empty() { Ok(0) } else { scale(number, unit, &TIME_UNITS) }
}

/// A size in bytes: a whole number and a unit such as `MiB` or `MB`, or none for bytes.
///
/// # Errors
/// If the text is something else.
pub fn parse_size(text: &str) -> Result<u64, QuantityError> {
    let (number, unit) = split(text)?;
    if unit.is_empty() { Ok(number) } else { scale(number, unit, &SIZE_UNITS) }
}

/// Milliseconds as [`parse_duration`] reads them.
pub(super) fn show_duration(ms: u64) -> String {
    show(ms, &TIME_UNITS)
}

/// Bytes as [`parse_size`] reads them.
pub(super) fn show_size(bytes: u64) -> String {
    show(bytes, &SIZE_UNITS)
}

fn show(number: u64, units: &[(&str, u64)]) -> String {
    let exact = units.iter().find(|(_, factor)| number >= *factor && number.is_multiple_of(*factor));
    let (unit, factor) = exact.or(units.last()).copied().unwrap_or(("", 1));
    format!("{}{unit}", number / factor)
}

fn split(text: &str) -> Result<(u64, &str), QuantityError> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    if digits.is_empty() {
        return Err(QuantityError::NoNumber);
    }
    let number = digits.parse().map_err(|_| QuantityError::TooLarge)?;
    Ok((number, unit.strip_prefix(' ').unwrap_or(unit)))
}

fn scale(number: u64, unit: &str, units: &[(&str, u64)]) -> Result<u64, QuantityError> {
    let known = units.iter().find(|(name, _)| *name == unit || unit == "KB" && *name == "kB");
    let (_, factor) = known.ok_or(QuantityError::UnknownUnit)?;
    number.checked_mul(*factor).ok_or(QuantityError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::{QuantityError::*, *};

    #[test]
    fn durations() {
        for (text, ms) in
            [("30s", 30_000), ("250ms", 250), ("1m", 60_000), ("2h", 7_200_000), ("5 s", 5_000), ("0s", 0)]
        {
            assert_eq!(parse_duration(text), Ok(ms), "{text}");
        }
        for (text, error) in [
            ("", NoNumber),
            ("s", NoNumber),
            ("-1s", NoNumber),
            ("30", NoUnit),
            ("1.5s", UnknownUnit),
            ("1h30m", UnknownUnit),
            ("3 days", UnknownUnit),
            ("1S", UnknownUnit),
            ("99999999999999999999s", TooLarge),
            ("18446744073709551615h", TooLarge),
        ] {
            assert_eq!(parse_duration(text), Err(error), "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("256MiB", 256 << 20),
            ("10MB", 10_000_000),
            ("1GiB", 1 << 30),
            ("64 KiB", 65_536),
            ("2KB", 2_000),
            ("2kB", 2_000),
            ("1TiB", 1 << 40),
            ("1048576", 1_048_576),
            ("7B", 7),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for (text, error) in [
            ("", NoNumber),
            ("MiB", NoNumber),
            ("1.5GiB", UnknownUnit),
            ("1mb", UnknownUnit),
            ("1 MiB ", UnknownUnit),
            ("1ö", UnknownUnit),
            ("18446744073709551615KiB", TooLarge),
        ] {
            assert_eq!(parse_size(text), Err(error), "{text}");
        }
    }

    #[test]
    fn what_is_shown_can_be_read_again() {
        for ms in [0, 1, 250, 1_000, 90_000, 86_400_000, u64::MAX] {
            assert_eq!(parse_duration(&show_duration(ms)), Ok(ms));
        }
        for bytes in [0, 1, 1_000, 1_024, 4_294_901_760, 1 << 30, u64::MAX] {
            assert_eq!(parse_size(&show_size(bytes)), Ok(bytes));
        }
        assert_eq!(show_size(4_294_901_760), "4194240KiB");
        assert_eq!(show_size(10_000_000), "10MB");
        assert_eq!(show_duration(86_400_000), "24h");
    }
}
