//! Requests through `wasi:http`.

use std::time::Duration;

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme,
};
use wasip2::io::streams::StreamError;

use super::{HttpError, HttpErrorKind, Request, Response, parts, reactor::ready};
use crate::error::Result;

/// How much is read at once.
const READ: u64 = 64 << 10;

pub(super) async fn exchange(request: &Request) -> Result<Response, HttpError> {
    let outgoing = prepare(request)?;
    let body = outgoing.body().map_err(|()| lost("body"))?;
    let answer = handle(outgoing, Some(options(request.timeout))).map_err(|code| failed(&code))?;
    // A server may answer before it has read everything; what it says then counts, not that it did not listen.
    let written = write(body, &request.body).await;
    let response = match (head(&answer).await, written) {
        (Ok(response), _) => response,
        (Err(error), _) => return Err(error),
    };
    let status = response.status();
    let headers = response.headers().entries().into_iter();
    let headers = headers.map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned())).collect();
    let body = read(response.consume().map_err(|()| lost("response"))?).await?;
    Ok(Response { status, headers, body })
}

fn prepare(request: &Request) -> Result<OutgoingRequest, HttpError> {
    let wrong = |what: &str| HttpError::new(HttpErrorKind::Request, format_args!("a request cannot have the {what}"));
    let (secure, authority, path) = parts(&request.url)?;
    let fields = Fields::new();
    for (name, value) in &request.headers {
        let added = fields.append(name, value.as_bytes());
        added.map_err(|_| wrong(&format!("header `{name}: {}`", value.escape_debug())))?;
    }
    if !request.body.is_empty() && !fields.has("content-length") {
        let length = request.body.len().to_string();
        fields.append("content-length", length.as_bytes()).map_err(|_| wrong("header `content-length`"))?;
    }
    let outgoing = OutgoingRequest::new(fields);
    outgoing.set_method(&method(&request.method)).map_err(|()| wrong(&format!("method `{}`", request.method)))?;
    let scheme = if secure { Scheme::Https } else { Scheme::Http };
    outgoing.set_scheme(Some(&scheme)).map_err(|()| wrong("scheme"))?;
    outgoing.set_authority(Some(authority)).map_err(|()| wrong(&format!("host `{authority}`")))?;
    outgoing.set_path_with_query(Some(&path)).map_err(|()| wrong(&format!("path `{path}`")))?;
    Ok(outgoing)
}

fn method(text: &str) -> Method {
    match text {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

fn options(timeout: Option<Duration>) -> RequestOptions {
    let options = RequestOptions::new();
    if let Some(timeout) = timeout {
        let nanos = Some(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX));
        // A host that does not know one of them waits as long as it likes.
        let _ = options.set_connect_timeout(nanos);
        let _ = options.set_first_byte_timeout(nanos);
        let _ = options.set_between_bytes_timeout(nanos);
    }
    options
}

async fn write(body: OutgoingBody, bytes: &[u8]) -> Result<(), HttpError> {
    let broken = |_: StreamError| HttpError::new(HttpErrorKind::Other, "the request could not be sent whole");
    let mut rest = bytes;
    {
        let stream = body.write().map_err(|()| lost("stream"))?;
        while !rest.is_empty() {
            ready(stream.subscribe()).await;
            let room = usize::try_from(stream.check_write().map_err(broken)?).unwrap_or(usize::MAX);
            let (now, later) = rest.split_at(rest.len().min(room));
            stream.write(now).map_err(broken)?;
            rest = later;
        }
        stream.flush().map_err(broken)?;
        ready(stream.subscribe()).await;
    }
    OutgoingBody::finish(body, None).map_err(|code| failed(&code))
}

async fn head(answer: &FutureIncomingResponse) -> Result<IncomingResponse, HttpError> {
    loop {
        match answer.get() {
            Some(Ok(response)) => return response.map_err(|code| failed(&code)),
            Some(Err(())) => return Err(lost("answer")),
            None => ready(answer.subscribe()).await,
        }
    }
}

async fn read(body: IncomingBody) -> Result<Vec<u8>, HttpError> {
    let mut bytes = Vec::new();
    let stream = body.stream().map_err(|()| lost("body"))?;
    loop {
        match stream.read(READ) {
            Ok(piece) if piece.is_empty() => ready(stream.subscribe()).await,
            Ok(piece) => bytes.extend_from_slice(&piece),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(error)) => {
                let message = format_args!("the answer broke off: {}", error.to_debug_string()).to_string();
                return Err(HttpError::new(HttpErrorKind::Other, message));
            }
        }
    }
}

fn lost(what: &str) -> HttpError {
    HttpError::new(HttpErrorKind::Other, format_args!("the host gave the {what} of a request to somebody else"))
}

fn failed(code: &ErrorCode) -> HttpError {
    let (kind, message) = match code {
        ErrorCode::HttpRequestDenied => (
            HttpErrorKind::Denied,
            "the request is not granted: name its host in the step's `grants.net`, and allow it",
        ),
        ErrorCode::DestinationIpProhibited => {
            (HttpErrorKind::Denied, "the host leads to an address that steps may not reach")
        }
        ErrorCode::DnsError(_) | ErrorCode::DnsTimeout => {
            (HttpErrorKind::Connect, "the host's name cannot be resolved")
        }
        ErrorCode::ConnectionRefused | ErrorCode::ConnectionTerminated => {
            (HttpErrorKind::Connect, "there is no connection to the host")
        }
        ErrorCode::ConnectionTimeout => (HttpErrorKind::Timeout, "there was no connection in time"),
        ErrorCode::HttpResponseTimeout | ErrorCode::ConnectionReadTimeout => {
            (HttpErrorKind::Timeout, "there was no answer in time")
        }
        ErrorCode::TlsProtocolError | ErrorCode::TlsCertificateError | ErrorCode::TlsAlertReceived(_) => {
            (HttpErrorKind::Connect, "the host cannot be trusted: TLS failed")
        }
        ErrorCode::HttpResponseBodySize(_) => (HttpErrorKind::Other, "the answer is longer than a step may receive"),
        other => return HttpError::new(HttpErrorKind::Other, format_args!("the request failed: {other}")),
    };
    HttpError::new(kind, message)
}
