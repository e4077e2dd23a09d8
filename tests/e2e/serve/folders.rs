//! Folders whose files are deployed: what is good is taken, what is not leaves everything as it was and says why.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};
use stepmill_tests::{Bench, guest, server::Server};

use super::deploy::finish;

const PIPELINE: &str = "name = \"sum\"\noutput = \"b\"\n[steps.a]\nuse = \"behaviours/numbers\"\nconfig.count = 5\n\
    [steps.b]\nuse = \"behaviours/sum\"\ninputs.numbers = \"a\"\n";

struct Folders {
    bench: Bench,
    modules: PathBuf,
    pipelines: PathBuf,
}

impl Folders {
    fn new() -> Self {
        let bench = Bench::new();
        bench.warm();
        let folders = ["modules", "pipelines"].map(|name| bench.path().join(name));
        folders.iter().for_each(|folder| fs::create_dir(folder).unwrap());
        bench.write("stepmill.toml", "[folders]\nmodules = \"modules\"\npipelines = \"pipelines\"\n");
        let [modules, pipelines] = folders;
        Self { bench, modules, pipelines }
    }

    fn start(&self) -> Server {
        let config = self.bench.path().join("stepmill.toml");
        Server::start(&self.bench, &["--config", config.to_str().unwrap()])
    }

    /// Puts a file there at once.
    fn put(&self, path: &Path, bytes: impl AsRef<[u8]>) {
        let beside = self.bench.path().join("beside");
        fs::write(&beside, bytes).unwrap();
        fs::rename(&beside, path).unwrap();
    }
}

fn wait_for(server: &Server, what: &str, is_there: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_there() {
        assert!(Instant::now() < deadline, "{what}\n{}", server.log());
        thread::sleep(Duration::from_millis(50));
    }
}

fn refused(server: &Server, file: &str) -> Option<String> {
    let audit = server.get(&format!("/api/v1/audit?subject={file}")).expect(200).json();
    let entry = audit["changes"].as_array()?.iter().find(|entry| entry["action"] == "folder.refuse")?.clone();
    Some(entry["detail"]["reason"].as_str()?.to_owned())
}

fn revision(server: &Server) -> Json {
    let deployed = server.get("/api/v1/pipelines/sum");
    if deployed.status == 200 { deployed.json()["revision"].clone() } else { Json::Null }
}

fn run(server: &Server) -> Json {
    let started = server.post("/api/v1/pipelines/sum/runs", &json!({})).expect(201).json();
    let id = started["id"].as_str().unwrap();
    assert_eq!(finish(server, id)["state"], "succeeded");
    server.get(&format!("/api/v1/runs/{id}/steps/b/output")).expect(200).json()["value"].clone()
}

#[test]
fn what_is_put_there_is_deployed_and_mended_when_it_is_changed() {
    let folders = Folders::new();
    let server = folders.start();
    let pipeline = folders.pipelines.join("sum.toml");
    // The pipeline is there before the module that it needs.
    folders.put(&pipeline, PIPELINE);
    wait_for(&server, "it says what is missing", || refused(&server, "sum.toml").is_some());
    assert!(refused(&server, "sum.toml").unwrap().contains("no module `behaviours`"));
    let wasm = fs::read(guest("behaviours")).unwrap();
    folders.put(&folders.modules.join("behaviours.wasm"), &wasm);
    wait_for(&server, "both are there", || revision(&server) == 1);
    assert_eq!(run(&server), 10);
    // A mistake leaves the old revision.
    folders.put(&pipeline, PIPELINE.replace("config.count", "confg.count"));
    wait_for(&server, "the mistake is told", || refused(&server, "sum.toml").unwrap().contains("confg"));
    assert_eq!((revision(&server), run(&server)), (json!(1), json!(10)));
    folders.put(&pipeline, PIPELINE.replace("count = 5", "count = 4"));
    wait_for(&server, "it is mended", || revision(&server) == 2);
    assert_eq!(run(&server), 6);
    // Somebody goes back to the first revision: a restart does not undo that, and takes nothing twice.
    let token = server.token().to_owned();
    let _ = server.post("/api/v1/pipelines/sum/revisions/1/deploy", &json!({})).expect(200);
    assert_eq!(server.stop(), 0);
    let server = folders.start().with_token(&token);
    thread::sleep(Duration::from_secs(2));
    assert_eq!((revision(&server), run(&server)), (json!(3), json!(10)));
    // What is taken away stays deployed.
    fs::remove_file(&pipeline).unwrap();
    fs::remove_file(folders.modules.join("behaviours.wasm")).unwrap();
    thread::sleep(Duration::from_secs(1));
    assert_eq!(run(&server), 10);
    let uploads = server.get("/api/v1/audit?subject=behaviours").expect(200).json();
    assert_eq!(uploads["changes"][0]["actor"], "folder", "{uploads}");
}

#[test]
fn files_that_are_no_modules_change_nothing_and_say_why() {
    let folders = Folders::new();
    let wasm = fs::read(guest("behaviours")).unwrap();
    folders.put(&folders.modules.join("behaviours.wasm"), &wasm);
    folders.put(&folders.pipelines.join("sum.toml"), PIPELINE);
    let server = folders.start();
    wait_for(&server, "what was there at the start", || revision(&server) == 1);
    let file = |name: &str| folders.modules.join(name);
    folders.put(&file("garbage.wasm"), b"not a module");
    folders.put(&file("empty.wasm"), b"");
    folders.put(&file("core.wasm"), b"\0asm\x01\0\0\0");
    folders.put(&file("half.wasm"), &wasm[..wasm.len() / 2]);
    // Other bytes with the name and version of what is there.
    let mut other = wasm.clone();
    other.extend_from_slice(b"\0\x05\x04more");
    folders.put(&file("other.wasm"), &other);
    File::create(file("large.wasm")).unwrap().set_len(33 << 20).unwrap();
    assert!(Command::new("mkfifo").arg(file("fifo.wasm")).status().unwrap().success());
    fs::create_dir(file("folder.wasm")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", file("link.wasm")).unwrap();
    // One that is written slowly, in pieces that settle in between.
    let mut slow = File::create(file("slow.wasm")).unwrap();
    for piece in fs::read(guest("flow")).unwrap().chunks(150_000) {
        slow.write_all(piece).unwrap();
        thread::sleep(Duration::from_millis(700));
        assert_eq!(run(&server), 10);
    }
    for (name, why) in [
        ("garbage.wasm", "not"),
        ("empty.wasm", "empty"),
        ("core.wasm", "core"),
        ("half.wasm", "module"),
        ("other.wasm", "another version"),
        ("large.wasm", "larger"),
    ] {
        wait_for(&server, name, || refused(&server, name).is_some());
        let reason = refused(&server, name).unwrap();
        assert!(reason.contains(why), "{name}: {reason}");
    }
    wait_for(&server, "what was written slowly", || server.get("/api/v1/modules/flow").status == 200);
    assert_eq!(run(&server), 10);
    assert_eq!(server.get("/api/v1/modules").expect(200).json()["modules"].as_array().map(Vec::len), Some(2));
    for name in ["fifo.wasm", "folder.wasm", "link.wasm"] {
        assert_eq!(refused(&server, name), None, "{name}");
    }
    assert_eq!(server.stop(), 0);
}
