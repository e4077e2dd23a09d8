//! Modules: what there is, uploads, and which version a name means.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::runs::document;
use crate::{
    access::Identity,
    app::registry::{Module, Upload, Uploaded, VersionRef, VersionState},
    dto::{DeployedModule, ModuleList, ModuleSummary, ModuleVersionView, UploadReport},
    ids::Name,
    limits,
    web::{
        Web, body,
        body::Json,
        problem::{Kind, Problem},
        query::{Path, Query},
    },
};

type Api = State<Arc<Web>>;

#[utoipa::path(get, path = "/api/v1/modules", summary = "All modules", tag = "modules", responses((status = 200, description = "The modules", body = ModuleList), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn list(State(web): Api) -> Response {
    let shelf = web.service.registry.shelf();
    let modules = shelf.modules().map(|(name, module)| summary(&web, name, module)).collect();
    document(&ModuleList { modules })
}

fn summary(web: &Web, name: &Name, module: &Module) -> ModuleSummary {
    let active = module.active();
    let waiting = module.versions.iter().filter(|version| version.state == VersionState::Waiting).count();
    ModuleSummary {
        name: name.clone(),
        version: active.and_then(|version| version.version.clone()),
        digest: module.active,
        versions: module.versions.len() as u64,
        waiting: waiting as u64,
        steps: active.iter().flat_map(|version| &version.info.steps).map(|step| step.name.clone()).collect(),
        used_by: web.service.registry.users(name),
    }
}

#[utoipa::path(get, path = "/api/v1/modules/{name}", summary = "A module with its versions", tag = "modules", params(("name" = Name, Path, description = "The module")), responses((status = 200, description = "The module", body = DeployedModule), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn show(State(web): Api, Path(name): Path<Name>) -> Result<Response, Problem> {
    let shelf = web.service.registry.shelf();
    let module = shelf.module(&name).ok_or_else(|| Problem::not_found(format!("there is no module `{name}`")))?;
    let versions = module.versions.iter().rev().map(|version| ModuleVersionView::of(version, module.active)).collect();
    let used_by = web.service.registry.users(&name);
    Ok(document(&DeployedModule { name, versions, used_by }))
}

/// How a module is uploaded.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct UploadQuery {
    /// What it is called, if it does not say so itself.
    name: Option<Name>,
    /// Whether its name means it from now on, if it means something else now.
    activate: bool,
    /// Also if pipelines break, or it asks for more than the version before.
    force: bool,
}

impl Default for UploadQuery {
    fn default() -> Self {
        Self { name: None, activate: true, force: false }
    }
}

/// Checks, compiles and describes a component, and makes it what its name means.
#[utoipa::path(post, path = "/api/v1/modules", summary = "Uploads a module", tag = "modules", params(UploadQuery), request_body(content = Vec<u8>, content_type = "application/wasm"), responses((status = 201, description = "What became of it", body = UploadReport), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn upload(
    State(web): Api,
    Extension(identity): Extension<Identity>,
    Query(query): Query<UploadQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    if headers.get(header::CONTENT_TYPE).is_none_or(|value| value != "application/wasm") {
        return Err(Problem::new(Kind::Unsupported, "a module is sent as `application/wasm`"));
    }
    allow_force(&identity, query.force)?;
    web.service.check_room()?;
    let _place = web.uploading.acquire().await.map_err(Problem::internal)?;
    let wasm = body::read(body, limits::MAX_MODULE).await?;
    let upload = Upload { name: query.name, activate: query.activate, by: identity.name, force: query.force };
    let uploaded = web.service.registry.upload(wasm, upload).await?;
    Ok((StatusCode::CREATED, document(&report(uploaded))).into_response())
}

/// Which version.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct ChoiceBody {
    /// Such as `1.2`, or `sha256:…`.
    version: String,
    /// Also if pipelines break.
    #[serde(default)]
    force: bool,
}

impl ChoiceBody {
    fn version(&self) -> Result<VersionRef, Problem> {
        let version = self.version.parse();
        version.map_err(|_| Problem::new(Kind::Unprocessable, "`version` is a version such as `1.2`, or `sha256:…`"))
    }
}

#[utoipa::path(post, path = "/api/v1/modules/{name}/activate", summary = "Makes a version what the module's name means", tag = "modules", params(("name" = Name, Path, description = "The module")), request_body = ChoiceBody, responses((status = 200, description = "What became of it", body = UploadReport), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn activate(
    State(web): Api,
    Extension(identity): Extension<Identity>,
    Path(name): Path<Name>,
    Json(body): Json<ChoiceBody>,
) -> Result<Response, Problem> {
    allow_force(&identity, body.force)?;
    let chosen = web.service.registry.activate(&name, &body.version()?, &identity.name, body.force).await?;
    Ok(document(&report(chosen)))
}

#[utoipa::path(post, path = "/api/v1/modules/{name}/approve", summary = "Approves a version that asks for more than the one before", tag = "modules", params(("name" = Name, Path, description = "The module")), request_body = ChoiceBody, responses((status = 200, description = "What became of it", body = UploadReport), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn approve(
    State(web): Api,
    Extension(identity): Extension<Identity>,
    Path(name): Path<Name>,
    Json(body): Json<ChoiceBody>,
) -> Result<Response, Problem> {
    let chosen = web.service.registry.approve(&name, &body.version()?, &identity.name, body.force).await?;
    Ok(document(&report(chosen)))
}

/// How a module is removed.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct RemoveQuery {
    /// Also if pipelines break.
    force: bool,
}

#[utoipa::path(delete, path = "/api/v1/modules/{name}", summary = "Removes a module's name; its versions stay", tag = "modules", params(("name" = Name, Path, description = "The module"), RemoveQuery), responses((status = 204, description = "It is gone"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn remove(
    State(web): Api,
    Extension(identity): Extension<Identity>,
    Path(name): Path<Name>,
    Query(query): Query<RemoveQuery>,
) -> Result<StatusCode, Problem> {
    allow_force(&identity, query.force)?;
    web.service.registry.remove_module(&name, &identity.name, query.force).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who forces something approves it, which is not for publishers.
fn allow_force(identity: &Identity, force: bool) -> Result<(), Problem> {
    if force && identity.role < crate::access::Role::Admin {
        return Err(Problem::new(Kind::Forbidden, "`force` overrides checks and approvals").help("this needs admin"));
    }
    Ok(())
}

fn report(uploaded: Uploaded) -> UploadReport {
    let version = &uploaded.version;
    UploadReport {
        name: version.name.clone(),
        version: version.version.clone(),
        digest: version.info.digest,
        state: version.state,
        active: uploaded.active,
        difference: uploaded.difference,
        broken: uploaded.broken.into_iter().map(|broken| broken.pipeline).collect(),
    }
}
