//! Key frame requests, PLI (RFC 4585 §6.3.1) or FIR (RFC 5104 §4.3.1), at most one in an interval: those that go out, and those
//! that come in and are passed on to the application.

use crate::clock::Time;
use std::time::Duration;

/// Whether a key frame is wanted, and when it was last asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeyFrames {
    wanted: bool,
    asked: Option<Time>,
    fir_sequence_number: u8,
}

impl KeyFrames {
    pub(crate) fn want(&mut self) {
        self.wanted = true;
    }

    /// A key frame is here, or on its way.
    pub(crate) fn satisfied(&mut self) {
        self.wanted = false;
    }

    /// When the request goes out.
    pub(crate) fn next(&self, interval: Duration) -> Option<Time> {
        let earliest = self.asked.map_or(Time(0), |asked| asked.after(interval));
        self.wanted.then_some(earliest)
    }

    /// The request goes out now. The number is for a FIR: it differs from that of the request before (§4.3.1.1).
    pub(crate) fn ask(&mut self, now: Time) -> u8 {
        self.wanted = false;
        self.asked = Some(now);
        self.fir_sequence_number = self.fir_sequence_number.wrapping_add(1);
        self.fir_sequence_number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_in_an_interval() {
        let interval = Duration::from_millis(300);
        let mut requests = KeyFrames::default();
        assert_eq!(requests.next(interval), None);
        requests.want();
        assert_eq!(requests.next(interval), Some(Time(0)), "the first is due at once");
        assert_eq!(requests.ask(Time(50_000)), 1);
        assert_eq!(requests.next(interval), None);
        requests.want();
        requests.want();
        assert_eq!(requests.next(interval), Some(Time(350_000)));
        requests.satisfied();
        assert_eq!(requests.next(interval), None);
        requests.want();
        assert_eq!(requests.ask(Time(350_000)), 2);
    }
}
