//! The outer form of a JSON text, which serde does not hold to: it takes an array for a struct, and the last of two
//! values of one key.

use std::{collections::HashSet, fmt};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Which kind of JSON value a text is. To read one fails where a key is twice in an object, however deep inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Null,
    Object,
    Array,
    Scalar,
}

impl Shape {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Object => "an object",
            Self::Array => "an array",
            Self::Scalar => "a single value",
        }
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyShape)
    }
}

struct AnyShape;

impl<'de> Visitor<'de> for AnyShape {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
        while items.next_element::<Shape>()?.is_some() {}
        Ok(Shape::Array)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Shape, A::Error> {
        let mut keys = HashSet::new();
        while let Some((key, _)) = entries.next_entry::<String, Shape>()? {
            if let Some(twice) = keys.replace(key) {
                return Err(A::Error::custom(format!("the key `{twice}` is given twice")));
            }
        }
        Ok(Shape::Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_be_in_many_objects_but_only_once_in_each() {
        let shape = |text: &str| serde_json::from_str::<Shape>(text).map_err(|error| error.to_string());
        for (text, kind) in [
            ("null", Shape::Null),
            ("[1, -2, 0.5, \"x\", true, null]", Shape::Array),
            ("1e300", Shape::Scalar),
            (r#"{"a": {"a": 1}, "b": [{"a": 2}]}"#, Shape::Object),
        ] {
            assert_eq!(shape(text), Ok(kind), "{text}");
        }
        for text in [r#"{"a": 1, "a": 1}"#, r#"{"p": [{"a": 1, "\u0061": 2}]}"#] {
            assert!(shape(text).unwrap_err().contains("the key `a` is given twice"), "{text}");
        }
    }
}
