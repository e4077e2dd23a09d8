//! From `--allow`, `--policy` and `--secret` to what steps may be granted, and what is said where that is not enough.

use std::{env, fs::File, io::Read as _, path::Path, sync::Arc};

use zeroize::Zeroizing;

use crate::{
    access::{self, Policy, PolicyError, Refusal},
    app::GivenSecrets,
    cli::{
        args::{AllowArg, OptionArgs, OutsideArgs, SecretArg, SecretValue},
        exit::{CliError, Exit, render_problems},
        render::text::shell_word,
    },
    definition::Pipeline,
    event::RunOptions,
    grants::Grants,
    limits::MAX_SECRET,
    plan::Plan,
};

/// Columns of a refusal beside a document.
const REFUSAL_WIDTH: usize = 100;

/// What steps may use outside their sandboxes.
#[derive(Clone)]
pub(in crate::cli) struct Outside {
    /// What is allowed.
    pub(super) policy: Policy,
    /// The values of secrets.
    pub(super) secrets: Arc<GivenSecrets>,
}

/// What the command line allows and gives.
pub(super) fn of(args: &OutsideArgs) -> Result<Outside, CliError> {
    let mut policy = Policy::default();
    for allowed in &args.allow {
        policy = match allowed {
            AllowArg::All => policy.allow_all(),
            AllowArg::Grant(grant) => policy.allow(Grants::only(grant.clone())),
            AllowArg::Private(address) => policy.allow_private(*address),
        };
    }
    let policy = match args.policy.as_deref().map(access::load).transpose() {
        Ok(file) => policy.and(file.unwrap_or_default()),
        Err(PolicyError::Problems(problems)) => return Err(CliError::problems(problems)),
        Err(error) => return Err(CliError::input(error)),
    };
    let secrets = args.secrets.iter().map(|secret| Ok((secret.name.clone(), value(secret)?)));
    Ok(Outside { policy, secrets: Arc::new(secrets.collect::<Result<_, CliError>>()?) })
}

/// The flags that a run needs when it is resumed. What it was granted it keeps, but secrets are stored nowhere, and which
/// addresses are private is asked when a request is sent.
pub(super) fn flags(args: &OutsideArgs) -> String {
    let mut flags = String::new();
    let mut flag = |name: &str, value: &str| flags.push_str(&format!(" {name} {}", shell_word(value)));
    for allowed in &args.allow {
        if let AllowArg::Private(address) = allowed {
            flag("--allow", &format!("private={address}"));
        }
    }
    if let Some(policy) = &args.policy {
        flag("--policy", &policy.to_string_lossy());
    }
    for SecretArg { name, source } in &args.secrets {
        match source {
            SecretValue::Environment => flag("--secret", name.as_str()),
            SecretValue::File(path) => flag("--secret", &format!("{name}=@{}", path.display())),
            // Not to be shown once more.
            SecretValue::Given(_) => flag("--secret", &format!("{name}=VALUE")),
        }
    }
    flags
}

/// The value of a secret.
#[expect(clippy::disallowed_methods, reason = "the variable's name is known only when the arguments are")]
fn value(secret: &SecretArg) -> Result<Zeroizing<String>, CliError> {
    let name = &secret.name;
    let value = match &secret.source {
        SecretValue::Given(value) => value.clone(),
        SecretValue::Environment => {
            let variable = format!("STEPMILL_SECRET_{}", name.as_str().to_ascii_uppercase());
            env::var(&variable).map_err(|_| {
                CliError::bad_input(format!("the environment variable `{variable}` is not set"))
                    .help(format!("set it, or write `--secret {name}=@FILE`"))
            })?
        }
        SecretValue::File(path) => {
            let failed = |error: std::io::Error| {
                CliError::bad_input(format!("the secret `{name}` cannot be read from `{}`: {error}", path.display()))
            };
            let mut text = String::new();
            let most = MAX_SECRET as u64 + 2;
            File::open(path).and_then(|file| file.take(most).read_to_string(&mut text)).map_err(failed)?;
            text.truncate(text.trim_end_matches(['\r', '\n']).len());
            text
        }
    };
    if value.is_empty() || value.len() > MAX_SECRET {
        return Err(CliError::bad_input(format!("the secret `{name}` is empty, or longer than {MAX_SECRET} bytes")));
    }
    Ok(value.into())
}

pub(super) fn run_options(options: &OptionArgs) -> RunOptions {
    RunOptions { cache: !options.no_cache }
}

/// A refusal where there is no text to point into.
pub(super) fn refused(refusal: Refusal) -> CliError {
    let help = refusal.help();
    CliError::input(refusal).help(help)
}

/// Checks a plan before anything is done for it, so that refusals point into the pipeline's text.
pub(super) fn check(
    policy: &Policy,
    path: &Path,
    pipeline: &Pipeline,
    plan: &Plan,
    json: bool,
) -> Result<Option<Exit>, CliError> {
    let Err(refusal) = policy.check(plan) else { return Ok(None) };
    let problems = refusal.problems(pipeline, access::Operator::Here);
    if !json {
        return Err(CliError::problems(problems));
    }
    // The document is for a program; whoever has to allow it is a person.
    eprint!("{}", render_problems(&problems, false, REFUSAL_WIDTH));
    super::pipeline::refuse(path, Some(plan.pipeline.clone()), problems, json).map(Some)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::args::{Cli, Command};

    #[test]
    fn a_run_is_resumed_with_what_is_not_stored_of_it() {
        let line = "stepmill run p.toml --allow net=https://example.com,private=10.0.0.5 --policy private.toml \
                    --secret one --secret two=@two.txt --secret three=3";
        let cli = Cli::try_parse_from(line.split_whitespace()).unwrap();
        let Command::Run(run) = cli.command else { panic!("a run") };
        assert_eq!(
            flags(&run.options.outside),
            " --allow private=10.0.0.5 --policy private.toml --secret one --secret two=@two.txt --secret three=VALUE"
        );
    }
}
