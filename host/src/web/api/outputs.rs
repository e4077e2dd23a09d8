//! What steps returned: as JSON by path and window, as the bytes themselves, as files.

use std::{io, sync::Arc};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::{
    app::{History, reader::StoredOutput},
    dto::{OutputView, Versioned},
    event::EventKind,
    execute::stored::{self, view::Window},
    ids::{Name, RunId},
    limits,
    output::OutputRef,
    web::{
        Web,
        problem::{Kind, Problem},
        query::{Path, Query},
    },
};

type Api = State<Arc<Web>>;

/// Chunks that are read ahead of a slow client.
const AHEAD: usize = 4;

/// Which output, and which part of it.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct OutputQuery {
    item: Option<u32>,
    attempt: Option<u32>,
    /// Such as `months[3].extremes`.
    path: Option<String>,
    offset: Option<u64>,
    limit: Option<u64>,
}

/// A part of an output as JSON.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::web) struct OutputPart {
    output: OutputView,
    #[serde(flatten)]
    part: stored::view::Part,
}

impl Versioned for OutputPart {
    const SCHEMA: &'static str = "stepmill.output/1";
}

#[utoipa::path(get, path = "/api/v1/runs/{run}/steps/{step}/output", summary = "A part of what a step returned, as JSON", tag = "outputs", params(("run" = RunId, Path, description = "The run"), ("step" = Name, Path, description = "The step"), OutputQuery), responses((status = 200, description = "The part", body = OutputPart), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn show(
    State(web): Api,
    Path((run, step)): Path<(RunId, Name)>,
    Query(query): Query<OutputQuery>,
) -> Result<Response, Problem> {
    let window = Window::new(query.path.as_deref(), query.offset, query.limit)
        .map_err(|error| Problem::new(Kind::BadRequest, error.to_string()))?;
    let StoredOutput { output, index } = find(&web, run, &step, query.item, query.attempt).await?;
    read_part(&web, output, index, window).await
}

/// Answers with a part of a stored value.
async fn read_part(web: &Web, output: OutputRef, item: Option<u64>, window: Window) -> Result<Response, Problem> {
    let history = web.service.host.history().clone();
    let read = tokio::task::spawn_blocking(move || {
        let part = stored::view::read(history.outputs().as_ref(), &output, item, &window);
        part.map(|part| OutputPart { output: OutputView::from(&output), part })
    });
    match read.await {
        Ok(Ok(part)) => Ok(super::runs::document(&part)),
        Ok(Err(error)) if error.is_request() => Err(Problem::new(Kind::Unprocessable, error.to_string())),
        Ok(Err(error)) => Err(Problem::internal(error)),
        Err(error) => Err(Problem::internal(error)),
    }
}

/// Which output.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct RawQuery {
    item: Option<u32>,
    attempt: Option<u32>,
}

/// The bytes: one MessagePack value, or those of a stream one behind the other.
#[utoipa::path(get, path = "/api/v1/runs/{run}/steps/{step}/output/raw", summary = "What a step returned, as MessagePack", tag = "outputs", params(("run" = RunId, Path, description = "The run"), ("step" = Name, Path, description = "The step"), RawQuery), responses((status = 200, description = "One value, or those of a stream one behind the other", content_type = "application/vnd.msgpack"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn raw(
    State(web): Api,
    Path((run, step)): Path<(RunId, Name)>,
    Query(query): Query<RawQuery>,
) -> Result<Response, Problem> {
    let StoredOutput { output, index } = find(&web, run, &step, query.item, query.attempt).await?;
    let name = format!("{run}-{step}.msgpack");
    let media = "application/vnd.msgpack";
    if let Some(index) = index {
        let history = web.service.host.history().clone();
        let read = move || stored::read_item(history.outputs().as_ref(), &output, index);
        let item = tokio::task::spawn_blocking(read).await.map_err(Problem::internal)?.map_err(Problem::internal)?;
        let size = item.len() as u64;
        return Ok(download(&web, &name, media, size, move |_, out| out.write_all(&item)));
    }
    let (size, items) = (output.size, output.items);
    let mut response = download(&web, &name, media, size, move |history, out| copy_output(history, &output, out));
    if let Some(items) = items {
        response.headers_mut().insert("stepmill-items", HeaderValue::from(items));
    }
    Ok(response)
}

/// A file of an output, under its name.
#[utoipa::path(get, path = "/api/v1/runs/{run}/steps/{step}/files/{index}", summary = "A file of what a step returned", tag = "outputs", params(("run" = RunId, Path, description = "The run"), ("step" = Name, Path, description = "The step"), ("index" = usize, Path, description = "Which, from 0"), RawQuery), responses((status = 200, description = "The file", content_type = "application/octet-stream"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn file(
    State(web): Api,
    Path((run, step, index)): Path<(RunId, Name, usize)>,
    Query(query): Query<RawQuery>,
) -> Result<Response, Problem> {
    let StoredOutput { output, .. } = find(&web, run, &step, None, query.attempt).await?;
    let file = output.files.get(index).cloned();
    let file = file.ok_or_else(|| Problem::not_found(format!("the output has {} files", output.files.len())))?;
    let (name, size) = (file.name.clone(), file.size);
    // What a guest calls its file's type is not told to a browser: it would act on it.
    Ok(download(&web, &name, "application/octet-stream", size, move |history, out| history.copy_file(&file, out)))
}

