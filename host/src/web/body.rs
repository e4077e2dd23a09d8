//! What is in a request's body, within limits.

mod shape;

use axum::{
    extract::{FromRequest, Request},
    http::StatusCode,
};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use self::shape::Shape;
use super::problem::{Kind, Problem};
use crate::limits;

/// A JSON object.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        object(request, state).await?.map(Self).ok_or_else(|| no_object(Shape::Null))
    }
}

/// A JSON object; the default where the body is empty or `null`.
pub(super) struct OptionalJson<T>(pub(super) T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        use hyper::body::Body;
        if request.body().is_end_stream() {
            return Ok(Self(T::default()));
        }
        Ok(Self(object(request, state).await?.unwrap_or_default()))
    }
}

/// The object in a body; none if it is `null`.
async fn object<T: DeserializeOwned, S: Send + Sync>(request: Request, state: &S) -> Result<Option<T>, Problem> {
    let (parts, body) = request.into_parts();
    let text = Bytes::from_request(Request::from_parts(parts.clone(), body), state).await;
    let text = text.map_err(|error| rejected(error.status(), error.body_text()))?;
    match serde_json::from_slice(&text) {
        Ok(Shape::Object | Shape::Null) => {}
        Ok(shape) => return Err(no_object(shape)),
        Err(error) if error.is_data() => return Err(Problem::new(Kind::Unprocessable, error.to_string())),
        // What is no JSON is reported with all else that axum looks at.
        Err(_) => {}
    }
    match axum::Json::from_request(Request::from_parts(parts, text.into()), state).await {
        Ok(axum::Json(object)) => Ok(object),
        Err(error) => Err(rejected(error.status(), error.body_text())),
    }
}

fn no_object(shape: Shape) -> Problem {
    Problem::new(Kind::Unprocessable, format!("the body must be a JSON object, not {}", shape.as_str()))
}

fn rejected(status: StatusCode, text: String) -> Problem {
    let kind = match status {
        StatusCode::PAYLOAD_TOO_LARGE => Kind::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Kind::Unsupported,
        StatusCode::UNPROCESSABLE_ENTITY => Kind::Unprocessable,
        _ => Kind::BadRequest,
    };
    Problem::new(kind, text)
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
