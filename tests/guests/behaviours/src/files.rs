//! Files in and out.

use std::io::{Read, Write};

use stepmill_sdk::prelude::*;

/// Writes a text file of so many lines.
#[step]
fn write_file(#[config] name: String, #[config(default = 3)] lines: u32) -> Result<File> {
    let mut writer = File::create(&name, "text/plain")?;
    for line in 0..lines {
        writeln!(writer, "line {line}")?;
    }
    Ok(writer.finish()?)
}

/// Counts the bytes of a file.
#[step]
fn file_size(file: File) -> Result<u64> {
    let mut bytes = Vec::new();
    file.open()?.read_to_end(&mut bytes)?;
    Ok(bytes.len() as u64)
}

/// Two files in one value.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Pair {
    pub first: File,
    pub others: Vec<File>,
}

/// Puts files into a value.
#[step]
fn pair_files(file: File) -> Result<Pair> {
    let mut writer = File::create("second.bin", "application/octet-stream")?;
    writer.write_all(&[1, 2, 3])?;
    Ok(Pair { first: file, others: vec![writer.finish()?] })
}

/// Claims a file that nobody made.
#[step]
fn invent_file() -> serde_like::Invented {
    serde_like::invent()
}

mod serde_like {
    use std::collections::BTreeMap;

    /// What a `File` looks like on the wire, made by hand.
    pub type Invented = BTreeMap<String, BTreeMap<String, String>>;

    pub fn invent() -> Invented {
        let fields = [("name", "secret.txt"), ("media_type", "text/plain"), ("size", "1"), ("hash", "00")];
        let fields = fields.map(|(key, value)| (key.to_owned(), value.to_owned()));
        BTreeMap::from([("$file".to_owned(), BTreeMap::from(fields))])
    }
}
