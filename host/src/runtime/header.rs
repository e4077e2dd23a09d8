//! The cheap look at a module before anything expensive is done with it: what is no stepmill module is refused here,
//! each sort with a sentence of its own.

mod names;

use wasmparser::{Encoding, Parser, Payload};
use wasmtime::Engine;

use super::text::{cut, visible};
use crate::{ids::Name, limits::MAX_MODULE};

/// The interface that a module exports, without its version.
const STEPS: &str = "stepmill:step/steps";
/// The versions of the contract that this host speaks, as `major.minor`.
const CONTRACT: &str = "0.1";
/// The custom section in which an SDK names itself.
const SDK_SECTION: &str = "stepmill:sdk";
/// The custom section in which a step crate writes what it is called.
const PACKAGE_SECTION: &str = "stepmill:package";
/// How much of that is looked at, in bytes.
const MAX_PACKAGE: usize = 512;
/// The longest version, in bytes.
const MAX_VERSION: usize = 64;

const MAX_IMPORTS: usize = 200;
const MAX_EXPORTS: usize = 1_000;
const MAX_NESTED: usize = 256;
const MAX_SDK: usize = 256;

/// Why bytes are not a module of steps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Nothing there.
    #[error("the file is empty: build the step again with `stepmill build`")]
    Empty,
    /// More than [`MAX_MODULE`].
    #[error(
        "the module has {size} bytes; at most {MAX_MODULE} are accepted: build it with optimisations, without debug information"
    )]
    TooLarge {
        /// How many bytes.
        size: u64,
    },
    /// WAT.
    #[error("this is WebAssembly in its text form; a binary component is needed: convert it with `wasm-tools parse`")]
    Text,
    /// Machine code.
    #[error(
        "this is precompiled machine code, which is never accepted from outside: give the `.wasm` file it was made from"
    )]
    Precompiled,
    /// No WebAssembly at all.
    #[error("this is not WebAssembly: it does not begin with `\\0asm`; a step is built with `stepmill build`")]
    NotWasm,
    /// A core module of WASI 0.1.
    #[error(
        "this is a core module for WASI 0.1, not a component: build for the target `wasm32-wasip2`, or use `stepmill build`"
    )]
    WasiP1,
    /// A core module.
    #[error("this is a core module, not a component: build for the target `wasm32-wasip2`, or use `stepmill build`")]
    CoreModule,
    /// Broken.
    #[error("the component is damaged: {0}")]
    Damaged(String),
    /// It has no steps.
    #[error("the component does not export `{STEPS}`, so it has no steps; it exports {}", list(.exports))]
    NoSteps {
        /// What it exports instead.
        exports: Vec<String>,
    },
    /// It speaks another version.
    #[error(
        "the component was built for version {found} of the contract, and this stepmill speaks {CONTRACT}: build it again with the SDK of this version"
    )]
    Version {
        /// The version that it exports.
        found: String,
    },
    /// It imports what no step gets.
    #[error("the component imports {}, which no step is given: a step may import `stepmill:step/host` and WASI 0.2", list(.imports))]
    Imports {
        /// What is not offered.
        imports: Vec<String>,
    },
    /// A function has a name that is too long.
    #[error(
        "a function of the module has a name of more than {} bytes: build it without debug information",
        names::MAX_SYMBOL
    )]
    LongName,
    /// Too many of something.
    #[error("the component has more than {most} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are accepted.
        most: usize,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "nothing".to_owned();
    }
    let shown: Vec<_> = names.iter().take(5).map(|name| format!("`{}`", visible(cut(name, 100)))).collect();
    let more =
        if names.len() > shown.len() { format!(" and {} more", names.len() - shown.len()) } else { String::new() };
    shown.join(", ") + &more
}

/// What the outermost layer of a module says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// What it imports, sorted.
    pub(super) imports: Vec<String>,
    /// What its SDK wrote about itself.
    pub(super) sdk: Option<String>,
    /// Name and version of its package.
    pub(super) package: Option<(Name, Option<String>)>,
}

/// Looks at a module.
///
/// # Errors
/// If it cannot be one.
pub(super) fn inspect(wasm: &[u8]) -> Result<Header, HeaderError> {
    check_kind(wasm)?;
    let found = Found::parse(wasm)?;
    found.check_exports()?;
    found.check_imports()?;
    let mut imports = found.imports;
    imports.sort();
    Ok(Header { imports, sdk: found.sdk, package: found.package })
}

/// Refuses what is too large even to be looked at.
///
/// # Errors
/// If it is.
pub(super) fn check_size(wasm: &[u8]) -> Result<(), HeaderError> {
    let size = wasm.len() as u64;
    if size > MAX_MODULE { Err(HeaderError::TooLarge { size }) } else { Ok(()) }
}

/// Refuses what does not begin like a component.
fn check_kind(wasm: &[u8]) -> Result<(), HeaderError> {
    check_size(wasm)?;
    let text = wasm.trim_ascii_start();
    if text.is_empty() {
        return Err(HeaderError::Empty);
    }
    if [&b"(module"[..], b"(component", b"(;", b";;"].iter().any(|start| text.starts_with(start)) {
        return Err(HeaderError::Text);
    }
    if Engine::detect_precompiled(wasm).is_some() {
        return Err(HeaderError::Precompiled);
    }
    if !wasm.starts_with(b"\0asm") {
        return Err(HeaderError::NotWasm);
    }
    match wasm.get(4..8) {
        Some([0x0d, 0, 1, 0]) => Ok(()),
        Some([1, 0, 0, 0]) if find(wasm, b"wasi_snapshot_preview1") => Err(HeaderError::WasiP1),
        Some([1, 0, 0, 0]) => Err(HeaderError::CoreModule),
        Some(_) => Err(HeaderError::Damaged("its version of the binary format is unknown".to_owned())),
        None => Err(HeaderError::Damaged("it ends inside of its first eight bytes".to_owned())),
    }
}

