//! Offers and answers of two connection cores, and of anybody: the calls of an application in any order, and descriptions
//! that get lost, come late, are another peer's, or are not what somebody made.

mod edits;
mod ends;

use crate::duel::Script;
use ends::{End, exchange};

/// Steps of a script that are run.
const MAX_STEPS: usize = 64;

/// Two peers negotiate whatever the script says.
///
/// # Panics
/// When a law is broken.
pub fn webrtc_descriptions(data: &[u8]) {
    run(data);
}

fn run(data: &[u8]) -> Option<()> {
    let mut ends = [End::new(1)?, End::new(2)?];
    let mut script = Script::new(data);
    for _ in 0..MAX_STEPS {
        if script.is_empty() {
            break;
        }
        let step = script.byte();
        let [one, other] = &mut ends;
        let (own, peer) = if step & 0x80 == 0 {
            (one, other)
        } else {
            (other, one)
        };
        match step & 0x0f {
            0 => own.add(&mut script),
            1 => own.change(&mut script),
            2 => own.offer(&mut script),
            3 => own.answer(&mut script),
            4 => own.roll_back(&mut script),
            // What the peer has applied last, as it is, or with faults.
            5 | 6 => own.hear(peer.described(), &mut script, false),
            7 | 8 => own.hear(peer.described(), &mut script, true),
            9 => own.hear(edits::foreign(&mut script), &mut script, true),
            10 => own.candidate(&mut script),
            11 => exchange(own, peer, &mut script),
            // The whole of an exchange.
            12..=15 => {
                own.offer(&mut script);
                peer.hear(own.described(), &mut script, false);
                peer.answer(&mut script);
                own.hear(peer.described(), &mut script, false);
            }
            _ => {}
        }
        for end in &mut ends {
            end.check();
        }
    }
    Some(())
}
