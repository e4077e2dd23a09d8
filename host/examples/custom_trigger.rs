//! A service with a kind of trigger of its own: a program decides what starts runs.
//!
//! `cargo run --example custom_trigger -- MODULE.wasm` with a module that has the step `shout`.

use std::{error::Error, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use serde_json::Map;
use stepmill::{
    app::{Host, Service, ServiceOptions, registry::Upload},
    ids::Name,
    plan::{PlanTrigger, TriggerKind},
    schedule::{Context, Payload, Trigger, TriggerError, TriggerEvent, TriggerFactory},
};

/// What a pipeline asks for with `custom = { kind = "words", words = ["a", "b"] }`: a run for each word.
struct Words(Vec<String>);

impl Trigger for Words {
    fn run(self: Box<Self>, context: Context) -> BoxFuture<'static, Result<(), TriggerError>> {
        Box::pin(async move {
            for word in self.0 {
                // The key makes it one event: offered again, also after a crash, it starts no second run.
                let payload = Payload::Params(Map::from_iter([("text".to_owned(), word.clone().into())]));
                let event = TriggerEvent { key: word, scheduled_for: None, payload };
                let offered = context.sink.offer(event).await;
                println!("{:?}", offered.map_err(|error| TriggerError::Custom(error.to_string()))?);
            }
            Ok(())
        })
    }
}

/// Makes them from what the pipeline says.
struct WordsFactory;

impl TriggerFactory for WordsFactory {
    fn make(&self, trigger: &PlanTrigger) -> Result<Box<dyn Trigger>, TriggerError> {
        let TriggerKind::Custom { settings, .. } = &trigger.kind else {
            return Err(TriggerError::WrongKind(trigger.kind.as_str().to_owned()));
        };
        let words = settings.get("words").and_then(|words| words.as_array());
        let words = words.ok_or_else(|| TriggerError::Custom("write `words = [\"…\"]`".to_owned()))?;
        Ok(Box::new(Words(words.iter().filter_map(|word| word.as_str()).map(str::to_owned).collect())))
    }
}

const PIPELINE: &str = r#"
name = "shouted"
[params.text]
type = "string"
[steps.shout]
use = "MODULE/shout"
inputs.text = "params.text"
[triggers.words]
custom = { kind = "words", words = ["hear", "me"] }
"#;

/// Deploys the pipeline with the steps of a module, keeps everything in `data`, and counts the runs that were started.
///
/// # Errors
/// Whatever goes wrong on the way.
pub async fn runs_for_words(module: &str, data: &str) -> Result<usize, Box<dyn Error>> {
    let builder = Host::builder(data).trigger(Name::new("words")?, Arc::new(WordsFactory));
    let service = Service::open(builder, ServiceOptions::default()).await?;
    let upload = Upload { name: None, activate: true, by: "example".to_owned(), force: false };
    let uploaded = service.registry.upload(std::fs::read(module)?.into(), upload).await?;
    let text = PIPELINE.replace("MODULE", uploaded.version.name.as_str());
    service.registry.deploy(&text, Default::default(), "example").await?;
    service.follow_deployment().await?;
    while service.host.history().reader().runs(&Default::default(), None, 10)?.runs.len() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    service.stop(Duration::from_secs(5)).await?;
    Ok(service.host.history().reader().runs(&Default::default(), None, 10)?.runs.len())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let module = std::env::args().nth(1).ok_or("the path of a module is missing")?;
    println!("{} runs", runs_for_words(&module, ".stepmill").await?);
    Ok(())
}
