//! What runs, what does not, and that both give the same.

use proptest::{collection::vec, prelude::*};
use serde_json::json;

use super::*;

fn literal() -> AttemptJob {
    job(vec![argument("x", ArgumentData::Value(bytes(&json!([1, 2]))))])
}

fn only(report: &AttemptReport) -> &AttemptEnd {
    assert_eq!(report.ended.len(), 1, "{report:?}");
    &report.ended[0]
}

/// The result of each item, or none, whatever packs they are in.
fn results(world: &World, report: &AttemptReport) -> Vec<(u32, Option<Bytes>)> {
    let mut all = Vec::new();
    for end in &report.ended {
        let range = end.items.first..end.items.end();
        match &end.result {
            Ok(output) => {
                let items = items(world.store.as_ref(), output);
                assert_eq!(items.len(), range.len());
                all.extend(range.zip(items.into_iter().map(Some)));
            }
            Err(_) => all.extend(range.map(|index| (index, None))),
        }
    }
    all
}

#[tokio::test]
async fn the_second_time_nothing_runs() {
    let world = World::new();
    let first = world.run(&literal()).await;
    assert_eq!((world.ran().len(), only(&first).reused.as_ref()), (1, None));

    let again = literal();
    let second = world.run(&again).await;
    assert!(world.ran().is_empty());
    let (one, two) = (only(&first), only(&second));
    assert_eq!((&one.result, &one.cache), (&two.result, &two.cache));
    assert_ne!(two.reused.as_deref(), Some(&again.name));
    assert!(two.reused.is_some());
    assert_eq!(two.usage, Usage::default());
}

#[tokio::test]
async fn impure_and_uncached_jobs_pass_through() {
    let world = World::new();
    world.run(&literal()).await;
    let impure = AttemptJob { grants: Grants { clock: true, ..Grants::default() }, ..literal() };
    let uncached = AttemptJob { reuse: false, ..literal() };
    for job in [impure, uncached] {
        let report = world.run(&job).await;
        assert_eq!(world.ran().len(), 1);
        assert_eq!((&only(&report).cache, &only(&report).reused), (&None, &None));
    }
    assert_eq!(*world.index.asked.lock().unwrap(), 1);
}

#[tokio::test]
async fn failures_are_not_kept() {
    let world = World::new();
    let source = numbers(&world.outputs(), [13]);
    for _ in 0..2 {
        let report = world.run(&batch(&source, 0, 1)).await;
        assert!(only(&report).result.is_err());
        assert_eq!(only(&report).cache, None);
        assert_eq!(world.ran(), [(0, 1)]);
    }
}

#[tokio::test]
async fn an_index_that_fails_costs_a_computation() {
    let world = World::new();
    world.run(&literal()).await;
    *world.index.broken.lock().unwrap() = true;
    let report = world.run(&literal()).await;
    assert_eq!(world.ran().len(), 1);
    assert!(only(&report).result.is_ok());
    assert!(only(&report).cache.is_some());
}

#[tokio::test]
async fn a_damaged_result_is_computed_again_and_said() {
    let world = World::new();
    *world.fake.large.lock().unwrap() = 100_000;
    let first = literal();
    let report = world.run(&first).await;
    let output = only(&report).result.clone().unwrap();
    assert_eq!(output.place, Place::Blob);

    world.store.damaged.lock().unwrap().insert(output.hash);
    let report = world.run(&literal()).await;
    assert_eq!(only(&report).result.as_ref(), Ok(&output));
    assert_eq!(only(&report).reused, None);
    assert_eq!(world.ran().len(), 1);
    let line = format!("the result of {} is damaged (a frame is damaged); computed again", first.name);
    assert_eq!(*world.said.0.lock().unwrap(), [line]);
}

