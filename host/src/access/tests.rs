use super::*;
use crate::plan::{PlanStep, testing};

fn plan(steps: &[(&str, &[Grant])]) -> Plan {
    let step = |(name, grants): &(&str, &[Grant])| {
        let mut step = PlanStep { grants: Grants::default(), ..testing::step(name) };
        grants.iter().for_each(|grant| step.grants.add(grant.clone()));
        step
    };
    testing::plan(steps.iter().map(step).collect())
}

fn policy(text: &str) -> Policy {
    parse("policy.toml".as_ref(), text).unwrap()
}

fn refused(policy: &Policy, plan: &Plan) -> Vec<String> {
    let refusal = policy.check(plan).err();
    let list = refusal.into_iter().flat_map(|refusal| refusal.refused);
    list.map(|refused| format!("{} {}", refused.step, refused.grant)).collect()
}

#[test]
fn nothing_is_granted_that_nobody_allowed() {
    let plan = plan(&[("a", &[Grant::Clock, Grant::Run]), ("b", &[]), ("c", &[Grant::Random])]);
    assert_eq!(refused(&Policy::default(), &plan), ["a clock", "a run", "c random"]);
    let clock = Policy::default().allow(Grants { clock: true, ..Grants::default() });
    assert_eq!(refused(&clock, &plan), ["a run", "c random"]);
}

#[test]
fn a_rule_holds_for_what_fits_it() {
    let plan = plan(&[("a", &[Grant::Clock]), ("b", &[Grant::Clock])]);
    let digest = plan.modules[0].digest;
    for (rule, left) in [
        ("grants = \"all\"", &[][..]),
        ("grants = [\"all\"]", &[]),
        ("grants = [\"random\"]", &["a clock", "b clock"]),
        ("grants = [\"clock\"]\npipeline = \"test\"", &[]),
        ("grants = [\"clock\"]\npipeline = \"other\"", &["a clock", "b clock"]),
        ("grants = [\"clock\"]\nstep = \"a\"", &["b clock"]),
        (&format!("grants = [\"clock\"]\nmodule = \"{digest}\""), &[]),
        (&format!("grants = [\"clock\"]\nmodule = \"sha256:{}\"", "1".repeat(64)), &["a clock", "b clock"]),
        ("grants = [\"clock\"]\nstep = \"a\"\n[[allow]]\ngrants = [\"clock\"]\nstep = \"b\"", &[]),
    ] {
        assert_eq!(refused(&policy(&format!("[[allow]]\n{rule}\n")), &plan), left, "{rule}");
    }
}

#[test]
fn what_a_refusal_says_to_add_allows_it() {
    let plan = plan(&[("a", &[Grant::Clock, Grant::Run]), ("c", &[Grant::Random])]);
    let help = Policy::default().check(&plan).unwrap_err().help();
    assert!(help.starts_with("add `--allow clock,random,run`"), "{help}");
    let (_, rules) = help.split_once('\n').unwrap();
    assert_eq!(policy(rules).check(&plan), Ok(()));
}

#[test]
fn every_mistake_of_a_policy_is_told_at_once_and_with_its_place() {
    let text =
        "deny = 1\n[[allow]]\ngrants = [\"clokc\", 1]\nstpe = \"a\"\n[[allow]]\npipeline = \"A b\"\nmodule = \"x\"\n";
    let problems = parse("policy.toml".as_ref(), text).unwrap_err();
    let told: Vec<_> = problems.list().iter().map(|problem| &text[problem.labels[0].0.clone()]).collect();
    for place in ["deny", "\"clokc\"", "1", "stpe", "\"A b\"", "\"x\""] {
        assert!(told.contains(&place), "{place} is not in {told:?}");
    }
    assert!(problems.list().iter().any(|problem| problem.message.contains("allows nothing")));
    assert!(problems.list().iter().all(|problem| problem.help.is_some()));
}

#[test]
fn text_that_is_no_policy_is_refused() {
    for text in ["[[allow", "allow = 1", "allow = [1]", "[allow]\ngrants = [\"clock\"]", "allow = \"all\""] {
        assert!(parse("policy.toml".as_ref(), text).is_err(), "{text}");
    }
    assert_eq!(policy(""), Policy::default());
}
