//! RFC 4733 §2.5.1: the reports about one event.

use super::Event;

/// How often the last report is sent (§2.5.1.4).
const FINAL_REPORTS: u8 = 3;

/// Makes the reports about one event.
///
/// ```
/// use rtp::payload::telephone_event::{Event, Sender};
///
/// let start = 160_000; // the RTP timestamp
/// let mut sender = Sender::new(Event::code('5').unwrap(), 10, start);
/// let first = sender.report(start + 400).unwrap();
/// assert!(first.marker && !first.event.end);
/// assert_eq!((first.timestamp, first.event.duration), (start, 400));
///
/// sender.end(start + 800);
/// for _ in 0..3 {
///     let last = sender.report(start + 800).unwrap();
///     assert!(!last.marker && last.event.end);
///     assert_eq!((last.timestamp, last.event.duration), (start, 800));
/// }
/// assert_eq!(sender.report(start + 800), None);
/// ```
#[derive(Clone, Debug)]
pub struct Sender {
    event: u8,
    volume: u8,
    /// Where the current segment begins.
    timestamp: u32,
    is_first: bool,
    end: Option<u32>,
    final_reports: u8,
}

/// A packet to send: its header's fields and its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whether the packet is the event's first.
    pub marker: bool,
    /// When the event or its segment began.
    pub timestamp: u32,
    /// The payload.
    pub event: Event,
}

impl Sender {
    /// An event that begins at this RTP timestamp, with a volume in −dBm0.
    pub const fn new(event: u8, volume: u8, timestamp: u32) -> Self {
        Self {
            event,
            volume,
            timestamp,
            is_first: true,
            end: None,
            final_reports: FINAL_REPORTS,
        }
    }

    /// The event ends at this RTP timestamp; three more reports follow. Later calls change nothing.
    pub fn end(&mut self, timestamp: u32) {
        self.end.get_or_insert(timestamp);
    }

    /// The report at this RTP timestamp, once per packet interval (§2.5.1.2: 50 ms, or that of the audio). `None` when the last
    /// one was given.
    pub fn report(&mut self, now: u32) -> Option<Report> {
        if self.final_reports == 0 {
            return None;
        }
        let elapsed = self.end.unwrap_or(now).wrapping_sub(self.timestamp);
        let duration = u16::try_from(elapsed);
        let end = self.end.is_some() && duration.is_ok();
        let report = Report {
            marker: self.is_first,
            timestamp: self.timestamp,
            event: Event {
                event: self.event,
                end,
                volume: self.volume,
                // §2.3.5: 0 would say that the event is a state.
                duration: duration.unwrap_or(u16::MAX).max(1),
            },
        };
        self.is_first = false;
        if end {
            self.final_reports -= 1;
        } else if duration.is_err() {
            // §2.5.1.3: the segment is over, and the next one begins without a marker.
            self.timestamp = self.timestamp.wrapping_add(u32::from(u16::MAX));
        }
        Some(report)
    }
}