#[tokio::test]
async fn inline_results_are_checked_too() {
    let world = World::new();
    world.run(&literal()).await;
    for result in world.index.results.lock().unwrap().values_mut() {
        result.output.place = Place::Inline(Bytes::from_static(&[1]));
    }
    world.run(&literal()).await;
    assert_eq!(world.ran().len(), 1);
    assert_eq!(world.said.0.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn missing_files_are_found_before_the_result_is_used() {
    let world = World::new();
    world.run(&literal()).await;
    let file = stored::store_file(world.store.as_ref(), "a.csv".into(), "text/csv".into(), &mut &b"a,b"[..]).unwrap();
    for result in world.index.results.lock().unwrap().values_mut() {
        result.output.files = vec![file.clone()];
    }
    world.run(&literal()).await;
    assert!(world.ran().is_empty());
    world.store.damaged.lock().unwrap().insert(file.hash);
    world.run(&literal()).await;
    assert_eq!(world.ran().len(), 1);
}

#[tokio::test]
async fn what_was_checked_once_is_not_read_again() {
    let world = World::new();
    *world.fake.large.lock().unwrap() = 3_000_000;
    let report = world.run(&literal()).await;
    let output = only(&report).result.clone().unwrap();
    let checker = Checker::new(world.outputs());
    checker.output(&output).unwrap();
    // Whether it is still there is looked up every time.
    world.store.opened.lock().unwrap().clear();
    checker.output(&output).unwrap();
    assert_eq!(*world.store.opened.lock().unwrap(), [output.hash]);
    world.store.damaged.lock().unwrap().insert(output.hash);
    assert!(checker.output(&output).is_err());
}

#[tokio::test]
async fn a_result_of_another_shape_is_not_taken() {
    let world = World::new();
    world.run(&literal()).await;
    for result in world.index.results.lock().unwrap().values_mut() {
        result.packed = true;
    }
    world.run(&literal()).await;
    assert_eq!(world.ran().len(), 1);
}

#[tokio::test]
async fn of_a_batch_only_the_misses_run() {
    let world = World::new();
    let old = numbers(&world.outputs(), 0..6);
    let first = world.run(&batch(&old, 0, 6)).await;
    let new = numbers(&world.outputs(), [0, 1, 90, 91, 4, 5, 92]);
    let report = world.run(&batch(&new, 0, 7)).await;
    assert_eq!(world.ran(), [(2, 2), (6, 1)]);
    assert_eq!(*world.index.asked.lock().unwrap(), 2);

    let ranges: Vec<_> = report.ended.iter().map(|end| (end.items.first, end.items.count)).collect();
    assert_eq!(ranges, [(0, 2), (2, 2), (4, 2), (6, 1)]);
    let from: Vec<_> = report.ended.iter().map(|end| end.reused.as_ref().map(|from| from.item)).collect();
    assert_eq!(from, [Some(Some(0)), None, Some(Some(4)), None]);
    let (old, new) = (results(&world, &first), results(&world, &report));
    assert_eq!((&new[..2], &new[4..6]), (&old[..2], &old[4..]));
}

#[tokio::test]
async fn a_whole_pack_is_taken_as_it_is() {
    let world = World::new();
    *world.fake.large.lock().unwrap() = 30_000;
    let source = numbers(&world.outputs(), 0..5);
    let first = world.run(&batch(&source, 0, 5)).await;
    let second = world.run(&batch(&source, 0, 5)).await;
    assert_eq!(only(&first).result, only(&second).result);
    assert_eq!(only(&first).result.as_ref().unwrap().place, Place::Blob);
    assert!(world.ran().is_empty());
}

#[tokio::test]
async fn damaged_packs_run_with_the_misses_beside_them() {
    let world = World::new();
    *world.fake.large.lock().unwrap() = 30_000;
    let old = numbers(&world.outputs(), 0..5);
    let report = world.run(&batch(&old, 0, 5)).await;
    world.store.damaged.lock().unwrap().insert(only(&report).result.as_ref().unwrap().hash);
    let new = numbers(&world.outputs(), [90, 1, 2, 91]);
    let report = world.run(&batch(&new, 0, 4)).await;
    assert_eq!(world.ran(), [(0, 4)]);
    assert!(report.ended.iter().all(|end| end.result.is_ok() && end.reused.is_none()));
    let said = world.said.0.lock().unwrap();
    assert_eq!((said.len(), said[0].as_str()), (2, "item 1:"));
}

#[tokio::test]
async fn what_the_runner_gives_back_stays_given_back() {
    let world = World::new();
    let old = numbers(&world.outputs(), [5, 6]);
    world.run(&batch(&old, 0, 2)).await;
    *world.fake.most.lock().unwrap() = 1;
    let new = numbers(&world.outputs(), [90, 91, 5, 92, 6]);
    let report = world.run(&batch(&new, 0, 5)).await;
    assert_eq!(world.ran(), [(0, 2)]);
    let begun: Vec<_> = results(&world, &report).into_iter().map(|(index, _)| index).collect();
    assert_eq!(begun, [0, 2, 4]);
}

#[tokio::test]
async fn items_that_cannot_be_read_are_left_to_the_runner() {
    let world = World::new();
    let source = numbers(&world.outputs(), [1, 2]);
    let job = batch(&OutputRef { hash: ContentHash([9; 32]), ..source }, 0, 2);
    let report = world.run(&job).await;
    assert_eq!(only(&report).result.as_ref().unwrap_err().kind, FailureKind::DamagedInput);
    assert_eq!(world.ran(), [(0, 2)]);
    assert_eq!(*world.index.asked.lock().unwrap(), 0);
}

#[tokio::test]
async fn a_cancelled_attempt_is_the_runners() {
    let world = World::new();
    world.run(&literal()).await;
    let (inner, results) = (Arc::clone(&world.fake) as _, Arc::clone(&world.index) as _);
    let runner = ReusingRunner::new(inner, results, world.outputs(), Arc::new(Stopped));
    let (_keep, cancel) = watch::channel(true);
    runner.run(literal(), Arc::clone(&world.said) as _, cancel).await;
    assert_eq!((world.ran().len(), *world.index.asked.lock().unwrap()), (2, 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever was computed before, however it was cut into batches: a batch gives what it would give without a cache.
    #[test]
    fn batches_give_the_same_with_and_without_earlier_results(
        old in vec(0_u64..20, 1..20), new in vec(0_u64..20, 1..20), cut in 0_usize..20, large in prop::sample::select(vec![0, 20_000]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            *world.fake.large.lock().unwrap() = large;
            let store = world.outputs();
            let (before, source) = (numbers(&store, old.iter().copied()), numbers(&store, new.iter().copied()));
            let count = |list: &[u64]| u32::try_from(list.len()).unwrap();
            world.run(&batch(&before, 0, count(&old))).await;

            let cut = cut.min(new.len());
            let (left, right) = new.split_at(cut);
            let mut found = Vec::new();
            for (first, part) in [(0, left), (count(left), right)] {
                if !part.is_empty() {
                    let report = world.run(&batch(&source, first, count(part))).await;
                    found.extend(results(&world, &report));
                    let known: HashSet<_> = old.iter().chain(&new[..first as usize]).filter(|item| **item != 13).collect();
                    let missing = part.iter().filter(|item| !known.contains(item)).count();
                    let ran: u32 = world.ran().iter().map(|(_, count)| count).sum();
                    prop_assert_eq!(ran as usize, missing, "only what is not known runs");
                }
            }
            let uncached = AttemptJob { reuse: false, ..batch(&source, 0, count(&new)) };
            let expected = results(&world, &world.run(&uncached).await);
            prop_assert_eq!(found, expected);
            Ok(())
        })?;
    }
}
