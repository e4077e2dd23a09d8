//! Tokens, and who changed what with them.

use std::sync::Arc;

use axum::{
    Extension, Json as JsonBody,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use crate::{
    access::{Identity, Role},
    app::service_rows::{AuditFilter, AuditRow, TokenRow},
    dto::Versioned,
    ids::Timestamp,
    web::{
        Web,
        body::Json,
        problem::{Kind, Problem},
        query::{self, Path, Query},
    },
};

type Api = State<Arc<Web>>;

/// The longest name of a token.
const MAX_NAME: usize = 64;

/// A token, without what is secret.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::web) struct TokenView {
    name: String,
    role: String,
    created_at: String,
    created_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
}

impl From<TokenRow> for TokenView {
    fn from(row: TokenRow) -> Self {
        Self {
            name: row.name,
            role: row.role,
            created_at: row.created_at.rfc3339(),
            created_by: row.created_by,
            expires_at: row.expires_at.map(Timestamp::rfc3339),
            revoked_at: row.revoked_at.map(Timestamp::rfc3339),
        }
    }
}

/// All tokens.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::web) struct TokenList {
    tokens: Vec<TokenView>,
}

impl Versioned for TokenList {
    const SCHEMA: &'static str = "stepmill.tokens/1";
}

#[utoipa::path(get, path = "/api/v1/tokens", summary = "All tokens", tag = "tokens", responses((status = 200, description = "The tokens", body = TokenList), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn list(State(web): Api) -> Result<Response, Problem> {
    let tokens = web.service.tokens.list()?.into_iter().map(TokenView::from).collect();
    Ok(super::runs::document(&TokenList { tokens }))
}

/// A token to be made.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct NewToken {
    name: String,
    role: Role,
    #[serde(default)]
    expires_at: Option<String>,
}

/// A token that was made.
#[derive(Serialize, utoipa::ToSchema)]
pub(in crate::web) struct NewTokenView {
    name: String,
    role: Role,
    token: String,
}

/// Makes a token. This answer is the only place where it is ever shown.
#[utoipa::path(post, path = "/api/v1/tokens", summary = "Makes a token, shown only in this answer", tag = "tokens", request_body = NewToken, responses((status = 201, description = "The token", body = NewTokenView), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn create(
    State(web): Api,
    Extension(identity): Extension<Identity>,
    Json(new): Json<NewToken>,
) -> Result<Response, Problem> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.@".contains(c);
    if new.name.is_empty() || new.name.len() > MAX_NAME || !new.name.chars().all(plain) {
        let detail = format!("a token's name has 1 to {MAX_NAME} letters, digits, `-`, `_`, `.` and `@`");
        return Err(Problem::new(Kind::Unprocessable, detail));
    }
    let expires_at = new.expires_at.map(|text| query::time("expires_at", &text)).transpose()?;
    if expires_at.is_some_and(|at| at <= Timestamp::now()) {
        let detail = "`expires_at` is in the past: the token would never be valid";
        return Err(Problem::new(Kind::Unprocessable, detail).help("give a time to come, or leave `expires_at` out"));
    }
    let bearer = web.service.tokens.create(&new.name, new.role, expires_at, &identity.name).await?;
    let view = NewTokenView { name: new.name, role: new.role, token: bearer.reveal().to_owned() };
    Ok((StatusCode::CREATED, JsonBody(view)).into_response())
}

#[utoipa::path(delete, path = "/api/v1/tokens/{name}", summary = "Makes a token invalid", tag = "tokens", params(("name" = String, Path, description = "The token")), responses((status = 204, description = "It is"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn revoke(
    State(web): Api,
    Extension(identity): Extension<Identity>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    web.service.tokens.revoke(&name, &identity.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which changes.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct AuditQuery {
    subject: Option<String>,
    before: Option<i64>,
    limit: Option<u32>,
}

/// A change that somebody made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::web) struct AuditView {
    key: i64,
    at: String,
    actor: String,
    action: String,
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<serde_json::Value>,
}

impl From<AuditRow> for AuditView {
    fn from(row: AuditRow) -> Self {
        Self {
            key: row.key,
            at: row.at.rfc3339(),
            actor: row.actor,
            action: row.action,
            subject: row.subject,
            detail: row.detail.and_then(|text| serde_json::from_str(&text).ok()),
        }
    }
}

/// A page of changes, newest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::web) struct AuditPage {
    changes: Vec<AuditView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

impl Versioned for AuditPage {
    const SCHEMA: &'static str = "stepmill.audit/1";
}

#[utoipa::path(get, path = "/api/v1/audit", summary = "Who changed what, newest first", tag = "tokens", params(AuditQuery), responses((status = 200, description = "The page", body = AuditPage), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn audit(State(web): Api, Query(query): Query<AuditQuery>) -> Result<Response, Problem> {
    let limit = query::limit(query.limit)?;
    let filter = AuditFilter { subject: query.subject, before: query.before };
    let store = web.service.store.clone();
    let changes: Vec<_> =
        web.read(move |_| store.audit(&filter, limit)).await?.into_iter().map(AuditView::from).collect();
    let full = u32::try_from(changes.len()).is_ok_and(|len| len == limit);
    let next = changes.last().map(|last| last.key).filter(|_| full);
    Ok(super::runs::document(&AuditPage { changes, next }))
}
