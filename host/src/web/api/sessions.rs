//! Logging in: a token, or a link with a secret that is good for one login, becomes a browser's session.

use std::sync::Arc;

use axum::{
    Extension, Json as JsonBody,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};

use crate::{
    access::{Identity, Role, tokens::Bearer},
    web::{
        Web,
        body::Json,
        guard,
        problem::{Kind, Problem},
        query::Path,
    },
};

type Api = State<Arc<Web>>;

/// What proves who somebody is.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct LoginBody {
    token: String,
}

/// Who somebody is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::web) struct Who {
    name: String,
    role: Role,
}

impl From<Identity> for Who {
    fn from(identity: Identity) -> Self {
        Self { name: identity.name, role: identity.role }
    }
}

/// Opens a session, and hands its cookie out.
#[utoipa::path(post, path = "/api/v1/session", summary = "Opens a session of a browser", tag = "sessions", request_body = LoginBody, responses((status = 201, description = "Who is logged in; a cookie comes with it", body = Who), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn log_in(State(web): Api, Json(body): Json<LoginBody>) -> Result<Response, Problem> {
    let (identity, session) = check(&web, &body.token).await?;
    let mut response = (StatusCode::CREATED, JsonBody(Who::from(identity))).into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie(&session)?);
    Ok(response)
}

/// A page with one button: a link that is only looked at, by a mail scanner say, must not be used up by it.
#[utoipa::path(get, path = "/login/{secret}", summary = "The page of a login link", tag = "sessions", params(("secret" = String, Path, description = "The secret of the link")), responses((status = 200, description = "A page with a button", content_type = "text/html"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn page() -> Response {
    const PAGE: &str = include_str!("login.html");
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'";
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(PAGE)).into_response()
}

/// What the page's button does.
#[utoipa::path(post, path = "/login/{secret}", summary = "Uses a login link", tag = "sessions", params(("secret" = String, Path, description = "The secret of the link")), responses((status = 303, description = "Logged in; a cookie comes with it"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn log_in_with_link(State(web): Api, Path(secret): Path<String>) -> Result<Response, Problem> {
    let (_, session) = check(&web, &secret).await?;
    let mut response = Redirect::to("/").into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie(&session)?);
    Ok(response)
}

#[utoipa::path(get, path = "/api/v1/session", summary = "Who is asking", tag = "sessions", responses((status = 200, description = "The name and role of the token", body = Who), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn who(Extension(identity): Extension<Identity>) -> Response {
    JsonBody(Who::from(identity)).into_response()
}

#[utoipa::path(delete, path = "/api/v1/session", summary = "Ends the session", tag = "sessions", responses((status = 204, description = "It has ended"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn log_out(State(web): Api, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(cookie) = guard::cookie(&headers) {
        web.service.tokens.log_out(cookie).await?;
    }
    let gone = format!("{}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict", guard::COOKIE);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, gone)]).into_response())
}

async fn check(web: &Web, secret: &str) -> Result<(Identity, Bearer), Problem> {
    let found = web.service.tokens.log_in(secret).await?;
    found.ok_or_else(|| {
        Problem::new(Kind::Unauthorized, "this lets nobody in, or not any more")
            .help("log in with a token, or make another link with `stepmill tokens link`")
    })
}

/// Not `Secure`: the host itself speaks plain HTTP, also behind a proxy that does not.
fn cookie(session: &Bearer) -> Result<HeaderValue, Problem> {
    let text = format!("{}={}; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict", guard::COOKIE, session.reveal());
    HeaderValue::from_str(&text).map_err(Problem::internal)
}

/// A link that logs one browser in.
#[derive(Serialize, utoipa::ToSchema)]
pub(in crate::web) struct LinkView {
    path: String,
}

/// Makes a link that logs one browser in as who asks, within the hour.
#[utoipa::path(post, path = "/api/v1/session/link", summary = "Makes a link that logs one browser in", tag = "sessions", responses((status = 201, description = "The link", body = LinkView), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn link(
    State(web): Api,
    Extension(identity): Extension<Identity>,
) -> Result<Response, Problem> {
    let secret = web.service.tokens.link(identity.token).await?;
    let view = LinkView { path: format!("/login/{}", secret.reveal()) };
    Ok((StatusCode::CREATED, JsonBody(view)).into_response())
}
