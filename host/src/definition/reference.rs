//! The two small languages inside strings: `module@version/step` and `step.path`.

use std::{fmt, str::FromStr};

use super::{CaseName, Reference, RunFact, UseRef, VersionRef, suggest::quoted};
use crate::{
    ids::{ModuleDigest, NameError},
    value::path::{PathError, ValuePath},
};

/// The longest version, in bytes.
const MAX_VERSION: usize = 64;

/// Why a text is not a [`UseRef`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UseRefError {
    /// There is no `/`.
    #[error("the name of a module, `/` and the name of a step are wanted")]
    Shape,
    /// The module's or the step's name is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// What follows `@` is neither.
    #[error("behind `@` a version such as `1.2` or `sha256:` and 64 hexadecimal digits are wanted")]
    Version,
}

/// Why a text is not a [`Reference`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// There is no name.
    #[error("the name of a step, or `params.` and the name of a parameter, is wanted")]
    Empty,
    /// Something behind `run.` that is no fact of a run.
    #[error("behind `run.` one of {} is wanted", quoted(RunFact::ALL.map(RunFact::as_str)))]
    Run,
    /// `params` alone.
    #[error("the name of a parameter is missing behind `params`")]
    NoParam,
    /// The name is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// What follows the name is not a path.
    #[error(transparent)]
    Path(#[from] PathError),
}

impl FromStr for UseRef {
    type Err = UseRefError;

    fn from_str(text: &str) -> Result<Self, UseRefError> {
        let (module, step) = text.split_once('/').ok_or(UseRefError::Shape)?;
        let (module, version) = match module.split_once('@') {
            Some((module, version)) => (module, Some(parse_version(version)?)),
            None => (module, None),
        };
        if module.is_empty() || step.is_empty() {
            return Err(UseRefError::Shape);
        }
        Ok(Self { module: module.parse()?, version, step: step.parse()? })
    }
}

impl FromStr for VersionRef {
    type Err = UseRefError;

    fn from_str(text: &str) -> Result<Self, UseRefError> {
        parse_version(text)
    }
}

impl fmt::Display for UseRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { module, version, step } = self;
        match version {
            None => write!(f, "{module}/{step}"),
            Some(VersionRef::Version(version)) => write!(f, "{module}@{version}/{step}"),
            Some(VersionRef::Digest(digest)) => write!(f, "{module}@{digest}/{step}"),
        }
    }
}

fn parse_version(text: &str) -> Result<VersionRef, UseRefError> {
    if text.starts_with("sha256:") {
        let digest: ModuleDigest = text.parse().map_err(|_| UseRefError::Version)?;
        return Ok(VersionRef::Digest(digest));
    }
    // `1`, `1.2`, `1.2.3` or `1.2.3-rc.1`
    let (numbers, suffix) = match text.split_once('-') {
        Some((numbers, suffix)) => (numbers, Some(suffix)),
        None => (text, None),
    };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let is_word =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    let count = numbers.split('.').count();
    let valid = text.len() <= MAX_VERSION
        && count <= 3
        && numbers.split('.').all(is_number)
        && suffix.is_none_or(|suffix| count == 3 && is_word(suffix));
    if valid { Ok(VersionRef::Version(text.to_owned())) } else { Err(UseRefError::Version) }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let (head, rest) = split_name(text);
        if head.is_empty() {
            return Err(ReferenceError::Empty);
        }
        match head {
            "params" => {}
            "item" => return Ok(Self::Item(rest.parse()?)),
            "run" => return run_fact(rest).map(Self::Run).ok_or(ReferenceError::Run),
            _ => return Ok(Self::Step(head.parse()?, rest.parse()?)),
        }
        let (name, path) = split_name(rest.strip_prefix('.').ok_or(ReferenceError::NoParam)?);
        if name.is_empty() {
            return Err(ReferenceError::NoParam);
        }
        Ok(Self::Param(name.parse()?, path.parse::<ValuePath>()?))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(name, path) => write!(f, "{name}{path}"),
            Self::Param(name, path) => write!(f, "params.{name}{path}"),
            Self::Item(path) => write!(f, "item{path}"),
            Self::Run(fact) => write!(f, "run.{}", fact.as_str()),
        }
    }
}

