//! Which streams a packet is about, for whoever forwards it.

use crate::ccfb::StreamFeedback;
use crate::description::SdesChunk;
use crate::feedback::{BitrateLimit, FirEntry, LayerRefresh, TradeOff};
use crate::list::ListIter;
use crate::packet::PacketRef;
use crate::report::ReportBlock;
use crate::xr::{ReceiverDelay, XrBlock};

impl<'a> PacketRef<'a> {
    /// The streams that the packet is about, in its order and as often as it names them. Allocates nothing.
    ///
    /// Of a sender report the stream that is sent, then those that are received. Where entries name streams, as in FIR, what
    /// stands in the place of the media source does not count. Of an unknown packet nothing is known.
    ///
    /// ```
    /// use rtcp::{PacketRef, PictureLossIndication, Remb};
    ///
    /// let pli = PacketRef::PictureLossIndication(PictureLossIndication { sender_ssrc: 1, media_ssrc: 2 });
    /// assert!(pli.subjects().eq([2]));
    /// let remb = PacketRef::Remb(Remb { ssrcs: (&[3, 4]).into(), ..Default::default() });
    /// assert!(remb.subjects().eq([3, 4]));
    /// ```
    #[must_use]
    pub fn subjects(&self) -> Subjects<'a> {
        let (first, rest) = match self {
            Self::SenderReport(it) => (Some(it.sender_ssrc), Rest::Reports(it.reports.iter())),
            Self::ReceiverReport(it) => (None, Rest::Reports(it.reports.iter())),
            Self::SourceDescription(it) => (None, Rest::Chunks(it.chunks.iter())),
            Self::Goodbye(it) => (None, Rest::Ssrcs(it.ssrcs.iter())),
            Self::Application(it) => (Some(it.ssrc), Rest::None),
            Self::Nack(it) => (Some(it.media_ssrc), Rest::None),
            Self::RapidResync(it) => (Some(it.media_ssrc), Rest::None),
            Self::TransportFeedback(it) => (Some(it.media_ssrc), Rest::None),
            Self::CongestionControlFeedback(it) => (None, Rest::Streams(it.streams.iter())),
            Self::PictureLossIndication(it) => (Some(it.media_ssrc), Rest::None),
            Self::SliceLossIndication(it) => (Some(it.media_ssrc), Rest::None),
            Self::ReferencePictureSelection(it) => (Some(it.media_ssrc), Rest::None),
            Self::FullIntraRequest(it) => (None, Rest::Intra(it.entries.iter())),
            Self::Tmmbr(it) => (None, Rest::Limits(it.limits.iter())),
            Self::Tmmbn(it) => (None, Rest::Limits(it.limits.iter())),
            Self::Tstr(it) => (None, Rest::TradeOffs(it.requests.iter())),
            Self::Tstn(it) => (None, Rest::TradeOffs(it.notifications.iter())),
            Self::Remb(it) => (None, Rest::Ssrcs(it.ssrcs.iter())),
            Self::LayerRefreshRequest(it) => (None, Rest::Layers(it.requests.iter())),
            Self::ExtendedReport(it) => (None, Rest::Blocks(it.blocks.iter(), None)),
            Self::Unknown(_) => (None, Rest::None),
        };
        Subjects { first, rest }
    }
}

/// The streams that a packet is about. Made by [`PacketRef::subjects`].
#[derive(Clone, Debug)]
pub struct Subjects<'a> {
    first: Option<u32>,
    rest: Rest<'a>,
}

