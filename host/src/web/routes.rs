//! All routes, each with the role that it needs: none is reachable without having said so.

use std::sync::Arc;

use axum::{Router, http::Method, middleware, routing::MethodRouter};

use super::{Web, guard};
use crate::access::Role;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Public,
    /// Tokens of at least this role.
    Role(Role),
}

/// A route, as tests and documents see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// How it is called.
    pub method: Method,
    /// Where; parameters in braces.
    pub path: &'static str,
    /// Who may.
    pub access: Access,
}

/// Collects routes.
pub(super) struct Routes {
    web: Arc<Web>,
    router: Router<Arc<Web>>,
    table: Vec<Route>,
}

impl Routes {
    pub(super) fn new(web: Arc<Web>) -> Self {
        Self { web, router: Router::new(), table: Vec::new() }
    }

    /// Adds a route. The guard is part of it: it cannot be forgotten, and no path can go around it.
    pub(super) fn add(
        mut self,
        method: Method,
        path: &'static str,
        access: Access,
        handler: MethodRouter<Arc<Web>>,
    ) -> Self {
        let guard = guard::Guard { web: Arc::clone(&self.web), access };
        let guarded = handler.route_layer(middleware::from_fn_with_state(guard, guard::check));
        self.router = self.router.route(path, guarded);
        self.table.push(Route { method, path, access });
        self
    }

    /// The routes, and the list of them.
    pub(super) fn finish(self) -> (Router, Vec<Route>) {
        (self.router.with_state(self.web), self.table)
    }
}
