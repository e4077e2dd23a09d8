use super::*;
use crate::runtime::testing::{component, echo, guest, guest_with};

fn problem(wasm: &[u8]) -> HeaderError {
    inspect(wasm).unwrap_err()
}

#[test]
fn a_component_of_the_contract_is_taken() {
    let header = inspect(&echo()).unwrap();
    assert_eq!(header, Header { imports: vec!["stepmill:step/host@0.1.0".to_owned()], sdk: None, package: None });
}

#[test]
fn the_sdk_is_read_from_nested_modules() {
    let core = guest("(unreachable)")
        .replace("(memory (export", "(@custom \"stepmill:sdk\" \"abi=0.1.0 sdk=x/1\") (memory (export");
    let header = inspect(&component(&core)).unwrap();
    assert_eq!(header.sdk.as_deref(), Some("abi=0.1.0 sdk=x/1"));
}

#[test]
fn names_of_functions_are_limited() {
    let named = |length: usize| {
        let function = format!("(func $named (@name \"{}\") (unreachable))", "x".repeat(length));
        inspect(&component(&guest_with(&function, "(unreachable)", "(call $describe)")))
    };
    assert!(named(names::MAX_SYMBOL).is_ok());
    assert_eq!(named(names::MAX_SYMBOL + 1), Err(HeaderError::LongName));
}

#[test]
fn each_sort_of_wrong_file_has_its_own_message() {
    let core = wat::parse_str("(module)").unwrap();
    let p1 = wat::parse_str(r#"(module (import "wasi_snapshot_preview1" "fd_write" (func)))"#).unwrap();
    let code = crate::runtime::engine::on_demand_engine().unwrap().precompile_component(&echo()).unwrap();
    let unknown = [b"\0asm\x0e\0\x01\0", &echo()[8..]].concat();
    assert_eq!(problem(b""), HeaderError::Empty);
    assert_eq!(problem(b" \n"), HeaderError::Empty);
    assert_eq!(problem(b"  (component)"), HeaderError::Text);
    assert_eq!(problem(b";; text\n(module)"), HeaderError::Text);
    assert_eq!(problem(&code), HeaderError::Precompiled);
    assert_eq!(problem(b"PK\x03\x04zip"), HeaderError::NotWasm);
    assert_eq!(problem(b"x"), HeaderError::NotWasm);
    assert_eq!(problem(&p1), HeaderError::WasiP1);
    assert_eq!(problem(&core), HeaderError::CoreModule);
    assert!(matches!(problem(b"\0asm"), HeaderError::Damaged(_)));
    assert!(matches!(problem(&unknown), HeaderError::Damaged(_)));
    assert!(matches!(problem(&[b"\0asm\x0d\0\x01\0".as_slice(), &[0xff; 100]].concat()), HeaderError::Damaged(_)));
    assert!(matches!(problem(&vec![0; (MAX_MODULE + 1) as usize]), HeaderError::TooLarge { .. }));
}

#[test]
fn other_worlds_are_named() {
    let other = component(
        r#"(component (core module $m (func (export "hello"))) (core instance $i (instantiate $m))
            (func (export "hello") (canon lift (core func $i "hello"))))"#,
    );
    assert_eq!(problem(&other), HeaderError::NoSteps { exports: vec!["hello".to_owned()] });
    let greedy = component(
        r#"(component (import "acme:disk/files@1.0.0" (instance)) (instance $steps)
            (export "stepmill:step/steps@0.1.0" (instance $steps)))"#,
    );
    assert_eq!(problem(&greedy), HeaderError::Imports { imports: vec!["acme:disk/files@1.0.0".to_owned()] });
}

#[test]
fn another_version_of_the_contract_is_named() {
    let future = |from: &str, to: &str| {
        let bytes = echo().to_vec();
        let at = bytes.windows(from.len()).enumerate().filter(|(_, window)| *window == from.as_bytes());
        let mut changed = bytes.clone();
        at.for_each(|(at, _)| changed[at..at + from.len()].copy_from_slice(to.as_bytes()));
        inspect(&changed)
    };
    let found = HeaderError::Version { found: "0.2.0".to_owned() };
    assert_eq!(future("stepmill:step/steps@0.1.0", "stepmill:step/steps@0.2.0"), Err(found));
    assert!(future("stepmill:step/steps@0.1.0", "stepmill:step/steps@0.1.9").is_ok());
}

#[test]
fn what_is_offered() {
    for good in
        ["stepmill:step/host@0.1.0", "stepmill:step/types@0.1.3", "wasi:cli/exit@0.2.6", "wasi:sockets/tcp@0.2.0"]
    {
        assert!(is_offered(good), "{good}");
    }
    for bad in ["stepmill:step/host@0.2.0", "stepmill:step/other@0.1.0", "wasi:cli/exit@0.3.0", "wasi:x", "env", ""] {
        assert!(!is_offered(bad), "{bad}");
    }
}

#[test]
fn truncations_never_panic_and_lose_nothing_unnoticed() {
    let whole = echo();
    let header = inspect(&whole).unwrap();
    let taken = (0..whole.len()).filter_map(|length| inspect(&whole[..length]).ok());
    // Behind the export there is nothing left that a module needs: only names for debuggers.
    taken.for_each(|shorter| assert_eq!(shorter, header));
}

#[test]
fn flipped_bytes_never_panic() {
    let whole = echo().to_vec();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0xff;
        let _ = inspect(&changed);
    }
}
