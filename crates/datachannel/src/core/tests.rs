//! Two ends back to back: every packet arrives at once.

mod closing;
mod misbehaviour;
mod streams;

use std::time::Duration;

use super::*;
use crate::{CloseReason, Reliability};

pub(super) struct Pair {
    pub(super) now: Instant,
    pub(super) ends: [Channels; 2],
}

const CLIENT: usize = 0;
const SERVER: usize = 1;

impl Pair {
    fn idle(config: Config) -> Self {
        let ends = [1, 2].map(|seed| Channels::new(config.clone(), [seed; 32]));
        let mut pair = Self {
            now: Instant::now(),
            ends,
        };
        pair.ends[CLIENT].set_role(Role::Client);
        pair.ends[SERVER].set_role(Role::Server);
        pair
    }

    /// Both ends connected, and that much told.
    pub(super) fn new(config: Config) -> Self {
        let mut pair = Self::idle(config);
        pair.connect();
        assert_eq!(pair.events(), [vec![Event::Connected], vec![Event::Connected]]);
        pair
    }

    fn connect(&mut self) {
        let now = self.now;
        self.ends.iter_mut().for_each(|end| end.connect(now));
        self.run();
    }

    /// Carries packets until both are quiet, through delayed acknowledgements as well.
    pub(super) fn run(&mut self) {
        for _ in 0..20 {
            self.carry();
            self.now += Duration::from_millis(100);
            let now = self.now;
            self.ends.iter_mut().for_each(|end| end.handle_timeout(now));
        }
    }

    fn carry(&mut self) {
        let mut packet = Vec::new();
        loop {
            let mut moved = false;
            for from in [CLIENT, SERVER] {
                packet.clear();
                if self.ends[from].poll_transmit(self.now, &mut packet).is_some() {
                    self.ends[1 - from].handle_input(self.now, &packet);
                    moved = true;
                }
            }
            if !moved {
                return;
            }
        }
    }

    pub(super) fn events(&mut self) -> [Vec<Event>; 2] {
        self.ends
            .each_mut()
            .map(|end| std::iter::from_fn(|| end.poll_event()).collect())
    }

    pub(super) fn open(&mut self, end: usize, config: ChannelConfig) -> ChannelId {
        self.ends[end].open(self.now, config).unwrap()
    }

    pub(super) fn send(&mut self, end: usize, id: ChannelId, text: &str) {
        self.ends[end]
            .send(self.now, id, Kind::Text, Bytes::copy_from_slice(text.as_bytes()))
            .unwrap();
    }

    pub(super) fn texts(&mut self, end: usize, id: ChannelId) -> Vec<String> {
        let messages = std::iter::from_fn(|| self.ends[end].recv(id));
        messages
            .map(|message| message.text().unwrap().to_owned())
            .collect()
    }

    /// A channel opened by `end` and accepted by the other.
    pub(super) fn channel(&mut self, end: usize, config: ChannelConfig) -> [ChannelId; 2] {
        let id = self.open(end, config);
        self.run();
        let events = self.events();
        assert_eq!(events[end], [Event::Open(id)]);
        let [Event::Incoming(other)] = events[1 - end][..] else {
            panic!("{events:?}")
        };
        if end == CLIENT { [id, other] } else { [other, id] }
    }
}

fn unordered(reliability: Reliability) -> ChannelConfig {
    ChannelConfig {
        ordered: false,
        reliability,
        ..ChannelConfig::new("u")
    }
}

fn negotiated(stream_id: u16) -> ChannelConfig {
    ChannelConfig {
        negotiated: Some(stream_id),
        ..ChannelConfig::new("n")
    }
}

#[test]
fn the_core_can_move_between_threads() {
    fn assert_send<T: Send>() {}
    assert_send::<Channels>();
}

