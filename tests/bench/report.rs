//! What was measured, as a table for people and as a page of the documentation.

use std::{fmt::Write as _, fs, io, path::Path, thread};

use stepmill::ids::Timestamp;

/// What a number must not be above, or below.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// What a number counts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unit {
    /// Seconds, shown in what suits them.
    Time,
    /// Things in a second.
    Rate,
    /// Bytes.
    Size,
    /// One number as a multiple of another.
    Ratio,
}

/// One thing that was measured, and what it is held against.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) subject: String,
    /// What was measured, in words of its own unit.
    pub(crate) value: String,
    /// What it is compared with; empty if the bound is absolute.
    pub(crate) floor: String,
    /// The number that the bound is about.
    pub(crate) judged: f64,
    pub(crate) unit: Unit,
    pub(crate) bound: Bound,
}

impl Measured {
    /// A number that is bounded as a multiple of another one. The multiple is given because it is the median of the
    /// rounds, which the quotient of two medians is not.
    pub(crate) fn ratio(subject: &str, [value, floor]: [f64; 2], unit: Unit, ratio: f64, bound: Bound) -> Self {
        let (value, floor) = (unit.show(value), unit.show(floor));
        Self { subject: subject.to_owned(), value, floor, judged: ratio, unit: Unit::Ratio, bound }
    }

    /// A number that is bounded by itself.
    pub(crate) fn absolute(subject: &str, value: f64, unit: Unit, bound: Bound) -> Self {
        Self { subject: subject.to_owned(), value: unit.show(value), floor: String::new(), judged: value, unit, bound }
    }

    pub(crate) fn is_met(&self) -> bool {
        match self.bound {
            Bound::AtMost(most) => self.judged <= most,
            Bound::AtLeast(least) => self.judged >= least,
        }
    }

    fn cells(&self) -> [String; 6] {
        let ratio = match self.unit {
            Unit::Ratio => self.unit.show(self.judged),
            _ => String::new(),
        };
        let bound = match self.bound {
            Bound::AtMost(most) => format!("≤ {}", self.unit.show(most)),
            Bound::AtLeast(least) => format!("≥ {}", self.unit.show(least)),
        };
        let verdict = if self.is_met() { "ok" } else { "MISSED" };
        [self.subject.clone(), self.value.clone(), self.floor.clone(), ratio, bound, verdict.to_owned()]
    }
}

impl Unit {
    fn show(self, number: f64) -> String {
        match self {
            Self::Time if number < 1e-3 => format!("{:.0} µs", number * 1e6),
            Self::Time if number < 1.0 => format!("{:.1} ms", number * 1e3),
            Self::Time => format!("{number:.2} s"),
            Self::Rate => format!("{number:.0} /s"),
            Self::Size => format!("{:.0} MB", number / 1e6),
            Self::Ratio => format!("{number:.2} ×"),
        }
    }
}

/// The table, aligned, in the syntax of Markdown.
pub(crate) fn table(rows: &[Measured]) -> String {
    let head = ["subject", "measured", "compared with", "ratio", "bound", ""].map(str::to_owned);
    let cells: Vec<_> = std::iter::once(head).chain(rows.iter().map(Measured::cells)).collect();
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    let mut out = String::new();
    for (number, row) in cells.iter().enumerate() {
        for (cell, width) in row.iter().zip(widths) {
            let padding = " ".repeat(width - cell.chars().count());
            let _ = write!(out, "| {cell}{padding} ");
        }
        out.push_str("|\n");
        if number == 0 {
            for width in widths {
                let _ = write!(out, "| {} ", "-".repeat(width.max(1)));
            }
            out.push_str("|\n");
        }
    }
    out
}

/// Writes the page of the documentation.
pub(crate) fn write_page(path: &Path, rows: &[Measured]) -> io::Result<()> {
    let date = Timestamp::now().rfc3339();
    let page = format!(
        "# Benchmarks\n\n\
         Written by `just bench`, which measures, compares, and fails where a bound is missed. Every ratio is the\n\
         median of the ratios of several rounds of one run, so the speed of the machine cancels out; a round measures\n\
         the two things that are compared one after the other.\n\n\
         The floor is a bare loop around wasmtime and SQLite in the same process and on the same disk, see\n\
         `tests/bench/floor.rs`: a fresh store and instance, one call, one commit with `synchronous=FULL`.\n\n\
         - Machine: {machine}\n\
         - Date: {day}\n\
         - Command: `just bench` (profile `dev`: dependencies with `opt-level = 3`, stepmill with 2 and its assertions)\n\n\
         {table}",
        machine = machine(),
        day = date.get(..10).unwrap_or(&date),
        table = table(rows),
    );
    fs::write(path, page)
}

fn machine() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let line = |path: &str, key: &str| {
        let text = fs::read_to_string(path).ok()?;
        let line = text.lines().find(|line| line.starts_with(key))?;
        Some(line.rsplit(':').next().unwrap_or(line).trim().to_owned())
    };
    let unknown = || "unknown".to_owned();
    let processor = line("/proc/cpuinfo", "model name").unwrap_or_else(unknown);
    let kernel = line("/proc/sys/kernel/osrelease", "").unwrap_or_else(unknown);
    format!("{cores} cores of {processor}, Linux {kernel}")
}
