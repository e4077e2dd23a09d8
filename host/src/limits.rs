//! Every limit of a sandbox, in one place with its default.

use std::time::Duration;

use serde::{Deserialize, Serialize};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// The most that one condition may read, in bytes of all values together.
pub const MAX_CONDITION_READS: usize = MIB as usize;

/// The largest file that is shown in a browser, in bytes; larger ones are downloaded.
pub const MAX_PREVIEW: u64 = 16 * MIB;

/// Requests of one client in progress at once that change something: of one token, or without one of one address.
pub const MAX_CHANGES: usize = 256;

/// How often a host may die without a new result of a run in between, until the run continues one attempt at a time.
pub const CRASHES_BEFORE_CARE: u32 = 2;

/// How often a host may die while a step's attempt is all that runs on it, until the step fails.
pub const LOSSES_ALONE: u32 = 3;

/// How long the wall clock has to keep step with the monotonic one, until it is believed how long nothing was running.
pub const STEADY_CLOCK: Duration = Duration::from_secs(3600);

/// How long one condition may be evaluated, in milliseconds.
pub const CONDITION_MS: u64 = 1_000;

/// What one attempt at a step may use. Sizes are in bytes.
///
/// Only what a pipeline may change is public under a name of the file format (`limits` and `timeout` of a step);
/// the rest guards the host and is the same for all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// All linear memories of the instance together. `limits.memory`
    pub memory: u64,
    /// The MessagePack value that the step returns, and each item of a stream. `limits.output`
    pub output: u64,
    /// Everything that the step writes to streams and files. `limits.storage`
    pub storage: u64,
    /// Time on the processor, in milliseconds. `limits.cpu`
    pub cpu_ms: u64,
    /// Time on the wall clock, in milliseconds. `timeout`
    pub wall_ms: u64,
    /// Text in the log.
    pub log_bytes: u64,
    /// Lines in the log.
    pub log_lines: u64,
    /// Files that the step creates.
    pub files: u32,
    /// Elements of all tables together.
    pub table_elements: u64,
    /// Core instances in the component.
    pub instances: u32,
    /// Tables in the component.
    pub tables: u32,
    /// Linear memories in the component.
    pub memories: u32,
    /// Resource handles that the guest holds at once.
    pub handles: u32,
    /// Random bytes in one request.
    pub random_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 256 * MIB,
            output: 64 * MIB,
            storage: 16 * GIB,
            cpu_ms: 60_000,
            wall_ms: 300_000,
            log_bytes: MIB,
            log_lines: 10_000,
            files: 1_000,
            table_elements: 100_000,
            instances: 64,
            tables: 32,
            memories: 16,
            handles: 1_024,
            random_bytes: MIB,
        }
    }
}

impl Limits {
    /// The most that a pipeline may ask for.
    pub const CEILING: Ceiling = Ceiling {
        memory: 4 * GIB - 64 * KIB,
        output: GIB,
        storage: 1024 * GIB,
        cpu: Duration::from_secs(24 * 3600),
        wall: Duration::from_secs(7 * 24 * 3600),
    };

    /// The limits for asking a module to describe itself.
    #[must_use]
    pub fn describe() -> Self {
        Self { memory: 64 * MIB, output: MIB, storage: 0, cpu_ms: 1_000, wall_ms: 2_000, files: 0, ..Self::default() }
    }

    /// How much the host may copy out of the guest in one call: the largest output, and room for names and messages.
    #[must_use]
    pub fn hostcall_bytes(&self) -> usize {
        usize::try_from(self.output.saturating_add(64 * KIB)).unwrap_or(usize::MAX)
    }
}

/// The most that a pipeline may ask for; see [`Limits::CEILING`].
#[derive(Debug, Clone, Copy)]
pub struct Ceiling {
    /// See [`Limits::memory`].
    pub memory: u64,
    /// See [`Limits::output`].
    pub output: u64,
    /// See [`Limits::storage`].
    pub storage: u64,
    /// See [`Limits::cpu_ms`].
    pub cpu: Duration,
    /// See [`Limits::wall_ms`].
    pub wall: Duration,
}

