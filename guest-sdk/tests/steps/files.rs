//! Files, in and out and inside of values.

use std::collections::BTreeMap;
use std::io::{BufRead, Read, Write};

use stepmill_sdk::{prelude::*, testing};

#[derive(Serialize, Deserialize, JsonSchema, Debug)]
struct Report {
    title: String,
    pages: Vec<File>,
}

#[step]
fn split(text: File) -> Result<Report> {
    let mut pages = Vec::new();
    for (index, line) in text.open()?.lines().enumerate() {
        let mut page = File::create(&format!("page{index}.txt"), "text/plain")?;
        page.write_all(line?.as_bytes())?;
        pages.push(page.finish()?);
    }
    Ok(Report { title: text.name().to_owned(), pages })
}

#[step]
fn join(report: Report) -> Result<String> {
    let pages = report.pages.iter().map(File::text);
    Ok(pages.collect::<std::io::Result<Vec<_>>>()?.join("+"))
}

#[step]
fn large(#[config] size: usize) -> Result<File> {
    let mut file = File::create("large.bin", "application/octet-stream")?;
    let chunk: Vec<u8> = (0..=255).cycle().take(1000).collect();
    let mut left = size;
    while left > 0 {
        left -= file.write(&chunk[..left.min(chunk.len())])?;
    }
    Ok(file.finish()?)
}

#[step]
fn bad_name() -> Result<File> {
    Ok(File::from_bytes("../x", "text/plain", "")?)
}

#[test]
fn files_travel_in_values() {
    let text = File::from_bytes("a.txt", "text/plain", "one\ntwo\n").unwrap();
    let report: Report = testing::call("split").input("text", &text).run().unwrap();
    assert_eq!((report.title.as_str(), report.pages.len()), ("a.txt", 2));
    assert_eq!(report.pages[1].text().unwrap(), "two");
    assert_eq!(testing::call("join").input("report", report).run::<String>().unwrap(), "one+two");
}

#[test]
fn the_wire_form_is_the_documented_one() {
    let file = File::from_bytes("a.txt", "text/plain", "one").unwrap();
    let wire = serde_json::to_value(&file).unwrap();
    let info = serde_json::json!({ "name": "a.txt", "media_type": "text/plain", "size": 3, "hash": file.hash() });
    assert_eq!(wire, serde_json::json!({ "$file": info }));
    assert_eq!(file.hash().len(), 64);
    let called = testing::call("split").input("text", &file).execute();
    assert!(called.value::<BTreeMap<String, serde_json::Value>>().unwrap()["pages"][0]["$file"].is_object());
}

#[test]
fn large_files_are_written_and_read_in_chunks() {
    for size in [0, 1, 262_143, 262_144, 262_145, 3_000_000] {
        let file: File = testing::call("large").config("size", size).run().unwrap();
        assert_eq!(file.size(), size as u64);
        let content = file.bytes().unwrap();
        assert!(content.iter().enumerate().all(|(index, byte)| *byte == (index % 1000 % 256) as u8), "{size}");
        let mut some = vec![0; 10.min(size)];
        file.open().unwrap().read_exact(&mut some).unwrap();
        assert_eq!(some, content[..some.len()]);
    }
}

#[test]
fn bad_names_are_refused() {
    let error = testing::call("bad_name").run::<File>().unwrap_err();
    assert_eq!(error.message(), "`../x` is no name of a file");
}

#[test]
fn a_file_that_is_no_input_cannot_be_opened() {
    let unknown = serde_json::json!({ "$file": {
        "name": "x", "media_type": "text/plain", "size": 1, "hash": "0".repeat(64),
    } });
    let error = testing::call("split").input("text", unknown).run::<Report>().unwrap_err();
    assert!(error.message().starts_with("no input of this step refers to the file `x`"), "{error}");
}

#[test]
fn an_unfinished_file_is_none() {
    let mut writer = File::create("a", "text/plain").unwrap();
    writer.write_all(b"never to be seen").unwrap();
    drop(writer);
    let file = File::from_bytes("a", "text/plain", "seen").unwrap();
    assert_eq!(file.text().unwrap(), "seen");
}
