//! One packet of any kind, and the iteration over a datagram: RFC 3550 §6.1 (compound), RFC 5506 §3.4 (reduced size).

use crate::feedback::{
    FullIntraRequest, LayerRefreshRequest, Nack, PictureLossIndication, RapidResync,
    ReferencePictureSelection, Remb, SliceLossIndication, Tmmbn, Tmmbr, Tstn, Tstr, format,
};
use crate::raw::{RawPacketRef, RawPackets, packet_type, raw_packets};
use crate::{
    Application, CongestionControlFeedback, DecodeError, ExtendedReport, Goodbye, ReceiverReport,
    SenderReport, SourceDescription, TransportFeedback,
};

/// A packet that can be written.
///
/// Nothing that is written is malformed: what does not fit a field is treated as the field's doc says, and a packet that is
/// longer than the length field can tell (256 KiB, more than any datagram) is not written and has the length 0.
pub trait Packet {
    /// How many bytes [`encode`](Self::encode) appends.
    fn encoded_len(&self) -> usize;

    /// Appends the packet, header included.
    fn encode(&self, out: &mut Vec<u8>);
}

/// A packet of any kind, whose lists are read where they stand in the datagram.
///
/// ```
/// use rtcp::PacketRef;
///
/// let datagram = [0x80, 201, 0, 1, 0, 0, 0, 7, 0x81, 206, 0, 2, 0, 0, 0, 7, 0, 0, 0, 9];
/// for packet in rtcp::packets(&datagram) {
///     match packet? {
///         PacketRef::ReceiverReport(report) => assert_eq!(report.sender_ssrc, 7),
///         PacketRef::PictureLossIndication(pli) => assert_eq!(pli.media_ssrc, 9),
///         other => panic!("{other:?}"),
///     }
/// }
/// # Ok::<(), rtcp::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PacketRef<'a> {
    /// SR.
    SenderReport(SenderReport<'a>),
    /// RR.
    ReceiverReport(ReceiverReport<'a>),
    /// SDES.
    SourceDescription(SourceDescription<'a>),
    /// BYE.
    Goodbye(Goodbye<'a>),
    /// APP.
    Application(Application<'a>),
    /// Generic NACK.
    Nack(Nack<'a>),
    /// Rapid resynchronisation request.
    RapidResync(RapidResync),
    /// Transport-wide congestion control feedback.
    TransportFeedback(TransportFeedback<'a>),
    /// Congestion control feedback of RFC 8888.
    CongestionControlFeedback(CongestionControlFeedback<'a>),
    /// PLI.
    PictureLossIndication(PictureLossIndication),
    /// SLI.
    SliceLossIndication(SliceLossIndication<'a>),
    /// RPSI.
    ReferencePictureSelection(ReferencePictureSelection<'a>),
    /// FIR.
    FullIntraRequest(FullIntraRequest<'a>),
    /// TMMBR.
    Tmmbr(Tmmbr<'a>),
    /// TMMBN.
    Tmmbn(Tmmbn<'a>),
    /// TSTR.
    Tstr(Tstr<'a>),
    /// TSTN.
    Tstn(Tstn<'a>),
    /// REMB.
    Remb(Remb<'a>),
    /// LRR.
    LayerRefreshRequest(LayerRefreshRequest<'a>),
    /// XR.
    ExtendedReport(ExtendedReport<'a>),
    /// A packet type or feedback format that this crate does not know, as it is.
    Unknown(RawPacketRef<'a>),
}

impl<'a> PacketRef<'a> {
    /// Reads the first packet of a datagram.
    ///
    /// # Errors
    /// If its header or its content is malformed.
    pub fn decode(datagram: &'a [u8]) -> Result<Self, DecodeError> {
        let (raw, _) = RawPacketRef::decode(datagram)?;
        Self::from_raw(&raw)
    }

    /// Looks into a packet that was cut out already.
    ///
    /// # Errors
    /// If the content is malformed; the offset counts from the packet's first byte.
    pub fn from_raw(raw: &RawPacketRef<'a>) -> Result<Self, DecodeError> {
        Ok(match raw.packet_type() {
            packet_type::SENDER_REPORT => Self::SenderReport(SenderReport::from_raw(raw)?),
            packet_type::RECEIVER_REPORT => Self::ReceiverReport(ReceiverReport::from_raw(raw)?),
            packet_type::SOURCE_DESCRIPTION => Self::SourceDescription(SourceDescription::from_raw(raw)?),
            packet_type::GOODBYE => Self::Goodbye(Goodbye::from_raw(raw)?),
            packet_type::APPLICATION => Self::Application(Application::from_raw(raw)?),
            packet_type::TRANSPORT_FEEDBACK => Self::transport(raw)?,
            packet_type::PAYLOAD_FEEDBACK => Self::payload(raw)?,
            packet_type::EXTENDED_REPORT => Self::ExtendedReport(ExtendedReport::from_raw(raw)?),
            _ => Self::Unknown(*raw),
        })
    }

    /// RTPFB: the count is a format.
    fn transport(raw: &RawPacketRef<'a>) -> Result<Self, DecodeError> {
        Ok(match raw.count() {
            format::NACK => Self::Nack(Nack::from_raw(raw)?),
            format::TMMBR => Self::Tmmbr(Tmmbr::from_raw(raw)?),
            format::TMMBN => Self::Tmmbn(Tmmbn::from_raw(raw)?),
            format::RAPID_RESYNC => Self::RapidResync(RapidResync::from_raw(raw)?),
            format::CONGESTION_CONTROL => {
                Self::CongestionControlFeedback(CongestionControlFeedback::from_raw(raw)?)
            }
            format::TRANSPORT_WIDE => Self::TransportFeedback(TransportFeedback::from_raw(raw)?),
            _ => Self::Unknown(*raw),
        })
    }

    /// PSFB: the count is a format.
    fn payload(raw: &RawPacketRef<'a>) -> Result<Self, DecodeError> {
        Ok(match raw.count() {
            format::PICTURE_LOSS => Self::PictureLossIndication(PictureLossIndication::from_raw(raw)?),
            format::SLICE_LOSS => Self::SliceLossIndication(SliceLossIndication::from_raw(raw)?),
            format::REFERENCE_PICTURE => {
                Self::ReferencePictureSelection(ReferencePictureSelection::from_raw(raw)?)
            }
            format::FULL_INTRA => Self::FullIntraRequest(FullIntraRequest::from_raw(raw)?),
            format::TSTR => Self::Tstr(Tstr::from_raw(raw)?),
            format::TSTN => Self::Tstn(Tstn::from_raw(raw)?),
            format::LAYER_REFRESH => Self::LayerRefreshRequest(LayerRefreshRequest::from_raw(raw)?),
            format::APPLICATION if Remb::matches(raw) => Self::Remb(Remb::from_raw(raw)?),
            _ => Self::Unknown(*raw),
        })
    }

    fn as_packet(&self) -> &dyn Packet {
        match self {
            Self::SenderReport(packet) => packet,
            Self::ReceiverReport(packet) => packet,
            Self::SourceDescription(packet) => packet,
            Self::Goodbye(packet) => packet,
            Self::Application(packet) => packet,
            Self::Nack(packet) => packet,
            Self::RapidResync(packet) => packet,
            Self::TransportFeedback(packet) => packet,
            Self::CongestionControlFeedback(packet) => packet,
            Self::PictureLossIndication(packet) => packet,
            Self::SliceLossIndication(packet) => packet,
            Self::ReferencePictureSelection(packet) => packet,
            Self::FullIntraRequest(packet) => packet,
            Self::Tmmbr(packet) => packet,
            Self::Tmmbn(packet) => packet,
            Self::Tstr(packet) => packet,
            Self::Tstn(packet) => packet,
            Self::Remb(packet) => packet,
            Self::LayerRefreshRequest(packet) => packet,
            Self::ExtendedReport(packet) => packet,
            Self::Unknown(packet) => packet,
        }
    }
}

impl Packet for PacketRef<'_> {
    fn encoded_len(&self) -> usize {
        self.as_packet().encoded_len()
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.as_packet().encode(out);
    }
}

/// Written as it came, padding included.
impl Packet for RawPacketRef<'_> {
    fn encoded_len(&self) -> usize {
        self.as_bytes().len()
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
}

/// The packets of a datagram. Made by [`packets`].
#[derive(Clone, Debug)]
pub struct Packets<'a> {
    raw: RawPackets<'a>,
}

/// The packets of a compound or reduced-size datagram, in their order. Allocates nothing.
///
/// Packets of unknown types are [`PacketRef::Unknown`]. The first that is malformed ends the iteration with an error, whose
/// offset counts from the start of the datagram. The order of RFC 3550 §6.1 is not asked for; [`check_compound`] does that.
///
/// [`check_compound`]: crate::check_compound
#[must_use]
pub const fn packets(datagram: &[u8]) -> Packets<'_> {
    Packets {
        raw: raw_packets(datagram),
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<PacketRef<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let offset = self.raw.offset();
        let packet = match self.raw.next()? {
            Ok(raw) => PacketRef::from_raw(&raw).map_err(|error| error.within(offset)),
            Err(error) => Err(error),
        };
        if packet.is_err() {
            self.raw.end();
        }
        Some(packet)
    }
}
