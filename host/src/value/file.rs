//! Files inside values: `{"$file": {"name", "media_type", "size", "hash"}}`.

use super::{
    cursor::{Cursor, Token},
    encode::Encoder,
};
use crate::{ids::ContentHash, output::FileRef};

/// The key that makes a map of one entry a file.
pub(super) const FILE_KEY: &str = "$file";
/// The longest file name or media type, in bytes.
pub const MAX_FILE_NAME: usize = 255;

/// What is wrong with a file's name, its media type, or a `$file` map.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// The name cannot be used.
    #[error(
        "a file's name must have 1 to {MAX_FILE_NAME} bytes, without control characters and slashes, and not be `.` or `..`"
    )]
    Name,
    /// The media type cannot be used.
    #[error("a file's media type must have 1 to {MAX_FILE_NAME} bytes, without control characters, such as `text/csv`")]
    MediaType,
    /// The map is not a file.
    #[error("a `$file` must be a map of exactly `name`, `media_type`, `size` and `hash`: {0}")]
    Shape(&'static str),
}

/// Checks the name that a file is to have: what is refused here could leave a folder or fool a terminal.
///
/// # Errors
/// If it is empty, too long, `.` or `..`, or has slashes or control characters in it.
pub fn check_name(name: &str) -> Result<(), FileProblem> {
    let refused = |c: char| c.is_control() || matches!(c, '/' | '\\');
    let plain = fits(name) && name != "." && name != ".." && !name.contains(refused);
    if plain { Ok(()) } else { Err(FileProblem::Name) }
}

/// Checks the media type that a file is to have.
///
/// # Errors
/// If it is empty, too long or has control characters in it.
pub fn check_media_type(media_type: &str) -> Result<(), FileProblem> {
    if fits(media_type) && !media_type.contains(char::is_control) { Ok(()) } else { Err(FileProblem::MediaType) }
}

fn fits(text: &str) -> bool {
    (1..=MAX_FILE_NAME).contains(&text.len())
}

/// The MessagePack value that refers to a file.
#[must_use]
pub fn to_value(file: &FileRef) -> Vec<u8> {
    let mut out = Encoder::default();
    out.map(1);
    out.str(FILE_KEY);
    out.map(4);
    for (key, value) in [("name", &file.name), ("media_type", &file.media_type)] {
        out.str(key);
        out.str(value);
    }
    out.str("size");
    out.uint(file.size);
    out.str("hash");
    out.str(&file.hash.hex());
    out.into_vec()
}

/// Whether the cursor, behind the head of a map of one entry, is at the key that makes it a file. Moves behind the key if so.
pub(super) fn enter(cursor: &mut Cursor<'_>) -> bool {
    let mut ahead = *cursor;
    let found = ahead.token() == Ok(Token::Str(FILE_KEY.as_bytes()));
    if found {
        *cursor = ahead;
    }
    found
}

/// Reads what stands behind the key `$file`. On failure the cursor is behind what is wrong.
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<FileRef, FileProblem> {
    use FileProblem::Shape;
    if cursor.token() != Ok(Token::Map(4)) {
        return Err(Shape("it is no map of four entries"));
    }
    let (mut name, mut media_type, mut size, mut hash) = (None, None, None, None);
    for _ in 0..4 {
        let (Ok(Token::Str(key)), Ok(value)) = (cursor.token(), cursor.token()) else {
            return Err(Shape("a key is no string, or a value is missing"));
        };
        match key {
            b"name" => name = Some(text(value)?),
            b"media_type" => media_type = Some(text(value)?),
            b"size" => size = Some(uint(value)?),
            b"hash" => hash = Some(text(value)?),
            _ => return Err(Shape("it has another key")),
        }
    }
    let (Some(name), Some(media_type), Some(size), Some(hash)) = (name, media_type, size, hash) else {
        return Err(Shape("a key is there twice"));
    };
    check_name(name)?;
    check_media_type(media_type)?;
    let hash = parse_hash(hash).ok_or(Shape("`hash` must be 64 lower-case hexadecimal digits"))?;
    Ok(FileRef { name: name.to_owned(), media_type: media_type.to_owned(), size, hash })
}

fn text(token: Token<'_>) -> Result<&str, FileProblem> {
    let Token::Str(bytes) = token else {
        return Err(FileProblem::Shape("`name`, `media_type` and `hash` must be strings"));
    };
    std::str::from_utf8(bytes).map_err(|_| FileProblem::Shape("a string is not UTF-8"))
}

fn uint(token: Token<'_>) -> Result<u64, FileProblem> {
    let Token::UInt(value) = token else {
        return Err(FileProblem::Shape("`size` must be an integer from 0"));
    };
    Ok(value)
}

/// Only the one spelling that the contract names, so that equal files are equal bytes.
fn parse_hash(text: &str) -> Option<ContentHash> {
    let digits = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_a_folder_are_refused() {
        for good in ["a", "report.html", "Bericht über ….csv", "..a", &"x".repeat(MAX_FILE_NAME)] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "..\\x", "a\0", "a\u{1b}[0m", "a\n", &"x".repeat(MAX_FILE_NAME + 1)] {
            assert_eq!(check_name(bad), Err(FileProblem::Name), "{bad:?}");
        }
    }

    #[test]
    fn media_types_may_have_slashes() {
        assert_eq!(check_media_type("text/csv; charset=utf-8"), Ok(()));
        assert_eq!(check_media_type("text/\r\ncsv"), Err(FileProblem::MediaType));
        assert_eq!(check_media_type(""), Err(FileProblem::MediaType));
    }

    #[test]
    fn references_read_what_they_write() {
        let file = FileRef { name: "a b".into(), media_type: "x/y".into(), size: 1 << 40, hash: ContentHash([7; 32]) };
        let bytes = to_value(&file);
        assert_eq!(crate::value::validate::validate(&bytes).unwrap().files, [file]);
    }
}
