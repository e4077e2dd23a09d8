//! What a step says to its host and asks of it.

use stepmill_sdk::testing::{LogLine, Progress};
use stepmill_sdk::{Level, RunFacts, SecretError, prelude::*, testing};

#[step]
fn talk(context: &Context) {
    context.trace("t");
    context.debug("d");
    context.info(format_args!("{}", 1));
    context.warn("w");
    context.error(String::from("e"));
    context.progress(1, None, "began");
    context.progress(2, 10, "goes on");
}

#[step]
fn ask(context: &stepmill_sdk::Context) -> String {
    format!("{} {:?}", context.cancelled(), context.run_facts().map(|facts| (facts.attempt, facts.idempotency_key)))
}

#[step]
fn add_secret(text: String, context: &Context) -> Result<String> {
    Ok(text + &context.secret("token")?)
}

#[test]
fn logs_and_progress_are_captured() {
    let called = testing::call("talk").execute();
    called.value::<()>().unwrap();
    let said: Vec<(Level, &str)> = called.logs().iter().map(|line| (line.level, line.message.as_str())).collect();
    let levels = [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error];
    assert!(said.into_iter().eq(levels.into_iter().zip(["t", "d", "1", "w", "e"])));
    let progress = |done, total, message: &str| Progress { done, total, message: message.to_owned() };
    assert_eq!(called.progress(), [progress(1, None, "began"), progress(2, Some(10), "goes on")]);
}

#[test]
fn calls_do_not_share_their_logs() {
    assert_eq!(testing::call("talk").execute().logs().len(), 5);
    let second = testing::call("talk").execute();
    assert_eq!(second.logs().len(), 5);
    assert_eq!(second.logs()[2], LogLine { level: Level::Info, message: "1".to_owned() });
}

#[test]
fn facts_are_there_when_they_are_granted() {
    assert_eq!(testing::call("ask").run::<String>().unwrap(), "false None");
    let facts = RunFacts {
        run: "r".to_owned(),
        pipeline: "p".to_owned(),
        step: "s".to_owned(),
        attempt: 2,
        idempotency_key: "k".to_owned(),
        scheduled_for: None,
    };
    let text: String = testing::call("ask").run_facts(facts).cancelled().run().unwrap();
    assert_eq!(text, "true Some((2, \"k\"))");
}

#[test]
fn secrets_are_there_when_they_are_granted_and_set() {
    let call = || testing::call("add_secret").input("text", "a");
    assert_eq!(call().secret("token", "b").run::<String>().unwrap(), "ab");
    let error = call().run::<String>().unwrap_err();
    assert_eq!(error.message(), SecretError::NotGranted.to_string());
    let error = call().secret("token", None).run::<String>().unwrap_err();
    assert_eq!(error.message(), SecretError::NotSet.to_string());
}

#[test]
fn a_plain_call_works_without_a_host() {
    talk(&Context::current());
    assert_eq!(ask(&Context::current()), "false None");
}
