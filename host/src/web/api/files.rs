//! Files that are sent ahead of the run that takes them.

use std::{
    io::{self, Read},
    sync::Arc,
};

use axum::{
    Extension, Json as JsonBody,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::{
    access::Identity,
    limits,
    web::{
        Web,
        problem::{Kind, Problem},
        query::Query,
    },
};

/// Chunks that are read ahead of the disk.
const AHEAD: usize = 16;
/// The longest name of a file.
const MAX_NAME: usize = 255;

/// What the file is called.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct FileQuery {
    name: String,
}

/// A file that was stored.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::web) struct FileUploaded {
    /// A run that the same token starts takes it as the parameter `{ "file": ID }`. The same file has the same id.
    file: String,
    name: String,
    size: u64,
    /// Until when it waits.
    until: String,
}

/// Stores the body as it comes, however large: nothing of it is held in memory.
#[utoipa::path(post, path = "/api/v1/files", summary = "Sends a file ahead of the run that takes it", tag = "files", params(FileQuery), request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 201, description = "It is stored", body = FileUploaded), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn upload(
    State(web): State<Arc<Web>>,
    Extension(identity): Extension<Identity>,
    Query(query): Query<FileQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    web.service.check_room()?;
    let plain = |c: char| !c.is_control() && c != '/' && c != '\\';
    if query.name.is_empty()
        || query.name.len() > MAX_NAME
        || query.name.starts_with('.')
        || !query.name.chars().all(plain)
    {
        return Err(Problem::new(Kind::BadRequest, "`name` is not a plain file name").help("add ?name=data.csv"));
    }
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.unwrap_or("application/octet-stream").to_owned();
    let (sender, receiver) = mpsc::channel(AHEAD);
    let host = &web.service.host;
    let stored = host.upload(identity.token, query.name, media_type, Received { receiver, chunk: Bytes::new() });
    let sent = tokio::time::timeout(limits::UPLOAD_BODY, send(body, sender));
    let (stored, sent) = tokio::join!(stored, sent);
    // Where the body did not come whole the store lacks the rest of it, which is no fault of the store.
    match sent {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return Err(Problem::new(Kind::BadRequest, format!("the body cannot be read: {error}"))),
        Err(_) => return Err(Problem::new(Kind::BadRequest, "the body took too long")),
    }
    let stored = stored?;
    let view = FileUploaded {
        file: stored.id.to_string(),
        name: stored.file.name,
        size: stored.file.size,
        until: stored.until.rfc3339(),
    };
    Ok((StatusCode::CREATED, JsonBody(view)).into_response())
}

/// Hands a body on as long as it is taken.
///
/// # Errors
/// If the body breaks off.
async fn send(body: Body, sender: mpsc::Sender<Bytes>) -> Result<(), axum::Error> {
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        if !chunk.is_empty() && sender.send(chunk).await.is_err() {
            return Ok(());
        }
    }
    // Says that this was all: a body that breaks off says nothing.
    drop(sender.send(Bytes::new()).await);
    Ok(())
}

/// A body as something to read from, on another thread.
struct Received {
    receiver: mpsc::Receiver<Bytes>,
    chunk: Bytes,
}

impl Read for Received {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.receiver.blocking_recv() {
                Some(chunk) if chunk.is_empty() => return Ok(0),
                Some(chunk) => self.chunk = chunk,
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let count = buffer.len().min(self.chunk.len());
        self.chunk.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}
