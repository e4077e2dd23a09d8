//! Finds what a condition reads, and puts a variable in the place of each read.
//!
//! A read is a chain of names, keys and numbers that are known before evaluation, as long as possible, so that no
//! more than these parts of outputs are loaded. A variable for each spares building the outputs around them again.

use cel::{
    common::ast::{CallExpr, EntryExpr, Expr, LiteralValue, operators},
    parser::Expression,
};

use super::{ConditionError, Read};
use crate::{
    definition::{
        RunFact,
        suggest::{closest, quoted, shorten},
    },
    ids::Name,
    value::path::{Segment, ValuePath},
};

/// The most that one condition reads.
const MAX_READS: usize = 32;
/// The deepest expression: evaluating and dropping one recurses.
const MAX_DEPTH: usize = 300;
/// How many of `exists`, `map` and their like may stand inside one another.
const MAX_LOOPS: usize = 2;

/// The functions that conditions may call.
const FUNCTIONS: [&str; 9] =
    ["size", "contains", "startsWith", "endsWith", "matches", "int", "uint", "double", "string"];
/// What looks like a function and is part of the language.
const MACROS: [&str; 6] = ["has", "all", "exists", "exists_one", "map", "filter"];
/// What the parser makes of operators and macros.
const OPERATORS: [&str; 18] = [
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::INDEX,
    operators::IN,
];

/// The function that each turn of a loop calls, so that loops end when the time is over.
pub(super) const TICK: &str = "@tick";

/// The variable that holds the value of a read.
pub(super) fn variable(read: usize) -> String {
    format!("@{read}")
}

/// The variable that says whether a read is there at all.
pub(super) fn presence(read: usize) -> String {
    format!("@has{read}")
}

/// Replaces the reads of an expression by variables and returns them in the order of the text.
pub(super) fn resolve(text: &str, expression: &mut Expression) -> Result<Box<[Read]>, ConditionError> {
    let mut walk = Walk { text, reads: Vec::new(), scope: Vec::new(), loops: 0, depth: 0 };
    walk.expression(expression)?;
    Ok(walk.reads.into_boxed_slice())
}

struct Walk<'t> {
    text: &'t str,
    reads: Vec<Read>,
    /// The variables of the loops around.
    scope: Vec<String>,
    loops: usize,
    depth: usize,
}

impl Walk<'_> {
    fn expression(&mut self, node: &mut Expression) -> Result<(), ConditionError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("the condition nests deeper than {MAX_DEPTH}");
            return Err(ConditionError::new(message).help("split it into several"));
        }
        self.node(node)?;
        self.depth -= 1;
        Ok(())
    }

    fn node(&mut self, node: &mut Expression) -> Result<(), ConditionError> {
        if let Some((root, segments)) = self.chain(&node.expr) {
            let tests = matches!(&node.expr, Expr::Select(select) if select.test);
            let index = self.read(&root, segments)?;
            node.expr = Expr::Ident(if tests { presence(index) } else { variable(index) });
            return Ok(());
        }
        match &mut node.expr {
            Expr::Select(select) => self.expression(&mut select.operand),
            Expr::Call(call) => self.call(call),
            Expr::List(list) => list.elements.iter_mut().try_for_each(|element| self.expression(element)),
            Expr::Map(map) => map.entries.iter_mut().try_for_each(|entry| match &mut entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.expression(&mut entry.key)?;
                    self.expression(&mut entry.value)
                }
                EntryExpr::StructField(_) => Err(no_structs()),
            }),
            Expr::Comprehension(comprehension) => {
                self.expression(&mut comprehension.iter_range)?;
                self.expression(&mut comprehension.accu_init)?;
                self.loops += 1;
                if self.loops > MAX_LOOPS {
                    let macros = quoted(MACROS.into_iter().skip(1));
                    let message = format!("{macros} stand inside one another at most {MAX_LOOPS} deep");
                    return Err(ConditionError::new(message).help("let a step compute what the condition needs"));
                }
                let before = self.scope.len();
                self.scope.extend([comprehension.iter_var.clone(), comprehension.accu_var.clone()]);
                self.scope.extend(comprehension.iter_var2.clone());
                self.expression(&mut comprehension.loop_cond)?;
                self.expression(&mut comprehension.loop_step)?;
                self.expression(&mut comprehension.result)?;
                self.scope.truncate(before);
                self.loops -= 1;
                tick_each_turn(&mut comprehension.loop_cond);
                Ok(())
            }
            Expr::Struct(_) => Err(no_structs()),
            Expr::Unspecified => Err(ConditionError::new("a part of the condition is missing")),
            Expr::Ident(_) | Expr::Literal(_) => Ok(()),
        }
    }

    fn call(&mut self, call: &mut CallExpr) -> Result<(), ConditionError> {
        let name = call.func_name.as_str();
        let internal = OPERATORS.contains(&name) || name == operators::NOT_STRICTLY_FALSE;
        if !internal && !FUNCTIONS.contains(&name) {
            return Err(self.unknown_function(name));
        }
        if let Some(target) = &mut call.target {
            self.expression(target)?;
        }
        call.args.iter_mut().try_for_each(|argument| self.expression(argument))
    }

    fn unknown_function(&self, name: &str) -> ConditionError {
        let at = self.text.find(name).map(|at| at..at + name.len());
        let (message, help) = if MACROS.contains(&name) {
            let usage = if name == "has" { "has(parse.rows)" } else { "parse.days.exists(day, day.temp > 30.0)" };
            (format!("`{name}` is not used like this"), format!("write it as in `{usage}`"))
        } else {
            let all = || FUNCTIONS.into_iter().chain(MACROS);
            let help = closest(name, all()).map_or_else(
                || format!("conditions know {}", quoted(all())),
                |known| format!("did you mean `{known}`?"),
            );
            (format!("there is no function `{}`", shorten(name)), help)
        };
        ConditionError::new(message).at(at).help(help)
    }

    /// The root and the keys of a chain that is known now, unless it starts from the variable of a loop.
    fn chain(&self, expr: &Expr) -> Option<(String, Vec<Segment>)> {
        let mut segments = Vec::new();
        let mut expr = expr;
        let mut outermost = true;
        loop {
            match expr {
                Expr::Ident(name) if self.scope.contains(name) => return None,
                Expr::Ident(name) => {
                    segments.reverse();
                    return Some((name.clone(), segments));
                }
                Expr::Select(select) if outermost || !select.test => {
                    segments.push(Segment::Key(select.field.clone()));
                    expr = &select.operand.expr;
                }
                Expr::Call(call) if call.func_name == operators::INDEX && call.target.is_none() => {
                    let [operand, index] = call.args.as_slice() else { return None };
                    segments.push(segment(&index.expr)?);
                    expr = &operand.expr;
                }
                _ => return None,
            }
            outermost = false;
        }
    }

    /// The place of a read in the list, where it is put if it is new.
    fn read(&mut self, root: &str, segments: Vec<Segment>) -> Result<usize, ConditionError> {
        let at = self.text.find(root).map(|at| at..at + root.len());
        let read = named(root, segments).map_err(|error| error.at(at.clone()))?;
        if let Some(known) = self.reads.iter().position(|known| *known == read) {
            return Ok(known);
        }
        if self.reads.len() == MAX_READS {
            let message = format!("a condition reads at most {MAX_READS} values");
            return Err(ConditionError::new(message).at(at).help("let a step compute what the condition needs"));
        }
        self.reads.push(read);
        Ok(self.reads.len() - 1)
    }
}

