//! What plans look like.

use super::{ascii, dot, mermaid};
use crate::{
    cli::render::paint::Paint,
    ids::{ModuleDigest, Name, StepIndex},
    module::Form,
    plan::{ArgumentSource, Plan, PlanArgument, PlanModule, PlanStep, testing},
    value::path::ValuePath,
};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// A plan from lines `step: upstream …`; an upstream with `~` in front is only waited for.
pub(crate) fn plan(text: &str) -> Plan {
    let mut steps: Vec<PlanStep> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (step, upstreams) = line.split_once(':').unwrap();
        let index = StepIndex(steps.len() as u32);
        let mut planned = PlanStep { function: name(step.trim()), ..testing::step(step.trim()) };
        for upstream in upstreams.split_whitespace() {
            let plain = upstream.trim_start_matches('~');
            let from = steps.iter().position(|step| step.name == *plain).unwrap();
            steps[from].downstreams.push(index);
            let from = StepIndex(from as u32);
            planned.upstreams.push(from);
            if plain == upstream {
                let source = ArgumentSource::Step { step: from, path: ValuePath::default() };
                planned.arguments.push(PlanArgument { name: name(plain), form: Form::Value, source });
            }
        }
        planned.upstreams.sort_unstable();
        steps.push(planned);
    }
    let output = steps.len().checked_sub(1).map(|last| StepIndex(last as u32));
    let modules = vec![PlanModule { name: name("weather"), digest: ModuleDigest([1; 32]) }];
    Plan { pipeline: name("weather"), modules, output, ..testing::plan(steps) }
}

fn draw(text: &str) -> String {
    let plan = plan(text);
    ascii::draw(&plan, &ascii::names(&plan), 100, Paint { color: false })
}

const WEATHER: &str = "
    parse:
    check: parse
    monthly: check
    extremes: check
    charts: monthly
    report: check monthly extremes charts";

#[test]
fn single_steps_and_chains_are_lines() {
    assert_eq!(draw("hello:"), "hello\n");
    assert_eq!(draw("a:\nb: a\nc: b"), "a ── b ── c\n");
    assert_eq!(draw("a:\nb:"), "a\nb\n");
    assert_eq!(draw(""), "");
}

#[test]
fn a_diamond_opens_and_closes() {
    insta::assert_snapshot!(draw("a:\nleft: a\nright: a\nz: left right"), @r"
    a ─┬─ left ──┬─ z
       └─ right ─┘
    ");
}

#[test]
fn the_weather_pipeline_fits_a_terminal() {
    insta::assert_snapshot!(draw(WEATHER), @r"
    parse ── check ─┬─ monthly ──────┬─ charts ─┐
                    ├─ extremes ───┐ └──────────┼─ report
                    └────────────┐ └────────────┤
                                 └──────────────┘
    ");
}

#[test]
fn wires_that_share_targets_do_not_lie() {
    insta::assert_snapshot!(draw("a:\nb:\nc: a b\nd: a b"), @r"
    a ─┬─ c
    b ─┴─ d
    ");
    insta::assert_snapshot!(draw("a:\nb:\nc: a b\nd: b"), @r"
    a ─▴─ c
    b ─┴─ d
    ");
    insta::assert_snapshot!(draw("a:\nb:\nc: b\nd: a\ne: a b\nf: c d e a"), @r"
    a ───┬─ d ─┐
    b ─┐ ├─────┼─ f
       ├─▾─ e ─┤
       └─── c ─┘
    ");
}

#[test]
fn twenty_steps_are_still_a_drawing() {
    let text = "
        fetch:
        stations:
        clean: fetch
        join: clean stations
        north: join
        south: join
        east: join
        west: join
        north_stats: north
        south_stats: south
        east_stats: east
        west_stats: west
        merge: north_stats south_stats east_stats west_stats
        charts: merge
        tables: merge
        alerts: merge ~clean
        report: charts tables alerts stations";
    insta::assert_snapshot!(draw(text), @r"
    fetch ───── clean ───┬─────────────────────────────────────────────▴─ alerts ─┐
    stations ──────────┬─▾─ join ───┬─ north ── north_stats ─┐         │          │
                       └──────────┐ ├─ south ── south_stats ─┼─ merge ─┼─ charts ─┼─ report
                                  │ ├─ east ─── east_stats ──┤         └─ tables ─┤
                                  │ └─ west ─── west_stats ──┘                    │
                                  └───────────────────────────────────────────────┘
    ");
}

#[test]
fn what_does_not_fit_becomes_a_list() {
    let plan = plan(WEATHER);
    let narrow = ascii::draw(&plan, &ascii::names(&plan), 30, Paint { color: false });
    insta::assert_snapshot!(narrow, @r"
    parse
      check  ← parse
        monthly  ← check
        extremes  ← check
          charts  ← monthly
            report  ← check, monthly, extremes, charts
    ");
    let long: String =
        (0..200).map(|i| if i == 0 { "s0:\n".to_owned() } else { format!("s{i}: s{}\n", i - 1) }).collect();
    assert_eq!(draw(&long).lines().count(), 200);
}

#[test]
fn mermaid_tells_data_from_order() {
    insta::assert_snapshot!(mermaid::draw(&self::plan("end:\nb: ~end\nc: end b")), @r#"
    flowchart LR
      s0["end<br/><small>weather/end</small>"]
      s1["b<br/><small>weather/b</small>"]
      s2(["c<br/><small>weather/c</small>"])
      s0 -.-> s1
      s0 --> s2
      s1 --> s2
    "#);
}

#[test]
fn dot_tells_data_from_order() {
    insta::assert_snapshot!(dot::draw(&self::plan("end:\nb: ~end\nc: end b")), @r#"
    digraph "weather" {
      rankdir=LR;
      node [shape=box, style=rounded, fontname="sans-serif"];
      "end" [label="end\nweather/end"];
      "b" [label="b\nweather/b"];
      "c" [label="c\nweather/c", peripheries=2];
      "end" -> "b" [style=dashed];
      "end" -> "c";
      "b" -> "c";
    }
    "#);
}
