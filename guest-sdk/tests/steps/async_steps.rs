//! `async fn` steps.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use stepmill_sdk::{prelude::*, testing};

/// Is ready at the `times + 1`st poll.
async fn yields(mut times: u32) {
    poll_fn(|context| {
        if times == 0 {
            return Poll::Ready(());
        }
        times -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[step]
async fn later(value: u32, context: &Context) -> u32 {
    yields(value).await;
    context.info("woken");
    value
}

#[step]
async fn fails_later() -> Result<u32, String> {
    yields(1).await;
    Err("too late".to_owned())
}

#[step]
async fn streams_later(out: &mut Writer<u32>) -> Result<()> {
    for number in 0..3 {
        yields(1).await;
        out.write(&number)?;
    }
    Ok(())
}

#[step]
async fn iterates_later() -> impl Iterator<Item = u32> {
    yields(1).await;
    0..3
}

#[step]
async fn woken_by_a_thread() -> bool {
    let (sender, mut receiver) = (std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)), None);
    poll_fn(|context| {
        if sender.load(std::sync::atomic::Ordering::Acquire) {
            return Poll::Ready(true);
        }
        receiver.get_or_insert_with(|| {
            let (sender, waker) = (sender.clone(), context.waker().clone());
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(20));
                sender.store(true, std::sync::atomic::Ordering::Release);
                waker.wake();
            })
        });
        Poll::Pending
    })
    .await
}

#[test]
fn async_steps_run_to_their_end() {
    let called = testing::call("later").input("value", 3).execute();
    assert_eq!(called.value::<u32>().unwrap(), 3);
    assert_eq!(called.logs()[0].message, "woken");
    assert_eq!(testing::call("fails_later").run::<u32>().unwrap_err().message(), "too late");
    assert_eq!(testing::call("streams_later").run::<Vec<u32>>().unwrap(), [0, 1, 2]);
    assert_eq!(testing::call("iterates_later").run::<Vec<u32>>().unwrap(), [0, 1, 2]);
    assert!(testing::call("woken_by_a_thread").run::<bool>().unwrap());
}