#[test]
fn all_six_channel_types_arrive_as_they_were_opened() {
    let mut pair = Pair::new(Config::default());
    let kinds = [
        Reliability::Reliable,
        Reliability::Retransmits(3),
        Reliability::Lifetime(Duration::from_millis(50)),
    ];
    for (reliability, ordered) in kinds.into_iter().flat_map(|kind| [(kind, true), (kind, false)]) {
        let protocol = "proto".into();
        let config = ChannelConfig {
            ordered,
            reliability,
            priority: 1024,
            protocol,
            ..ChannelConfig::new("läbel")
        };
        let [id, other] = pair.channel(CLIENT, config.clone());
        assert_eq!(pair.ends[SERVER].info(other), Some(&config));
        assert_eq!(
            pair.ends[CLIENT].stream_id(id),
            pair.ends[SERVER].stream_id(other)
        );
        pair.send(CLIENT, id, "ping");
        pair.send(SERVER, other, "pong");
        pair.run();
        let [client, server] = pair.events();
        assert!(client.contains(&Event::Readable(id)) && server.contains(&Event::Readable(other)));
        assert_eq!(pair.texts(SERVER, other), ["ping"]);
        assert_eq!(pair.texts(CLIENT, id), ["pong"]);
    }
    assert_eq!(pair.ends[CLIENT].stats().opened, 6);
}

#[test]
fn the_client_numbers_even_and_the_server_odd_also_at_once() {
    let mut pair = Pair::new(Config::default());
    let ids: Vec<_> = (0..6)
        .map(|n| pair.open(n % 2, ChannelConfig::new("glare")))
        .collect();
    pair.run();
    let streams: Vec<_> = (0..6)
        .map(|n| pair.ends[n % 2].stream_id(ids[n]).unwrap())
        .collect();
    assert_eq!(streams, [0, 1, 2, 3, 4, 5]);
    for events in pair.events() {
        assert_eq!(
            events
                .iter()
                .filter(|event| matches!(event, Event::Open(_)))
                .count(),
            3
        );
        assert_eq!(
            events
                .iter()
                .filter(|event| matches!(event, Event::Incoming(_)))
                .count(),
            3
        );
    }
}

#[test]
fn channels_may_be_opened_before_the_role_and_the_association() {
    let mut client = Channels::new(Config::default(), [1; 32]);
    let now = Instant::now();
    let first = client.open(now, ChannelConfig::new("first")).unwrap();
    let fixed = client.open(now, negotiated(0)).unwrap();
    assert_eq!(
        (client.stream_id(first), client.stream_id(fixed)),
        (None, Some(0))
    );
    assert_eq!(client.state(first), Some(State::Connecting));
    assert_eq!(
        client.send(now, first, Kind::Text, "x".into()),
        Err(SendError::NotOpen)
    );
    let mut pair = Pair::idle(Config::default());
    client.set_role(Role::Client);
    assert_eq!(client.stream_id(first), Some(2));
    pair.ends[CLIENT] = client;
    let peer = pair.open(SERVER, negotiated(0));
    pair.connect();
    let [client, server] = pair.events();
    assert_eq!(client, [Event::Connected, Event::Open(first), Event::Open(fixed)]);
    assert!(matches!(server[..], [Event::Connected, Event::Open(id), Event::Incoming(_)] if id == peer));
}

#[test]
fn a_role_known_late_opens_what_waits() {
    let mut pair = Pair::idle(Config::default());
    pair.ends[SERVER] = Channels::new(Config::default(), [2; 32]);
    pair.connect();
    let id = pair.open(SERVER, ChannelConfig::new("late"));
    pair.run();
    assert_eq!(pair.ends[SERVER].state(id), Some(State::Connecting));
    pair.ends[SERVER].set_role(Role::Server);
    pair.run();
    assert_eq!(pair.ends[SERVER].state(id), Some(State::Open));
    assert_eq!(pair.ends[SERVER].stream_id(id), Some(1));
}

#[test]
fn the_open_message_travels_with_the_handshake() {
    let mut pair = Pair::idle(Config::default());
    pair.open(CLIENT, ChannelConfig::new("early"));
    let now = pair.now;
    pair.ends[CLIENT].connect(now);
    // INIT, INIT ACK, then COOKIE ECHO with the OPEN.
    for from in [CLIENT, SERVER, CLIENT] {
        let mut packet = Vec::new();
        pair.ends[from].poll_transmit(now, &mut packet).unwrap();
        pair.ends[1 - from].handle_input(now, &packet);
    }
    assert!(matches!(pair.ends[SERVER].poll_event(), Some(Event::Connected)));
    assert!(matches!(pair.ends[SERVER].poll_event(), Some(Event::Incoming(_))));
}

