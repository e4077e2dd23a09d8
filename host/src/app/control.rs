//! The local socket of whoever holds a data directory: how another process asks it to cancel a run.
//!
//! One request per connection: a line of JSON each way, [`Request`] and [`Response`].

use std::{
    io::{self, BufRead, BufReader, Write},
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::ids::RunId;

/// The longest line that is read.
const MAX_LINE: u64 = 4096;
/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(5);

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Cancel a run.
    Cancel {
        /// Which.
        run: RunId,
        /// Whether not even its `finally` steps are to run.
        force: bool,
    },
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// It was done.
    Done,
    /// It was not, because of this.
    Refused(String),
}

/// Answers requests until it is dropped.
pub struct ControlSocket {
    path: PathBuf,
    /// Held while a request is answered.
    answering: Arc<Mutex<()>>,
}

impl ControlSocket {
    /// Listens, and answers each request with what `handler` says.
    ///
    /// # Errors
    /// If the socket cannot be made; on most systems its path must be shorter than 108 bytes.
    pub fn listen(path: &Path, handler: Arc<dyn Fn(Request) -> Response + Send + Sync>) -> io::Result<Self> {
        // The lock on the data directory is ours: a socket that is still there belongs to nobody.
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        let answering = Arc::new(Mutex::new(()));
        let busy = Arc::clone(&answering);
        std::thread::Builder::new().name("control".into()).spawn(move || {
            for stream in listener.incoming() {
                let _busy = busy.lock().unwrap_or_else(PoisonError::into_inner);
                match stream.and_then(|stream| answer(&stream, handler.as_ref())) {
                    Ok(()) => {}
                    Err(error) => tracing::debug!(%error, "a request on the control socket failed"),
                }
            }
        })?;
        Ok(Self { path: path.to_owned(), answering })
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // The thread ends with the process, which may be at once: whoever has asked is to have the answer first.
        drop(self.answering.lock().unwrap_or_else(PoisonError::into_inner));
        // Without the file nobody finds it any more.
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, "the control socket cannot be removed");
        }
    }
}

fn answer(stream: &UnixStream, handler: &dyn Fn(Request) -> Response) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let response = match serde_json::from_slice(&read_line(stream)?) {
        Ok(request) => handler(request),
        Err(error) => Response::Refused(format!("not a request: {error}")),
    };
    write_line(stream, &response)
}

/// Asks the holder of a data directory.
///
/// # Errors
/// `NotFound` or `ConnectionRefused` if nobody holds it, and whatever else a socket may say.
pub fn ask(path: &Path, request: &Request) -> io::Result<Response> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write_line(&stream, request)?;
    serde_json::from_slice(&read_line(&stream)?).map_err(io::Error::other)
}

fn read_line(stream: &UnixStream) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    BufReader::new(io::Read::take(stream, MAX_LINE)).read_until(b'\n', &mut line)?;
    Ok(line)
}

fn write_line(mut stream: &UnixStream, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    stream.write_all(&line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_answered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control.sock");
        let socket = ControlSocket::listen(
            &path,
            Arc::new(|Request::Cancel { run, .. }| Response::Refused(format!("no run {run}"))),
        )
        .unwrap();
        let run = RunId::generate();
        assert_eq!(
            ask(&path, &Request::Cancel { run, force: false }).unwrap(),
            Response::Refused(format!("no run {run}"))
        );
        let stream = UnixStream::connect(&path).unwrap();
        write_line(&stream, &"garbage").unwrap();
        assert!(String::from_utf8(read_line(&stream).unwrap()).unwrap().contains("not a request"));
        drop(socket);
        assert_eq!(ask(&path, &Request::Cancel { run, force: false }).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
