//! The rule for names of steps and parameters: they appear in pipelines, expressions and URLs.

/// Whether `name` matches `[a-z][a-z0-9_]*`.
pub(super) fn is_valid(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Says why `name` cannot name a `thing`.
pub(super) fn complaint(thing: &str, name: &str) -> String {
    format!(
        "`{name}` cannot name a {thing}: pipelines refer to it by name, which starts with a lower-case letter \
         and goes on with lower-case letters, digits and `_`"
    )
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn names_are_lower_case_ascii() {
        for name in ["a", "hot_days", "x2", "a_"] {
            assert!(is_valid(name), "{name}");
        }
        for name in ["", "_a", "2x", "hotDays", "größe", "a-b", "a b"] {
            assert!(!is_valid(name), "{name}");
        }
    }
}
