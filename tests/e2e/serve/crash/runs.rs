//! Runs that are cancelled, that take files which were sent ahead, and whose clients hang up.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    net::TcpStream,
    sync::Mutex,
    thread,
    time::Duration,
};

use serde_json::{Value as Json, json};
use stepmill_tests::{
    Bench,
    server::{Server, message},
    witness::Witness,
};

use super::{Client, TYPED, lives::live_and_die, prepare, runs, wait_until_idle};
use crate::serve::deploy::deploy;

/// What was asked for, and answered.
struct Load<'a> {
    client: &'a Client,
    /// The runs whose cancel was answered with 202.
    cancelled: Mutex<BTreeSet<String>>,
    /// The runs with files, and how many bytes theirs has.
    sizes: Mutex<BTreeMap<String, usize>>,
}

impl Load<'_> {
    fn cancel(&self) {
        self.client.repeat(Duration::from_millis(5), || {
            let index = self.client.next();
            let run = self.client.start("held", &format!("held-{index}"), &json!({}));
            // While it is queued, begins, or executes its step.
            thread::sleep(Duration::from_millis(index as u64 * 7 % 40));
            let path = format!("/api/v1/runs/{run}/cancel");
            if let Some(answer) = self.client.once("POST", &path, &[], b"") {
                assert_eq!(answer.status, 202, "{}", answer.text());
                self.cancelled.lock().unwrap().insert(run);
            }
        });
    }

    fn send_files(&self) {
        self.client.repeat(Duration::from_millis(20), || {
            let index = self.client.next();
            let size = 70_000 + index;
            let bytes: Vec<u8> = (0..size).map(|at| (at * index) as u8).collect();
            // A file waits for its run until the service ends: then it is to be sent again.
            loop {
                let typed = [("content-type", "application/octet-stream")];
                let sent = self.client.ask("POST", "/api/v1/files?name=data.bin", &typed, &bytes).expect(201).json();
                let body = json!({ "params": { "file": { "file": sent["file"] } } }).to_string();
                let key = format!("file-{index}-{}", sent["file"].as_str().expect("an id"));
                let headers = [TYPED, ("idempotency-key", key.as_str())];
                let answer = self.client.ask("POST", "/api/v1/pipelines/sized/runs", &headers, body.as_bytes());
                if matches!(answer.status, 200 | 201) {
                    let run = answer.json()["id"].as_str().expect("a run").to_owned();
                    self.sizes.lock().unwrap().insert(run, size);
                    break;
                }
                assert_eq!(answer.status, 422, "{}", answer.text());
            }
        });
    }

    fn hang_up(&self) {
        self.client.repeat(Duration::from_millis(3), || {
            let index = self.client.next();
            let key = format!("gone-{index}");
            let headers = [TYPED, ("authorization", self.client.bearer.as_str()), ("idempotency-key", key.as_str())];
            let address = self.client.address();
            let whole = message(address, "POST", "/api/v1/pipelines/gone/runs", &headers, b"{ }");
            let Ok(mut stream) = TcpStream::connect(address) else { return };
            let cut = if index.is_multiple_of(4) { whole.len() - 1 } else { whole.len() };
            // It may be gone in the middle of it.
            drop(stream.write_all(&whole[..cut]));
            thread::sleep(Duration::from_micros(index as u64 * 7919 % 6_000));
        });
    }

    fn check(&self, server: &Server) {
        let held = runs(server, "held");
        let cancelled = self.cancelled.lock().unwrap();
        let forgotten: Vec<_> = held
            .iter()
            .filter(|run| cancelled.contains(run["id"].as_str().unwrap()) && run["state"] != "cancelled")
            .collect();
        assert!(forgotten.is_empty(), "cancels that were answered and forgotten: {forgotten:?}");
        assert!(cancelled.len() > 2 && cancelled.len() <= held.len(), "{} of {}", cancelled.len(), held.len());
        let succeeded = |run: &&Json| run["state"] == "succeeded";
        let (sized, gone) = (runs(server, "sized"), runs(server, "gone"));
        for (run, size) in self.sizes.lock().unwrap().iter() {
            let output = server.get(&format!("/api/v1/runs/{run}/steps/a/output")).expect(200).json();
            assert_eq!(output["value"], *size, "{run}");
        }
        assert!(sized.iter().all(|run| succeeded(&run)), "{sized:?}");
        assert!(!gone.is_empty() && gone.iter().all(|run| succeeded(&run)), "{gone:?}");
        println!("{} cancelled, {} with files, {} whose client was gone", cancelled.len(), sized.len(), gone.len());
    }
}

#[test]
fn runs_that_are_cancelled_or_take_files_or_have_no_client_survive_kills() {
    let (bench, witness) = (Bench::new(), Witness::new());
    let server = prepare(&bench, "[runs]\nmax_active = 12\n", &["outside", "behaviours"]);
    let token = server.token().to_owned();
    let origin = witness.origin();
    let held = format!(
        "name = \"held\"\n[steps.a]\nuse = \"outside/fetch\"\nconfig.url = \"{origin}/held\"\ngrants.net = [\"{origin}\"]\n"
    );
    let sized = "name = \"sized\"\n[params.file]\ntype = \"file\"\n[steps.a]\nuse = \"behaviours/file_size\"\n\
        inputs.file = \"params.file\"\n";
    let gone = "name = \"gone\"\n[steps.a]\nuse = \"behaviours/noop\"\n";
    for text in [&held, sized, gone] {
        let _ = deploy(&server, text).expect(200);
    }
    witness.hold();
    let client = Client::new(&server);
    let load = Load { client: &client, cancelled: Mutex::default(), sizes: Mutex::default() };
    let server = thread::scope(|scope| {
        scope.spawn(|| load.cancel());
        scope.spawn(|| load.send_files());
        scope.spawn(|| load.hang_up());
        live_and_die(&bench, server, &client, &token)
    });
    witness.release();
    wait_until_idle(&server);
    load.check(&server);
    assert_eq!(server.stop(), 0);
    bench.run(&["verify"]).expect(0);
}
