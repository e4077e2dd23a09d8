//! Accepts connections: a limited number of them, each with a limited time to say what it wants.

use std::{future::Future, io, sync::Arc, time::Duration};

use axum::{Extension, Router, body::Body, extract::DefaultBodyLimit, middleware};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tower_http::csrf::CsrfLayer;

use super::{Web, api, changes::Peer, guard, ui};
use crate::limits;

/// How long a connection may take to send the head of a request; also how long it may be idle between two.
const HEAD: Duration = Duration::from_secs(10);
/// How long requests in progress may take to end when the host stops.
const DRAIN: Duration = Duration::from_secs(10);
/// How long to wait when the system has no more file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers requests until `stop` is done, then until those in progress are answered. Streams of events end at once.
pub async fn serve(listener: TcpListener, web: Arc<Web>, stop: impl Future<Output = ()>) {
    let router = router(Arc::clone(&web));
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(limits::MAX_CONNECTIONS));
    let late = CancellationToken::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            () = &mut stop => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                wait_out(&error).await;
                continue;
            }
        };
        let service = TowerToHyperService::new(router.clone().map_request(move |request: hyper::Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer.ip()));
            request
        }));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(limits::MAX_REQUEST_HEAD)
            .serve_connection(TokioIo::new(stream), service);
        let connection = late.clone().run_until_cancelled_owned(graceful.watch(connection));
        tokio::spawn(async move {
            if let Some(Err(error)) = connection.await {
                tracing::debug!(%error, "a connection ended badly");
            }
            drop(place);
        });
    }
    drop(listener);
    web.stopping.send_replace(true);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were cut off");
        // A change whose body has not come must not be waited for: it would have its time twice.
        late.cancel();
    }
    // Also those whose clients have gone.
    if !web.changes.finish(DRAIN).await {
        tracing::warn!("some changes were cut off; what is durable of them holds");
    }
}

/// All routes behind all guards.
pub(super) fn router(web: Arc<Web>) -> Router {
    let (router, _) = api::routes().finish();
    router
        .fallback(ui::serve)
        .method_not_allowed_fallback(api::other_method)
        .with_state(Arc::clone(&web))
        .layer(Extension(Arc::clone(&web)))
        .layer(DefaultBodyLimit::max(limits::MAX_REQUEST_JSON))
        .layer(CsrfLayer::new())
        .layer(middleware::from_fn_with_state(web, guard::check_host))
        .layer(middleware::from_fn(guard::protect))
}

/// Not to spin while there is nothing to accept a connection with.
async fn wait_out(error: &io::Error) {
    use io::ErrorKind as Kind;
    if !matches!(error.kind(), Kind::ConnectionAborted | Kind::ConnectionReset | Kind::ConnectionRefused) {
        tracing::warn!(%error, "a connection cannot be accepted");
        tokio::time::sleep(PAUSE).await;
    }
}