/// A file as something to look at: alone, without scripts, and without any way to anywhere.
#[utoipa::path(get, path = "/api/v1/runs/{run}/steps/{step}/files/{index}/preview", summary = "A file of what a step returned, to be looked at", tag = "outputs", params(("run" = RunId, Path, description = "The run"), ("step" = Name, Path, description = "The step"), ("index" = usize, Path, description = "Which, from 0"), RawQuery), responses((status = 200, description = "The file as a page, a picture or text, at most 16 MiB"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn preview(
    State(web): Api,
    Path((run, step, index)): Path<(RunId, Name, usize)>,
    Query(query): Query<RawQuery>,
) -> Result<Response, Problem> {
    const POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; \
         form-action 'none'; base-uri 'none'; frame-ancestors 'self'";
    let StoredOutput { output, .. } = find(&web, run, &step, None, query.attempt).await?;
    let file = output.files.get(index).cloned();
    let file = file.ok_or_else(|| Problem::not_found(format!("the output has {} files", output.files.len())))?;
    if file.size > limits::MAX_PREVIEW {
        let detail = format!("the file has {} bytes, and at most {} are shown", file.size, limits::MAX_PREVIEW);
        return Err(Problem::new(Kind::TooLarge, detail).help("download it"));
    }
    let (name, size) = (file.name.clone(), file.size);
    let media = shown_as(&name);
    let mut response = download(&web, &name, media, size, move |history, out| history.copy_file(&file, out));
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_DISPOSITION);
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}

/// What a browser is told a file is: one of few types, by its name alone. Anything else is text.
fn shown_as(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref() {
        Some("html" | "htm") => "text/html; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("avif") => "image/avif",
        _ => "text/plain; charset=utf-8",
    }
}

/// What the run was given.
#[utoipa::path(get, path = "/api/v1/runs/{run}/params/{name}", summary = "A part of what the run was given, as JSON", tag = "outputs", params(("run" = RunId, Path, description = "The run"), ("name" = Name, Path, description = "The parameter"), OutputQuery), responses((status = 200, description = "The part", body = OutputPart), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn param(
    State(web): Api,
    Path((run, name)): Path<(RunId, Name)>,
    Query(query): Query<OutputQuery>,
) -> Result<Response, Problem> {
    let window = Window::new(query.path.as_deref(), query.offset, query.limit)
        .map_err(|error| Problem::new(Kind::BadRequest, error.to_string()))?;
    let wanted = name.clone();
    let found = web.read(move |reader| {
        // The first event of a run says what it was given.
        let first = reader.events(run, 0, 1)?.into_iter().next();
        Ok(first.and_then(|event| match event.kind {
            EventKind::Created { params, .. } => params.into_iter().find(|param| param.name == wanted),
            _ => None,
        }))
    });
    let param = found.await?;
    let param = param.ok_or_else(|| Problem::not_found(format!("the run has no parameter `{name}`")))?;
    read_part(&web, param.value, None, window).await
}

async fn find(
    web: &Arc<Web>,
    run: RunId,
    step: &Name,
    item: Option<u32>,
    attempt: Option<u32>,
) -> Result<StoredOutput, Problem> {
    let name = step.clone();
    let found = web.read(move |reader| match reader.find_step(run, name.as_str())? {
        None => Ok(None),
        Some(index) => reader.output(run, index, item, attempt).map(Some),
    });
    match found.await? {
        None => Err(Problem::not_found(format!("the run has no step `{step}`"))),
        Some(None) => Err(Problem::not_found(format!("the step `{step}` has no output"))),
        Some(Some(stored)) => Ok(stored),
    }
}

fn copy_output(history: &History, output: &OutputRef, out: &mut dyn io::Write) -> io::Result<()> {
    stored::copy_bytes(history.outputs().as_ref(), output, out)
}

/// Sends bytes as something to be saved, never to be shown. Every part is verified before it is sent; should one be
/// damaged, the connection breaks off, and the length tells.
fn download(
    web: &Arc<Web>,
    name: &str,
    media: &'static str,
    size: u64,
    copy: impl FnOnce(&History, &mut dyn io::Write) -> io::Result<()> + Send + 'static,
) -> Response {
    let (sender, mut receiver) = mpsc::channel::<io::Result<Bytes>>(AHEAD);
    let history = web.service.host.history().clone();
    tokio::task::spawn_blocking(move || {
        let mut out = Sender(&sender);
        if let Err(error) = copy(&history, &mut out) {
            tracing::warn!(%error, "a download broke off");
            let _ = sender.blocking_send(Err(error));
        }
    });
    let body = Body::from_stream(futures_util::stream::poll_fn(move |context| receiver.poll_recv(context)));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media)),
        (header::CONTENT_LENGTH, HeaderValue::from(size)),
        (header::CONTENT_DISPOSITION, attachment(name)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'")),
    ];
    (headers, body).into_response()
}

/// Writes into the channel of a response.
struct Sender<'a>(&'a mpsc::Sender<io::Result<Bytes>>);

impl io::Write for Sender<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes))).map_err(gone)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file name for saving: what is not plain is replaced, and the whole name follows encoded (RFC 6266).
fn attachment(name: &str) -> HeaderValue {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ') { c } else { '_' })
        .take(200)
        .collect();
    let encoded: String = last
        .bytes()
        .take(600)
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-._".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect();
    let value = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
    HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_cannot_break_out_of_their_header() {
        let cases = [
            ("report.html", "attachment; filename=\"report.html\"; filename*=UTF-8''report.html"),
            ("../../etc/passwd", "attachment; filename=\"passwd\"; filename*=UTF-8''passwd"),
            ("a\"b\r\nX: y", "attachment; filename=\"a_b__X_ y\"; filename*=UTF-8''a%22b%0D%0AX%3A%20y"),
            ("ü", "attachment; filename=\"_\"; filename*=UTF-8''%C3%BC"),
        ];
        for (name, expected) in cases {
            assert_eq!(attachment(name), expected, "{name}");
        }
    }
}
