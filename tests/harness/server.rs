//! The service as its users meet it: the real binary on a port of its own, spoken to over a plain socket, so that
//! requests can also be wrong in every way.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, ChildStderr, ChildStdout, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;

use crate::Bench;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running service. It is killed with its value.
pub struct Server {
    child: Child,
    address: SocketAddr,
    /// The first token, if this is the first start.
    token: String,
    log: Arc<Mutex<String>>,
}

/// What a service answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The head, in lower case.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
    /// The cookie that it sets: name and value.
    pub cookie: Option<String>,
}

impl Answer {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The same, if the status is this one.
    ///
    /// # Panics
    /// If it is another.
    #[must_use]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl Server {
    /// Starts a service in the data directory of a bench.
    ///
    /// # Panics
    /// If it does not come up.
    #[must_use]
    pub fn start(bench: &Bench, args: &[&str]) -> Self {
        Self::try_start(bench, args).unwrap_or_else(|log| panic!("the service did not come up:\n{log}"))
    }

    /// The same, for one that may not come up: then with what it said.
    ///
    /// # Errors
    /// What it said.
    ///
    /// # Panics
    /// If the binary cannot be started.
    pub fn try_start(bench: &Bench, args: &[&str]) -> Result<Self, String> {
        Self::try_start_within(bench, args, &[])
    }

    /// The same, with variables in its environment.
    ///
    /// # Errors
    /// What it said.
    ///
    /// # Panics
    /// If the binary cannot be started.
    pub fn try_start_within(bench: &Bench, args: &[&str], variables: &[(&str, &str)]) -> Result<Self, String> {
        let mut all = vec!["serve", "--listen", "127.0.0.1:0", "--data-dir"];
        let data = bench.data();
        all.push(data.to_str().expect("UTF-8"));
        all.extend(args);
        let mut command = bench.command(&all);
        command.envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let log = follow(child.stderr.take().expect("a pipe"));
        let mut stdout = child.stdout.take().expect("a pipe");
        let deadline = Instant::now() + PATIENCE;
        let address = loop {
            let said = log.lock().expect("a log").clone();
            if let Some(address) = said.lines().find_map(|line| line.strip_prefix("listening on http://")) {
                break address.parse().expect("an address");
            }
            if child.try_wait().expect("a child").is_some() || Instant::now() > deadline {
                drop(child.kill());
                // Its last words may still be on their way to the log.
                while Arc::strong_count(&log) > 1 && Instant::now() < deadline {
                    thread::sleep(Duration::from_millis(5));
                }
                let mut said = log.lock().expect("a log").clone();
                drop(stdout.read_to_string(&mut said));
                return Err(said);
            }
            thread::sleep(Duration::from_millis(5));
        };
        // What is shown at the first start comes before the address does, so all of it is in the pipe by now.
        let token = first_token(&waiting(&mut stdout)).unwrap_or_default();
        thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        Ok(Self { child, address, token, log })
    }

    /// The token of the admin, as the first start showed it.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Speaks with another token from now on.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        token.clone_into(&mut self.token);
        self
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    ///
    /// # Panics
    /// If it has none.
    #[must_use]
    pub fn pid(&self) -> Pid {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id")
    }

