//! The steps of the module `hello`: every function with `#[step]` is one.

use stepmill_sdk::prelude::*;

/// Greets somebody by name.
#[step]
fn greet(name: String, #[config(default = "Hello")] greeting: String) -> String {
    format!("{greeting}, {name}!")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greets_by_name() {
        assert_eq!(greet("Ada".to_owned(), "Hello".to_owned()), "Hello, Ada!");
    }
}
