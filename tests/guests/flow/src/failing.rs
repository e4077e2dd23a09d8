//! Steps that fail.

use std::time::Duration;

use stepmill_sdk::prelude::*;

/// Fails, as told.
#[step]
fn fail() -> Result<i64> {
    Err(StepError::new("as told"))
}

/// Fails, whatever it is given.
#[step]
fn fail_with(value: i64) -> Result<i64> {
    Err(StepError::new(format_args!("{value} is not good")))
}

/// Fails for good.
#[step]
fn permanent() -> Result<i64> {
    Err(StepError::permanent("never"))
}

/// Fails if its number is one of the bad ones, else hands it on.
#[step]
fn fail_if(value: i64, #[config] bad: Vec<i64>) -> Result<i64> {
    if bad.contains(&value) { Err(StepError::new(format_args!("{value} is bad"))) } else { Ok(value) }
}

/// Which attempt this is. Only the grant `run` tells.
pub(crate) fn attempt(context: &Context) -> Result<u32> {
    let facts = context.run_facts().ok_or_else(|| StepError::permanent("no run facts without `grants.run`"))?;
    Ok(facts.attempt)
}

/// Fails until its attempt has this number, and returns it.
#[step]
fn fail_until(context: &Context, #[config] succeeds_at: u32) -> Result<u32> {
    let attempt = attempt(context)?;
    if attempt < succeeds_at { Err(StepError::new(format_args!("attempt {attempt}"))) } else { Ok(attempt) }
}

/// Fails for its number until the attempt has this number, else hands it on.
#[step]
fn fail_item_until(context: &Context, value: i64, #[config] bad: Vec<i64>, #[config] succeeds_at: u32) -> Result<i64> {
    if bad.contains(&value) && attempt(context)? < succeeds_at {
        return Err(StepError::new(format_args!("{value} is bad")));
    }
    Ok(value)
}

/// Asks to be tried again after some time, once.
#[step]
fn retry_after(context: &Context, #[config] milliseconds: u64) -> Result<u32> {
    let attempt = attempt(context)?;
    if attempt == 1 {
        return Err(StepError::retry_after(Duration::from_millis(milliseconds), "too many requests"));
    }
    Ok(attempt)
}

/// Fails for good at its second attempt.
#[step]
fn permanent_at_second(context: &Context) -> Result<u32> {
    if attempt(context)? < 2 { Err(StepError::new("first")) } else { Err(StepError::permanent("second")) }
}
