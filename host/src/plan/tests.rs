//! Whole pipelines: what they become, and how what is wrong with them reads.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use insta::assert_snapshot;
use miette::{GraphicalReportHandler, GraphicalTheme};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{
    catalog::{Catalog, CatalogError},
    *,
};
use crate::{
    definition::{
        ConfigValue, ModuleDecl, ParamDecl, Pipeline, Reference, Source, Spanned, StepDecl, UseRef, VersionRef,
        problem::{Problem, Problems},
    },
    module::{ModuleInfo, OutputInfo, Parameter, Role, StepInfo},
};

/// Modules by name, and how often each was asked for.
#[derive(Default)]
struct FakeCatalog {
    modules: HashMap<String, Arc<ModuleInfo>>,
    asked: RefCell<Vec<String>>,
}

impl Catalog for FakeCatalog {
    fn module(
        &self,
        name: &Name,
        _: Option<&VersionRef>,
        _: Option<&ModuleDecl>,
    ) -> Result<Arc<ModuleInfo>, CatalogError> {
        self.asked.borrow_mut().push(name.to_string());
        self.modules.get(name.as_str()).cloned().ok_or_else(|| match name.as_str() {
            "unkept" => CatalogError::host("no space left on device"),
            _ => CatalogError::input("there is no such module").help("add it to `[modules]`"),
        })
    }
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn parameter(text: &str, role: Role, schema: Json) -> Parameter {
    let optional = text.ends_with('?');
    let name = name(text.trim_end_matches('?'));
    Parameter { name, description: String::new(), role, form: Form::Value, optional, default: None, schema }
}

fn input(text: &str, schema: Json) -> Parameter {
    parameter(text, Role::Input, schema)
}

fn config(text: &str, schema: Json) -> Parameter {
    parameter(text, Role::Config, schema)
}

fn function<const N: usize>(text: &str, parameters: [Parameter; N], output: (Form, Json)) -> StepInfo {
    let output = OutputInfo { form: output.0, schema: output.1 };
    StepInfo { name: name(text), description: String::new(), parameters: parameters.into(), output }
}

fn module(digest: u8, steps: Vec<StepInfo>) -> Arc<ModuleInfo> {
    let digest = ModuleDigest([digest; 32]);
    Arc::new(ModuleInfo { digest, size: 1, name: None, version: None, sdk: None, imports: Vec::new(), steps })
}

fn day() -> Json {
    json!({
        "type": "object",
        "properties": { "date": { "type": "string" }, "temp_max": { "type": "number" } },
        "required": ["date", "temp_max"],
    })
}

fn catalog() -> FakeCatalog {
    let days = || json!({ "type": "array", "items": day() });
    let number = || json!({ "type": "number" });
    let texts = json!({ "type": "object", "properties": {
        "date": { "type": "string" }, "temp_max": { "type": "string" } }, "required": ["date", "temp_max"] });
    let weather = vec![
        function(
            "alert",
            [input("extremes", days()), config("threshold", number()), config("unit?", json!({ "enum": ["C", "F"] }))],
            (Form::Value, json!({ "type": "null" })),
        ),
        function(
            "check",
            [input("days", days())],
            (
                Form::Value,
                json!({
            "type": "object", "properties": { "years": { "type": "integer" }, "extremes": days(), "worst": day() },
            "required": ["years", "extremes"] }),
            ),
        ),
        function("parse", [input("csv", json!({ "type": "object", "x-stepmill": "file" }))], (Form::Rows, day())),
        function("sloppy", [], (Form::Rows, texts)),
    ];
    let any = || json!(true);
    let plain = vec![
        function("join", [input("left?", any()), input("right?", any())], (Form::Value, any())),
        function("take", [input("x", json!({ "type": "integer" }))], (Form::Value, json!({ "type": "integer" }))),
    ];
    let modules = [("weather", module(1, weather)), ("plain", module(2, plain))];
    FakeCatalog { modules: modules.map(|(name, module)| (name.to_owned(), module)).into(), ..Default::default() }
}

/// Builds a pipeline from the words in its text: every span is where the word stands.
struct Sketch {
    text: &'static str,
    from: usize,
    pipeline: Pipeline,
}

impl Sketch {
    fn new(text: &'static str) -> Self {
        let source = Source { path: "weather.toml".into(), text: text.into() };
        let pipeline = Pipeline {
            name: Spanned::built(name("weather")),
            description: String::new(),
            output: None,
            modules: Vec::new(),
            params: Vec::new(),
            steps: Vec::new(),
            branches: Vec::new(),
            triggers: Vec::new(),
            source,
        };
        Self { text, from: 0, pipeline }
    }

