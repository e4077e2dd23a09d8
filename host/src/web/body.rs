//! What is in a request's body, within limits.

use axum::{
    extract::{FromRequest, Request},
    http::StatusCode,
};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::problem::{Kind, Problem};
use crate::limits;

/// A JSON document.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match axum::Json::from_request(request, state).await {
            Ok(axum::Json(document)) => Ok(Self(document)),
            Err(error) => {
                let kind = match error.status() {
                    StatusCode::PAYLOAD_TOO_LARGE => Kind::TooLarge,
                    StatusCode::UNSUPPORTED_MEDIA_TYPE => Kind::Unsupported,
                    StatusCode::UNPROCESSABLE_ENTITY => Kind::Unprocessable,
                    _ => Kind::BadRequest,
                };
                Err(Problem::new(kind, error.body_text()))
            }
        }
    }
}

/// A JSON document, or nothing, which is the default one.
pub(super) struct OptionalJson<T>(pub(super) T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        use hyper::body::Body;
        if request.body().is_end_stream() {
            return Ok(Self(T::default()));
        }
        Json::from_request(request, state).await.map(|Json(document)| Self(document))
    }
}

/// All bytes of a body, if they are not too many. None are read beyond that.
pub(super) async fn read(body: axum::body::Body, most: u64) -> Result<Bytes, Problem> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let read = tokio::time::timeout(limits::REQUEST_BODY, Limited::new(body, most).collect());
    match read.await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Problem::new(Kind::TooLarge, format!("the body may have at most {most} bytes")))
        }
        Ok(Err(error)) => Err(Problem::new(Kind::BadRequest, format!("the body cannot be read: {error}"))),
        Err(_) => Err(Problem::new(Kind::BadRequest, "the body took too long")),
    }
}