    /// What it has logged so far.
    ///
    /// # Panics
    /// If the log's reader panicked.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.lock().expect("a log").clone()
    }

    /// Asks for something, as the admin.
    #[must_use]
    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[], b"")
    }

    /// Sends JSON, as the admin.
    #[must_use]
    pub fn post(&self, path: &str, body: &Json) -> Answer {
        self.request("POST", path, &[("content-type", "application/json")], body.to_string().as_bytes())
    }

    /// A request with headers and a body, as the admin unless the headers say who.
    #[must_use]
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let mut all = headers.to_vec();
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
            all.push(("authorization", &bearer));
        }
        let message = message(self.address, method, path, &all, body);
        self.raw(&message).unwrap_or_else(|| panic!("no answer to {method} {path}\n{}", self.log()))
    }

    /// Sends these bytes, and reads the answer; none if the connection was closed without one.
    ///
    /// # Panics
    /// If it cannot be reached.
    #[must_use]
    pub fn raw(&self, bytes: &[u8]) -> Option<Answer> {
        exchange(self.connect(), bytes)
    }

    /// A connection.
    ///
    /// # Panics
    /// If it cannot be reached.
    #[must_use]
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream
    }

    /// The lines of a stream of events, as they come.
    ///
    /// # Panics
    /// If it is refused.
    #[must_use]
    pub fn events(&self, path: &str, last: Option<&str>) -> Events {
        let mut stream = self.connect();
        let last = last.map_or_else(String::new, |id| format!("last-event-id: {id}\r\n"));
        // In HTTP/1.0 a body ends with its connection, and comes without the sizes of its chunks.
        let head = format!(
            "GET {path} HTTP/1.0\r\nhost: {}\r\nauthorization: Bearer {}\r\naccept: text/event-stream\r\n{last}\r\n",
            self.address, self.token
        );
        stream.write_all(head.as_bytes()).expect("a request");
        let mut lines = BufReader::new(stream).lines();
        let status = lines.next().expect("a status").expect("text");
        assert!(status.contains(" 200 "), "{status}");
        for line in lines.by_ref() {
            if line.expect("text").is_empty() {
                break;
            }
        }
        Events { lines: Box::new(lines.map_while(Result::ok)) }
    }

    /// Ends it as an operator would, and says with which code.
    ///
    /// # Panics
    /// If it does not end.
    pub fn stop(mut self) -> i32 {
        self.end()
    }

    /// The same, and leaves what it has logged to be read.
    ///
    /// # Panics
    /// If it does not end.
    pub fn end(&mut self) -> i32 {
        kill_process(self.pid(), Signal::TERM).expect("the process is there");
        self.wait()
    }

    /// Waits for its end, and says with which code.
    ///
    /// # Panics
    /// If it does not end.
    pub fn wait(&mut self) -> i32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status.code().unwrap_or(-1);
            }
            assert!(Instant::now() < deadline, "it does not end:\n{}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Kills it at once.
    ///
    /// # Panics
    /// If it cannot be.
    pub fn kill(mut self) {
        self.child.kill().expect("a child");
        self.child.wait().expect("a child");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What a stream of events says.
pub struct Events {
    lines: Box<dyn Iterator<Item = String>>,
}

/// One of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerEvent {
    /// Where to go on.
    pub id: String,
    /// What it is.
    pub event: String,
    /// What it says.
    pub data: String,
}

impl Iterator for Events {
    type Item = ServerEvent;

    fn next(&mut self) -> Option<ServerEvent> {
        let mut event = ServerEvent::default();
        for line in self.lines.by_ref() {
            if let Some(id) = line.strip_prefix("id: ") {
                id.clone_into(&mut event.id);
            } else if let Some(name) = line.strip_prefix("event: ") {
                name.clone_into(&mut event.event);
            } else if let Some(data) = line.strip_prefix("data: ") {
                event.data.push_str(data);
            } else if line.is_empty() && !event.event.is_empty() {
                return Some(event);
            }
        }
        None
    }
}

/// What is in a pipe at this moment.
fn waiting(pipe: &mut ChildStdout) -> String {
    let length = rustix::io::ioctl_fionread(&*pipe).expect("a pipe");
    let mut bytes = vec![0; usize::try_from(length).expect("a length")];
    pipe.read_exact(&mut bytes).expect("what is there");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn first_token(said: &str) -> Option<String> {
    said.split_whitespace().find(|word| word.starts_with("stpm_")).map(str::to_owned)
}

fn follow(stderr: ChildStderr) -> Arc<Mutex<String>> {
    let log = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&log);
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let mut log = kept.lock().expect("a log");
            log.push_str(&line);
            log.push('\n');
        }
    });
    log
}

/// Asks whoever listens at an address, which may be nobody any more: for who sends while a service is killed.
#[must_use]
pub fn ask(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<Answer> {
    let stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    exchange(stream, &message(address, method, path, headers, body))
}

/// The bytes of a request, after which the connection is to be closed.
#[must_use]
pub fn message(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let _ = write!(head, "content-length: {}\r\n\r\n", body.len());
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn exchange(mut stream: TcpStream, bytes: &[u8]) -> Option<Answer> {
    // It may refuse before it has read everything.
    drop(stream.write_all(bytes));
    answer(stream)
}

/// What is answered until the connection is closed; none if it is closed without an answer.
#[must_use]
pub fn answer(mut stream: TcpStream) -> Option<Answer> {
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    parse(&answer)
}

fn parse(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let sent = String::from_utf8_lossy(&answer[..end]).replace("\r\n", "\n");
    let head = sent.to_ascii_lowercase();
    let cookie = head.find("\nset-cookie: ").and_then(|at| sent[at..].split([' ', ';']).nth(1)).map(str::to_owned);
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let body = &answer[end + 4..];
    let chunked = head.contains("\ntransfer-encoding: chunked");
    let body = if chunked { unchunk(body) } else { body.to_vec() };
    Some(Answer { status, head, body, cookie })
}

fn unchunk(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&body[..end]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
        let Some(size) = size.filter(|size| *size > 0 && body.len() >= end + 2 + size) else { break };
        whole.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = body.get(end + 4 + size..).unwrap_or_default();
    }
    whole
}
