//! Runs: lists, one, what happens in it, and what can be done with it.

use std::sync::Arc;

use axum::{
    Json as JsonBody,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use crate::{
    access::Identity,
    app::{
        Again, ParamInput, Params, Rerun,
        reader::{LogFilter, RunFilter, RunRow},
        service::StartDeployedError,
    },
    dto::{
        DisabledPipeline, Document, EventView, GraphView, LogLines, PipelineList, PipelineSummary, RunDetail, RunState,
        RunSummary, Versioned, read,
    },
    event::RunOptions,
    ids::{Name, RunId},
    plan::{ParamKind, Plan},
    web::{
        Web,
        body::OptionalJson,
        problem::{Kind, Problem},
        query::{self, Path, Query},
        stream,
    },
};

type Api = State<Arc<Web>>;

/// The most runs of each pipeline in a list of pipelines.
const MAX_RECENT: u32 = 50;

/// Which runs a list shows.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct ListQuery {
    pipeline: Option<Name>,
    state: Option<RunState>,
    trigger: Option<Name>,
    from: Option<String>,
    until: Option<String>,
    text: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A page of runs, newest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::web) struct RunPage {
    runs: Vec<RunSummary>,
    /// For the next page; none behind the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// Runs that are left out because they are damaged; none if all can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    damaged: Option<u64>,
}

impl Versioned for RunPage {
    const SCHEMA: &'static str = "stepmill.runs/1";
}

#[utoipa::path(get, path = "/api/v1/runs", summary = "A page of runs, newest first", tag = "runs", params(ListQuery), responses((status = 200, description = "The page", body = RunPage), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn list(State(web): Api, Query(query): Query<ListQuery>) -> Result<Response, Problem> {
    let limit = query::limit(query.limit)?;
    let after = query.cursor.as_deref().map(query::read_cursor).transpose()?;
    let filter = RunFilter {
        pipeline: query.pipeline,
        state: query.state,
        trigger: query.trigger,
        from: query.from.map(|text| query::time("from", &text)).transpose()?,
        until: query.until.map(|text| query::time("until", &text)).transpose()?,
        text: query.text.filter(|text| !text.is_empty()),
    };
    let page = web.read(move |reader| reader.runs(&filter, after, limit)).await?;
    let runs = web.summaries(&page.runs);
    let damaged = Some(page.damaged).filter(|damaged| *damaged > 0);
    Ok(document(&RunPage { runs, next: page.next.map(query::write_cursor), damaged }))
}

#[utoipa::path(get, path = "/api/v1/runs/live", summary = "Runs that begin and end, as server-sent events", tag = "runs", responses((status = 200, description = "`run` events with a run, `deployed` when modules or pipelines changed, `reload` where some were missed", content_type = "text/event-stream"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn live(State(web): Api) -> stream::Events {
    stream::all_runs(&web)
}

#[utoipa::path(get, path = "/api/v1/runs/{run}", summary = "All about a run", tag = "runs", params(("run" = RunId, Path, description = "The run")), responses((status = 200, description = "The run", body = RunDetail), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn show(State(web): Api, Path(run): Path<RunId>) -> Result<Response, Problem> {
    let read = web.read(move |reader| {
        let (mut detail, _) = RunDetail::read(reader, run)?;
        detail.explain_from(reader, None);
        Ok(detail)
    });
    let mut detail = read.await?;
    web.mark_interrupted([&mut detail.run]);
    Ok(document(&detail))
}

#[utoipa::path(get, path = "/api/v1/runs/{run}/graph", summary = "What the run executes", tag = "runs", params(("run" = RunId, Path, description = "The run")), responses((status = 200, description = "The graph", body = GraphView), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn graph(State(web): Api, Path(run): Path<RunId>) -> Result<Response, Problem> {
    let plan = web.read(move |reader| reader.plan(run)).await?;
    Ok(document(&GraphView::of(&plan)))
}

/// Where a list of events begins.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct EventsQuery {
    from: Option<u64>,
    limit: Option<u32>,
}

/// A part of what happened in a run.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::web) struct EventPage {
    events: Vec<EventView>,
    /// The number to go on with.
    next: u64,
}

