use super::*;

#[test]
fn each_side_can_close_and_both_learn_it() {
    for closer in [CLIENT, SERVER] {
        let mut pair = Pair::new(Config::default());
        let ids = pair.channel(CLIENT, ChannelConfig::new("short"));
        let other = 1 - closer;
        pair.send(closer, ids[closer], "still arrives");
        let now = pair.now;
        pair.ends[closer].close(now, ids[closer]);
        assert_eq!(pair.ends[closer].state(ids[closer]), Some(State::Closing));
        assert_eq!(
            pair.ends[closer].send(now, ids[closer], Kind::Text, "no more".into()),
            Err(SendError::NotOpen)
        );
        pair.run();
        let events = pair.events();
        assert_eq!(
            events[closer].last(),
            Some(&Event::Closed(ids[closer], CloseReason::Local))
        );
        assert!(!events[closer].contains(&Event::Closing(ids[closer])));
        assert_eq!(
            events[other],
            [
                Event::Readable(ids[other]),
                Event::Closing(ids[other]),
                Event::Closed(ids[other], CloseReason::Remote)
            ]
        );
        assert_eq!(pair.texts(other, ids[other]), ["still arrives"]);
        assert_eq!(pair.ends[other].state(ids[other]), Some(State::Closed));
    }
}

#[test]
fn both_sides_can_close_at_once() {
    let mut pair = Pair::new(Config::default());
    let ids = pair.channel(SERVER, ChannelConfig::new("mutual"));
    let now = pair.now;
    for end in [CLIENT, SERVER] {
        pair.ends[end].close(now, ids[end]);
    }
    pair.run();
    let events = pair.events();
    for end in [CLIENT, SERVER] {
        assert_eq!(events[end], [Event::Closed(ids[end], CloseReason::Local)]);
    }
}

#[test]
fn a_stream_is_used_again_when_both_directions_are_reset() {
    let mut pair = Pair::new(Config::default());
    let [id, other] = pair.channel(CLIENT, ChannelConfig::new("old"));
    pair.send(SERVER, other, "unread");
    pair.run();
    let now = pair.now;
    pair.ends[SERVER].close(now, other);
    // Only one direction is on its way to be reset: the number is not free.
    assert_eq!(
        pair.ends[SERVER].open(now, negotiated(0)),
        Err(OpenError::IdInUse(0))
    );
    let second = pair.open(CLIENT, ChannelConfig::new("while closing"));
    assert_eq!(pair.ends[CLIENT].stream_id(second), Some(2));
    pair.run();
    pair.events();
    let [third, fourth] = pair.channel(CLIENT, unordered(Reliability::Retransmits(0)));
    assert_eq!(pair.ends[CLIENT].stream_id(third), Some(0));
    pair.send(CLIENT, third, "hello");
    pair.send(SERVER, fourth, "world");
    pair.run();
    assert_eq!(
        (pair.texts(SERVER, fourth), pair.texts(CLIENT, third)),
        (vec!["hello".into()], vec!["world".into()])
    );
    // What came before the close is still there, apart from the new channel's.
    assert_eq!(pair.texts(CLIENT, id), ["unread"]);
}

#[test]
fn a_stream_is_used_again_hundreds_of_times() {
    let mut pair = Pair::new(Config::default());
    let mut handles = Vec::new();
    for round in 0..300 {
        let ids = pair.channel(round % 2, ChannelConfig::new(round.to_string()));
        assert_eq!(
            pair.ends[CLIENT].stream_id(ids[CLIENT]),
            Some(u16::from(round % 2 == SERVER))
        );
        let now = pair.now;
        pair.ends[round / 2 % 2].close(now, ids[round / 2 % 2]);
        pair.run();
        pair.events();
        handles.push(ids);
    }
    // Old ids name nothing, recent ones a closed channel, and memory does not grow.
    for end in [CLIENT, SERVER] {
        assert_eq!(pair.ends[end].state(handles[0][end]), None);
        assert_eq!(pair.ends[end].state(handles[299][end]), Some(State::Closed));
        assert!(pair.ends[end].ids().count() <= 65);
        assert_eq!(pair.ends[end].stats().closed, 300);
    }
}

