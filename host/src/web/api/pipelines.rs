//! Pipelines: what is deployed, and starting runs of it.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::runs::{accepted, document};
use crate::{
    access::Identity,
    app::{
        StartRequest, Submitted,
        registry::{Deployed, Pins},
    },
    dto::{
        DeployedPipeline, DeployedPipelines, GraphView, PipelineParams, ProblemView, RevisionList, RevisionView,
        RunSummary, StepGrid, Versioned,
    },
    event::RunOptions,
    execute::ports::{Before, Memory, RequestKey},
    ids::Name,
    web::{
        Web,
        body::{Json, OptionalJson},
        problem::{Kind, Problem},
        query::{self, Path, Query},
    },
};

type Api = State<Arc<Web>>;

/// Runs of a grid, unless the request says otherwise.
const GRID: u32 = 25;
/// The most runs of a grid.
const MAX_GRID: u32 = 50;

/// The longest `Idempotency-Key`.
const MAX_KEY: usize = 255;

#[utoipa::path(get, path = "/api/v1/pipelines", summary = "All deployed pipelines", tag = "pipelines", responses((status = 200, description = "The pipelines", body = DeployedPipelines), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn list(State(web): Api) -> Response {
    let pipelines = web.service.registry.pipelines();
    document(&DeployedPipelines { pipelines: pipelines.iter().map(|deployed| view(deployed, false)).collect() })
}

#[utoipa::path(get, path = "/api/v1/pipelines/{name}", summary = "A deployed pipeline", tag = "pipelines", params(("name" = Name, Path, description = "The pipeline")), responses((status = 200, description = "The pipeline", body = DeployedPipeline), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn show(State(web): Api, Path(name): Path<Name>) -> Result<Response, Problem> {
    Ok(document(&view(&*find(&web, &name)?, true)))
}

#[utoipa::path(get, path = "/api/v1/pipelines/{name}/graph", summary = "What a run of the pipeline executes now", tag = "pipelines", params(("name" = Name, Path, description = "The pipeline")), responses((status = 200, description = "The graph", body = GraphView), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn graph(State(web): Api, Path(name): Path<Name>) -> Result<Response, Problem> {
    let deployed = find(&web, &name)?;
    match deployed.plan() {
        Ok(plan) => Ok(document(&GraphView::of(plan))),
        Err(problems) => Err(Problem::of_pipeline("the pipeline cannot run", ProblemView::all(problems))),
    }
}

#[utoipa::path(get, path = "/api/v1/pipelines/{name}/params", summary = "What a run of the pipeline is given", tag = "pipelines", params(("name" = Name, Path, description = "The pipeline")), responses((status = 200, description = "The parameters", body = PipelineParams), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn params(State(web): Api, Path(name): Path<Name>) -> Result<Response, Problem> {
    let deployed = find(&web, &name)?;
    match deployed.plan() {
        Ok(plan) => Ok(document(&PipelineParams::of(plan))),
        Err(problems) => Err(Problem::of_pipeline("the pipeline cannot run", ProblemView::all(problems))),
    }
}

fn find(web: &Web, name: &Name) -> Result<Arc<Deployed>, Problem> {
    web.service.registry.pipeline(name).ok_or_else(|| Problem::not_found(format!("there is no pipeline `{name}`")))
}

fn view(deployed: &Deployed, text: bool) -> DeployedPipeline {
    let row = deployed.row();
    let problems = deployed.plan().err().or_else(|| deployed.warnings());
    DeployedPipeline {
        name: row.pipeline.clone(),
        description: deployed.definition().map(|pipeline| pipeline.description.clone()).unwrap_or_default(),
        revision: row.revision,
        deployed_at: row.deployed_at.rfc3339(),
        deployed_by: row.deployed_by.clone(),
        paused: row.paused,
        text: text.then(|| row.text.clone()),
        modules: row.pins.clone(),
        problems: problems.map(ProblemView::all).unwrap_or_default(),
    }
}

/// A pipeline to be deployed, or looked at.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct DeployBody {
    /// The pipeline, in TOML.
    text: String,
    /// The digests of the modules that its text takes from paths; they were uploaded before.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    modules: Pins,
}

#[utoipa::path(post, path = "/api/v1/pipelines", summary = "Deploys a pipeline", tag = "pipelines", request_body = DeployBody, responses((status = 200, description = "It is deployed", body = DeployedPipeline), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn deploy(
    State(web): Api,
    Extension(identity): Extension<Identity>,
    Json(body): Json<DeployBody>,
) -> Result<Response, Problem> {
    let deployed = web.service.registry.deploy(&body.text, body.modules, &identity.name).await?;
    answer(&web, &deployed).await
}

