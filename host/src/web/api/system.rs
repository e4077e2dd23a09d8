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
pub(in crate::web) async fn healthy() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// The host can be asked: its database can be read.
pub(in crate::web) async fn ready(State(web): State<Arc<Web>>) -> Result<Response, Problem> {
    web.read(|reader| reader.unfinished().map(drop)).await?;
    Ok(Json(json!({ "status": "ready", "version": env!("CARGO_PKG_VERSION") })).into_response())
}

/// For Prometheus.
pub(in crate::web) async fn metrics(State(web): State<Arc<Web>>) -> Result<Response, Problem> {
    let text = web.service.metrics.render().map_err(Problem::internal)?;
    let media = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, media)], text).into_response())
}

/// Says where things are.
pub(in crate::web) async fn root() -> Response {
    Json(json!({
        "name": "stepmill",
        "version": env!("CARGO_PKG_VERSION"),
        "api": "/api/v1/openapi.json",
        "health": "/healthz",
    }))
    .into_response()
}
