//! Who is let in: by the name of the host that was called, by where the request comes from, by token and role.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    Web,
    problem::{Kind, Problem},
    routes::Access,
};
use crate::access::Identity;

/// The cookie of a browser's session.
pub(super) const COOKIE: &str = "stepmill_session";

/// Lets a request through to its route, with the identity of who sent it.
pub(super) async fn check(
    Extension(web): Extension<Arc<Web>>,
    Extension(access): Extension<Access>,
    mut request: Request,
    next: Next,
) -> Response {
    let Access::Role(needed) = access else { return next.run(request).await };
    match identify(&web, request.headers()) {
        Ok(Some(identity)) if identity.role >= needed => {
            request.extensions_mut().insert(identity);
            next.run(request).await
        }
        Ok(Some(identity)) => {
            let detail = format!("`{}` is a token of the role {}", identity.name, identity.role.as_str());
            Problem::new(Kind::Forbidden, detail).help(format!("this needs {}", needed.as_str())).into_response()
        }
        Ok(None) => Problem::new(Kind::Unauthorized, "the request has no valid token")
            .help("send `Authorization: Bearer TOKEN`; `stepmill tokens create` makes one")
            .into_response(),
        Err(problem) => problem.into_response(),
    }
}

fn identify(web: &Web, headers: &HeaderMap) -> Result<Option<Identity>, Problem> {
    let tokens = &web.service.tokens;
    if let Some(bearer) = bearer(headers) {
        return Ok(tokens.identify(bearer)?);
    }
    match cookie(headers) {
        Some(cookie) => Ok(tokens.identify_session(cookie)?),
        None => Ok(None),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The session's cookie, if the request has one.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let values = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

/// Refuses requests that were meant for another host: a page elsewhere may have made its own name point here.
pub(super) async fn check_host(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    // What a proxy would be asked. We are none.
    let absolute = request.uri().authority().map(|authority| authority.as_str());
    let known = |host: &str| web.hosts.iter().any(|known| known.eq_ignore_ascii_case(host));
    if named.is_some_and(known)
        && absolute.is_none_or(known)
        && request.headers().get_all(header::HOST).iter().count() == 1
    {
        return next.run(request).await;
    }
    Problem::new(Kind::Misdirected, "the request's `Host` is not a name of this host")
        .help("add it to `server.hosts` in the configuration file")
        .into_response()
}

/// What every answer says: it is no page, and nobody may frame it, guess its type or learn where a link came from.
pub(super) async fn protect(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut default = |name, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'");
    default(header::REFERRER_POLICY, "no-referrer");
    default(header::CACHE_CONTROL, "no-store");
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    response
}
