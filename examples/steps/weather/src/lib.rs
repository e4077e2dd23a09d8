//! Daily station data to a report. Every function with `#[step]` is one step; each file holds one, or what several share.
//!
//! ```text
//! parse ─┬▶ check ──────────────────────────────────────────┬▶ report
//!        └▶ clean ─┬▶ monthly ─┬▶ precipitation_chart ──────┤
//!                  │           ├▶ kinds_chart ──────────────┤
//!                  │           ├▶ temperature_chart ────────┤
//!                  │           └▶ export    ▲               │
//!                  ├▶ spells ───────────────┴───────────────┤
//!                  └▶ extremes ─────────────────────────────┘
//! ```

mod charts;
mod check;
mod clean;
mod csv;
mod export;
mod extremes;
mod line;
mod model;
mod monthly;
mod parse;
mod quality;
mod report;
mod spells;
mod tally;
mod text;

#[cfg(test)]
mod tests;
