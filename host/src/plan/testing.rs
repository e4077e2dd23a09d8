//! Small plans for the tests of other rooms.

use super::{Plan, PlanModule, PlanStep, Retry};
use crate::{
    event::Join,
    grants::Grants,
    ids::{ModuleDigest, Name},
    limits::Limits,
    module::Form,
};

/// A step without inputs and upstreams, of the first module.
pub(crate) fn step(name: &str) -> PlanStep {
    PlanStep {
        name: Name::new(name).unwrap(),
        module: 0,
        function: Name::new("f").unwrap(),
        arguments: Vec::new(),
        output: Form::Value,
        upstreams: Vec::new(),
        downstreams: Vec::new(),
        on_error: super::OnError::Fail,
        limits: Limits::default(),
        join: Join::default(),
        order_only: Vec::new(),
        branches: Vec::new(),
        when: None,
        for_each: None,
        retry: Retry::default(),
        allow_failure: false,
        finally: false,
        grants: Grants::default(),
        uncached: false,
    }
}

/// A plan of these steps, with one module.
pub(crate) fn plan(steps: Vec<PlanStep>) -> Plan {
    Plan {
        pipeline: Name::new("test").unwrap(),
        description: String::new(),
        params: Vec::new(),
        modules: vec![PlanModule { name: Name::new("m").unwrap(), digest: ModuleDigest([0; 32]) }],
        steps,
        output: None,
        branches: Vec::new(),
    }
}
