//! A peer that has fewer streams than channels were planned for.

use super::*;

/// The server accepts ten streams. Nothing is connected yet.
fn narrow() -> Pair {
    let mut pair = Pair::idle(Config::default());
    let sctp = sctp::Config {
        inbound_streams: 10,
        ..sctp::Config::default()
    };
    let config = Config {
        sctp,
        ..Config::default()
    };
    pair.ends[SERVER] = Channels::new(config, [2; 32]);
    pair.ends[SERVER].set_role(Role::Server);
    pair
}

#[test]
fn a_negotiated_channel_beyond_the_peers_streams_is_closed_when_they_are_known() {
    let mut pair = narrow();
    let beyond = pair.open(CLIENT, negotiated(10));
    let last = pair.open(CLIENT, negotiated(9));
    pair.connect();
    let [client, _] = pair.events();
    assert_eq!(
        client,
        [
            Event::Connected,
            Event::Closed(beyond, CloseReason::NoStream),
            Event::Open(last)
        ]
    );
    assert_eq!(pair.ends[CLIENT].state(beyond), Some(State::Closed));
    pair.send(CLIENT, last, "fits");
}

#[test]
fn an_id_beyond_the_peers_streams_is_refused_once_they_are_known() {
    let mut pair = narrow();
    pair.connect();
    let now = pair.now;
    for end in [CLIENT, SERVER] {
        assert_eq!(
            pair.ends[end].open(now, negotiated(10)),
            Err(OpenError::InvalidId(10)),
            "end {end}: a channel needs both directions"
        );
        assert!(pair.ends[end].open(now, negotiated(9)).is_ok());
    }
}

#[test]
fn channels_that_find_no_stream_at_the_peer_are_closed_and_not_sent() {
    let mut pair = narrow();
    let ids: Vec<_> = (0..7)
        .map(|n| pair.open(CLIENT, ChannelConfig::new(n.to_string())))
        .collect();
    pair.connect();
    let [client, server] = pair.events();
    let closed = |id| Event::Closed(id, CloseReason::NoStream);
    assert!(client.contains(&closed(ids[5])) && client.contains(&closed(ids[6])));
    let incoming = server.iter().filter(|event| matches!(event, Event::Incoming(_)));
    assert_eq!(incoming.count(), 5);
    let sent = pair.ends[CLIENT].association().stats();
    assert_eq!((sent.data_chunks_sent, sent.messages_abandoned), (5, 2));
    assert_eq!(
        pair.ends[CLIENT].open(pair.now, ChannelConfig::new("8th")),
        Err(OpenError::NoStream { streams: 10 })
    );
}