#[test]
fn a_channel_closed_while_connecting_never_was() {
    let mut pair = Pair::idle(Config::default());
    let now = pair.now;
    let id = pair.open(CLIENT, ChannelConfig::new("never"));
    pair.ends[CLIENT].close(now, id);
    pair.connect();
    let [client, server] = pair.events();
    assert_eq!(client, [Event::Closed(id, CloseReason::Local), Event::Connected]);
    assert_eq!(server, [Event::Connected]);
}

#[test]
fn a_channel_closed_while_its_open_is_queued_opens_and_closes_at_the_peer() {
    let mut pair = Pair::idle(Config::default());
    let now = pair.now;
    let id = pair.open(CLIENT, ChannelConfig::new("brief"));
    pair.ends[CLIENT].connect(now);
    pair.ends[CLIENT].close(now, id);
    assert_eq!(pair.ends[CLIENT].state(id), Some(State::Closing));
    pair.run();
    let [client, server] = pair.events();
    assert_eq!(client, [Event::Connected, Event::Closed(id, CloseReason::Local)]);
    let [
        Event::Connected,
        Event::Incoming(other),
        Event::Closing(_),
        Event::Closed(closed, CloseReason::Remote),
    ] = server[..]
    else {
        panic!("{server:?}")
    };
    assert_eq!(other, closed);
}

#[test]
fn a_closed_channel_keeps_its_messages_and_bounds_them() {
    let sctp = sctp::Config {
        receive_window: 20_000,
        max_message_size: 10_000,
        ..sctp::Config::default()
    };
    let mut pair = Pair::new(Config {
        sctp,
        ..Config::default()
    });
    let mut unread = Vec::new();
    // Channel after channel leaves its messages unread: the one that goes beyond the bound waits for its reader.
    for round in 0..3 {
        let ids = pair.channel(CLIENT, ChannelConfig::new("greedy"));
        for _ in 0..3 {
            pair.ends[CLIENT]
                .send(
                    pair.now,
                    ids[CLIENT],
                    Kind::Binary,
                    Bytes::from(vec![round; 3000]),
                )
                .unwrap();
        }
        pair.run();
        let now = pair.now;
        pair.ends[CLIENT].close(now, ids[CLIENT]);
        pair.run();
        pair.events();
        unread.push(ids[SERVER]);
    }
    let states = unread.iter().map(|id| pair.ends[SERVER].state(*id).unwrap());
    assert_eq!(
        states.collect::<Vec<_>>(),
        [State::Closed, State::Closed, State::Closing]
    );
    assert!(pair.ends[SERVER].held() < 20_000 + 3000 + 10 * 64);
    for (round, id) in (0..3).zip(unread.clone()) {
        let messages: Vec<_> = std::iter::from_fn(|| pair.ends[SERVER].recv(id)).collect();
        assert_eq!(messages.len(), 3, "{round}");
        assert!(
            messages
                .iter()
                .all(|message| message.data[..] == vec![round; 3000])
        );
    }
    pair.run();
    assert_eq!(
        pair.events()[SERVER],
        [Event::Closed(unread[2], CloseReason::Remote)]
    );
}

#[test]
fn closing_a_closed_channel_drops_what_it_held() {
    let mut pair = Pair::new(Config::default());
    let [id, other] = pair.channel(CLIENT, ChannelConfig::new("drop"));
    pair.send(CLIENT, id, "unwanted");
    pair.run();
    let now = pair.now;
    pair.ends[CLIENT].close(now, id);
    pair.run();
    assert!(pair.ends[SERVER].held() > 0);
    pair.ends[SERVER].close(now, other);
    assert_eq!(pair.ends[SERVER].held(), 0);
    assert_eq!(pair.ends[SERVER].recv(other), None);
    pair.events();
    pair.ends[SERVER].forget(other);
    assert_eq!(
        (pair.ends[SERVER].info(other), pair.ends[SERVER].state(other)),
        (None, None)
    );
    pair.ends[SERVER].close(now, other);
}
