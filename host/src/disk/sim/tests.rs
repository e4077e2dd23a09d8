use std::{io, path::Path, thread};

use super::*;
use crate::disk::{Disk, Make};

const FILE: &str = "/f";

fn write(disk: &Disk, path: &str, bytes: &[u8]) -> io::Result<()> {
    disk.make(Path::new(path), Make::Empty)?.append(bytes)
}

fn write_durably(disk: &Disk, path: &str, bytes: &[u8]) -> io::Result<()> {
    let path = Path::new(path);
    let mut file = disk.make(path, Make::Empty)?;
    file.append(bytes)?;
    file.sync()?;
    disk.sync_folder(path.parent().unwrap())
}

fn read(sim: &SimDisk, path: &str) -> Option<Vec<u8>> {
    sim.disk().read(Path::new(path)).ok()
}

#[test]
fn what_was_synced_with_its_name_survives() {
    for seed in 0..50 {
        let sim = SimDisk::new(seed);
        let disk = sim.disk();
        disk.make_folder(Path::new("/a")).unwrap();
        disk.sync_folder(Path::new("/")).unwrap();
        write_durably(&disk, "/a/f", &[7; 2_000]).unwrap();
        sim.lose_power();
        assert_eq!(read(&sim, "/a/f").unwrap(), [7; 2_000]);
    }
}

#[test]
fn what_was_not_synced_survives_in_any_part() {
    let (mut names, mut whole, mut torn) = (0, 0, 0);
    for seed in 0..200 {
        let sim = SimDisk::new(seed);
        let disk = sim.disk();
        write(&disk, FILE, &[7; 4_096]).unwrap();
        sim.lose_power();
        let Some(found) = read(&sim, FILE) else { continue };
        names += 1;
        let sevens = found.iter().filter(|byte| **byte == 7).count();
        assert_eq!(sevens % 512, 0);
        whole += usize::from(sevens == 4_096);
        torn += usize::from(sevens > 0 && sevens < 4_096);
    }
    assert!(names > 20 && names < 180 && whole > 5 && torn > 10, "{names} {whole} {torn}");
}

#[test]
fn a_file_is_cut_off_as_a_whole_or_not() {
    let (mut old, mut new) = (0, 0);
    for seed in 0..100 {
        let sim = SimDisk::new(seed);
        let disk = sim.disk();
        write_durably(&disk, FILE, &[7; 5_000]).unwrap();
        disk.make(Path::new(FILE), Make::Empty).unwrap();
        sim.lose_power();
        match read(&sim, FILE).unwrap() {
            found if found.is_empty() => new += 1,
            found => {
                assert_eq!(found, [7; 5_000]);
                old += 1;
            }
        }
    }
    assert!(old > 10 && new > 10, "{old} {new}");
}

#[test]
fn a_rename_is_never_lost_on_both_sides() {
    let (mut old, mut new) = (0, 0);
    for seed in 0..100 {
        let sim = SimDisk::new(seed);
        let disk = sim.disk();
        disk.make_folder(Path::new("/a")).unwrap();
        disk.make_folder(Path::new("/b")).unwrap();
        disk.sync_folder(Path::new("/")).unwrap();
        write_durably(&disk, "/a/f", b"x").unwrap();
        disk.rename(Path::new("/a/f"), Path::new("/b/f")).unwrap();
        sim.lose_power();
        let found = [read(&sim, "/a/f"), read(&sim, "/b/f")];
        old += usize::from(found[0].is_some());
        new += usize::from(found[1].is_some());
        assert!(found.iter().flatten().count() > 0);
    }
    assert!(old > 0 && new > 0);
}

#[test]
fn after_a_failed_sync_the_next_one_succeeds_and_writes_nothing() {
    let mut lost = 0;
    for seed in 0..100 {
        let sim = SimDisk::new(seed);
        let disk = sim.disk();
        write_durably(&disk, FILE, b"old").unwrap();
        let file = disk.make(Path::new(FILE), Make::IfMissing).unwrap();
        file.replace(b"new").unwrap();
        sim.fail_at(sim.calls() + 1, Fault::Io, Lasting::Once);
        file.sync().unwrap_err();
        file.sync().unwrap();
        assert_eq!(read(&sim, FILE).unwrap(), b"new");
        sim.lose_power();
        lost += usize::from(read(&sim, FILE).unwrap() == b"old");
    }
    assert!(lost > 10, "{lost}");
}

