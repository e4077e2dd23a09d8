//! `dev`: runs a pipeline, and again whenever its text, a module or a step crate of it changes.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::run;
use crate::{
    cli::{
        args::{DevArgs, RunArgs},
        exit::{CliError, Exit},
        interrupts::Interrupts,
        output::note,
        settings::Settings,
    },
    definition::toml,
};

/// How often files are looked at.
const POLL: Duration = Duration::from_millis(200);
/// How long a run may take to end when it is interrupted.
const GRACE: Duration = Duration::from_secs(10);
/// What `stepmill new` calls the pipeline of a crate.
const PIPELINE: &str = "pipeline.toml";
/// The most files that are watched.
const MAX_FILES: usize = 50_000;

pub(super) async fn dev(settings: &Settings, args: DevArgs) -> Result<Exit, CliError> {
    let pipeline = if args.path.is_dir() { args.path.join(PIPELINE) } else { args.path };
    if !pipeline.is_file() {
        let error = CliError::bad_input(format!("there is no pipeline `{}`", pipeline.display()));
        return Err(error.help("name a pipeline, or the folder of a step crate that has a `pipeline.toml`"));
    }
    let run = RunArgs { pipeline, params: args.params, options: args.options, report: args.report };
    // What the runs themselves write is no change.
    let own = [Some(settings.data_dir.clone()), run.report.out.clone()];
    let mut watched = Watched::of(&run, own.into_iter().flatten().collect());
    // One for all of it: once somebody listens to a signal, it does nothing by itself any more.
    let mut interrupts = Interrupts::take()?;
    loop {
        // Before it is built: what changes meanwhile counts as changed.
        watched.update(&run);
        let before = watched.look();
        let mut running = std::pin::pin!(run::run(settings, run.clone()));
        let ran = tokio::select! {
            ran = &mut running => ran,
            // A run that goes on listens too, and ends as cancelled.
            () = interrupts.next() => {
                let _ = tokio::time::timeout(GRACE, running).await;
                return Ok(Exit::Interrupted);
            }
        };
        match ran {
            Ok(_) => {}
            Err(error) => {
                let text = error.render(settings.stderr.color, settings.width);
                let _ = std::io::stderr().lock().write_all(text.as_bytes());
            }
        }
        // Building may have written into the folders: a lock file, for one.
        note(&format!("\nwatching {}; Ctrl-C ends", watched.words()));
        tokio::select! {
            () = watched.changed(before) => {}
            () = interrupts.next() => return Ok(Exit::Interrupted),
        }
        note("changed, running again\n");
    }
}

/// What a run is made of, on disk.
struct Watched {
    files: Vec<PathBuf>,
    /// What is not looked at, although it may be among them.
    own: Vec<PathBuf>,
}

/// The files, each with its size and the time of its last change.
type Seen = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

impl Watched {
    fn of(args: &RunArgs, own: Vec<PathBuf>) -> Self {
        let mut watched = Self { files: vec![args.pipeline.clone()], own };
        watched.update(args);
        watched
    }

    /// What the pipeline says now. One that cannot be read leaves it as it was.
    fn update(&mut self, args: &RunArgs) {
        let Ok(pipeline) = toml::load(&args.pipeline) else { return };
        let modules = pipeline.modules.iter().map(|module| module.path.value.clone());
        // A parameter that is a file is as good as the pipeline's own text.
        let params =
            args.params.iter().filter_map(|param| param.split_once('=')).map(|(_, value)| PathBuf::from(value));
        let params = params.filter(|path| path.is_file());
        self.files = std::iter::once(args.pipeline.clone()).chain(modules).chain(params).collect();
    }

    fn words(&self) -> String {
        self.files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
    }

    fn look(&self) -> Seen {
        let mut seen = Seen::new();
        let own: Vec<_> = self.own.iter().filter_map(|path| path.canonicalize().ok()).collect();
        self.files.iter().for_each(|path| look_at(path, &own, &mut seen));
        seen
    }

    /// Ends when something is not what it was, and has stayed so for one look.
    async fn changed(&self, before: Seen) {
        let mut last = before.clone();
        loop {
            tokio::time::sleep(POLL).await;
            let now = self.look();
            if now != before && now == last {
                return;
            }
            last = now;
        }
    }
}

/// A file, or those of a folder that somebody writes: not what is built, downloaded or hidden.
fn look_at(path: &Path, own: &[PathBuf], seen: &mut Seen) {
    let Ok(metadata) = fs::symlink_metadata(path) else { return };
    if !metadata.is_dir() {
        if seen.len() < MAX_FILES {
            seen.insert(path.to_owned(), (metadata.len(), metadata.modified().ok()));
        }
        return;
    }
    if path.canonicalize().is_ok_and(|path| own.contains(&path)) {
        return;
    }
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with('.') && !matches!(name.as_ref(), "target" | "node_modules" | "Cargo.lock") {
            look_at(&entry.path(), own, seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_writes_is_watched_and_what_is_built_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("src/lib.rs", "1");
        write("Cargo.toml", "1");
        let watched = Watched { files: vec![dir.path().to_owned()], own: vec![dir.path().join("data")] };
        let before = watched.look();
        assert_eq!(before.len(), 2);
        for built in ["target/x", "data/x", ".git/x", ".stepmill/x", "Cargo.lock"] {
            write(built, "1");
        }
        assert_eq!(watched.look(), before);
        write("src/lib.rs", "12");
        assert_ne!(watched.look(), before);
        let before = watched.look();
        fs::remove_file(dir.path().join("Cargo.toml")).unwrap();
        assert_ne!(watched.look(), before);
    }
}