#[test]
fn negotiated_channels_talk_without_dcep() {
    let mut pair = Pair::new(Config::default());
    let ids = [CLIENT, SERVER].map(|end| {
        pair.open(
            end,
            ChannelConfig {
                ordered: false,
                ..negotiated(7)
            },
        )
    });
    pair.send(CLIENT, ids[CLIENT], "hello");
    pair.run();
    let [client, server] = pair.events();
    assert_eq!(client.first(), Some(&Event::Open(ids[CLIENT])));
    assert_eq!(server, [Event::Open(ids[SERVER]), Event::Readable(ids[SERVER])]);
    assert_eq!(pair.texts(SERVER, ids[SERVER]), ["hello"]);
    assert_eq!(pair.ends[CLIENT].association().stats().messages_sent, 1);
}

#[test]
fn data_for_a_negotiated_channel_waits_until_it_is_made() {
    let mut pair = Pair::new(Config::default());
    let id = pair.open(CLIENT, negotiated(8));
    pair.send(CLIENT, id, "one");
    pair.send(CLIENT, id, "two");
    pair.run();
    pair.events();
    let other = pair.open(SERVER, negotiated(8));
    assert_eq!(
        pair.events()[SERVER],
        [Event::Open(other), Event::Readable(other)]
    );
    assert_eq!(pair.texts(SERVER, other), ["one", "two"]);
}

#[test]
fn empty_messages_are_one_byte_on_the_wire_and_none_at_the_ends() {
    let mut pair = Pair::new(Config::default());
    let [id, other] = pair.channel(CLIENT, ChannelConfig::new("empty"));
    for kind in [Kind::Text, Kind::Binary] {
        let before = pair.ends[CLIENT].buffered_amount(id);
        pair.ends[CLIENT].send(pair.now, id, kind, Bytes::new()).unwrap();
        assert_eq!(pair.ends[CLIENT].buffered_amount(id), before + 1);
        pair.run();
        assert_eq!(
            pair.ends[SERVER].recv(other),
            Some(Message {
                kind,
                data: Bytes::new()
            })
        );
        assert_eq!(pair.ends[SERVER].recv(other), None);
    }
    let stats = pair.ends[SERVER].channel_stats(other).unwrap();
    assert_eq!((stats.messages_received, stats.bytes_received), (2, 0));
}

#[test]
fn user_data_is_ordered_until_the_peer_is_heard() {
    let mut pair = Pair::new(Config::default());
    let id = pair.open(CLIENT, unordered(Reliability::Reliable));
    assert_eq!(pair.events()[CLIENT], [Event::Open(id)]);
    pair.send(CLIENT, id, "ordered");
    let is_unordered = |pair: &Pair| pair.ends[CLIENT].slots.get(id).unwrap().send_options().unordered;
    assert!(!is_unordered(&pair));
    pair.run();
    assert!(is_unordered(&pair));
    // A message of the peer does as well as its acknowledgement.
    let next = pair.open(CLIENT, unordered(Reliability::Reliable));
    pair.ends[CLIENT].slots.get_mut(next).unwrap().heard();
    assert!(
        pair.ends[CLIENT]
            .slots
            .get(next)
            .unwrap()
            .send_options()
            .unordered
    );
}

