//! What the end-to-end tests and benchmarks share: the real binary, in a folder of its own.

pub mod description;
pub mod history;
pub mod server;
pub mod strace;
pub mod webhook;
pub mod witness;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::OnceLock,
};

use serde_json::Value as Json;
use tempfile::TempDir;

/// A folder for one test, with the real binary to run in it. Removed when dropped.
pub struct Bench {
    dir: TempDir,
}

/// What a command left behind.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
}

impl Ran {
    /// Waits for a started command.
    ///
    /// # Panics
    /// If its outputs cannot be read.
    #[must_use]
    pub fn of(child: Child) -> Self {
        Self::new(child.wait_with_output().expect("outputs"))
    }

    fn new(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Asserts the exit code, and shows everything if it is another.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that the complaint has all of these in it.
    #[track_caller]
    pub fn complains(&self, parts: &[&str]) -> &Self {
        for part in parts {
            assert!(self.stderr.contains(part), "no `{part}` in:\n{}", self.stderr);
        }
        self
    }

    /// What it printed, as JSON.
    #[track_caller]
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr))
    }
}

impl Default for Bench {
    fn default() -> Self {
        Self::new()
    }
}

impl Bench {
    /// An empty folder.
    ///
    /// # Panics
    /// If there is no room for one.
    #[must_use]
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary folder") }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Where the binary keeps its data.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Writes a file, with its folders, and gives its path.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).expect("a folder");
        }
        fs::write(&path, content).expect("a file");
        path
    }

    /// Writes a pipeline of the behaviours guest; `steps` is what follows its `[modules]`. The guest is compiled in the
    /// data directory already.
    pub fn pipeline(&self, steps: &str) -> PathBuf {
        self.warm();
        self.write("pipeline.toml", pipeline_text("", steps))
    }

    /// The same, with the step whose output is the run's.
    pub fn pipeline_returning(&self, output: &str, steps: &str) -> PathBuf {
        self.warm();
        self.write("pipeline.toml", pipeline_text(&format!("output = \"{output}\"\n"), steps))
    }

    /// Gives this bench a data directory in which nothing has run, but the behaviours guest is compiled.
    pub fn warm(&self) {
        static TEMPLATE: OnceLock<Bench> = OnceLock::new();
        if self.data().exists() {
            return;
        }
        let template = TEMPLATE.get_or_init(|| {
            let template = Bench::new();
            fs::create_dir(template.data()).expect("a folder");
            let path = template.write("pipeline.toml", pipeline_text("", "[steps.it]\nuse = \"b/noop\"\n"));
            template.run(&["check", path.to_str().expect("UTF-8")]).expect(0);
            template
        });
        self.copy_data(template);
    }

    /// Gives this bench a copy of another one's data directory, which nobody may be using.
    ///
    /// # Panics
    /// If it has one already, or there is no room for it.
    pub fn copy_data(&self, of: &Self) {
        copy_folder(&of.data(), &self.data());
    }

    /// The binary with these arguments, in this folder, with an empty environment but for what a process needs.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(stepmill());
        command.args(args).current_dir(self.path()).stdin(Stdio::null());
        command.env("STEPMILL_DATA", self.data()).env("NO_COLOR", "1").env_remove("RUST_LOG");
        command
    }

    /// Starts the binary with its outputs as pipes, but it begins only when its standard input is closed: until then it is a
    /// process that can be attached to.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn start_held(&self, args: &[&str]) -> Child {
        let mut command = Command::new("sh");
        command.args(["-c", "read -r go; exec \"$0\" \"$@\""]).arg(stepmill()).args(args).current_dir(self.path());
        command.env("STEPMILL_DATA", self.data()).env("NO_COLOR", "1").env_remove("RUST_LOG");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a shell starts")
    }

    /// Runs the binary to its end.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::new(self.command(args).output().expect("the binary starts"))
    }

    /// Starts the binary with its outputs as pipes.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn start(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts")
    }
}

/// A pipeline of the behaviours guest, known as `b`: keys of the pipeline itself, then what follows its `[modules]`.
#[must_use]
pub fn pipeline_text(keys: &str, steps: &str) -> String {
    let module = Json::from(guest("behaviours").to_string_lossy().into_owned());
    format!("name = \"test\"\n{keys}[modules]\nb = {{ path = {module} }}\n{steps}")
}

/// Copies a folder with all that is in it.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let copy = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_folder(&path, &copy);
        } else {
            fs::copy(&path, &copy).expect("a copy");
        }
    }
}

/// The repository's root.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The binary that `just build` made.
///
/// # Panics
/// If it has not been built.
#[must_use]
pub fn stepmill() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let binary = test.ancestors().nth(2).expect("target/debug").join("stepmill");
    assert!(binary.exists(), "{} is missing: run `just build`", binary.display());
    binary
}

/// A component that `just guests` made.
///
/// # Panics
/// If it has not been built.
#[must_use]
pub fn guest(name: &str) -> PathBuf {
    let path = root().join("target/guests/components").join(format!("{name}.wasm"));
    assert!(path.exists(), "{} is missing: run `just guests`", path.display());
    path
}
