//! `wasi:random`: bytes that look random and follow from what the step was given; with the grant `random`, from the
//! system's own randomness.

use wasmtime::Result;
use wasmtime_wasi::{
    p2::bindings::random::{insecure, insecure_seed, random},
    random::WasiRandomCtx,
};

use crate::{
    failure::LimitKind,
    runtime::{sandbox::Sandbox, stop::Stop},
};

/// Where a sandbox's random bytes come from. The streams are independent of each other.
pub(in crate::runtime) struct Randomness {
    secure: blake3::OutputReader,
    insecure: blake3::OutputReader,
    seed: (u64, u64),
}

impl Randomness {
    /// Everything follows from the seed.
    pub(in crate::runtime) fn new(seed: &[u8; 32]) -> Self {
        let stream = |name: &[u8]| blake3::Hasher::new_keyed(seed).update(name).finalize_xof();
        let mut seeds = stream(b"insecure-seed");
        Self {
            secure: stream(b"random"),
            insecure: stream(b"insecure"),
            seed: (number(&mut seeds), number(&mut seeds)),
        }
    }
}

/// Fresh from the generator that the system seeds.
fn system_seed() -> Result<[u8; 32]> {
    let mut seed = [0; 32];
    let bytes = random::Host::get_random_bytes(&mut WasiRandomCtx::default(), 32)?;
    seed.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    Ok(seed)
}

fn number(stream: &mut blake3::OutputReader) -> u64 {
    let mut bytes = [0; 8];
    stream.fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

impl Sandbox {
    /// How many bytes to make, if that is not too many.
    fn random_length(&self, wanted: u64) -> Result<usize> {
        let most = self.limits.random_bytes;
        let stop = || {
            let message = format!("the step asked for {wanted} random bytes at once; ask for at most {most} at a time");
            Stop::limit(LimitKind::Random, message)
        };
        Ok(usize::try_from(wanted).ok().filter(|_| wanted <= most).ok_or_else(stop)?)
    }

    fn randomness(&mut self) -> Result<&mut Randomness> {
        let randomness = match self.random.take() {
            Some(randomness) => randomness,
            // The system is asked once for each sandbox; what is made from that cannot be told from its own.
            None if self.subject.grants().random => Box::new(Randomness::new(&system_seed()?)),
            None => Box::new(Randomness::new(&self.subject.seed())),
        };
        Ok(self.random.insert(randomness))
    }
}

impl random::Host for Sandbox {
    fn get_random_bytes(&mut self, length: u64) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.random_length(length)?];
        self.randomness()?.secure.fill(&mut bytes);
        Ok(bytes)
    }

    fn get_random_u64(&mut self) -> Result<u64> {
        Ok(number(&mut self.randomness()?.secure))
    }
}

impl insecure::Host for Sandbox {
    fn get_insecure_random_bytes(&mut self, length: u64) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.random_length(length)?];
        self.randomness()?.insecure.fill(&mut bytes);
        Ok(bytes)
    }

    fn get_insecure_random_u64(&mut self) -> Result<u64> {
        Ok(number(&mut self.randomness()?.insecure))
    }
}

impl insecure_seed::Host for Sandbox {
    fn insecure_seed(&mut self) -> Result<(u64, u64)> {
        Ok(self.randomness()?.seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_streams_differ() {
        let (mut a, mut b) = (Randomness::new(&[1; 32]), Randomness::new(&[1; 32]));
        let first = number(&mut a.secure);
        assert_eq!(first, number(&mut b.secure));
        assert_eq!(a.seed, b.seed);
        assert_ne!(first, number(&mut a.insecure));
        assert_ne!(first, number(&mut Randomness::new(&[2; 32]).secure));
    }
}
