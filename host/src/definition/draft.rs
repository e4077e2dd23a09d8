//! A pipeline while it is read: what the file and the builder have in common before anything is known to be right.

use std::ops::Range;

use super::{
    BranchDecl, CaseName, ConfigValue, ModuleDecl, OnError, ParamDecl, ParamKind, Pipeline, Reference, Retry, Source,
    Spanned, StepDecl, UseRef, check,
    condition::Condition,
    problem::Problems,
    report::{Report, Reported},
    trigger::{Overlap, TriggerDecl, TriggerKind},
};
use crate::{
    event::Join,
    grants::Grant,
    ids::Name,
    limits::{Limits, MAX_VALUE_DEPTH},
};
use serde_json::Value as Json;

/// Something written, or proof that a problem with it was reported.
pub(super) type Read<T> = Result<T, Reported>;

/// See [`Pipeline`].
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) name: Read<Spanned<Name>>,
    pub(super) description: Read<String>,
    pub(super) output: Read<Option<Spanned<Name>>>,
    pub(super) modules: Read<Vec<ModuleDraft>>,
    pub(super) params: Read<Vec<ParamDraft>>,
    pub(super) steps: Read<Vec<StepDraft>>,
    pub(super) branches: Read<Vec<BranchDraft>>,
    pub(super) triggers: Read<Vec<TriggerDraft>>,
}

/// See [`ModuleDecl`].
#[derive(Debug)]
pub(super) struct ModuleDraft {
    pub(super) name: Read<Spanned<Name>>,
    pub(super) path: Read<Spanned<std::path::PathBuf>>,
}

/// See [`ParamDecl`].
#[derive(Debug)]
pub(super) struct ParamDraft {
    pub(super) name: Read<Spanned<Name>>,
    pub(super) kind: Read<ParamKind>,
    pub(super) description: Read<String>,
    pub(super) default: Read<Option<Spanned<Json>>>,
}

/// See [`StepDecl`].
#[derive(Debug)]
pub(super) struct StepDraft {
    /// The name as written, for messages.
    pub(super) title: String,
    pub(super) name: Read<Spanned<Name>>,
    pub(super) uses: Read<Spanned<UseRef>>,
    pub(super) inputs: Read<Vec<Argument<Reference>>>,
    pub(super) config: Read<Vec<Argument<ConfigValue>>>,
    pub(super) needs: Read<Vec<Read<Spanned<Name>>>>,
    pub(super) on_error: Read<Option<Spanned<OnError>>>,
    pub(super) limits: Read<Vec<(LimitKey, Read<Spanned<u64>>)>>,
    pub(super) join: Read<Option<Spanned<Join>>>,
    pub(super) branches: Read<Vec<Read<Spanned<CaseName>>>>,
    pub(super) when: Read<Option<Spanned<Condition>>>,
    pub(super) for_each: Read<Option<Spanned<Reference>>>,
    pub(super) max_parallel: Read<Option<Spanned<u32>>>,
    pub(super) retry: Read<Option<RetryDraft>>,
    pub(super) allow_failure: Read<Option<Spanned<bool>>>,
    pub(super) finally: Read<Option<Spanned<bool>>>,
    pub(super) grants: Read<Vec<Spanned<Grant>>>,
    pub(super) cache: Read<Option<Spanned<bool>>>,
}

/// See [`Retry`]; with the places of what it says, which are those of the whole for what it does not say.
#[derive(Debug)]
pub(super) struct RetryDraft {
    pub(super) whole: Spanned<Retry>,
    pub(super) max_attempts: Range<usize>,
    pub(super) initial: Range<usize>,
    pub(super) factor: Range<usize>,
    pub(super) max: Range<usize>,
}

impl RetryDraft {
    /// One that has a single place.
    pub(super) fn new(whole: Spanned<Retry>) -> Self {
        let place = || whole.span.clone();
        Self { max_attempts: place(), initial: place(), factor: place(), max: place(), whole }
    }
}

/// See [`BranchDecl`].
#[derive(Debug)]
pub(super) struct BranchDraft {
    /// The name as written, for messages.
    pub(super) title: String,
    pub(super) name: Read<Spanned<Name>>,
    pub(super) cases: Read<Vec<CaseDraft>>,
}

/// See [`TriggerDecl`].
#[derive(Debug)]
pub(super) struct TriggerDraft {
    /// The name as written, for messages.
    pub(super) title: String,
    pub(super) name: Read<Spanned<Name>>,
    pub(super) kind: Read<Spanned<TriggerKind>>,
    pub(super) payload: Read<Option<Spanned<Name>>>,
    pub(super) params: Read<Vec<Argument<Json>>>,
    pub(super) overlap: Read<Option<Spanned<Overlap>>>,
    pub(super) paused: Read<Option<Spanned<bool>>>,
}

/// A case's name and its condition; none is `else`.
pub(super) type CaseDraft = (Read<Spanned<Name>>, Read<Option<Spanned<Condition>>>);

impl StepDraft {
    /// A step of which nothing else is known.
    pub(super) fn new(title: &str, name: Read<Spanned<Name>>, uses: Read<Spanned<UseRef>>) -> Self {
        Self {
            title: title.to_owned(),
            name,
            uses,
            inputs: Ok(Vec::new()),
            config: Ok(Vec::new()),
            needs: Ok(Vec::new()),
            on_error: Ok(None),
            limits: Ok(Vec::new()),
            join: Ok(None),
            branches: Ok(Vec::new()),
            when: Ok(None),
            for_each: Ok(None),
            max_parallel: Ok(None),
            retry: Ok(None),
            allow_failure: Ok(None),
            finally: Ok(None),
            grants: Ok(Vec::new()),
            cache: Ok(None),
        }
    }
}

