//! Values of every kind go in and come out unchanged.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::IpAddr;
use std::time::Duration;

use stepmill_sdk::{prelude::*, testing};

/// Defines a step that returns its input.
macro_rules! identity {
    ($($name:ident: $ty:ty),* $(,)?) => {
        $(#[step] fn $name(value: $ty) -> $ty { value })*
    };
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
enum Shape {
    Empty,
    Circle(f64),
    Segment(f64, f64),
    Box { width: u32, height: Option<u32> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Outer {
    inner: Vec<Inner>,
    by_name: BTreeMap<String, Inner>,
    pair: (u8, String),
    nothing: (),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Inner {
    letter: char,
    shape: Shape,
    unit: Unit,
    wrapped: Wrapped,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Unit;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Wrapped(Option<i64>);

identity! {
    pass_unit: (),
    pass_bool: bool,
    pass_u64: u64,
    pass_i64: i64,
    pass_i8: i8,
    pass_f32: f32,
    pass_f64: f64,
    pass_char: char,
    pass_string: String,
    pass_bytes: Bytes,
    pass_u8s: Vec<u8>,
    pass_shape: Shape,
    pass_outer: Outer,
    pass_list: Vec<i32>,
    pass_tuple: (i32, String, bool),
    pass_map: BTreeMap<String, u64>,
    pass_keys: BTreeMap<u32, String>,
    pass_address: IpAddr,
    pass_duration: Duration,
    pass_nested_bytes: Vec<Bytes>,
}

#[step]
fn pass_option(value: Option<u32>) -> Option<u32> {
    value
}

#[step]
fn returns_nothing(value: u32) {
    assert_eq!(value, 1);
}

#[track_caller]
fn comes_back<T>(step: &str, value: T)
where
    T: Serialize + for<'de> Deserialize<'de> + PartialEq + Debug,
{
    assert_eq!(testing::call(step).input("value", &value).run::<T>().unwrap(), value, "{step}");
}

fn inner() -> Inner {
    Inner { letter: 'ß', shape: Shape::Segment(0.5, -1.0), unit: Unit, wrapped: Wrapped(Some(i64::MIN)) }
}

#[test]
fn scalars() {
    comes_back("pass_unit", ());
    comes_back("pass_bool", true);
    comes_back("pass_i8", i8::MIN);
    comes_back("pass_f32", f32::MIN_POSITIVE);
    comes_back("pass_char", '🦀');
    comes_back("pass_string", String::new());
    comes_back("pass_string", "Grüße\0".repeat(100_000));
}

#[test]
fn integers_at_their_limits() {
    for value in [0, 127, 128, u64::from(u32::MAX), 1 << 53, (1 << 53) + 1, u64::MAX] {
        comes_back("pass_u64", value);
    }
    for value in [i64::MIN, -129, -1, 0, i64::MAX] {
        comes_back("pass_i64", value);
    }
}

#[test]
fn floats_that_json_cannot_say() {
    for value in [f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -0.0] {
        comes_back("pass_f64", value);
    }
    let nan: f64 = testing::call("pass_f64").input("value", f64::NAN).run().unwrap();
    assert!(nan.is_nan());
}

#[test]
fn an_integer_is_a_float_where_one_is_wanted() {
    assert_eq!(testing::call("pass_f64").input("value", 30).run::<f64>().unwrap(), 30.0);
}

#[test]
fn enums() {
    comes_back("pass_shape", Shape::Empty);
    comes_back("pass_shape", Shape::Circle(1.5));
    comes_back("pass_shape", Shape::Segment(1.0, 2.0));
    comes_back("pass_shape", Shape::Box { width: 1, height: None });
    // As serde writes them by default.
    let called = testing::call("pass_shape").input("value", Shape::Empty).execute();
    assert_eq!(called.value::<String>().unwrap(), "Empty");
    let called = testing::call("pass_shape").input("value", Shape::Circle(1.5)).execute();
    assert_eq!(called.value::<BTreeMap<String, f64>>().unwrap()["Circle"], 1.5);
}

#[test]
fn options() {
    comes_back("pass_option", Some(7_u32));
    comes_back("pass_option", None::<u32>);
    assert_eq!(testing::call("pass_option").run::<Option<u32>>().unwrap(), None);
}

#[test]
fn nested_structs_are_maps_by_field_name() {
    let outer = Outer {
        inner: vec![inner(), inner()],
        by_name: BTreeMap::from([("a".to_owned(), inner())]),
        pair: (255, "x".to_owned()),
        nothing: (),
    };
    comes_back("pass_outer", outer.clone());
    let called = testing::call("pass_outer").input("value", &outer).execute();
    // A map of four, the first key of which is the first field's name.
    assert_eq!(&called.encoded().unwrap()[..7], b"\x84\xa5inner");
}

#[test]
fn maps() {
    comes_back("pass_map", BTreeMap::<String, u64>::new());
    comes_back("pass_map", BTreeMap::from([("a".to_owned(), u64::MAX)]));
    comes_back("pass_keys", BTreeMap::from([(1, "one".to_owned()), (u32::MAX, "many".to_owned())]));
    comes_back("pass_tuple", (-1, "x".to_owned(), false));
}

#[test]
fn types_with_a_form_for_people_use_it() {
    comes_back("pass_address", IpAddr::from([127, 0, 0, 1]));
    comes_back("pass_duration", Duration::from_millis(1500));
    let called = testing::call("pass_address").input("value", "::1").execute();
    assert_eq!(called.value::<String>().unwrap(), "::1");
}

#[test]
fn lists_of_any_length() {
    comes_back("pass_list", Vec::<i32>::new());
    comes_back("pass_list", (0..1_000_000).collect::<Vec<i32>>());
}

#[test]
fn bytes_are_bytes() {
    for length in [0, 1, 255, 256, 65_536, 1_000_000] {
        let bytes = Bytes::from(vec![0xff; length]);
        comes_back("pass_bytes", bytes.clone());
        let header = [2, 2, 2, 3, 5, 5][[0, 1, 255, 256, 65_536, 1_000_000].iter().position(|l| *l == length).unwrap()];
        let called = testing::call("pass_bytes").input("value", &bytes).execute();
        assert_eq!(called.encoded().unwrap().len(), header + length);
    }
    comes_back("pass_nested_bytes", vec![Bytes::from(vec![1]), Bytes::default()]);
    comes_back("pass_u8s", vec![0, 200]);
}

#[test]
fn bytes_of_a_producer_without_bytes() {
    let bytes: Bytes = testing::call("pass_bytes").input("value", vec![1_u8, 200]).run().unwrap();
    assert_eq!(*bytes, [1, 200]);
}

#[test]
fn nothing_is_null() {
    let called = testing::call("returns_nothing").input("value", 1).execute();
    called.value::<()>().unwrap();
    assert_eq!(called.encoded().unwrap(), [0xc0]);
}
