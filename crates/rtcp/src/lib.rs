//! # What it is
//!
//! RTCP packets: every report and every feedback message that WebRTC peers exchange, read where they stand and written without
//! allocation. It is a codec; what to send and when is decided elsewhere (by the `interceptor` crate, or by you).

mod ccfb;
mod compound;
mod description;
mod error;
mod feedback;
mod goodbye;
mod list;
mod ntp;
mod packet;
mod raw;
mod reader;
mod report;
mod transport_cc;
mod xr;

pub use ccfb::{
    ArrivalOffset, CongestionControlFeedback, CongestionControlFeedbackBuilder, Ecn, PacketMetric,
    StreamFeedback,
};
pub use compound::{Compound, CompoundError, check_compound};
pub use description::{SdesChunk, SdesItem, SourceDescription};
pub use error::DecodeError;
pub use feedback::{
    BitrateLimit, FirEntry, FullIntraRequest, LayerId, LayerRefresh, LayerRefreshRequest, LostPackets, Nack,
    NackPair, NackPairs, PictureLossIndication, RapidResync, ReferencePictureSelection, Remb, SliceLoss,
    SliceLossIndication, Tmmbn, Tmmbr, TradeOff, Tstn, Tstr, format, nack_pairs,
};
pub use goodbye::{Application, Goodbye};
pub use list::{Entry, List, ListIter};
pub use ntp::{NtpTime, round_trip_time};
pub use packet::{Packet, PacketRef, Packets, packets};
pub use raw::{RawPacketRef, RawPackets, is_rtcp, packet_type, raw_packets};
pub use report::{ReceiverReport, ReportBlock, SenderInfo, SenderReport};
pub use transport_cc::{
    Arrival, PacketStatus, PacketStatuses, StatusChunk, Symbol, Symbols, TransportFeedback,
    TransportFeedbackBuilder, TransportTime,
};
pub use xr::{
    ExtendedReport, HopCounts, JitterSummary, Minimax, PacketReceiptTimes, ReceiverDelay, RleBits, RleChunk,
    RleReport, StatisticsSummary, VoipBursts, VoipDelays, VoipJitterBuffer, VoipLevels, VoipLosses,
    VoipMetrics, VoipQuality, XrBlock, block_type, rle_chunks,
};
