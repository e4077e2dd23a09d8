//! A whole program around stepmill: defines a pipeline, runs it, reads an output.
//!
//! `cargo run --example quickstart -- MODULE.wasm` with a module that has the steps `numbers` and `sum`.

use std::error::Error;

use stepmill::{
    app::{Host, Params},
    definition::builder::PipelineBuilder,
    ids::StepIndex,
    value::json,
};

/// Runs `sum(numbers(10))` with the steps of a module, keeps everything in `data`, and gives the result as JSON.
///
/// # Errors
/// Whatever goes wrong on the way.
pub async fn sum_of_ten(module: &str, data: &str) -> Result<String, Box<dyn Error>> {
    let p = PipelineBuilder::new("quickstart");
    p.module("maths", module);
    let numbers = p.step("numbers", "maths/numbers").config("count", 10);
    let sum = p.step("sum", "maths/sum").input("numbers", &numbers);
    p.output(&sum);

    let host = Host::builder(data).open().await?;
    let plan = host.compile(&p.build()?).await?.plan;
    let output: StepIndex = plan.output.ok_or("the pipeline has no output")?;
    let run = host.start(plan, Params::new()).await?;
    let id = run.id();
    println!("run {id} {}", run.finished().await?.as_str());

    let stored = host.history().output(id, output)?.ok_or("the step has no output")?;
    let value = json::to_json(&host.history().value(&stored, 1 << 20)?)?;
    host.close().await?;
    Ok(value.to_string())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let module = std::env::args().nth(1).ok_or("the path of a module is missing")?;
    println!("{}", sum_of_ten(&module, ".stepmill").await?);
    Ok(())
}