impl Versioned for EventPage {
    const SCHEMA: &'static str = "stepmill.events/1";
}

/// A page of events, or, for who accepts a stream, all of them as they come.
#[utoipa::path(get, path = "/api/v1/runs/{run}/events", summary = "What happened in the run; with `Accept: text/event-stream`, as it happens", tag = "runs", params(("run" = RunId, Path, description = "The run"), EventsQuery), responses((status = 200, description = "The page", body = EventPage), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn events(
    State(web): Api,
    Path(run): Path<RunId>,
    Query(query): Query<EventsQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let plan = web.read(move |reader| reader.plan(run)).await?;
    if wants_stream(&headers) {
        let seen = stream::last_event_id(&headers).and_then(|id| id.parse::<u64>().ok());
        let from = seen.map_or(query.from.unwrap_or(0), |seen| seen.saturating_add(1));
        return Ok(stream::run_events(&web, run, plan, from).into_response());
    }
    let (from, limit) = (query.from.unwrap_or(0), query::limit(query.limit)?);
    let events = web.read(move |reader| reader.events(run, from, limit)).await?;
    let next = events.last().map_or(from, |last| last.seq + 1);
    Ok(document(&EventPage { events: events.iter().map(|event| EventView::of(&plan, event)).collect(), next }))
}

/// How many runs of each pipeline.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct RecentQuery {
    /// The latest runs of each pipeline, at most 50.
    recent: u32,
}

#[utoipa::path(get, path = "/api/v1/runs/pipelines", summary = "The pipelines that have runs, with their latest, and those that cannot run", tag = "runs", params(RecentQuery), responses((status = 200, description = "The pipelines", body = PipelineList), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn pipelines(
    State(web): Api,
    Query(RecentQuery { recent }): Query<RecentQuery>,
) -> Result<Response, Problem> {
    let mut found = web.read(move |reader| PipelineSummary::read_all(reader, recent.min(MAX_RECENT))).await?;
    web.mark_interrupted(found.iter_mut().map(|(pipeline, _)| &mut pipeline.latest));
    let disabled = web.service.registry.pipelines().into_iter().filter_map(|deployed| {
        let reason = deployed.plan().err()?.to_string();
        Some(DisabledPipeline { name: deployed.name().clone(), reason })
    });
    let pipelines = found.into_iter().map(|(pipeline, _)| pipeline).collect();
    Ok(document(&PipelineList { pipelines, disabled: disabled.collect() }))
}

/// How somebody calls a run.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct FindQuery {
    /// An id, the beginning of one, or `latest`.
    text: String,
}

/// The run that somebody means.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::web) struct Found {
    run: RunId,
}

#[utoipa::path(get, path = "/api/v1/runs/find", summary = "The run that an id, the beginning of one, or `latest` means", tag = "runs", params(FindQuery), responses((status = 200, description = "The run", body = Found), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn find(State(web): Api, Query(query): Query<FindQuery>) -> Result<Response, Problem> {
    let run = web.read(move |reader| reader.find_run(&query.text)).await?;
    Ok(JsonBody(Found { run }).into_response())
}

/// The plan as it is kept: for programs of this version, such as `stepmill runs show`.
#[utoipa::path(get, path = "/api/v1/runs/{run}/plan", summary = "The plan that the run follows, as it is kept", tag = "runs", params(("run" = RunId, Path, description = "The run")), responses((status = 200, description = "The plan", body = Object), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn plan(State(web): Api, Path(run): Path<RunId>) -> Result<Response, Problem> {
    let plan = web.read(move |reader| reader.plan(run)).await?;
    Ok(JsonBody(plan).into_response())
}

/// Lines of logs, and where to go on.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::web) struct LogPage {
    #[serde(flatten)]
    lines: LogLines,
    /// For the lines to come.
    next: String,
    /// Whether the run had ended before the lines were read: then these are the last ones.
    ended: bool,
}

impl Versioned for LogPage {
    const SCHEMA: &'static str = LogLines::SCHEMA;
}

