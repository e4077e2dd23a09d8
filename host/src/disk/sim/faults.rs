//! What goes wrong, and when.

use std::{collections::BTreeSet, io};

use rustix::io::Errno;

use super::Op;

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// EIO.
    Io,
    /// ENOSPC.
    NoSpace,
    /// EDQUOT.
    Quota,
    /// EROFS.
    ReadOnly,
    /// EMFILE.
    TooManyFiles,
    /// ENOMEM.
    NoMemory,
    /// Half of what was to be written is, then there is no room.
    Short,
}

/// For how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lasting {
    /// The one call.
    Once,
    /// That call and all later ones, until the disk is healed.
    UntilHealed,
}

impl Fault {
    /// All of them.
    pub(crate) const ALL: [Self; 7] =
        [Self::Io, Self::NoSpace, Self::Quota, Self::ReadOnly, Self::TooManyFiles, Self::NoMemory, Self::Short];

    pub(crate) fn error(self) -> io::Error {
        let errno = match self {
            Self::Io => Errno::IO,
            Self::NoSpace | Self::Short => Errno::NOSPC,
            Self::Quota => Errno::DQUOT,
            Self::ReadOnly => Errno::ROFS,
            Self::TooManyFiles => Errno::MFILE,
            Self::NoMemory => Errno::NOMEM,
        };
        errno.into()
    }

    pub(crate) fn meets(self, op: Op) -> bool {
        self != Self::Short || op == Op::Write
    }
}

#[derive(Debug, Default)]
pub(super) struct Faults {
    planned: Vec<(u64, Fault, Lasting)>,
    power: Option<u64>,
    stalls: BTreeSet<u64>,
    stalled: usize,
    /// Counts how often what is stalled was let go.
    released: u64,
    injected: u64,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Done,
    Fails(Fault),
    LosesPower,
    Stalls,
}

impl Faults {
    pub(super) fn plan(&mut self, call: u64, fault: Fault, lasting: Lasting) {
        self.planned.push((call, fault, lasting));
    }

    pub(super) fn heal(&mut self) {
        self.planned.clear();
    }

    pub(super) fn injected(&self) -> u64 {
        self.injected
    }

    pub(super) fn stall(&mut self, call: u64) {
        self.stalls.insert(call);
    }

    pub(super) fn stalled(&self) -> usize {
        self.stalled
    }

    pub(super) fn let_go(&mut self) {
        self.stalls.clear();
        self.released += 1;
    }

    pub(super) fn lose_power_at(&mut self, call: u64) {
        self.power = Some(call);
    }

    /// Begins a stall; over when what this returns has become another number.
    pub(super) fn begin_stall(&mut self) -> u64 {
        self.stalled += 1;
        self.released
    }

    pub(super) fn goes_on(&self, since: u64) -> bool {
        self.released != since
    }

    pub(super) fn end_stall(&mut self) {
        self.stalled -= 1;
    }

    pub(super) fn judge(&mut self, call: u64, op: Op) -> Verdict {
        if self.stalls.remove(&call) {
            return Verdict::Stalls;
        }
        if self.power.is_some_and(|at| call >= at) {
            self.power = None;
            self.injected += 1;
            return Verdict::LosesPower;
        }
        let hit = |(at, fault, lasting): &&(u64, Fault, Lasting)| {
            fault.meets(op) && (call == *at || (call > *at && *lasting == Lasting::UntilHealed))
        };
        match self.planned.iter().find(hit) {
            Some((_, fault, _)) => {
                self.injected += 1;
                Verdict::Fails(*fault)
            }
            None => Verdict::Done,
        }
    }
}
