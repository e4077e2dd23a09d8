//! HTTP for steps with a `net` grant: each request is compared with what is granted before anything is resolved or sent.

mod address;
mod body;
mod dial;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use hyper::{
    Method, Request, Response, Uri,
    header::{HeaderName, HeaderValue},
    http::uri,
};
use tokio::sync::Semaphore;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use self::body::{Budget, Metered};
pub(super) use self::dial::Dialer;
use super::{host::logs::Logs, outside::Outside};
use crate::{
    execute::ports::LogLevel,
    grants::{HttpOrigin, Scheme},
    limits::{MAX_NET_BYTES, MAX_NET_REQUESTS, NET_CONNECT, NET_FIRST_BYTE, NET_IDLE},
};

/// Where requests may go, and what the host adds to them.
pub(super) struct Destination {
    pub(super) origin: HttpOrigin,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

/// What one sandbox has of the network: nothing, unless it is granted.
pub(super) struct Net(Option<Granted>);

struct Granted {
    outside: Arc<Outside>,
    logs: Logs,
    /// Places for requests at once.
    places: Arc<Semaphore>,
    budget: Arc<Budget>,
}

/// How long a request may take to get on.
#[derive(Debug, Clone, Copy)]
struct Patience {
    connect: Duration,
    first_byte: Duration,
    idle: Duration,
}

impl Patience {
    /// What the guest wants, where it is less than the most.
    fn of(options: Option<RequestOptions>) -> Self {
        let options = options.unwrap_or_default();
        let least = |wanted: Option<Duration>, most: Duration| wanted.map_or(most, |wanted| wanted.min(most));
        Self {
            connect: least(options.connect_timeout, NET_CONNECT),
            first_byte: least(options.first_byte_timeout, NET_FIRST_BYTE),
            idle: least(options.between_bytes_timeout, NET_IDLE),
        }
    }
}

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = Result<(Response<WasiBody>, Io), Error>;

impl Net {
    pub(super) fn none() -> Self {
        Self(None)
    }

    pub(super) fn granted(outside: Arc<Outside>, logs: Logs) -> Self {
        let places = Arc::new(Semaphore::new(MAX_NET_REQUESTS));
        Self(Some(Granted { outside, logs, places, budget: Arc::new(Budget::new(MAX_NET_BYTES)) }))
    }
}

impl WasiHttpHooks for Net {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let Some(granted) = &self.0 else { return Box::new(async { Err(Error::HttpRequestDenied) }) };
        match granted.prepare(request) {
            Ok((origin, request)) => Box::new(granted.send(origin, request, Patience::of(options))),
            Err(why) => {
                granted.logs.log(LogLevel::Warn, &format!("stepmill refused a request: {why}"));
                Box::new(async { Err(Error::HttpRequestDenied) })
            }
        }
    }
}

impl Granted {
    /// The request as it is sent, if it may go where it wants to.
    fn prepare(&self, request: Request<WasiBody>) -> Result<(HttpOrigin, Request<WasiBody>), String> {
        let (mut parts, body) = request.into_parts();
        if parts.method == Method::CONNECT {
            return Err("CONNECT would make a tunnel of it, to wherever".to_owned());
        }
        let destination = self.destination(&parts.uri)?;
        // A proxy would get the whole; a server gets the path, and the host in a header.
        let path = parts.uri.path_and_query().cloned().unwrap_or_else(|| uri::PathAndQuery::from_static("/"));
        parts.uri = Uri::from(path);
        for (name, value) in &destination.headers {
            parts.headers.insert(name.clone(), value.clone());
        }
        Ok((destination.origin.clone(), Request::from_parts(parts, body)))
    }

    fn destination(&self, uri: &Uri) -> Result<&Destination, String> {
        let authority = uri.authority().map(uri::Authority::as_str).unwrap_or_default();
        // It may be as long as the guest likes, and end up in a log.
        let shown: String = authority.chars().take(200).collect();
        let scheme = if uri.scheme() == Some(&uri::Scheme::HTTP) { Scheme::Http } else { Scheme::Https };
        if authority.contains('@') {
            return Err(format!("`{shown}` has a user in it"));
        }
        let host = uri.host().unwrap_or_default();
        let port = match uri.port() {
            Some(port) => port.as_str().parse().map_err(|_| format!("`{shown}` has no such port"))?,
            None => scheme.default_port(),
        };
        let granted = self.outside.destinations.iter().find(|destination| destination.origin.is(scheme, host, port));
        granted.ok_or_else(|| {
            let origin = format!("{}://{shown}", scheme.as_str());
            format!("{origin} is not granted: add it to the step's `grants.net`, and allow it")
        })
    }

    fn send(
        &self,
        origin: HttpOrigin,
        request: Request<WasiBody>,
        patience: Patience,
    ) -> impl Future<Output = Sent> + Send + use<> {
        let (outside, logs) = (self.outside.clone(), self.logs.clone());
        let (places, budget) = (self.places.clone(), self.budget.clone());
        async move {
            let place = places.acquire_owned().await.map_err(|_| Error::ConnectionLimitReached)?;
            let request = request.map(|body| Metered::request(body, budget.clone()).boxed());
            let connection = outside.dialer.connect(&origin, patience.connect).await.map_err(|refused| {
                logs.log(LogLevel::Warn, &format!("a request to {origin} failed: {refused}"));
                refused.into_error()
            })?;
            let (response, driver) = connection.send(request, patience.first_byte).await?;
            let response = response.map(|body| Metered::response(body, budget, patience.idle, place).boxed());
            Ok((response, Box::new(driver) as Io))
        }
    }
}