/// Whose lines are wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct LogsQuery {
    step: Option<Name>,
    item: Option<u32>,
    attempt: Option<u32>,
    /// Only behind the lines that were answered with this.
    position: Option<String>,
}

/// All lines, or, for who accepts a stream, those to come, too.
#[utoipa::path(get, path = "/api/v1/runs/{run}/logs", summary = "What steps wrote to their logs; with `Accept: text/event-stream`, as they write", tag = "runs", params(("run" = RunId, Path, description = "The run"), LogsQuery), responses((status = 200, description = "The lines", body = LogPage), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn logs(
    State(web): Api,
    Path(run): Path<RunId>,
    Query(query): Query<LogsQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let plan = web.read(move |reader| reader.plan(run)).await?;
    let steps = match &query.step {
        None => plan.indices().collect::<Vec<_>>(),
        Some(name) => {
            let step = plan.find(name.as_str());
            vec![step.ok_or_else(|| Problem::not_found(format!("the run has no step `{name}`")))?]
        }
    };
    let mut cursor = read::LogCursor::new(run, steps, LogFilter { item: query.item, attempt: query.attempt });
    if wants_stream(&headers) {
        if let Some(id) = stream::last_event_id(&headers) {
            cursor.seek(&stream::read_log_position(id));
        }
        return Ok(stream::run_logs(&web, run, plan, cursor).into_response());
    }
    if let Some(position) = &query.position {
        cursor.seek(&stream::read_log_position(position));
    }
    let read = web.read(move |reader| {
        let ended = reader.run(run)?.state.is_terminal();
        let lines = cursor.read(reader)?;
        Ok((ended, lines, cursor))
    });
    let (ended, lines, cursor) = read.await?;
    let lines = LogLines { run, lines: read::log_views(&plan, &lines) };
    Ok(document(&LogPage { lines, next: stream::write_log_position(cursor.position()), ended }))
}

/// How a run is to be cancelled.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct CancelQuery {
    /// Do not run its `finally` steps either.
    force: bool,
}

/// Answers when the request is durable; the run ends soon after. Asking again changes nothing.
#[utoipa::path(post, path = "/api/v1/runs/{run}/cancel", summary = "Cancel a run", tag = "runs", params(("run" = RunId, Path, description = "The run"), CancelQuery), responses((status = 202, description = "Recorded: the run ends as cancelled"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn cancel(
    State(web): Api,
    Path(run): Path<RunId>,
    Query(CancelQuery { force }): Query<CancelQuery>,
    axum::Extension(identity): axum::Extension<Identity>,
) -> Result<StatusCode, Problem> {
    if let Some(answer) = has_ended(&web, run).await? {
        return answer;
    }
    let action = if force { "run.cancel.force" } else { "run.cancel" };
    web.service.store.note(identity.name, action, run.to_string(), None).await?;
    match web.service.host.cancel(run, force).await {
        Ok(()) => Ok(StatusCode::ACCEPTED),
        // It may have ended meanwhile, or while it was asked.
        Err(error) => match has_ended(&web, run).await? {
            Some(answer) => answer,
            None => Err(Problem::new(Kind::Unavailable, error.to_string()).help("try again")),
        },
    }
}

/// How a request to cancel a run that has ended is answered.
async fn has_ended(web: &Web, run: RunId) -> Result<Option<Result<StatusCode, Problem>>, Problem> {
    let state = web.read(move |reader| reader.run(run)).await?.state;
    Ok(match state {
        RunState::Queued | RunState::Running => None,
        RunState::Cancelled => Some(Ok(StatusCode::ACCEPTED)),
        state => Some(Err(Problem::new(Kind::Conflict, format!("the run has ended: it {}", state.as_str())))),
    })
}

/// How a run is to be repeated.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::web) struct RerunBody {
    /// Only what did not succeed.
    failed: bool,
    /// From these steps on.
    from: Vec<String>,
    /// What it is given otherwise.
    params: serde_json::Map<String, serde_json::Value>,
    /// Whether results of earlier attempts will do.
    cache: bool,
}

impl Default for RerunBody {
    fn default() -> Self {
        Self { failed: false, from: Vec::new(), params: serde_json::Map::new(), cache: true }
    }
}

