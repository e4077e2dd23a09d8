//! WASI where the standard library has no way to it. The version is that of the library, whose imports these join.

#[link(wasm_import_module = "wasi:clocks/monotonic-clock@0.2.6")]
unsafe extern "C" {
    #[link_name = "subscribe-duration"]
    pub safe fn subscribe(nanoseconds: u64) -> u32;
    #[link_name = "now"]
    pub safe fn now() -> u64;
}

#[link(wasm_import_module = "wasi:io/poll@0.2.6")]
unsafe extern "C" {
    #[link_name = "[method]pollable.ready"]
    pub safe fn ready(pollable: u32) -> u32;
    #[link_name = "[method]pollable.block"]
    pub safe fn block(pollable: u32);
    #[link_name = "[resource-drop]pollable"]
    pub safe fn drop(pollable: u32);
    #[link_name = "poll"]
    fn poll_list(handles: *const u32, length: usize, ready: *mut [u32; 2]);
}

#[link(wasm_import_module = "wasi:random/random@0.2.6")]
unsafe extern "C" {
    #[link_name = "get-random-bytes"]
    fn get_random_bytes(length: u64, bytes: *mut [u32; 2]);
}

/// How many of them are ready, as soon as one is.
pub fn poll(handles: &[u32]) -> u32 {
    let mut ready = [0; 2];
    // SAFETY: the handles are read, and the two numbers of the list are written.
    unsafe { poll_list(handles.as_ptr(), handles.len(), &raw mut ready) };
    ready[1]
}

/// So many random bytes, which stay where they are.
pub fn random(length: u64) -> u32 {
    let mut bytes = [0; 2];
    // SAFETY: the two numbers of the list are written.
    unsafe { get_random_bytes(length, &raw mut bytes) };
    bytes[1]
}
