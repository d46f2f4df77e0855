//! What happens to every packet of a received stream: numbers, duplicates, jitter and gaps. No look-up, no allocation unless
//! something is missing.

use super::jitter::Jitter;
use super::nack::{Came, Nack};
use super::source::{Arrival, Source};
use super::window::Window;
use crate::clock::Time;
use std::time::Duration;

/// What of a packet matters here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) now: Time,
    pub(crate) sequence_number: u16,
    pub(crate) timestamp: u32,
    pub(crate) clock_rate: u32,
    /// It is the last packet of a picture.
    pub(crate) ends_frame: bool,
    /// Round trip time, for the NACKs.
    pub(crate) rtt: Option<Duration>,
    /// Retransmissions come under an SSRC of their own.
    pub(crate) has_rtx: bool,
}

/// What a packet turns out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// For the application.
    Fresh {
        /// Its extended sequence number.
        sequence: u64,
        /// So much is missing before it that only a key frame helps.
        beyond_repair: bool,
    },
    /// It came before, or is too old to tell.
    Duplicate,
    /// Far from all others; dropped until the next confirms it.
    Jump,
}

/// The receiving side of one SSRC.
#[derive(Debug)]
pub(crate) struct Reception {
    pub(crate) source: Source,
    pub(crate) jitter: Jitter,
    pub(crate) nack: Option<Nack>,
    /// Frames that came whole.
    pub(crate) frames: u64,
    window: Option<Window>,
}

impl Reception {
    pub(crate) fn new(nack: Option<Nack>) -> Self {
        Self {
            source: Source::default(),
            jitter: Jitter::default(),
            nack,
            frames: 0,
            window: None,
        }
    }

    /// A packet of the stream itself.
    #[inline]
    pub(crate) fn receive(&mut self, seen: Seen) -> Outcome {
        match self.source.update(seen.sequence_number) {
            Arrival::Ahead { sequence, missing } => self.ahead(seen, sequence, missing),
            Arrival::First(sequence) => self.first(seen, sequence),
            Arrival::Behind(sequence) => {
                self.source.count();
                self.late(
                    seen,
                    sequence,
                    if seen.has_rtx { Came::Late } else { Came::Either },
                )
            }
            Arrival::Jump => Outcome::Jump,
        }
    }

    /// A packet of the stream that came by RTX: in no statistics of loss, but as good as the original.
    pub(crate) fn repair(&mut self, seen: Seen) -> Outcome {
        match self.source.extend(seen.sequence_number) {
            Some(sequence) => self.late(seen, sequence, Came::Again),
            // Ahead of all that came: it cannot have been asked for. The original is on its way or will be asked for.
            None => Outcome::Duplicate,
        }
    }

    fn first(&mut self, seen: Seen, sequence: u64) -> Outcome {
        self.source.count();
        self.jitter.restart();
        self.jitter.update(seen.timestamp, seen.now, seen.clock_rate);
        let window = self.window.insert(Window::starting_at(sequence));
        self.frames += window.completed_by(sequence, seen.ends_frame);
        if let Some(nack) = &mut self.nack {
            nack.clear();
        }
        Outcome::Fresh {
            sequence,
            beyond_repair: false,
        }
    }

    #[inline]
    fn ahead(&mut self, seen: Seen, sequence: u64, missing: u16) -> Outcome {
        self.source.count();
        self.jitter.update(seen.timestamp, seen.now, seen.clock_rate);
        if let Some(window) = &mut self.window {
            window.insert(sequence);
            self.frames += window.completed_by(sequence, seen.ends_frame);
        }
        let mut beyond_repair = false;
        if missing > 0
            && let Some(nack) = &mut self.nack
        {
            beyond_repair = !nack.gap(seen.now, sequence, missing);
        }
        Outcome::Fresh {
            sequence,
            beyond_repair,
        }
    }

    fn late(&mut self, seen: Seen, sequence: u64, came: Came) -> Outcome {
        let Some(window) = &mut self.window else {
            return Outcome::Duplicate;
        };
        if !window.insert(sequence) {
            return Outcome::Duplicate;
        }
        self.frames += window.completed_by(sequence, seen.ends_frame);
        if let Some(nack) = &mut self.nack {
            nack.arrived(seen.now, sequence, came, seen.rtt);
        }
        Outcome::Fresh {
            sequence,
            beyond_repair: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::nack::NackConfig;
    use super::*;

    fn reception() -> Reception {
        Reception::new(Some(Nack::new(NackConfig {
            max_missing: 50,
            max_tries: 3,
            max_age: Duration::from_secs(1),
            max_delay: Duration::from_millis(20),
        })))
    }

    fn seen(sequence_number: u16) -> Seen {
        Seen {
            now: Time(u64::from(sequence_number) * 1000),
            sequence_number,
            timestamp: u32::from(sequence_number) * 90,
            clock_rate: 90_000,
            ends_frame: sequence_number % 2 == 1,
            rtt: None,
            has_rtx: true,
        }
    }

    fn fresh(outcome: Outcome) -> bool {
        matches!(
            outcome,
            Outcome::Fresh {
                beyond_repair: false,
                ..
            }
        )
    }

    #[test]
    fn a_repair_and_the_late_original_come_once() {
        let mut reception = reception();
        assert!(fresh(reception.receive(seen(10))));
        assert!(fresh(reception.receive(seen(12))));
        assert_eq!(reception.nack.as_ref().unwrap().len(), 1);
        assert!(fresh(reception.repair(seen(11))));
        assert_eq!(reception.nack.as_ref().unwrap().len(), 0);
        assert_eq!(reception.repair(seen(11)), Outcome::Duplicate);
        assert_eq!(reception.source.lost(), 1, "repair does not undo loss");
        assert_eq!(reception.receive(seen(11)), Outcome::Duplicate);
        assert_eq!(reception.source.lost(), 0, "but the original does");
        assert_eq!(reception.frames, 1, "10 and 11, whose end came by repair");
        assert_eq!(
            reception.repair(seen(13)),
            Outcome::Duplicate,
            "a repair of what is not yet missing"
        );
        assert_eq!(
            reception.repair(seen(9)),
            fresh_at(65_536 + 9),
            "sent before the first that came"
        );
    }

    fn fresh_at(sequence: u64) -> Outcome {
        Outcome::Fresh {
            sequence,
            beyond_repair: false,
        }
    }

    #[test]
    fn a_gap_too_wide_is_beyond_repair() {
        let mut reception = reception();
        reception.receive(seen(0));
        assert!(matches!(
            reception.receive(seen(100)),
            Outcome::Fresh {
                beyond_repair: true,
                ..
            }
        ));
        assert!(fresh(reception.receive(seen(110))));
    }

    #[test]
    fn a_restart_forgets_what_was_missing() {
        let mut reception = reception();
        reception.receive(seen(0));
        reception.receive(seen(5));
        assert_eq!(reception.receive(seen(20_000)), Outcome::Jump);
        assert!(fresh(reception.receive(seen(20_001))));
        assert_eq!(reception.nack.as_ref().unwrap().next(), None);
        assert_eq!(reception.jitter.timestamp_units(), 0);
    }
}
