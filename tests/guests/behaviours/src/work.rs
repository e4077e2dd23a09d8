//! Steps that leave a trace when they run, so that a harness can count how often they did.

use std::{hint::black_box, io::Write};

use stepmill_sdk::prelude::*;

fn work(context: &Context, label: &str, turns: u64) {
    context.info(&format!("ran {label}"));
    let mut value = 0u64;
    for turn in 0..turns {
        value = black_box(value.wrapping_mul(31).wrapping_add(turn));
    }
}

/// Returns a small value.
#[step]
fn work_inline(context: &Context, before: Option<Bytes>, #[config] label: String, #[config] turns: u64) -> Bytes {
    work(context, &label, turns);
    Bytes::from(vec![before.map_or(0, |before| before.len() as u8); 100])
}

/// Returns a value that is too large to be kept in the journal.
#[step]
fn work_blob(context: &Context, before: Option<Bytes>, #[config] label: String, #[config] turns: u64) -> Bytes {
    work(context, &label, turns);
    Bytes::from(vec![before.map_or(0, |before| before.len() as u8); 300_000])
}

/// Returns a file.
#[step]
fn work_file(context: &Context, before: Option<Bytes>, #[config] label: String, #[config] turns: u64) -> Result<File> {
    work(context, &label, turns);
    let mut writer = File::create(&format!("{label}.bin"), "application/octet-stream")?;
    writer.write_all(&vec![before.map_or(0, |before| before.len() as u8); 200_000])?;
    Ok(writer.finish()?)
}

/// Returns a stream.
#[step]
fn work_rows(
    context: &Context,
    before: Option<Bytes>,
    #[config] label: String,
    #[config] turns: u64,
) -> impl Iterator<Item = String> {
    work(context, &label, turns);
    let length = before.map_or(1, |before| before.len() % 100);
    (0..20_000u32).map(move |row| format!("{row}{}", "y".repeat(length)))
}

/// Reads a stream.
#[step]
fn read_rows(context: &Context, rows: Rows<String>, #[config] label: String) -> Result<Bytes> {
    context.info(&format!("ran {label}"));
    let mut total = 0usize;
    for row in rows {
        total += row?.len();
    }
    Ok(Bytes::from(total.to_le_bytes().to_vec()))
}

/// Reads a file.
#[step]
fn read_file(context: &Context, file: File, #[config] label: String) -> Result<Bytes> {
    context.info(&format!("ran {label}"));
    let copied = std::io::copy(&mut file.open()?, &mut std::io::sink())?;
    Ok(Bytes::from(copied.to_le_bytes().to_vec()))
}

/// Hands a number on, and fails for the bad ones until the attempt has this number.
#[step]
fn work_item(
    context: &Context,
    value: u32,
    #[config] label: String,
    #[config] turns: u64,
    #[config] bad: Vec<u32>,
    #[config] succeeds_at: u32,
) -> Result<u32> {
    work(context, &format!("{label}.{value}"), turns);
    let attempt = context.run_facts().map_or(1, |facts| facts.attempt);
    if bad.contains(&value) && attempt < succeeds_at {
        return Err(StepError::new(format_args!("{value} is bad at attempt {attempt}")));
    }
    Ok(value)
}
