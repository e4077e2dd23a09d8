//! Modules by name: which versions there are, and which one a name means now.

use rusqlite::{Connection, Row, params};

use super::{ServiceStore, audit};
use crate::{
    execute::ports::JournalError,
    ids::{ModuleDigest, Name, Timestamp},
    module::ModuleInfo,
    persist::{StoreError, codec},
};

/// Where a version of a module stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VersionState {
    /// It can be used.
    Ready,
    /// It asks for more than the version before it, and waits for an approval.
    Waiting,
}

impl VersionState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Waiting => "waiting",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Ready, Self::Waiting].into_iter().find(|state| state.as_str() == word)
    }
}

/// A version of a module.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionRow {
    /// The module.
    pub name: Name,
    /// Its version, as its package says.
    pub version: Option<String>,
    /// Where it stands.
    pub state: VersionState,
    /// When it came.
    pub uploaded_at: Timestamp,
    /// From whom.
    pub uploaded_by: String,
    /// What is in it.
    pub info: ModuleInfo,
}

/// What a name means now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveRow {
    /// The module.
    pub name: Name,
    /// The bytes; none if it was removed, or waits for its first approval.
    pub digest: Option<ModuleDigest>,
    /// Since when.
    pub changed_at: Timestamp,
    /// Through whom.
    pub changed_by: String,
}

/// Who does something to a module, when, and what the audit log calls it.
#[derive(Debug, Clone)]
pub struct ModuleChange {
    /// The module.
    pub name: Name,
    /// What its name means from now on; nothing if that stays as it is.
    pub activate: Option<Option<ModuleDigest>>,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What.
    pub action: &'static str,
    /// More about it, as JSON.
    pub detail: String,
    /// Versions that are forgotten with it, since there are too many.
    pub forget: Vec<ModuleDigest>,
}

impl ServiceStore {
    /// Adds a version, or changes where it stands, and what the name means with it, in one commit.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn change_module(&self, version: Option<VersionRow>, change: ModuleChange) -> Result<(), JournalError> {
        let changed = self.journal.change(move |connection| {
            if let Some(version) = &version {
                put_version(connection, version)?;
            }
            if let Some(digest) = change.activate {
                let mut put = connection.prepare_cached(
                    "INSERT INTO modules (name, active, changed_at, changed_by) VALUES (?1, ?2, ?3, ?4) \
                     ON CONFLICT (name) DO UPDATE SET active = ?2, changed_at = ?3, changed_by = ?4",
                )?;
                put.execute(params![change.name.as_str(), digest.map(|digest| digest.0), change.at.0, change.by])?;
            }
            let mut forget = connection.prepare_cached("DELETE FROM module_versions WHERE name = ? AND digest = ?")?;
            for digest in &change.forget {
                forget.execute(params![change.name.as_str(), digest.0])?;
            }
            let ModuleChange { name, by, at, action, detail, .. } = &change;
            audit::insert(connection, *at, by, action, name.as_str(), Some(detail))?;
            Ok(Ok::<_, std::convert::Infallible>(()))
        });
        changed.await.map(|Ok(())| ())
    }

    /// All versions of all modules, by name, the oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn module_versions(&self) -> Result<Vec<VersionRow>, StoreError> {
        self.reader.query(|connection, _| {
            let mut select = connection.prepare_cached(
                "SELECT name, version, state, uploaded_at, uploaded_by, info FROM module_versions \
                 ORDER BY name, uploaded_at, digest",
            )?;
            let found = select.query_map([], version)?;
            self.reader.readable("module_versions", found)
        })
    }

    /// What each name means, removed ones included.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn active_modules(&self) -> Result<Vec<ActiveRow>, StoreError> {
        self.reader.query(|connection, _| {
            let mut select =
                connection.prepare_cached("SELECT name, active, changed_at, changed_by FROM modules ORDER BY name")?;
            let found = select.query_map([], |row| {
                Ok(ActiveRow {
                    name: codec::word(row, 0, |text| Name::new(text).ok())?,
                    digest: row.get::<_, Option<[u8; 32]>>(1)?.map(ModuleDigest),
                    changed_at: Timestamp(row.get(2)?),
                    changed_by: row.get(3)?,
                })
            })?;
            self.reader.readable("modules", found)
        })
    }
}

fn put_version(connection: &Connection, version: &VersionRow) -> rusqlite::Result<()> {
    let info = serde_json::to_string(&version.info)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let mut put = connection.prepare_cached(
        "INSERT INTO module_versions (name, digest, version, state, uploaded_at, uploaded_by, info) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (name, digest) DO UPDATE SET state = ?4",
    )?;
    let (name, digest) = (version.name.as_str(), version.info.digest.0);
    let (at, by) = (version.uploaded_at.0, &version.uploaded_by);
    put.execute(params![name, digest, version.version, version.state.as_str(), at, by, info])?;
    Ok(())
}

fn version(row: &Row<'_>) -> rusqlite::Result<VersionRow> {
    Ok(VersionRow {
        name: codec::word(row, 0, |text| Name::new(text).ok())?,
        version: row.get(1)?,
        state: codec::word(row, 2, VersionState::from_word)?,
        uploaded_at: Timestamp(row.get(3)?),
        uploaded_by: row.get(4)?,
        info: codec::json(row, 5)?,
    })
}