/// What was deployed, once its triggers follow it.
async fn answer(web: &Web, deployed: &Deployed) -> Result<Response, Problem> {
    web.service.follow_deployment().await?;
    let mut view = view(deployed, false);
    match web.service.unset_secrets(deployed) {
        Ok(unset) => view.problems.extend(unset.iter().flat_map(ProblemView::all)),
        // It is deployed, whatever more could be said of it.
        Err(error) => tracing::error!(%error, "a deployment is not checked for secrets that are not set"),
    }
    Ok(document(&view))
}

/// What deploying a pipeline would come to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::web) struct CheckedPipeline {
    /// What a run would execute, unless something is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    graph: Option<GraphView>,
    /// What is wrong with it, or doubtful.
    problems: Vec<ProblemView>,
}

impl Versioned for CheckedPipeline {
    const SCHEMA: &'static str = "stepmill.checked_pipeline/1";
}

#[utoipa::path(post, path = "/api/v1/pipelines/check", summary = "Says what is wrong with a pipeline, without deploying it", tag = "pipelines", request_body = DeployBody, responses((status = 200, description = "What it is, and what is wrong with it", body = CheckedPipeline), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn check(State(web): Api, Json(body): Json<DeployBody>) -> Response {
    let checked = match web.service.registry.check(&body.text, &body.modules) {
        Ok((plan, warnings)) => {
            CheckedPipeline { graph: Some(GraphView::of(&plan)), problems: ProblemView::all(&warnings) }
        }
        Err(problems) => CheckedPipeline { graph: None, problems: ProblemView::all(&problems) },
    };
    document(&checked)
}

/// How many runs.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct GridQuery {
    /// The latest runs, at most 50; 25 unless said otherwise.
    limit: Option<u32>,
}

#[utoipa::path(get, path = "/api/v1/pipelines/{name}/grid", summary = "How each step stood in the latest runs", tag = "pipelines", params(("name" = Name, Path, description = "The pipeline"), GridQuery), responses((status = 200, description = "Steps by runs", body = StepGrid), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn grid(
    State(web): Api,
    Path(name): Path<Name>,
    Query(query): Query<GridQuery>,
) -> Result<Response, Problem> {
    let runs = query.limit.unwrap_or(GRID).clamp(1, MAX_GRID);
    let grid = web.read(move |reader| StepGrid::read(reader, &name, runs)).await?;
    Ok(document(&grid))
}

/// Which revisions.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct RevisionsQuery {
    before: Option<u32>,
    limit: Option<u32>,
}

#[utoipa::path(get, path = "/api/v1/pipelines/{name}/revisions", summary = "The latest 100 texts that were deployed, the newest first", tag = "pipelines", params(("name" = Name, Path, description = "The pipeline"), RevisionsQuery), responses((status = 200, description = "The revisions", body = RevisionList), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn revisions(
    State(web): Api,
    Path(name): Path<Name>,
    Query(query): Query<RevisionsQuery>,
) -> Result<Response, Problem> {
    let limit = query::limit(query.limit)?;
    let store = web.service.store.clone();
    let rows = web.read(move |_| store.revisions(&name, query.before.unwrap_or(u32::MAX), limit)).await?;
    Ok(document(&RevisionList { revisions: rows.into_iter().map(RevisionView::from).collect() }))
}

#[utoipa::path(post, path = "/api/v1/pipelines/{name}/revisions/{revision}/deploy", summary = "Deploys an earlier revision again", tag = "pipelines", params(("name" = Name, Path, description = "The pipeline"), ("revision" = u32, Path, description = "Which")), responses((status = 200, description = "It is deployed", body = DeployedPipeline), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn deploy_again(
    State(web): Api,
    Extension(identity): Extension<Identity>,
    Path((name, revision)): Path<(Name, u32)>,
) -> Result<Response, Problem> {
    let deployed = web.service.registry.deploy_again(&name, revision, &identity.name).await?;
    answer(&web, &deployed).await
}

