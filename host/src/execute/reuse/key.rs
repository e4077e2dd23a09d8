//! From a job to the keys that its results are found by: everything that a pure guest can observe, and nothing else.
//!
//! A key must change with whatever may change the result; a key that changes for less only costs a computation. So
//! time limits and the room for logs are left out: a guest that succeeds has not noticed them.

use std::fmt::Write;

use crate::{
    event::KeyPart,
    execute::ports::{Argument, ArgumentData, AttemptJob},
    ids::ContentHash,
    limits::Limits,
    module::Form,
    output::{OutputRef, Place, hash},
    value::{
        items::batch_items,
        json,
        path::{Segment, ValuePath},
        select::select,
    },
};

/// Sets keys apart from all other hashes. The number is raised when the host changes what a pure guest sees.
const KEY: &str = "stepmill 2026-11 key of a pure step's result, version 1";
/// The contract between host and guest.
const ABI: &str = "0.1.0";
/// The longest value that stands in a [`KeyPart`] itself, in bytes of JSON.
const SHOWN: usize = 64;

/// What the keys of a job's results are made of.
#[derive(Debug, Clone)]
pub struct JobKey {
    /// All but the item.
    base: [u8; 32],
    parts: Vec<KeyPart>,
    /// The parts of the item that the guest is given.
    of_item: Vec<ValuePath>,
}

impl JobKey {
    /// Looks at a job. Reads no more than what the job itself holds.
    #[must_use]
    pub fn of(job: &AttemptJob) -> Self {
        let mut base = Base::new();
        base.part("module", &job.module.0, || job.module.to_string());
        base.part("step", job.function.as_str().as_bytes(), || job.function.to_string());
        base.part("abi", ABI.as_bytes(), || ABI.to_owned());
        base.part("output", &[form_tag(job.output)], || form_word(job.output).to_owned());
        base.limits(&job.limits);
        for argument in &job.arguments {
            base.argument(argument);
        }
        let of_item = job.arguments.iter().filter_map(|argument| match &argument.data {
            ArgumentData::Item { path } => Some(path.clone()),
            ArgumentData::Value(_) | ArgumentData::Output { .. } => None,
        });
        Self { base: base.hasher.finalize().into(), parts: base.parts, of_item: of_item.collect() }
    }

    /// The key of the result of a step without `for_each`.
    #[must_use]
    pub fn whole(&self) -> ContentHash {
        ContentHash(*blake3::keyed_hash(&self.base, b"whole").as_bytes())
    }

    /// The key of the result for one item.
    #[must_use]
    pub fn of_item(&self, item: &[u8]) -> ContentHash {
        let mut hasher = blake3::Hasher::new_keyed(&self.base);
        hasher.update(b"item");
        for path in &self.of_item {
            // A path that leads nowhere fails the attempt, and failures are not kept: any key will do.
            let (tag, part) = select(item, path).map_or((0, item), |part| (1, part));
            hasher.update(&[tag]).update(&hash::bytes(part).0);
        }
        ContentHash(*hasher.finalize().as_bytes())
    }

    /// What went in, the item aside.
    #[must_use]
    pub fn parts(&self) -> &[KeyPart] {
        &self.parts
    }
}

/// Hashes one part after the other, and names them.
struct Base {
    hasher: blake3::Hasher,
    parts: Vec<KeyPart>,
}

impl Base {
    fn new() -> Self {
        Self { hasher: blake3::Hasher::new_derive_key(KEY), parts: Vec::new() }
    }

    /// Adds bytes under a name, so that no two lists of parts are the same bytes.
    fn part(&mut self, name: &str, bytes: &[u8], shown: impl FnOnce() -> String) {
        self.hash(name.as_bytes());
        self.hash(bytes);
        self.parts.push(KeyPart { name: name.to_owned(), value: shown() });
    }

    fn hash(&mut self, bytes: &[u8]) {
        self.hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    }

    /// What a guest may notice without failing: a refused allocation, a stream or file that ends early.
    fn limits(&mut self, limits: &Limits) {
        let Limits { memory, output, storage, .. } = limits;
        for (name, value) in [("limits.memory", memory), ("limits.output", output), ("limits.storage", storage)] {
            self.part(name, &value.to_le_bytes(), || value.to_string());
        }
        let fixed = fixed_limits(limits);
        self.part("limits.sandbox", &fixed, || shown_hash(&hash::bytes(&fixed)));
    }

    fn argument(&mut self, argument: &Argument) {
        let name = format!("{ARGUMENT}{}", argument.name);
        let seen = Seen::of(argument);
        let mut bytes = vec![form_tag(argument.form), seen.tag()];
        seen.write(&mut bytes);
        self.part(&name, &bytes, || match argument.form {
            Form::Value => seen.shown(),
            Form::Rows => format!("rows of {}", seen.shown()),
        });
    }
}

