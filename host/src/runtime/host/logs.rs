//! What a step says: log lines, standard output and error, and progress, all within the budget of the attempt.

use std::{
    borrow::Cow,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    execute::ports::{LogLevel, LogLine, LogSink, LogStream, Progress},
    ids::Timestamp,
    limits::{Limits, MAX_MESSAGE},
    runtime::{
        outside::Outside,
        text::{cut, visible},
    },
};

/// The longest line, in bytes; longer ones are broken.
const MAX_LINE: usize = 16 << 10;
/// The longest text of a progress report, in bytes.
const MAX_PROGRESS: usize = 256;
/// Progress is passed on at most this often; the last report always is.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(50);
/// What Rust's standard library writes behind a panic. A step has no environment in which to set it.
const BACKTRACE_NOTE: &str = "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace";

/// The log of one attempt. Shared, because the streams behind standard output and error live in the resource table.
#[derive(Clone)]
pub(in crate::runtime) struct Logs(Arc<Mutex<State>>);

struct State {
    sink: Arc<dyn LogSink>,
    /// Whose secrets are taken out.
    outside: Option<Arc<Outside>>,
    /// Of a `for_each` step: the item that `sink` is not yet for. Most items say nothing.
    item: Option<u32>,
    /// What the log may hold: so many bytes and lines.
    limits: (u64, u64),
    bytes_left: u64,
    lines_left: u64,
    lines: u64,
    dropped: u64,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    panic: Option<String>,
    /// Standard error's last line was empty, and is held back: Rust writes one before it says that it panicked.
    empty_line: bool,
    progress_sent: Option<Instant>,
    progress_held: Option<Progress>,
}

impl Logs {
    pub(in crate::runtime) fn new(sink: Arc<dyn LogSink>, limits: &Limits) -> Self {
        Self::of_item(sink, None, limits)
    }

    /// The log of an item, in the sink of its batch.
    pub(in crate::runtime) fn of_item(sink: Arc<dyn LogSink>, item: Option<u32>, limits: &Limits) -> Self {
        Self(Arc::new(Mutex::new(State {
            sink,
            outside: None,
            item,
            limits: (limits.log_bytes, limits.log_lines),
            bytes_left: limits.log_bytes,
            lines_left: limits.log_lines,
            lines: 0,
            dropped: 0,
            stdout: Vec::new(),
            stderr: Vec::new(),
            panic: None,
            empty_line: false,
            progress_sent: None,
            progress_held: None,
        })))
    }

    /// The same, from which the secrets of the attempt are taken out.
    pub(in crate::runtime) fn without_secrets(self, outside: Option<&Arc<Outside>>) -> Self {
        self.state().outside = outside.cloned();
        self
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A message through the contract's `log`. Its line ends make it several lines.
    pub(in crate::runtime) fn log(&self, level: LogLevel, message: &str) {
        let mut state = self.state();
        if message.is_empty() {
            state.line(level, LogStream::Log, "");
        }
        let mut rest = message;
        while !rest.is_empty() {
            // A call can bring as many lines as bytes: those that nobody will see are only counted.
            if state.lines_left == 0 {
                state.dropped += count_lines(rest);
                return;
            }
            let (line, behind) = rest.split_once('\n').unwrap_or((rest, ""));
            state.line(level, LogStream::Log, line.strip_suffix('\r').unwrap_or(line));
            rest = behind;
        }
    }

    /// Bytes written to standard output or error.
    pub(in crate::runtime) fn write(&self, stream: LogStream, bytes: &[u8]) {
        self.state().write(stream, bytes);
    }

    /// How far the step is.
    pub(in crate::runtime) fn progress(&self, done: u64, total: Option<u64>, message: &str) {
        let mut state = self.state();
        let message = state.redacted(message);
        let message = visible(cut(&message, MAX_PROGRESS)).into_owned();
        state.progress(Progress { done, total, message });
    }

    /// Passes on what was held back, and says in the log itself what is not in it. To be called when the guest has ended.
    pub(in crate::runtime) fn finish(&self) {
        let mut state = self.state();
        state.end_line(LogStream::Stdout);
        state.end_line(LogStream::Stderr);
        state.pass_empty_line();
        state.report_dropped();
        if let Some(held) = state.progress_held.take() {
            state.sink().progress(held);
        }
    }

    /// How many lines were written, and how many more there was no room for.
    pub(in crate::runtime) fn counts(&self) -> (u64, u64) {
        let state = self.state();
        (state.lines, state.dropped)
    }

    /// What the guest's standard library wrote about a panic.
    pub(in crate::runtime) fn panic(&self) -> Option<String> {
        self.state().panic.clone()
    }
}

impl State {
    fn sink(&mut self) -> &dyn LogSink {
        if let Some(item) = self.item.take() {
            self.sink = self.sink.clone().of_item(item);
        }
        self.sink.as_ref()
    }

    fn redacted<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.outside.as_ref().map_or(Cow::Borrowed(text), |outside| outside.redactor.apply(text))
    }

