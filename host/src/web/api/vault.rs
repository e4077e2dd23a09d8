//! Secrets: their names can be seen, their values only set.

use std::sync::Arc;

use axum::{Extension, extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};

use crate::{
    access::Identity,
    dto::Versioned,
    ids::{Name, Timestamp},
    web::{
        Web,
        body::Json,
        problem::{Kind, Problem},
        query::Path,
    },
};

type Api = State<Arc<Web>>;

/// The longest time for which a value that was replaced stays valid: 30 days.
const MAX_KEEP_S: u64 = 30 * 24 * 3600;

/// A secret, without its value.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::web) struct SecretView {
    name: Name,
    version: u32,
    set_at: String,
    set_by: String,
    /// Until when the value before is valid, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_until: Option<String>,
}

/// All secrets.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::web) struct SecretList {
    secrets: Vec<SecretView>,
}

impl Versioned for SecretList {
    const SCHEMA: &'static str = "stepmill.secrets/1";
}

#[utoipa::path(get, path = "/api/v1/secrets", summary = "The names of all secrets", tag = "vault", responses((status = 200, description = "The secrets", body = SecretList), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn list(State(web): Api) -> Result<Response, Problem> {
    let view = |row: crate::app::service_rows::SecretRow| SecretView {
        name: row.name,
        version: row.version,
        set_at: row.set_at.rfc3339(),
        set_by: row.set_by,
        previous_until: row.previous_until.map(Timestamp::rfc3339),
    };
    let secrets = web.service.vault.list()?.into_iter().map(view).collect();
    Ok(super::runs::document(&SecretList { secrets }))
}

/// A value to be set.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct NewValue {
    value: String,
    /// For how many seconds the value before stays valid, too.
    #[serde(default)]
    keep_previous_s: u64,
}

#[utoipa::path(put, path = "/api/v1/secrets/{name}", summary = "Sets a secret", tag = "vault", params(("name" = Name, Path, description = "The secret")), request_body = NewValue, responses((status = 204, description = "It is set"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn set(
    State(web): Api,
    Extension(identity): Extension<Identity>,
    Path(name): Path<Name>,
    Json(new): Json<NewValue>,
) -> Result<StatusCode, Problem> {
    if new.keep_previous_s > MAX_KEEP_S {
        return Err(Problem::new(Kind::Unprocessable, format!("`keep_previous_s` is at most {MAX_KEEP_S}")));
    }
    let until = Timestamp::now().0 + i64::try_from(new.keep_previous_s * 1_000).unwrap_or(0);
    let until = (new.keep_previous_s > 0).then_some(Timestamp(until));
    web.service.vault.set(&name, &new.value, until, &identity.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(delete, path = "/api/v1/secrets/{name}", summary = "Removes a secret", tag = "vault", params(("name" = Name, Path, description = "The secret")), responses((status = 204, description = "It is gone"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn remove(
    State(web): Api,
    Extension(identity): Extension<Identity>,
    Path(name): Path<Name>,
) -> Result<StatusCode, Problem> {
    web.service.vault.remove(&name, &identity.name).await?;
    Ok(StatusCode::NO_CONTENT)
}