/// What the names of arguments' parts begin with.
pub(super) const ARGUMENT: &str = "argument.";
/// What stands before a hash in a part's value.
pub(super) const HASH: &str = "blake3:";

/// What identifies the bytes that the guest sees of an argument.
enum Seen<'a> {
    /// A value, by its bytes.
    Value { hash: ContentHash, bytes: Option<&'a [u8]> },
    /// A whole stream.
    Stream(ContentHash),
    /// A part of something that is too large to look into here.
    Part { of: &'a OutputRef, path: &'a ValuePath },
    /// A part of the item, whose bytes are added for each item.
    Item(&'a ValuePath),
}

impl<'a> Seen<'a> {
    fn of(argument: &'a Argument) -> Self {
        match &argument.data {
            ArgumentData::Value(bytes) => Self::bytes(bytes),
            ArgumentData::Item { path } => Self::Item(path),
            ArgumentData::Output { output, path } if path.is_empty() => match (output.form, &output.place) {
                (Form::Rows, _) => Self::Stream(output.hash),
                (Form::Value, Place::Inline(bytes)) => Self::Value { hash: output.hash, bytes: Some(bytes) },
                (Form::Value, Place::Blob) => Self::Value { hash: output.hash, bytes: None },
            },
            ArgumentData::Output { output, path } => {
                inline_part(output, path).map_or(Self::Part { of: output, path }, Self::bytes)
            }
        }
    }

    fn bytes(bytes: &'a [u8]) -> Self {
        Self::Value { hash: hash::bytes(bytes), bytes: Some(bytes) }
    }

    fn tag(&self) -> u8 {
        match self {
            Self::Value { .. } => 0,
            Self::Stream(_) => 1,
            Self::Part { .. } => 2,
            Self::Item(_) => 3,
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Value { hash, .. } | Self::Stream(hash) => out.extend_from_slice(&hash.0),
            Self::Part { of, path } => {
                out.push(form_tag(of.form));
                out.extend_from_slice(&of.hash.0);
                out.extend_from_slice(path.to_string().as_bytes());
            }
            Self::Item(path) => out.extend_from_slice(path.to_string().as_bytes()),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Value { hash, bytes } => bytes.and_then(short_json).unwrap_or_else(|| shown_hash(hash)),
            Self::Stream(hash) => shown_hash(hash),
            Self::Part { of, path } => format!("{}{path}", shown_hash(&of.hash)),
            Self::Item(path) => format!("item{path}"),
        }
    }
}

/// The part of an output that the job itself holds: then a change elsewhere in the output is no reason to compute.
fn inline_part<'a>(output: &'a OutputRef, path: &ValuePath) -> Option<&'a [u8]> {
    let Place::Inline(bytes) = &output.place else { return None };
    match (output.form, path.segments()) {
        (Form::Value, _) => select(bytes, path).ok(),
        (Form::Rows, [Segment::Index(index), rest @ ..]) => {
            let item = batch_items(bytes).nth(usize::try_from(*index).ok()?)?.ok()?;
            select(item, &ValuePath::new(rest.to_vec())).ok()
        }
        (Form::Rows, _) => None,
    }
}

/// The limits that no pipeline can change, but a later version may.
fn fixed_limits(limits: &Limits) -> Vec<u8> {
    let Limits { files, table_elements, instances, tables, memories, handles, random_bytes, .. } = limits;
    let small = [files, instances, tables, memories, handles].into_iter().flat_map(|limit| limit.to_le_bytes());
    let large = [table_elements, random_bytes].into_iter().flat_map(|limit| limit.to_le_bytes());
    small.chain(large).collect()
}

fn short_json(bytes: &[u8]) -> Option<String> {
    // JSON is hardly ever shorter than MessagePack, so that long values are not turned into text to no purpose.
    if bytes.len() > SHOWN {
        return None;
    }
    let text = json::to_json(bytes).ok()?.to_string();
    (text.len() <= SHOWN).then_some(text)
}

/// Half of a hash: enough to see that it is another one, and events are kept for years.
fn shown_hash(hash: &ContentHash) -> String {
    let mut text = HASH.to_owned();
    for byte in &hash.0[..16] {
        // Writing into a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn form_tag(form: Form) -> u8 {
    match form {
        Form::Value => 0,
        Form::Rows => 1,
    }
}

fn form_word(form: Form) -> &'static str {
    match form {
        Form::Value => "value",
        Form::Rows => "rows",
    }
}
