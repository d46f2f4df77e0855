//! A peer that breaks the rules: a bare association that says what it wants.

use super::*;
use sctp::SendOptions;

/// Ours against an association without rules. The peer is the DTLS client: even streams are its own.
struct Bad {
    now: Instant,
    ours: Channels,
    peer: Association,
    peer_events: Vec<sctp::Event>,
}

impl Bad {
    fn new(config: Config) -> Self {
        Self::with_peer(config, sctp::Config::default())
    }

    fn with_peer(config: Config, peer: sctp::Config) -> Self {
        let now = Instant::now();
        let mut ours = Channels::new(config, [1; 32]);
        ours.set_role(Role::Server);
        let mut peer = Association::new(peer, [2; 32]);
        peer.connect(now);
        let mut bad = Self {
            now,
            ours,
            peer,
            peer_events: Vec::new(),
        };
        bad.run();
        assert_eq!(bad.events(), [Event::Connected]);
        bad.peer_events.clear();
        bad
    }

    fn run(&mut self) {
        let mut packet = Vec::new();
        for _ in 0..20 {
            loop {
                packet.clear();
                if self.peer.poll_transmit(self.now, &mut packet).is_some() {
                    self.ours.handle_input(self.now, &packet);
                } else if self.ours.poll_transmit(self.now, &mut packet).is_some() {
                    self.peer.handle_input(self.now, &packet);
                } else {
                    break;
                }
            }
            self.now += Duration::from_millis(100);
            self.ours.handle_timeout(self.now);
            self.peer.handle_timeout(self.now);
        }
        self.peer_events
            .extend(std::iter::from_fn(|| self.peer.poll_event()));
    }

    fn say(&mut self, stream_id: u16, ppid: u32, data: &[u8]) {
        let data = Bytes::copy_from_slice(data);
        self.peer
            .send(self.now, stream_id, ppid, data, &SendOptions::default())
            .unwrap();
        self.run();
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.ours.poll_event()).collect()
    }

    /// Our side has reset its direction of the stream.
    fn was_reset(&self, stream_id: u16) -> bool {
        let direction = sctp::Direction::Incoming;
        self.peer_events
            .contains(&sctp::Event::StreamReset { stream_id, direction })
    }

    fn reset(&mut self, stream_id: u16) {
        self.peer.reset_streams(self.now, &[stream_id]).unwrap();
        self.run();
    }

    fn channel(&mut self) -> ChannelId {
        let open = crate::dcep::OpenRef::new("good").to_bytes();
        self.say(0, 50, &open);
        let [Event::Incoming(id)] = self.events()[..] else {
            panic!("not accepted")
        };
        assert_eq!(self.peer.recv(0).unwrap().data[..], [0x02]);
        id
    }
}

fn open() -> Bytes {
    crate::dcep::OpenRef::new("x").to_bytes()
}

#[test]
fn bad_opens_are_answered_by_a_reset_and_not_acknowledged() {
    let cases: [(u16, &[u8]); 4] = [
        (1, &open()),
        (2, b"\x03\x00"),
        (4, b"\x03\x7f\0\0\0\0\0\0\0\0\0\0"),
        (6, b"\x09"),
    ];
    for (stream_id, message) in cases {
        let mut bad = Bad::new(Config::default());
        bad.say(stream_id, 50, message);
        assert_eq!(bad.events(), []);
        assert_eq!(bad.ours.stats().refused_opens, 1);
        assert!(
            bad.was_reset(stream_id) && bad.peer.recv(stream_id).is_none(),
            "{stream_id}"
        );
        assert_eq!(bad.ours.ids().count(), 0);
        // Once the peer has reset its own direction the stream can be used.
        bad.say(stream_id, 50, &open());
        assert_eq!(bad.events(), []);
        bad.reset(stream_id);
        bad.say(8, 50, &open());
        assert_eq!(bad.events().len(), 1);
    }
}

#[test]
fn a_refused_stream_is_free_after_both_resets() {
    let mut bad = Bad::new(Config::default());
    bad.say(2, 50, b"\x03");
    bad.reset(2);
    bad.say(2, 50, &open());
    assert!(matches!(bad.events()[..], [Event::Incoming(_)]));
}

#[test]
fn more_channels_than_the_limit_are_refused() {
    let mut bad = Bad::new(Config {
        max_channels: 2,
        ..Config::default()
    });
    for stream_id in [0, 2, 4, 6] {
        bad.say(stream_id, 50, &open());
    }
    assert_eq!(bad.events().len(), 2);
    assert_eq!(bad.ours.stats().refused_opens, 2);
    assert!(bad.was_reset(4) && bad.was_reset(6) && !bad.was_reset(2));
}

#[test]
fn closed_channels_count_until_the_application_knows() {
    let mut bad = Bad::new(Config {
        max_channels: 1,
        ..Config::default()
    });
    bad.say(0, 50, &open());
    bad.reset(0);
    bad.say(0, 50, &open());
    assert_eq!(bad.ours.stats().refused_opens, 1);
    assert_eq!(bad.events().len(), 3);
    bad.say(2, 50, &open());
    assert_eq!(bad.events().len(), 1);
}

#[test]
fn an_open_on_a_used_stream_closes_the_channel() {
    let mut bad = Bad::new(Config::default());
    let id = bad.channel();
    bad.say(0, 50, &open());
    assert_eq!(bad.events(), [Event::Readable(id)]);
    assert_eq!(bad.ours.recv(id), None);
    bad.run();
    assert_eq!(bad.events(), [Event::Closing(id)]);
    assert!(bad.was_reset(0));
    bad.reset(0);
    let [Event::Closed(closed, CloseReason::Violation(reason))] = &bad.events()[..] else {
        panic!("not closed")
    };
    assert_eq!(
        (*closed, *reason),
        (id, "an OPEN or nonsense came on an open channel")
    );
}

