//! Statistics as the page shows them: an array of objects with an `id` and a `type`, as `getStats` has.

use serde_json::{Value, json};
use webrtc::core::StatsReport;
use webrtc::{InboundStats, OutboundStats, RtpTransceiver};

/// All entries of a report.
pub(crate) fn entries(report: &StatsReport, transceivers: &[RtpTransceiver]) -> Value {
    let mut entries = vec![transport(report)];
    entries.extend(transceivers.iter().flat_map(streams));
    entries.extend(report.candidate_pairs.iter().enumerate().map(|(n, pair)| {
        json!({
            "id": format!("pair {n}"), "type": "candidate-pair", "state": format!("{:?}", pair.state).to_lowercase(),
            "local": pair.path.local, "remote": pair.path.remote, "nominated": pair.nominated,
            "selected": pair.selected, "priority": pair.priority.to_string(),
            "currentRoundTripTime": pair.current_round_trip_time.map(|time| time.as_secs_f64()),
        })
    }));
    let sides = [
        ("local-candidate", &report.local_candidates),
        ("remote-candidate", &report.remote_candidates),
    ];
    for (kind, candidates) in sides {
        entries.extend(candidates.iter().enumerate().map(|(n, candidate)| {
            json!({
                "id": format!("{kind} {n}"), "type": kind, "candidateType": candidate.kind.to_string(),
                "address": candidate.address, "priority": candidate.priority,
            })
        }));
    }
    entries.extend(report.data_channels.iter().map(|channel| {
        json!({
            "id": format!("channel {}", channel.label), "type": "data-channel", "label": channel.label,
            "state": channel.state.name(), "dataChannelIdentifier": channel.stream_id,
            "messagesSent": channel.messages_sent, "bytesSent": channel.bytes_sent,
            "messagesReceived": channel.messages_received, "bytesReceived": channel.bytes_received,
        })
    }));
    entries.extend(details(report));
    entries.into()
}

fn transport(report: &StatsReport) -> Value {
    let transport = &report.transport;
    json!({
        "id": "transport", "type": "transport", "state": transport.dtls_state.name(),
        "dtlsVersion": transport.tls_version, "dtlsCipher": transport.dtls_cipher,
        "dtlsRole": transport.dtls_is_client.map(|client| if client { "client" } else { "server" }),
        "iceState": transport.ice_state.name(), "iceRole": format!("{:?}", transport.ice_role).to_lowercase(),
        "iceLocalUsernameFragment": transport.ice_local_username_fragment,
        "packetsSent": transport.packets_sent, "packetsReceived": transport.packets_received,
        "bytesSent": transport.bytes_sent, "bytesReceived": transport.bytes_received,
        "localFingerprint": report.local_certificate.as_ref().map(|certificate| &certificate.fingerprint),
        "remoteFingerprint": report.remote_certificate.as_ref().map(|certificate| &certificate.fingerprint),
    })
}

/// What a transceiver receives and sends.
fn streams(transceiver: &RtpTransceiver) -> Vec<Value> {
    let name = |way, number, ssrc| format!("{way} {} {number} {ssrc}", transceiver.mid().unwrap_or_default());
    let kind = transceiver.kind().map_or("", |kind| kind.as_str());
    let mut streams = Vec::new();
    for (number, (rid, stats)) in transceiver.inbound_stats().iter().enumerate() {
        let label = format!("{kind} {}", rid.as_deref().unwrap_or_default());
        streams.push(inbound(&name("inbound", number, stats.ssrc), label.trim(), stats));
    }
    for (number, stats) in transceiver.outbound_stats().iter().enumerate() {
        streams.push(outbound(&name("outbound", number, stats.ssrc), kind, stats));
    }
    streams
}

fn inbound(id: &str, label: &str, stats: &InboundStats) -> Value {
    json!({
        "id": id, "type": "inbound-rtp", "label": label, "ssrc": stats.ssrc, "rtxSsrc": stats.rtx_ssrc,
        "packetsReceived": stats.packets_received, "bytesReceived": stats.bytes_received,
        "packetsLost": stats.packets_lost, "jitter": stats.jitter.as_secs_f64(),
        "retransmittedPacketsReceived": stats.retransmitted_packets_received,
        "packetsUnrepaired": stats.packets_unrepaired, "nackCount": stats.nack_count,
        "pliCount": stats.pli_count, "firCount": stats.fir_count,
        "roundTripTime": stats.remote.and_then(|remote| remote.round_trips.latest).map(|time| time.as_secs_f64()),
    })
}

fn outbound(id: &str, label: &str, stats: &OutboundStats) -> Value {
    let remote = stats.remote.unwrap_or_default();
    json!({
        "id": id, "type": "outbound-rtp", "label": label, "ssrc": stats.ssrc, "rtxSsrc": stats.rtx_ssrc,
        "packetsSent": stats.packets_sent, "bytesSent": stats.bytes_sent,
        "retransmittedPacketsSent": stats.retransmitted_packets_sent, "nackCount": stats.nack_count,
        "pliCount": stats.pli_count, "firCount": stats.fir_count, "remotePacketsLost": remote.packets_lost,
        "remoteFractionLost": remote.fraction_lost, "remoteJitter": remote.jitter.as_secs_f64(),
        "roundTripTime": remote.round_trips.latest.map(|time| time.as_secs_f64()),
    })
}

/// The blocks' own counters, one entry each.
fn details(report: &StatsReport) -> [Value; 4] {
    let entry = |name: &str, counters: &dyn std::fmt::Debug| {
        let mut entry = json!({"id": name, "type": name});
        for (key, value) in members(&format!("{counters:#?}")) {
            if let Some(object) = entry.as_object_mut() {
                object.insert(key, value.into());
            }
        }
        entry
    };
    let other = json!({
        "id": "other", "type": "other", "unexpectedDatagrams": report.unexpected_datagrams,
        "earlyDatagramsDropped": report.early_datagrams_dropped,
        "ignoredCandidates": report.ignored_candidates, "sendErrors": report.send_errors,
        "eventsLost": report.events_lost,
    });
    [
        entry("ice", &report.ice),
        entry("dtls", &report.dtls),
        entry("sctp", &report.sctp),
        other,
    ]
}

/// The outermost fields of a pretty-printed struct.
fn members(text: &str) -> impl Iterator<Item = (String, String)> + '_ {
    let outermost = text
        .lines()
        .filter_map(|line| line.strip_prefix("    ").filter(|rest| !rest.starts_with(' ')));
    outermost.filter_map(|line| {
        let (key, value) = line.trim_end_matches(',').split_once(": ")?;
        Some((key.to_owned(), value.to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_the_outermost_fields() {
        #[derive(Debug)]
        #[expect(dead_code, reason = "read through Debug")]
        struct Counters {
            sent: u32,
            rtt: Option<u8>,
        }
        let text = format!("{:#?}", Counters { sent: 3, rtt: None });
        let found: Vec<_> = members(&text).collect();
        assert_eq!(
            found,
            [
                ("sent".to_owned(), "3".to_owned()),
                ("rtt".to_owned(), "None".to_owned())
            ]
        );
    }

    #[test]
    fn an_empty_report_has_its_transport() {
        let entries = entries(&StatsReport::default(), &[]);
        assert_eq!(entries[0]["type"], "transport");
    }
}