#[utoipa::path(post, path = "/api/v1/runs/{run}/rerun", summary = "Repeats a run that has ended", tag = "runs", params(("run" = RunId, Path, description = "The run")), request_body = Option<RerunBody>, responses((status = 201, description = "The new run", body = RunSummary), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(in crate::web) async fn rerun(
    State(web): Api,
    Path(run): Path<RunId>,
    axum::Extension(identity): axum::Extension<Identity>,
    OptionalJson(body): OptionalJson<RerunBody>,
) -> Result<Response, Problem> {
    let again = match (body.failed, body.from.is_empty()) {
        (false, true) => Again::Whole,
        (true, true) => Again::Failed,
        (false, false) => Again::From(body.from),
        (true, false) => return Err(Problem::new(Kind::Unprocessable, "`failed` and `from` exclude each other")),
    };
    let plan = web.read(move |reader| reader.plan(run)).await?;
    let params = web.params(&identity, &plan, body.params)?;
    web.service.check_room()?;
    let rerun = Rerun { again, params, plan: None, options: RunOptions { cache: body.cache } };
    let started = web.service.host.rerun(run, rerun).await?;
    let new = started.id();
    web.service.store.note(identity.name, "run.rerun", run.to_string(), Some(format!("{{\"run\":\"{new}\"}}"))).await?;
    accepted(&web, new, StatusCode::CREATED).await
}

/// Answers with a run that was accepted.
pub(in crate::web) async fn accepted(web: &Arc<Web>, run: RunId, status: StatusCode) -> Result<Response, Problem> {
    let row = web.read(move |reader| reader.run(run)).await?;
    let location = [(header::LOCATION, format!("/api/v1/runs/{run}"))];
    let summary = web.summaries(std::slice::from_ref(&row)).remove(0);
    Ok((status, location, JsonBody(summary)).into_response())
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.split(',').any(|part| part.trim().starts_with("text/event-stream"))
}

/// A document of a published schema.
pub(in crate::web) fn document<T: Versioned>(body: &T) -> Response {
    JsonBody(Document::of(body)).into_response()
}

impl Web {
    /// Runs as lists show them.
    pub(in crate::web) fn summaries(&self, rows: &[RunRow]) -> Vec<RunSummary> {
        let mut runs: Vec<_> = rows.iter().map(RunSummary::from).collect();
        self.mark_interrupted(&mut runs);
        runs
    }

    /// Says of runs that do not continue at the moment that and why they do not.
    pub(in crate::web) fn mark_interrupted<'r>(&self, runs: impl IntoIterator<Item = &'r mut RunSummary>) {
        let interruptions = self.service.host.interruptions();
        if interruptions.is_empty() {
            return;
        }
        for run in runs {
            if let Some(interruption) = interruptions.get(&run.id).filter(|_| !run.state.is_terminal()) {
                run.interrupted = true;
                run.interruption = Some(interruption.reason.clone());
            }
        }
    }

    /// What a run of a plan is given, from JSON. A file is what its upload answered with.
    pub(in crate::web) fn params(
        &self,
        identity: &Identity,
        plan: &Plan,
        given: serde_json::Map<String, serde_json::Value>,
    ) -> Result<Params, StartDeployedError> {
        let mut params = Params::new();
        for (name, value) in given {
            let name = Name::new(&name)?;
            let is_file = plan.params.iter().any(|param| param.name == name && param.kind == ParamKind::File);
            let input = if is_file { self.uploaded(identity, &name, &value)? } else { ParamInput::Json(value) };
            params.insert(name, input);
        }
        Ok(params)
    }

    fn uploaded(
        &self,
        identity: &Identity,
        name: &Name,
        value: &serde_json::Value,
    ) -> Result<ParamInput, StartDeployedError> {
        let id = value.get("file").and_then(|id| id.as_str()).and_then(|id| id.parse().ok());
        let file = id.and_then(|id| self.service.uploads.find(identity.token, id));
        file.map(ParamInput::File).ok_or_else(|| StartDeployedError::NoFile(name.clone()))
    }
}
