//! The API: what can be asked for and done, by area.

mod outputs;
mod runs;
mod sessions;
mod system;
mod tokens;
mod vault;

use std::sync::Arc;

use axum::{
    http::{Method, Uri},
    routing::{delete, get, post, put},
};

use super::{
    Web,
    problem::Problem,
    routes::{Access, Routes},
};
use crate::access::Role;

const VIEWER: Access = Access::Role(Role::Viewer);
const OPERATOR: Access = Access::Role(Role::Operator);
const ADMIN: Access = Access::Role(Role::Admin);

/// Every route there is.
pub(super) fn routes(web: Arc<Web>) -> Routes {
    let routes = Routes::new(web);
    let routes = routes
        .add(Method::GET, "/healthz", Access::Public, get(system::healthy))
        .add(Method::GET, "/readyz", Access::Public, get(system::ready))
        .add(Method::GET, "/metrics", VIEWER, get(system::metrics))
        .add(Method::GET, "/login/{secret}", Access::Public, get(sessions::page))
        .add(Method::POST, "/login/{secret}", Access::Public, post(sessions::log_in_with_link))
        .add(Method::POST, "/api/v1/session", Access::Public, post(sessions::log_in))
        .add(Method::GET, "/api/v1/session", VIEWER, get(sessions::who))
        .add(Method::DELETE, "/api/v1/session", VIEWER, delete(sessions::log_out));
    let routes = routes
        .add(Method::GET, "/api/v1/runs", VIEWER, get(runs::list))
        .add(Method::GET, "/api/v1/runs/live", VIEWER, get(runs::live))
        .add(Method::GET, "/api/v1/runs/{run}", VIEWER, get(runs::show))
        .add(Method::GET, "/api/v1/runs/{run}/graph", VIEWER, get(runs::graph))
        .add(Method::GET, "/api/v1/runs/{run}/events", VIEWER, get(runs::events))
        .add(Method::GET, "/api/v1/runs/{run}/logs", VIEWER, get(runs::logs))
        .add(Method::POST, "/api/v1/runs/{run}/cancel", OPERATOR, post(runs::cancel))
        .add(Method::POST, "/api/v1/runs/{run}/rerun", OPERATOR, post(runs::rerun))
        .add(Method::GET, "/api/v1/runs/{run}/steps/{step}/output", VIEWER, get(outputs::show))
        .add(Method::GET, "/api/v1/runs/{run}/steps/{step}/output/raw", VIEWER, get(outputs::raw))
        .add(Method::GET, "/api/v1/runs/{run}/steps/{step}/files/{index}", VIEWER, get(outputs::file));
    routes
        .add(Method::GET, "/api/v1/tokens", ADMIN, get(tokens::list))
        .add(Method::POST, "/api/v1/tokens", ADMIN, post(tokens::create))
        .add(Method::DELETE, "/api/v1/tokens/{name}", ADMIN, delete(tokens::revoke))
        .add(Method::GET, "/api/v1/audit", ADMIN, get(tokens::audit))
        .add(Method::GET, "/api/v1/secrets", VIEWER, get(vault::list))
        .add(Method::PUT, "/api/v1/secrets/{name}", ADMIN, put(vault::set))
        .add(Method::DELETE, "/api/v1/secrets/{name}", ADMIN, delete(vault::remove))
        .add(Method::GET, "/", Access::Public, get(system::root))
}

/// Anything else.
pub(super) async fn unknown(uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(200).collect();
    Problem::not_found(format!("there is nothing at `{path}`")).help("`GET /api/v1/openapi.json` lists what there is")
}
