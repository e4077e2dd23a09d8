//! Bodies of requests and responses: counted, and not waited for without end.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, SizeHint};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, Sleep, sleep},
};
use wasmtime_wasi_http::{Error, WasiBody};

/// How many bytes the bodies of a sandbox's requests and responses may still have, all together.
pub(super) struct Budget(AtomicU64);

impl Budget {
    pub(super) fn new(bytes: u64) -> Self {
        Self(AtomicU64::new(bytes))
    }

    fn spend(&self, bytes: usize) -> bool {
        let spend = |left: u64| left.checked_sub(bytes as u64);
        self.0.fetch_update(Relaxed, Relaxed, spend).is_ok()
    }
}

/// A body on its way.
pub(super) struct Metered<B> {
    body: B,
    budget: Arc<Budget>,
    idle: Option<Idle>,
    /// What ends it when the budget is spent.
    spent: fn() -> Error,
    /// Held as long as the response is read.
    _place: Option<OwnedSemaphorePermit>,
}

/// How long it waits for the next bytes.
struct Idle {
    most: Duration,
    alarm: Pin<Box<Sleep>>,
}

impl<B> Metered<B>
where
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: Into<Error>,
{
    /// What a guest sends.
    pub(super) fn request(body: B, budget: Arc<Budget>) -> Self {
        Self { body, budget, idle: None, spent: || Error::HttpRequestBodySize(None), _place: None }
    }

    /// What it is answered.
    pub(super) fn response(body: B, budget: Arc<Budget>, idle: Duration, place: OwnedSemaphorePermit) -> Self {
        let idle = Idle { most: idle, alarm: Box::pin(sleep(idle)) };
        Self { body, budget, idle: Some(idle), spent: || Error::HttpResponseBodySize(None), _place: Some(place) }
    }

    pub(super) fn boxed(self) -> WasiBody {
        self.boxed_unsync()
    }
}

impl<B> Body for Metered<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Error>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(idle) = &mut this.idle {
                    idle.alarm.as_mut().reset(Instant::now() + idle.most);
                }
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                Poll::Ready(Some(if this.budget.spend(bytes) { Ok(frame) } else { Err((this.spent)()) }))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                if let Some(idle) = &mut this.idle {
                    ready!(idle.alarm.as_mut().poll(cx));
                    return Poll::Ready(Some(Err(Error::ConnectionReadTimeout)));
                }
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