/// Whether the beginning of a module has the text in it: imports stand at the front.
fn find(wasm: &[u8], text: &[u8]) -> bool {
    wasm[..wasm.len().min(1 << 20)].windows(text.len()).any(|window| window == text)
}

#[derive(Default)]
struct Found {
    imports: Vec<String>,
    exports: Vec<String>,
    sdk: Option<String>,
    package: Option<(Name, Option<String>)>,
}

/// The first line of what the SDK wrote: the name of a crate and its version. Each step writes the same line.
fn package(section: &[u8]) -> Option<(Name, Option<String>)> {
    let text = std::str::from_utf8(cut_bytes(section, MAX_PACKAGE)).ok()?;
    let (name, version) = text.lines().next()?.split_once(' ')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-+".contains(c);
    let version = Some(version).filter(|text| !text.is_empty() && text.len() <= MAX_VERSION && text.chars().all(plain));
    Some((Name::new(&name.replace('-', "_")).ok()?, version.map(str::to_owned)))
}

fn cut_bytes(bytes: &[u8], most: usize) -> &[u8] {
    &bytes[..bytes.len().min(most)]
}

impl Found {
    fn parse(wasm: &[u8]) -> Result<Self, HeaderError> {
        let mut found = Self::default();
        // Nested modules and components come in between; only the outermost layer's imports and exports count.
        let (mut depth, mut nested) = (0_usize, 0_usize);
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.map_err(damaged)? {
                Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                    return Err(HeaderError::CoreModule);
                }
                Payload::Version { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                    nested = count(nested, MAX_NESTED, "nested modules and components")?
                }
                Payload::ComponentImportSection(section) if depth == 1 => {
                    for import in section {
                        count(found.imports.len(), MAX_IMPORTS, "imports")?;
                        found.imports.push(import.map_err(damaged)?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 1 => {
                    for export in section {
                        count(found.exports.len(), MAX_EXPORTS, "exports")?;
                        found.exports.push(export.map_err(damaged)?.name.name.to_owned());
                    }
                }
                Payload::CustomSection(section) if names::are_too_long(&section) => return Err(HeaderError::LongName),
                Payload::CustomSection(section) if section.name() == SDK_SECTION && found.sdk.is_none() => {
                    let text = String::from_utf8_lossy(section.data());
                    found.sdk = Some(visible(cut(text.trim(), MAX_SDK)).into_owned());
                }
                Payload::CustomSection(section) if section.name() == PACKAGE_SECTION && found.package.is_none() => {
                    found.package = package(section.data());
                }
                _ => {}
            }
        }
        Ok(found)
    }

    fn check_exports(&self) -> Result<(), HeaderError> {
        let versions = self.exports.iter().filter_map(|name| name.strip_prefix(STEPS));
        let mut other = None;
        for version in versions {
            match version.strip_prefix('@') {
                Some(version) if is_minor(version, CONTRACT) => return Ok(()),
                Some(version) => other = Some(visible(cut(version, 50)).into_owned()),
                None if version.is_empty() => other = Some("unknown".to_owned()),
                None => {}
            }
        }
        match other {
            Some(found) => Err(HeaderError::Version { found }),
            None => Err(HeaderError::NoSteps { exports: self.exports.clone() }),
        }
    }

    fn check_imports(&self) -> Result<(), HeaderError> {
        let mut refused: Vec<_> = self.imports.iter().filter(|name| !is_offered(name)).cloned().collect();
        refused.sort();
        match refused.iter().find_map(|name| contract_version(name)) {
            Some(found) => Err(HeaderError::Version { found: visible(cut(found, 50)).into_owned() }),
            None if refused.is_empty() => Ok(()),
            None => Err(HeaderError::Imports { imports: refused }),
        }
    }
}

/// Of an import of this contract: its version.
fn contract_version(import: &str) -> Option<&str> {
    import.strip_prefix("stepmill:step/host@").or_else(|| import.strip_prefix("stepmill:step/types@"))
}

/// Whether a step may import it. What of WASI is not implemented traps when it is called.
fn is_offered(import: &str) -> bool {
    match contract_version(import) {
        Some(version) => is_minor(version, CONTRACT),
        None => import
            .strip_prefix("wasi:")
            .and_then(|rest| rest.split_once('@'))
            .is_some_and(|(_, version)| is_minor(version, "0.2")),
    }
}

/// Whether a version is of this minor series: `0.1.7` is of `0.1`.
fn is_minor(version: &str, series: &str) -> bool {
    version.strip_prefix(series).is_some_and(|rest| rest.starts_with('.'))
}

fn count(so_far: usize, most: usize, what: &'static str) -> Result<usize, HeaderError> {
    if so_far < most { Ok(so_far + 1) } else { Err(HeaderError::TooMany { what, most }) }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn damaged(error: wasmparser::BinaryReaderError) -> HeaderError {
    HeaderError::Damaged(error.to_string())
}

#[cfg(test)]
mod tests;
