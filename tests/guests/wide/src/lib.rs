//! What the macro cannot see: a nested type that MessagePack has no integers for.

use stepmill_sdk::prelude::*;

/// Has a number of 128 bits.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Wide {
    /// Too wide.
    pub id: i128,
}

/// Returns what cannot be described.
#[step]
fn too_wide() -> Wide {
    Wide { id: i128::MAX }
}
