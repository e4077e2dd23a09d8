//! Values for conditions, from MessagePack. Whole numbers are `int`, or `uint` if they are too large for that, so that
//! it makes no difference how the producer wrote them.

use std::{collections::HashMap, sync::Arc};

use cel::{
    Value,
    objects::{Key, Map},
};

use crate::value::{
    cursor::{Cursor, Fault, Token},
    validate::validate,
};

/// The value of exactly these bytes, or why there is none. Validation has bounded the depth before this recurses.
pub(super) fn decode(bytes: &[u8]) -> Result<Value, String> {
    validate(bytes).map_err(|error| error.to_string())?;
    value(&mut Cursor::new(bytes))
}

fn value(cursor: &mut Cursor<'_>) -> Result<Value, String> {
    Ok(match cursor.token().map_err(malformed)? {
        Token::Nil => Value::Null,
        Token::Bool(bool) => Value::Bool(bool),
        Token::UInt(uint) => i64::try_from(uint).map_or(Value::UInt(uint), Value::Int),
        Token::Negative(int) => Value::Int(int),
        Token::F32(float) => Value::Float(float.into()),
        Token::F64(float) => Value::Float(float),
        Token::Str(text) => Value::String(Arc::new(string(text)?)),
        Token::Bin(bytes) | Token::Ext(_, bytes) => Value::Bytes(Arc::new(bytes.to_vec())),
        Token::Array(count) => {
            let items = (0..count).map(|_| value(cursor)).collect::<Result<Vec<_>, _>>()?;
            Value::List(Arc::new(items))
        }
        Token::Map(count) => {
            let entries = (0..count).map(|_| Ok((key(cursor)?, value(cursor)?)));
            Value::Map(Map { map: Arc::new(entries.collect::<Result<HashMap<_, _>, String>>()?) })
        }
    })
}

fn key(cursor: &mut Cursor<'_>) -> Result<Key, String> {
    Ok(match cursor.token().map_err(malformed)? {
        Token::Bool(bool) => Key::Bool(bool),
        Token::UInt(uint) => i64::try_from(uint).map_or(Key::Uint(uint), Key::Int),
        Token::Negative(int) => Key::Int(int),
        Token::Str(text) => Key::String(Arc::new(string(text)?)),
        other => {
            return Err(format!("a key of a map is {}; conditions know text, integers and booleans", other.kind()));
        }
    })
}

fn string(text: &[u8]) -> Result<String, String> {
    String::from_utf8(text.to_vec()).map_err(|_| "a text is not UTF-8".to_owned())
}

fn malformed(fault: Fault) -> String {
    format!("the bytes are not MessagePack: {fault:?}")
}
