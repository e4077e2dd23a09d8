//! What is in a request's address: query strings, cursors and ids, all checked before anything is done with them.

use axum::{
    extract::{FromRequestParts, Path as AxumPath},
    http::request::Parts,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::de::DeserializeOwned;

use super::problem::{Kind, Problem};
use crate::{app::reader::RunCursor, ids::Timestamp};

/// Rows of a page, unless the request says otherwise.
pub(super) const PAGE: u32 = 50;
/// The most rows of a page.
pub(super) const MAX_PAGE: u32 = 200;

/// A query string of known keys.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Query::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(error) => Err(Problem::new(Kind::BadRequest, error.body_text())),
        }
    }
}

/// The parameters of a path.
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match AxumPath::from_request_parts(parts, state).await {
            Ok(AxumPath(path)) => Ok(Self(path)),
            // What is no id or name names nothing.
            Err(error) => Err(Problem::not_found(error.body_text())),
        }
    }
}

/// The size of a page.
pub(super) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked {
        None => Ok(PAGE),
        Some(limit @ 1..=MAX_PAGE) => Ok(limit),
        Some(_) => Err(Problem::new(Kind::BadRequest, format!("`limit` is from 1 to {MAX_PAGE}"))),
    }
}

/// A place in the list of runs, as clients carry it.
pub(super) fn write_cursor(cursor: RunCursor) -> String {
    URL_SAFE_NO_PAD.encode(cursor.0.to_string())
}

/// The place that a client carried.
pub(super) fn read_cursor(text: &str) -> Result<RunCursor, Problem> {
    let read = || {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        String::from_utf8(bytes).ok()?.parse().ok().map(RunCursor)
    };
    read().ok_or_else(|| {
        Problem::new(Kind::BadRequest, "`cursor` is not one that this host gave").help("begin without a cursor")
    })
}

/// A time in a query: RFC 3339, or milliseconds since 1970.
pub(super) fn time(name: &str, text: &str) -> Result<Timestamp, Problem> {
    if let Ok(milliseconds) = text.parse() {
        return Ok(Timestamp(milliseconds));
    }
    match chrono::DateTime::parse_from_rfc3339(text) {
        Ok(time) => Ok(Timestamp(time.timestamp_millis())),
        Err(_) => Err(Problem::new(Kind::BadRequest, format!("`{name}` is not a time such as 2026-01-31T06:00:00Z"))),
    }
}
