//! Whether the host is well, and how much it does.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::runs::document;
use crate::{
    app::service::Disk,
    dto::{DiskView, SettingsView, SystemView},
    web::{
        Web,
        problem::{Kind, Problem},
    },
};

/// The process answers.
#[utoipa::path(get, path = "/healthz", summary = "Whether the process answers", tag = "system", responses((status = 200, description = "It does"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn healthy() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// Readiness probe: the database can be read and written, large outputs can be begun, and there is room for new runs.
/// Otherwise the answer is 503 with the reason.
#[utoipa::path(get, path = "/readyz", summary = "Readiness probe", tag = "system", responses((status = 200, description = "Ready"), (status = 503, description = "No runs are accepted, or none that store large outputs, and why", body = Problem, content_type = "application/problem+json"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn ready(State(web): State<Arc<Web>>) -> Result<Response, Problem> {
    let health = web.service.host.health();
    if !health.is_up() {
        return Err(Problem::new(Kind::Unavailable, health.to_string()));
    }
    web.service.check_room().map_err(|pressure| Problem::new(Kind::Unavailable, pressure.to_string()))?;
    if web.service.check_outputs().await.is_err() {
        return Err(Problem::new(Kind::Unavailable, "outputs cannot be stored; the host's log says why"));
    }
    web.read(|reader| reader.unfinished().map(drop)).await?;
    Ok(Json(json!({ "status": "ready", "version": env!("CARGO_PKG_VERSION") })).into_response())
}

/// For Prometheus.
#[utoipa::path(get, path = "/metrics", summary = "What was counted, for Prometheus", tag = "system", responses((status = 200, description = "OpenMetrics", content_type = "application/openmetrics-text"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn metrics(State(web): State<Arc<Web>>) -> Result<Response, Problem> {
    let text = web.service.metrics.render().map_err(Problem::internal)?;
    let media = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, media)], text).into_response())
}

/// How the host stands, and what it was told.
#[utoipa::path(get, path = "/api/v1/system", summary = "How the host stands", tag = "system", responses((status = 200, description = "The host", body = SystemView), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn show(State(web): State<Arc<Web>>) -> Response {
    let service = &web.service;
    let (dir, told) = (service.host.history().dir(), service.host.settings());
    let settings = SettingsView {
        data_dir: dir.root().display().to_string(),
        max_active_runs: told.max_runs as u64,
        parallelism: told.parallelism as u64,
        keep_days: told.retention.and_then(|policy| policy.days),
        max_bytes: told.retention.and_then(|policy| policy.bytes),
        keep_runs: told.retention.map(|policy| policy.runs),
    };
    let disk = service.disk().map(|Disk { total, free, needed }| DiskView {
        total_bytes: total,
        free_bytes: free,
        needed_bytes: needed,
    });
    document(&SystemView {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: service.started_at.rfc3339(),
        active_runs: service.host.active_runs() as u64,
        refuses_runs: service.check_room().is_err(),
        disk,
        database_bytes: dir.database().metadata().map_or(0, |file| file.len()),
        settings,
    })
}

/// What this API is.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    summary = "This description",
    tag = "system",
    responses((status = 200, description = "OpenAPI 3.1"))
)]
pub(in crate::web) async fn openapi() -> Response {
    Json(super::description()).into_response()
}
