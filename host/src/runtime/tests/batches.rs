//! Items of a `for_each` step, run one after the other.

use super::*;
use crate::{
    execute::{
        ports::ItemBatch,
        stored::{self, RowsWriter},
    },
    output::ItemRange,
    value::{path::ValuePath, validate::Item},
};

/// Traps for the item 13; of the others each is returned.
fn superstitious() -> Vec<u8> {
    let run = format!(
        "(if (i32.eq (i32.load8_u (i32.load (i32.add (local.get $args) (i32.const 12)))) (i32.const 13))
           (then (unreachable)))
         {ECHO_BODY}"
    );
    component(&guest(&run))
}

fn items(host: &Host, items: &[&[u8]]) -> OutputRef {
    let mut rows = RowsWriter::new(Arc::new(host.store.clone()));
    for bytes in items {
        rows.push(Item { bytes, files: vec![] }).unwrap();
    }
    rows.finish().unwrap()
}

fn part(path: &str) -> Argument {
    let path: ValuePath = path.parse().unwrap();
    Argument { name: name("x"), form: Form::Value, data: ArgumentData::Item { path } }
}

impl Host {
    async fn batch_job(&self, wasm: impl Into<Bytes>, source: OutputRef, range: (u32, u32)) -> AttemptJob {
        let module = self.modules.load(wasm.into()).await.unwrap();
        let range = ItemRange { first: range.0, count: range.1 - range.0 };
        AttemptJob { items: Some(ItemBatch { source, range }), ..self.job(&module, vec![part("")]) }
    }

    async fn batch(&self, job: AttemptJob) -> AttemptReport {
        self.runner.run(job, self.logs.clone(), self.cancel.subscribe()).await
    }

    fn packed(&self, end: &AttemptEnd) -> Vec<u8> {
        let output = end.result.as_ref().unwrap();
        assert_eq!((output.form, output.items), (Form::Rows, Some(end.items.count.into())));
        stored::read_all(&self.store, output, u64::MAX).unwrap().to_vec()
    }
}

fn ranges(report: &AttemptReport) -> Vec<(u32, u32)> {
    report.ended.iter().map(|end| (end.items.first, end.items.end())).collect()
}

#[tokio::test]
async fn successes_are_packed_and_each_failure_is_alone() {
    let host = Host::new();
    let source = items(&host, &[&[0], &[1], &[2], &[13], &[13], &[5], &[6], &[7]]);
    let report = host.batch(host.batch_job(superstitious(), source, (1, 7)).await).await;
    assert_eq!(ranges(&report), [(1, 3), (3, 4), (4, 5), (5, 7)]);
    assert_eq!((host.packed(&report.ended[0]), host.packed(&report.ended[3])), (vec![1, 2], vec![5, 6]));
    assert_eq!(report.ended[1].result.as_ref().unwrap_err().kind, FailureKind::Trapped);
    assert_eq!((report.interrupted, host.runner.sandboxes_started()), (None, 6));
    assert!(report.ended[0].usage.memory >= 2 * 65_536 && report.ended[0].usage.memory < 4 * 65_536);
}

#[tokio::test]
async fn items_in_a_blob_are_found_and_their_parts_selected() {
    let host = Host::new();
    let texts: Vec<Vec<u8>> = (0..40_000u32).map(|i| [&[0x92, 1, 0xce][..], &i.to_be_bytes()].concat()).collect();
    let source = items(&host, &texts.iter().map(Vec::as_slice).collect::<Vec<_>>());
    assert_eq!(source.place, Place::Blob);
    let mut job = host.batch_job(echo(), source, (39_998, 40_000)).await;
    job.arguments = vec![part("[1]")];
    let report = host.batch(job.clone()).await;
    assert_eq!(ranges(&report), [(39_998, 40_000)]);
    assert_eq!(host.packed(&report.ended[0]), [0xce, 0, 0, 0x9c, 0x3e, 0xce, 0, 0, 0x9c, 0x3f]);
    job.arguments = vec![part("[2]")];
    let report = host.batch(job).await;
    assert_eq!(ranges(&report), [(39_998, 39_999), (39_999, 40_000)]);
    assert_eq!(report.ended[0].result.as_ref().unwrap_err().kind, FailureKind::InvalidInput);
}

#[tokio::test]
async fn a_batch_gives_back_what_it_has_no_time_for() {
    let host = Host::new().limits(|limits| limits.wall_ms = 60);
    let source = items(&host, &[&[1], &[2]]);
    let spin = component(&guest("(loop $again (br $again)) (unreachable)"));
    let report = host.batch(host.batch_job(spin, source, (0, 2)).await).await;
    assert_eq!(ranges(&report), [(0, 1)]);
    assert_eq!(report.ended[0].result.as_ref().unwrap_err().kind, FailureKind::LimitReached(LimitKind::Wall));
}

#[tokio::test]
async fn a_cancel_ends_the_running_item_and_gives_back_the_rest() {
    let host = Host::new();
    let source = items(&host, &[&[1], &[2]]);
    let spin = component(&guest("(loop $again (br $again)) (unreachable)"));
    let job = host.batch_job(spin, source, (0, 2)).await;
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        host.cancel.send_replace(true);
    };
    let (report, ()) = tokio::join!(host.batch(job), cancel);
    assert_eq!(ranges(&report), [(0, 1)]);
    assert_eq!(report.ended[0].result.as_ref().unwrap_err().kind, FailureKind::Cancelled);
}