#[test]
fn messages_that_are_not_what_they_say_close_the_channel() {
    let cases: [(u32, &[u8], &str); 3] = [
        (51, b"\xff\xfe", "text is not UTF-8"),
        (99, b"what", "payload protocol identifier is unknown"),
        (50, b"\x77", "an OPEN or nonsense came on an open channel"),
    ];
    for (ppid, data, expected) in cases {
        let mut bad = Bad::new(Config::default());
        let id = bad.channel();
        bad.say(0, 51, b"fine");
        bad.say(0, ppid, data);
        bad.say(0, 51, b"too late");
        assert_eq!(bad.ours.recv(id).unwrap().text(), Some("fine"));
        assert_eq!(bad.ours.recv(id), None);
        bad.run();
        bad.say(2, 50, &open());
        bad.reset(0);
        let events = bad.events();
        assert!(
            events.contains(&Event::Closed(id, CloseReason::Violation(expected))),
            "{events:?}"
        );
        let stats = bad.ours.stats();
        assert_eq!((stats.violations, stats.late_messages), (1, 1));
    }
}

#[test]
fn an_acknowledgement_nobody_waits_for_does_nothing() {
    let mut bad = Bad::new(Config::default());
    let id = bad.channel();
    bad.say(0, 50, b"\x02");
    bad.say(4, 50, b"\x02");
    assert_eq!(bad.ours.recv(id), None);
    assert_eq!(bad.ours.state(id), Some(State::Open));
    assert_eq!(bad.ours.stats().unclaimed_messages, 1);
}

#[test]
fn data_on_unopened_streams_is_held_up_to_the_bound_and_then_reset() {
    let mut bad = Bad::new(Config {
        early_data: 3000,
        ..Config::default()
    });
    bad.say(6, 53, &[1; 1000]);
    bad.say(6, 53, &[2; 1000]);
    assert!(!bad.was_reset(6));
    bad.say(6, 53, &[3; 1000]);
    assert!(bad.was_reset(6));
    assert_eq!(bad.ours.stats().unclaimed_messages, 1);
    assert_eq!(bad.events(), []);
    let mut strict = Bad::new(Config {
        early_data: 0,
        ..Config::default()
    });
    strict.say(6, 53, &[1]);
    assert!(strict.was_reset(6));
}

#[test]
fn what_a_peer_makes_us_hold_is_known() {
    let mut bad = Bad::new(Config::default());
    let id = bad.channel();
    let names = bad.ours.held_bytes();
    // Unread, early, and a piece of a message that never ends.
    bad.say(0, 53, &[1; 500]);
    bad.say(6, 53, &[2; 700]);
    assert_eq!(bad.ours.held_bytes(), names + 500 + 700 + 2 * 64);
    assert!(bad.ours.recv(id).is_some());
    bad.say(0, 52, &[3; 900]);
    assert_eq!(bad.ours.recv(id), None);
    assert_eq!(bad.ours.held_bytes(), names + 700 + 64 + 900);
}

#[test]
fn an_open_behind_data_is_an_error() {
    let mut bad = Bad::new(Config::default());
    bad.say(6, 53, b"data");
    bad.say(6, 50, &open());
    assert!(bad.was_reset(6));
    assert_eq!(bad.events(), []);
}

#[test]
fn a_peer_that_refuses_our_channel_closes_it() {
    let mut bad = Bad::new(Config::default());
    let id = bad.ours.open(bad.now, ChannelConfig::new("refused")).unwrap();
    bad.run();
    assert_eq!(bad.peer.recv(1).unwrap().ppid, 50);
    bad.reset(1);
    let events = bad.events();
    assert_eq!(
        events,
        [
            Event::Open(id),
            Event::Closing(id),
            Event::Closed(id, CloseReason::Remote)
        ]
    );
}

#[test]
fn resets_of_streams_nobody_used_are_ignored() {
    let mut bad = Bad::new(Config::default());
    bad.reset(10);
    bad.reset(11);
    assert_eq!(bad.events(), []);
    assert!(!bad.was_reset(10) && !bad.was_reset(11));
    // One that carried early data is completed.
    bad.say(12, 53, b"early");
    bad.reset(12);
    assert!(bad.was_reset(12));
    bad.say(12, 50, &open());
    assert_eq!(bad.events().len(), 1);
}

#[test]
fn pieces_of_old_peers_are_joined() {
    let mut bad = Bad::new(Config::default());
    let id = bad.channel();
    bad.say(0, 54, b"one ");
    bad.say(0, 51, b"message");
    assert_eq!(bad.ours.recv(id).unwrap().text(), Some("one message"));
    assert_eq!(bad.ours.channel_stats(id).unwrap().messages_received, 1);
}

#[test]
fn a_stream_that_we_cannot_answer_on_is_refused_and_harms_no_other() {
    let mut bad = Bad::with_peer(
        Config::default(),
        sctp::Config {
            inbound_streams: 10,
            ..sctp::Config::default()
        },
    );
    let id = bad.channel();
    // Both are to be reset at once.
    let now = bad.now;
    bad.peer
        .send(now, 20, 50, open(), &SendOptions::default())
        .unwrap();
    let mut packet = Vec::new();
    bad.peer.poll_transmit(now, &mut packet).unwrap();
    bad.ours.close_locally(id);
    bad.ours.handle_input(now, &packet);
    bad.run();
    assert_eq!(bad.ours.stats().refused_opens, 1);
    assert!(bad.was_reset(0));
    bad.reset(0);
    assert_eq!(bad.events(), [Event::Closed(id, CloseReason::Local)]);
    bad.say(0, 50, &open());
    assert!(matches!(bad.events()[..], [Event::Incoming(_)]));
}
