//! `stepmill serve`: a host that is left running.

mod config;

use std::{future::Future, net::SocketAddr, path::Path, time::Duration};

use tokio::net::TcpListener;

pub use self::config::{Config, ConfigError};
use super::{
    args::ServeArgs,
    commands::{compiler, open_error},
    exit::{CliError, Exit},
    interrupts::Interrupts,
    output::{note, print, print_once},
    settings::Settings,
};
use crate::{
    access::{self, Policy, vault::VaultError},
    app::{Health, Host, HostBuilder, Service, ServiceOptions, service::ServiceError},
    execute::ports::JournalError,
    web::{self, Web},
};

/// How long runs may go on when the host stops. What has not ended then goes on when it starts again.
const DRAIN: Duration = Duration::from_secs(5);

pub(super) async fn serve(settings: &Settings, args: &ServeArgs) -> Result<Exit, CliError> {
    if args.print_config {
        print(&Config::example())?;
        return Ok(Exit::Success);
    }
    let mut config = match &args.config {
        Some(path) => Config::load(path).map_err(config_error)?,
        None => Config::default(),
    };
    if let Some(listen) = args.listen {
        config.listen = listen;
    }
    if args.policy.is_some() {
        config.policy.clone_from(&args.policy);
    }
    let listener = listen(config.listen).await?;
    let address = listener.local_addr().map_err(CliError::host)?;
    let service = Service::open(builder(settings, &config)?, options(&config)).await.map_err(service_error)?;
    if service.tokens.list().map_err(CliError::host)?.is_empty() {
        welcome(&service, address).await?;
    }
    note(&format!("listening on http://{address}"));
    let (signal, died) = (stopped()?, died(&service));
    let end = async move {
        tokio::select! {
            biased;
            () = signal => {}
            () = died => note("stopping: nothing can be stored any more"),
        }
    };
    web::serve(listener, Web::new(service.clone(), address, config.hosts), end).await;
    let health = service.host.health();
    let stopped = service.stop(DRAIN).await;
    if let Health::Dead { reason } = health {
        // Its supervisor starts it again, which says what is wrong if it is still so.
        return Err(CliError::host(JournalError(reason))
            .help("`stepmill verify` says what is damaged; docs/operations.md says what to do"));
    }
    stopped.map_err(CliError::host)?;
    Ok(Exit::Success)
}

/// Ends when the journal fails and cannot recover.
fn died(service: &Service) -> impl Future<Output = ()> + use<> {
    let mut health = service.host.watch_health();
    async move {
        if health.wait_for(|health| matches!(health, Health::Dead { .. })).await.is_err() {
            std::future::pending().await
        }
    }
}

fn builder(settings: &Settings, config: &Config) -> Result<HostBuilder, CliError> {
    let policy = match &config.policy {
        None => Policy::default(),
        Some(path) => load_policy(path)?,
    };
    let builder = Host::builder(&settings.data_dir)
        .compiler(compiler()?)
        .policy(policy)
        .retention(Some(config.retention))
        .max_runs(config.max_runs);
    Ok(match config.parallelism {
        Some(attempts) => builder.parallelism(attempts),
        None => builder,
    })
}

fn options(config: &Config) -> ServiceOptions {
    ServiceOptions { inboxes: config.inboxes.clone(), folders: config.folders.clone(), min_free: config.min_free }
}

fn load_policy(path: &Path) -> Result<Policy, CliError> {
    access::load(path).map_err(|error| match error {
        access::PolicyError::Problems(problems) => CliError::problems(problems),
        error => CliError::input(error),
    })
}

async fn listen(address: SocketAddr) -> Result<TcpListener, CliError> {
    TcpListener::bind(address).await.map_err(|source| {
        CliError::host(ServiceError::Listen { address, source }).help("choose another with --listen ADDRESS:PORT")
    })
}

/// Shows the first token, which is not kept anywhere, and a link that logs a browser in. A token that nobody saw is not
/// made valid: the next start shows another one.
async fn welcome(service: &Service, address: SocketAddr) -> Result<(), CliError> {
    let token = service.tokens.draft().map_err(CliError::host)?;
    // In the first line, which is all that `stepmill serve | head -1` takes.
    let shown = format!("The first token, `admin`, shown only now: {}\n\n", token.reveal());
    if !print_once(&shown)? {
        return Err(not_shown());
    }
    service.tokens.keep_admin(&token, "admin", "host").await.map_err(CliError::host)?;
    let identity = service.tokens.identify(token.reveal()).map_err(CliError::host)?;
    let Some(identity) = identity else { return Ok(()) };
    let link = service.tokens.link(identity.token).await.map_err(CliError::host)?;
    let shown =
        format!("Log a browser in, within an hour and once:\n\n    http://{address}/login/{}\n\n", link.reveal());
    if !print_once(&shown)? {
        note(
            "standard output was closed before everything was shown; if you have not seen the token `admin`, stop the \
             server and run `stepmill admin recover`, which creates another one",
        );
    }
    Ok(())
}

/// A token would be lost.
pub(super) fn not_shown() -> CliError {
    let error = std::io::Error::other("no token was created: it is shown once, and standard output is not read");
    CliError::host(error).help(
        "run the command again where its standard output is read, such as in a terminal; for a \
         server, `stepmill admin recover` creates a token too",
    )
}

/// Ends with Ctrl-C or SIGTERM; a second one ends the process.
fn stopped() -> Result<impl Future<Output = ()>, CliError> {
    let mut interrupts = Interrupts::take()?;
    Ok(async move {
        interrupts.next().await;
        note("stopping; once more ends stepmill at once");
        tokio::spawn(async move {
            interrupts.next().await;
            std::process::exit(Exit::Interrupted as i32);
        });
    })
}

fn config_error(error: ConfigError) -> CliError {
    match error {
        ConfigError::Problems(problems) => CliError::problems(problems),
        error => CliError::input(error).help("`stepmill serve --print-config` prints one with every key"),
    }
}

fn service_error(error: ServiceError) -> CliError {
    match error {
        ServiceError::Open(error) => open_error(error),
        ServiceError::Vault(error) => vault_error(error),
        error => CliError::host(error),
    }
}

/// A key that is lost has a remedy.
pub(super) fn vault_error(error: VaultError) -> CliError {
    let help = error.help();
    let error = CliError::host(error);
    match help {
        Some(help) => error.help(help),
        None => error,
    }
}
