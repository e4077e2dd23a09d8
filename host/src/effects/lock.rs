//! The locks of what several threads share.

#[cfg(not(test))]
pub(crate) use std::sync::Mutex;

#[cfg(test)]
pub(crate) use self::shuttled::{Mutex, in_any_order};

/// In tests, `shuttle` may decide which thread goes on whenever one asks for a lock.
#[cfg(test)]
mod shuttled {
    use std::{
        cell::Cell,
        sync::{self, LockResult, MutexGuard, TryLockError, TryLockResult},
    };

    thread_local! {
        /// Whether this thread executes a test of `shuttle`, which has all threads of the test on it.
        static SHUTTLED: Cell<bool> = const { Cell::new(false) };
    }

    /// That of the standard library, except that another thread may go on first.
    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T: ?Sized>(sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(sync::Mutex::new(value))
        }
    }

    impl<T: ?Sized> Mutex<T> {
        pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
            if !SHUTTLED.get() {
                return self.0.lock();
            }
            loop {
                match self.try_lock() {
                    Ok(guard) => return Ok(guard),
                    Err(TryLockError::Poisoned(poisoned)) => return Err(poisoned),
                    Err(TryLockError::WouldBlock) => {}
                }
            }
        }

        pub(crate) fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
            if SHUTTLED.get() {
                shuttle::thread::yield_now();
            }
            self.0.try_lock()
        }
    }

    /// Executes a test that often, its threads in another random order each time. They are started with `shuttle::thread`.
    pub(crate) fn in_any_order(times: usize, test: impl Fn() + Send + Sync + 'static) {
        struct Reset;
        impl Drop for Reset {
            fn drop(&mut self) {
                SHUTTLED.set(false);
            }
        }
        SHUTTLED.set(true);
        let _reset = Reset;
        shuttle::check_random(test, times);
    }
}
