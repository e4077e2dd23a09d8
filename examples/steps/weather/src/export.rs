//! The monthly statistics for a spreadsheet.

use stepmill_sdk::prelude::*;

use crate::model::Month;

/// Writes the months as a CSV file, with numbers as exact as they were computed.
#[step]
fn export(months: Vec<Month>) -> Result<File> {
    let mut table = csv::Writer::from_writer(File::create("months.csv", "text/csv")?);
    table.write_record(["month", "days", "temp_min", "temp_mean", "temp_max", "precipitation", "wet_days", "wind"])?;
    for month in months {
        table.write_record([
            format!("{:04}-{:02}", month.year, month.month),
            month.days.to_string(),
            month.temp_min.to_string(),
            month.temp_mean.to_string(),
            month.temp_max.to_string(),
            month.precipitation.to_string(),
            month.wet_days.to_string(),
            month.wind.to_string(),
        ])?;
    }
    let file = table.into_inner().map_err(|error| error.into_error())?;
    Ok(file.finish()?)
}
