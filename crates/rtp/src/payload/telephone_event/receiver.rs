//! RFC 4733 §2.5.2: what reports say together.

use super::Event;

/// Half of the range of timestamps; what is further behind is ahead.
const HALF: u32 = 1 << 31;

/// Tells events from the many reports about them.
///
/// ```
/// use rtp::payload::telephone_event::{Event, Notice, Receiver};
///
/// let mut receiver = Receiver::new();
/// let report = Event { event: 5, end: false, volume: 10, duration: 400 };
/// assert_eq!(receiver.handle(1000, report), [Some(Notice::Started(report)), None, None]);
/// let last = Event { end: true, duration: 800, ..report };
/// let ended = Notice::Ended { event: 5, duration: 800 };
/// assert_eq!(receiver.handle(1000, last), [Some(ended), None, None]);
/// assert_eq!(receiver.handle(1000, last), [None; 3], "repeated in case it was lost");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Receiver {
    current: Option<Current>,
}

#[derive(Clone, Copy, Debug)]
struct Current {
    event: u8,
    /// Where the current segment begins.
    timestamp: u32,
    /// What earlier segments lasted.
    before: u64,
    duration: u16,
    has_ended: bool,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// An event began; as the first report that arrived has it.
    Started(Event),
    /// It ended, or another one began.
    Ended {
        /// Which event.
        event: u8,
        /// Ticks of the RTP clock that it lasted, as far as was reported.
        duration: u64,
    },
}

impl Receiver {
    /// One that has heard of nothing.
    pub const fn new() -> Self {
        Self { current: None }
    }

    /// Takes a report and its packet's RTP timestamp, plus the offset that [`events`](super::events) tells. Late and repeated
    /// reports are harmless. What follows from it stands in front.
    pub fn handle(&mut self, timestamp: u32, event: Event) -> [Option<Notice>; 3] {
        let mut previous = None;
        if let Some(current) = &mut self.current {
            let ahead = timestamp.wrapping_sub(current.timestamp);
            if ahead >= HALF {
                return [None; 3]; // an older event
            }
            let continues =
                !current.has_ended && ahead == u32::from(u16::MAX) && event.event == current.event;
            if ahead == 0 || continues {
                return [current.update(ahead, event), None, None];
            }
            previous = current.end();
        }
        let mut current = Current {
            event: event.event,
            timestamp,
            before: 0,
            duration: event.duration,
            has_ended: false,
        };
        let started = Some(Notice::Started(event));
        let ended = if event.end { current.end() } else { None };
        self.current = Some(current);
        match previous {
            Some(_) => [previous, started, ended],
            None => [started, ended, None],
        }
    }
}

impl Current {
    /// A report about this event, whose segment begins so much later.
    fn update(&mut self, ahead: u32, event: Event) -> Option<Notice> {
        if self.has_ended || event.event != self.event {
            return None;
        }
        if ahead != 0 {
            self.timestamp = self.timestamp.wrapping_add(ahead);
            self.before += u64::from(ahead);
            self.duration = 0;
        }
        self.duration = self.duration.max(event.duration);
        if event.end { self.end() } else { None }
    }

    fn end(&mut self) -> Option<Notice> {
        if std::mem::replace(&mut self.has_ended, true) {
            return None;
        }
        Some(Notice::Ended {
            event: self.event,
            duration: self.before + u64::from(self.duration),
        })
    }
}
