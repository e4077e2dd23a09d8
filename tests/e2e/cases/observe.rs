//! What came of an act, said in the words of its expectation: where both agree, the two are equal.

use serde_json::{Map, Value as Json};
use stepmill_tests::{Bench, Ran};

/// The step of that name in a `stepmill.run/1` document.
pub(super) fn step<'a>(shown: &'a Json, name: &str) -> Option<&'a Json> {
    shown["steps"].as_array()?.iter().find(|step| step["name"] == *name)
}

/// Answers each key of the expectation with what is the case.
pub(super) fn of(bench: &Bench, ran: &Ran, expected: &Json) -> Map<String, Json> {
    let expected = expected.as_object().expect("a table");
    let shown = if ["run", "steps"].iter().any(|key| expected.contains_key(*key)) {
        let shown = bench.run(&["runs", "show", "latest", "--json"]);
        serde_json::from_str(&shown.stdout).unwrap_or_else(|_| Json::from(ran.stderr.clone() + &ran.stdout))
    } else {
        Json::Null
    };
    let answer = |(key, stated): (&String, &Json)| {
        let seen = match key.as_str() {
            "do" | "edit" | "damage" | "cancel" | "then" => stated.clone(),
            "exit" => ran.code.map_or(Json::Null, Json::from),
            "problems" => problems(ran, "error", stated),
            "warnings" => problems(ran, "warning", stated),
            "complains" => contains(stated, &ran.stderr),
            "run" => shown.pointer("/run/state").cloned().unwrap_or_else(|| shown.clone()),
            "output" => output(bench, None),
            "steps" => steps(bench, &shown, stated),
            unknown => panic!("an expectation cannot say `{unknown}`"),
        };
        (key.clone(), seen)
    };
    expected.iter().map(answer).collect()
}

/// The stated text if it is in what was said; else what was said.
fn contains(stated: &Json, said: &str) -> Json {
    if said.contains(stated.as_str().expect("a text")) { stated.clone() } else { Json::from(said) }
}

/// Each stated text, if a problem of its own has it; else what the problem says.
fn problems(ran: &Ran, severity: &str, stated: &Json) -> Json {
    let document: Json = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| Json::from(ran.stderr.clone()));
    let Some(problems) = document["problems"].as_array() else { return document };
    let mut left: Vec<_> = problems.iter().filter(|problem| problem["severity"] == severity).collect();
    let stated = stated.as_array().expect("a list of texts");
    let mut seen = Vec::new();
    for text in stated {
        let part = text.as_str().expect("a text");
        if let Some(found) = left.iter().position(|problem| problem.to_string().contains(part)) {
            left.remove(found);
            seen.push(text.clone());
        }
    }
    seen.extend(left.into_iter().map(|problem| problem["message"].clone()));
    Json::Array(seen)
}

/// The value of a step, or of the run: a stream as a list.
fn output(bench: &Bench, step: Option<&str>) -> Json {
    let mut words = vec!["runs", "output", "latest"];
    words.extend(step);
    let printed = bench.run(&words);
    if printed.code != Some(0) {
        return Json::from(printed.stderr);
    }
    let items = serde_json::Deserializer::from_str(&printed.stdout).into_iter::<Json>();
    let items: Vec<_> = items.map_while(Result::ok).collect();
    match <[Json; 1]>::try_from(items) {
        Ok([value]) => value,
        Err(items) => Json::Array(items),
    }
}

/// Every step of the run, so that an expectation names all of them.
fn steps(bench: &Bench, shown: &Json, stated: &Json) -> Json {
    let Some(steps) = shown["steps"].as_array() else { return shown.clone() };
    let answer = |step: &Json| {
        let name = step["name"].as_str().unwrap_or_default().to_owned();
        let seen = match stated.get(&name) {
            Some(Json::Object(keys)) => {
                let key = |(key, stated): (&String, &Json)| (key.clone(), aspect(bench, step, &name, key, stated));
                keys.iter().map(key).collect()
            }
            _ => step["state"].clone(),
        };
        (name, seen)
    };
    Json::Object(steps.iter().map(answer).collect())
}

/// One thing about a step.
fn aspect(bench: &Bench, step: &Json, name: &str, key: &str, stated: &Json) -> Json {
    let attempts = step["attempts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let failure = || step.get("failure").or_else(|| attempts.last()?.get("failure"));
    match key {
        "state" => step["state"].clone(),
        "attempts" => Json::from(attempts.len()),
        "output" => output(bench, Some(name)),
        "because" => step["reason"]["kind"].clone(),
        "of" => step["reason"]["step"].clone(),
        "message" => contains(stated, step["reason"]["message"].as_str().unwrap_or_default()),
        "failure" => failure().map_or(Json::Null, |failure| failure["kind"].clone()),
        "says" => contains(stated, failure().and_then(|failure| failure["message"].as_str()).unwrap_or_default()),
        "values" => values(step, stated),
        "items" => step.get("items").map_or(Json::Null, |items| counts(items, stated)),
        "cached" => Json::from(attempts.last().is_some_and(|attempt| attempt.get("reused").is_some())),
        "carried" => Json::from(step.get("carried_from").is_some()),
        "waited_ms" => waited(attempts, stated),
        unknown => panic!("an expectation cannot say `{unknown}` of a step"),
    }
}

/// What conditions read, by path.
fn values(step: &Json, stated: &Json) -> Json {
    let read = step["reason"].get("values").or_else(|| step.get("values")).and_then(Json::as_array);
    let Some(read) = read else { return Json::Null };
    let pair = |value: &Json| Some((value["path"].as_str()?.to_owned(), value["value"].clone()));
    let read: Map<String, Json> = read.iter().filter_map(pair).collect();
    // Which of a path's prefixes were read is the engine's affair; what was stated must be there.
    let all_there =
        stated.as_object().is_some_and(|stated| stated.iter().all(|(path, value)| read.get(path) == Some(value)));
    if all_there { stated.clone() } else { Json::Object(read) }
}

/// How many items ended how; those of which there are none are left out.
fn counts(items: &Json, stated: &Json) -> Json {
    let is_state = |state: &str| ["succeeded", "failed", "running", "waiting", "cancelled"].contains(&state);
    let states = items.as_object().cloned().unwrap_or_default().into_iter();
    let states = states.filter(|(state, _)| is_state(state));
    let counted =
        states.filter(|(state, count)| count.as_u64().is_some_and(|count| count > 0) || stated.get(state).is_some());
    Json::Object(counted.collect())
}

/// The stated number of milliseconds, if at least that much time was between the first two attempts.
fn waited(attempts: &[Json], stated: &Json) -> Json {
    let (Some(first), Some(second)) = (attempts.first(), attempts.get(1)) else { return Json::Null };
    let waited = milliseconds(&second["started_at"]) - milliseconds(&first["finished_at"]);
    if waited >= stated.as_f64().expect("a number") { stated.clone() } else { Json::from(waited) }
}

/// The time of the day in RFC 3339; no case runs for a day.
fn milliseconds(at: &Json) -> f64 {
    let time = at.as_str().and_then(|at| at.split_once('T')).map_or("", |(_, time)| time.trim_end_matches('Z'));
    1000.0 * time.split(':').fold(0.0, |sum, part| sum * 60.0 + part.parse::<f64>().unwrap_or_default())
}
