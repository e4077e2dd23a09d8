//! HTTP: the API, its guards, and what a browser needs. Everything that it says is said by the rooms behind it; here it
//! only gets a form.

mod api;
mod body;
mod changes;
mod guard;
mod listen;
mod problem;
mod query;
mod routes;
mod stream;
mod ui;

use std::{net::SocketAddr, sync::Arc};

use tokio::sync::{Semaphore, watch};

use self::changes::Changes;
pub use self::{api::description, listen::serve, problem::Problem};
use crate::app::Service;

/// Modules that are received at once: each may be as large as a module can be.
const UPLOADS: usize = 2;

/// What the API speaks for, and how.
pub struct Web {
    service: Arc<Service>,
    hosts: Vec<String>,
    /// A module that is sent is held in memory: few at a time.
    uploading: Semaphore,
    /// Requests in progress that change something.
    changes: Changes,
    /// Whether the host stops: streams, which have no end of their own, end then.
    stopping: watch::Sender<bool>,
}

impl Web {
    /// Speaks for a service. Requests must name one of these hosts, written as in the header `Host`; without any, the
    /// names of this machine with the port of `address` will do.
    #[must_use]
    pub fn new(service: Arc<Service>, address: SocketAddr, hosts: Vec<String>) -> Arc<Self> {
        let hosts = if hosts.is_empty() { local_names(address) } else { hosts };
        let hosts = hosts.into_iter().map(|host| host.to_ascii_lowercase()).collect();
        Arc::new(Self {
            service,
            hosts,
            uploading: Semaphore::new(UPLOADS),
            changes: Changes::default(),
            stopping: watch::Sender::new(false),
        })
    }
}

fn local_names(address: SocketAddr) -> Vec<String> {
    let port = address.port();
    let mut names = vec![format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")];
    names.push(address.to_string());
    names
}

#[cfg(test)]
mod tests;
