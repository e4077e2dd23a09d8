//! The configuration file of `stepmill serve`: every key with what it means, unknown ones refused, all mistakes told at
//! once. [`KEYS`] is the one list of them: it reads the file, and it prints the commented example.

use std::{
    fmt::Write as _,
    fs,
    net::SocketAddr,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
};

use ::toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    app::{Folders, storage::RetentionPolicy},
    definition::{
        Source, parse_size,
        problem::{Problem, Problems},
        suggest,
        toml::dismantle,
    },
};

/// What a service is told, beyond the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Names by which it may be called.
    pub hosts: Vec<String>,
    /// Runs that are active at once.
    pub max_runs: NonZeroUsize,
    /// Attempts of one run that run at once; by the processors, unless said.
    pub parallelism: Option<NonZeroUsize>,
    /// The operator's policy.
    pub policy: Option<PathBuf>,
    /// Folders that file triggers may watch.
    pub inboxes: Vec<PathBuf>,
    /// Folders whose files are deployed.
    pub folders: Folders,
    /// What is kept.
    pub retention: RetentionPolicy,
    /// New runs are refused while less than this is free on the disk, in bytes.
    pub min_free: u64,
    /// The folder of the file: relative paths in it begin there.
    base: PathBuf,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7878)),
            hosts: Vec::new(),
            max_runs: NonZeroUsize::new(64).unwrap_or(NonZeroUsize::MIN),
            parallelism: None,
            policy: None,
            inboxes: Vec::new(),
            folders: Folders::default(),
            retention: RetentionPolicy::default(),
            min_free: 256 << 20,
            base: PathBuf::new(),
        }
    }
}

/// A key of the file.
struct Key {
    table: &'static str,
    name: &'static str,
    /// As it would be written.
    example: &'static str,
    /// What it means, a line or two.
    meaning: &'static str,
    /// Takes the value, or says what it must be.
    set: fn(&mut Config, &DeValue<'_>) -> Result<(), String>,
}

/// Every key there is.
const KEYS: &[Key] = &[
    Key {
        table: "server",
        name: "listen",
        example: "\"127.0.0.1:7878\"",
        meaning: "Address and port. Other than on this machine alone, put a proxy with TLS in front.",
        set: |config, value| {
            config.listen = text(value)?.parse().map_err(|_| "an address and port, such as \"127.0.0.1:7878\"")?;
            Ok(())
        },
    },
    Key {
        table: "server",
        name: "hosts",
        example: "[\"stepmill.example.com\"]",
        meaning: "Names by which the host may be called, as in the header `Host`. Default: those of this machine.",
        set: |config, value| {
            config.hosts = texts(value)?;
            Ok(())
        },
    },
    Key {
        table: "runs",
        name: "max_active",
        example: "64",
        meaning: "Runs that are active at once. More are accepted, and wait.",
        set: |config, value| {
            config.max_runs = count(value)?;
            Ok(())
        },
    },
    Key {
        table: "runs",
        name: "parallelism",
        example: "8",
        meaning: "Attempts of one run that run at once. Default: twice the processors, at least 8.",
        set: |config, value| {
            config.parallelism = Some(count(value)?);
            Ok(())
        },
    },
    Key {
        table: "access",
        name: "policy",
        example: "\"policy.toml\"",
        meaning: "The file that says which grants steps may have. Default: none.",
        set: |config, value| {
            config.policy = Some(config.base.join(text(value)?));
            Ok(())
        },
    },
    Key {
        table: "folders",
        name: "inboxes",
        example: "[\"inboxes\"]",
        meaning: "Folders that `file` triggers may watch; their relative paths begin in the first. Default: none.",
        set: |config, value| {
            config.inboxes = texts(value)?.into_iter().map(|path| config.base.join(path)).collect();
            Ok(())
        },
    },
    Key {
        table: "folders",
        name: "modules",
        example: "\"modules\"",
        meaning: "A folder whose `.wasm` files are uploaded, whoever puts them there. Default: none.",
        set: |config, value| {
            config.folders.modules = Some(config.base.join(text(value)?));
            Ok(())
        },
    },
    Key {
        table: "folders",
        name: "pipelines",
        example: "\"pipelines\"",
        meaning: "A folder whose `.toml` files are deployed, whoever puts them there. Default: none.",
        set: |config, value| {
            config.folders.pipelines = Some(config.base.join(text(value)?));
            Ok(())
        },
    },
    Key {
        table: "storage",
        name: "keep_days",
        example: "30",
        meaning: "Runs that ended more days ago are removed; \"none\" for no limit.",
        set: |config, value| {
            let days = |count: NonZeroUsize| u32::try_from(count.get()).map_err(|_| "fewer days".to_owned());
            config.retention.days = optional(value, |value| days(count(value)?))?;
            Ok(())
        },
    },
    Key {
        table: "storage",
        name: "max_bytes",
        example: "\"20GiB\"",
        meaning: "The oldest runs are removed while outputs take more; \"none\" for no limit.",
        set: |config, value| {
            config.retention.bytes = optional(value, size)?;
            Ok(())
        },
    },
    Key {
        table: "storage",
        name: "keep_runs",
        example: "10",
        meaning: "The newest runs of each pipeline are kept in any case.",
        set: |config, value| {
            config.retention.runs = u32::try_from(count(value)?.get()).map_err(|_| "a smaller number".to_owned())?;
            Ok(())
        },
    },
    Key {
        table: "storage",
        name: "min_free",
        example: "\"256MiB\"",
        meaning: "New runs are refused while less is free on the disk.",
        set: |config, value| {
            config.min_free = size(value)?;
            Ok(())
        },
    },
];

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something in it is wrong.
    #[error(transparent)]
    Problems(#[from] Problems),
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read, or anything in it is wrong.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Ok(Self::parse(path, &text)?)
    }

