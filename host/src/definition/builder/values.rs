//! What a step can be given, as types that much converts into.

use serde_json::{Number, Value as Json};

use super::{Link, Param, Setting, Shared, Step, Target};
use crate::{
    definition::RunFact,
    value::path::{PathError, ValuePath},
};

/// The output of a step, a parameter, the item of a `for_each` step, or a part of one of them; or a fact of the run.
#[derive(Debug, Clone)]
pub struct Part {
    /// Whose it is; what belongs to no pipeline fits all.
    shared: Option<Shared>,
    target: Target,
    path: Result<ValuePath, PathError>,
}

/// A value written in the program.
#[derive(Debug, Clone)]
pub struct Literal(pub(super) Result<Json, NotFinite>);

/// NaN or an infinity, which JSON cannot say.
#[derive(Debug, Clone, Copy)]
pub(super) struct NotFinite(pub(super) f64);

/// What config can be: a [`Literal`], a [`Param`] or a [`Part`] of one.
#[derive(Debug, Clone)]
pub struct ConfigInput(Input);

#[derive(Debug, Clone)]
enum Input {
    Literal(Literal),
    Part(Part),
}

impl Part {
    pub(super) fn new(shared: &Shared, target: Target, path: &str) -> Self {
        let path = parse(path);
        Self { shared: Some(shared.clone()), target, path }
    }

    /// The item of a `for_each` step: a part of it such as `years[0].high`, or all of it for the empty path.
    #[must_use]
    pub fn item(path: &str) -> Self {
        Self { shared: None, target: Target::Item, path: parse(path) }
    }

    /// A fact of the run, as text.
    #[must_use]
    pub fn run(fact: RunFact) -> Self {
        Self { shared: None, target: Target::Run(fact), path: parse("") }
    }

    /// As seen from the pipeline of `shared`.
    pub(super) fn link(self, shared: &Shared) -> Link {
        let target = self.shared.map_or(self.target, |owner| shared.target(&owner, self.target));
        Link { target, path: self.path }
    }
}

fn parse(path: &str) -> Result<ValuePath, PathError> {
    // The dot in front of the first key is left out as in `step.key`, where the handle stands for `step`.
    if path.is_empty() || path.starts_with(['.', '[']) { path.parse() } else { format!(".{path}").parse() }
}

impl ConfigInput {
    /// As seen from the pipeline of `shared`.
    pub(super) fn setting(self, shared: &Shared) -> Setting {
        match self.0 {
            Input::Literal(literal) => Setting::Literal(literal),
            Input::Part(part) => Setting::Link(part.link(shared)),
        }
    }
}

impl From<&Step> for Part {
    fn from(step: &Step) -> Self {
        step.part("")
    }
}

impl From<&Param> for Part {
    fn from(param: &Param) -> Self {
        param.part("")
    }
}

impl From<&Part> for Part {
    fn from(part: &Part) -> Self {
        part.clone()
    }
}

impl From<&Param> for ConfigInput {
    fn from(param: &Param) -> Self {
        Self(Input::Part(param.into()))
    }
}

impl From<Part> for ConfigInput {
    fn from(part: Part) -> Self {
        Self(Input::Part(part))
    }
}

impl From<&Part> for ConfigInput {
    fn from(part: &Part) -> Self {
        part.clone().into()
    }
}

impl From<Literal> for ConfigInput {
    fn from(literal: Literal) -> Self {
        Self(Input::Literal(literal))
    }
}

impl From<f64> for Literal {
    fn from(number: f64) -> Self {
        Self(Number::from_f64(number).map(Json::Number).ok_or(NotFinite(number)))
    }
}

impl<T: Into<Literal>> From<Vec<T>> for Literal {
    fn from(items: Vec<T>) -> Self {
        Self(items.into_iter().map(|item| item.into().0).collect::<Result<_, _>>().map(Json::Array))
    }
}

impl From<f64> for ConfigInput {
    fn from(number: f64) -> Self {
        Literal::from(number).into()
    }
}

impl<T: Into<Literal>> From<Vec<T>> for ConfigInput {
    fn from(items: Vec<T>) -> Self {
        Literal::from(items).into()
    }
}

macro_rules! literals {
    ($($type:ty),+) => {$(
        impl From<$type> for Literal {
            fn from(value: $type) -> Self {
                Self(Ok(Json::from(value)))
            }
        }

        impl From<$type> for ConfigInput {
            fn from(value: $type) -> Self {
                Literal::from(value).into()
            }
        }
    )+};
}

literals!(Json, bool, &str, String, i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);
