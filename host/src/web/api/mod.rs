//! The API: what can be asked for and done, by area.

mod files;
mod modules;
mod outputs;
mod pipelines;
mod runs;
mod sessions;
mod system;
mod tokens;
mod triggers;
mod vault;

use axum::http::{Method, Uri};
use utoipa::openapi::OpenApi;
use utoipa_axum::routes;

use super::{
    problem::{Kind, Problem},
    routes::{Access, Routes},
};
use crate::access::Role;

const VIEWER: Access = Access::Role(Role::Viewer);
const OPERATOR: Access = Access::Role(Role::Operator);
const PUBLISHER: Access = Access::Role(Role::Publisher);
const ADMIN: Access = Access::Role(Role::Admin);

/// Every route there is.
pub(super) fn routes() -> Routes {
    let routes = Routes::default()
        .add(Access::Public, routes!(system::healthy))
        .add(Access::Public, routes!(system::ready))
        .add(VIEWER, routes!(system::show))
        .add(VIEWER, routes!(system::metrics))
        .add(VIEWER, routes!(system::openapi))
        .add(Access::Public, routes!(sessions::page))
        .add(Access::Public, routes!(sessions::log_in_with_link))
        .add(Access::Public, routes!(sessions::log_in))
        .add(VIEWER, routes!(sessions::who))
        .add(VIEWER, routes!(sessions::log_out))
        .add(VIEWER, routes!(sessions::link));
    let routes = routes
        .add(VIEWER, routes!(runs::list))
        .add(VIEWER, routes!(runs::live))
        .add(VIEWER, routes!(runs::find))
        .add(VIEWER, routes!(runs::pipelines))
        .add(VIEWER, routes!(runs::show))
        .add(VIEWER, routes!(runs::plan))
        .add(VIEWER, routes!(runs::graph))
        .add(VIEWER, routes!(runs::events))
        .add(VIEWER, routes!(runs::logs))
        .add(OPERATOR, routes!(runs::cancel))
        .add(OPERATOR, routes!(runs::rerun))
        .add(OPERATOR, routes!(files::upload))
        .add(VIEWER, routes!(outputs::show))
        .add(VIEWER, routes!(outputs::raw))
        .add(VIEWER, routes!(outputs::file))
        .add(VIEWER, routes!(outputs::preview))
        .add(VIEWER, routes!(outputs::param));
    let routes = routes
        .add(VIEWER, routes!(modules::list))
        .add(VIEWER, routes!(modules::show))
        .add(PUBLISHER, routes!(modules::upload))
        .add(PUBLISHER, routes!(modules::activate))
        .add(ADMIN, routes!(modules::approve))
        .add(PUBLISHER, routes!(modules::remove))
        .add(VIEWER, routes!(pipelines::list))
        .add(VIEWER, routes!(pipelines::show))
        .add(VIEWER, routes!(pipelines::graph))
        .add(VIEWER, routes!(pipelines::params))
        .add(VIEWER, routes!(pipelines::grid))
        .add(PUBLISHER, routes!(pipelines::check))
        .add(PUBLISHER, routes!(pipelines::deploy))
        .add(VIEWER, routes!(pipelines::revisions))
        .add(PUBLISHER, routes!(pipelines::deploy_again))
        .add(PUBLISHER, routes!(pipelines::remove))
        .add(OPERATOR, routes!(pipelines::pause))
        .add(OPERATOR, routes!(pipelines::resume))
        .add(OPERATOR, routes!(pipelines::start))
        .add(VIEWER, routes!(triggers::list))
        .add(VIEWER, routes!(triggers::events))
        .add(OPERATOR, routes!(triggers::pause))
        .add(OPERATOR, routes!(triggers::resume))
        .add(Access::Public, routes!(triggers::deliver));
    routes
        .add(ADMIN, routes!(tokens::list))
        .add(ADMIN, routes!(tokens::create))
        .add(ADMIN, routes!(tokens::revoke))
        .add(ADMIN, routes!(tokens::audit))
        .add(VIEWER, routes!(vault::list))
        .add(ADMIN, routes!(vault::set))
        .add(ADMIN, routes!(vault::remove))
}

/// The description of the API: every route, what it takes and answers, and the role that it needs.
#[must_use]
pub fn description() -> OpenApi {
    routes().finish().1
}

/// Anything else.
pub(super) async fn unknown(uri: Uri) -> Problem {
    Problem::new(Kind::NoRoute, format!("there is nothing at `{}`", shortened(&uri)))
        .help("`GET /api/v1/openapi.json` lists what there is")
}

/// A known address, asked in a way that it does not take; the header `Allow` says which it does.
pub(super) async fn other_method(method: Method, uri: Uri) -> Problem {
    Problem::new(Kind::Method, format!("`{}` takes no {method}", shortened(&uri)))
        .help("the header `Allow` of this answer names the methods that it takes")
}

/// A path that fits into a message.
fn shortened(uri: &Uri) -> String {
    uri.path().chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    #[test]
    fn no_two_operations_have_the_same_id() {
        let described = serde_json::to_value(super::description()).unwrap();
        let mut ids = std::collections::HashSet::new();
        for (path, operations) in described["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap();
                assert!(ids.insert(id.to_owned()), "{method} {path}: `{id}`");
            }
        }
    }

    /// With `STEPMILL_ACCEPT` set, the file is written anew.
    #[test]
    fn the_committed_description_is_that_of_the_routes() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
        let described = super::description().to_pretty_json().unwrap() + "\n";
        if std::env::var_os("STEPMILL_ACCEPT").is_some() {
            fs::write(&path, &described).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == described, "docs/openapi.json is not what is served: run `just openapi`");
    }
}
