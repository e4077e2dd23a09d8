//! One step for each place that a pure step could learn something from that is not among its inputs. What it returns
//! would differ from run to run if it did.

use std::{
    collections::HashMap,
    hint::black_box,
    io::Read,
    time::{Duration, Instant, SystemTime},
};

use stepmill_sdk::prelude::*;

/// WASI where the standard library has no way to it. The version is that of the library, whose imports these join.
mod wasi {
    #[link(wasm_import_module = "wasi:random/random@0.2.6")]
    unsafe extern "C" {
        #[link_name = "get-random-u64"]
        pub safe fn random() -> u64;
    }
    #[link(wasm_import_module = "wasi:random/insecure@0.2.6")]
    unsafe extern "C" {
        #[link_name = "get-insecure-random-u64"]
        pub safe fn insecure() -> u64;
    }
    #[link(wasm_import_module = "wasi:random/insecure-seed@0.2.6")]
    unsafe extern "C" {
        #[link_name = "insecure-seed"]
        pub fn insecure_seed(seed: *mut [u64; 2]);
    }
    #[link(wasm_import_module = "wasi:clocks/monotonic-clock@0.2.6")]
    unsafe extern "C" {
        #[link_name = "subscribe-duration"]
        pub safe fn subscribe(nanoseconds: u64) -> u32;
    }
    #[link(wasm_import_module = "wasi:io/poll@0.2.6")]
    unsafe extern "C" {
        #[link_name = "[method]pollable.ready"]
        pub safe fn ready(pollable: u32) -> u32;
        #[link_name = "[method]pollable.block"]
        pub safe fn block(pollable: u32);
        #[link_name = "[resource-drop]pollable"]
        pub safe fn drop(pollable: u32);
    }
}

/// The wall clock.
#[step]
fn pure_wall_clock() -> String {
    format!("{:?}", SystemTime::now())
}

/// The monotonic clock, before and after work.
#[step]
fn pure_monotonic_clock() -> String {
    let began = Instant::now();
    let mut value = 0_u64;
    for turn in 0..10_000_000_u64 {
        value = black_box(value.wrapping_mul(31).wrapping_add(turn));
    }
    format!("{began:?} {:?}", began.elapsed())
}

/// How long sleeps take.
#[step]
fn pure_sleep() -> String {
    let began = Instant::now();
    let lengths: Vec<_> = [1, 7, 3]
        .map(Duration::from_millis)
        .into_iter()
        .map(|length| {
            std::thread::sleep(length);
            began.elapsed()
        })
        .collect();
    format!("{lengths:?}")
}

/// A timer against a loop that counts.
#[step]
fn pure_race() -> String {
    let timer = wasi::subscribe(100_000);
    let mut turns = 0_u32;
    while wasi::ready(timer) == 0 && turns < 20_000 {
        turns += 1;
    }
    let began = Instant::now();
    wasi::block(timer);
    wasi::drop(timer);
    format!("{turns} {:?}", began.elapsed())
}

/// Random numbers.
#[step]
fn pure_random() -> String {
    format!("{} {}", wasi::random(), wasi::random())
}

/// Random numbers of the other source.
#[step]
fn pure_insecure_random() -> String {
    format!("{} {}", wasi::insecure(), wasi::insecure())
}

/// The seed for hash tables.
#[step]
fn pure_insecure_seed() -> String {
    let mut seed = [0; 2];
    // SAFETY: the host writes the two numbers of the tuple there.
    unsafe { wasi::insecure_seed(&raw mut seed) };
    format!("{seed:?}")
}

/// The order of a hash table.
#[step]
fn pure_hash_order() -> Vec<u32> {
    (0..100_u32).map(|key| (key, ())).collect::<HashMap<_, _>>().into_keys().collect()
}

/// Environment, arguments, files.
#[step]
fn pure_surroundings() -> String {
    let variables: Vec<_> = std::env::vars().collect();
    let arguments: Vec<_> = std::env::args().collect();
    let folder = std::env::current_dir();
    let file = std::fs::read("/etc/hostname");
    let listed = std::fs::read_dir(".").map(|entries| entries.count());
    let mut input = Vec::new();
    let read = std::io::stdin().read_to_end(&mut input);
    format!("{variables:?} {arguments:?} {folder:?} {file:?} {listed:?} {read:?} {input:?}")
}

/// The facts of the run.
#[step]
fn pure_facts(context: &Context) -> String {
    format!("{:?} {} {:?}", context.run_facts(), context.cancelled(), context.secret("token"))
}

/// The bits of numbers that are none.
#[step]
fn pure_nan_bits() -> Vec<String> {
    let zero = black_box(0.0_f64);
    let odd = black_box(f64::from_bits(0x7ff8_0000_dead_beef));
    let made = [zero / zero, odd + 1.0, -odd * zero, (odd - odd).sqrt(), f64::INFINITY - black_box(f64::INFINITY)];
    made.map(|number| format!("{:x}", number.to_bits())).to_vec()
}

/// Where things are in memory, and how much of it there is.
#[step]
fn pure_addresses() -> String {
    let on_stack = 0_u8;
    let boxed = Box::new(0_u64);
    let large = vec![0_u8; 5 << 20];
    let function = pure_addresses as fn() -> String;
    format!("{:p} {:p} {:p} {:p}", &raw const on_stack, boxed, large.as_ptr(), function)
}

/// How deep the stack goes is not known, but threads and cores are.
#[step]
fn pure_threads() -> String {
    let spawned = std::thread::Builder::new().spawn(|| ()).map(drop);
    format!("{:?} {spawned:?} {:?}", std::thread::available_parallelism(), std::thread::current().id())
}

/// Makes a stream and a file for [`pure_chunks`].
#[step]
fn pure_stream() -> impl Iterator<Item = String> {
    (0..60_000_u32).map(|row| format!("{row}{}", "y".repeat(row as usize % 97)))
}

/// Makes a file.
#[step]
fn pure_file() -> Result<File> {
    let mut writer = File::create("a.bin", "application/octet-stream")?;
    for block in 0..300_u32 {
        std::io::Write::write_all(&mut writer, &vec![block as u8; 10_000])?;
    }
    Ok(writer.finish()?)
}

/// How many bytes a reader hands out at once.
#[step]
fn pure_chunks(rows: Rows<String>, file: File) -> Result<String> {
    let mut count = 0_usize;
    for row in rows {
        count += row?.len();
    }
    let mut sizes = Vec::new();
    let mut reader = file.open()?;
    let mut buffer = vec![0; 3 << 20];
    loop {
        match reader.read(&mut buffer)? {
            0 => break,
            size => sizes.push(size),
        }
    }
    // Rows arrive in allocations of the size of a batch: what comes next in memory follows from them.
    Ok(format!("{count} {sizes:?} {:p}", Box::new(0_u64)))
}