#[utoipa::path(delete, path = "/api/v1/pipelines/{name}", summary = "Removes a pipeline; its runs stay", tag = "pipelines", params(("name" = Name, Path, description = "The pipeline")), responses((status = 204, description = "It is gone"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn remove(
    State(web): Api,
    Extension(identity): Extension<Identity>,
    Path(name): Path<Name>,
) -> Result<StatusCode, Problem> {
    web.service.registry.remove_pipeline(&name, &identity.name).await?;
    web.service.follow_deployment().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(post, path = "/api/v1/pipelines/{name}/pause", summary = "Lets the pipeline's triggers start no runs", tag = "pipelines", params(("name" = Name, Path, description = "The pipeline")), responses((status = 204, description = "They do not"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn pause(
    State(web): Api,
    Extension(identity): Extension<Identity>,
    Path(name): Path<Name>,
) -> Result<StatusCode, Problem> {
    web.service.registry.pause_pipeline(&name, true, &identity.name).await?;
    web.service.follow_deployment().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(post, path = "/api/v1/pipelines/{name}/resume", summary = "Lets the pipeline's triggers start runs again", tag = "pipelines", params(("name" = Name, Path, description = "The pipeline")), responses((status = 204, description = "They do"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn resume(
    State(web): Api,
    Extension(identity): Extension<Identity>,
    Path(name): Path<Name>,
) -> Result<StatusCode, Problem> {
    web.service.registry.pause_pipeline(&name, false, &identity.name).await?;
    web.service.follow_deployment().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a run is given, and how it runs.
#[derive(Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::web) struct StartBody {
    /// By the names of the pipeline's parameters. A file is `{ "file": ID }`, as its upload answered.
    #[schema(value_type = Object)]
    params: serde_json::Map<String, serde_json::Value>,
    /// Whether results of earlier attempts will do.
    cache: bool,
}

impl Default for StartBody {
    fn default() -> Self {
        Self { params: serde_json::Map::new(), cache: true }
    }
}

/// Starts a run. With an `Idempotency-Key`, the same request again is answered with the same run.
#[utoipa::path(post, path = "/api/v1/pipelines/{name}/runs", summary = "Starts a run", tag = "pipelines", params(("name" = Name, Path, description = "The pipeline"), ("Idempotency-Key" = Option<String>, Header, description = "The same request again gives the same run")), request_body = Option<StartBody>, responses((status = 201, description = "The run was accepted: it will end, whatever happens", body = RunSummary), (status = 200, description = "The same request was made before: its run", body = RunSummary), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn start(
    State(web): Api,
    Extension(identity): Extension<Identity>,
    Path(name): Path<Name>,
    headers: HeaderMap,
    OptionalJson(body): OptionalJson<StartBody>,
) -> Result<Response, Problem> {
    let key = idempotency_key(&headers, &identity, &name, &body)?;
    let request = StartRequest { options: RunOptions { cache: body.cache }, key, ..StartRequest::default() };
    let params = |plan: &_| web.params(&identity, plan, body.params);
    match web.service.start(&name, params, request).await? {
        Submitted::New(run) => accepted(&web, run.id(), StatusCode::CREATED).await,
        Submitted::Before(Before { same: false, .. }) => {
            let detail = "the `Idempotency-Key` came with another request before";
            Err(Problem::new(Kind::Unprocessable, detail).help("use a new key for each request"))
        }
        Submitted::Before(Before { run: Some(run), .. }) => accepted(&web, run, StatusCode::OK).await,
        Submitted::Before(Before { run: None, reason, .. }) => {
            Err(Problem::new(Kind::Conflict, reason.unwrap_or_else(|| "it was refused before".to_owned())))
        }
    }
}

fn idempotency_key(
    headers: &HeaderMap,
    identity: &Identity,
    pipeline: &Name,
    body: &StartBody,
) -> Result<Option<RequestKey>, Problem> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::new(Kind::BadRequest, "a request has one `Idempotency-Key`"));
    }
    // Tabs and blanks at the ends get lost on the way.
    let is_plain = |key: &&str| key.chars().all(|c| c == ' ' || c.is_ascii_graphic()) && !key.trim().is_empty();
    let key = value.to_str().ok().filter(is_plain).filter(|key| key.len() <= MAX_KEY);
    let key = key.ok_or_else(|| {
        let detail =
            format!("an `Idempotency-Key` has 1 to {MAX_KEY} characters of ASCII, not only spaces and no tabs");
        Problem::new(Kind::BadRequest, detail)
    })?;
    let asked = serde_json::to_vec(&(pipeline, body)).map_err(Problem::internal)?;
    Ok(Some(RequestKey {
        scope: format!("token/{}", identity.token),
        key: key.to_owned(),
        scheduled_for: None,
        fingerprint: Some(Sha256::digest(asked).into()),
        memory: Memory::Latest,
    }))
}
