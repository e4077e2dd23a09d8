//! Reads MessagePack token by token and trusts nothing: every length is checked against the bytes that are there.

/// One value without its children, or the head of a list or map. Integers are unsigned unless negative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Token<'a> {
    Nil,
    Bool(bool),
    UInt(u64),
    Negative(i64),
    F32(f32),
    F64(f64),
    /// Not yet checked to be UTF-8.
    Str(&'a [u8]),
    Bin(&'a [u8]),
    Ext(i8, &'a [u8]),
    /// A list of that many values, which follow.
    Array(u32),
    /// A map of that many entries, which follow.
    Map(u32),
}

impl Token<'_> {
    /// What a person would call it, with its article.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Bool(_) => "a boolean",
            Self::UInt(_) | Self::Negative(_) => "an integer",
            Self::F32(_) | Self::F64(_) => "a float",
            Self::Str(_) => "a string",
            Self::Bin(_) => "bytes",
            Self::Ext(..) => "an extension",
            Self::Array(_) => "a list",
            Self::Map(_) => "a map",
        }
    }

    /// How many values follow as its children.
    pub(crate) fn children(&self) -> u64 {
        match *self {
            Self::Array(count) => count.into(),
            Self::Map(count) => 2 * u64::from(count),
            _ => 0,
        }
    }
}

/// Why there is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The bytes end too early, or a length lies.
    Truncated,
    /// The byte 0xc1.
    Reserved,
}

/// A place in MessagePack bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The offset of the next byte.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The bytes not yet read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// The bytes between an earlier place and this one.
    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    /// Reads the next token. A list or map is refused if the rest is too short for its children, each of which
    /// takes at least a byte: so nobody can be made to work or allocate for a count that lies.
    #[inline]
    pub(crate) fn token(&mut self) -> Result<Token<'a>, Fault> {
        let marker = self.u8()?;
        Ok(match marker {
            0x00..=0x7f => Token::UInt(marker.into()),
            0x80..=0x8f => self.map(u32::from(marker & 0x0f))?,
            0x90..=0x9f => self.array(u32::from(marker & 0x0f))?,
            0xa0..=0xbf => Token::Str(self.take(usize::from(marker & 0x1f))?),
            0xc0 => Token::Nil,
            0xc1 => return Err(Fault::Reserved),
            0xc2 => Token::Bool(false),
            0xc3 => Token::Bool(true),
            0xc4 => self.length(1).and_then(|length| self.take(length)).map(Token::Bin)?,
            0xc5 => self.length(2).and_then(|length| self.take(length)).map(Token::Bin)?,
            0xc6 => self.length(4).and_then(|length| self.take(length)).map(Token::Bin)?,
            0xc7 => self.length(1).and_then(|length| self.ext(length))?,
            0xc8 => self.length(2).and_then(|length| self.ext(length))?,
            0xc9 => self.length(4).and_then(|length| self.ext(length))?,
            0xca => Token::F32(f32::from_be_bytes(self.chunk()?)),
            0xcb => Token::F64(f64::from_be_bytes(self.chunk()?)),
            0xcc => Token::UInt(self.u8()?.into()),
            0xcd => Token::UInt(u16::from_be_bytes(self.chunk()?).into()),
            0xce => Token::UInt(u32::from_be_bytes(self.chunk()?).into()),
            0xcf => Token::UInt(u64::from_be_bytes(self.chunk()?)),
            0xd0 => signed(i8::from_be_bytes(self.chunk()?).into()),
            0xd1 => signed(i16::from_be_bytes(self.chunk()?).into()),
            0xd2 => signed(i32::from_be_bytes(self.chunk()?).into()),
            0xd3 => signed(i64::from_be_bytes(self.chunk()?)),
            0xd4 => self.ext(1)?,
            0xd5 => self.ext(2)?,
            0xd6 => self.ext(4)?,
            0xd7 => self.ext(8)?,
            0xd8 => self.ext(16)?,
            0xd9 => self.length(1).and_then(|length| self.take(length)).map(Token::Str)?,
            0xda => self.length(2).and_then(|length| self.take(length)).map(Token::Str)?,
            0xdb => self.length(4).and_then(|length| self.take(length)).map(Token::Str)?,
            0xdc => self.count(2).and_then(|count| self.array(count))?,
            0xdd => self.count(4).and_then(|count| self.array(count))?,
            0xde => self.count(2).and_then(|count| self.map(count))?,
            0xdf => self.count(4).and_then(|count| self.map(count))?,
            0xe0..=0xff => signed(marker.cast_signed().into()),
        })
    }

    /// Passes over one value with all that is in it, checking no more than lengths.
    pub(crate) fn skip(&mut self) -> Result<(), Fault> {
        // Each value still to come takes a byte, and `token` checks that it is there: the sum stays below the
        // number of bytes times two, far from an overflow.
        let mut left = 1_u64;
        while left > 0 {
            left = left - 1 + self.token()?.children();
            left -= self.skip_single_bytes(left);
        }
        Ok(())
    }

    /// Passes over as many of the next `most` values as take a single byte each (small integers, nil, booleans),
    /// and says how many. Lists of them are common and would be slow token by token.
    #[inline]
    pub(crate) fn skip_single_bytes(&mut self, most: u64) -> u64 {
        let rest = self.rest();
        let window = &rest[..rest.len().min(usize::try_from(most).unwrap_or(usize::MAX))];
        let single = |byte: u8| !(0x80..0xe0).contains(&byte) || matches!(byte, 0xc0 | 0xc2 | 0xc3);
        let count = window.iter().position(|&byte| !single(byte)).unwrap_or(window.len());
        self.at += count;
        count as u64
    }

    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let chunk = *self.rest().first_chunk::<N>().ok_or(Fault::Truncated)?;
        self.at += N;
        Ok(chunk)
    }

    fn u8(&mut self) -> Result<u8, Fault> {
        let [byte] = self.chunk()?;
        Ok(byte)
    }

    /// A length of 1, 2 or 4 bytes.
    fn length(&mut self, width: usize) -> Result<usize, Fault> {
        Ok(match width {
            1 => self.u8()?.into(),
            2 => u16::from_be_bytes(self.chunk()?).into(),
            _ => u32::from_be_bytes(self.chunk()?) as usize,
        })
    }

    /// A count of 2 or 4 bytes.
    fn count(&mut self, width: usize) -> Result<u32, Fault> {
        Ok(match width {
            2 => u16::from_be_bytes(self.chunk()?).into(),
            _ => u32::from_be_bytes(self.chunk()?),
        })
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let taken = self.rest().get(..length).ok_or(Fault::Truncated)?;
        self.at += length;
        Ok(taken)
    }

    fn ext(&mut self, length: usize) -> Result<Token<'a>, Fault> {
        let kind = i8::from_be_bytes(self.chunk()?);
        Ok(Token::Ext(kind, self.take(length)?))
    }

    fn array(&self, count: u32) -> Result<Token<'a>, Fault> {
        self.container(Token::Array(count))
    }

    fn map(&self, count: u32) -> Result<Token<'a>, Fault> {
        self.container(Token::Map(count))
    }

    fn container(&self, token: Token<'a>) -> Result<Token<'a>, Fault> {
        if token.children() <= self.rest().len() as u64 { Ok(token) } else { Err(Fault::Truncated) }
    }
}

/// A signed integer, in the one way that tokens have for it.
fn signed(value: i64) -> Token<'static> {
    u64::try_from(value).map_or(Token::Negative(value), Token::UInt)
}