    fn line(&mut self, level: LogLevel, stream: LogStream, line: &str) {
        let line = self.redacted(line);
        let mut rest = line.as_ref();
        loop {
            let piece = cut(rest, MAX_LINE);
            self.piece(level, stream, piece);
            rest = &rest[piece.len()..];
            if rest.is_empty() {
                return;
            }
        }
    }

    fn piece(&mut self, level: LogLevel, stream: LogStream, text: &str) {
        self.pass_empty_line();
        // What is shown counts: it can take several times as much as what was written.
        let shown = visible(text);
        let bytes = shown.len() as u64;
        if self.lines_left == 0 || bytes > self.bytes_left {
            // A log with holes would mislead: behind the first dropped line there is nothing.
            self.lines_left = 0;
            self.dropped += 1;
            return;
        }
        self.lines_left -= 1;
        self.bytes_left -= bytes;
        self.lines += 1;
        self.sink().line(LogLine { at: Timestamp::now(), level, stream, text: shown.into_owned() });
    }

    /// A line of the host's own, after the last one that there was room for.
    fn report_dropped(&mut self) {
        let (bytes, lines) = self.limits;
        let text = match self.dropped {
            0 => return,
            1 => "1 more line was dropped".to_owned(),
            dropped => format!("{dropped} more lines were dropped"),
        };
        let text = format!("{text}: the log of an attempt has room for {lines} lines and {bytes} bytes");
        self.sink().line(LogLine { at: Timestamp::now(), level: LogLevel::Warn, stream: LogStream::Log, text });
    }

    fn write(&mut self, stream: LogStream, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|b| *b == b'\n') {
            self.hold(stream, &rest[..end]);
            self.end_held(stream);
            rest = &rest[end + 1..];
        }
        self.hold(stream, rest);
    }

    fn held(&mut self, stream: LogStream) -> &mut Vec<u8> {
        if stream == LogStream::Stdout { &mut self.stdout } else { &mut self.stderr }
    }

    fn hold(&mut self, stream: LogStream, mut bytes: &[u8]) {
        loop {
            let held = self.held(stream);
            let room = MAX_LINE - held.len();
            if bytes.len() <= room {
                held.extend_from_slice(bytes);
                return;
            }
            held.extend_from_slice(&bytes[..room]);
            bytes = &bytes[room..];
            self.end_held(stream);
        }
    }

    fn end_line(&mut self, stream: LogStream) {
        if !self.held(stream).is_empty() {
            self.end_held(stream);
        }
    }

    fn end_held(&mut self, stream: LogStream) {
        let bytes = mem::take(self.held(stream));
        let text = String::from_utf8_lossy(&bytes);
        let text = self.redacted(text.strip_suffix('\r').unwrap_or(&text));
        let text = text.as_ref();
        let level = if stream == LogStream::Stderr { LogLevel::Warn } else { LogLevel::Info };
        if stream == LogStream::Stdout {
            self.piece(level, stream, text);
        } else {
            self.watch_for_panic(text);
            self.error_line(text);
        }
        *self.held(stream) = bytes;
        self.held(stream).clear();
    }

    /// A line of standard error, without what Rust puts around the message of a panic and says nothing.
    fn error_line(&mut self, text: &str) {
        if self.panic.is_some() && text == BACKTRACE_NOTE {
            return;
        }
        if is_panic(text) {
            self.empty_line = false;
        }
        if text.is_empty() {
            self.pass_empty_line();
            self.empty_line = true;
        } else {
            self.piece(LogLevel::Warn, LogStream::Stderr, text);
        }
    }

    fn pass_empty_line(&mut self) {
        if mem::take(&mut self.empty_line) {
            self.piece(LogLevel::Warn, LogStream::Stderr, "");
        }
    }

    /// Keeps the message of a panic, also where the log has no room for it.
    fn watch_for_panic(&mut self, line: &str) {
        if is_panic(line) || line.starts_with("memory allocation of ") {
            self.panic = Some(String::new());
        }
        let Some(panic) = &mut self.panic else { return };
        if line.starts_with("note: ") || line.is_empty() || panic.len() + line.len() > MAX_MESSAGE {
            return;
        }
        if !panic.is_empty() {
            panic.push('\n');
        }
        panic.push_str(&visible(line));
    }

    fn progress(&mut self, progress: Progress) {
        let now = Instant::now();
        if self.progress_sent.is_some_and(|sent| now.duration_since(sent) < PROGRESS_INTERVAL) {
            self.progress_held = Some(progress);
            return;
        }
        self.progress_sent = Some(now);
        self.progress_held = None;
        self.sink().progress(progress);
    }
}

fn count_lines(text: &str) -> u64 {
    let ends = text.bytes().filter(|byte| *byte == b'\n').count();
    ends as u64 + u64::from(!text.ends_with('\n'))
}

/// Whether Rust's standard library begins to say that it panicked.
fn is_panic(line: &str) -> bool {
    line.contains(" panicked at ")
}

#[cfg(test)]
mod tests;
