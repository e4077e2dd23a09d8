use std::{io, sync::Arc};

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::{
    execute::stored::{
        FileReader, RowsReader, RowsWriter, StoredError, copy_out, read_all, read_value, store_file, store_value,
    },
    ids::ContentHash,
    limits::INLINE_OUTPUT,
    module::Form,
    output::{FileRef, Place, hash},
    persist::outputs::{BlobStore, MemoryOutputs},
    value::{
        items::{array_items, batch_items},
        validate::{validate, validate_items},
    },
};

/// Runs a test against every store.
fn each(test: impl Fn(Arc<dyn OutputStore>)) {
    test(Arc::new(MemoryOutputs::new()));
    let folder = tempfile::tempdir().unwrap();
    test(Arc::new(BlobStore::open(folder.path()).unwrap()));
}

#[test]
fn content_comes_back_in_frames() {
    each(|store| {
        for length in [0, 1, FRAME - 1, FRAME, FRAME + 1, 3 * FRAME, 3 * FRAME + 17] {
            let content = noise(length);
            let info = put(&*store, BlobKind::Bytes, [&content[..]]);
            assert_eq!(info.size, length as u64);
            assert_eq!(info.hash, hash::bytes(&content));
            assert_eq!(get(&*store, &info), content);
            assert_eq!(store.open(&info.hash).unwrap().frames(), length.div_ceil(FRAME));
        }
    });
}

#[test]
fn rows_come_back_in_whole_items() {
    each(|store| {
        let items = items();
        let info = put(&*store, BlobKind::Rows, items.iter().map(Vec::as_slice));
        assert_eq!(info.items, items.len() as u64);
        assert_eq!(get(&*store, &info), items.concat());
        let mut reader = store.open(&info.hash).unwrap();
        let mut first = 0;
        for index in 0..reader.frames() {
            let frame = reader.frame(index).unwrap();
            assert_eq!(frame.first, first);
            let found: Vec<_> = batch_items(&frame.bytes).map(Result::unwrap).collect();
            assert_eq!(found.len() as u64, frame.items);
            assert_eq!(found[0], items[usize::try_from(first).unwrap()]);
            assert_eq!(reader.frame_of(first), index);
            assert_eq!(reader.frame_of(first + frame.items - 1), index);
            assert!(frame.bytes.len() - found[found.len() - 1].len() < FRAME, "closed by its last item");
            first += frame.items;
        }
        assert_eq!(reader.frame_of(first), reader.frames());
    });
}

#[test]
fn what_is_not_there_is_said_so() {
    each(|store| {
        let missing = store.open(&ContentHash([1; 32])).err().unwrap();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        let info = put(&*store, BlobKind::Bytes, [&b"x"[..]]);
        let behind = store.open(&info.hash).unwrap().frame(1).unwrap_err();
        assert_eq!(behind.kind(), io::ErrorKind::InvalidInput);
        let empty = store.create(BlobKind::Rows).unwrap().write(&[]).unwrap_err();
        assert_eq!(empty.kind(), io::ErrorKind::InvalidInput);
    });
}

#[test]
fn the_same_bytes_as_file_and_as_rows_live_side_by_side() {
    each(|store| {
        let file = put(&*store, BlobKind::Bytes, [&[1, 2, 3][..]]);
        let rows = put(&*store, BlobKind::Rows, [&[1][..], &[2], &[3]]);
        assert_ne!(file.hash, rows.hash);
        assert_eq!((file.items, rows.items), (3, 3));
        let one = put(&*store, BlobKind::Rows, [&[0x92, 1, 2][..]]);
        assert_eq!((one.items, one.size), (1, 3));
    });
}

#[test]
fn small_values_stay_inline() {
    each(|store| {
        for (length, inline) in [(1, true), (INLINE_OUTPUT, true), (INLINE_OUTPUT + 1, false), (5 * FRAME, false)] {
            let content = noise(length);
            let output = store_value(&*store, &content, Vec::new()).unwrap();
            assert_eq!(matches!(output.place, Place::Inline(_)), inline);
            assert_eq!((output.size, output.hash), (length as u64, hash::bytes(&content)));
            assert_eq!(read_all(&*store, &output, length as u64).unwrap(), content);
            let refused = read_all(&*store, &output, length as u64 - 1).unwrap_err();
            assert!(matches!(refused, StoredError::TooLarge { .. }));
        }
    });
}