    /// The next place of a word in the text.
    fn at<T>(&mut self, word: &str, value: T) -> Spanned<T> {
        let Some(start) = self.text[self.from..].find(word) else {
            assert!(self.text.is_empty(), "`{word}` does not follow");
            return Spanned::built(value);
        };
        let start = self.from + start;
        self.from = start + word.len();
        Spanned { value, span: start..self.from }
    }

    fn param(mut self, text: &str, kind: ParamKind, default: Option<Json>) -> Self {
        let name = self.at(text, name(text));
        let default = default.map(|json| self.at(&json.to_string(), json));
        self.pipeline.params.push(ParamDecl { name, kind, description: String::new(), default });
        self
    }

    fn module(mut self, text: &str, path: &str) -> Self {
        let name = self.at(text, name(text));
        let path = self.at(path, path.into());
        self.pipeline.modules.push(ModuleDecl { name, path });
        self
    }

    fn step(mut self, text: &str, uses: &str) -> Self {
        let step = name(text);
        let step = self.at(text, step);
        let (module, function) = uses.split_once('/').unwrap();
        let uses = self.at(uses, UseRef { module: name(module), version: None, step: name(function) });
        self.pipeline.steps.push(StepDecl {
            name: step,
            uses,
            inputs: Vec::new(),
            config: Vec::new(),
            needs: Vec::new(),
            on_error: OnError::Fail,
            limits: Limits::default(),
            join: None,
            branches: Vec::new(),
            when: None,
            for_each: None,
            max_parallel: None,
            retry: None,
            allow_failure: false,
            finally: false,
            grants: Vec::new(),
            cache: true,
        });
        self
    }

    fn last(&mut self) -> &mut StepDecl {
        self.pipeline.steps.last_mut().unwrap()
    }

    fn input(mut self, text: &str, reference: &str) -> Self {
        let entry = (self.at(text, name(text)), self.at(reference, read(reference)));
        self.last().inputs.push(entry);
        self
    }

    fn config(mut self, text: &str, literal: Json) -> Self {
        let written = literal.to_string();
        let entry = (self.at(text, name(text)), self.at(&written, ConfigValue::Literal(literal)));
        self.last().config.push(entry);
        self
    }

    fn config_from(mut self, text: &str, reference: &str) -> Self {
        let value = ConfigValue::Reference(read(reference));
        let entry = (self.at(text, name(text)), self.at(reference, value));
        self.last().config.push(entry);
        self
    }

    fn needs(mut self, text: &str) -> Self {
        let need = self.at(text, name(text));
        self.last().needs.push(need);
        self
    }

    fn output(mut self, text: &str) -> Self {
        self.pipeline.output = Some(self.at(text, name(text)));
        self
    }

    fn compile(&self) -> Result<Compiled, Problems> {
        compile(&self.pipeline, &catalog())
    }

    /// All problems, as a terminal without colours shows them.
    fn report(&self) -> String {
        render(&self.compile().map_or_else(|problems| problems, |compiled| compiled.warnings))
    }

    fn codes(&self) -> Vec<&'static str> {
        let problems = self.compile().map_or_else(|problems| problems, |compiled| compiled.warnings);
        problems.list().iter().map(|problem: &Problem| problem.code.trim_start_matches("stepmill::plan::")).collect()
    }
}

fn read(reference: &str) -> Reference {
    let split = |text: &str| {
        let end = text.find(['.', '[']).unwrap_or(text.len());
        (name(&text[..end]), text[end..].parse().unwrap())
    };
    match reference.strip_prefix("params.") {
        Some(param) => {
            let (name, path) = split(param);
            Reference::Param(name, path)
        }
        None => {
            let (name, path) = split(reference);
            Reference::Step(name, path)
        }
    }
}

