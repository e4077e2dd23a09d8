//! Words in messages: the known one that is closest to an unknown one, and how they are quoted.

/// The longest word that is compared, in characters: the effort grows with its square.
const MAX_WORD: usize = 80;

/// The candidate that is most like `word`, if one is like it at all; of equals the first in the alphabet.
pub(crate) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(MAX_WORD + 1).collect();
    if word.len() > MAX_WORD {
        return None;
    }
    let allowed = (word.len() / 3).clamp(1, 3);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        // Bytes are at least as many as characters, and names are ASCII: a cheap way to skip most candidates.
        if candidate.len().abs_diff(word.len()) > allowed {
            continue;
        }
        let found = distance(&word, &candidate.chars().collect::<Vec<_>>());
        if found <= allowed && best.is_none_or(|least| (found, candidate) < least) {
            best = Some((found, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// How many insertions, deletions, substitutions and swaps of neighbours lead from one word to the other.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &from) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, &to) in b.iter().enumerate() {
            let mut cost = (last[j] + usize::from(from != to)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && from == b[j - 1] && a[i - 1] == to {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

/// Words as a list for a sentence: "`a`, `b`, `c`".
pub(super) fn quoted<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// The beginning of a text that may be long.
pub(super) fn shorten(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_edits_and_swaps() {
        let of = |a: &str, b: &str| distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        assert_eq!(of("", ""), 0);
        assert_eq!(of("", "abc"), 3);
        assert_eq!(of("abc", ""), 3);
        assert_eq!(of("parse", "parse"), 0);
        assert_eq!(of("prase", "parse"), 1);
        assert_eq!(of("kitten", "sitting"), 3);
    }

    #[test]
    fn the_closest_word_is_found_or_none() {
        let known = ["inputs", "config", "needs", "timeout"];
        assert_eq!(closest("input", known), Some("inputs"));
        assert_eq!(closest("tiemout", known), Some("timeout"));
        assert_eq!(closest("neds", known), Some("needs"));
        assert_eq!(closest("retry", known), None);
        assert_eq!(closest("", known), None);
        assert_eq!(closest(&"x".repeat(10_000), known), None);
        assert_eq!(closest("ö", ["a"]), Some("a"));
    }
}
