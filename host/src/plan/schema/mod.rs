//! The static check of an edge: does what a producer returns suit what its consumer takes?
//!
//! Both are JSON Schemas (draft 2020-12, as schemars writes them) that come with untrusted modules. A schema is
//! expanded into a union of plain alternatives, and every alternative of the producer has to find one
//! of the consumer that takes it. The work is bounded in steps and depth; what is not decided within is a doubt.
//!
//! The question is whether an edge is a mistake, not whether some value gets through. Null, an absent property and an
//! empty list would get through nearly everywhere; so a list is judged by its items and an `Option` by what it holds.

mod compare;
mod expand;
mod items;
mod lift;
mod lists;
mod objects;
mod project;
mod scalars;
mod verdict;
mod words;

#[cfg(test)]
mod tests;

use serde_json::Value as Json;

use self::{
    compare::Comparison,
    expand::{Alternative, Budget, Node, expand},
    project::project,
};
pub use self::{
    items::{check_item, check_items, list_of},
    verdict::{Place, Verdict, Why},
};
use crate::{module::Form, value::path::ValuePath};

/// How many comparisons of two schemas an edge may take; those of real steps take tens.
const EDGE_BUDGET: u32 = 50_000;
/// The same for a literal, which has at most as many parts as the user wrote.
const LITERAL_BUDGET: u32 = 1_000_000;

/// What crosses an edge: data of a form and a JSON Schema, of the value or of one item.
#[derive(Debug, Clone, Copy)]
pub struct Data<'a> {
    /// Value or rows.
    pub form: Form,
    /// A JSON Schema.
    pub schema: &'a Json,
}

/// Whether what `producer` returns, or the part of it at `path`, suits `consumer`.
#[must_use]
pub fn check(producer: Data<'_>, path: &ValuePath, consumer: Data<'_>) -> Verdict {
    let budget = Budget::new(EDGE_BUDGET);
    let produced = match alternatives_at(producer, path, &budget) {
        Ok(produced) => produced,
        Err(verdict) => return verdict,
    };
    Comparison::new(&budget).alternatives(&produced, &alternatives(consumer, &budget))
}

/// Whether there is a part of `producer` at `path`: nothing, or the verdict that there is none.
#[must_use]
pub fn lacks(producer: Data<'_>, path: &ValuePath) -> Option<Verdict> {
    alternatives_at(producer, path, &Budget::new(EDGE_BUDGET)).err()
}

/// Whether a literal suits `consumer`. Nothing but an undecidable schema can make it [`Verdict::Unknown`].
#[must_use]
pub fn check_literal(literal: &Json, consumer: Data<'_>) -> Verdict {
    let budget = Budget::new(LITERAL_BUDGET);
    let lifted = lift::lift(literal);
    let produced = alternatives(Data { form: Form::Value, schema: &lifted }, &budget);
    Comparison::new(&budget).alternatives(&produced, &alternatives(consumer, &budget))
}

/// A type in a few words, such as `list of {date, temp_max}`.
#[must_use]
pub fn describe(data: Data<'_>) -> String {
    words::of(&alternatives(data, &Budget::new(EDGE_BUDGET)))
}

fn alternatives<'a>(data: Data<'a>, budget: &Budget) -> Vec<Alternative<'a>> {
    let node = Node::document(data.schema);
    match data.form {
        Form::Value => expand(&node, budget),
        Form::Rows => vec![Alternative::rows(node)],
    }
}

fn alternatives_at<'a>(data: Data<'a>, path: &ValuePath, budget: &Budget) -> Result<Vec<Alternative<'a>>, Verdict> {
    if path.is_empty() {
        return Ok(alternatives(data, budget));
    }
    if data.form == Form::Rows {
        return Err(Verdict::NoPart { part: path.to_string(), of: describe(data), known: Vec::new() });
    }
    project(Node::document(data.schema), path, budget)
}
