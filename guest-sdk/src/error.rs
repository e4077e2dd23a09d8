//! Why a step failed, and what the host should do about it.

use std::error::Error;
use std::fmt::{self, Display};
use std::time::Duration;

/// What a step returns: a value, or why there is none.
pub type Result<T, E = StepError> = std::result::Result<T, E>;

/// Why a step failed.
///
/// Made from any error with `?`, which keeps its causes, or by hand. For that reason it is not itself a
/// [`std::error::Error`].
///
/// ```
/// use std::time::Duration;
/// use stepmill_sdk::prelude::*;
///
/// fn fetch(status: u16) -> Result<String> {
///     match status {
///         200 => Ok("body".to_owned()),
///         404 => Err(StepError::permanent("the station does not exist")),
///         503 => Err(StepError::retry_after(Duration::from_secs(30), "the service is busy")),
///         _ => Err(StepError::new(format_args!("the service answered {status}"))),
///     }
/// }
/// assert_eq!(fetch(404).unwrap_err().to_string(), "the station does not exist");
///
/// fn count(text: &str) -> Result<u32> {
///     Ok(text.parse()?)
/// }
/// assert!(count("many").is_err());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct StepError {
    kind: ErrorKind,
    message: String,
    causes: Vec<String>,
}

/// What sort of failure it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The step could not do its work; the pipeline's `retry` decides whether it is tried again.
    Failed,
    /// Trying again cannot help.
    Permanent,
    /// Try again, not before this much time has passed.
    RetryAfter(Duration),
    /// The module has no step of that name.
    UnknownStep,
    /// An argument is missing or does not have the type the step wants.
    InvalidInput(Location),
    /// The output could not be serialised.
    InvalidOutput(Location),
}

/// Where in an argument or an output something is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Location {
    /// The parameter's name; empty for the output.
    pub parameter: String,
    /// A path such as `days[3].temp_max`; empty for the whole value.
    pub path: String,
}

impl StepError {
    /// The step could not do its work. Whether it is tried again is up to the pipeline.
    pub fn new(message: impl Display) -> Self {
        Self::of_kind(ErrorKind::Failed, message)
    }

    /// The step could not do its work, and never will with these inputs: it is not tried again.
    pub fn permanent(message: impl Display) -> Self {
        Self::of_kind(ErrorKind::Permanent, message)
    }

    /// The step could not do its work now, but may in a while.
    pub fn retry_after(delay: Duration, message: impl Display) -> Self {
        Self::of_kind(ErrorKind::RetryAfter(delay), message)
    }

    pub(crate) fn of_kind(kind: ErrorKind, message: impl Display) -> Self {
        Self { kind, message: message.to_string(), causes: Vec::new() }
    }

    /// Adds what lies behind the failure.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Self>) -> Self {
        let cause = cause.into();
        self.causes.push(cause.message);
        self.causes.extend(cause.causes);
        self
    }

    /// Says what was being done; the message so far becomes a cause.
    ///
    /// ```
    /// use stepmill_sdk::prelude::*;
    ///
    /// fn threshold(text: &str) -> Result<f64> {
    ///     text.parse().map_err(|error| StepError::from(error).context("reading the threshold"))
    /// }
    /// assert_eq!(threshold("hot").unwrap_err().to_string(), "reading the threshold");
    /// ```
    #[must_use]
    pub fn context(mut self, message: impl Display) -> Self {
        let inner = std::mem::replace(&mut self.message, message.to_string());
        self.causes.insert(0, inner);
        self
    }

    /// What sort of failure it is.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// One sentence for a person.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What lies behind it, outermost first.
    pub fn causes(&self) -> &[String] {
        &self.causes
    }

    /// Keeps the message of `error` and of everything behind it.
    pub(crate) fn from_dyn(error: &(dyn Error + 'static)) -> Self {
        let causes = std::iter::successors(error.source(), |cause: &&(dyn Error + 'static)| (*cause).source())
            .map(ToString::to_string);
        Self { kind: ErrorKind::Failed, message: error.to_string(), causes: causes.collect() }
    }

    #[cfg(target_family = "wasm")]
    pub(crate) fn into_parts(self) -> (ErrorKind, String, Vec<String>) {
        (self.kind, self.message, self.causes)
    }
}

impl<E: Error + 'static> From<E> for StepError {
    fn from(error: E) -> Self {
        let error: &(dyn Error + 'static) = &error;
        // A step's own error that travelled through an API of `std::io` keeps its kind.
        match error.downcast_ref::<std::io::Error>().and_then(|error| error.get_ref()?.downcast_ref::<Carried>()) {
            Some(carried) => carried.0.clone(),
            None => Self::from_dyn(error),
        }
    }
}

impl Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        // `{:#}` shows the causes too, as `anyhow` does.
        if f.alternate() {
            self.causes.iter().try_for_each(|cause| write!(f, ": {cause}"))?;
        }
        Ok(())
    }
}

impl fmt::Debug for StepError {
    /// For people: this is what `main` and a failed `unwrap` print.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#} ({:?})", self.kind)
    }
}

/// A `StepError` inside of an `io::Error`.
#[derive(Debug)]
struct Carried(StepError);

impl Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, f)
    }
}

impl Error for Carried {}

impl From<StepError> for std::io::Error {
    fn from(error: StepError) -> Self {
        Self::other(Carried(error))
    }
}

pub mod kinds {
    //! How the macro turns an error of any type into a `StepError`: the first of these that fits.
    //!
    //! A macro cannot ask what a type implements, but method calls prefer fewer dereferences: `(&&&Of(&error)).kind()`
    //! finds `AsStepError` for `E: Into<StepError>` (all of `std::error::Error`), else `AsDynError` (`anyhow::Error`
    //! and its like), else `AsDisplay` (`String`).

    use std::error::Error;
    use std::fmt::Display;

    use super::StepError;

    /// Stands for an error of the type that is asked about.
    pub struct Of<'a, E>(pub &'a E);

    /// Chosen for what converts by itself.
    pub struct ByInto;
    /// Chosen for what holds an error.
    pub struct ByDynError;
    /// Chosen for what has only a text.
    pub struct ByDisplay;

    /// First choice.
    pub trait AsStepError {
        /// Names the choice.
        fn kind(&self) -> ByInto {
            ByInto
        }
    }
    impl<E: Into<StepError>> AsStepError for &&Of<'_, E> {}

    /// Second choice.
    pub trait AsDynError {
        /// Names the choice.
        fn kind(&self) -> ByDynError {
            ByDynError
        }
    }
    impl<E: AsRef<dyn Error + Send + Sync>> AsDynError for &Of<'_, E> {}

    /// Last choice.
    pub trait AsDisplay {
        /// Names the choice.
        fn kind(&self) -> ByDisplay {
            ByDisplay
        }
    }
    impl<E: Display> AsDisplay for Of<'_, E> {}

    impl ByInto {
        /// Converts.
        pub fn convert(self, error: impl Into<StepError>) -> StepError {
            error.into()
        }
    }

    impl ByDynError {
        /// Converts.
        pub fn convert(self, error: impl AsRef<dyn Error + Send + Sync>) -> StepError {
            StepError::from_dyn(error.as_ref())
        }
    }

    impl ByDisplay {
        /// Converts.
        pub fn convert(self, error: impl Display) -> StepError {
            StepError::new(error)
        }
    }
}
