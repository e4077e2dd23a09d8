//! What goes into a step and comes out of it: rows, files, parts, and disks that fail.

use super::*;
use crate::{
    execute::{
        ports::{BlobKind, OutputStore},
        stored,
    },
    ids::ContentHash,
    output::{FileRef, hash},
    value::path::ValuePath,
};

fn stored(output: OutputRef, path: &str, form: Form) -> Argument {
    let path: ValuePath = path.parse().unwrap();
    Argument { name: name("x"), form, data: ArgumentData::Output { output, path } }
}

fn inline_output(form: Form, bytes: &[u8], items: Option<u64>) -> OutputRef {
    let hash = match items {
        None => hash::bytes(bytes),
        Some(items) => hash::small_rows(bytes, u32::try_from(items).unwrap()),
    };
    let place = Place::Inline(Bytes::copy_from_slice(bytes));
    OutputRef { form, hash, size: bytes.len() as u64, items, place, files: vec![] }
}

fn blob(host: &Host, kind: BlobKind, bytes: &[u8]) -> OutputRef {
    let mut writer = host.store.create(kind).unwrap();
    writer.write(bytes).unwrap();
    let info = writer.finish().unwrap();
    let (form, items) = match kind {
        BlobKind::Bytes => (Form::Value, None),
        BlobKind::Rows => (Form::Rows, Some(info.items)),
    };
    OutputRef { form, hash: info.hash, size: info.size, items, place: Place::Blob, files: vec![] }
}

async fn echoed(host: &Host, argument: Argument) -> Result<Vec<u8>, StepFailure> {
    host.attempt(echo(), Form::Value, vec![argument]).await.result.map(|output| inline(&output))
}

/// A guest that copies its stream to its output.
pub(super) fn copy_rows() -> Vec<u8> {
    let imports = r#"(import "stepmill:step/host@0.1.0" "[method]row-reader.next" (func $next_rows (param i32 i32)))
        (import "stepmill:step/host@0.1.0" "output-rows" (func $output_rows (param i32)))
        (import "stepmill:step/host@0.1.0" "[method]row-writer.write" (func $write (param i32 i32 i32 i32)))"#;
    let run = "(local $in i32) (local $out i32)
        (local.set $in (i32.load (i32.add (local.get $args) (i32.const 12))))
        (call $output_rows (i32.const 3000))
        (if (i32.load8_u (i32.const 3000)) (then (unreachable)))
        (local.set $out (i32.load (i32.const 3004)))
        (loop $again
          (global.set $next (i32.const 65536))
          (call $next_rows (local.get $in) (i32.const 3100))
          (if (i32.load8_u (i32.const 3100)) (then
            (call $write (local.get $out) (i32.load (i32.const 3104)) (i32.load (i32.const 3108)) (i32.const 3200))
            (if (i32.load8_u (i32.const 3200)) (then (unreachable)))
            (br $again))))
        (call $rows)";
    component(&guest_with(imports, run, "(call $describe)"))
}

#[tokio::test]
async fn parts_of_values_are_selected() {
    let host = Host::new();
    let output = inline_output(Form::Value, b"\x81\xa1a\x92\x01\x02", None);
    assert_eq!(echoed(&host, stored(output.clone(), ".a[1]", Form::Value)).await.unwrap(), [2]);
    let failure = echoed(&host, stored(output, ".b", Form::Value)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::InvalidInput);
    assert!(failure.message.contains("has no key `b`"), "{failure}");
}

#[tokio::test]
async fn streams_become_lists_and_lists_streams() {
    let host = Host::new();
    let rows = inline_output(Form::Rows, &[1, 2, 3], Some(3));
    assert_eq!(echoed(&host, stored(rows.clone(), "", Form::Value)).await.unwrap(), [0x93, 1, 2, 3]);
    assert_eq!(echoed(&host, stored(rows, "[2]", Form::Value)).await.unwrap(), [3]);

    let list = inline_output(Form::Value, &[0x93, 4, 5, 6], None);
    let report = host.attempt(copy_rows(), Form::Rows, vec![stored(list, "", Form::Rows)]).await;
    let output = report.result.unwrap();
    assert_eq!((inline(&output), output.items), (vec![4, 5, 6], Some(3)));

    let number = inline_output(Form::Value, &[7], None);
    let failure = host.attempt(copy_rows(), Form::Rows, vec![stored(number, "", Form::Rows)]).await.result.unwrap_err();
    assert!(failure.message.contains("a list is needed"), "{failure}");
}

