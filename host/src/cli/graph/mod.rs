//! Drawing plans.

pub mod ascii;
pub mod dot;
mod layout;
pub mod list;
pub mod mermaid;
mod route;

#[cfg(test)]
pub(crate) mod tests;
