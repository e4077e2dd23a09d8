use std::time::Instant;

use proptest::{collection::vec, prelude::*};
use serde_json::json;

use super::*;
use crate::value::{
    json::from_json,
    testing::{naive, tree},
};

fn error(bytes: &[u8]) -> ValueError {
    validate(bytes).unwrap_err()
}

fn file(name: &str) -> serde_json::Value {
    json!({"$file": {"name": name, "media_type": "text/csv", "size": 5, "hash": "ab".repeat(32)}})
}

#[test]
fn hostile_bytes_are_refused() {
    for (bytes, problem) in [
        (&[][..], Problem::Truncated),
        (&[0xc1], Problem::Reserved),
        (&[0x92, 1], Problem::Truncated),
        (&[0xdd, 0xff, 0xff, 0xff, 0xff], Problem::Truncated),
        (&[0xdf, 0xff, 0xff, 0xff, 0xff, 1, 1], Problem::Truncated),
        (&[0xc6, 0xff, 0xff, 0xff, 0xff, 1], Problem::Truncated),
        (&[0xdb, 0x00, 0x00, 0x00, 0x05, b'a'], Problem::Truncated),
        (&[0xc9, 0xff, 0xff, 0xff, 0xff, 1], Problem::Truncated),
        (&[0xcf, 1, 2, 3], Problem::Truncated),
        (&[0xa2, 0xc3, 0x28], Problem::Utf8),
        (&[1, 2, 3], Problem::Trailing(2)),
        (&[0x80, 0xc0], Problem::Trailing(1)),
    ] {
        assert_eq!(error(bytes).problem, problem, "{bytes:x?}");
    }
}

#[test]
fn unusual_values_are_accepted() {
    for bytes in [
        &[0x82, 1, 1, 1, 2][..],
        &[0x81, 0x91, 1, 0xc0],
        &[0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 1],
        &[0xd4, 5, 0],
        &[0xc7, 0, 9],
        &[0xd9, 1, b'x'],
        &[0xdd, 0, 0, 0, 0],
    ] {
        assert!(validate(bytes).is_ok(), "{bytes:x?}");
    }
}

#[test]
fn depth_ends_at_64() {
    let nested = |depth: usize| [vec![0x91; depth - 1], vec![0x90]].concat();
    assert!(validate(&nested(64)).is_ok());
    assert_eq!(error(&nested(65)).problem, Problem::Depth);
    let maps = [[0x81, 1].repeat(64), vec![0xc0]].concat();
    assert!(validate(&maps).is_ok());
    assert_eq!(error(&[&[0x91], &maps[..]].concat()).problem, Problem::Depth);
    // A file counts its own two levels.
    let within = |depth| [vec![0x91; depth], from_json(&file("a")).unwrap()].concat();
    assert!(validate(&within(62)).is_ok());
    assert_eq!(error(&within(63)).problem, Problem::Depth);
    // A hundred million levels cost no stack.
    assert_eq!(error(&vec![0x91; 100_000_000]).problem, Problem::Depth);
}

#[test]
fn mistakes_have_a_place() {
    let mut bytes = from_json(&json!({"n": 1, "days": [{"a": [1]}, {"a": [], "name": "Ü"}]})).unwrap();
    let last = bytes.len() - 1;
    bytes[last] = b'x';
    let error = error(&bytes);
    assert_eq!((error.path.as_str(), error.offset), (".days[1].name", last - 2));
    assert_eq!(
        error.to_string(),
        format!("a string is not UTF-8; bytes are written as bin (at byte {}, `.days[1].name`)", last - 2)
    );
    assert_eq!(self::error(&[0x92, 1, 0xc1]).path, "[1]");
    assert_eq!(self::error(&[0x82, 1, 1, 0xc1, 1]).path, "");
    assert_eq!(self::error(&[0x81, 0x91, 1, 0xc1]).path, "{a list}");
    assert_eq!(self::error(&[0x91, 0x81, 0xff, 0xc1]).path, "[0]{-1}");
}

#[test]
fn files_are_found_once_each() {
    let value = json!({"a": file("b.csv"), "list": [file("a.csv"), file("b.csv")], "$file": 1});
    let files = validate(&from_json(&value).unwrap()).unwrap().files;
    assert_eq!(files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["a.csv", "b.csv"]);
    assert_eq!((files[0].size, files[0].media_type.as_str()), (5, "text/csv"));
}

