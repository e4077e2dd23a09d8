//! Steps that use what is outside their sandbox, if they are granted it.

use std::time::Duration;

use futures_util::future::try_join_all;
use stepmill_sdk::{http::Request, prelude::*};

/// What was answered.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Answer {
    status: u16,
    body: String,
}

/// Asks for a URL.
#[step]
fn fetch(#[config] url: String, #[config] timeout_ms: Option<u64>) -> Result<Answer> {
    let mut request = Request::get(url).header("x-own", "of the step");
    if let Some(millis) = timeout_ms {
        request = request.timeout(Duration::from_millis(millis));
    }
    let response = request.send()?;
    Ok(Answer { status: response.status(), body: response.text()? })
}

/// Hands over a body of some bytes, and returns what comes back.
#[step]
fn echo(#[config] url: String, #[config] bytes: usize) -> Result<Bytes> {
    let body: Vec<u8> = (0..bytes).map(|index| index as u8).collect();
    Ok(Request::post(url).body(body).send()?.error_for_status()?.into_bytes().into())
}

/// Asks for all of them at once.
#[step]
async fn fetch_all(#[config] urls: Vec<String>) -> Result<Vec<u16>> {
    let asked = urls.into_iter().map(|url| async move { Ok::<_, StepError>(Request::get(url).await?.status()) });
    try_join_all(asked).await
}

/// Tells a witness that it runs, with the key of the attempt.
#[step]
fn tell(context: &Context, #[config] url: String) -> Result<String> {
    let facts = context.run_facts().ok_or_else(|| StepError::permanent("the step is not granted `run`"))?;
    Request::post(url).header("idempotency-key", &facts.idempotency_key).send()?.error_for_status()?;
    Ok(facts.idempotency_key)
}

/// Returns the value of a secret, or why there is none.
#[step]
fn secret(context: &Context, #[config] name: String) -> String {
    context.secret(&name).unwrap_or_else(|error| error.to_string())
}

/// Says a secret wherever something can be said.
#[step]
fn leak(context: &Context, #[config] name: String, #[config(default)] how: String) -> Result<()> {
    let secret = context.secret(&name)?;
    context.info(format_args!("logged {secret}"));
    context.progress(1, 2, format_args!("progress {secret}"));
    println!("printed {secret}");
    eprintln!("complained {secret}");
    if how == "panic" {
        panic!("panicked with {secret}");
    }
    Err(StepError::new(format_args!("failed with {secret}")).caused_by(StepError::new(format_args!("cause {secret}"))))
}

/// The environment that it sees.
#[step]
fn environment() -> Vec<(String, String)> {
    std::env::vars().collect()
}

/// Asks with very many headers.
#[step]
fn many_headers(#[config] url: String, #[config] count: usize) -> Result<u16> {
    let request = (0..count).fold(Request::get(url), |request, index| request.header(format!("x-{index}"), "y"));
    Ok(request.send()?.status())
}
