//! Arbitrary values for property tests, and a naive reader to compare ours with.

use proptest::{collection::vec, prelude::*};
use rmp::Marker;

/// A value as a tree, as arbitrary as MessagePack allows, with other than the shortest forms.
#[derive(Debug, Clone)]
pub(crate) enum Tree {
    Nil,
    Bool(bool),
    UInt(u64),
    Int(i64),
    WideInt(i64),
    F32(f32),
    F64(f64),
    Str(String),
    Bin(Vec<u8>),
    Ext(i8, Vec<u8>),
    Array(Vec<Tree>),
    Map(Vec<(Tree, Tree)>),
}

impl Tree {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        use rmp::encode as e;
        match self {
            Self::Nil => e::write_nil(out).unwrap(),
            Self::Bool(value) => e::write_bool(out, *value).unwrap(),
            Self::UInt(value) => drop(e::write_uint(out, *value).unwrap()),
            Self::Int(value) => drop(e::write_sint(out, *value).unwrap()),
            Self::WideInt(value) => e::write_i64(out, *value).unwrap(),
            Self::F32(value) => e::write_f32(out, *value).unwrap(),
            Self::F64(value) => e::write_f64(out, *value).unwrap(),
            Self::Str(value) => e::write_str(out, value).unwrap(),
            Self::Bin(value) => e::write_bin(out, value).unwrap(),
            Self::Ext(kind, value) => {
                e::write_ext_meta(out, u32::try_from(value.len()).unwrap(), *kind).unwrap();
                out.extend(value);
            }
            Self::Array(items) => {
                e::write_array_len(out, u32::try_from(items.len()).unwrap()).unwrap();
                items.iter().for_each(|item| item.write(out));
            }
            Self::Map(entries) => {
                e::write_map_len(out, u32::try_from(entries.len()).unwrap()).unwrap();
                for (key, value) in entries {
                    key.write(out);
                    value.write(out);
                }
            }
        }
    }
}

/// Trees with our own `$` words among the keys, duplicate keys, and every width of number.
pub(crate) fn tree() -> impl Strategy<Value = Tree> {
    let word = prop_oneof![
        prop::sample::select(vec!["$bytes", "$int", "$float", "$map", "$ext", "$other", "a", "b", ""])
            .prop_map(str::to_owned),
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Tree::Nil),
        any::<bool>().prop_map(Tree::Bool),
        any::<u64>().prop_map(Tree::UInt),
        (0..300_u64).prop_map(Tree::UInt),
        any::<i64>().prop_map(Tree::Int),
        (-300..300_i64).prop_map(Tree::WideInt),
        any::<f32>().prop_map(Tree::F32),
        prop_oneof![any::<f64>(), Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)].prop_map(Tree::F64),
        word.clone().prop_map(Tree::Str),
        vec(any::<u8>(), 0..40).prop_map(Tree::Bin),
        (any::<i8>(), vec(any::<u8>(), 0..20)).prop_map(|(kind, bytes)| Tree::Ext(kind, bytes)),
    ];
    leaf.prop_recursive(6, 60, 8, move |inner| {
        let key = prop_oneof![3 => word.clone().prop_map(Tree::Str), 1 => inner.clone()];
        prop_oneof![vec(inner.clone(), 0..20).prop_map(Tree::Array), vec((key, inner), 0..6).prop_map(Tree::Map),]
    })
}

/// Reads one value in the plainest way, recursively, and answers what is behind it. Knows nothing of files.
pub(crate) fn naive(bytes: &[u8], depth: usize) -> Option<&[u8]> {
    let (&first, rest) = bytes.split_first()?;
    let number = |width: usize| -> Option<(usize, &[u8])> {
        let (head, rest) = rest.split_at_checked(width)?;
        Some((head.iter().fold(0, |sum, byte| sum * 256 + usize::from(*byte)), rest))
    };
    match Marker::from_u8(first) {
        Marker::Reserved => None,
        Marker::Null | Marker::True | Marker::False | Marker::FixPos(_) | Marker::FixNeg(_) => Some(rest),
        Marker::U8 | Marker::I8 => rest.get(1..),
        Marker::U16 | Marker::I16 | Marker::FixExt1 => rest.get(2..),
        Marker::FixExt2 => rest.get(3..),
        Marker::U32 | Marker::I32 | Marker::F32 => rest.get(4..),
        Marker::FixExt4 => rest.get(5..),
        Marker::U64 | Marker::I64 | Marker::F64 => rest.get(8..),
        Marker::FixExt8 => rest.get(9..),
        Marker::FixExt16 => rest.get(17..),
        Marker::Bin8 => number(1).and_then(|(length, rest)| rest.get(length..)),
        Marker::Bin16 => number(2).and_then(|(length, rest)| rest.get(length..)),
        Marker::Bin32 => number(4).and_then(|(length, rest)| rest.get(length..)),
        Marker::Ext8 => number(1).and_then(|(length, rest)| rest.get(length + 1..)),
        Marker::Ext16 => number(2).and_then(|(length, rest)| rest.get(length + 1..)),
        Marker::Ext32 => number(4).and_then(|(length, rest)| rest.get(length + 1..)),
        Marker::FixStr(length) => naive_text(length.into(), rest),
        Marker::Str8 => number(1).and_then(|(length, rest)| naive_text(length, rest)),
        Marker::Str16 => number(2).and_then(|(length, rest)| naive_text(length, rest)),
        Marker::Str32 => number(4).and_then(|(length, rest)| naive_text(length, rest)),
        Marker::FixArray(count) => naive_children(count.into(), rest, depth),
        Marker::Array16 => number(2).and_then(|(count, rest)| naive_children(count, rest, depth)),
        Marker::Array32 => number(4).and_then(|(count, rest)| naive_children(count, rest, depth)),
        Marker::FixMap(count) => naive_children(2 * usize::from(count), rest, depth),
        Marker::Map16 => number(2).and_then(|(count, rest)| naive_children(2 * count, rest, depth)),
        Marker::Map32 => number(4).and_then(|(count, rest)| naive_children(2 * count, rest, depth)),
    }
}

fn naive_text(length: usize, rest: &[u8]) -> Option<&[u8]> {
    let (text, rest) = rest.split_at_checked(length)?;
    std::str::from_utf8(text).ok().map(|_| rest)
}

fn naive_children(count: usize, rest: &[u8], depth: usize) -> Option<&[u8]> {
    if depth == crate::limits::MAX_VALUE_DEPTH {
        return None;
    }
    (0..count).try_fold(rest, |rest, _| naive(rest, depth + 1))
}
