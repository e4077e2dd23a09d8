//! All routes, each with the role that it needs: none is reachable without having said so. The same list describes the
//! API, so that nothing is served that is not described.

use std::sync::Arc;

use axum::{Extension, Router, middleware};
use serde_json::json;
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Paths,
    extensions::ExtensionsBuilder,
    path::Operation,
    security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
};
use utoipa_axum::router::UtoipaMethodRouter;

use super::{Web, changes, guard};
use crate::access::Role;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Everybody.
    Public,
    /// Tokens of at least this role.
    Role(Role),
}

impl Access {
    fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Role(role) => role.as_str(),
        }
    }
}

/// Collects routes.
#[derive(Default)]
pub(super) struct Routes {
    router: Router<Arc<Web>>,
    paths: Paths,
    components: ComponentsBuilder,
}

impl Routes {
    /// Adds what is at one path. The guard is part of it: it cannot be forgotten, and no path can go around it.
    pub(super) fn add(mut self, access: Access, routes: UtoipaMethodRouter<Arc<Web>>) -> Self {
        let (schemas, paths, handlers) = routes;
        // The guard first: whose requests are counted is known only then.
        let guarded = handlers
            .route_layer(middleware::from_fn(changes::detach))
            .route_layer(middleware::from_fn(guard::check))
            .layer(Extension(access));
        for (path, mut item) in paths.paths {
            self.router = self.router.route(&path, guarded.clone());
            for operation in [&mut item.get, &mut item.put, &mut item.post, &mut item.delete].into_iter().flatten() {
                describe(operation, access);
            }
            self.paths.paths.entry(path).or_default().merge_operations(item);
        }
        for (name, schema) in schemas {
            self.components = self.components.schema(name, schema);
        }
        self
    }

    /// The routes, and their description.
    pub(super) fn finish(self) -> (Router<Arc<Web>>, OpenApi) {
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let license = LicenseBuilder::new().name("MIT OR Apache-2.0").build();
        let info = InfoBuilder::new()
            .title("stepmill")
            .version(env!("CARGO_PKG_VERSION"))
            .description(Some("Pipelines of WebAssembly components that you do not have to trust."))
            .license(Some(license));
        let api = OpenApiBuilder::new()
            .info(info)
            .paths(self.paths)
            .components(Some(self.components.security_scheme("token", bearer).build()));
        (self.router, api.build())
    }
}

/// Says who may, and names the operation by its area, since two areas may have an operation of the same name.
fn describe(operation: &mut Operation, access: Access) {
    let area = operation.tags.iter().flatten().next();
    if let (Some(area), Some(id)) = (area, &operation.operation_id) {
        operation.operation_id = Some(format!("{area}_{id}"));
    }
    let role = ExtensionsBuilder::new().add("x-role", json!(access.as_str())).build();
    operation.extensions.get_or_insert_default().merge(role);
    if access != Access::Public {
        let none: [String; 0] = [];
        operation.security = Some(vec![SecurityRequirement::new("token", none)]);
    }
}
