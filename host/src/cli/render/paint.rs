//! Colour, where it is wanted.

/// What a piece of text is, and so how it is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Ordinary text.
    Plain,
    /// What a line is about.
    Strong,
    /// What may be passed over.
    Faint,
    /// Success.
    Good,
    /// Failure.
    Bad,
    /// Doubt.
    Doubtful,
    /// Activity.
    Busy,
}

impl Style {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("1"),
            Self::Faint => Some("2"),
            Self::Good => Some("32"),
            Self::Bad => Some("31"),
            Self::Doubtful => Some("33"),
            Self::Busy => Some("36"),
        }
    }
}

/// Colours text, or leaves it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    /// Whether to colour.
    pub color: bool,
}

impl Paint {
    /// The text in its style.
    #[must_use]
    pub fn text(self, style: Style, text: &str) -> String {
        match style.code() {
            Some(code) if self.color && !text.is_empty() => format!("\x1b[{code}m{text}\x1b[0m"),
            _ => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_only_where_it_is_wanted() {
        assert_eq!(Paint { color: false }.text(Style::Bad, "x"), "x");
        assert_eq!(Paint { color: true }.text(Style::Bad, "x"), "\x1b[31mx\x1b[0m");
        assert_eq!(Paint { color: true }.text(Style::Plain, "x"), "x");
        assert_eq!(Paint { color: true }.text(Style::Bad, ""), "");
    }
}