/// The most connections that the server holds at once; more wait.
pub const MAX_CONNECTIONS: usize = 1_024;
/// The largest head of a request, in bytes.
pub const MAX_REQUEST_HEAD: usize = 64 * KIB as usize;
/// The largest JSON document in a request, in bytes.
pub const MAX_REQUEST_JSON: usize = 2 * MIB as usize;
/// How long the body of a request that is read whole may take.
pub const REQUEST_BODY: Duration = Duration::from_secs(60);
/// The largest file that may be sent ahead of a run, in bytes.
pub const MAX_UPLOAD: u64 = 16 * GIB;
/// The most files that wait for their runs.
pub const MAX_UPLOADS: usize = 1_000;
/// How long the body of a file may take.
pub const UPLOAD_BODY: Duration = Duration::from_secs(3600);
/// The most runs that are active or wait; more are not accepted.
pub const MAX_QUEUED_RUNS: usize = 20_000;
/// The most requests of a step that are on their way at once; more wait.
pub const MAX_NET_REQUESTS: usize = 8;
/// The bodies of all requests and responses of an attempt together, in bytes.
pub const MAX_NET_BYTES: u64 = GIB;
/// The largest head of a response to a step, in bytes.
pub const MAX_NET_HEAD: usize = 64 * KIB as usize;
/// The largest set of header fields that a step holds, in bytes.
pub const MAX_NET_FIELDS: usize = 64 * KIB as usize;
/// The most addresses of one name that are tried.
pub const MAX_NET_ADDRESSES: usize = 16;
/// The longest time until a step's request is connected.
pub const NET_CONNECT: Duration = Duration::from_secs(10);
/// The longest time until the head of a response is there.
pub const NET_FIRST_BYTE: Duration = Duration::from_secs(120);
/// The longest time between two pieces of a response.
pub const NET_IDLE: Duration = Duration::from_secs(30);
/// The longest secret, in bytes.
pub const MAX_SECRET: usize = 64 * KIB as usize;
/// The largest module that is accepted, in bytes.
pub const MAX_MODULE: u64 = 32 * MIB;
/// The most steps that a module may list.
pub const MAX_STEPS_PER_MODULE: usize = 1_000;
/// The most parameters that a step may list.
pub const MAX_PARAMETERS: usize = 256;
/// The longest schema or description that a module may give, in bytes.
pub const MAX_DESCRIPTION: usize = 64 * KIB as usize;
/// The deepest nesting of a MessagePack value.
pub const MAX_VALUE_DEPTH: usize = 64;
/// The longest error message kept from a guest, in bytes; the rest is cut off.
pub const MAX_MESSAGE: usize = 4 * KIB as usize;
/// The most causes kept from a guest's error.
pub const MAX_CAUSES: usize = 16;
/// The longest failure, its message and all causes together, in bytes; the rest is cut off.
pub const MAX_FAILURE: usize = 16 * KIB as usize;
/// The most bytes of all files that wait for their runs, and of those that are being sent.
pub const MAX_UPLOADED: u64 = 64 * GIB;
/// The most requests of a trigger or token that are remembered although their runs are gone, or they started none.
pub const MAX_FORGETTABLE_REQUESTS: u64 = 10_000;
/// The most rows of the audit log; the oldest go.
pub const MAX_AUDIT: i64 = 100_000;
/// The longest detail of a row of the audit log, in bytes; a longer one is left out.
pub const MAX_AUDIT_DETAIL: usize = 16 * KIB as usize;
/// The most revisions of a pipeline; the oldest go.
pub const MAX_REVISIONS: u32 = 100;
/// The most pipelines, while some of them are removed: of these, the one that was deployed longest ago goes.
pub const MAX_PIPELINES: u64 = 10_000;
/// The most triggers of a pipeline that are remembered, while some of them are deployed no more.
pub const MAX_REMEMBERED_TRIGGERS: u64 = 2 * MAX_TRIGGERS as u64;
/// The most versions of a module, while some of them are neither active nor used by a deployed pipeline.
pub const MAX_MODULE_VERSIONS: usize = 100;
/// The most modules whose machine code is remembered.
pub const MAX_ARTIFACTS: i64 = 10_000;
/// The most engines for which the machine code of one module is remembered.
pub const MAX_ENGINES: i64 = 2;
/// The most tokens, those that are not valid any more included; of these, the oldest go.
pub const MAX_TOKENS: u64 = 10_000;
/// The most browsers that are logged in with one token, and its most login links; the oldest go.
pub const MAX_SESSIONS: u64 = 100;
/// The most values of a secret that are valid at once.
pub const MAX_SECRET_VERSIONS: u32 = 10;
/// Outputs up to this size are kept inside the journal; larger ones become files.
pub const INLINE_OUTPUT: usize = 64 * KIB as usize;
/// The size at which a frame of a stored stream or file is closed.
pub const FRAME: usize = MIB as usize;
/// The most steps in a pipeline.
pub const MAX_PIPELINE_STEPS: usize = 100_000;
/// The largest pipeline file, in bytes.
pub const MAX_PIPELINE_FILE: u64 = 64 * MIB;
/// The longest wait between two attempts, in milliseconds.
pub const MAX_RETRY_WAIT_MS: u64 = 24 * 3600 * 1000;
/// The most items of a `for_each` step.
pub const MAX_ITEMS: u64 = 10_000_000;
/// The most bytes of an output that a condition reads from, decoded or not.
pub const MAX_CONDITION_OUTPUT: u64 = 16 * MIB;
/// The most triggers of a pipeline.
pub const MAX_TRIGGERS: usize = 1_000;
/// The shortest interval of a trigger, in milliseconds.
pub const MIN_INTERVAL_MS: u64 = 1_000;
/// The longest interval of a trigger, in milliseconds.
pub const MAX_INTERVAL_MS: u64 = 366 * 24 * 3600 * 1000;
/// The longest time that a file may have to stay as it is, in milliseconds.
pub const MAX_SETTLE_MS: u64 = 3600 * 1000;
/// How long that is unless a trigger says so, in milliseconds.
pub const SETTLE_MS: u64 = 2_000;
/// The largest body of a webhook unless its trigger says so, in bytes.
pub const WEBHOOK_BODY: u64 = MIB;
/// The largest body that a webhook may take, in bytes.
pub const MAX_WEBHOOK_BODY: u64 = 64 * MIB;
/// The longest cron expression, in bytes.
pub const MAX_CRON: usize = KIB as usize;
/// The most missed times of a schedule that runs start for.
pub const MAX_CATCH_UP: u64 = 100;
/// How late a time may be before it counts as missed, in milliseconds.
pub const CATCH_UP_LATE_MS: i64 = 60_000;
/// How far a webhook's timestamp may be from now, either way, in seconds.
pub const WEBHOOK_TOLERANCE_S: i64 = 300;
/// The longest id of a webhook's request, in bytes.
pub const MAX_WEBHOOK_ID: usize = 256;
/// The most signatures of a request that are looked at.
pub const MAX_WEBHOOK_SIGNATURES: usize = 16;
/// The most files of a folder that a trigger remembers; others are offered again, and found to be duplicates.
pub const MAX_REMEMBERED_FILES: usize = 100_000;
/// The most files that a trigger offers before it looks at their folder again.
pub const MAX_READY_FILES: usize = 1_000;