    /// Reads a text; `path` names it in messages, and relative paths in it begin in its folder.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Problems> {
        let base = path.parent().map(Path::to_owned).unwrap_or_default();
        let mut config = Self { base, ..Self::default() };
        let mut problems = Vec::new();
        match DeTable::parse(text) {
            Ok(document) => {
                let document = document.into_inner();
                config.read(&document, &mut problems);
                dismantle(document);
            }
            Err(error) => {
                let span = error.span().unwrap_or_default();
                problems.push(Problem::error("stepmill::config::syntax", error.message(), span));
            }
        }
        if problems.is_empty() {
            return Ok(config);
        }
        problems.sort_by_key(|problem| problem.labels.first().map_or(0, |(span, _)| span.start));
        Err(Problems::new(&Source { path: path.to_owned(), text: Arc::from(text) }, problems))
    }

    fn read(&mut self, document: &DeTable<'_>, problems: &mut Vec<Problem>) {
        for (table, values) in document {
            let title = table.get_ref().as_ref();
            if !KEYS.iter().any(|key| key.table == title) {
                let known: Vec<&str> = KEYS.iter().map(|key| key.table).collect();
                problems.push(unknown(&format!("there is no table `[{}]`", short(title)), title, &known, table.span()));
                continue;
            }
            let DeValue::Table(values) = values.get_ref() else {
                let message = format!("`{title}` is not a table");
                let problem = Problem::error("stepmill::config::wrong_value", message, values.span());
                problems.push(problem.help(format!("write `[{title}]` and its keys under it")));
                continue;
            };
            for (name, value) in values {
                self.read_key(title, name, value, problems);
            }
        }
    }

    fn read_key(
        &mut self,
        table: &str,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
        problems: &mut Vec<Problem>,
    ) {
        let word = name.get_ref().as_ref();
        let Some(key) = KEYS.iter().find(|key| key.table == table && key.name == word) else {
            let known: Vec<&str> = KEYS.iter().filter(|key| key.table == table).map(|key| key.name).collect();
            problems.push(unknown(&format!("`[{table}]` has no key `{}`", short(word)), word, &known, name.span()));
            return;
        };
        if let Err(wanted) = (key.set)(self, value.get_ref()) {
            let message = format!("`{word}` must be {wanted}");
            let problem = Problem::error("stepmill::config::wrong_value", message, value.span());
            problems.push(problem.help(format!("for example: {word} = {}", key.example)));
        }
    }

    /// A file with every key in it, commented out.
    #[must_use]
    pub fn example() -> String {
        let mut text =
            String::from("# Configuration of `stepmill serve`. Relative paths begin in this file's folder.\n");
        let mut table = "";
        for key in KEYS {
            if key.table != table {
                table = key.table;
                // A string takes all that is written to it.
                let _ = write!(text, "\n[{table}]\n");
            }
            let _ = write!(text, "# {}\n# {} = {}\n", key.meaning, key.name, key.example);
        }
        text
    }
}

