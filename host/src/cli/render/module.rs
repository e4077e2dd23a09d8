//! A module as a person sees it: signatures first, schemas on demand.

use std::fmt::Write;

use serde_json::Value as Json;

use super::{
    paint::{Paint, Style},
    text::{first_line, safe_text},
    units,
};
use crate::{
    dto::{ModuleView, ParameterView, StepSignature},
    module::{Form, Role},
};

/// How deep a type is spelled out.
const MAX_DEPTH: usize = 3;

/// The module: digest, steps with their parameters, imports.
#[must_use]
pub fn render(module: &ModuleView, schemas: bool, width: usize, paint: Paint) -> String {
    let mut text = String::new();
    for step in &module.steps {
        render_step(&mut text, step, schemas, width, paint);
    }
    // Writing to a `String` cannot fail, here and below.
    let faint = |words: &str| paint.text(Style::Faint, words);
    let _ = writeln!(text, "{}", safe_text(&module.path));
    let _ = writeln!(text, "  {} {}", faint("digest "), module.digest);
    let _ = writeln!(text, "  {} {}", faint("size   "), units::bytes(module.size_bytes));
    if let Some(sdk) = &module.sdk {
        let _ = writeln!(text, "  {} {}", faint("sdk    "), safe_text(sdk));
    }
    let imports = if schemas { module.imports.clone() } else { summed_up(&module.imports) };
    for (index, import) in imports.iter().enumerate() {
        let _ = writeln!(text, "  {} {}", faint(if index == 0 { "imports" } else { "       " }), safe_text(import));
    }
    text
}

/// The imports, those that every step of a common toolchain has summed up in a line.
fn summed_up(imports: &[String]) -> Vec<String> {
    let (usual, mut lines): (Vec<&String>, Vec<&String>) =
        imports.iter().partition(|import| usual_wasi_package(import).is_some());
    let mut packages: Vec<&str> = usual.into_iter().filter_map(|import| usual_wasi_package(import)).collect();
    packages.dedup();
    let wasi = format!("WASI 0.2: {} (nothing of the machine behind them)", packages.join(", "));
    lines.sort();
    let lines = lines.into_iter().cloned();
    if packages.is_empty() { lines.collect() } else { lines.chain([wasi]).collect() }
}

/// The package of an interface that the standard library asks for: `io` of `wasi:io/streams@0.2.6`.
fn usual_wasi_package(import: &str) -> Option<&str> {
    let (package, interface) = import.strip_prefix("wasi:")?.split_once('/')?;
    let (_, version) = interface.split_once('@')?;
    let usual = ["cli", "clocks", "filesystem", "io", "random", "sockets"].contains(&package);
    (usual && version.starts_with("0.2.")).then_some(package)
}

fn render_step(text: &mut String, step: &StepSignature, schemas: bool, width: usize, paint: Paint) {
    let output = typed(step.output, &step.output_schema);
    let _ = writeln!(text, "{} → {output}", paint.text(Style::Strong, step.name.as_str()));
    if !step.description.trim().is_empty() {
        let _ = writeln!(text, "  {}", first_line(&step.description, width.saturating_sub(2)));
    }
    for parameter in &step.parameters {
        let _ = writeln!(text, "  {}", render_parameter(parameter, paint));
        if schemas {
            push_schema(text, &parameter.schema);
        }
    }
    if schemas {
        let _ = writeln!(text, "  {}", paint.text(Style::Faint, "output"));
        push_schema(text, &step.output_schema);
    }
    text.push('\n');
}

fn render_parameter(parameter: &ParameterView, paint: Paint) -> String {
    let role = match parameter.role {
        Role::Input => "input ",
        Role::Config => "config",
    };
    let optional = if parameter.optional && parameter.default.is_none() { "?" } else { "" };
    let default = parameter.default.as_ref().map(|default| format!(" = {}", safe_text(&default.to_string())));
    format!(
        "{} {}{optional}: {}{}",
        paint.text(Style::Faint, role),
        parameter.name,
        typed(parameter.form, &parameter.schema),
        default.unwrap_or_default()
    )
}

fn push_schema(text: &mut String, schema: &Json) {
    let pretty = serde_json::to_string_pretty(schema).unwrap_or_default();
    pretty.lines().for_each(|line| {
        let _ = writeln!(text, "      {}", safe_text(line));
    });
}

fn typed(form: Form, schema: &Json) -> String {
    let item = short_type(schema, MAX_DEPTH);
    match form {
        Form::Value => item,
        Form::Rows => format!("rows of {item}"),
    }
}

