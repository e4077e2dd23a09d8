//! Tables whose keys are taken one by one: what nobody took is unknown, what was taken is the list of known keys.

use std::ops::Range;

use ::toml::de::{DeTable, DeValue};

use super::{Key, Value};
use crate::{
    definition::{
        Spanned,
        draft::Read,
        mistake,
        problem::Problem,
        report::{Report, Reported},
        suggest::{closest, quoted, shorten},
    },
    ids::Name,
};

/// A table with a fixed set of keys.
pub(super) struct Table<'t, 'i> {
    table: &'t DeTable<'i>,
    /// What it is, for messages: "step `parse`".
    title: String,
    known: Vec<&'static str>,
}

/// A key of a table with its value.
pub(super) struct Field<'t, 'i> {
    /// As it was written.
    pub(super) key: &'t str,
    /// Where it was written.
    pub(super) key_span: Range<usize>,
    /// What belongs to it.
    pub(super) value: &'t Value<'i>,
    /// What it is the key of.
    pub(super) title: String,
}

impl<'t, 'i> Table<'t, 'i> {
    /// A table, not yet looked at.
    pub(super) fn new(table: &'t DeTable<'i>, title: String) -> Self {
        Self { table, title, known: Vec::new() }
    }

    /// The value of a known key, if it is there.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Field<'t, 'i>> {
        self.known.push(key);
        let (key, value) = self.table.get_key_value(key)?;
        Some(Field::new(key, value, self.title.clone()))
    }

    /// The value of a key that must be there.
    ///
    /// # Errors
    /// If it is not; `place` is where it belongs and `example` what to write.
    pub(super) fn require(
        &mut self,
        key: &'static str,
        place: Range<usize>,
        example: &str,
        report: &mut Report,
    ) -> Read<Field<'t, 'i>> {
        self.take(key).ok_or_else(|| {
            let message = format!("{} has no `{key}`", self.title);
            let problem = Problem::error("stepmill::definition::missing_key", message, place);
            report.push_absence(problem.help(format!("add `{example}`")))
        })
    }

    /// Reports the keys that nobody took.
    pub(super) fn close(self, report: &mut Report) {
        for key in self.table.keys() {
            let text = key.get_ref().as_ref();
            if self.known.contains(&text) {
                continue;
            }
            let message = format!("{} has an unknown key `{}`", self.title, shorten(text));
            let problem = Problem::error("stepmill::definition::unknown_key", message, key.span());
            if report.is_full() {
                report.push(problem);
                continue;
            }
            let known = format!("known keys are {}", quoted(self.known.iter().copied()));
            let help = match closest(text, self.known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`? {known}"),
                None => known,
            };
            report.push(problem.help(help));
        }
    }
}

impl<'t, 'i> Field<'t, 'i> {
    /// A key with its value in what `title` says.
    pub(super) fn new(key: &'t Key<'i>, value: &'t Value<'i>, title: String) -> Self {
        Self { key: key.get_ref(), key_span: key.span(), value, title }
    }

    /// The text that it holds. `example` shows in a message what may be written.
    ///
    /// # Errors
    /// If it holds something else.
    pub(super) fn string(&self, example: &str, report: &mut Report) -> Read<Spanned<&'t str>> {
        match self.value.get_ref() {
            DeValue::String(text) => Ok(Spanned { value: text, span: self.value.span() }),
            _ => Err(self.wrong_type("a string", &format!("write `{} = \"{example}\"`", self.key), report)),
        }
    }

    /// The name that it holds.
    ///
    /// # Errors
    /// If it holds something else.
    pub(super) fn name(&self, example: &str, report: &mut Report) -> Read<Spanned<Name>> {
        let text = self.string(example, report)?;
        let what = format!("`{}` of {}", self.key, self.title);
        name(&what, text.value, text.span, report)
    }

    /// Its key as a name.
    ///
    /// # Errors
    /// If it is none.
    pub(super) fn key_as_name(&self, what: &str, report: &mut Report) -> Read<Spanned<Name>> {
        name(what, self.key, self.key_span.clone(), report)
    }

    /// The table that it holds.
    ///
    /// # Errors
    /// If it holds something else; `help` says what to write.
    pub(super) fn table(&self, help: &str, report: &mut Report) -> Read<&'t DeTable<'i>> {
        match self.value.get_ref() {
            DeValue::Table(table) => Ok(table),
            _ => Err(self.wrong_type("a table", help, report)),
        }
    }

    /// The keys and values of the table that it holds, in the order of the text.
    ///
    /// # Errors
    /// If it holds something else; `help` says what to write.
    pub(super) fn entries(&self, help: &str, title: &str, report: &mut Report) -> Read<Vec<Field<'t, 'i>>> {
        let table = self.table(help, report)?;
        Ok(in_order(table).into_iter().map(|(key, value)| Field::new(key, value, title.to_owned())).collect())
    }

    /// Reports that it holds something other than `wanted`.
    pub(super) fn wrong_type(&self, wanted: &str, help: &str, report: &mut Report) -> Reported {
        let found = describe(self.value.get_ref());
        let message = format!("`{}` of {} must be {wanted}, not {found}", shorten(self.key), self.title);
        report.push(
            Problem::error("stepmill::definition::wrong_type", message, self.value.span())
                .says(format!("this is {found}"))
                .help(help),
        )
    }
}

/// A text as a name.
///
/// # Errors
/// If it is none.
pub(super) fn name(what: &str, text: &str, span: Range<usize>, report: &mut Report) -> Read<Spanned<Name>> {
    match Name::new(text) {
        Ok(value) => Ok(Spanned { value, span }),
        Err(error) => Err(report.push(mistake::bad_name(what, &error, text, span))),
    }
}

/// The entries of a table in the order of the text.
pub(super) fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<(&'t Key<'i>, &'t Value<'i>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// What a value is, in words.
fn describe(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