#[derive(Clone, Debug)]
enum Rest<'a> {
    None,
    Reports(ListIter<'a, ReportBlock>),
    Chunks(ListIter<'a, SdesChunk<'a>>),
    Ssrcs(ListIter<'a, u32>),
    Streams(ListIter<'a, StreamFeedback<'a>>),
    Intra(ListIter<'a, FirEntry>),
    Limits(ListIter<'a, BitrateLimit>),
    TradeOffs(ListIter<'a, TradeOff>),
    Layers(ListIter<'a, LayerRefresh>),
    /// Blocks, and the list of the block before.
    Blocks(ListIter<'a, XrBlock<'a>>, Option<ListIter<'a, ReceiverDelay>>),
}

impl Iterator for Subjects<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        match &mut self.rest {
            Rest::None => None,
            Rest::Reports(list) => list.next().map(|it| it.ssrc),
            Rest::Chunks(list) => list.next().map(|it| it.ssrc),
            Rest::Ssrcs(list) => list.next(),
            Rest::Streams(list) => list.next().map(|it| it.ssrc),
            Rest::Intra(list) => list.next().map(|it| it.ssrc),
            Rest::Limits(list) => list.next().map(|it| it.ssrc),
            Rest::TradeOffs(list) => list.next().map(|it| it.ssrc),
            Rest::Layers(list) => list.next().map(|it| it.ssrc),
            Rest::Blocks(blocks, delays) => next_of_blocks(blocks, delays),
        }
    }
}

fn next_of_blocks<'a>(
    blocks: &mut ListIter<'a, XrBlock<'a>>,
    delays: &mut Option<ListIter<'a, ReceiverDelay>>,
) -> Option<u32> {
    loop {
        if let Some(delay) = delays.as_mut().and_then(Iterator::next) {
            return Some(delay.ssrc);
        }
        match blocks.next()? {
            XrBlock::LossRle(it) | XrBlock::DuplicateRle(it) => return Some(it.ssrc),
            XrBlock::PacketReceiptTimes(it) => return Some(it.ssrc),
            XrBlock::StatisticsSummary(it) => return Some(it.ssrc),
            XrBlock::VoipMetrics(it) => return Some(it.ssrc),
            XrBlock::Dlrr(list) => *delays = Some(list.iter()),
            XrBlock::ReceiverReferenceTime(_) | XrBlock::Unknown { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ExtendedReport, FullIntraRequest, Goodbye, NtpTime, RleReport, SdesChunk, SenderReport,
        SourceDescription, StatisticsSummary,
    };

    #[test]
    fn lists_name_their_streams() {
        let blocks = [4, 5].map(|ssrc| ReportBlock {
            ssrc,
            ..Default::default()
        });
        let report = SenderReport {
            sender_ssrc: 3,
            reports: (&blocks).into(),
            ..Default::default()
        };
        assert!(PacketRef::SenderReport(report).subjects().eq([3, 4, 5]));
        let chunks = [6, 7].map(|ssrc| SdesChunk {
            ssrc,
            ..Default::default()
        });
        let description = SourceDescription {
            chunks: (&chunks).into(),
        };
        assert!(PacketRef::SourceDescription(description).subjects().eq([6, 7]));
        let goodbye = Goodbye {
            ssrcs: (&[8, 8]).into(),
            reason: b"",
        };
        assert!(PacketRef::Goodbye(goodbye).subjects().eq([8, 8]));
        let entries = [FirEntry {
            ssrc: 9,
            sequence_number: 0,
        }];
        let fir = FullIntraRequest {
            media_ssrc: 1,
            entries: (&entries).into(),
            ..Default::default()
        };
        assert!(PacketRef::FullIntraRequest(fir).subjects().eq([9]));
    }

    #[test]
    fn blocks_name_their_streams() {
        let delays = [2, 3].map(|ssrc| ReceiverDelay {
            ssrc,
            ..Default::default()
        });
        let rle = |ssrc| RleReport {
            ssrc,
            ..Default::default()
        };
        let blocks = [
            XrBlock::LossRle(rle(1)),
            XrBlock::Dlrr((&[]).into()),
            XrBlock::ReceiverReferenceTime(NtpTime(1)),
            XrBlock::Dlrr((&delays).into()),
            XrBlock::StatisticsSummary(StatisticsSummary {
                ssrc: 4,
                ..Default::default()
            }),
        ];
        let report = ExtendedReport {
            sender_ssrc: 9,
            blocks: (&blocks).into(),
        };
        assert!(PacketRef::ExtendedReport(report).subjects().eq([1, 2, 3, 4]));
    }
}
