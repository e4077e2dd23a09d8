//! The host of native tests: everything is in the memory of the thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::rc::Rc;

use super::{FileSink, FileSource, Host, RowSink, RowSource};
use crate::context::{Level, RunFacts, SecretError};
use crate::error::{Result, StepError};
use crate::file::FileInfo;
#[cfg(feature = "http")]
use crate::http::{HttpError, HttpErrorKind, Request, Response};
use crate::testing::{LogLine, Progress};

thread_local! {
    /// Tests run on threads of their own, so they do not meet here.
    pub(crate) static MEMORY: Memory = Memory::default();
}

/// What this thread's steps have been given and have left behind.
#[derive(Default)]
pub(crate) struct Memory {
    /// Files outlive a call, so that one step's output can be the next one's input.
    files: RefCell<HashMap<String, Rc<[u8]>>>,
    /// The call that is going on; none while a step is called as a plain function.
    call: RefCell<Option<Call>>,
}

/// Answers requests in a test.
#[cfg(feature = "http")]
pub(crate) type HttpAnswer = Box<dyn FnMut(&Request) -> Response>;

/// What a call has been given and leaves behind.
#[derive(Default)]
pub(crate) struct Call {
    pub(crate) logs: Vec<LogLine>,
    pub(crate) progress: Vec<Progress>,
    pub(crate) cancelled: bool,
    pub(crate) facts: Option<RunFacts>,
    pub(crate) secrets: HashMap<String, Option<String>>,
    /// What answers requests.
    #[cfg(feature = "http")]
    pub(crate) http: Option<HttpAnswer>,
    /// Taken by who writes the output.
    pub(crate) rows: Option<Rc<RefCell<Vec<u8>>>>,
}

impl Memory {
    /// Makes `call` the one that is going on, and gives back the one that was.
    pub(crate) fn swap_call(&self, call: Option<Call>) -> Option<Call> {
        self.call.replace(call)
    }

    fn in_call<R: Default>(&self, look: impl FnOnce(&mut Call) -> R) -> R {
        self.call.borrow_mut().as_mut().map(look).unwrap_or_default()
    }
}

#[cfg(feature = "http")]
impl Memory {
    /// What the test answers to a request.
    pub(crate) fn exchange(&self, request: &Request) -> Result<Response, HttpError> {
        // Taken out while it answers, since it may call steps itself.
        let answer = self.in_call(|call| call.http.take());
        let Some(mut answer) = answer else {
            let message = "nothing is sent in a native test: say what is answered, with `testing::call(..).http(..)`";
            return Err(HttpError::new(HttpErrorKind::Denied, message));
        };
        let response = answer(request);
        self.in_call(|call| call.http = Some(answer));
        Ok(response)
    }
}

impl Host for Memory {
    fn log(&self, level: Level, message: &str) {
        eprintln!("{level:?}: {message}");
        self.in_call(|call| call.logs.push(LogLine { level, message: message.to_owned() }));
    }

    fn progress(&self, done: u64, total: Option<u64>, message: &str) {
        self.in_call(|call| call.progress.push(Progress { done, total, message: message.to_owned() }));
    }

    fn cancelled(&self) -> bool {
        self.in_call(|call| call.cancelled)
    }

    fn run_facts(&self) -> Option<RunFacts> {
        self.in_call(|call| call.facts.clone())
    }

    fn secret(&self, name: &str) -> Result<String, SecretError> {
        match self.in_call(|call| call.secrets.get(name).cloned()) {
            None => Err(SecretError::NotGranted),
            Some(None) => Err(SecretError::NotSet),
            Some(Some(value)) => Ok(value),
        }
    }

    fn output_rows(&self) -> Result<Box<dyn RowSink>> {
        match self.in_call(|call| call.rows.take()) {
            Some(rows) => Ok(Box::new(rows)),
            None => Err(StepError::permanent("the step's output is not a stream, or its writer was taken before")),
        }
    }

    fn open_file(&self, info: &FileInfo) -> io::Result<Box<dyn FileSource>> {
        match self.files.borrow().get(&info.hash) {
            Some(content) => Ok(Box::new(Opened { content: Rc::clone(content), read: 0 })),
            None => Err(super::not_an_input(info)),
        }
    }

    fn create_file(&self, name: &str, media_type: &str) -> io::Result<Box<dyn FileSink>> {
        for (what, text) in [("name", name), ("media type", media_type)] {
            let slash = what == "name" && text.contains(['/', '\\']);
            if text.is_empty() || slash || text.len() > 255 || text.chars().any(char::is_control) {
                let message = format!("`{}` is no {what} of a file", text.escape_debug());
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
        }
        let (name, media_type) = (name.to_owned(), media_type.to_owned());
        Ok(Box::new(Created { name, media_type, content: Vec::new() }))
    }
}

/// Writes into what the call's result will look at.
impl RowSink for Rc<RefCell<Vec<u8>>> {
    fn write(&mut self, rows: &[u8]) -> Result<()> {
        self.borrow_mut().extend_from_slice(rows);
        Ok(())
    }
}

/// Batches of encoded items.
impl RowSource for std::vec::IntoIter<Vec<u8>> {
    fn next(&mut self) -> Option<Vec<u8>> {
        Iterator::next(self)
    }
}

struct Opened {
    content: Rc<[u8]>,
    read: usize,
}

impl FileSource for Opened {
    fn read(&mut self, length: u32) -> Vec<u8> {
        let rest = &self.content[self.read..];
        let chunk = rest[..rest.len().min(length as usize)].to_vec();
        self.read += chunk.len();
        chunk
    }
}

struct Created {
    name: String,
    media_type: String,
    content: Vec<u8>,
}

impl FileSink for Created {
    fn write(&mut self, bytes: &[u8]) {
        self.content.extend_from_slice(bytes);
    }

    fn finish(self: Box<Self>) -> FileInfo {
        let Self { name, media_type, content } = *self;
        let (hash, size) = (hash(&content), content.len() as u64);
        MEMORY.with(|memory| memory.files.borrow_mut().insert(hash.clone(), content.into()));
        FileInfo { name, media_type, size, hash }
    }
}

/// Looks like the host's hashes, and tells the files of a test apart. It is nothing more.
fn hash(content: &[u8]) -> String {
    let quarter = |seed: u8| {
        let mut hasher = DefaultHasher::new();
        (seed, content).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    };
    (0..4).map(quarter).collect()
}
