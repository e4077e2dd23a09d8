//! Bytes that pretend to be MessagePack, and MessagePack that few expect.

use crate::Program;

pub const PROGRAMS: &[(&str, Program)] = &[
    ("nests_a_million_lists", || vec![0x91; 1_000_000]),
    ("nests_a_million_maps", || [0x81, 0xa0].repeat(500_000)),
    ("nests_as_deep_as_allowed", || [&[0x91; 64][..], &[0xc0]].concat()),
    ("nests_deeper_than_allowed", || [&[0x91; 65][..], &[0xc0]].concat()),
    ("lies_about_a_list", || vec![0xdd, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5]),
    ("lies_about_a_map", || vec![0xdf, 0xff, 0xff, 0xff, 0xff, 1]),
    ("lies_about_a_text", || vec![0xdb, 0xff, 0xff, 0xff, 0xff, b'a']),
    ("lies_about_bytes", || vec![0xc6, 0xff, 0xff, 0xff, 0xff, b'a']),
    ("lies_about_an_extension", || vec![0xc9, 0xff, 0xff, 0xff, 0xff, 1, b'a']),
    ("returns_the_reserved_byte", || vec![0xc1]),
    ("returns_nothing", Vec::new),
    ("returns_two_values", || vec![1, 2]),
    ("returns_text_that_is_none", || vec![0xa3, 0xff, 0xfe, 0xed]),
    ("repeats_a_key", || vec![0x82, 0xa1, b'a', 1, 0xa1, b'a', 2]),
    ("has_odd_keys", odd_keys),
    ("has_odd_numbers", odd_numbers),
    ("has_odd_times", odd_times),
    ("returns_a_long_list", || [&[0xdd, 0, 0xf4, 0x24, 0][..], &vec![1; 16_000_000]].concat()),
    ("invents_a_file", invents_a_file),
];

/// Keys that are a list, a map, bytes, nil, a number that is none.
fn odd_keys() -> Vec<u8> {
    let keys: [&[u8]; 5] = [&[0x91, 1], &[0x80], &[0xc4, 1, 0xff], &[0xc0], &[0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]];
    keys.iter().fold(vec![0x85], |map, key| [&map, *key, &[1]].concat())
}

fn odd_numbers() -> Vec<u8> {
    let numbers: [&[u8]; 5] = [
        &[0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0],
        &[0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0],
        &[0xcb, 0xff, 0xf0, 0, 0, 0, 0, 0, 0],
        &[0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0],
    ];
    numbers.iter().fold(vec![0x95], |list, number| [&list, *number].concat())
}

/// The extension for time, with more nanoseconds than a second has, in a year that no calendar has, and too short.
fn odd_times() -> Vec<u8> {
    let times: [&[u8]; 3] = [
        &[0xd7, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0xc7, 12, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0xd4, 0xff, 0],
    ];
    times.iter().fold(vec![0x93], |list, time| [&list, *time].concat())
}

/// `{"$file": {"name": "../../etc/passwd", …}}`, with a hash that nothing has.
fn invents_a_file() -> Vec<u8> {
    let mut bytes = vec![0x81, 0xa5];
    bytes.extend(b"$file");
    bytes.push(0x84);
    let mut put = |key: &str, value: &[u8]| {
        bytes.push(0xa0 + key.len() as u8);
        bytes.extend(key.as_bytes());
        bytes.extend(value);
    };
    let short = |text: &str| [&[0xd9, text.len() as u8], text.as_bytes()].concat();
    put("name", &short("passwd"));
    put("media_type", &short("text/html"));
    put("size", &[1]);
    put("hash", &short(&"0".repeat(64)));
    bytes
}
