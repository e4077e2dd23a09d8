//! Bytes that are no modules of steps, or not whole: each sort is refused by its own name, and none costs the server
//! anything.

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};

use super::{Target, corpus, under_watch};

/// Each row: what it is, its bytes, what the refusal says.
const STRANGERS: &[(&str, &[u8], &str)] = &[
    ("nothing", b"", "the file is empty"),
    ("white space", b"  \n", "the file is empty"),
    ("one byte", b"\0", "this is not WebAssembly"),
    ("a zip file", b"PK\x03\x04\x14\0\0\0\x08\0", "this is not WebAssembly"),
    ("a gzip file", b"\x1f\x8b\x08\0\0\0\0\0", "this is not WebAssembly"),
    ("a program", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0", "this is not WebAssembly"),
    ("a script", b"#!/bin/sh\nrm -rf /\n", "this is not WebAssembly"),
    ("a component in text form", b"(component)", "text form"),
    ("a module in text form, behind a comment", b"  ;; hello\n(module)", "text form"),
    ("the beginning of the first eight bytes", b"\0asm\x0d", "ends inside of its first eight bytes"),
    ("an unknown version", b"\0asm\x07\0\x01\0", "its version of the binary format is unknown"),
    ("a core module", b"\0asm\x01\0\0\0", "this is a core module, not a component"),
    ("noise behind a header", b"\0asm\xff\xff\xff\xff\xff", "its version of the binary format is unknown"),
    ("noise behind the header of a component", b"\0asm\x0d\0\x01\0\xff\xff\xff\xff\xff", "the component is damaged"),
    ("an empty component", b"\0asm\x0d\0\x01\0", "it exports nothing"),
];

/// W43.
#[test]
fn what_is_no_module_is_refused_by_its_kind() {
    under_watch(|target| {
        for (what, bytes, says) in STRANGERS {
            let answer = target.upload("stranger", bytes);
            assert!(answer.status == 422 && answer.text().contains(says), "{what}: {}", answer.text());
        }
        let wasi = wat::parse_str(r#"(module (import "wasi_snapshot_preview1" "fd_write" (func)))"#).expect("a module");
        assert!(target.upload("stranger", &wasi).expect(422).text().contains("WASI 0.1"));
        let other = wat::parse_str(r#"(component (type $t (func)) (import "wasi:cli/run@0.2.0" (func (type $t))))"#);
        let other = target.upload("stranger", &other.expect("a component")).expect(422);
        assert!(other.text().contains("stepmill:step/steps"), "{}", other.text());
    });
}

/// A small component that is whole.
fn small() -> Vec<u8> {
    let programs = corpus::read();
    let small = programs.iter().find(|program| program.name == "w13_realloc_returns_zero").expect("the small one");
    let corpus::Module::Text(text) = &small.module else { panic!("it is in text form") };
    wat::parse_str(text).expect("a component")
}

/// W44: cut at every byte, and with a byte changed in many places.
#[test]
fn what_is_not_whole_is_never_the_fault_of_the_host() {
    under_watch(|target| {
        let whole = small();
        assert!(whole.len() > 1_000, "{} bytes", whole.len());
        let _ = target.upload("whole", &whole).expect(201);
        let (at, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while let Some(cut) = Some(at.fetch_add(1, Relaxed)).filter(|at| *at < whole.len()) {
                        taken.fetch_add(usize::from(refuses_or_takes(target, "cut", &whole[..cut])), Relaxed);
                    }
                });
            }
        });
        // What is behind the exports may be missing.
        assert!(taken.into_inner() < 10);
        for place in (8..whole.len()).step_by(whole.len() / 150) {
            let mut changed = whole.clone();
            changed[place] ^= 1 << (place % 8);
            refuses_or_takes(target, "changed", &changed);
        }
    });
}

/// Whether the server takes what it must not stumble over.
fn refuses_or_takes(target: &Target, name: &str, bytes: &[u8]) -> bool {
    let answer = target.upload(name, bytes);
    assert!(matches!(answer.status, 201 | 422 | 409), "{} bytes: {} {}", bytes.len(), answer.status, answer.text());
    answer.status == 201
}

/// W41: a function that needs more memory than the compiler may have. Others are served meanwhile.
#[test]
fn a_function_too_large_to_be_compiled_is_refused() {
    under_watch(|target| {
        let ifs = "local.get 0 if local.get 0 i32.const 1 i32.add local.set 0 end\n".repeat(600_000);
        let core = format!("(func (param i32) (result i32) {ifs} local.get 0)");
        let programs = corpus::read();
        let shell = programs.iter().find(|program| program.name == "w13_realloc_returns_zero").expect("the small one");
        let corpus::Module::Text(text) = &shell.module else { panic!("it is in text form") };
        let large = text.replace("(core module $main", &format!("(core module $large {core})\n(core module $main"));
        let answer = target.upload("large", &wat::parse_str(large).expect("a component")).expect(422);
        assert!(answer.text().contains("it needed more than 2 GiB of memory"), "{}", answer.text());
    });
}
