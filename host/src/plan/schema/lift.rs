//! A literal as the schema that only it suits, so that one comparison serves edges and literals.

use serde_json::{Map, Value as Json, json};

use super::expand::MAX_DEPTH;

pub(super) fn lift(value: &Json) -> Json {
    lift_within(value, MAX_DEPTH)
}

fn lift_within(value: &Json, depth: usize) -> Json {
    let Some(depth) = depth.checked_sub(1) else {
        return Json::Bool(true);
    };
    match value {
        Json::Array(items) => {
            let items: Vec<Json> = items.iter().map(|item| lift_within(item, depth)).collect();
            let length = items.len();
            json!({ "type": "array", "prefixItems": items, "minItems": length, "maxItems": length })
        }
        Json::Object(map) => {
            let required: Vec<&String> = map.keys().collect();
            let properties: Map<String, Json> =
                map.iter().map(|(key, value)| (key.clone(), lift_within(value, depth))).collect();
            json!({
                "type": "object", "properties": properties, "required": required, "additionalProperties": false,
            })
        }
        scalar => json!({ "const": scalar }),
    }
}
