//! Streams of items, in and out.

use stepmill_sdk::{ErrorKind, Form, prelude::*, testing};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Row {
    id: u64,
    text: String,
}

#[step]
fn count(rows: Rows<Row>) -> Result<usize> {
    rows.map(|row| row.map(|_| 1)).sum()
}

#[step]
fn numbers(#[config] to: u32) -> impl Iterator<Item = u32> {
    0..to
}

#[step]
fn checked_numbers(#[config] to: u32) -> Result<impl Iterator<Item = u32>> {
    if to == 0 { Err(StepError::permanent("nothing to count")) } else { Ok(0..to) }
}

#[step]
fn stops(#[config] at: u32) -> impl Iterator<Item = Result<u32, String>> {
    (0..).map(move |number| if number == at { Err(format!("stopped at {at}")) } else { Ok(number) })
}

#[step]
fn pass_rows(rows: Rows<Row>) -> Rows<Row> {
    rows
}

#[step]
fn doubled(rows: Rows<Row>) -> impl Iterator<Item = Result<Row>> {
    rows.map(|row| row.map(|row| Row { id: row.id * 2, ..row }))
}

#[step]
fn written(rows: Rows<Row>, out: &mut Writer<u64>) -> Result<()> {
    for row in rows {
        out.write(&row?.id)?;
    }
    Ok(())
}

#[step]
fn writes_nothing(_out: &mut Writer<u64>) {}

fn rows(count: u64) -> impl Iterator<Item = Row> {
    (0..count).map(|id| Row { id, text: "x".repeat(id as usize % 50) })
}

#[test]
fn rows_are_read_one_by_one() {
    assert_eq!(testing::call("count").rows("rows", rows(0)).run::<usize>().unwrap(), 0);
    assert_eq!(testing::call("count").rows("rows", rows(1)).run::<usize>().unwrap(), 1);
    assert_eq!(testing::call("count").rows("rows", rows(12_345)).run::<usize>().unwrap(), 12_345);
}

#[test]
fn iterators_are_written() {
    let called = testing::call("numbers").config("to", 100_000).execute();
    assert_eq!(called.form(), Some(Form::Rows));
    assert!(called.value::<Vec<u32>>().unwrap().into_iter().eq(0..100_000));
    assert!(testing::call("numbers").config("to", 0).run::<Vec<u32>>().unwrap().is_empty());
}

#[test]
fn an_iterator_may_fail_to_start() {
    assert_eq!(testing::call("checked_numbers").config("to", 2).run::<Vec<u32>>().unwrap(), [0, 1]);
    let error = testing::call("checked_numbers").config("to", 0).run::<Vec<u32>>().unwrap_err();
    assert_eq!((error.kind(), error.message()), (&ErrorKind::Permanent, "nothing to count"));
}

#[test]
fn an_iterator_may_fail_on_the_way() {
    let error = testing::call("stops").config("at", 70_000).run::<Vec<u32>>().unwrap_err();
    assert_eq!((error.kind(), error.message()), (&ErrorKind::Failed, "stopped at 70000"));
}

#[test]
fn rows_pass_through() {
    let expected: Vec<Row> = rows(1000).collect();
    assert_eq!(testing::call("pass_rows").rows("rows", rows(1000)).run::<Vec<Row>>().unwrap(), expected);
    let doubled: Vec<Row> = testing::call("doubled").rows("rows", rows(1000)).run().unwrap();
    assert_eq!(doubled[999].id, 1998);
}

#[test]
fn a_writer_is_the_output() {
    let ids: Vec<u64> = testing::call("written").rows("rows", rows(50_000)).run().unwrap();
    assert!(ids.into_iter().eq(0..50_000));
    assert!(testing::call("writes_nothing").run::<Vec<u64>>().unwrap().is_empty());
    // And as a plain function:
    let ids = testing::written(|out| super::streams::written(rows(3).collect(), out)).unwrap();
    assert_eq!(ids, [0, 1, 2]);
}

#[test]
fn a_bad_item_is_named_with_its_index_and_path() {
    let good: Vec<serde_json::Value> = rows(150).map(|row| serde_json::to_value(row).unwrap()).collect();
    let bad = serde_json::json!({ "id": 1, "text": [] });
    let items = good.into_iter().chain([bad]);
    let error = testing::call("count").rows("rows", items).run::<usize>().unwrap_err();
    let ErrorKind::InvalidInput(place) = error.kind() else { panic!("{error:?}") };
    assert_eq!((place.parameter.as_str(), place.path.as_str()), ("rows", "[150].text"));
    assert!(error.message().starts_with("step `count` cannot read parameter `rows` at `[150].text`: "), "{error}");
}

#[test]
fn behind_a_bad_item_there_is_nothing() {
    let mut rows = testing::call("pass_rows").rows("rows", ["text"]).execute();
    assert!(rows.value::<Vec<Row>>().is_err());
    rows = testing::call("pass_rows").rows("rows", rows_of_numbers()).execute();
    assert!(rows.value::<Vec<Row>>().unwrap_err().message().contains("`[0]`"));
}

fn rows_of_numbers() -> [u8; 3] {
    [1, 2, 3]
}