fn run_fact(rest: &str) -> Option<RunFact> {
    let name = rest.strip_prefix('.')?;
    RunFact::ALL.into_iter().find(|fact| fact.as_str() == name)
}

/// Why a text is not a [`CaseName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaseNameError {
    /// There is no `.`.
    #[error("the name of a branch, `.` and the name of a case are wanted")]
    Shape,
    /// The branch's or the case's name is none.
    #[error(transparent)]
    Name(#[from] NameError),
}

impl FromStr for CaseName {
    type Err = CaseNameError;

    fn from_str(text: &str) -> Result<Self, CaseNameError> {
        match text.split_once('.') {
            Some((branch, case)) if !branch.is_empty() && !case.is_empty() => {
                Ok(Self { branch: branch.parse()?, case: case.parse()? })
            }
            _ => Err(CaseNameError::Shape),
        }
    }
}

impl fmt::Display for CaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.branch, self.case)
    }
}

fn split_name(text: &str) -> (&str, &str) {
    text.split_at(text.find(['.', '[']).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_read_what_they_write() {
        let digest = format!("weather@sha256:{}/parse", "0a".repeat(32));
        for text in ["weather/parse", "weather@1/parse", "weather@1.2/parse", "w@1.2.3-rc.1/p", &digest] {
            assert_eq!(text.parse::<UseRef>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn broken_uses_are_refused() {
        for text in ["", "weather", "/", "weather/", "/parse", "@1/parse"] {
            assert_eq!(text.parse::<UseRef>(), Err(UseRefError::Shape), "{text}");
        }
        for text in ["Weather/parse", "weather/par-se", "a/b/c", "a b/c"] {
            assert!(matches!(text.parse::<UseRef>(), Err(UseRefError::Name(_))), "{text}");
        }
        let long = format!("w@{}/p", "1".repeat(65));
        for text in
            ["w@/p", "w@x/p", "w@1./p", "w@1.2.3.4/p", "w@1.2-rc/p", "w@1.2.3-/p", "w@sha256:ab/p", "w@1@2/p", &long]
        {
            assert_eq!(text.parse::<UseRef>(), Err(UseRefError::Version), "{text}");
        }
    }

    #[test]
    fn references_read_what_they_write() {
        for text in [
            "parse",
            "parse.years[3].high",
            "parse[0]",
            "params.csv",
            "params.limits[\"a b\"].max",
            "item",
            "item.a[0]",
            "item[1]",
            "run.id",
            "run.scheduled_for",
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn broken_references_are_refused() {
        for text in ["params", "params.", "params[0]", "params..x"] {
            assert_eq!(text.parse::<Reference>(), Err(ReferenceError::NoParam), "{text}");
        }
        for text in ["run", "run.", "run.state", "run.id.x", "run[0]"] {
            assert_eq!(text.parse::<Reference>(), Err(ReferenceError::Run), "{text}");
        }
        for text in ["", ".a", "[0]"] {
            assert_eq!(text.parse::<Reference>(), Err(ReferenceError::Empty), "{text}");
        }
        for text in ["Parse", "a b", "params.A"] {
            assert!(matches!(text.parse::<Reference>(), Err(ReferenceError::Name(_))), "{text}");
        }
        for text in ["parse.", "parse..a", "parse[x]", "params.x."] {
            assert!(matches!(text.parse::<Reference>(), Err(ReferenceError::Path(_))), "{text}");
        }
    }
    #[test]
    fn cases_read_what_they_write() {
        assert_eq!("size.large".parse::<CaseName>().unwrap().to_string(), "size.large");
        for text in ["", "size", "size.", ".large"] {
            assert_eq!(text.parse::<CaseName>(), Err(CaseNameError::Shape), "{text}");
        }
        for text in ["Size.large", "size.a.b", "size.a b"] {
            assert!(matches!(text.parse::<CaseName>(), Err(CaseNameError::Name(_))), "{text}");
        }
    }
}
