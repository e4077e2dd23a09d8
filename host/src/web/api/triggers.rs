//! Triggers: which there are, what became of their events, and requests to webhooks.

use std::sync::Arc;

use axum::{
    Extension, Json as JsonBody,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::runs::document;
use crate::{
    access::Identity,
    app::{
        service_rows::trigger_scope,
        triggers::{Rejected, Sink, TriggerStatus},
    },
    dto::{RejectedView, TriggerEventPage, TriggerEventView, TriggerList, TriggerView},
    ids::{Name, RunId, Timestamp},
    limits,
    plan::{PlanTrigger, TriggerKind, WebhookAuth},
    schedule::{
        EventSink, Offer, preview,
        webhook::{self, Headers, Keys},
    },
    web::{
        Web, body,
        problem::{Kind, Problem},
        query::{self, Path, Query},
    },
};

type Api = State<Arc<Web>>;

/// The most triggers that an error names.
const NAMED: usize = 20;
const ALL_TRIGGERS: &str = "`stepmill triggers list` shows all triggers, with their pipelines";
/// How many of the next times are shown.
const NEXT: usize = 10;

#[utoipa::path(get, path = "/api/v1/triggers", summary = "All triggers of deployed pipelines", tag = "triggers", responses((status = 200, description = "The triggers", body = TriggerList), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn list(State(web): Api) -> Result<Response, Problem> {
    let service = Arc::clone(&web.service);
    let list = web.read(move |_| service.list_triggers()).await?;
    Ok(document(&TriggerList { triggers: list.into_iter().map(view).collect() }))
}

fn view(status: TriggerStatus) -> TriggerView {
    let TriggerStatus { pipeline, trigger, row, pipeline_paused, problem } = status;
    let paused = pipeline_paused || row.as_ref().is_some_and(|row| row.paused);
    let next = if paused || problem.is_some() { Vec::new() } else { preview(&trigger.kind, Timestamp::now(), NEXT) };
    let (waits_for, timezone) = waits_for(&trigger.kind);
    TriggerView {
        pipeline,
        name: trigger.name,
        kind: trigger.kind.as_str().to_owned(),
        waits_for,
        timezone,
        paused,
        overlap: trigger.overlap.as_str().to_owned(),
        next: next.into_iter().map(Timestamp::rfc3339).collect(),
        missed: row.map_or(0, |row| row.missed),
        problem,
    }
}

fn waits_for(kind: &TriggerKind) -> (String, Option<String>) {
    match kind {
        TriggerKind::Cron { expression, timezone, .. } => {
            (expression.as_str().to_owned(), Some(timezone.name().to_owned()))
        }
        TriggerKind::Interval { every_ms, .. } => (format!("{every_ms} ms"), None),
        TriggerKind::File { path, pattern, .. } => (path.join(pattern.to_string()).display().to_string(), None),
        TriggerKind::Webhook { path, .. } => (format!("/hooks/{path}"), None),
        TriggerKind::Finished { pipeline, .. } => (pipeline.to_string(), None),
        TriggerKind::Custom { kind, .. } => (kind.to_string(), None),
    }
}

/// Which events.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct EventsQuery {
    limit: Option<u32>,
    cursor: Option<String>,
}

#[utoipa::path(get, path = "/api/v1/pipelines/{name}/triggers/{trigger}/events", summary = "What happened to a trigger, and what it started", tag = "triggers", params(("name" = Name, Path, description = "The pipeline"), ("trigger" = Name, Path, description = "The trigger"), EventsQuery), responses((status = 200, description = "The events", body = TriggerEventPage), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn events(
    State(web): Api,
    Path((name, trigger)): Path<(Name, Name)>,
    Query(query): Query<EventsQuery>,
) -> Result<Response, Problem> {
    let limit = query::limit(query.limit)?;
    let before = query.cursor.as_deref().map(read_cursor).transpose()?;
    let rejected = if before.is_none() { web.service.triggers.rejected(&name, &trigger) } else { Vec::new() };
    let rejected = rejected.into_iter().map(|Rejected { at, reason }| RejectedView { at: at.rfc3339(), reason });
    let (store, scope) = (web.service.store.clone(), trigger_scope(&name, &trigger));
    let page = web.read(move |_| store.requests(&scope, before, limit)).await?;
    if page.requests.is_empty() && before.is_none() {
        // What a trigger started is shown also once the trigger is gone.
        deployed(&web, &name, &trigger)?;
    }
    let events = page.requests.into_iter().map(TriggerEventView::from).collect();
    let next = page.next.map(|last| last.to_string());
    Ok(document(&TriggerEventPage { events, rejected: rejected.collect(), next }))
}

