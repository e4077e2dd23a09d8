//! JSON → values, in canonical form: the shortest integers, floats of 64 bits.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Number, Value as Json};

use super::{BYTES, EXT, FLOAT, INT, MAP};
use crate::{
    limits::MAX_VALUE_DEPTH,
    value::{
        encode::Encoder,
        path::{Segment, ValuePath},
    },
};

/// Why JSON is not a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}{}", if path.is_empty() { String::new() } else { format!(" (at `{path}`)") })]
pub struct JsonError {
    /// Where in the JSON.
    pub path: ValuePath,
    /// What is wrong and what is wanted.
    pub problem: &'static str,
}

const TOO_DEEP: &str = "lists and maps are nested deeper than 64 levels";
const TOO_LONG: &str = "it is longer than a value can be";
const BAD_BYTES: &str = "`$bytes` must be a string of base64 with padding";
const BAD_EXT: &str = "`$ext` must be a list of a type (-128 to 127) and a string of base64 with padding";
const BAD_FLOAT: &str = "`$float` must be \"NaN\", \"Infinity\" or \"-Infinity\"";
const BAD_INT: &str = "`$int` must be a string of decimal digits, from -9223372036854775808 to 18446744073709551615";
const BAD_MAP: &str = "`$map` must be a list of pairs `[key, value]`";
const BAD_NUMBER: &str = "the number is too large for a float of 64 bits";

/// The MessagePack of a JSON value.
///
/// # Errors
/// If it is nested too deep, or a map of one key such as `$bytes` does not have what belongs there.
pub fn from_json(json: &Json) -> Result<Vec<u8>, JsonError> {
    let mut reader = Reader { out: Encoder::default(), path: Vec::new() };
    match reader.value(json, 0) {
        Ok(()) => Ok(reader.out.into_vec()),
        Err(problem) => Err(JsonError { path: ValuePath::new(reader.path), problem }),
    }
}

type Outcome = Result<(), &'static str>;

struct Reader {
    out: Encoder,
    /// Where the reader is; after a failure, where that was.
    path: Vec<Segment>,
}

impl Reader {
    /// Writes one value. Recursion ends at the depth that a value may have.
    fn value(&mut self, json: &Json, depth: usize) -> Outcome {
        match json {
            Json::Null => self.out.nil(),
            Json::Bool(value) => self.out.bool(*value),
            Json::Number(number) => return self.number(number),
            Json::String(text) => return self.text(text),
            Json::Array(items) => {
                self.out.array(open(items.len(), depth)?);
                for (index, item) in (0..).zip(items) {
                    self.at(Segment::Index(index), |reader| reader.value(item, depth + 1))?;
                }
            }
            Json::Object(map) => return self.map(map, depth),
        }
        Ok(())
    }

    fn at(&mut self, segment: Segment, write: impl FnOnce(&mut Self) -> Outcome) -> Outcome {
        self.path.push(segment);
        write(self)?;
        self.path.pop();
        Ok(())
    }

    fn number(&mut self, number: &Number) -> Outcome {
        if let Some(value) = number.as_u64() {
            self.out.uint(value);
        } else if let Some(value) = number.as_i64() {
            self.out.int(value);
        } else {
            self.out.f64(number.as_f64().filter(|value| value.is_finite()).ok_or(BAD_NUMBER)?);
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Outcome {
        length(text.len())?;
        self.out.str(text);
        Ok(())
    }

    fn map(&mut self, map: &Map<String, Json>, depth: usize) -> Outcome {
        if let (1, Some((key, content))) = (map.len(), map.iter().next()) {
            match key.as_str() {
                BYTES => return self.bytes(content),
                EXT => return self.ext(content),
                FLOAT => return self.float(content),
                INT => return self.int(content),
                MAP => return self.pairs(content, depth),
                _ => {}
            }
        }
        self.out.map(open(map.len(), depth)?);
        for (key, value) in map {
            self.text(key)?;
            self.at(Segment::Key(key.clone()), |reader| reader.value(value, depth + 1))?;
        }
        Ok(())
    }

    fn bytes(&mut self, content: &Json) -> Outcome {
        let bytes = content.as_str().and_then(decode).ok_or(BAD_BYTES)?;
        length(bytes.len())?;
        self.out.bin(&bytes);
        Ok(())
    }

    fn ext(&mut self, content: &Json) -> Outcome {
        let Some([kind, text]) = content.as_array().map(Vec::as_slice) else {
            return Err(BAD_EXT);
        };
        let kind = kind.as_i64().and_then(|kind| i8::try_from(kind).ok()).ok_or(BAD_EXT)?;
        let bytes = text.as_str().and_then(decode).ok_or(BAD_EXT)?;
        length(bytes.len())?;
        self.out.ext(kind, &bytes);
        Ok(())
    }

    fn float(&mut self, content: &Json) -> Outcome {
        self.out.f64(match content.as_str() {
            Some("NaN") => f64::NAN,
            Some("Infinity") => f64::INFINITY,
            Some("-Infinity") => f64::NEG_INFINITY,
            _ => return Err(BAD_FLOAT),
        });
        Ok(())
    }

    fn int(&mut self, content: &Json) -> Outcome {
        let text = content.as_str().ok_or(BAD_INT)?;
        if let Ok(value) = text.parse::<u64>() {
            self.out.uint(value);
        } else {
            self.out.int(text.parse().map_err(|_| BAD_INT)?);
        }
        Ok(())
    }

    fn pairs(&mut self, content: &Json, depth: usize) -> Outcome {
        let pairs = content.as_array().ok_or(BAD_MAP)?;
        self.out.map(open(pairs.len(), depth)?);
        self.at(Segment::Key(MAP.to_owned()), |reader| {
            (0..).zip(pairs).try_for_each(|(index, pair)| {
                let Some([key, value]) = pair.as_array().map(Vec::as_slice) else {
                    return Err(BAD_MAP);
                };
                reader.at(Segment::Index(index), |reader| {
                    reader.at(Segment::Index(0), |reader| reader.value(key, depth + 1))?;
                    reader.at(Segment::Index(1), |reader| reader.value(value, depth + 1))
                })
            })
        })
    }
}

/// The count of a list or map that has `depth` others around it.
fn open(count: usize, depth: usize) -> Result<u32, &'static str> {
    if depth >= MAX_VALUE_DEPTH { Err(TOO_DEEP) } else { length(count) }
}

/// MessagePack's lengths have 32 bits.
fn length(length: usize) -> Result<u32, &'static str> {
    u32::try_from(length).map_err(|_| TOO_LONG)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
