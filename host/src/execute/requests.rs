//! What can be asked of a run while something drives it: to be cancelled, or to stop with its host.

use tokio::sync::{mpsc, oneshot};

use super::ports::JournalError;

/// A request to a run.
#[derive(Debug)]
pub enum RunRequest {
    /// End as cancelled. Asking again changes nothing, unless it is forced this time.
    Cancel(CancelRequest),
    /// The host stops in good order: stop driving the run. It continues when the host starts again.
    Stop,
}

/// A request to end a run as cancelled.
#[derive(Debug)]
pub struct CancelRequest {
    /// Whether not even `finally` steps run any more.
    pub force: bool,
    reply: Reply,
}

/// Answers a request once; one that is dropped answers that the request was not recorded.
#[derive(Debug)]
pub struct Reply(Option<oneshot::Sender<Result<(), CancelError>>>);

/// Why a request to cancel a run was not recorded.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CancelError {
    /// Nothing drives the run: it has ended, or is not of this host.
    #[error("the run is not active")]
    NotActive,
    /// The run stopped before the request was recorded.
    #[error("the run was interrupted before the request was recorded; try again")]
    Interrupted,
    /// The events of the run cannot be read, so it cannot be ended either.
    #[error("the run is interrupted and cannot continue yet: {0}")]
    Unreadable(String),
    /// The journal cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl CancelRequest {
    /// A request whose answer nobody waits for.
    #[must_use]
    pub fn unanswered(force: bool) -> Self {
        Self { force, reply: Reply(None) }
    }

    /// How many [`CancelRequested`](crate::event::EventKind::CancelRequested) events a run has that was asked this.
    #[must_use]
    pub fn events(&self) -> u8 {
        if self.force { 2 } else { 1 }
    }

    /// Takes the right to answer out.
    #[must_use]
    pub fn into_reply(self) -> Reply {
        self.reply
    }
}

impl Reply {
    /// Answers. The caller may have gone.
    pub fn send(mut self, answer: Result<(), CancelError>) {
        if let Some(sender) = self.0.take() {
            let _ = sender.send(answer);
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(sender) = self.0.take() {
            let _ = sender.send(Err(CancelError::Interrupted));
        }
    }
}

/// Sends requests to a run.
#[derive(Debug, Clone)]
pub struct RunHandle(mpsc::UnboundedSender<RunRequest>);

/// Receives the requests to a run.
#[derive(Debug)]
pub struct RunRequests {
    receiver: mpsc::UnboundedReceiver<RunRequest>,
    /// Once the run was asked to stop, it is asked again and again: something else may have kept it from it.
    stopped: bool,
}

/// Both ends of the requests to one run.
#[must_use]
pub fn channel() -> (RunHandle, RunRequests) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (RunHandle(sender), RunRequests { receiver, stopped: false })
}

impl RunHandle {
    /// Asks the run to end as cancelled. The request is made by the call itself; the future only waits until it is
    /// durable.
    ///
    /// # Errors
    /// If it could not be recorded.
    pub fn cancel(&self, force: bool) -> impl Future<Output = Result<(), CancelError>> + Send + use<> {
        let (sender, answer) = oneshot::channel();
        let request = CancelRequest { force, reply: Reply(Some(sender)) };
        let sent = self.0.send(RunRequest::Cancel(request));
        async move {
            if let Err(mpsc::error::SendError(RunRequest::Cancel(request))) = sent {
                request.into_reply().send(Err(CancelError::NotActive));
            }
            answer.await.unwrap_or(Err(CancelError::Interrupted))
        }
    }

    /// Asks the run to stop where it is.
    pub fn stop(&self) {
        // One that has ended need not stop.
        let _ = self.0.send(RunRequest::Stop);
    }
}

impl RunRequests {
    /// The next request; never, when nobody can make one any more.
    pub async fn next(&mut self) -> RunRequest {
        if self.stopped {
            return RunRequest::Stop;
        }
        match self.receiver.recv().await {
            Some(request) => {
                self.stopped = matches!(request, RunRequest::Stop);
                request
            }
            None => std::future::pending().await,
        }
    }
}