fn render(problems: &Problems) -> String {
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(100);
    let mut text = String::new();
    for report in problems.diagnostics() {
        handler.render_report(&mut text, &report).unwrap();
    }
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn weather() -> Sketch {
    Sketch::new("")
        .param("csv", ParamKind::File, None)
        .param("limit", ParamKind::Number, Some(json!(30)))
        .step("alert", "weather/alert")
        .input("extremes", "check.extremes")
        .config_from("threshold", "params.limit")
        .config("unit", json!("C"))
        .step("check", "weather/check")
        .input("days", "parse")
        .step("parse", "weather/parse")
        .input("csv", "params.csv")
        .step("end", "plain/join")
        .needs("alert")
        .needs("parse")
        .output("check")
}

#[test]
fn a_plan_has_everything_resolved() {
    let catalog = catalog();
    let Compiled { plan, warnings, .. } = compile(&weather().pipeline, &catalog).unwrap();
    assert_eq!(warnings.list(), []);
    assert_eq!(catalog.asked.into_inner(), ["weather", "plain"]);
    assert_eq!(
        plan.steps.iter().map(|step| step.name.as_str()).collect::<Vec<_>>(),
        ["parse", "check", "alert", "end"]
    );
    assert_eq!(plan.output, plan.find("check"));
    assert_eq!(plan.modules.iter().map(|module| module.digest.0[0]).collect::<Vec<_>>(), [1, 2]);

    let [parse, check, alert, end] = [0, 1, 2, 3].map(StepIndex);
    assert_eq!(plan.step(parse).upstreams, []);
    assert_eq!(plan.step(parse).downstreams, [check, end]);
    assert_eq!(plan.step(parse).output, Form::Rows);
    assert_eq!(plan.step(check).upstreams, [parse]);
    assert_eq!(plan.step(end).upstreams, [parse, alert]);
    assert_eq!(plan.step(end).module, 1);
    assert_eq!(plan.step(end).function, name("join"));
    assert_eq!(plan.step(end).arguments, []);

    let argument = |text: &str, source| PlanArgument { name: name(text), form: Form::Value, source };
    let (path, whole): (ValuePath, ValuePath) = (".extremes".parse().unwrap(), ValuePath::default());
    assert_eq!(
        plan.step(alert).arguments,
        [
            argument("extremes", ArgumentSource::Step { step: check, path: path.clone() }),
            argument("threshold", ArgumentSource::Param { name: name("limit"), path: whole.clone() }),
            argument("unit", ArgumentSource::Literal(json!("C"))),
        ]
    );
    let (csv, limit, threshold) = (name("csv"), name("limit"), name("threshold"));
    let (days, extremes) = (name("days"), name("extremes"));
    let edge = |from, to, data| PlanEdge { from, to, data };
    assert_eq!(
        plan.edges().collect::<Vec<_>>(),
        [
            edge(EdgeStart::Param(&csv), parse, Some((&csv, &whole))),
            edge(EdgeStart::Step(parse), check, Some((&days, &whole))),
            edge(EdgeStart::Step(check), alert, Some((&extremes, &path))),
            edge(EdgeStart::Param(&limit), alert, Some((&threshold, &whole))),
            edge(EdgeStart::Step(parse), end, None),
            edge(EdgeStart::Step(alert), end, None),
        ]
    );
    let json = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
}

#[test]
fn an_input_takes_the_step_that_it_is_named_after() {
    let sketch = Sketch::new("")
        .step("x", "plain/take")
        .input("x", "days")
        .step("days", "plain/join")
        .step("use_x", "plain/take");
    let plan = sketch.compile().unwrap().plan;
    let user = plan.step(plan.find("use_x").unwrap());
    assert_eq!(user.upstreams, [plan.find("x").unwrap()]);

    // Never itself, and for an optional input as well.
    assert_eq!(Sketch::new("").step("x", "plain/take").codes(), ["missing_input"]);
    let plan = Sketch::new("").step("left", "plain/join").step("b", "plain/join").compile().unwrap().plan;
    assert_eq!(plan.steps[0].arguments, []);
    assert_eq!(plan.steps[1].upstreams, [StepIndex(0)]);
}

#[test]
fn every_kind_of_problem_has_its_code() {
    let blank = || Sketch::new("");
    let table = [
        (blank().step("a", "gone/x"), vec!["module"]),
        (blank().step("a", "gone/x").step("b", "gone/y"), vec!["module"]),
        (blank().step("a", "plain/jion"), vec!["step"]),
        (blank().step("a", "plain/join").input("left", "b"), vec!["unknown_step"]),
        (blank().step("a", "plain/join").input("left", "params.b"), vec!["unknown_param"]),
        (blank().step("a", "plain/join").needs("b"), vec!["unknown_step"]),
        (blank().step("a", "plain/join").output("b"), vec!["unknown_step"]),
        (blank().step("a", "plain/join").input("lef", "b").step("b", "plain/join"), vec!["unknown_input"]),
        (blank().step("a", "plain/join").config("left", json!(1)), vec!["unknown_config"]),
        (blank().step("a", "plain/take"), vec!["missing_input"]),
        (blank().step("a", "plain/join").step("a", "plain/join"), vec!["duplicate"]),
        (blank().step("a", "plain/join").needs("a"), vec!["cycle"]),
        (blank().step("a", "plain/join").input("left", "a"), vec!["cycle"]),
        (blank().step("a", "plain/join").needs("b").step("b", "plain/join").needs("a"), vec!["cycle"]),
        (blank().step("a", "gone/x").needs("b").step("b", "gone/x").needs("a"), vec!["module", "cycle"]),
        (blank().module("plain", "x.wasm"), vec!["unused_module"]),
        (blank().param("p", ParamKind::Json, None), vec!["unused_param"]),
        (blank().param("p", ParamKind::String, None).step("a", "plain/take").input("x", "params.p"), vec!["type"]),
        (blank().param("p", ParamKind::Number, None).step("a", "plain/take").input("x", "params.p"), vec!["doubtful"]),
        (blank().param("p", ParamKind::Json, None).step("a", "plain/take").input("x", "params.p"), vec![]),
        (
            blank().param("p", ParamKind::Json, Some(json!("y"))).step("a", "plain/take").input("x", "params.p"),
            vec!["default"],
        ),
        (blank().param("p", ParamKind::File, None).step("a", "plain/take").input("x", "params.p.y"), vec!["no_part"]),
        (blank().step("a", "plain/join").step("b", "plain/take").input("x", "a"), vec!["doubtful"]),
    ];
    for (sketch, codes) in table {
        assert_eq!(sketch.codes(), codes, "{:?}", sketch.pipeline.steps);
    }
}

#[test]
fn a_wrong_type_names_both_steps_the_path_and_the_types() {
    let sketch = Sketch::new("[steps.sloppy]\nuse = \"weather/sloppy\"\n\n[steps.check]\nuse = \"weather/check\"\ninputs.days = \"sloppy\"\n")
        .step("sloppy", "weather/sloppy")
        .step("check", "weather/check")
        .input("days", "sloppy");
    assert_snapshot!(sketch.report(), @r#"
    stepmill::plan::type

      × `check` cannot take `days` from `sloppy`: at `days[].temp_max`, `sloppy` returns string,
      │ `check` wants number
       ╭─[weather.toml:6:16]
     5 │ use = "weather/check"
     6 │ inputs.days = "sloppy"
       ·                ───┬──
       ·                   ╰── string, not number
       ╰────
    "#);
}

#[test]
fn a_part_that_is_not_there_is_named() {
    let sketch = Sketch::new("[params]\ncsv.type = \"file\"\n[steps.parse]\nuse = \"weather/parse\"\ninputs.csv = \"params.csv\"\n[steps.check]\nuse = \"weather/check\"\ninputs.days = \"parse\"\n[steps.more]\nuse = \"weather/check\"\ninputs.days = \"check.extreme\"\n")
        .param("csv", ParamKind::File, None)
        .step("parse", "weather/parse")
        .input("csv", "params.csv")
        .step("check", "weather/check")
        .input("days", "parse")
        .step("more", "weather/check")
        .input("days", "check.extreme");
    assert_snapshot!(sketch.report(), @r#"
    stepmill::plan::no_part

      × `more` cannot take `days` from `check.extreme`: there is no `.extreme` in {years, extremes,
      │ worst?}
        ╭─[weather.toml:11:16]
     10 │ use = "weather/check"
     11 │ inputs.days = "check.extreme"
        ·                ──────┬──────
        ·                      ╰── it is {years, extremes, worst?}
        ╰────
      help: did you mean `extremes`?
    "#);
}

#[test]
fn missing_and_misplaced_arguments_are_explained() {
    let sketch = Sketch::new("[steps.check]\nuse = \"weather/check\"\n\n[steps.alert]\nuse = \"weather/alert\"\ninputs.threshold = \"check\"\ninputs.extreme = \"check.extremes\"\nconfig.unit = \"K\"\n")
        .step("check", "weather/check")
        .step("alert", "weather/alert")
        .input("threshold", "check")
        .input("extreme", "check.extremes")
        .config("unit", json!("K"));
    assert_snapshot!(sketch.report(), @r#"
    stepmill::plan::missing_input

      × step `check` does not give `weather/check` its input `days`
       ╭─[weather.toml:2:8]
     1 │ [steps.check]
     2 │ use = "weather/check"
       ·        ──────┬──────
       ·              ╰── needs `days`: list of {date, temp_max}
     3 │
       ╰────
      help: add `inputs.days = "STEP"` to `[steps.check]`
    stepmill::plan::missing_input

      × step `alert` does not give `weather/alert` its input `extremes`
       ╭─[weather.toml:5:8]
     4 │ [steps.alert]
     5 │ use = "weather/alert"
       ·        ──────┬──────
       ·              ╰── needs `extremes`: list of {date, temp_max}
     6 │ inputs.threshold = "check"
       ╰────
      help: add `inputs.extremes = "STEP"` to `[steps.alert]`
    stepmill::plan::unknown_input

      × `threshold` is a config of `weather/alert`, not an input
       ╭─[weather.toml:6:8]
     5 │ use = "weather/alert"
     6 │ inputs.threshold = "check"
       ·        ─────────
     7 │ inputs.extreme = "check.extremes"
       ╰────
      help: write `config.threshold` instead of `inputs.threshold`
    stepmill::plan::unknown_input

      × `weather/alert` has no input `extreme`
       ╭─[weather.toml:7:8]
     6 │ inputs.threshold = "check"
     7 │ inputs.extreme = "check.extremes"
       ·        ───────
     8 │ config.unit = "K"
       ╰────
      help: did you mean `extremes`?
    stepmill::plan::config

      × config `unit` of step `alert` does not fit: it is "K", and "C" or "F" is wanted
       ╭─[weather.toml:8:15]
     7 │ inputs.extreme = "check.extremes"
     8 │ config.unit = "K"
       ·               ─┬─
       ·                ╰── "C" or "F" is wanted
       ╰────
    "#);
}

#[test]
fn what_the_host_could_not_do_has_a_code_of_its_own() {
    let sketch = Sketch::new("[steps.a]\nuse = \"unkept/x\"\n").step("a", "unkept/x");
    let report = sketch.report();
    assert!(report.contains("stepmill::plan::host"), "{report}");
    assert!(report.contains("module `unkept` cannot be loaded: no space left on device"), "{report}");
}

#[test]
fn missing_modules_and_steps_are_explained() {
    let sketch = Sketch::new("[modules]\nlocal = { path = \"gone.wasm\" }\nspare = { path = \"spare.wasm\" }\n[steps.a]\nuse = \"local/x\"\n[steps.b]\nuse = \"weather/prase\"\n[steps.c]\nuse = \"other/x\"\n")
        .module("local", "gone.wasm")
        .module("spare", "spare.wasm")
        .step("a", "local/x")
        .step("b", "weather/prase")
        .step("c", "other/x");
    assert_snapshot!(sketch.report(), @r#"
    stepmill::plan::module

      × module `local` cannot be loaded: there is no such module
       ╭─[weather.toml:2:19]
     1 │ [modules]
     2 │ local = { path = "gone.wasm" }
       ·                   ─────────
     3 │ spare = { path = "spare.wasm" }
     4 │ [steps.a]
     5 │ use = "local/x"
       ·        ───┬───
       ·           ╰── step `a` uses it
     6 │ [steps.b]
       ╰────
      help: add it to `[modules]`
    stepmill::plan::unused_module

      ⚠ no step uses the module `spare`
       ╭─[weather.toml:3:1]
     2 │ local = { path = "gone.wasm" }
     3 │ spare = { path = "spare.wasm" }
       · ─────
     4 │ [steps.a]
       ╰────
    stepmill::plan::step

      × module `weather` has no step `prase`
       ╭─[weather.toml:7:8]
     6 │ [steps.b]
     7 │ use = "weather/prase"
       ·        ──────┬──────
       ·              ╰── not in the module
     8 │ [steps.c]
       ╰────
      help: did you mean `parse`? Its steps are: `alert`, `check`, `parse` and `sloppy`
    stepmill::plan::module

      × module `other` cannot be loaded: there is no such module
       ╭─[weather.toml:9:8]
     8 │ [steps.c]
     9 │ use = "other/x"
       ·        ───┬───
       ·           ╰── step `c` uses it
       ╰────
      help: add it to `[modules]`
    "#);
}

#[test]
fn cycles_name_their_steps() {
    let sketch = Sketch::new("[steps.a]\nuse = \"plain/join\"\ninputs.left = \"c\"\n[steps.b]\nuse = \"plain/join\"\nneeds = [\"a\"]\n[steps.c]\nuse = \"plain/join\"\ninputs.left = \"b\"\n")
        .step("a", "plain/join")
        .input("left", "c")
        .step("b", "plain/join")
        .needs("a")
        .step("c", "plain/join")
        .input("left", "b");
    assert_snapshot!(sketch.report(), @r#"
    stepmill::plan::cycle

      × 3 steps wait for each other: `a → b → c → a`
       ╭─[weather.toml:3:16]
     2 │ use = "plain/join"
     3 │ inputs.left = "c"
       ·                ┬
       ·                ╰── `a` waits for `c`: taken as `left`
     4 │ [steps.b]
     5 │ use = "plain/join"
     6 │ needs = ["a"]
       ·           ┬
       ·           ╰── `b` waits for `a`: `b` needs it
     7 │ [steps.c]
     8 │ use = "plain/join"
     9 │ inputs.left = "b"
       ·                ┬
       ·                ╰── `c` waits for `b`: taken as `left`
       ╰────
      help: a step runs when all it takes is there: remove one of these edges
    "#);
}

#[test]
fn doubts_are_warnings() {
    let sketch = Sketch::new("[steps.sloppy]\nuse = \"plain/join\"\n[steps.worst]\nuse = \"plain/join\"\n[steps.take]\nuse = \"plain/take\"\ninputs.x = \"worst.years\"\n")
        .step("sloppy", "plain/join")
        .step("worst", "plain/join")
        .step("take", "plain/take")
        .input("x", "worst.years");
    assert_snapshot!(sketch.report(), @r#"
    stepmill::plan::doubtful

      ⚠ `take` may fail to take `x` from `worst.years`: it can be anything, and integer is wanted
       ╭─[weather.toml:7:13]
     6 │ use = "plain/take"
     7 │ inputs.x = "worst.years"
       ·             ─────┬─────
       ·                  ╰── it can be anything, and integer is wanted
       ╰────
    "#);
    assert!(sketch.compile().is_ok());
}

#[test]
fn unknown_names_are_explained() {
    let sketch = Sketch::new("output = \"repotr\"\n[params]\nlimit.type = \"integer\"\n[steps.report]\nuse = \"plain/join\"\ninputs.left = \"params.limits\"\nneeds = [\"upload\"]\n")
        .output("repotr")
        .param("limit", ParamKind::Integer, None)
        .step("report", "plain/join")
        .input("left", "params.limits")
        .needs("upload");
    assert_snapshot!(sketch.report(), @r#"
    stepmill::plan::unknown_step

      × there is no step `repotr` in the pipeline
       ╭─[weather.toml:1:11]
     1 │ output = "repotr"
       ·           ──────
     2 │ [params]
       ╰────
      help: did you mean `report`?
    stepmill::plan::unused_param

      ⚠ no step takes `params.limit`
       ╭─[weather.toml:3:1]
     2 │ [params]
     3 │ limit.type = "integer"
       · ─────
     4 │ [steps.report]
       ╰────
    stepmill::plan::unknown_param

      × the pipeline has no param `limits`
       ╭─[weather.toml:6:16]
     5 │ use = "plain/join"
     6 │ inputs.left = "params.limits"
       ·                ─────────────
     7 │ needs = ["upload"]
       ╰────
      help: did you mean `limit`?
    stepmill::plan::unknown_step

      × there is no step `upload` in the pipeline
       ╭─[weather.toml:7:11]
     6 │ inputs.left = "params.limits"
     7 │ needs = ["upload"]
       ·           ──────
       ╰────
      help: its steps are: `report`
    "#);
}

/// Steps `s0`, `s1`, ... of `plain/join` with these edges, as order.
fn graph(steps: usize, edges: &[(usize, usize)]) -> Pipeline {
    let mut sketch = Sketch::new("");
    for step in 0..steps {
        sketch = sketch.step(&format!("s{step}"), "plain/join");
    }
    for (from, to) in edges {
        sketch.pipeline.steps[*to].needs.push(Spanned::built(name(&format!("s{from}"))));
    }
    sketch.pipeline
}

#[test]
fn large_pipelines_compile() {
    let chain: Vec<(usize, usize)> = (1..1_000).map(|step| (step - 1, step)).collect();
    let plan = compile(&graph(1_000, &chain), &catalog()).unwrap().plan;
    assert_eq!(plan.steps[999].upstreams, [StepIndex(998)]);

    let mut fan = Sketch::new("").step("left", "plain/join");
    for step in 0..10_000 {
        fan = fan.step(&format!("f{step}"), "plain/join");
    }
    let plan = compile(&fan.pipeline, &catalog()).unwrap().plan;
    assert_eq!(plan.steps[0].downstreams.len(), 10_000);
    assert!(plan.steps[1..].iter().all(|step| step.upstreams == [StepIndex(0)]));
}

#[test]
fn too_many_steps_are_refused() {
    let mut pipeline = graph(1, &[]);
    pipeline.steps = vec![pipeline.steps[0].clone(); crate::limits::MAX_PIPELINE_STEPS + 1];
    let problems = compile(&pipeline, &catalog()).unwrap_err();
    assert_eq!(problems.list().len(), 1);
    assert_eq!(problems.list()[0].code, "stepmill::plan::too_large");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn plans_are_in_topological_order(edges in prop::collection::vec((0_usize..20, 0_usize..20), 0..60), shuffle in Just((0..20).collect::<Vec<usize>>()).prop_shuffle()) {
        let edges: Vec<(usize, usize)> = edges.into_iter().filter(|(from, to)| from < to).map(|(from, to)| (shuffle[from], shuffle[to])).collect();
        let plan = compile(&graph(20, &edges), &catalog()).unwrap().plan;
        let place = |step: usize| plan.find(&format!("s{step}")).unwrap();
        let wanted: HashSet<(StepIndex, StepIndex)> = edges.iter().map(|(from, to)| (place(*from), place(*to))).collect();
        let mut down = HashSet::new();
        for index in plan.indices() {
            let step = plan.step(index);
            prop_assert!(step.upstreams.iter().all(|upstream| *upstream < index));
            prop_assert!(step.upstreams.is_sorted() && step.downstreams.is_sorted());
            prop_assert!(step.upstreams.iter().all(|upstream| wanted.contains(&(*upstream, index))));
            down.extend(step.downstreams.iter().map(|downstream| (index, *downstream)));
        }
        prop_assert_eq!(down, wanted);
    }
}
