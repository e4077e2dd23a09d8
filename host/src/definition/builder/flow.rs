//! When, how often and with what rights a step runs: the part of the builder that makes more of a graph than its edges.

use super::{BranchParts, Part, PipelineBuilder, Shared, Step};
use crate::{definition::Retry, event::Join, grants::Grant};

/// A branch of the pipeline being built: of its cases the first one that is true is taken.
#[derive(Debug, Clone)]
pub struct Branch {
    shared: Shared,
    index: usize,
}

/// A case of a [`Branch`]. Steps that are in it run only if it is taken.
#[derive(Debug, Clone)]
pub struct Case {
    shared: Shared,
    branch: usize,
    case: usize,
}

impl PipelineBuilder {
    /// Adds a branch without cases.
    pub fn branch(&self, name: impl Into<String>) -> Branch {
        let mut parts = self.shared.lock();
        parts.branches.push(BranchParts { name: name.into(), cases: Vec::new() });
        Branch { shared: self.shared.clone(), index: parts.branches.len() - 1 }
    }
}

impl Branch {
    /// Adds a case behind those that it has; it is taken if its condition is the first that is true.
    pub fn case(&self, name: impl Into<String>, condition: impl Into<String>) -> Case {
        self.add(name.into(), Some(condition.into()))
    }

    /// Adds the last case, which is taken if no other is.
    pub fn otherwise(&self, name: impl Into<String>) -> Case {
        self.add(name.into(), None)
    }

    fn add(&self, name: String, condition: Option<String>) -> Case {
        let mut parts = self.shared.lock();
        let case = parts.branches.get_mut(self.index).map_or(0, |branch| {
            branch.cases.push((name, condition));
            branch.cases.len() - 1
        });
        Case { shared: self.shared.clone(), branch: self.index, case }
    }
}

impl Step {
    /// Says which states of its upstreams let it run.
    pub fn join(self, join: Join) -> Self {
        self.change(|step| step.join = Some(join))
    }

    /// Puts it into a case of a branch; called again, into that as well: the outermost comes first.
    pub fn branch(self, case: &Case) -> Self {
        let place = self.shared.is(&case.shared).then_some((case.branch, case.case));
        self.change(|step| step.branches.push(place))
    }

    /// Says what must be true for it to run, in CEL.
    pub fn when(self, condition: impl Into<String>) -> Self {
        let condition = condition.into();
        self.change(|step| step.when = Some(condition))
    }

    /// Has it run once for each item of a list or of rows; see [`Part::item`] for what it does with one.
    pub fn for_each(self, items: impl Into<Part>) -> Self {
        let link = items.into().link(&self.shared);
        self.change(|step| step.for_each = Some(link))
    }

    /// Limits how many of its items run at once.
    pub fn max_parallel(self, items: u32) -> Self {
        self.change(|step| step.max_parallel = Some(items))
    }

    /// Says how often an attempt is repeated, and when.
    pub fn retry(self, retry: Retry) -> Self {
        self.change(|step| step.retry = Some(retry))
    }

    /// Lets the run succeed although this fails.
    pub fn allow_failure(self) -> Self {
        self.change(|step| step.allow_failure = true)
    }

    /// Has it run once all other steps have ended, however they did.
    pub fn finally(self) -> Self {
        self.change(|step| step.finally = true)
    }

    /// Asks for something outside the sandbox.
    pub fn grant(self, grant: Grant) -> Self {
        self.change(|step| step.grants.push(grant))
    }

    /// Says whether it may take results of earlier attempts; it may unless this says `false`.
    pub fn cache(self, reuse: bool) -> Self {
        self.change(|step| step.uncached = !reuse)
    }
}
