//! Types in a few words, for messages.

use serde_json::Value as Json;

use super::{
    compare::{Variant, variants_of},
    expand::{Alternative, Budget, Kinds, Node, expand},
    lists::ListView,
    objects::{ObjectView, Rest},
};

/// How deep a description goes.
const DEPTH: usize = 3;
/// How many names, values or alternatives are listed before an ellipsis.
const LISTED: usize = 5;
/// How long a quoted text may be.
const QUOTED: usize = 24;

/// The type of what crosses an edge.
pub(super) fn of(alternatives: &[Alternative<'_>]) -> String {
    union(alternatives, DEPTH)
}

pub(super) fn of_node(of: &Node<'_>) -> String {
    node(of, DEPTH)
}

pub(super) fn of_alternative(alternative: &Alternative<'_>) -> String {
    union(std::slice::from_ref(alternative), DEPTH)
}

pub(super) fn of_variant(of: &Variant<'_, '_>) -> String {
    variant(of, DEPTH)
}

fn node(of: &Node<'_>, depth: usize) -> String {
    union(&expand(of, &Budget::new(1_000)), depth)
}

fn union(alternatives: &[Alternative<'_>], depth: usize) -> String {
    if alternatives.iter().any(Alternative::is_anything) {
        return "anything".to_owned();
    }
    let mut parts: Vec<String> = Vec::new();
    let mut null = false;
    for of in alternatives.iter().flat_map(|alternative| variants_of(alternative, true)) {
        if of.kind == Kinds::NULL {
            null = true;
            continue;
        }
        // Cut off before describing what nobody would read.
        if parts.len() > LISTED {
            break;
        }
        let part = variant(&of, depth);
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    if parts.len() > LISTED {
        parts.truncate(LISTED);
        parts.push("…".to_owned());
    }
    if null {
        parts.push("null".to_owned());
    }
    match parts.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

fn variant(of: &Variant<'_, '_>, depth: usize) -> String {
    if let Some(value) = of.value {
        return quoted(value);
    }
    match of.kind {
        Kinds::INTEGER if of.whole => sized("integer", of.alternative, ["minimum", "maximum"]),
        Kinds::INTEGER => sized("number", of.alternative, ["minimum", "maximum"]),
        Kinds::STRING => sized("string", of.alternative, ["minLength", "maxLength"]),
        Kinds::LIST => list(of.alternative, depth),
        Kinds::OBJECT => object(of.alternative, depth),
        Kinds::BOOLEAN => "boolean".to_owned(),
        Kinds::BYTES => "bytes".to_owned(),
        Kinds::FILE => "file".to_owned(),
        _ => "null".to_owned(),
    }
}

fn quoted(value: &Json) -> String {
    match value {
        Json::String(text) if text.chars().count() > QUOTED => {
            let start: String = text.chars().take(QUOTED).collect();
            format!("{}…", Json::from(start))
        }
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "an object".to_owned(),
        scalar => scalar.to_string(),
    }
}

/// A word with what narrows it, such as `integer (uint8)`.
fn sized(word: &str, alternative: &Alternative<'_>, bounds: [&str; 2]) -> String {
    let text = |keyword: &str| alternative.keyword(keyword).find_map(Json::as_str);
    if let Some(format) = text("format").filter(|format| !["double", "float"].contains(format)) {
        return format!("{word} ({})", cut(format));
    }
    if let Some(pattern) = text("pattern") {
        return format!("{word} like {}", cut(pattern));
    }
    let unit = if word == "string" { " characters" } else { "" };
    let [low, high] = bounds.map(|bound| alternative.keyword(bound).find(|value| value.is_number()));
    match (low, high) {
        (Some(low), Some(high)) if low == high => format!("{word} ({low}{unit})"),
        (Some(low), Some(high)) => format!("{word} ({low} to {high}{unit})"),
        (Some(low), None) => format!("{word} (at least {low}{unit})"),
        (None, Some(high)) => format!("{word} (at most {high}{unit})"),
        (None, None) => word.to_owned(),
    }
}

fn list(alternative: &Alternative<'_>, depth: usize) -> String {
    if let Some(items) = &alternative.rows {
        return format!("rows of {}", node(items, depth));
    }
    let view = ListView::new(alternative);
    let Some(depth) = depth.checked_sub(1) else {
        return "list".to_owned();
    };
    if view.is_tuple() {
        let mut types: Vec<String> = (0..view.places.min(LISTED)).map(|place| node(&view.at(place), depth)).collect();
        if view.places > LISTED {
            types.push("…".to_owned());
        }
        return format!("[{}]", types.join(", "));
    }
    let items = node(&view.at(view.places), depth);
    let items = if items.contains(" or ") { format!("({items})") } else { items };
    match view.lengths_in_words() {
        Some(lengths) => format!("list of {lengths} {items}"),
        None if items == "anything" => "list".to_owned(),
        None => format!("list of {items}"),
    }
}

fn object(alternative: &Alternative<'_>, depth: usize) -> String {
    let view = ObjectView::new(alternative);
    if !view.names.is_empty() {
        return format!("{{{}}}", names(&view));
    }
    match (view.rest(), depth.checked_sub(1)) {
        (Rest::Values(values), Some(depth)) => match node(&values, depth).as_str() {
            "anything" => "object".to_owned(),
            words => format!("map of {words}"),
        },
        _ => "object".to_owned(),
    }
}

fn names(view: &ObjectView<'_, '_>) -> String {
    let mut names: Vec<String> = view
        .names
        .iter()
        .take(LISTED)
        .map(|name| if view.requires(name) { cut(name) } else { format!("{}?", cut(name)) })
        .collect();
    if view.names.len() > LISTED {
        names.push("…".to_owned());
    }
    names.join(", ")
}

/// A text from a module, fit for a line of a message.
pub(super) fn cut(text: &str) -> String {
    let clean = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut short: String = text.chars().take(QUOTED).map(clean).collect();
    if text.chars().nth(QUOTED).is_some() {
        short.push('…');
    }
    short
}
