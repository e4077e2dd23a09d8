//! Same job, same key; another observation, another key.

use proptest::{collection::vec, prelude::*};
use serde_json::json;

use super::*;

fn key(job: &AttemptJob) -> ContentHash {
    JobKey::of(job).whole()
}

fn sample() -> AttemptJob {
    let days = value(&json!({"days": [1, 2], "note": "a"}));
    job(vec![argument("days", output(days, ".days")), argument("threshold", ArgumentData::Value(bytes(&json!(30.5))))])
}

#[test]
fn what_a_guest_cannot_see_is_not_in_the_key() {
    let base = key(&sample());
    let same: [fn(&mut AttemptJob); 6] = [
        |job| job.name = AttemptName { run: RunId::generate(), step: name("other"), item: None, attempt: 7 },
        |job| job.pipeline = name("other"),
        |job| job.limits.wall_ms += 1,
        |job| job.limits.cpu_ms += 1,
        |job| (job.limits.log_lines, job.limits.log_bytes) = (1, 1),
        |job| job.scheduled_for = Some(Timestamp(1)),
    ];
    for (index, change) in same.iter().enumerate() {
        let mut job = sample();
        change(&mut job);
        assert_eq!(key(&job), base, "change {index}");
    }
}

#[test]
fn what_a_guest_can_see_is() {
    let different: [fn(&mut AttemptJob); 17] = [
        |job| job.module.0[31] = 2,
        |job| job.function = name("other"),
        |job| job.output = Form::Rows,
        |job| job.arguments[0].form = Form::Rows,
        |job| job.arguments[0].name = name("dayz"),
        |job| job.arguments.truncate(1),
        |job| job.arguments.swap(0, 1),
        |job| job.arguments[1].data = ArgumentData::Value(bytes(&json!(30))),
        |job| job.limits.memory += 1,
        |job| job.limits.output += 1,
        |job| job.limits.storage += 1,
        |job| job.limits.files += 1,
        |job| job.limits.table_elements += 1,
        |job| job.limits.instances += 1,
        |job| (job.limits.tables, job.limits.memories) = (job.limits.memories, job.limits.tables),
        |job| job.limits.handles += 1,
        |job| job.limits.random_bytes += 1,
    ];
    let mut keys = HashSet::from([key(&sample())]);
    for (index, change) in different.iter().enumerate() {
        let mut job = sample();
        change(&mut job);
        assert!(keys.insert(key(&job)), "change {index} gives a key that was there");
        assert_ne!(JobKey::of(&job).parts(), JobKey::of(&sample()).parts(), "change {index} is named");
    }
}

#[test]
fn only_the_part_that_is_given_counts() {
    let with = |note: &str, days: serde_json::Value| {
        let days = value(&json!({"days": days, "note": note}));
        key(&job(vec![argument("days", output(days, ".days"))]))
    };
    assert_eq!(with("a", json!([1, 2])), with("b", json!([1, 2])));
    assert_ne!(with("a", json!([1, 2])), with("a", json!([1, 3])));
}

#[test]
fn where_equal_bytes_come_from_does_not_count() {
    let days = json!([1, 2]);
    let literal = job(vec![argument("days", ArgumentData::Value(bytes(&days)))]);
    let whole = job(vec![argument("days", output(value(&days), ""))]);
    let part = job(vec![argument("days", output(value(&json!({"a": days})), ".a"))]);
    let world = World::new();
    let stream = rows(&world.outputs(), [bytes(&json!(0)).to_vec(), bytes(&days).to_vec()]);
    let item = job(vec![argument("days", output(stream, "[1]"))]);
    assert_eq!(key(&literal), key(&whole));
    assert_eq!(key(&literal), key(&part));
    assert_eq!(key(&literal), key(&item));
}

#[test]
fn a_part_of_a_blob_is_found_by_blob_and_path() {
    let blob = |fill: u8| OutputRef { place: Place::Blob, hash: ContentHash([fill; 32]), ..value(&json!(null)) };
    let with = |fill, path| key(&job(vec![argument("days", output(blob(fill), path))]));
    let keys = HashSet::from([with(1, ".a"), with(1, ".b"), with(2, ".a"), with(1, "")]);
    assert_eq!(keys.len(), 4);
    assert_eq!(with(1, ".a"), with(1, ".a"));
}

#[test]
fn a_stream_is_not_the_value_with_its_hash() {
    let one = value(&json!([1]));
    let stream = OutputRef { form: Form::Rows, items: Some(1), ..one.clone() };
    let with = |of: &OutputRef| key(&job(vec![argument("days", output(of.clone(), ""))]));
    assert_ne!(with(&one), with(&stream));
}

#[test]
fn of_an_item_only_the_parts_that_are_given_count() {
    let mut batch = job(vec![argument("year", ArgumentData::Item { path: ".year".parse().unwrap() })]);
    let key = |batch: &AttemptJob, item: &serde_json::Value| JobKey::of(batch).of_item(&bytes(item));
    let base = key(&batch, &json!({"year": 1, "note": 1}));
    assert_eq!(base, key(&batch, &json!({"year": 1, "note": 2})));
    assert_ne!(base, key(&batch, &json!({"year": 2, "note": 1})));
    assert_ne!(base, JobKey::of(&batch).whole());
    batch.arguments[0].data = ArgumentData::Item { path: Default::default() };
    assert_ne!(base, key(&batch, &json!({"year": 1, "note": 1})));
    assert_ne!(key(&batch, &json!({"year": 1, "note": 1})), key(&batch, &json!({"year": 1, "note": 2})));
}

#[test]
fn the_contract_that_keys_name_is_the_one_that_is_kept() {
    let world = include_str!("../../../../../wit/world.wit");
    let parts = JobKey::of(&sample());
    let abi = parts.parts().iter().find(|part| part.name == "abi").unwrap();
    assert!(world.contains(&format!("package stepmill:step@{};", abi.value)));
}

proptest! {
    #[test]
    fn other_bytes_give_another_key(one in vec(0_u8..4, 1..4), other in vec(0_u8..4, 1..4)) {
        let given = |bytes: Vec<u8>| key(&job(vec![argument("x", ArgumentData::Value(bytes.into()))]));
        let item = |bytes: &[u8]| {
            JobKey::of(&job(vec![argument("x", ArgumentData::Item { path: Default::default() })])).of_item(bytes)
        };
        prop_assert_eq!(given(one.clone()), given(one.clone()));
        prop_assert_eq!(given(one.clone()) == given(other.clone()), one == other);
        prop_assert_eq!(item(&one) == item(&other), one == other);
    }

    #[test]
    fn bytes_do_not_move_from_one_argument_to_the_next(
        one in "[a-z]{1,3}", two in "[a-z]{1,3}", x in 0_u64..3, y in 0_u64..3, swapped: bool,
    ) {
        let given = |a: &str, b: &str, x: u64, y: u64| {
            let of = |text: &str, number: u64| argument(text, ArgumentData::Value(bytes(&number.into())));
            key(&job(vec![of(a, x), of(b, y)]))
        };
        let base = given(&one, &two, x, y);
        let other = if swapped { given(&two, &one, x, y) } else { given(&one, &two, y, x) };
        let same = if swapped { one == two } else { x == y };
        prop_assert_eq!(base == other, same);
    }
}
