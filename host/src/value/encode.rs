//! Writes MessagePack into memory, always in the shortest form: equal values are equal bytes.

use rmp::encode::{self, buffer::ByteBuf};

/// MessagePack in the making. Writing into memory cannot fail.
#[derive(Debug, Default)]
pub(crate) struct Encoder(ByteBuf);

impl Encoder {
    pub(crate) fn nil(&mut self) {
        let Ok(()) = encode::write_nil(&mut self.0);
    }

    pub(crate) fn bool(&mut self, value: bool) {
        let Ok(()) = encode::write_bool(&mut self.0, value);
    }

    pub(crate) fn uint(&mut self, value: u64) {
        let Ok(_) = encode::write_uint(&mut self.0, value);
    }

    pub(crate) fn int(&mut self, value: i64) {
        let Ok(_) = encode::write_sint(&mut self.0, value);
    }

    pub(crate) fn f64(&mut self, value: f64) {
        let Ok(()) = encode::write_f64(&mut self.0, value);
    }

    pub(crate) fn str(&mut self, value: &str) {
        let Ok(()) = encode::write_str(&mut self.0, value);
    }

    pub(crate) fn bin(&mut self, value: &[u8]) {
        let Ok(()) = encode::write_bin(&mut self.0, value);
    }

    pub(crate) fn ext(&mut self, kind: i8, value: &[u8]) {
        let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
        let Ok(_) = encode::write_ext_meta(&mut self.0, length, kind);
        self.0.as_mut_vec().extend_from_slice(value);
    }

    pub(crate) fn array(&mut self, count: u32) {
        let Ok(_) = encode::write_array_len(&mut self.0, count);
    }

    pub(crate) fn map(&mut self, count: u32) {
        let Ok(_) = encode::write_map_len(&mut self.0, count);
    }

    pub(crate) fn into_vec(self) -> Vec<u8> {
        self.0.into_vec()
    }
}
