//! "Did you mean": the known name that is most like an unknown one.

/// How many names are compared: a suggestion must not make a large pipeline slow.
const MOST: usize = 2_000;

/// The candidate that is most like `name`, if one is like it at all.
pub(super) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = 1 + name.len() / 4;
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= allowed)
        .take(MOST)
        .map(|candidate| (distance(name.as_bytes(), candidate.as_bytes()), candidate))
        .filter(|(distance, _)| *distance <= allowed && *distance < name.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Names as a sentence lists them: `` `a`, `b` and 3 more ``.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 8;
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        all if all.len() > SHOWN => format!("{} and {} more", all[..SHOWN].join(", "), all.len() - SHOWN),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// Levenshtein's distance, with two neighbours changing places as one change; names are ASCII.
fn distance(one: &[u8], other: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let mut least = (above[j] + usize::from(a != b)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_recognised_and_other_words_are_not() {
        let known = ["parse", "check", "monthly", "report"];
        assert_eq!(nearest("prase", known), Some("parse"));
        assert_eq!(nearest("parsee", known), Some("parse"));
        assert_eq!(nearest("chek", known), Some("check"));
        assert_eq!(nearest("montly", known), Some("monthly"));
        assert_eq!(nearest("upload", known), None);
        assert_eq!(nearest("a", ["b"]), None, "nothing of it is left");
    }

    #[test]
    fn long_lists_are_cut_off() {
        assert_eq!(listed([]), "none");
        assert_eq!(listed(["a"]), "`a`");
        assert_eq!(listed(["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(listed(["a"; 10]), "`a`, `a`, `a`, `a`, `a`, `a`, `a`, `a` and 2 more");
    }
}