/// What a chain means.
fn named(root: &str, segments: Vec<Segment>) -> Result<Read, ConditionError> {
    match root {
        "item" => Err(ConditionError::new("there is no `item` in a condition: it decides about the step as a whole")
            .help("leave items out inside the step, or let the step before it choose them")),
        "params" => {
            let (param, rest) = split(segments).ok_or_else(|| {
                ConditionError::new("the name of a parameter is missing behind `params`").help("write `params.NAME`")
            })?;
            Ok(Read::Param(name(&param, "parameter")?, path(rest)?))
        }
        "run" => match segments.as_slice() {
            [Segment::Key(fact)] if fact == "state" => Ok(Read::Outcome),
            [Segment::Key(key)] if RunFact::ALL.iter().any(|fact| fact.as_str() == key) => {
                RunFact::ALL.into_iter().find(|fact| fact.as_str() == key).map(Read::Run).ok_or_else(unknown_fact)
            }
            _ => Err(unknown_fact()),
        },
        "steps" => {
            match segments.as_slice() {
                [Segment::Key(step), Segment::Key(state)] if state == "state" => Ok(Read::State(name(step, "step")?)),
                [Segment::Key(step), ..] => {
                    let message = format!("a condition reads of `steps.{}` its `state` only", shorten(step));
                    Err(ConditionError::new(message)
                        .help(format!("write `steps.{0}.state`, or `{0}.KEY` for its output", shorten(step))))
                }
                _ => Err(ConditionError::new("the name of a step is missing behind `steps`")
                    .help("write `steps.NAME.state`")),
            }
        }
        step => Ok(Read::Output(name(step, "step")?, path(segments)?)),
    }
}

fn unknown_fact() -> ConditionError {
    let known = RunFact::ALL.iter().map(|fact| fact.as_str()).chain(["state"]);
    ConditionError::new("there is no such fact of the run").help(format!("behind `run.` stands {}", quoted(known)))
}

fn split(segments: Vec<Segment>) -> Option<(String, Vec<Segment>)> {
    let mut segments = segments.into_iter();
    match segments.next() {
        Some(Segment::Key(key)) => Some((key, segments.collect())),
        Some(Segment::Index(_)) | None => None,
    }
}

fn name(text: &str, what: &str) -> Result<Name, ConditionError> {
    Name::new(text).map_err(|error| {
        ConditionError::new(format!("`{}` is not the name of a {what}", shorten(text))).help(error.to_string())
    })
}

/// Paths have a longest length, which their text form checks.
fn path(segments: Vec<Segment>) -> Result<ValuePath, ConditionError> {
    let path = ValuePath::new(segments);
    path.to_string().parse().map_err(|error| ConditionError::new(format!("{error}")))
}

fn segment(index: &Expr) -> Option<Segment> {
    match index {
        Expr::Literal(LiteralValue::String(key)) => Some(Segment::Key(key.inner().to_owned())),
        Expr::Literal(LiteralValue::Int(index)) => u64::try_from(*index.inner()).ok().map(Segment::Index),
        Expr::Literal(LiteralValue::UInt(index)) => Some(Segment::Index(*index.inner())),
        _ => None,
    }
}

fn no_structs() -> ConditionError {
    ConditionError::new("conditions do not build values of named types").help("compare plain values instead")
}

/// Makes a loop ask before each turn whether there is time left.
fn tick_each_turn(condition: &mut Expression) {
    let tick = Expr::Call(CallExpr { func_name: TICK.to_owned(), target: None, args: Vec::new() });
    let tick = Expression { id: condition.id, expr: tick };
    let before = std::mem::take(condition);
    *condition = Expression {
        id: before.id,
        expr: Expr::Call(CallExpr {
            func_name: operators::LOGICAL_AND.to_owned(),
            target: None,
            args: vec![tick, before],
        }),
    };
}
