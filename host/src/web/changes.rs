//! Requests that change something run in tasks of their own; the connection only waits for the answer. A client that hangs
//! up, or a proxy that gives up, leaves nothing half done.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, PoisonError},
    time::Duration,
};

use axum::{
    Extension,
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio_util::task::TaskTracker;

use super::{
    Web,
    problem::{Kind, Problem},
};
use crate::{access::Identity, effects::Mutex, limits};

/// The address that a connection comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

/// The requests in progress that change something.
#[derive(Debug, Default)]
pub(super) struct Changes {
    tasks: TaskTracker,
    /// How many of each client.
    running: Arc<Mutex<HashMap<Client, usize>>>,
}

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Client {
    Token(i64),
    Address(IpAddr),
}

/// A request in progress; no longer when it is dropped.
struct Running {
    client: Client,
    all: Arc<Mutex<HashMap<Client, usize>>>,
}

impl Changes {
    fn enter(&self, client: Client) -> Option<Running> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let count = running.entry(client).or_default();
        if *count >= limits::MAX_CHANGES {
            return None;
        }
        *count += 1;
        Some(Running { client, all: Arc::clone(&self.running) })
    }

    /// Whether none is in progress.
    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Waits for those in progress; whether all have ended in this time.
    pub(super) async fn finish(&self, patience: Duration) -> bool {
        self.tasks.close();
        tokio::time::timeout(patience, self.tasks.wait()).await.is_ok()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = running.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                running.remove(&self.client);
            }
        }
    }
}

/// Runs what changes something in a task of its own.
pub(super) async fn detach(Extension(web): Extension<Arc<Web>>, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let Some(running) = web.changes.enter(client(&request)) else {
        let detail = format!("{} requests of this client are in progress", limits::MAX_CHANGES);
        return Problem::new(Kind::TooMany, detail).help("wait for one of them to end").into_response();
    };
    let task = web.changes.tasks.spawn(async move {
        let response = next.run(request).await;
        drop(running);
        response
    });
    task.await.unwrap_or_else(|error| Problem::internal(error).into_response())
}

fn client(request: &Request) -> Client {
    let extensions = request.extensions();
    let token = extensions.get::<Identity>().map(|identity| Client::Token(identity.token));
    let address = || extensions.get::<Peer>().map(|Peer(address)| Client::Address(*address));
    // Only a test has neither.
    token.or_else(address).unwrap_or(Client::Address(IpAddr::from([0; 4])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effects;

    #[test]
    fn requests_that_come_and_go_at_once_are_counted() {
        effects::in_any_order(200, || {
            let changes = Arc::new(Changes::default());
            let client = Client::Token(1);
            let others: Vec<_> = (2..limits::MAX_CHANGES).map(|_| changes.enter(client).unwrap()).collect();
            let comes = || {
                let changes = Arc::clone(&changes);
                // Who finds no place has met two others that had the last.
                shuttle::thread::spawn(move || changes.enter(client).is_some())
            };
            let came = [comes(), comes(), comes()].map(|thread| thread.join().unwrap());
            assert!(came.iter().filter(|came| **came).count() >= 2, "{came:?}");
            assert_eq!(changes.running.lock().unwrap()[&client], others.len());
            drop(others);
            assert!(changes.is_idle());
        });
    }

    #[test]
    fn each_client_has_its_own_share() {
        let changes = Changes::default();
        let address = Client::Address(IpAddr::from([127, 0, 0, 1]));
        let running: Vec<_> = (0..limits::MAX_CHANGES).map(|_| changes.enter(address).unwrap()).collect();
        assert!(changes.enter(address).is_none());
        assert!(changes.enter(Client::Token(1)).is_some());
        drop(running);
        assert!(changes.enter(address).is_some());
        assert!(changes.running.lock().unwrap().is_empty(), "clients without requests cost nothing");
    }
}
