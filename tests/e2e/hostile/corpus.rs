//! The corpus of hostile programs: `tests/guests/hostile/corpus`, read.

use std::fs;

use stepmill_tests::root;
use toml::{Table, Value};

/// A program, and what is to come of it.
#[derive(Debug)]
pub(super) struct Program {
    /// Its name, which begins with its number in the list of threats.
    pub(super) name: String,
    /// How the component is had.
    pub(super) module: Module,
    /// What the pipeline says of its step.
    pub(super) settings: String,
    /// What comes of it.
    pub(super) verdict: Verdict,
    /// Parts of what is said about that; of alternatives, `a|b`, one.
    pub(super) says: Vec<String>,
    /// How many lines are in its log.
    pub(super) log: Option<usize>,
}

/// Where a program is.
#[derive(Debug)]
pub(super) enum Module {
    /// A step of the guest `hostile`.
    Step(String),
    /// A component of its own.
    Text(String),
}

/// What comes of a program.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It is not taken.
    Refused,
    /// Its run fails, with one of these kinds.
    Fails(String),
    /// Its run succeeds, with an output whose JSON is this.
    Returns(Value),
    /// Its run succeeds.
    Succeeds,
}

/// All programs there are.
pub(super) fn read() -> Vec<Program> {
    let folder = root().join("tests/guests/hostile");
    let shell = fs::read_to_string(folder.join("shell.wat")).expect("the shell");
    let mut files: Vec<_> =
        fs::read_dir(folder.join("corpus")).expect("the corpus").map(|file| file.expect("a file").path()).collect();
    files.sort();
    let tables = files.iter().map(|path| {
        let text = fs::read_to_string(path).expect("a file");
        text.parse::<Table>().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    });
    tables.flatten().map(|(name, program)| self::program(&shell, name, program)).collect()
}

fn program(shell: &str, name: String, program: Value) -> Program {
    let Value::Table(mut keys) = program else { panic!("`{name}` is no table") };
    let mut text = |key: &str| keys.remove(key).map(|value| value.as_str().expect("a text").to_owned());
    let step = text("step");
    let settings = text("settings").unwrap_or_default();
    let fails = text("fails");
    let says =
        |value: Value| value.as_array().expect("texts").iter().map(|part| part.as_str().unwrap().to_owned()).collect();
    let (refused, said) = (keys.remove("refused").map(says), keys.remove("says").map(says));
    let (returns, succeeds) = (keys.remove("returns"), keys.remove("succeeds").is_some());
    let verdict = match (&refused, fails, returns, succeeds) {
        (Some(_), None, None, false) => Verdict::Refused,
        (None, Some(kinds), None, false) => Verdict::Fails(kinds),
        (None, None, Some(value), false) => Verdict::Returns(value),
        (None, None, None, true) => Verdict::Succeeds,
        _ => panic!("`{name}` has no verdict, or several"),
    };
    let log = keys.remove("log").map(|lines| usize::try_from(lines.as_integer().expect("a number")).expect("lines"));
    let module = match step {
        Some(step) => Module::Step(step),
        None => Module::Text(filled(shell, &mut keys)),
    };
    assert!(keys.is_empty(), "`{name}` has unknown keys: {keys:?}");
    Program { name, module, settings, verdict, says: refused.or(said).unwrap_or_default(), log }
}

/// The parts of a program in text form, and what they are if it says nothing of them.
const PARTS: [(&str, &str); 7] = [
    (
        "realloc",
        "(local.set 0 (global.get $next)) (global.set $next (i32.add (local.get 0) (i32.const 64))) (local.get 0)",
    ),
    ("component", ""),
    ("core", ""),
    ("with", ""),
    ("describe", "(call $describe)"),
    ("after", ""),
    ("run", "(call $ok (i32.const 2051) (i32.const 1))"),
];

fn filled(shell: &str, keys: &mut Table) -> String {
    PARTS.iter().fold(shell.to_owned(), |text, (part, otherwise)| {
        let given = keys.remove(*part).map(|value| repeated(&value));
        text.replace(&format!("@{part}@"), given.as_deref().unwrap_or(otherwise))
    })
}

/// A text, or one so many times with `@n@` as its number.
fn repeated(part: &Value) -> String {
    let Value::Table(part) = part else { return part.as_str().expect("a text").to_owned() };
    let text = |key: &str| part.get(key).and_then(Value::as_str).unwrap_or_default();
    let times = part["repeat"].as_integer().expect("a number");
    (0..times).fold(text("before").to_owned(), |mut all, n| {
        all.push_str(&text("text").replace("@n@", &n.to_string()));
        all.push('\n');
        all
    })
}
