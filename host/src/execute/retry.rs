//! Whether an attempt that failed is repeated, and when. Pure: the jitter follows from the attempt's name.

use crate::{
    failure::{FailureKind, LimitKind, StepFailure},
    ids::Timestamp,
    limits::MAX_RETRY_WAIT_MS,
    plan::{PlanStep, Retry},
};

/// When the next attempt may begin, if there is to be one. `salt` names the attempt, and is the same in a replay.
pub(super) fn next_attempt(
    step: &PlanStep,
    attempt: u32,
    failure: &StepFailure,
    now: Timestamp,
    salt: &str,
) -> Option<Timestamp> {
    if attempt >= step.retry.max_attempts || !may_help(step.grants.is_pure(), failure.kind) {
        return None;
    }
    let mut wait = backoff(&step.retry, attempt);
    if step.retry.jitter {
        wait -= (wait as f64 / 2.0 * fraction(salt)) as u64;
    }
    if let FailureKind::RetryAfter(least) = failure.kind {
        wait = wait.max(least);
    }
    Some(Timestamp(now.0.saturating_add_unsigned(wait.min(MAX_RETRY_WAIT_MS))))
}

/// Whether another attempt may end otherwise. A pure step gives the same answer again, unless the host was the cause.
fn may_help(pure: bool, kind: FailureKind) -> bool {
    match kind {
        FailureKind::Host | FailureKind::DamagedInput | FailureKind::LimitReached(LimitKind::Wall) => true,
        FailureKind::Permanent
        | FailureKind::InvalidInput
        | FailureKind::InvalidOutput
        | FailureKind::BadModule
        | FailureKind::Cancelled
        | FailureKind::Condition
        | FailureKind::BadItems
        | FailureKind::ItemsFailed => false,
        FailureKind::Failed
        | FailureKind::RetryAfter(_)
        | FailureKind::Panicked
        | FailureKind::Trapped
        | FailureKind::StackOverflow
        | FailureKind::LimitReached(_) => !pure,
    }
}

/// Milliseconds behind this attempt, before jitter.
fn backoff(retry: &Retry, attempt: u32) -> u64 {
    let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
    // A float that is too large becomes the largest integer, which is then capped.
    let wait = (retry.initial_ms as f64 * retry.factor.powi(exponent)) as u64;
    wait.min(retry.max_ms)
}

/// A number from 0 to 1.
fn fraction(salt: &str) -> f64 {
    let hash = blake3::hash(salt.as_bytes());
    let bytes: [u8; 4] = hash.as_bytes()[..4].try_into().unwrap_or_default();
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{grants::Grants, plan::testing};

    fn step(retry: Retry, pure: bool) -> PlanStep {
        let grants = Grants { run: !pure, ..Grants::default() };
        PlanStep { retry, grants, ..testing::step("s") }
    }

    fn at(step: &PlanStep, attempt: u32, kind: FailureKind) -> Option<i64> {
        next_attempt(step, attempt, &StepFailure::new(kind, "x"), Timestamp(1_000), "salt").map(|at| at.0 - 1_000)
    }

    #[test]
    fn waits_grow_by_the_factor_up_to_the_most() {
        let retry = Retry { max_attempts: 9, initial_ms: 100, factor: 3.0, max_ms: 1_000, jitter: false };
        let step = step(retry, false);
        let waits: Vec<_> = (1..=9).map(|attempt| at(&step, attempt, FailureKind::Failed)).collect();
        let rest = [Some(1_000); 5];
        assert_eq!(waits[..3], [Some(100), Some(300), Some(900)]);
        assert_eq!(waits[3..8], rest);
        assert_eq!(waits[8], None);
    }

    #[test]
    fn jitter_shortens_by_at_most_half_and_a_hint_is_a_minimum() {
        let retry = Retry { max_attempts: 3, initial_ms: 1_000, factor: 1.0, max_ms: 1_000, jitter: true };
        let step = step(retry, false);
        let failure = StepFailure::new(FailureKind::Failed, "x");
        let mut seen = std::collections::HashSet::new();
        for salt in 0..50 {
            let wait = next_attempt(&step, 1, &failure, Timestamp(0), &salt.to_string()).unwrap().0;
            assert!((500..=1_000).contains(&wait), "{wait}");
            seen.insert(wait);
        }
        assert!(seen.len() > 20);
        assert_eq!(at(&step, 1, FailureKind::RetryAfter(7_000)), Some(7_000));
        assert_eq!(at(&step, 1, FailureKind::RetryAfter(u64::MAX)), Some(MAX_RETRY_WAIT_MS as i64));
    }

    #[test]
    fn a_pure_step_is_repeated_only_where_the_host_was_the_cause() {
        let retry = Retry { max_attempts: 2, ..Retry::default() };
        for kind in [FailureKind::Failed, FailureKind::Panicked, FailureKind::LimitReached(LimitKind::Memory)] {
            assert_eq!(at(&step(retry.clone(), true), 1, kind), None, "{kind:?}");
            assert!(at(&step(retry.clone(), false), 1, kind).is_some(), "{kind:?}");
        }
        for kind in [FailureKind::Host, FailureKind::LimitReached(LimitKind::Wall)] {
            assert!(at(&step(retry.clone(), true), 1, kind).is_some(), "{kind:?}");
        }
        for kind in [FailureKind::Permanent, FailureKind::InvalidInput, FailureKind::Cancelled] {
            assert_eq!(at(&step(retry.clone(), false), 1, kind), None, "{kind:?}");
        }
    }
}
