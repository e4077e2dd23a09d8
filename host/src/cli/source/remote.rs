//! A server, asked over its API.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde::{Deserialize, de::DeserializeOwned};

use super::{Which, address::address, problem::Problem};
use crate::{
    app::reader::LogFilter,
    cli::{exit::CliError, files::Folder},
    dto::{DisabledPipeline, LogLineView, PipelineList, PipelineSummary, RunDetail, RunSummary, UploadReport},
    ids::{Name, RunId, StepIndex, Timestamp},
    module::Form,
    plan::Plan,
    value::items::array_head,
};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// Bytes of a file that are sent at once.
const CHUNK: usize = 256 << 10;
/// Runs on a page.
const PAGE: u32 = 200;

/// A server.
pub struct Remote {
    base: Url,
    token: Option<String>,
    client: Client,
}

/// A page of runs.
#[derive(Deserialize)]
struct RunPage {
    runs: Vec<RunSummary>,
    #[serde(default)]
    next: Option<String>,
}

/// Lines of logs.
#[derive(Deserialize)]
pub(super) struct LogPage {
    pub(super) lines: Vec<LogLineView>,
    pub(super) next: String,
    pub(super) ended: bool,
}

impl Remote {
    /// A server at an address.
    ///
    /// # Errors
    /// If it is no address.
    pub fn new(server: &str, token: Option<&str>) -> Result<Self, CliError> {
        let base = address(server)?;
        if token.is_some_and(|token| !token.chars().all(|c| c.is_ascii_graphic())) {
            let error = CliError::bad_input("the token has characters that no token has, such as spaces or line ends");
            return Err(error.help("a token begins with `stpm_`; it is taken from --token or STEPMILL_TOKEN"));
        }
        // What is asked must go where the user said, and nowhere else with the token.
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("stepmill/", env!("CARGO_PKG_VERSION")));
        Ok(Self { base, token: token.map(str::to_owned), client: client.build().map_err(CliError::host)? })
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        }
        let request = self.client.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, CliError> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(self.refused(response).await)
    }

    fn unreachable(&self, error: &reqwest::Error) -> CliError {
        let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
        let cause = causes.last().map_or_else(|| error.to_string(), ToString::to_string);
        let message = format!("the server {} does not answer: {cause}", self.base);
        let help = match self.base.scheme() {
            "https" => {
                "`stepmill serve` answers by http; https needs a proxy in front of it: is that what --server names?"
            }
            _ => "is it running? `stepmill serve` starts one; --server says where it is",
        };
        CliError::host(std::io::Error::other(message)).help(help)
    }

    /// An answer that no stepmill gave.
    fn other_server(&self, what: &str) -> CliError {
        let message = format!("what answers at {} is no stepmill server of this version: {what}", self.base);
        CliError::host(std::io::Error::other(message)).help(match self.base.path() {
            "/" => "check host and port in --server".to_owned(),
            path => format!("leave `{path}` out of --server, unless a proxy has stepmill there"),
        })
    }

    async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, CliError> {
        let bytes = self.send(request).await?.bytes().await.map_err(|error| self.unreachable(&error))?;
        serde_json::from_slice(&bytes)
            .map_err(|error| self.other_server(&format!("its answer has another form ({error})")))
    }

    async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, String)]) -> Result<T, CliError> {
        self.json(self.request(Method::GET, path).query(query)).await
    }

    pub(super) async fn runs(
        &self,
        pipeline: Option<Name>,
        limit: u32,
    ) -> Result<Vec<(RunSummary, Timestamp)>, CliError> {
        let mut runs = Vec::new();
        let mut cursor = None;
        while let Some(wanted) = limit.checked_sub(u32::try_from(runs.len()).unwrap_or(limit)).filter(|left| *left > 0)
        {
            let mut query = vec![("limit", wanted.min(PAGE).to_string())];
            query.extend(pipeline.iter().map(|name| ("pipeline", name.to_string())));
            query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
            let page: RunPage = self.get(&["runs"], &query).await?;
            runs.extend(page.runs.into_iter().map(|run| {
                let at = accepted(&run);
                (run, at)
            }));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        Ok(runs)
    }

    pub(super) async fn pipelines(
        &self,
    ) -> Result<(Vec<(PipelineSummary, Timestamp)>, Vec<DisabledPipeline>), CliError> {
        let PipelineList { pipelines, disabled } = self.get(&["runs", "pipelines"], &[]).await?;
        let dated = pipelines.into_iter().map(|pipeline| {
            let at = accepted(&pipeline.latest);
            (pipeline, at)
        });
        Ok((dated.collect(), disabled))
    }

    pub(in crate::cli) async fn find(&self, text: &str) -> Result<RunId, CliError> {
        #[derive(Deserialize)]
        struct Found {
            run: RunId,
        }
        let found: Found = self.get(&["runs", "find"], &[("text", text.to_owned())]).await?;
        Ok(found.run)
    }

    pub(super) async fn run(&self, run: RunId) -> Result<(RunDetail, Plan), CliError> {
        let detail = self.get(&["runs", &run.to_string()], &[]).await?;
        Ok((detail, self.plan(run).await?))
    }

    pub(super) async fn plan(&self, run: RunId) -> Result<Plan, CliError> {
        self.get(&["runs", &run.to_string(), "plan"], &[]).await
    }

    pub(super) async fn logs(
        &self,
        run: RunId,
        step: Option<&str>,
        filter: LogFilter,
        position: Option<&str>,
    ) -> Result<LogPage, CliError> {
        let mut query = Vec::new();
        query.extend(step.map(|step| ("step", step.to_owned())));
        query.extend(filter.item.map(|item| ("item", item.to_string())));
        query.extend(filter.attempt.map(|attempt| ("attempt", attempt.to_string())));
        query.extend(position.map(|position| ("position", position.to_owned())));
        self.get(&["runs", &run.to_string(), "logs"], &query).await
    }

    pub(super) async fn output(
        &self,
        run: RunId,
        plan: &Plan,
        step: StepIndex,
        which: Which,
    ) -> Result<Option<Bytes>, CliError> {
        let planned = plan.step(step);
        let path = ["runs", &run.to_string(), "steps", planned.name.as_str(), "output", "raw"];
        let request = self.request(Method::GET, &path).query(&query_of(which));
        let Some(response) = self.send_for_some(request).await? else { return Ok(None) };
        let items = response.headers().get("stepmill-items").and_then(|value| value.to_str().ok()?.parse().ok());
        let bytes = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        let form = if planned.for_each.is_some() && which.item.is_none() { Form::Rows } else { planned.output };
        match (form, items) {
            (Form::Rows, Some(items)) => {
                let mut list = array_head(items).map_err(CliError::host)?;
                list.extend_from_slice(&bytes);
                Ok(Some(list.into()))
            }
            _ => Ok(Some(bytes)),
        }
    }

    pub(super) async fn save(
        &self,
        run: RunId,
        plan: &Plan,
        step: StepIndex,
        which: Which,
        folder: &Path,
    ) -> Result<Option<Vec<PathBuf>>, CliError> {
        #[derive(Deserialize)]
        struct Listed {
            output: Files,
        }
        #[derive(Deserialize)]
        struct Files {
            #[serde(default)]
            files: Vec<crate::dto::FileView>,
        }
        let (run, name) = (run.to_string(), plan.step(step).name.as_str());
        let request = self.request(Method::GET, &["runs", &run, "steps", name, "output"]).query(&query_of(which));
        let Some(response) = self.send_for_some(request.query(&[("limit", "1")])).await? else { return Ok(None) };
        let bytes = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        let listed: Listed = serde_json::from_slice(&bytes).map_err(CliError::host)?;
        let (mut folder, mut paths) = (Folder::new(folder), Vec::new());
        for (index, file) in listed.output.files.iter().enumerate() {
            let mut draft = folder.begin(&file.name).map_err(CliError::host)?;
            let path = ["runs", &run, "steps", name, "files", &index.to_string()];
            let mut response = self.send(self.request(Method::GET, &path).query(&query_of(which))).await?;
            while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
                draft.write(&chunk).map_err(CliError::host)?;
            }
            paths.push(draft.finish().map_err(CliError::host)?);
        }
        Ok(Some(paths))
    }

    /// The answer, or none where there is nothing.
    async fn send_for_some(&self, request: RequestBuilder) -> Result<Option<Response>, CliError> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => Ok(Some(response)),
            _ => Err(self.refused(response).await),
        }
    }

    /// Asks a run to end.
    ///
    /// # Errors
    /// If it has ended, or the server does not do it.
    pub async fn cancel(&self, run: RunId, force: bool) -> Result<(), CliError> {
        let request = self.request(Method::POST, &["runs", &run.to_string(), "cancel"]).query(&[("force", force)]);
        self.send(request).await.map(drop)
    }

    /// What is at a path of the API.
    ///
    /// # Errors
    /// If the server does not say.
    pub async fn get_json(&self, path: &[&str]) -> Result<serde_json::Value, CliError> {
        self.get(path, &[]).await
    }

    /// Sends a document; what is answered, or null.
    ///
    /// # Errors
    /// If the server does not take it.
    pub async fn post(&self, path: &[&str], body: &serde_json::Value) -> Result<serde_json::Value, CliError> {
        let response = self.send(self.request(Method::POST, path).json(body)).await?;
        let bytes = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// Puts a document.
    ///
    /// # Errors
    /// If the server does not take it.
    pub async fn put(&self, path: &[&str], body: &serde_json::Value) -> Result<(), CliError> {
        self.send(self.request(Method::PUT, path).json(body)).await.map(drop)
    }

    /// Removes what is at a path.
    ///
    /// # Errors
    /// If the server does not.
    pub async fn delete(&self, path: &[&str], query: &[(&str, String)]) -> Result<(), CliError> {
        self.send(self.request(Method::DELETE, path).query(query)).await.map(drop)
    }

    /// Uploads a module.
    ///
    /// # Errors
    /// If the server does not take it.
    pub async fn upload(
        &self,
        wasm: Vec<u8>,
        name: Option<&str>,
        activate: bool,
        force: bool,
    ) -> Result<UploadReport, CliError> {
        let mut query = vec![("activate", activate.to_string()), ("force", force.to_string())];
        query.extend(name.map(|name| ("name", name.to_owned())));
        let request = self.request(Method::POST, &["modules"]).query(&query);
        self.json(request.header("content-type", "application/wasm").body(wasm)).await
    }

    /// Sends a file ahead of its run; the id by which the run takes it.
    ///
    /// # Errors
    /// If it cannot be read, or the server does not take it.
    pub async fn send_file(&self, path: &Path) -> Result<String, CliError> {
        #[derive(Deserialize)]
        struct Sent {
            file: String,
        }
        let unreadable =
            |error: std::io::Error| CliError::bad_input(format!("cannot read `{}`: {error}", path.display()));
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let media_type = mime_guess::from_path(path).first_or_octet_stream().to_string();
        let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
        if file.metadata().await.map_err(unreadable)?.is_dir() {
            let error =
                CliError::bad_input(format!("`{}` is a folder, and the parameter takes a file", path.display()));
            return Err(error.help("give the path of one file, such as an archive of the folder"));
        }
        let chunks = futures_util::stream::try_unfold(file, async |mut file| {
            let mut chunk = vec![0; CHUNK];
            let count = tokio::io::AsyncReadExt::read(&mut file, &mut chunk).await?;
            chunk.truncate(count);
            Ok::<_, std::io::Error>((count > 0).then_some((chunk, file)))
        });
        let request = self.request(Method::POST, &["files"]).query(&[("name", name)]);
        let body = reqwest::Body::wrap_stream(chunks);
        let sent: Sent = self.json(request.header("content-type", media_type).body(body)).await?;
        Ok(sent.file)
    }

    /// Starts a run of a deployed pipeline.
    ///
    /// # Errors
    /// If the server does not.
    pub async fn start(
        &self,
        pipeline: &str,
        body: &serde_json::Value,
        key: Option<&str>,
    ) -> Result<serde_json::Value, CliError> {
        let mut request = self.request(Method::POST, &["pipelines", pipeline, "runs"]).json(body);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.json(request).await
    }

    /// What the server said instead.
    async fn refused(&self, response: Response) -> CliError {
        let status = response.status();
        let bytes = response.bytes().await.unwrap_or_default();
        let Ok(problem) = serde_json::from_slice::<Problem>(&bytes) else {
            return self.other_server(&format!("it answers {status}"));
        };
        if problem.is_no_route() {
            return self.other_server(&format!("it answers {status}"));
        }
        problem.into_error(status)
    }

    /// The whole address of a path.
    #[must_use]
    pub fn address(&self, path: &str) -> String {
        self.base.join(path).map_or_else(|_| path.to_owned(), String::from)
    }
}

fn query_of(which: Which) -> Vec<(&'static str, String)> {
    let item = which.item.map(|item| ("item", item.to_string()));
    item.into_iter().chain(which.attempt.map(|attempt| ("attempt", attempt.to_string()))).collect()
}

/// When a run was accepted.
fn accepted(run: &RunSummary) -> Timestamp {
    let time = chrono::DateTime::parse_from_rfc3339(&run.created_at);
    Timestamp(time.map_or(0, |time| time.timestamp_millis()))
}