/// A schema in a word or two, such as `list of Day` or `string | null`.
fn short_type(schema: &Json, depth: usize) -> String {
    if depth == 0 {
        return "…".to_owned();
    }
    let next = |schema: &Json| short_type(schema, depth - 1);
    if let Some(target) = schema["$ref"].as_str() {
        let title = target.rsplit('/').next().unwrap_or(target);
        return safe_text(title).into_owned();
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(options) = schema[key].as_array() {
            return join(options.iter().map(next));
        }
    }
    match &schema["type"] {
        Json::String(word) if word == "array" => format!("list of {}", next(&schema["items"])),
        Json::String(word) if word == "object" => object(schema, &next),
        Json::String(word) => safe_text(word).into_owned(),
        Json::Array(words) => join(words.iter().filter_map(Json::as_str).map(|word| safe_text(word).into_owned())),
        _ if schema["enum"].is_array() => "one of some values".to_owned(),
        _ => "anything".to_owned(),
    }
}

fn object(schema: &Json, next: &dyn Fn(&Json) -> String) -> String {
    match (schema["title"].as_str(), &schema["additionalProperties"]) {
        (Some(title), _) => safe_text(title).into_owned(),
        (None, values @ Json::Object(_)) => format!("map of {}", next(values)),
        _ => "object".to_owned(),
    }
}

fn join(words: impl Iterator<Item = String>) -> String {
    let mut words: Vec<String> = words.collect();
    words.dedup();
    words.join(" | ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ids::{ModuleDigest, Name};

    #[test]
    fn schemas_become_short_types() {
        for (schema, text) in [
            (json!({"type": "string"}), "string"),
            (json!({"type": ["number", "null"]}), "number | null"),
            (json!({"type": "array", "items": {"$ref": "#/$defs/Day"}}), "list of Day"),
            (json!({"type": "object", "title": "Report"}), "Report"),
            (json!({"type": "object", "additionalProperties": {"type": "integer"}}), "map of integer"),
            (json!({"anyOf": [{"$ref": "#/$defs/Day"}, {"type": "null"}]}), "Day | null"),
            (json!(true), "anything"),
            (
                json!({"type": "array", "items": {"type": "array", "items": {"type": "array"}}}),
                "list of list of list of …",
            ),
            (json!({"$ref": "#/$defs/\u{1b}[2J"}), "\\u{1b}[2J"),
        ] {
            assert_eq!(typed(Form::Value, &schema), text);
        }
    }

    #[test]
    fn a_module_shows_its_signatures() {
        let name = |text| Name::new(text).unwrap();
        let parameter = |text, role, default: Option<Json>| ParameterView {
            name: name(text),
            description: String::new(),
            role,
            form: Form::Value,
            optional: default.is_some(),
            default,
            schema: json!({"type": "string"}),
        };
        let module = ModuleView {
            path: "hello.wasm".into(),
            digest: ModuleDigest([1; 32]),
            size_bytes: 42_000,
            sdk: Some("abi=0.1.0 sdk=rust/0.1.0".into()),
            imports: [
                "stepmill:step/host@0.1.0",
                "wasi:cli/exit@0.2.6",
                "wasi:http/types@0.2.6",
                "wasi:io/poll@0.2.6",
                "wasi:io/streams@0.2.6",
            ]
            .map(str::to_owned)
            .into(),
            steps: vec![StepSignature {
                name: name("greet"),
                description: "Greets somebody by name.\n\nMore.".into(),
                parameters: vec![
                    parameter("name", Role::Input, None),
                    parameter("greeting", Role::Config, Some(json!("Hello"))),
                ],
                output: Form::Rows,
                output_schema: json!({"type": "string"}),
            }],
        };
        insta::assert_snapshot!(render(&module, false, 80, Paint { color: false }), @r#"
        greet → rows of string
          Greets somebody by name.
          input  name: string
          config greeting: string = "Hello"

        hello.wasm
          digest  sha256:0101010101010101010101010101010101010101010101010101010101010101
          size    41.0 KiB
          sdk     abi=0.1.0 sdk=rust/0.1.0
          imports stepmill:step/host@0.1.0
                  wasi:http/types@0.2.6
                  WASI 0.2: cli, io (nothing of the machine behind them)
        "#);
        assert!(render(&module, true, 80, Paint { color: false }).contains("wasi:io/streams@0.2.6"));
    }
}
