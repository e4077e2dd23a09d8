//! From bytes to a module: what is refused, what is kept, what is compiled again.

use super::*;

async fn problem(host: &Host, wasm: impl Into<Bytes>) -> String {
    host.modules.load(wasm.into()).await.unwrap_err().to_string()
}

fn describing(describe: &str) -> Vec<u8> {
    component(&guest_with("", "(unreachable)", describe))
}

#[tokio::test]
async fn a_module_is_described_once_loaded() {
    let host = Host::new();
    let module = host.modules.load(echo()).await.unwrap();
    assert_eq!(module.info().step("run").unwrap().output.schema, serde_json::Value::Bool(true));
    assert!(Arc::ptr_eq(&module, &host.modules.load(echo()).await.unwrap()));
    assert!(Arc::ptr_eq(&module, &host.modules.get(&module.info().digest).unwrap()));
}

#[tokio::test]
async fn hostile_descriptions_are_refused() {
    let host = Host::new();
    let looping = problem(&host, describing("(loop $again (br $again)) (unreachable)")).await;
    // On a busy machine the time on the wall may be over first.
    let reasons = ["computed for more than", "took longer than"];
    assert!(reasons.iter().any(|reason| looping.contains(reason)), "{looping}");
    assert!(looping.contains("let it do less before a step runs") && !looping.contains("limits."), "{looping}");
    let trapping = problem(&host, describing("(unreachable)")).await;
    assert!(trapping.contains("trapped"), "{trapping}");
    let twice = "(call $step (i32.const 4096)) (call $step (i32.const 4132)) (call $list (i32.const 2))";
    assert!(problem(&host, describing(twice)).await.contains("`run` twice"));
    let none = "(call $list (i32.const 0))";
    assert!(problem(&host, describing(none)).await.contains("lists no steps"));
    let huge = "(call $list (i32.const 100000000))";
    assert!(problem(&host, describing(huge)).await.contains("cannot say what steps it has"));
    let nonsense =
        "(call $step (i32.const 4096)) (i32.store8 (i32.const 2048) (i32.const 0x2f)) (call $list (i32.const 1))";
    assert!(problem(&host, describing(nonsense)).await.contains("`/un`"));
    let not_utf8 =
        "(call $step (i32.const 4096)) (i32.store8 (i32.const 2048) (i32.const 0xff)) (call $list (i32.const 1))";
    assert!(problem(&host, describing(not_utf8)).await.contains("cannot say what steps it has"));
}

#[tokio::test]
async fn wrong_files_are_refused_before_anything_is_kept() {
    let host = Host::new();
    for wasm in [&b""[..], b"(component)", b"garbage", b"\0asm\x01\0\0\0"] {
        problem(&host, wasm.to_vec()).await;
    }
    let mut broken = echo().to_vec();
    let at = broken.len() / 2;
    broken[at..at + 8].fill(0xff);
    problem(&host, broken).await;
    assert_eq!(std::fs::read_dir(host.data.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_disk_that_fails_is_not_the_fault_of_the_module() {
    for folder in ["code", "modules"] {
        let host = Host::new();
        // A folder in which nobody can make a file, not even root.
        std::os::unix::fs::symlink("/proc/self", host.data.path().join(folder)).unwrap();
        let error = host.modules.load(echo()).await.unwrap_err();
        assert!(matches!(error, ModuleError::Disk(_)), "{error}");
        let text = error.to_string();
        assert!(!text.contains('/') && !text.contains(".tmp-"), "{text}");
    }
}

#[tokio::test]
async fn truncated_components_never_load() {
    let host = Host::new();
    let whole = echo();
    for length in (0..whole.len() / 2).step_by(7) {
        problem(&host, whole.slice(..length)).await;
    }
}

#[tokio::test]
async fn machine_code_is_reused_and_verified() {
    let data = TempDir::new().unwrap();
    let index = Arc::new(MemoryIndex::default());
    let digest = {
        let modules = modules(data.path().to_owned(), Compiler::InProcess, index.clone());
        modules.load(echo()).await.unwrap().info().digest
    };
    // A compiler that cannot work shows that none is needed.
    let broken = Compiler::Child { binary: "/nonexistent/stepmill".into() };
    let again = modules(data.path().to_owned(), broken.clone(), index.clone());
    assert_eq!(again.restore(digest).await.unwrap().info().digest, digest);

    let code = std::fs::read_dir(data.path().join("code")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&code).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&code, &bytes).unwrap();
    let damaged = modules(data.path().to_owned(), broken, index.clone());
    let error = damaged.restore(digest).await.unwrap_err().to_string();
    assert!(error.contains("/nonexistent/stepmill"), "{error}");
    let healed = modules(data.path().to_owned(), Compiler::InProcess, index);
    assert!(healed.restore(digest).await.is_ok());
}

#[tokio::test]
async fn a_missing_module_says_what_to_do() {
    let digest = crate::ids::ModuleDigest([1; 32]);
    let error = Host::new().modules.restore(digest).await.unwrap_err().to_string();
    assert!(error.contains("run the pipeline from its source again"), "{error}");
}

#[tokio::test]
async fn components_too_large_for_the_pool_run_without_it() {
    let tables = (0..8).map(|index| format!("(table $t{index} 1 funcref)")).collect::<Vec<_>>().join("\n");
    let core = guest_with(&tables, ECHO_BODY, "(call $describe)");
    assert_eq!(Host::new().output(&core, vec![value("x", &[5])]).await, [5]);
}

#[tokio::test]
async fn children_that_misbehave_are_an_error() {
    let failing = |binary: &str| Host::with(Compiler::Child { binary: binary.into() });
    let error = problem(&failing("/bin/false"), echo()).await;
    assert!(error.contains("/bin/false"), "{error}");
    // Says nothing and succeeds: no machine code.
    let error = problem(&failing("/bin/true"), echo()).await;
    assert!(error.contains("machine code"), "{error}");
}