/// Whatever reads outputs must find the hashes that the runner gave them.
#[tokio::test]
async fn what_a_step_returns_can_be_read_by_everybody() {
    let host = Host::new();
    let item = [&[0xc5, 0xff, 0xff][..], &[9; 65_535]].concat();
    let long = [&[0x93][..], &item, &item, &item].concat();
    for list in [&[0x90][..], &[0x93, 4, 5, 6], &long] {
        let input = stored::store_value(&host.store, list, vec![]).unwrap();
        let rows = host.attempt(copy_rows(), Form::Rows, vec![stored(input, "", Form::Rows)]).await.result.unwrap();
        assert_eq!(stored::read_value(&host.store, &rows, u64::MAX).unwrap(), list);
        assert_eq!(rows.items, Some(u64::from(list[0] & 0x0f)));
        assert_eq!(echoed_whole(&host, rows).await, list);
        let value = host.attempt(echo(), Form::Value, vec![value("x", list)]).await.result.unwrap();
        assert_eq!(stored::read_value(&host.store, &value, u64::MAX).unwrap(), list);
    }
}

async fn echoed_whole(host: &Host, output: OutputRef) -> Bytes {
    let echo = host.attempt(echo(), Form::Value, vec![stored(output, "", Form::Value)]).await.result.unwrap();
    stored::read_all(&host.store, &echo, u64::MAX).unwrap()
}

#[tokio::test]
async fn long_streams_pass_through_flat_memory() {
    let host = Host::new();
    let item = [&[0xc5, 0xff, 0xff][..], &[9; 65_535]].concat();
    let rows = blob(&host, BlobKind::Rows, &item.repeat(200));
    let report = host.attempt(copy_rows(), Form::Rows, vec![stored(rows.clone(), "", Form::Rows)]).await;
    let output = report.result.unwrap();
    assert_eq!((output.hash, output.items, &output.place), (rows.hash, Some(200), &Place::Blob));
    assert!(report.usage.memory < 4 << 20, "{:?}", report.usage);
    let failure = echoed(&host, stored(rows.clone(), "[200]", Form::Value)).await.unwrap_err();
    assert!(failure.message.contains("200 items"), "{failure}");
    let last = host.attempt(echo(), Form::Value, vec![stored(rows, "[199]", Form::Value)]).await.result.unwrap();
    assert_eq!(last.size, item.len() as u64);
}

#[tokio::test]
async fn streams_are_limited() {
    let rows = |host: &Host| {
        vec![stored(blob(host, BlobKind::Rows, &[&[0xc4, 200][..], &[9; 200]].concat().repeat(10)), "", Form::Rows)]
    };
    let host = Host::new().limits(|limits| limits.storage = 1_000);
    let failure = host.attempt(copy_rows(), Form::Rows, rows(&host)).await.result.unwrap_err();
    assert_eq!(failure.kind, FailureKind::LimitReached(LimitKind::Storage));
    let host = Host::new().limits(|limits| limits.output = 100);
    let failure = host.attempt(copy_rows(), Form::Rows, rows(&host)).await.result.unwrap_err();
    assert_eq!(failure.kind, FailureKind::LimitReached(LimitKind::Output));
    let mut list = rows(&host).remove(0);
    list.form = Form::Value;
    let failure = echoed(&host, list).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::LimitReached(LimitKind::Output));
    assert!(failure.message.contains("let the step take rows"), "{failure}");
}

#[tokio::test]
async fn damaged_inputs_are_named() {
    let host = Host::new();
    let mut output = inline_output(Form::Value, &[1], None);
    output.place = Place::Inline(Bytes::from_static(&[2]));
    let failure = echoed(&host, stored(output, "", Form::Value)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::DamagedInput);
    assert!(failure.message.contains("`x`"), "{failure}");
    let mut miscounted = inline_output(Form::Rows, &[1, 2, 3], Some(3));
    miscounted.items = Some(2);
    let failure = echoed(&host, stored(miscounted, "", Form::Value)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::DamagedInput);
    let rows = blob(&host, BlobKind::Rows, &[1, 2, 3]);
    host.store.damage();
    let report = host.report(copy_rows(), Form::Rows, vec![stored(rows, "", Form::Rows)]).await;
    assert_eq!(report.interrupted, None);
    assert_eq!(only(report).result.unwrap_err().kind, FailureKind::DamagedInput);
}

#[tokio::test]
async fn large_values_become_blobs() {
    let host = Host::new();
    let big = [&[0xc6, 0, 2, 0, 0][..], &[3; 0x2_0000]].concat();
    let report = host.attempt(echo(), Form::Value, vec![value("x", &big)]).await;
    let output = report.result.unwrap();
    assert_eq!((output.size, &output.place), (big.len() as u64, &Place::Blob));
    let again = host.attempt(echo(), Form::Value, vec![stored(output.clone(), "", Form::Value)]).await.result.unwrap();
    assert_eq!(again, output);
}

