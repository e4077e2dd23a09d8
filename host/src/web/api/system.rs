//! Whether the host is well, and how much it does.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::web::{Web, problem::Problem};

/// The process answers.
#[utoipa::path(get, path = "/healthz", summary = "Whether the process answers", tag = "system", responses((status = 200, description = "It does"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn healthy() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// The host can be asked: its database can be read.
#[utoipa::path(get, path = "/readyz", summary = "Whether the host can be asked", tag = "system", responses((status = 200, description = "It can"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn ready(State(web): State<Arc<Web>>) -> Result<Response, Problem> {
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

/// Says where things are.
#[utoipa::path(get, path = "/", summary = "Where things are", tag = "system", responses((status = 200, description = "Some paths"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn root() -> Response {
    Json(json!({
        "name": "stepmill",
        "version": env!("CARGO_PKG_VERSION"),
        "api": "/api/v1/openapi.json",
        "health": "/healthz",
    }))
    .into_response()
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
