//! The monthly statistics for a spreadsheet.

use std::io::Write;

use stepmill_sdk::prelude::*;

use crate::model::Month;

/// Writes the months as a CSV file, with numbers as exact as they were computed.
#[step]
pub fn export(months: Vec<Month>) -> Result<File> {
    let mut table = File::create("months.csv", "text/csv")?;
    writeln!(table, "month,days,temp_min,temp_mean,temp_max,precipitation,wet_days,wind")?;
    for month in months {
        let Month { year, month, days, temp_min, temp_mean, temp_max, precipitation, wet_days, wind, .. } = month;
        let temperatures = format!("{temp_min},{temp_mean},{temp_max}");
        writeln!(table, "{year:04}-{month:02},{days},{temperatures},{precipitation},{wet_days},{wind}")?;
    }
    Ok(table.finish()?)
}
