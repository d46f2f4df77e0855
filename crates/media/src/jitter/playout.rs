//! What goes into a jitter buffer and what comes out.

use rtp::Packet;

/// How a packet came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arrival {
    /// Straight from the sender.
    Direct,
    /// Restored from a retransmission (RFC 4588), or sent again as it was.
    Retransmitted,
    /// Restored by forward error correction, or from redundant data (RFC 2198).
    Recovered,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Inserted {
    /// It waits to be played.
    Queued,
    /// It was there already, or has been played.
    Duplicate,
    /// It comes after it was given up.
    Late,
    /// Its number is far from all others. If the next one continues it, the sender has begun anew.
    Stray,
    /// It alone is larger than the buffer.
    TooLarge,
}

/// What is to be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Playout {
    /// The next packet.
    Packet(Packet),
    /// Packets that will not come: take them from the one behind ([`peek`](crate::JitterBuffer::peek)), conceal them, or ask for
    /// a key frame.
    Missing {
        /// Sequence number of the first.
        sequence_number: u16,
        /// How many there are.
        count: u32,
    },
}
