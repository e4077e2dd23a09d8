//! Drawing plans.

pub mod ascii;
pub mod dot;
mod layout;
pub mod list;
pub mod mermaid;
mod route;
pub mod traits;

#[cfg(test)]
pub(crate) mod tests;
