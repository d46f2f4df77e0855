//! draft-holmer-rmcat-transport-wide-cc-extensions-01 §2, and transport-wide-cc-02 of libwebrtc: one numbering for all
//! packets of a transport, for its congestion control.

use bytes::BufMut;

use super::{Extension, leading};
use crate::DecodeError;

/// The number of the packet among all of its transport, for feedback that is sent periodically.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransportSequenceNumber(
    /// One more for each packet, wrapping.
    pub u16,
);

impl Extension<'_> for TransportSequenceNumber {
    const URI: &'static str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

    fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self(u16::from_be_bytes(leading(data)?)))
    }

    fn encoded_len(&self) -> usize {
        2
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u16(self.0);
    }
}

/// The number of the packet among all of its transport, for feedback that is sent when a packet asks for it.
///
/// ```text
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | transport-wide sequence number|T|       sequence count        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransportSequenceNumberV2 {
    /// One more for each packet, wrapping.
    pub sequence_number: u16,
    /// What feedback is to be sent at once; `None` writes the short form.
    pub feedback_request: Option<FeedbackRequest>,
}

/// What feedback the sender of a packet asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedbackRequest {
    /// Whether arrival times are wanted, and not only which packets arrived.
    pub timing: bool,
    /// How many packets the feedback covers, back from this one; 0 asks for nothing. Only the low 15 bits are written.
    pub sequence_count: u16,
}

impl Extension<'_> for TransportSequenceNumberV2 {
    const URI: &'static str = "http://www.webrtc.org/experiments/rtp-hdrext/transport-wide-cc-02";

    fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        let sequence_number = u16::from_be_bytes(leading(data)?);
        let request = data.get(2..).and_then(|rest| rest.first_chunk());
        let feedback_request = request.map(|request| {
            let request = u16::from_be_bytes(*request);
            FeedbackRequest {
                timing: request & 0x8000 != 0,
                sequence_count: request & 0x7fff,
            }
        });
        Ok(Self {
            sequence_number,
            feedback_request,
        })
    }

    fn encoded_len(&self) -> usize {
        match self.feedback_request {
            Some(_) => 4,
            None => 2,
        }
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u16(self.sequence_number);
        if let Some(request) = self.feedback_request {
            out.put_u16(u16::from(request.timing) << 15 | request.sequence_count & 0x7fff);
        }
    }
}
