//! `verify`: reads everything that is kept and says what is not as it was written.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget};

use super::gc::storage_error;
use crate::{
    app::storage::{self, Finding, Listener, Verified},
    cli::{
        args::JsonArg,
        exit::{CliError, Exit},
        output::{print, print_json},
        render,
        settings::Settings,
    },
    dto::VerifyReport,
};

/// How many problems are named; all are counted.
const NAMED: usize = 1_000;
/// How often the line on the terminal changes.
const REDRAW: Duration = Duration::from_millis(100);

pub(super) async fn verify(settings: &Settings, args: JsonArg) -> Result<Exit, CliError> {
    let progress = Progress::new(settings.live);
    let (verified, progress) = storage::verify(&settings.data_dir, progress).await.map_err(storage_error)?;
    progress.bar.finish_and_clear();
    if args.json {
        print_json(&VerifyReport::new(&verified, &progress.findings))?;
    } else {
        print(&render::storage::verified(&verified, &progress.findings, settings.stdout))?;
    }
    Ok(if verified.findings == 0 { Exit::Success } else { Exit::HostFailed })
}

struct Progress {
    findings: Vec<Finding>,
    bar: ProgressBar,
    drawn: Instant,
}

impl Progress {
    fn new(live: bool) -> Self {
        let target = if live { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_message("verifying the database");
        bar.tick();
        Self { findings: Vec::new(), bar, drawn: Instant::now() }
    }
}

impl Listener for Progress {
    fn found(&mut self, finding: Finding) {
        if self.findings.len() < NAMED {
            self.findings.push(finding);
        }
    }

    fn reached(&mut self, so_far: &Verified) {
        if self.drawn.elapsed() >= REDRAW {
            self.bar.set_message(render::storage::progress(so_far));
            self.bar.tick();
            self.drawn = Instant::now();
        }
    }
}
