//! The description of the API, and whether an answer is what it says.

use serde_json::Value as Json;

/// An OpenAPI document.
pub struct Description(Json);

impl Description {
    /// One that a server answered with.
    #[must_use]
    pub fn new(document: Json) -> Self {
        Self(document)
    }

    /// The schema of an answer in JSON; none if the operation has none for this status.
    #[must_use]
    pub fn answer(&self, method: &str, path: &str, status: u16) -> Option<&Json> {
        let responses = &self.0["paths"][path][method.to_lowercase()]["responses"];
        let status = status.to_string();
        let response = responses.get(&status).unwrap_or(&responses["default"]);
        let content = response["content"].as_object()?;
        content.iter().find(|(media, _)| media.ends_with("json")).map(|(_, content)| &content["schema"])
    }

    /// What is not as a schema says, each with its place.
    #[must_use]
    pub fn mistakes(&self, schema: &Json, value: &Json) -> Vec<String> {
        let mut mistakes = Vec::new();
        self.compare(schema, value, "$", &mut mistakes);
        if let (Some(object), Some(known)) = (value.as_object(), self.keys(schema)) {
            // Documents say which schema they have.
            let unknown = object.keys().filter(|key| *key != "schema" && !known.contains(key));
            mistakes.extend(unknown.map(|key| format!("$.{key}: is not described")));
        }
        mistakes
    }

    fn resolved<'s>(&'s self, schema: &'s Json) -> &'s Json {
        match schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
            Some(pointer) => self.0.pointer(pointer).unwrap_or_else(|| panic!("nothing is at {pointer}")),
            None => schema,
        }
    }

    fn compare(&self, schema: &Json, value: &Json, place: &str, mistakes: &mut Vec<String>) {
        let schema = self.resolved(schema);
        for part in list(&schema["allOf"]) {
            self.compare(part, value, place, mistakes);
        }
        for choice in ["oneOf", "anyOf"] {
            self.compare_choice(list(&schema[choice]), value, place, mistakes);
        }
        if let Some(wrong) = wrong_type(&schema["type"], value) {
            mistakes.push(format!("{place}: {wrong}"));
            return;
        }
        if schema["enum"].as_array().is_some_and(|values| !values.contains(value)) {
            mistakes.push(format!("{place}: {value} is none of {}", schema["enum"]));
        }
        for (index, item) in list(value).iter().enumerate().filter(|_| schema["items"].is_object()) {
            self.compare_inner(&schema["items"], item, &format!("{place}[{index}]"), mistakes);
        }
        if let Some(object) = value.as_object() {
            self.compare_object(schema, object, place, mistakes);
        }
    }

    /// One of them fits; what is wrong is said of the one that comes nearest.
    fn compare_choice(&self, choices: &[Json], value: &Json, place: &str, mistakes: &mut Vec<String>) {
        let wrong = choices.iter().map(|choice| {
            let mut wrong = Vec::new();
            self.compare(choice, value, place, &mut wrong);
            wrong
        });
        mistakes.extend(wrong.min_by_key(Vec::len).unwrap_or_default());
    }

    fn compare_object(
        &self,
        schema: &Json,
        object: &serde_json::Map<String, Json>,
        place: &str,
        mistakes: &mut Vec<String>,
    ) {
        for key in list(&schema["required"]).iter().filter_map(Json::as_str).filter(|key| !object.contains_key(*key)) {
            mistakes.push(format!("{place}: `{key}` is missing"));
        }
        for (key, value) in object {
            let inner = schema["properties"].get(key).or_else(|| schema.get("additionalProperties"));
            if let Some(inner) = inner.filter(|inner| inner.is_object()) {
                self.compare_inner(inner, value, &format!("{place}.{key}"), mistakes);
            }
        }
    }

    /// The same for a value of its own, of which all keys are described.
    fn compare_inner(&self, schema: &Json, value: &Json, place: &str, mistakes: &mut Vec<String>) {
        self.compare(schema, value, place, mistakes);
        if let (Some(object), Some(known)) = (value.as_object(), self.keys(schema)) {
            let unknown = object.keys().filter(|key| !known.contains(key));
            mistakes.extend(unknown.map(|key| format!("{place}.{key}: is not described")));
        }
    }

    /// The keys that an object may have; none if it may have any.
    fn keys<'s>(&'s self, schema: &'s Json) -> Option<Vec<&'s String>> {
        let schema = self.resolved(schema);
        if schema.get("additionalProperties").is_some_and(|more| *more != Json::Bool(false)) {
            return None;
        }
        let mut keys: Vec<_> = schema["properties"].as_object().into_iter().flatten().map(|(key, _)| key).collect();
        let parts = ["allOf", "oneOf", "anyOf"].iter().flat_map(|parts| list(&schema[*parts]));
        let mut is_described = !keys.is_empty();
        for part in parts.filter(|part| part["type"] != "null") {
            keys.extend(self.keys(part)?);
            is_described = true;
        }
        is_described.then_some(keys)
    }
}

fn list(value: &Json) -> &[Json] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn wrong_type(wanted: &Json, value: &Json) -> Option<String> {
    let is = |name: &str| match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("no type is called `{other}`"),
    };
    let fits = match wanted {
        Json::Null => true,
        Json::String(name) => is(name),
        names => list(names).iter().filter_map(Json::as_str).any(is),
    };
    (!fits).then(|| format!("{value} is not {wanted}"))
}