#[test]
fn limits_of_size_are_told_before_anything_is_sent() {
    let mut pair = Pair::new(Config::default());
    let [id, other] = pair.channel(CLIENT, ChannelConfig::new("large"));
    let now = pair.now;
    let message = |len: usize| Bytes::from(vec![7; len]);
    let client = &mut pair.ends[CLIENT];
    assert_eq!(
        client.send(now, id, Kind::Binary, message(65_537)),
        Err(SendError::TooLarge { limit: 65_536 })
    );
    client.set_remote_max_message_size(100_000);
    assert_eq!(
        client.send(now, id, Kind::Binary, message(100_001)),
        Err(SendError::TooLarge { limit: 100_000 })
    );
    client.send(now, id, Kind::Binary, message(100_000)).unwrap();
    client.set_remote_max_message_size(usize::MAX);
    let limit = client.config.sctp.send_buffer;
    assert_eq!(
        client.send(now, id, Kind::Binary, message(limit + 1)),
        Err(SendError::TooLarge { limit })
    );
    pair.run();
    assert_eq!(pair.ends[SERVER].recv(other).unwrap().data.len(), 100_000);
}

#[test]
fn a_full_buffer_says_when_there_is_room_again() {
    let sctp = sctp::Config {
        send_buffer: 50_000,
        ..sctp::Config::default()
    };
    let mut pair = Pair::new(Config {
        sctp,
        ..Config::default()
    });
    let [first, _] = pair.channel(CLIENT, ChannelConfig::new("first"));
    let [second, _] = pair.channel(CLIENT, ChannelConfig::new("second"));
    let (now, data) = (pair.now, Bytes::from(vec![1; 20_000]));
    pair.ends[CLIENT].set_buffered_amount_low_threshold(first, 10_000);
    let mut taken = 0;
    while pair.ends[CLIENT]
        .send(now, first, Kind::Binary, data.clone())
        .is_ok()
    {
        taken += 1;
    }
    assert_eq!(taken, 2);
    assert_eq!(
        pair.ends[CLIENT].send(now, second, Kind::Binary, data.clone()),
        Err(SendError::BufferFull)
    );
    assert_eq!(pair.ends[CLIENT].buffered_amount(first), 40_000);
    // An OPEN that finds no room waits for it as well.
    while pair.ends[CLIENT]
        .send(now, second, Kind::Binary, Bytes::from_static(&[2; 100]))
        .is_ok()
    {}
    let third = pair.open(CLIENT, ChannelConfig::new("x".repeat(200)));
    assert_eq!(pair.ends[CLIENT].state(third), Some(State::Connecting));
    pair.run();
    let events = &pair.events()[CLIENT];
    for expected in [
        Event::Writable(first),
        Event::Writable(second),
        Event::BufferedAmountLow(first),
        Event::Open(third),
    ] {
        assert_eq!(
            events.iter().filter(|event| **event == expected).count(),
            1,
            "{expected:?} in {events:?}"
        );
    }
    pair.ends[CLIENT]
        .send(pair.now, second, Kind::Binary, data)
        .unwrap();
}

#[test]
fn unread_messages_stay_in_the_association() {
    let mut pair = Pair::new(Config::default());
    let [id, other] = pair.channel(CLIENT, ChannelConfig::new("unread"));
    for n in 0..10 {
        pair.send(CLIENT, id, &n.to_string());
    }
    let room = pair.ends[SERVER].association().stats().receive_window;
    pair.run();
    assert!(pair.ends[SERVER].association().stats().receive_window < room);
    assert_eq!(pair.ends[SERVER].held(), 0);
    assert_eq!(pair.events()[SERVER], [Event::Readable(other)]);
    assert_eq!(pair.texts(SERVER, other).len(), 10);
    let stats = [
        pair.ends[CLIENT].channel_stats(id),
        pair.ends[SERVER].channel_stats(other),
    ]
    .map(Option::unwrap);
    assert_eq!((stats[0].messages_sent, stats[0].bytes_sent), (10, 10));
    assert_eq!((stats[1].messages_received, stats[1].bytes_received), (10, 10));
}