fn unknown(message: &str, word: &str, known: &[&str], span: std::ops::Range<usize>) -> Problem {
    let mut names = known.to_vec();
    names.dedup();
    let help = match suggest::closest(word, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    };
    Problem::error("stepmill::config::unknown", message, span).help(help)
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

fn text<'v>(value: &'v DeValue<'_>) -> Result<&'v str, String> {
    match value {
        DeValue::String(text) if !text.is_empty() => Ok(text),
        _ => Err("a text".to_owned()),
    }
}

fn texts(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let DeValue::Array(items) = value else { return Err("a list of texts".to_owned()) };
    items.iter().map(|item| text(item.get_ref()).map(str::to_owned)).collect()
}

fn count(value: &DeValue<'_>) -> Result<NonZeroUsize, String> {
    let wanted = || "a whole number from 1".to_owned();
    match value {
        DeValue::Integer(integer) => integer.as_str().parse().map_err(|_| wanted()),
        _ => Err(wanted()),
    }
}

fn size(value: &DeValue<'_>) -> Result<u64, String> {
    let wanted = || "a size such as \"500MB\" or \"20GiB\"".to_owned();
    text(value).map_err(|_| wanted()).and_then(|text| parse_size(text).map_err(|_| wanted()))
}

fn optional<T>(value: &DeValue<'_>, read: impl FnOnce(&DeValue<'_>) -> Result<T, String>) -> Result<Option<T>, String> {
    if matches!(value, DeValue::String(text) if text == "none") {
        return Ok(None);
    }
    read(value).map(Some).map_err(|wanted| format!("{wanted}, or \"none\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_read_when_its_comments_are_taken_away() {
        let mut text = String::new();
        for line in Config::example().lines() {
            let key = KEYS.iter().any(|key| line == format!("# {} = {}", key.name, key.example));
            text.push_str(if key { &line[2..] } else { line });
            text.push('\n');
        }
        let config = Config::parse(Path::new("/etc/stepmill/stepmill.toml"), &text).unwrap();
        assert_eq!(config.inboxes, [PathBuf::from("/etc/stepmill/inboxes")]);
        let defaults = Config { base: config.base.clone(), ..Config::default() };
        assert_eq!((config.listen, config.max_runs), (defaults.listen, defaults.max_runs));
        assert_eq!((config.retention, config.min_free), (defaults.retention, defaults.min_free));
        assert_eq!(Config::parse(Path::new("x.toml"), &Config::example()).unwrap(), Config::default());
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let text = "[sever]\n[server]\nlisten = 80\nport = 1\nhosts = [\"\"]\n[runs]\nmax_active = 0\n\
                    [storage]\nmin_free = \"much\"\nkeep_days = \"none\"\nkeep_runs = \"none\"\n";
        let problems = Config::parse(Path::new("stepmill.toml"), text).unwrap_err();
        let told: Vec<_> = problems.list().iter().map(|problem| problem.message.as_str()).collect();
        insta::assert_debug_snapshot!(told, @r#"
        [
            "there is no table `[sever]`",
            "`listen` must be a text",
            "`[server]` has no key `port`",
            "`hosts` must be a text",
            "`max_active` must be a whole number from 1",
            "`min_free` must be a size such as \"500MB\" or \"20GiB\"",
            "`keep_runs` must be a whole number from 1",
        ]
        "#);
    }
}
