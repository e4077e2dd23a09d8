//! A small HTTP server outside of everything: what steps tell it, nobody can take back.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
};

/// Remembers every request, and answers it.
pub struct Witness {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Vec<Request>>,
    /// Whether answers are held back.
    held: Mutex<bool>,
    released: Condvar,
    ended: AtomicBool,
}

/// What somebody asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// The first line: method, path and version.
    pub line: String,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// What came along.
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(there, _)| there == name).map(|(_, value)| value.as_str())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for Witness {
    fn default() -> Self {
        Self::new()
    }
}

impl Witness {
    /// One that listens on a port of its own. It answers a request with the body that came along, or with its path.
    ///
    /// # Panics
    /// If there is no port.
    #[must_use]
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared::default());
        let server = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if server.ended.load(SeqCst) {
                    return;
                }
                let server = Arc::clone(&server);
                // A connection that breaks off has seen nothing.
                let serve = move || drop(server.serve(stream));
                drop(thread::Builder::new().stack_size(64 << 10).spawn(serve));
            }
        });
        Self { address, shared }
    }

    /// Where it listens, as an origin.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything that it was asked so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Request> {
        lock(&self.shared.seen).clone()
    }

    /// From now on, answers wait until [`release`](Self::release).
    pub fn hold(&self) {
        *lock(&self.shared.held) = true;
    }

    /// Answers what waits, and what comes.
    pub fn release(&self) {
        *lock(&self.shared.held) = false;
        self.shared.released.notify_all();
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.shared.ended.store(true, SeqCst);
        self.release();
        // Wakes the listener, which then ends.
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let line = next_line(&mut reader)?;
        let mut headers = Vec::new();
        loop {
            let header = next_line(&mut reader)?;
            match header.split_once(": ") {
                Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
                None => break,
            }
        }
        let mut request = Request { line, headers, body: Vec::new() };
        let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        request.body.resize(length, 0);
        reader.read_exact(&mut request.body)?;
        let answer = match request.body.as_slice() {
            [] => request.line.split(' ').nth(1).unwrap_or_default().as_bytes().to_vec(),
            body => body.to_vec(),
        };
        lock(&self.seen).push(request);
        drop(self.released.wait_while(lock(&self.held), |held| *held));
        let mut stream = stream;
        write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", answer.len())?;
        stream.write_all(&answer)
    }
}

/// A whole line; what breaks off in it was never said.
fn next_line(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    match line.strip_suffix("\r\n") {
        Some(line) => Ok(line.to_owned()),
        None => Err(std::io::ErrorKind::UnexpectedEof.into()),
    }
}