#[tokio::test]
async fn damaged_items_fail_together() {
    let host = Host::new();
    let item = [&[0xc5, 0xff, 0xff][..], &[9; 65_535]].concat();
    let source = items(&host, &[&item, &item, &item]);
    let job = host.batch_job(echo(), source, (0, 3)).await;
    host.store.damage();
    let report = host.batch(job).await;
    assert_eq!(ranges(&report), [(0, 3)]);
    assert_eq!(report.ended[0].result.as_ref().unwrap_err().kind, FailureKind::DamagedInput);
}

#[tokio::test]
async fn outputs_that_cannot_be_stored_stop_the_run() {
    let host = Host::new();
    let item = [&[0xc5, 0xff, 0xff][..], &[9; 65_535]].concat();
    let source = items(&host, &[&item, &item, &item]);
    let job = host.batch_job(echo(), source, (0, 3)).await;
    host.store.fail_writes(io::ErrorKind::StorageFull);
    let report = host.batch(job).await;
    assert_eq!(ranges(&report), []);
    assert!(report.interrupted.unwrap().contains("cannot be written"));
}

#[tokio::test]
async fn large_outputs_come_in_several_packs() {
    let host = Host::new();
    let item = [&[0xc6, 0, 0x20, 0, 0][..], &vec![9; 2 << 20]].concat();
    let source = items(&host, &[&item, &item, &item]);
    let mut job = host.batch_job(echo(), source, (0, 3)).await;
    let mut seen = Vec::new();
    // Copying them may take longer than a batch has.
    while seen.last() != Some(&(2, 3)) {
        seen.extend(ranges(&host.batch(job.clone()).await));
        let first = seen.last().unwrap().1;
        job.items.as_mut().unwrap().range = ItemRange { first, count: 3 - first };
    }
    assert!(seen.iter().all(|(first, end)| end - first <= 2), "{seen:?}");
}

/// Bytes are 16: a MessagePack string of 16 bytes, whatever they are, is taken as binary data.
fn random() -> Vec<u8> {
    let imports = r#"(import "wasi:random/random@0.2.0" "get-random-bytes" (func $random (param i64 i32)))"#;
    let run = "(call $random (i64.const 16) (i32.const 3000))
        (i32.store16 (i32.const 3100) (i32.const 0x10c4))
        (memory.copy (i32.const 3102) (i32.load (i32.const 3000)) (i32.const 16))
        (call $ok (i32.const 3100) (i32.const 18))";
    component(&guest_with(imports, run, "(call $describe)"))
}

#[tokio::test]
async fn randomness_follows_from_the_bytes_of_an_item_alone() {
    let host = Host::new();
    let source = items(&host, &[&[1], &[2], &[1]]);
    let job = host.batch_job(random(), source, (0, 3)).await;
    let all = host.packed(&host.batch(job.clone()).await.ended[0]);
    assert_eq!(all[..18], all[36..]);
    assert_ne!(all[..18], all[18..36]);
    let mut last = job.clone();
    last.items.as_mut().unwrap().range = ItemRange { first: 2, count: 1 };
    assert_eq!(host.packed(&host.batch(last).await.ended[0]), all[..18]);
    let granted = AttemptJob { grants: Grants { random: true, ..Grants::default() }, ..job };
    let real = host.packed(&host.batch(granted).await.ended[0]);
    assert!(real[..18] != real[36..] && real[..18] != all[..18]);
}

#[tokio::test]
async fn rows_of_an_item_are_a_list() {
    let host = Host::new();
    let source = items(&host, &[&[0x92, 1, 2], &[0x90], &[0x91, 3]]);
    let mut job = host.batch_job(data::copy_rows(), source, (0, 3)).await;
    job.arguments[0].form = Form::Rows;
    job.output = Form::Rows;
    let report = host.batch(job.clone()).await;
    assert_eq!(host.packed(&report.ended[0]), [0x92, 1, 2, 0x90, 0x91, 3]);
    job.limits.output = 1;
    let report = host.batch(job).await;
    assert_eq!(ranges(&report), [(0, 1), (1, 3)]);
    let kind = report.ended[0].result.as_ref().unwrap_err().kind;
    assert_eq!(kind, FailureKind::LimitReached(LimitKind::Output));
}

/// Not a check but a measurement: `cargo test --workspace --lib -- --ignored items_per_second --nocapture`.
#[tokio::test]
#[ignore = "measures"]
async fn items_per_second() {
    let host = Host::new();
    let source = items(&host, &vec![&[7][..]; 100_000]);
    let mut job = host.batch_job(echo(), source, (0, 100_000)).await;
    let began = std::time::Instant::now();
    let (mut first, mut batches) = (0, 0);
    while first < 100_000 {
        job.items.as_mut().unwrap().range = ItemRange { first, count: 100_000 - first };
        first = host.batch(job.clone()).await.ended.last().unwrap().items.end();
        batches += 1;
    }
    let each = began.elapsed() / 100_000;
    println!("{each:?} for each item, in {batches} batches");
    assert_eq!(host.runner.sandboxes_started(), 100_000);
}