/// A parameter's name and what it is given.
pub(super) type Argument<T> = (Read<Spanned<Name>>, Read<Spanned<T>>);

/// The limits that a step may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LimitKey {
    Memory,
    Output,
    Storage,
    Cpu,
    Timeout,
}

impl LimitKey {
    /// What it is called in a file.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Memory => "limits.memory",
            Self::Output => "limits.output",
            Self::Storage => "limits.storage",
            Self::Cpu => "limits.cpu",
            Self::Timeout => "timeout",
        }
    }

    /// Where its value belongs, in bytes or milliseconds.
    pub(super) fn place(self, limits: &mut Limits) -> &mut u64 {
        match self {
            Self::Memory => &mut limits.memory,
            Self::Output => &mut limits.output,
            Self::Storage => &mut limits.storage,
            Self::Cpu => &mut limits.cpu_ms,
            Self::Timeout => &mut limits.wall_ms,
        }
    }

    /// The most it may be, in bytes or milliseconds.
    pub(super) fn ceiling(self) -> u64 {
        let ceiling = Limits::CEILING;
        let ms = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        match self {
            Self::Memory => ceiling.memory,
            Self::Output => ceiling.output,
            Self::Storage => ceiling.storage,
            Self::Cpu => ms(ceiling.cpu),
            Self::Timeout => ms(ceiling.wall),
        }
    }

    /// Whether it is a duration and not a size.
    pub(super) fn is_duration(self) -> bool {
        matches!(self, Self::Cpu | Self::Timeout)
    }
}

impl Draft {
    /// Checks what needs the whole, and makes the pipeline.
    ///
    /// # Errors
    /// All problems, those already in the report included.
    pub(super) fn finish(self, source: Source, mut report: Report) -> Result<Pipeline, Problems> {
        check::all(&self, &mut report);
        if let Some(problems) = report.into_problems(&source) {
            return Err(problems);
        }
        let empty = Problems::new(&source, Vec::new());
        // Without a problem there is no `Reported`, so this cannot fail.
        self.assemble(source).map_err(|_| empty)
    }

    fn assemble(self, source: Source) -> Read<Pipeline> {
        Ok(Pipeline {
            name: self.name?,
            description: self.description?,
            output: self.output?,
            modules: self.modules?.into_iter().map(ModuleDraft::assemble).collect::<Read<_>>()?,
            params: self.params?.into_iter().map(ParamDraft::assemble).collect::<Read<_>>()?,
            steps: self.steps?.into_iter().map(StepDraft::assemble).collect::<Read<_>>()?,
            branches: self.branches?.into_iter().map(BranchDraft::assemble).collect::<Read<_>>()?,
            triggers: self.triggers?.into_iter().map(TriggerDraft::assemble).collect::<Read<_>>()?,
            source,
        })
    }
}

impl ModuleDraft {
    fn assemble(self) -> Read<ModuleDecl> {
        Ok(ModuleDecl { name: self.name?, path: self.path? })
    }
}

impl ParamDraft {
    fn assemble(self) -> Read<ParamDecl> {
        Ok(ParamDecl { name: self.name?, kind: self.kind?, description: self.description?, default: self.default? })
    }
}

impl StepDraft {
    fn assemble(self) -> Read<StepDecl> {
        let mut limits = Limits::default();
        for (key, value) in self.limits? {
            *key.place(&mut limits) = value?.value;
        }
        let allow_failure = self.allow_failure?.is_some_and(|flag| flag.value);
        Ok(StepDecl {
            name: self.name?,
            uses: self.uses?,
            inputs: self.inputs?.into_iter().map(argument).collect::<Read<_>>()?,
            config: self.config?.into_iter().map(argument).collect::<Read<_>>()?,
            needs: self.needs?.into_iter().collect::<Read<_>>()?,
            on_error: self
                .on_error?
                .map_or(if allow_failure { OnError::Continue } else { OnError::Fail }, |on| on.value),
            limits,
            join: self.join?,
            branches: self.branches?.into_iter().collect::<Read<_>>()?,
            when: self.when?,
            for_each: self.for_each?,
            max_parallel: self.max_parallel?,
            retry: self.retry?.map(|retry| retry.whole),
            allow_failure,
            finally: self.finally?.is_some_and(|flag| flag.value),
            grants: self.grants?,
            cache: self.cache?.is_none_or(|flag| flag.value),
        })
    }
}

impl BranchDraft {
    fn assemble(self) -> Read<BranchDecl> {
        let cases = self.cases?.into_iter().map(|(name, condition)| Ok((name?, condition?)));
        Ok(BranchDecl { name: self.name?, cases: cases.collect::<Read<_>>()? })
    }
}

impl TriggerDraft {
    fn assemble(self) -> Read<TriggerDecl> {
        Ok(TriggerDecl {
            name: self.name?,
            kind: self.kind?.value,
            payload: self.payload?,
            params: self.params?.into_iter().map(argument).collect::<Read<_>>()?,
            overlap: self.overlap?.map_or_else(Overlap::default, |overlap| overlap.value),
            paused: self.paused?.is_some_and(|flag| flag.value),
        })
    }
}

fn argument<T>((name, value): Argument<T>) -> Read<(Spanned<Name>, Spanned<T>)> {
    Ok((name?, value?))
}

/// Whether a literal is nested deeper than any step could take it. Looks no deeper than that itself.
pub(super) fn is_too_deep(value: &Json) -> bool {
    fn deeper_than(value: &Json, left: usize) -> bool {
        match value {
            Json::Array(items) => left == 0 || items.iter().any(|item| deeper_than(item, left - 1)),
            Json::Object(fields) => left == 0 || fields.values().any(|field| deeper_than(field, left - 1)),
            _ => false,
        }
    }
    deeper_than(value, MAX_VALUE_DEPTH)
}