#[test]
fn rows_and_lists_turn_into_each_other() {
    each(|store| {
        for items in [vec![], vec![vec![0x91, 1], vec![0xc0]], items()] {
            let mut writer = RowsWriter::new(Arc::clone(&store));
            for item in validate_items(&items.concat()) {
                writer.push(item.unwrap()).unwrap();
            }
            let output = writer.finish().unwrap();
            assert_eq!((output.form, output.items), (Form::Rows, Some(items.len() as u64)));
            assert_eq!(matches!(output.place, Place::Blob), items.len() > 2);
            assert_eq!(read_all(&*store, &output, u64::MAX).unwrap(), items.concat());

            let list = read_value(&*store, &output, u64::MAX).unwrap();
            assert!(validate(&list).is_ok());
            assert!(array_items(&list).unwrap().map(Result::unwrap).eq(items.iter().map(Vec::as_slice)));

            let mut stream = RowsReader::open(&*store, &output).unwrap();
            let mut listed = RowsReader::of_list(&list).unwrap();
            assert_eq!((stream.total(), listed.total()), (items.len() as u64, items.len() as u64));
            loop {
                let batch = stream.next_batch().unwrap();
                assert_eq!(listed.next_batch().unwrap(), batch, "both are cut by the same rule");
                if batch.is_none() {
                    break;
                }
            }
        }
    });
}

#[test]
fn windows_of_rows_are_found() {
    each(|store| {
        let items = items();
        let mut writer = RowsWriter::new(Arc::clone(&store));
        for item in validate_items(&items.concat()) {
            writer.push(item.unwrap()).unwrap();
        }
        let output = writer.finish().unwrap();
        let list = read_value(&*store, &output, u64::MAX).unwrap();
        for mut reader in [RowsReader::open(&*store, &output).unwrap(), RowsReader::of_list(&list).unwrap()] {
            reader.seek(150_000).unwrap();
            let batch = reader.next_batch().unwrap().unwrap();
            let item = batch_items(&batch.bytes).nth(usize::try_from(150_000 - batch.first).unwrap());
            assert_eq!(item.unwrap().unwrap(), items[150_000]);
            reader.seek(items.len() as u64).unwrap();
            assert_eq!(reader.total(), items.len() as u64);
        }
    });
}

#[test]
fn a_few_items_from_the_middle_are_found() {
    each(|store| {
        let items = items();
        let mut writer = RowsWriter::new(Arc::clone(&store));
        for item in validate_items(&items.concat()) {
            writer.push(item.unwrap()).unwrap();
        }
        let output = writer.finish().unwrap();
        let list = read_value(&*store, &output, u64::MAX).unwrap();
        let (first, wanted) = (150_000, 3);
        for mut reader in [RowsReader::open(&*store, &output).unwrap(), RowsReader::of_list(&list).unwrap()] {
            reader.skip_to(first).unwrap();
            let batch = reader.next_batch_for(wanted).unwrap().unwrap();
            assert!(batch.first <= first && batch.first + batch.items >= first + wanted);
            let before = usize::try_from(first - batch.first).unwrap();
            let found: Vec<_> = batch_items(&batch.bytes).skip(before).take(3).map(Result::unwrap).collect();
            assert_eq!(found, items[150_000..150_003]);
            reader.skip_to(items.len() as u64).unwrap();
            let rest = reader.next_batch_for(wanted).unwrap();
            assert!(rest.is_none_or(|last| last.first + last.items == items.len() as u64));
        }
        // Of a list in memory no more than is wanted is looked for, and nothing before it.
        let mut reader = RowsReader::of_list(&list).unwrap();
        reader.skip_to(first).unwrap();
        let batch = reader.next_batch_for(wanted).unwrap().unwrap();
        assert_eq!((batch.first, batch.items), (first, wanted));
        assert_eq!(reader.next_batch_for(wanted).unwrap().unwrap().first, first + wanted);
    });
}