#[test]
fn wrong_configurations_are_refused() {
    let mut pair = Pair::new(Config {
        max_channels: 3,
        ..Config::default()
    });
    let now = pair.now;
    let long = "x".repeat(65_536);
    let client = &mut pair.ends[CLIENT];
    assert_eq!(
        client.open(now, ChannelConfig::new(&long)),
        Err(OpenError::LabelTooLong)
    );
    let config = ChannelConfig {
        protocol: long,
        ..ChannelConfig::default()
    };
    assert_eq!(client.open(now, config), Err(OpenError::ProtocolTooLong));
    assert_eq!(
        client.open(now, negotiated(65_535)),
        Err(OpenError::InvalidId(65_535))
    );
    client.open(now, negotiated(4)).unwrap();
    assert_eq!(client.open(now, negotiated(4)), Err(OpenError::IdInUse(4)));
    client.open(now, ChannelConfig::default()).unwrap();
    assert_eq!(client.open(now, negotiated(0)), Err(OpenError::IdInUse(0)));
    client.open(now, ChannelConfig::default()).unwrap();
    assert_eq!(
        client.open(now, ChannelConfig::default()),
        Err(OpenError::TooManyChannels { limit: 3 })
    );
    client.abort(now, "enough");
    assert_eq!(client.open(now, ChannelConfig::default()), Err(OpenError::Closed));
}

#[test]
fn the_end_of_the_association_closes_all_channels_and_says_why() {
    let mut pair = Pair::new(Config::default());
    let [id, other] = pair.channel(CLIENT, ChannelConfig::new("lost"));
    pair.send(CLIENT, id, "unread");
    pair.run();
    pair.events();
    pair.ends[CLIENT].abort(pair.now, "power cut");
    pair.run();
    let [client, server] = pair.events();
    let local = sctp::CloseReason::LocalAbort("power cut".into());
    let lost = CloseReason::Association(local.clone());
    assert_eq!(client, [Event::Closed(id, lost), Event::Disconnected(local)]);
    let [
        Event::Closed(closed, CloseReason::Association(reason)),
        Event::Disconnected(same),
    ] = &server[..]
    else {
        panic!("{server:?}")
    };
    assert_eq!((*closed, reason), (other, same));
    assert!(reason.to_string().contains("power cut"), "{reason}");
    assert_eq!(pair.texts(SERVER, other), ["unread"]);
    assert_eq!(
        pair.ends[CLIENT].send(pair.now, id, Kind::Text, "x".into()),
        Err(SendError::NotOpen)
    );
}

#[test]
fn a_shutdown_delivers_everything_first() {
    let mut pair = Pair::new(Config::default());
    let [id, other] = pair.channel(CLIENT, ChannelConfig::new("bye"));
    pair.send(CLIENT, id, "last words");
    pair.ends[CLIENT].shutdown(pair.now);
    pair.run();
    assert_eq!(pair.texts(SERVER, other), ["last words"]);
    for events in pair.events() {
        assert_eq!(
            events.last(),
            Some(&Event::Disconnected(sctp::CloseReason::Shutdown)),
            "{events:?}"
        );
    }
}

#[test]
fn an_acknowledgement_without_room_follows_later() {
    let sctp = sctp::Config {
        send_buffer: 1000,
        ..sctp::Config::default()
    };
    let mut pair = Pair::new(Config {
        sctp,
        ..Config::default()
    });
    let [_, other] = pair.channel(CLIENT, ChannelConfig::new("full"));
    let (now, data) = (pair.now, Bytes::from(vec![1; 1000]));
    pair.ends[SERVER].send(now, other, Kind::Binary, data).unwrap();
    let id = pair.open(CLIENT, ChannelConfig::new("second"));
    // The OPEN reaches a server whose buffer has room for nothing, not even one byte.
    let mut packet = Vec::new();
    pair.ends[CLIENT].poll_transmit(now, &mut packet).unwrap();
    pair.ends[SERVER].handle_input(now, &packet);
    let [_, server] = pair.events();
    let [Event::Incoming(second)] = server[..] else {
        panic!("{server:?}")
    };
    assert_eq!(
        pair.ends[SERVER].slots.get(second).unwrap().handshake,
        channel::Handshake::AckDue
    );
    pair.run();
    assert_eq!(
        pair.ends[SERVER].slots.get(second).unwrap().handshake,
        channel::Handshake::Done
    );
    assert_eq!(
        pair.ends[CLIENT].slots.get(id).unwrap().handshake,
        channel::Handshake::Done
    );
}
