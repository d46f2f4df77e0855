//! What a section announces of its streams and their track: layers (RFC 8851, RFC 8853), SSRCs (RFC 5576) and `a=msid`
//! (RFC 8830).

use sdp::{RidDirection, Section};

use super::described::Layer;
use super::negotiated::InboundStream;
use super::parameters::{MAX_ENCODINGS, check_rid};
use super::transceiver::RemoteTrack;

/// The most streams of one section that are kept, by SSRC.
pub(super) const MAX_STREAMS: usize = 32;

/// The most streams that a track of the peer may belong to.
pub(super) const MAX_MSIDS: usize = 16;

/// The layers of one direction: those of `a=simulcast`, or a lone `a=rid`.
pub(super) fn layers(section: &Section<'_>, direction: RidDirection) -> Vec<Layer> {
    let attributes = &section.media.attributes;
    let declared: Vec<_> = attributes
        .rids()
        .filter(|rid| rid.direction == direction && check_rid(&rid.id).is_ok())
        .map(|rid| rid.id.as_str())
        .collect();
    let mut layers: Vec<Layer> = Vec::new();
    let mut add = |rid: &str, paused| {
        let known = layers.iter().any(|layer| layer.rid == rid);
        if !known && layers.len() < MAX_ENCODINGS {
            let rid = rid.to_owned();
            layers.push(Layer { rid, paused });
        }
    };
    match attributes.simulcast() {
        Some(simulcast) => {
            for stream in simulcast.streams(direction) {
                if let Some(first) = stream.iter().find(|id| declared.contains(&id.rid.as_str())) {
                    add(&first.rid, first.paused);
                }
            }
        }
        None => declared.iter().for_each(|rid| add(rid, false)),
    }
    layers
}

/// What the writer sends: layers by their rid, else streams by their SSRC (RFC 5576), with their retransmissions.
pub(super) fn streams(section: &Section<'_>, layers: &[Layer]) -> Vec<InboundStream> {
    if !layers.is_empty() {
        return layers.iter().map(InboundStream::layer).collect();
    }
    let attributes = &section.media.attributes;
    let pairs: Vec<(u32, u32)> = attributes
        .ssrc_groups()
        .filter(|group| group.semantics.eq_ignore_ascii_case("FID"))
        .filter_map(|group| Some((*group.ssrcs.first()?, *group.ssrcs.get(1)?)))
        .take(MAX_STREAMS)
        .collect();
    // The second SSRC of a group repairs the first: FID, FEC-FR, FEC.
    let repairs: Vec<u32> = attributes
        .ssrc_groups()
        .filter(|group| !group.semantics.eq_ignore_ascii_case("SIM"))
        .flat_map(|group| group.ssrcs.iter().skip(1).copied())
        .take(2 * MAX_STREAMS)
        .collect();
    let mut streams: Vec<InboundStream> = Vec::new();
    for line in attributes.ssrcs() {
        let known = streams.iter().any(|stream| stream.ssrc == Some(line.ssrc));
        if known || repairs.contains(&line.ssrc) {
            continue;
        }
        if streams.len() == MAX_STREAMS {
            break;
        }
        let pair = pairs.iter().find(|(ssrc, _)| *ssrc == line.ssrc);
        streams.push(InboundStream::ssrc(line.ssrc, pair.map(|(_, rtx)| *rtx)));
    }
    streams
}

/// `a=msid` (RFC 8830), else what `a=ssrc` lines say of it, as they did before there was `a=msid`.
pub(super) fn track(section: &Section<'_>) -> RemoteTrack {
    let attributes = &section.media.attributes;
    let of_ssrc = |name: &'static str| {
        attributes
            .ssrcs()
            .filter(move |line| line.attribute == name)
            .find_map(|line| line.value.as_deref())
    };
    let mut track = RemoteTrack {
        cname: of_ssrc("cname").map(str::to_owned),
        ..RemoteTrack::default()
    };
    let mut add = |stream: &str, id: Option<&str>| {
        let known = track.stream_ids.iter().any(|known| known == stream);
        if stream != "-" && !known && track.stream_ids.len() < MAX_MSIDS {
            track.stream_ids.push(stream.to_owned());
        }
        if track.track_id.is_none() {
            track.track_id = id.map(str::to_owned);
        }
    };
    for msid in attributes.msids() {
        add(&msid.stream, msid.track.as_deref());
    }
    if attributes.msids().next().is_none()
        && let Some(value) = of_ssrc("msid")
    {
        let (stream, id) = value.split_once(' ').unwrap_or((value, ""));
        add(stream, Some(id).filter(|id| !id.is_empty()));
    }
    track
}
