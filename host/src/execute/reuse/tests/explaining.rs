//! Why a key is another one.

use serde_json::json;

use super::*;

fn texts(before: &AttemptJob, now: &AttemptJob) -> Vec<String> {
    explain(JobKey::of(before).parts(), JobKey::of(now).parts()).iter().map(ToString::to_string).collect()
}

#[test]
fn an_explanation_names_what_changed() {
    let long = "x".repeat(100);
    let literal = |text: &str, value: serde_json::Value| argument(text, ArgumentData::Value(bytes(&value)));
    let before =
        job(vec![literal("days", json!([long])), literal("threshold", json!(30.5)), literal("unit", json!("C"))]);
    assert!(texts(&before, &before).is_empty());

    let mut now = before.clone();
    now.arguments =
        vec![literal("days", json!([1, long])), literal("threshold", json!(31.5)), literal("place", json!("x"))];
    now.module = ModuleDigest([2; 32]);
    now.limits.memory = 1;
    assert_eq!(
        texts(&before, &now),
        [
            "`module` changed",
            "`limits.memory` changed from 268435456 to 1",
            "`days` changed",
            "`threshold` changed from 30.5 to 31.5",
            "`place` is new",
            "`unit` is gone",
        ]
    );
}