#[test]
fn inline_outputs_are_verified_too() {
    let store = MemoryOutputs::new();
    let mut output = store_value(&store, b"\xa3abc", Vec::new()).unwrap();
    output.place = Place::Inline(Bytes::from_static(b"\xa3abd"));
    let Err(StoredError::Io(error)) = read_all(&store, &output, 100) else { panic!("taken") };
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    output.form = Form::Rows;
    assert!(RowsReader::open(&store, &output).is_err());
}

#[test]
fn references_that_lie_are_refused() {
    let store = MemoryOutputs::new();
    let output = store_value(&store, &noise(FRAME), Vec::new()).unwrap();
    let other = crate::output::OutputRef { size: output.size - 1, ..output };
    assert!(read_all(&store, &other, u64::MAX).is_err());
}

#[test]
fn files_are_read_in_any_pieces() {
    each(|store| {
        let content = noise(2 * FRAME + 100);
        let file = store_file(&*store, "a".into(), "x/y".into(), &mut &content[..]).unwrap();
        assert_eq!((file.size, file.hash), (content.len() as u64, hash::bytes(&content)));
        for length in [7_777, FRAME, FRAME + 1, 3 * FRAME] {
            let mut reader = FileReader::open(&*store, &file).unwrap();
            for piece in content.chunks(length) {
                assert_eq!(reader.read(length).unwrap(), piece);
            }
            assert!(reader.read(length).unwrap().is_empty());
        }
        let mut copy = Vec::new();
        copy_out(&*store, &file, &mut copy).unwrap();
        assert_eq!(copy, content);
        let lie = FileRef { size: 1, ..file };
        assert_eq!(copy_out(&*store, &lie, &mut copy).unwrap_err().kind(), io::ErrorKind::InvalidData);
    });
}

#[test]
fn what_was_not_finished_is_not_there() {
    each(|store| {
        let content = noise(2 * FRAME);
        let mut dropped = store.create(BlobKind::Bytes).unwrap();
        dropped.write(&content).unwrap();
        drop(dropped);
        assert_eq!(store.open(&hash::bytes(&content)).err().unwrap().kind(), io::ErrorKind::NotFound);
        let unfinished = store.create(BlobKind::Bytes).unwrap();
        let whole = put(&*store, BlobKind::Bytes, [&content[..]]);
        drop(unfinished);
        assert_eq!(get(&*store, &whole), content);
    });
}

#[test]
fn many_write_and_read_at_once() {
    each(|store| {
        let shared = noise(2 * FRAME + 1);
        std::thread::scope(|scope| {
            for writer in 0..8_usize {
                let (store, shared) = (&store, &shared);
                scope.spawn(move || {
                    for round in 0..4 {
                        let own = noise(FRAME + 100 * writer + round);
                        for content in [shared, &own] {
                            let info = put(&**store, BlobKind::Bytes, content.chunks(10_000 + writer));
                            assert_eq!(info.hash, hash::bytes(content));
                            assert_eq!(get(&**store, &info), *content);
                        }
                    }
                });
            }
        });
    });
}

#[test]
fn a_reader_that_is_open_reads_on_while_the_same_is_written_again() {
    each(|store| {
        let content = noise(3 * FRAME);
        let info = put(&*store, BlobKind::Bytes, [&content[..]]);
        let mut reader = store.open(&info.hash).unwrap();
        assert_eq!(reader.frame(0).unwrap().bytes, content[..FRAME]);
        put(&*store, BlobKind::Bytes, [&content[..]]);
        assert_eq!(reader.frame(2).unwrap().bytes, content[2 * FRAME..]);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_hash_does_not_depend_on_the_writes(cuts in prop::collection::vec(0..3 * FRAME, 0..6)) {
        let content = noise(3 * FRAME);
        let mut cuts = cuts;
        cuts.sort_unstable();
        let store = MemoryOutputs::new();
        let mut start = 0;
        let mut pieces = Vec::new();
        for cut in cuts.into_iter().chain([content.len()]) {
            pieces.push(&content[start..cut]);
            start = cut;
        }
        prop_assert_eq!(put(&store, BlobKind::Bytes, pieces).hash, hash::bytes(&content));
    }
}
