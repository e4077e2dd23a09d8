//! What went wrong, as RFC 9457 says it: `application/problem+json`.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{
    access::{tokens::TokensError, vault::VaultError},
    app::service_rows::ChangeError,
    app::{
        StartError, StoreError, UploadError,
        registry::RegistryError,
        service::{DiskPressure, StartDeployedError},
        triggers::TriggersError,
    },
    dto::ProblemView,
    execute::{dispatcher::RunError, ports::JournalError},
};

/// The answer to a request that cannot be done.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// Names the kind of problem: `urn:stepmill:problem:` and a word.
    #[serde(rename = "type")]
    kind: String,
    /// The kind, for people.
    title: &'static str,
    /// The status code.
    status: u16,
    /// What went wrong this time.
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    /// What is wrong with a pipeline, each with its place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    problems: Vec<ProblemView>,
}

/// The kinds there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    NoRoute,
    Method,
    Conflict,
    TooLarge,
    Unsupported,
    Misdirected,
    Unprocessable,
    TooMany,
    Unavailable,
    Internal,
}

impl Kind {
    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadRequest => (StatusCode::BAD_REQUEST, "bad-request", "The request is not as it must be"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "A valid token is needed"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "The token does not allow this"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
            Self::NoRoute => (StatusCode::NOT_FOUND, "no-route", "There is nothing at this address"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "method", "The address takes other methods"),
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "This cannot be done as things are"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The request is too large"),
            Self::Unsupported => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported", "The request has another media type than it must")
            }
            Self::Misdirected => (StatusCode::MISDIRECTED_REQUEST, "misdirected", "This host is called otherwise"),
            Self::Unprocessable => (StatusCode::UNPROCESSABLE_ENTITY, "unprocessable", "What was sent is wrong"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too-many", "There are too many requests"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The host cannot do this now"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "The host failed"),
        }
    }
}

impl Problem {
    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let (status, word, title) = kind.parts();
        Self {
            kind: format!("urn:stepmill:problem:{word}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            help: None,
            problems: Vec::new(),
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What went wrong this time.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    pub(super) fn not_found(what: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, what)
    }

    /// What is no fault of the request; the log says more.
    pub(super) fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(Kind::Internal, "the host's log says more")
    }

    /// What is wrong with a pipeline.
    pub(super) fn of_pipeline(detail: impl Into<String>, problems: Vec<ProblemView>) -> Self {
        Self { problems, ..Self::new(Kind::Unprocessable, detail) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            _ => {}
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoSuchRun(_) => Self::not_found(error.to_string()),
            StoreError::Ambiguous { .. } => Self::new(Kind::Conflict, error.to_string()),
            StoreError::Damaged { detail, .. } => {
                tracing::error!(detail, "what a request needs is damaged");
                Self::new(Kind::Internal, format!("this is damaged on the disk: {detail}"))
                    .help("`stepmill verify` names all that is damaged")
            }
            error => Self::internal(error),
        }
    }
}

impl From<JournalError> for Problem {
    fn from(error: JournalError) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(Kind::Unavailable, "this could not be stored; the host's log says why")
    }
}

impl From<TriggersError> for Problem {
    fn from(error: TriggersError) -> Self {
        match error {
            TriggersError::Journal(error) => error.into(),
            error @ TriggersError::NotYet(_) => Self::new(Kind::Unavailable, error.to_string()),
        }
    }
}

impl From<StartError> for Problem {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Params(params) if params.is_hosts_fault() => {
                tracing::error!(error = %params, "the parameters of a run cannot be stored");
                Self::new(Kind::Unavailable, "the parameters could not be stored; the host's log says why")
            }
            StartError::Params(_) | StartError::NoStep { .. } => Self::new(Kind::Unprocessable, error.to_string()),
            StartError::Refused(refusal) => Self::new(Kind::Forbidden, refusal.to_string()).help(refusal.help()),
            StartError::NotEnded(_) | StartError::Active(_) | StartError::Repeated => {
                Self::new(Kind::Conflict, error.to_string())
            }
            StartError::Store(error) => error.into(),
            StartError::Run(RunError::Journal(error)) => error.into(),
            StartError::Run(RunError::Interrupted(_) | RunError::Stopped) => {
                tracing::error!(%error, "a request failed");
                Self::new(Kind::Unavailable, error.to_string())
            }
            StartError::Module(_) | StartError::Run(RunError::State(_) | RunError::Panicked(_)) => {
                Self::internal(error)
            }
        }
    }
}

impl From<StartDeployedError> for Problem {
    fn from(error: StartDeployedError) -> Self {
        match error {
            StartDeployedError::NoPipeline(_) => Self::not_found(error.to_string()),
            StartDeployedError::Broken(ref problems) => {
                Self::of_pipeline(error.to_string(), ProblemView::all(problems))
            }
            StartDeployedError::NoFile(_) => Self::new(Kind::Unprocessable, error.to_string())
                .help("send it with POST /api/v1/files, and write { \"file\": ID } here"),
            StartDeployedError::Name(error) => Self::new(Kind::Unprocessable, error.to_string()),
            StartDeployedError::Disk(pressure) => pressure.into(),
            StartDeployedError::Start(error) => error.into(),
        }
    }
}

impl From<RegistryError> for Problem {
    fn from(error: RegistryError) -> Self {
        let text = error.to_string();
        match error {
            RegistryError::Module(error) if error.is_hosts_fault() => Self::internal(error),
            RegistryError::Module(_) | RegistryError::Nameless => Self::new(Kind::Unprocessable, text),
            RegistryError::Version { .. } | RegistryError::Used { .. } | RegistryError::Waiting(_) => {
                Self::new(Kind::Conflict, text)
            }
            RegistryError::Breaks(broken) => {
                let problems = broken.iter().flat_map(|broken| ProblemView::all(&broken.problems)).collect();
                let problem = Self { problems, ..Self::new(Kind::Conflict, text) };
                problem.help("mend the pipelines first, or force it")
            }
            RegistryError::Problems(problems) => Self::of_pipeline(text, ProblemView::all(&problems)),
            RegistryError::Unknown(_) => Self::not_found(text),
            RegistryError::Journal(error) => error.into(),
            RegistryError::Store(error) => error.into(),
        }
    }
}

impl From<DiskPressure> for Problem {
    fn from(pressure: DiskPressure) -> Self {
        Self::new(Kind::Unavailable, pressure.to_string()).help("make room, or wait until old runs are removed")
    }
}

impl From<UploadError> for Problem {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::TooLarge => Self::new(Kind::TooLarge, error.to_string()),
            UploadError::TooMany | UploadError::Full => Self::new(Kind::TooMany, error.to_string()),
            UploadError::Store(error) => {
                tracing::warn!(%error, "an upload failed");
                Self::new(Kind::Unavailable, "the file could not be stored")
            }
        }
    }
}

impl From<TokensError> for Problem {
    fn from(error: TokensError) -> Self {
        match error {
            TokensError::Change(ChangeError::Refused(refused)) => Self::new(Kind::Conflict, refused.to_string()),
            TokensError::Change(ChangeError::Journal(error)) | TokensError::Journal(error) => error.into(),
            TokensError::Store(error) => error.into(),
            error @ TokensError::Random(_) => Self::internal(error),
        }
    }
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Size => Self::new(Kind::Unprocessable, error.to_string()),
            VaultError::Change(ChangeError::Refused(refused)) => Self::not_found(refused.to_string()),
            VaultError::Change(ChangeError::Journal(error)) | VaultError::Journal(error) => error.into(),
            VaultError::Store(error) => error.into(),
            error => Self::internal(error),
        }
    }
}