fn read_cursor(text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| Problem::new(Kind::BadRequest, "`cursor` is not one that this host gave"))
}

#[utoipa::path(post, path = "/api/v1/pipelines/{name}/triggers/{trigger}/pause", summary = "Lets a trigger start no runs", tag = "triggers", params(("name" = Name, Path, description = "The pipeline"), ("trigger" = Name, Path, description = "The trigger")), responses((status = 204, description = "It does not"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn pause(
    State(web): Api,
    Extension(identity): Extension<Identity>,
    Path((name, trigger)): Path<(Name, Name)>,
) -> Result<StatusCode, Problem> {
    set_paused(&web, &name, &trigger, true, &identity).await
}

#[utoipa::path(post, path = "/api/v1/pipelines/{name}/triggers/{trigger}/resume", summary = "Lets a trigger start runs again, from now on", tag = "triggers", params(("name" = Name, Path, description = "The pipeline"), ("trigger" = Name, Path, description = "The trigger")), responses((status = 204, description = "It does"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn resume(
    State(web): Api,
    Extension(identity): Extension<Identity>,
    Path((name, trigger)): Path<(Name, Name)>,
) -> Result<StatusCode, Problem> {
    set_paused(&web, &name, &trigger, false, &identity).await
}

async fn set_paused(
    web: &Web,
    name: &Name,
    trigger: &Name,
    paused: bool,
    identity: &Identity,
) -> Result<StatusCode, Problem> {
    deployed(web, name, trigger)?;
    web.service.pause_trigger(name, trigger, paused, &identity.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Fails unless a deployed pipeline has a trigger of that name.
fn deployed(web: &Web, name: &Name, trigger: &Name) -> Result<(), Problem> {
    let Some(deployed) = web.service.registry.pipeline(name) else {
        return Err(Problem::not_found(format!("there is no pipeline `{name}`")).help(ALL_TRIGGERS));
    };
    if deployed.triggers().iter().any(|known| known.name == *trigger) {
        return Ok(());
    }
    let problem = Problem::not_found(format!("the pipeline `{name}` has no trigger `{trigger}`"));
    let names: Vec<_> = deployed.triggers().iter().map(|known| format!("`{}`", known.name)).collect();
    Err(match names.len() {
        0 => problem.help("it has none"),
        1..=NAMED => problem.help(format!("its triggers are {}", names.join(", "))),
        _ => problem.help(ALL_TRIGGERS),
    })
}

/// What became of a request to a webhook.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::web) struct Delivered {
    /// Its run.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<RunId>,
    /// Why it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// A request from somewhere else. It is answered when its run is durable. The body is not looked at.
#[utoipa::path(post, path = "/hooks/{path}", summary = "Starts a run of the pipeline that has this webhook", tag = "triggers", params(("path" = String, Path, description = "As the trigger says")), request_body(content = Vec<u8>, description = "Whatever the pipeline takes"), responses((status = 202, description = "The run was accepted", body = Delivered), (status = 200, description = "The same request was sent before, or starts no run", body = Delivered), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn deliver(
    State(web): Api,
    Path(path): Path<String>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let Some((sink, trigger, paused)) = web.service.triggers.webhook(&path) else {
        body::read(request, limits::WEBHOOK_BODY).await?;
        // Whether there is such a webhook is told to nobody who cannot sign.
        web.service.metrics.reject_webhook("unknown_path");
        return Err(unsigned());
    };
    let delivered = take(&web, (&sink, &trigger, paused), &headers, request).await;
    delivered.map_err(|TurnedAway { label, reason, problem }| {
        tracing::info!(reason, "a delivery to a webhook is turned away");
        web.service.metrics.reject_webhook(label);
        web.service.triggers.reject(&sink, reason);
        problem
    })
}

/// A delivery that is no event.
struct TurnedAway {
    /// A word for counting.
    label: &'static str,
    /// Why, for operators.
    reason: String,
    /// What its sender is told: nothing of what is wrong with a signature, and nothing else unless it is signed.
    problem: Problem,
}

impl TurnedAway {
    fn unsigned(label: &'static str, reason: impl Into<String>) -> Self {
        Self { label, reason: reason.into(), problem: unsigned() }
    }

    fn told(label: &'static str, kind: Kind, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { label, problem: Problem::new(kind, reason.clone()), reason }
    }
}

/// Offers what was delivered to a webhook, if its sender may start runs.
async fn take(
    web: &Web,
    (sink, trigger, paused): (&Sink, &PlanTrigger, bool),
    headers: &HeaderMap,
    request: Body,
) -> Result<Response, TurnedAway> {
    let TriggerKind::Webhook { auth, max_body, .. } = &trigger.kind else {
        return Err(TurnedAway::unsigned("unknown_path", "it is no webhook"));
    };
    let body = body::read(request, *max_body).await;
    let body = body.map_err(|problem| TurnedAway { label: "body", reason: problem.detail().to_owned(), problem })?;
    let id = authenticate(web, auth, headers, &body).await?;
    if paused {
        return Err(TurnedAway::told("paused", Kind::Conflict, "the webhook is paused"));
    }
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let event = webhook::event(&id, body, media.unwrap_or("application/octet-stream").to_owned());
    let offer = sink.offer(event).await;
    let offer = offer.map_err(|error| TurnedAway::told("unavailable", Kind::Unavailable, error.to_string()))?;
    let answer = |status, run, reason| (status, JsonBody(Delivered { run, reason })).into_response();
    match offer {
        Offer::Accepted(run) => Ok(answer(StatusCode::ACCEPTED, Some(run), None)),
        Offer::Duplicate(run) => Ok(answer(StatusCode::OK, run, None)),
        Offer::Skipped(reason) => Ok(answer(StatusCode::OK, None, Some(reason))),
        Offer::Refused(reason) => Err(TurnedAway::told("refused", Kind::Unprocessable, reason)),
        Offer::Stale => {
            let problem = Problem::internal("a request cannot change while it is read");
            Err(TurnedAway { label: "refused", reason: "it changed while it was read".to_owned(), problem })
        }
    }
}

fn unsigned() -> Problem {
    Problem::new(Kind::Unauthorized, "the request is not signed for a webhook of this host")
}

/// The id of a request that may start runs.
async fn authenticate(web: &Web, auth: &WebhookAuth, headers: &HeaderMap, body: &Bytes) -> Result<String, TurnedAway> {
    let given = Headers {
        id: only(headers, &HeaderName::from_static(webhook::ID)),
        timestamp: only(headers, &HeaderName::from_static(webhook::TIMESTAMP)),
        signature: only(headers, &HeaderName::from_static(webhook::SIGNATURE)),
    };
    let WebhookAuth::Secret(name) = auth else {
        return webhook::id(given).map(str::to_owned).map_err(|_| {
            let reason = "the request has no `webhook-id`, by which it is known when it comes again";
            TurnedAway::told("no_id", Kind::BadRequest, reason)
        });
    };
    let (vault, secret) = (web.service.vault.clone(), name.clone());
    let values = tokio::task::spawn_blocking(move || vault.values(&secret)).await;
    let values = values.map_err(Problem::internal).and_then(|values| values.map_err(Problem::from));
    let values = values.map_err(|problem| {
        let reason = format!("the secret `{name}` cannot be read: {}", problem.detail());
        TurnedAway { label: "secret", reason, problem }
    })?;
    if values.is_empty() {
        let reason = format!("the secret `{name}` is not set: `stepmill secrets set {name}`");
        return Err(TurnedAway::unsigned("secret", reason));
    }
    let text = values.iter().map(|value| value.as_str()).collect::<Vec<_>>().join(" ");
    let keys = Keys::parse(&text).map_err(|error| {
        tracing::error!(secret = %name, %error, "a webhook cannot check signatures");
        TurnedAway::unsigned("secret", format!("the secret `{name}` cannot check signatures: {error}"))
    })?;
    let verified = webhook::verify(&keys, given, body, Timestamp::now()).map(str::to_owned);
    verified.map_err(|rejection| TurnedAway::unsigned("signature", rejection.to_string()))
}

/// A header that is there exactly once.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h [u8]> {
    let mut values = headers.get_all(name).into_iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.as_bytes())
}
