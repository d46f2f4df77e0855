//! AV1 RTP specification A.5, A.6: whether anything essential of a stream was lost.

use super::frame::FrameDependencies;
use crate::Unwrapper;

/// Follows one chain of a stream: it is intact as long as every frame of it arrived whole.
///
/// Hand it the frames that are complete, in decoding order. While the chain is intact, the decode targets that it protects
/// can be decoded, and a forwarder may switch to them (A.7); once it broke, a frame that begins it anew is needed.
///
/// ```
/// use rtp::extension::dependency::{ChainTracker, FrameDependencies};
///
/// let frame = |diff: u8| FrameDependencies { chain_diffs: [diff].into_iter().collect(), ..Default::default() };
/// let mut chain = ChainTracker::new(0);
/// assert!(!chain.receive(1, &frame(1), true), "it began before");
/// assert!(chain.receive(2, &frame(0), true), "begins anew");
/// assert!(chain.receive(3, &frame(1), false), "not part of it, and names the last that is");
/// assert!(!chain.receive(6, &frame(2), true), "frame 4 was lost");
/// ```
#[derive(Clone, Debug)]
pub struct ChainTracker {
    chain: u8,
    frame_numbers: Unwrapper<16>,
    /// The newest frame of the chain that arrived, while the chain is intact.
    last: Option<u64>,
}

impl ChainTracker {
    /// Follows the chain of this index, which is broken until it begins.
    pub const fn new(chain: u8) -> Self {
        Self {
            chain,
            frame_numbers: Unwrapper::new(),
            last: None,
        }
    }

    /// Whether the chain is intact after this frame, which is or is not part of it (see
    /// [`Structure::is_in_active_chain`](super::Structure::is_in_active_chain)).
    pub fn receive(&mut self, frame_number: u16, frame: &FrameDependencies, is_in_chain: bool) -> bool {
        let number = self.frame_numbers.extend(frame_number);
        let Some(diff) = frame.chain_diffs.get(usize::from(self.chain)) else {
            self.last = None;
            return false;
        };
        let is_intact = *diff == 0 || self.last == Some(number.wrapping_sub((*diff).into()));
        self.last = match (is_intact, is_in_chain) {
            (true, true) => Some(number),
            (true, false) if *diff == 0 => Some(number),
            (true, false) => self.last,
            (false, _) => None,
        };
        is_intact
    }

    /// Whether the chain was intact after the last frame.
    pub const fn is_intact(&self) -> bool {
        self.last.is_some()
    }
}
