//! The web UI: files that `just ui` built, and one page for every address of a view. Without them, a page that says how
//! to build them.

use axum::{
    Extension,
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::EmbeddedFile;
use std::sync::Arc;

use super::{Web, api};

include!(concat!(env!("OUT_DIR"), "/ui.rs"));

/// What the pages may do: run our scripts, and ask this host. Styles stand in elements, too: those of charts and graphs are
/// computed.
const POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; frame-src 'self'; manifest-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; \
     require-trusted-types-for 'script'; trusted-types stepmill";

const NOT_BUILT: &str = include_str!("not_built.html");
const NOT_BUILT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// How files are compressed ahead, the best first: the encoding, and the ending of its files.
const ENCODINGS: [(&str, &str); 2] = [("br", "br"), ("gzip", "gz")];

/// Everything that no route answers: a file of the UI, its page, or that there is nothing.
pub(super) async fn serve(_: Extension<Arc<Web>>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let reads = method == Method::GET || method == Method::HEAD;
    if !reads || ["api/", "hooks/"].iter().any(|prefix| path.starts_with(prefix)) {
        return api::unknown(uri).await.into_response();
    }
    if path != "index.html"
        && let Some(response) = file(path, &headers)
    {
        return response;
    }
    // An address of a view has no dot: what has one was meant to be a file.
    if path.rsplit('/').next().is_some_and(|last| last.contains('.')) || path.starts_with("assets/") {
        return api::unknown(uri).await.into_response();
    }
    page(&headers)
}

/// The one page: what it shows is decided in the browser, by the address.
fn page(headers: &HeaderMap) -> Response {
    let (mut response, policy) = match found("index.html", headers) {
        Some((file, encoding)) => (send(file, encoding, "text/html; charset=utf-8"), POLICY),
        None => (
            (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], NOT_BUILT).into_response(),
            NOT_BUILT_POLICY,
        ),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

fn file(path: &str, headers: &HeaderMap) -> Option<Response> {
    let (file, encoding) = found(path, headers)?;
    let media = mime_guess::from_path(path).first_raw().unwrap_or("application/octet-stream");
    let mut response = send(file, encoding, media);
    // What is in a file of `assets/` is in its name.
    if path.starts_with("assets/") {
        let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
        response.headers_mut().insert(header::CACHE_CONTROL, forever);
    }
    Some(response)
}

/// A file in the best form that the browser takes.
fn found(path: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let accepts = |encoding: &str| {
        accepted.split(',').any(|part| part.split(';').next().is_some_and(|name| name.trim() == encoding))
    };
    let compressed = ENCODINGS
        .iter()
        .filter(|(encoding, _)| accepts(encoding))
        .find_map(|(encoding, ending)| Files::get(&format!("{path}.{ending}")).map(|file| (file, Some(*encoding))));
    compressed.or_else(|| Files::get(path).map(|file| (file, None)))
}

fn send(file: EmbeddedFile, encoding: Option<&'static str>, media: &'static str) -> Response {
    let mut response = Response::new(Body::from(file.data.into_owned()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}
