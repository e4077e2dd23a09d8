//! What the check of an edge says, and where.

use std::fmt;

/// Whether what a producer returns suits a consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every value does.
    Fits,
    /// The edge is a mistake.
    Cannot {
        /// Where in the value.
        at: Place,
        /// What the producer has there, in words.
        produced: String,
        /// What the consumer wants there, in words.
        wanted: String,
    },
    /// The producer's value has no such part.
    NoPart {
        /// The first part of the path that is not there, and what is behind it.
        part: String,
        /// What should have it, in words.
        of: String,
        /// The names that it has.
        known: Vec<String>,
    },
    /// Some values may not, or nobody can say.
    Unknown {
        /// Where in the value.
        at: Place,
        /// What is doubtful.
        why: Why,
    },
}

/// Why an edge is doubtful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The producer does not say what it returns there; the consumer wants this.
    Anything(String),
    /// Some of what the producer returns does not suit.
    MayBe {
        /// What it may be, in words.
        produced: String,
        /// What is wanted, in words.
        wanted: String,
    },
    /// The producer's type is wider than the consumer's.
    Wider {
        /// The producer's type, in words.
        produced: String,
        /// The consumer's type, in words.
        wanted: String,
    },
    /// Numbers go where whole numbers are wanted.
    Fraction,
    /// A property that the consumer needs need not be there.
    MayLack(String),
    /// There may be a property that the consumer refuses.
    MayHave(String),
    /// The schemas use a keyword whose meaning is not checked.
    Keyword(&'static str),
    /// The schemas refer to a schema that is not there.
    Reference(String),
    /// The schemas are too large or too deep to compare.
    TooLarge,
}

/// A place in a value, such as `[].temp_max`: `[]` is every item of a list, `[*]` every value of a map.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Key(String),
    Index(usize),
    Items,
    Values,
}

impl Place {
    /// Whether it is the whole value.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // From the inside out: a place grows while the comparison returns.
        self.0.iter().rev().try_for_each(|part| match part {
            Part::Key(key) => crate::value::path::Segment::Key(key.clone()).fmt(f),
            Part::Index(index) => write!(f, "[{index}]"),
            Part::Items => f.write_str("[]"),
            Part::Values => f.write_str("[*]"),
        })
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anything(wanted) => write!(f, "it can be anything, and {wanted} is wanted"),
            Self::MayBe { produced, wanted } => write!(f, "it may be {produced}, and {wanted} is wanted"),
            Self::Wider { produced, wanted } => write!(f, "it is {produced}, and only {wanted} is wanted"),
            Self::Fraction => f.write_str("it may have a fraction, and a whole number is wanted"),
            Self::MayLack(name) => write!(f, "`{name}` may be missing"),
            Self::MayHave(name) => write!(f, "{name} may be there, which is refused"),
            Self::Keyword(keyword) => write!(f, "the schema's `{keyword}` is not checked"),
            Self::Reference(target) => write!(f, "the schema refers to `{target}`, which cannot be followed"),
            Self::TooLarge => f.write_str("the schemas are too large to compare"),
        }
    }
}

impl Verdict {
    pub(super) fn cannot(produced: impl Into<String>, wanted: impl Into<String>) -> Self {
        Self::Cannot { at: Place::default(), produced: produced.into(), wanted: wanted.into() }
    }

    pub(super) fn unknown(why: Why) -> Self {
        Self::Unknown { at: Place::default(), why }
    }

    /// The same, seen from one level further out.
    pub(super) fn under(mut self, part: Part) -> Self {
        if let Self::Cannot { at, .. } | Self::Unknown { at, .. } = &mut self {
            at.0.push(part);
        }
        self
    }

    /// Both have to fit: the worse of the two, the first of equals.
    #[must_use]
    pub(super) fn and(self, other: Self) -> Self {
        if other.badness() > self.badness() { other } else { self }
    }

    pub(super) fn badness(&self) -> u8 {
        match self {
            Self::Fits => 0,
            Self::Unknown { .. } => 1,
            Self::Cannot { .. } | Self::NoPart { .. } => 2,
        }
    }

    pub(super) fn is_cannot(&self) -> bool {
        self.badness() == 2
    }
}
