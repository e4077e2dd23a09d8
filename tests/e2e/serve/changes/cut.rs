//! Requests whose clients go away, at each place of the request and of its answer.

use std::{
    io::Read as _,
    net::{Shutdown, TcpStream},
};

use super::{Change, World, prepare, report, sent};

/// Where a request is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    InsideHead,
    AfterHead,
    InsideBody,
    BeforeAnswer,
    InsideAnswer,
}

const CUTS: [Cut; 5] = [Cut::InsideHead, Cut::AfterHead, Cut::InsideBody, Cut::BeforeAnswer, Cut::InsideAnswer];

impl Cut {
    /// How many bytes of the request are sent; none if it has no such place.
    fn length(self, whole: usize, head: usize) -> Option<usize> {
        match self {
            Self::InsideHead => Some(head / 2),
            Self::AfterHead => (head < whole).then_some(head),
            Self::InsideBody => (head + 1 < whole).then(|| head + (whole - head) / 2),
            Self::BeforeAnswer | Self::InsideAnswer => Some(whole),
        }
    }
}

#[test]
fn a_request_that_is_cut_off_is_done_or_not_and_can_be_repeated() {
    let world = World::new();
    let mut wrong = Vec::new();
    for (index, cut) in CUTS.into_iter().enumerate() {
        let changes = prepare(&world, &format!("cut{index}"));
        let begun: Vec<_> = changes.iter().map(|(_, change)| hang_up(&world, change, cut)).collect();
        for ((route, change), begun) in changes.iter().zip(begun) {
            let Some(begun) = begun else { continue };
            if let Err(fault) = check(&world, change, cut, begun).and_then(|()| change.repeat(&world.server)) {
                wrong.push(format!("{route}, cut off {cut:?}: {fault}"));
            }
        }
        let _ = world.server.get("/readyz").expect(200);
    }
    report(&wrong);
    world.witness.release();
    let log = world.server.log();
    assert!(!log.contains("panicked"), "{log}");
    assert_eq!(world.server.stop(), 0);
}

/// What must be so after a request was cut off.
fn check(world: &World, change: &Change, cut: Cut, begun: bool) -> Result<(), String> {
    let done = change.is_done(&world.server);
    match cut {
        Cut::InsideHead | Cut::AfterHead | Cut::InsideBody if done == Some(true) => {
            Err("done, but asked for in part".to_owned())
        }
        Cut::InsideAnswer if !begun => Err("no answer".to_owned()),
        Cut::InsideAnswer if done == Some(false) => Err("answered, and not done".to_owned()),
        // One that is whole was read before its client went, or not.
        _ => Ok(()),
    }
}

/// Goes away at this place; whether the answer had begun. None if there is no such place.
fn hang_up(world: &World, change: &Change, cut: Cut) -> Option<bool> {
    let (whole, head) = change.bytes(&world.server);
    let length = cut.length(whole.len(), head)?;
    let mut stream: TcpStream = sent(&world.server, &whole[..length]);
    let begun = cut == Cut::InsideAnswer && stream.read(&mut [0; 9]).is_ok_and(|count| count > 0);
    drop(stream.shutdown(Shutdown::Both));
    Some(begun)
}
