//! Requests that are given up at any moment: what is stored and what is seen stay the same, and accepted runs end.

use std::{
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    http::{Request, header},
};
use futures_util::FutureExt;
use serde_json::{Value as Json, json};
use tower::ServiceExt;

use super::{Web, listen::router};
use crate::{
    access::{Policy, Role},
    app::{Host, Service, ServiceOptions, reader::RunFilter},
    registry::Registry,
    runtime::testing::echo,
};

const HOST: &str = "127.0.0.1:7878";
const PATIENCE: Duration = Duration::from_secs(60);

struct Subject {
    _folder: tempfile::TempDir,
    service: Arc<Service>,
    web: Arc<Web>,
    router: Router,
    bearer: String,
}

impl Subject {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let service = Service::open(Host::builder(folder.path()), ServiceOptions::default()).await.unwrap();
        let token = service.tokens.create("tester", Role::Admin, None, "test").await.unwrap();
        let web = Web::new(Arc::clone(&service), HOST.parse::<SocketAddr>().unwrap(), Vec::new());
        let bearer = format!("Bearer {}", token.reveal());
        Self { _folder: folder, router: router(Arc::clone(&web)), service, web, bearer }
    }

    fn request(&self, (method, path, body): &Deed, key: &str) -> Request<Body> {
        let request = Request::builder()
            .method(*method)
            .uri(path.as_str())
            .header(header::HOST, HOST)
            .header(header::AUTHORIZATION, &self.bearer)
            .header("idempotency-key", key)
            .header("webhook-id", key);
        match body {
            Some(body) => {
                request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string())).unwrap()
            }
            None => request.header(header::CONTENT_TYPE, "application/wasm").body(Body::from(echo())).unwrap(),
        }
    }

    async fn send(&self, deed: &Deed, key: &str) {
        let answer = self.router.clone().oneshot(self.request(deed, key)).await.unwrap();
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        assert!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
    }

    /// Polls a request so many times and drops it; whether it was answered before.
    async fn give_up(&self, deed: &Deed, key: &str, polls: usize) -> bool {
        let mut answer = pin!(self.router.clone().oneshot(self.request(deed, key)));
        for _ in 0..polls {
            if answer.as_mut().now_or_never().is_some() {
                return true;
            }
            tokio::task::yield_now().await;
        }
        false
    }

    async fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds() {
            assert!(Instant::now() < deadline, "{what}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// What a restart would see is what is seen now.
    async fn agrees(&self) {
        self.until("requests end", || self.web.changes.is_idle()).await;
        let seen = |registry: &Registry| {
            let pipelines: Vec<_> = registry.pipelines().iter().map(|deployed| deployed.row().clone()).collect();
            let shelf = registry.shelf();
            let modules: Vec<_> = shelf.modules().map(|(name, module)| (name.clone(), module.active)).collect();
            (pipelines, modules)
        };
        let modules = Arc::clone(self.service.host.library().modules());
        let stored = Registry::open(self.service.store.clone(), modules, Policy::default()).unwrap();
        assert_eq!(seen(&stored), seen(&self.service.registry));
        let (rows, listed) = (self.service.store.triggers().unwrap(), self.service.list_triggers().unwrap());
        for status in listed {
            assert_eq!(Some(&status.row.unwrap()), rows.iter().find(|row| row.name == status.trigger.name));
        }
        let unfinished = || self.service.host.history().reader().unfinished().unwrap();
        self.until("accepted runs end", || unfinished().is_empty() && self.service.host.active_runs() == 0).await;
    }
}

/// A request: method, path, and JSON; a module without.
type Deed = (&'static str, String, Option<Json>);

fn pipeline(note: usize) -> Json {
    let text = format!(
        "name = \"p\"\ndescription = \"revision {note}\"\n[steps.one]\nuse = \"echo/run\"\n\
         [triggers.t]\nwebhook = {{ path = \"p\", auth = \"none\" }}\noverlap = \"allow\"\n"
    );
    json!({ "text": text })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_given_up_at_any_moment_is_done_or_not_but_never_half() {
    let subject = Subject::new().await;
    let plain = |method, path: &str, body: Json| -> Deed { (method, path.to_owned(), Some(body)) };
    let upload: Deed = ("POST", "/api/v1/modules?name=echo".to_owned(), None);
    subject.send(&upload, "first").await;
    subject.send(&plain("POST", "/api/v1/pipelines", pipeline(0)), "first").await;

    type Make = Box<dyn Fn(usize) -> Deed>;
    let deeds: Vec<Make> = vec![
        Box::new(move |note| plain("POST", "/api/v1/pipelines", pipeline(note + 1))),
        Box::new(move |_| plain("POST", "/api/v1/pipelines/p/runs", json!({}))),
        Box::new(move |_| plain("POST", "/hooks/p", json!({}))),
        Box::new(move |note| {
            plain("POST", ["/api/v1/pipelines/p/pause", "/api/v1/pipelines/p/resume"][note % 2], json!({}))
        }),
        Box::new(move |note| {
            let verb = ["pause", "resume"][note % 2];
            plain("POST", &format!("/api/v1/pipelines/p/triggers/t/{verb}"), json!({}))
        }),
        Box::new(move |note| plain("POST", "/api/v1/tokens", json!({ "name": format!("t{note}"), "role": "viewer" }))),
        Box::new(move |note| plain("PUT", &format!("/api/v1/secrets/s{note}"), json!({ "value": "secret" }))),
        Box::new(move |_| plain("DELETE", "/api/v1/modules/echo?force=true", json!({}))),
        Box::new(move |_| ("POST", "/api/v1/modules?name=echo".to_owned(), None)),
        Box::new(move |_| plain("POST", "/api/v1/pipelines/p/runs", json!({}))),
        Box::new(move |_| plain("DELETE", "/api/v1/pipelines/p", json!({}))),
    ];
    for (index, deed) in deeds.iter().enumerate() {
        // To its end: a request that is polled often enough is answered.
        for polls in 0.. {
            let answered = subject.give_up(&deed(polls), &format!("{index}-{polls}"), polls).await;
            subject.agrees().await;
            if answered {
                break;
            }
        }
    }
    let page = subject.service.host.history().reader().runs(&RunFilter::default(), None, 200).unwrap();
    assert!(!page.runs.is_empty(), "some were accepted");
    subject.service.stop(Duration::from_secs(5)).await.unwrap();
}