#[test]
fn a_call_fails_once_or_until_the_disk_is_healed() {
    let sim = SimDisk::new(1);
    let disk = sim.disk();
    sim.fail_at(1, Fault::NoSpace, Lasting::Once);
    assert_eq!(write(&disk, FILE, b"x").unwrap_err().kind(), io::ErrorKind::StorageFull);
    write(&disk, FILE, b"x").unwrap();
    sim.fail_at(sim.calls() + 1, Fault::Io, Lasting::UntilHealed);
    for _ in 0..3 {
        assert_eq!(write(&disk, FILE, b"x").unwrap_err().raw_os_error(), Some(5));
    }
    sim.heal();
    write(&disk, FILE, b"x").unwrap();
    assert_eq!(sim.injected(), 4);
}

#[test]
fn a_short_write_leaves_half() {
    let sim = SimDisk::new(1);
    sim.fail_at(1, Fault::Short, Lasting::UntilHealed);
    write(&sim.disk(), FILE, b"1234").unwrap_err();
    assert_eq!(read(&sim, FILE).unwrap(), b"12");
    assert_eq!(sim.injected(), 1);
}

#[test]
fn who_had_the_disk_before_it_lost_power_has_it_no_more() {
    let sim = SimDisk::new(1);
    let disk = sim.disk();
    let mut file = disk.make(Path::new(FILE), Make::New).unwrap();
    assert!(file.try_lock(true).unwrap());
    assert!(!sim.disk().open(Path::new(FILE)).unwrap().try_lock(false).unwrap());
    sim.kill();
    file.append(b"x").unwrap_err();
    disk.open(Path::new(FILE)).unwrap_err();
    assert!(sim.disk().open(Path::new(FILE)).unwrap().try_lock(true).unwrap());
}

#[test]
fn power_is_lost_at_a_call() {
    let sim = SimDisk::new(1);
    let disk = sim.disk();
    sim.lose_power_at(2);
    write(&disk, FILE, b"x").unwrap_err();
    write(&disk, FILE, b"x").unwrap_err();
    assert_eq!((sim.calls(), sim.injected()), (2, 1));
}

#[test]
fn a_stalled_call_waits_until_it_is_let_go() {
    let sim = SimDisk::new(1);
    let disk = sim.disk();
    sim.stall_at(2);
    thread::scope(|scope| {
        let writer = scope.spawn(|| write(&disk, FILE, b"x"));
        while sim.stalled() == 0 {
            thread::yield_now();
        }
        assert_eq!(read(&sim, FILE).unwrap(), b"");
        sim.let_go();
        writer.join().unwrap().unwrap();
    });
    assert_eq!(read(&sim, FILE).unwrap(), b"x");
}

#[test]
fn a_seed_decides_everything() {
    let survivors = |seed| {
        let sim = SimDisk::new(seed);
        for n in 0..20 {
            write(&sim.disk(), &format!("/{n}"), &[n; 3_000]).unwrap();
        }
        sim.lose_power();
        (0..20).map(|n| read(&sim, &format!("/{n}"))).collect::<Vec<_>>()
    };
    assert_eq!(survivors(3), survivors(3));
    assert_ne!(survivors(3), survivors(4));
}

#[test]
fn calls_are_recorded() {
    let sim = SimDisk::new(1);
    sim.record();
    write(&sim.disk(), FILE, b"x").unwrap();
    let calls: Vec<_> = sim.recorded().into_iter().map(|call| call.op).collect();
    assert_eq!(calls, [Op::Open, Op::Write]);
    assert_eq!(sim.calls_of(Op::Write), 1);
}

#[test]
fn a_full_disk_lets_nothing_grow_until_it_is_healed() {
    let sim = SimDisk::new(1);
    let disk = sim.disk();
    write(&disk, FILE, b"xy").unwrap();
    sim.fill();
    let file = disk.make(Path::new(FILE), Make::IfMissing).unwrap();
    file.replace(b"z").unwrap();
    assert_eq!(file.set_len(3).unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!(disk.make(Path::new("/other"), Make::New).unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!(read(&sim, FILE).unwrap(), b"z");
    sim.heal();
    file.set_len(3).unwrap();
}