#[test]
fn broken_files_are_refused() {
    let whole = file("a");
    let change = |key: &str, value: serde_json::Value| {
        let mut file = whole.clone();
        file["$file"][key] = value;
        file
    };
    let mut missing = whole.clone();
    missing["$file"].as_object_mut().unwrap().remove("size");
    let broken = [
        json!({"$file": null}),
        json!({"$file": {}}),
        missing,
        change("more", json!(1)),
        change("name", json!("../a")),
        change("name", json!(1)),
        change("media_type", json!("")),
        change("size", json!(-1)),
        change("size", json!(1.5)),
        change("hash", json!("AB".repeat(32))),
        change("hash", json!("ab".repeat(31))),
    ];
    for file in broken {
        let error = error(&from_json(&json!({"r": [0, file]})).unwrap());
        assert!(matches!(error.problem, Problem::File(_)), "{file}: {error}");
        assert_eq!(error.path, ".r[1][\"$file\"]");
    }
    let twice = [&[0x81, 0xa5], &b"$file"[..], &[0x84], &[0xa4, b's', b'i', b'z', b'e', 1].repeat(4)].concat();
    assert!(matches!(error(&twice).problem, Problem::File(_)));
}

#[test]
fn batches_are_cut_into_items() {
    let batch = [&[1, 0x92, 2, 0x91, 3][..], &from_json(&file("a")).unwrap(), &[0xc0]].concat();
    let items: Vec<_> = validate_items(&batch).map(Result::unwrap).collect();
    assert_eq!(items.iter().map(|item| item.bytes.len()).collect::<Vec<_>>(), [1, 4, batch.len() - 6, 1]);
    assert_eq!(items.iter().map(|item| item.files.len()).collect::<Vec<_>>(), [0, 0, 1, 0]);
    assert_eq!(validate_items(&[]).count(), 0);
}

#[test]
fn a_broken_batch_ends_at_the_mistake() {
    let mut items = validate_items(&[1, 0x92, 2, 0x91, 0xc1, 5]);
    assert_eq!(items.next().unwrap().unwrap().bytes, [1]);
    let error = items.next().unwrap().unwrap_err();
    assert_eq!((error.offset, error.path.as_str(), error.problem), (4, "[1][1][0]", Problem::Reserved));
    assert!(items.next().is_none());
}

#[test]
fn large_values_take_time_by_their_items_and_not_by_their_bytes() {
    let value = |marker: u8, size: u32| [&[marker][..], &size.to_be_bytes(), &vec![7; size as usize]].concat();
    let (few, many, bytes) = (value(0xdd, 500_000), value(0xdd, 10_000_000), value(0xc6, 100_000_000));
    let time = |bytes: &[u8]| {
        let timed = |_| {
            let start = Instant::now();
            assert!(validate(bytes).is_ok());
            start.elapsed()
        };
        (0..5).map(timed).min().unwrap()
    };
    // Wide margins: a machine under load must not fail this, an accidental copy or a quadratic loop must.
    let floor = time(&few);
    assert!(time(&bytes) < floor);
    assert!(time(&many) < floor * 20 * 5);
}

proptest! {
    #[test]
    fn whatever_is_well_formed_is_accepted(tree in tree()) {
        let bytes = tree.bytes();
        prop_assert!(validate(&bytes).is_ok());
        let batch = bytes.repeat(3);
        prop_assert_eq!(validate_items(&batch).filter(Result::is_ok).count(), 3);
    }

    #[test]
    fn arbitrary_bytes_get_the_naive_verdict(bytes in vec(any::<u8>(), 0..200)) {
        let naive = naive(&bytes, 0).is_some_and(<[u8]>::is_empty);
        prop_assert_eq!(validate(&bytes).is_ok(), naive);
    }

    #[test]
    fn damaged_values_get_the_naive_verdict(tree in tree(), at: prop::sample::Index, byte: u8) {
        let mut bytes = tree.bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let naive = naive(&bytes, 0).is_some_and(<[u8]>::is_empty);
        let ours = validate(&bytes);
        prop_assert_eq!(ours.is_ok(), naive, "{:?}", ours);
        for item in validate_items(&bytes) {
            prop_assert!(item.is_ok() || !naive);
        }
    }
}