#[tokio::test]
async fn a_full_disk_stops_the_run_and_not_the_step_alone() {
    let host = Host::new();
    host.store.fail_writes(io::ErrorKind::StorageFull);
    let big = [&[0xc6, 0, 2, 0, 0][..], &[3; 0x2_0000]].concat();
    let report = host.report(echo(), Form::Value, vec![value("x", &big)]).await;
    assert!(report.interrupted.as_ref().unwrap().contains("cannot be written"));
    assert_eq!(only(report).result.unwrap_err().kind, FailureKind::Host);
}

#[tokio::test]
async fn outputs_refer_only_to_known_files() {
    let host = Host::new();
    let file = FileRef { name: "a".into(), media_type: "b/c".into(), size: 3, hash: ContentHash([7; 32]) };
    let reference = crate::value::file::to_value(&file);
    let known = host.attempt(echo(), Form::Value, vec![value("x", &reference)]).await.result.unwrap();
    assert_eq!(known.files, [file]);
    let data = reference.iter().map(|byte| format!("\\{byte:02x}")).collect::<String>();
    let run = format!("(call $ok (i32.const 3000) (i32.const {}))", reference.len());
    let core = guest_with(&format!("(data (i32.const 3000) \"{data}\")"), &run, "(call $describe)");
    let failure = host.failure(&core).await;
    assert_eq!(failure.kind, FailureKind::InvalidOutput);
    assert!(failure.message.contains("neither created nor was given"), "{failure}");
}

#[tokio::test]
async fn files_are_written_and_read_back() {
    let host = Host::new();
    let imports = r#"(import "stepmill:step/host@0.1.0" "create-file" (func $create (param i32 i32 i32 i32 i32)))
        (import "stepmill:step/host@0.1.0" "[method]file-writer.write" (func $write (param i32 i32 i32)))
        (import "stepmill:step/host@0.1.0" "[static]file-writer.finish" (func $finish (param i32 i32)))
        (import "stepmill:step/host@0.1.0" "open-file" (func $open (param i32 i32 i32)))"#;
    // Writes 3 bytes, answers with the hash as a string, and checks that its own file is no input.
    let run = "(call $create (i32.const 2048) (i32.const 3) (i32.const 2048) (i32.const 3) (i32.const 3000))
        (if (i32.load8_u (i32.const 3000)) (then (unreachable)))
        (call $write (i32.load (i32.const 3004)) (i32.const 2048) (i32.const 3))
        (call $finish (i32.load (i32.const 3004)) (i32.const 3104))
        (if (i64.ne (i64.load (i32.const 3120)) (i64.const 3)) (then (unreachable)))
        (call $open (i32.load (i32.const 3128)) (i32.load (i32.const 3132)) (i32.const 3200))
        (if (i32.eqz (i32.load8_u (i32.const 3200))) (then (unreachable)))
        (i32.store8 (i32.const 3300) (i32.const 0xd9)) (i32.store8 (i32.const 3301) (i32.const 64))
        (memory.copy (i32.const 3302) (i32.load (i32.const 3128)) (i32.const 64))
        (call $ok (i32.const 3300) (i32.const 66))";
    let answer = host.output(&guest_with(imports, run, "(call $describe)"), vec![]).await;
    let hash: ContentHash = std::str::from_utf8(&answer[2..]).unwrap().parse().unwrap();
    let mut reader = host.store.open(&hash).unwrap();
    assert_eq!(reader.frame(0).unwrap().bytes, "run");

    // Another step reads it, in two pieces.
    let file = FileRef { name: "run".into(), media_type: "run".into(), size: 3, hash };
    let reference = crate::value::file::to_value(&file);
    let imports = r#"(import "stepmill:step/host@0.1.0" "open-file" (func $open (param i32 i32 i32)))
        (import "stepmill:step/host@0.1.0" "[method]file-reader.read" (func $read (param i32 i32 i32)))"#;
    let run = "(call $open (i32.const 3000) (i32.const 64) (i32.const 3100))
        (if (i32.load8_u (i32.const 3100)) (then (unreachable)))
        (call $read (i32.load (i32.const 3104)) (i32.const 2) (i32.const 3200))
        (i32.store8 (i32.const 3300) (i32.const 0xa3))
        (memory.copy (i32.const 3301) (i32.load (i32.const 3200)) (i32.const 2))
        (call $read (i32.load (i32.const 3104)) (i32.const -1) (i32.const 3200))
        (if (i32.ne (i32.load (i32.const 3204)) (i32.const 1)) (then (unreachable)))
        (memory.copy (i32.const 3303) (i32.load (i32.const 3200)) (i32.const 1))
        (call $ok (i32.const 3300) (i32.const 4))";
    let data = format!("{imports}\n(data (i32.const 3000) \"{}\")", hash.hex());
    let answer = host.output(&guest_with(&data, run, "(call $describe)"), vec![value("x", &reference)]).await;
    assert_eq!(answer, b"\xa3run");
}
