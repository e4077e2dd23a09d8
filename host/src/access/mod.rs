//! Who may have what: the operator's word against what pipelines ask for. Nothing is granted that nobody allowed.

mod file;
#[cfg(test)]
mod tests;
pub mod tokens;
pub mod vault;

use std::{
    collections::BTreeSet,
    fmt::{self, Write as _},
    net::IpAddr,
};

pub use self::{
    file::{PolicyError, load, parse},
    tokens::{Identity, Role, Tokens},
    vault::Vault,
};
use crate::{
    definition::{
        Pipeline, Spanned,
        problem::{Problem, Problems},
    },
    grants::{Grant, Grants},
    ids::{ModuleDigest, Name},
    plan::Plan,
};

/// What an operator allows: the sum of its rules. The default allows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    rules: Vec<Rule>,
    private: BTreeSet<IpAddr>,
}

/// Allows some grants to the steps that fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// What it allows.
    pub grants: Allowed,
    /// Only in this pipeline.
    pub pipeline: Option<Name>,
    /// Only to steps of this name.
    pub step: Option<Name>,
    /// Only to steps of the module with these bytes.
    pub module: Option<ModuleDigest>,
}

/// What a rule allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// Whatever a pipeline asks for.
    All,
    /// These alone.
    These(Grants),
}

impl Default for Allowed {
    fn default() -> Self {
        Self::These(Grants::default())
    }
}

impl Allowed {
    fn has(&self, grant: &Grant) -> bool {
        match self {
            Self::All => true,
            Self::These(grants) => grants.has(grant),
        }
    }
}

impl Rule {
    fn fits(&self, pipeline: &Name, step: &Name, module: Option<&ModuleDigest>) -> bool {
        self.pipeline.as_ref().is_none_or(|wanted| wanted == pipeline)
            && self.step.as_ref().is_none_or(|wanted| wanted == step)
            && self.module.is_none_or(|wanted| Some(&wanted) == module)
    }
}

impl Policy {
    /// Allows these grants to every step of every pipeline.
    #[must_use]
    pub fn allow(self, grants: Grants) -> Self {
        self.rule(Rule { grants: Allowed::These(grants), ..Rule::default() })
    }

    /// Allows whatever is asked for, to every step of every pipeline.
    #[must_use]
    pub fn allow_all(self) -> Self {
        self.rule(Rule { grants: Allowed::All, ..Rule::default() })
    }

    /// Lets requests of steps with `net` grants reach an address that is not public, such as one of the own network.
    #[must_use]
    pub fn allow_private(mut self, address: IpAddr) -> Self {
        self.private.insert(address);
        self
    }

    /// The addresses that are not public and may be reached nevertheless.
    #[must_use]
    pub fn private(&self) -> &BTreeSet<IpAddr> {
        &self.private
    }

    /// Allows what a rule says, too.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Allows what either of them does.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.rules.extend(other.rules);
        self.private.extend(other.private);
        self
    }

    /// Checks that a plan asks for nothing that is not allowed.
    ///
    /// # Errors
    /// Everything that it asks for and is not.
    pub fn check(&self, plan: &Plan) -> Result<(), Refusal> {
        let mut refused = Vec::new();
        for step in &plan.steps {
            let module = plan.modules.get(step.module as usize).map(|module| module.digest);
            let fits = |rule: &&Rule| rule.fits(&plan.pipeline, &step.name, module.as_ref());
            let rules: Vec<_> = self.rules.iter().filter(fits).collect();
            let missing = step.grants.list().filter(|grant| !rules.iter().any(|rule| rule.grants.has(grant)));
            refused.extend(missing.map(|grant| Refused { step: step.name.clone(), grant }));
        }
        if refused.is_empty() { Ok(()) } else { Err(Refusal { pipeline: plan.pipeline.clone(), refused }) }
    }
}

/// A plan asks for what nobody allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Refusal {
    /// The pipeline.
    pub pipeline: Name,
    /// What it may not have: at least one, in the order of the plan.
    pub refused: Vec<Refused>,
}

/// Who may allow what was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// Whoever gave the command.
    Here,
    /// Whoever keeps a service running, with a policy file.
    OfService,
}

/// A grant that a step asks for and may not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The step.
    pub step: Name,
    /// What it asks for.
    pub grant: Grant,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step `{}` asks for the grant `{}`, which is not allowed", self.step, self.grant)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, refused) in self.refused.iter().enumerate() {
            if index > 0 {
                f.write_char('\n')?;
            }
            write!(f, "{refused}")?;
        }
        Ok(())
    }
}

impl Refusal {
    /// What to add so that all of it is allowed: to the command, or to a policy file.
    #[must_use]
    pub fn help(&self) -> String {
        let mut wanted = Grants::default();
        self.refused.iter().for_each(|refused| wanted.add(refused.grant.clone()));
        let mut help = format!("add `--allow {}`, or to the file of `--policy`:", names(&wanted, ","));
        let mut steps: Vec<(&Name, Grants)> = Vec::new();
        for Refused { step, grant } in &self.refused {
            match steps.last_mut().filter(|(last, _)| *last == step) {
                Some((_, grants)) => grants.add(grant.clone()),
                None => steps.push((step, Grants::only(grant.clone()))),
            }
        }
        for (step, grants) in steps {
            help.push_str(&rule_text(&self.pipeline, step, &grants));
        }
        help
    }

    /// The same as problems of the pipeline that was refused, each with its place.
    #[must_use]
    pub fn problems(&self, pipeline: &Pipeline, operator: Operator) -> Problems {
        let list = self.refused.iter().map(|refused| {
            let Refused { step, grant } = refused;
            let declared = pipeline.steps.iter().find(|declared| declared.name.value == *step);
            let asks = |asked: &&Spanned<Grant>| Grants::only(asked.value.clone()).has(grant);
            let place = declared.and_then(|declared| declared.grants.iter().find(asks));
            let span = place.map_or(0..0, |asked| asked.span.clone());
            let rule = rule_text(&self.pipeline, step, &Grants::only(grant.clone()));
            let help = match operator {
                Operator::Here => format!("add `--allow {grant}`, or to the file of `--policy`:{rule}"),
                Operator::OfService => format!("the operator of the service adds to its policy file:{rule}"),
            };
            Problem::error("stepmill::access::not_allowed", refused.to_string(), span).says("asked for here").help(help)
        });
        Problems::new(&pipeline.source, list.collect())
    }
}

/// The rule that allows one step some grants, as a policy file says it.
fn rule_text(pipeline: &Name, step: &Name, grants: &Grants) -> String {
    let list = names(grants, "\", \"");
    format!("\n[[allow]]\npipeline = \"{pipeline}\"\nstep = \"{step}\"\ngrants = [\"{list}\"]")
}

/// The names of grants.
#[must_use]
pub fn names(grants: &Grants, between: &str) -> String {
    grants.list().map(|grant| grant.to_string()).collect::<Vec<_>>().join(between)
}
