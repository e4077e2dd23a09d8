//! Programs that look for what is not theirs: files, environment, network. What they find is what they return.

use std::{
    fs,
    net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket},
    process,
};

use crate::{Program, number, text};

pub const PROGRAMS: &[(&str, Program)] = &[
    ("dumps_everything", dumps_everything),
    ("dials", || number(TcpStream::connect("127.0.0.1:80").is_ok().into())),
    ("listens", || number(TcpListener::bind("127.0.0.1:0").is_ok().into())),
    ("sends_packets", || number(UdpSocket::bind("127.0.0.1:0").is_ok().into())),
    ("resolves_names", || number(("localhost", 80).to_socket_addrs().is_ok().into())),
    ("exits_well", || process::exit(0)),
    ("exits_badly", || process::exit(1)),
    ("panics", || panic!("the sky fell")),
    ("aborts", || process::abort()),
];

const PATHS: &[&str] = &[
    "/",
    ".",
    "..",
    "../",
    "/etc/passwd",
    "/etc/passwd/",
    "../../../../etc/passwd",
    "/proc/self/environ",
    "/proc/self/fd/3",
    "/dev/stdin",
    "/dev/mem",
    "canary.txt",
    "secrets.key",
    "data/secrets.key",
    "\0",
    "C:\\",
    "//",
    "/proc/self/root/etc/hosts",
];

fn dumps_everything() -> Vec<u8> {
    let mut found = String::new();
    std::env::vars_os().for_each(|variable| found += &format!("{variable:?}\n"));
    std::env::args_os().for_each(|argument| found += &format!("{argument:?}\n"));
    if let Ok(folder) = std::env::current_dir()
        && folder.as_os_str() != "/"
    {
        found += &format!("{}\n", folder.display());
    }
    for path in PATHS {
        let read = fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let listed = fs::read_dir(path).map(|entries| format!("{} entries", entries.count()));
        let made = fs::write(format!("{path}/made"), "x").map(|()| "made".to_owned());
        let linked = fs::hard_link(path, "linked").map(|()| "linked".to_owned());
        for what in [read, listed, made, linked].into_iter().flatten() {
            found += &format!("{path}: {what}\n");
        }
    }
    println!("{found}");
    text(&found)
}
