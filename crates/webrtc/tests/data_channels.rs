//! Data channels of two connections over real sockets (W3C webrtc-pc §6).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::cast_possible_truncation,
    unreachable_pub,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod peers;

use bytes::Bytes;
use peers::{Pair, api, settings, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use webrtc::core::ChannelEvent;
use webrtc::{DataChannelInit, DataChannelState, Kind, Payload, Priority, Reliability, SendError};

#[tokio::test]
async fn messages_of_every_size_arrive_whole_and_in_order() {
    let mut pair = Pair::new(&api());
    let (ours, theirs) = pair.channel("chat", DataChannelInit::default()).await;
    let sizes = [0, 1, 1_000, 1_163, 1_200, 16_384, 65_536, 262_144];
    let sender = tokio::spawn(async move {
        for size in sizes {
            ours.send(vec![u8::try_from(size % 251).unwrap(); size])
                .await
                .unwrap();
            ours.send(Payload::text("x".repeat(size))).await.unwrap();
        }
        ours
    });
    for size in sizes {
        let binary = within(theirs.recv()).await.unwrap();
        assert_eq!(binary.kind, Kind::Binary);
        assert_eq!(binary.data, vec![u8::try_from(size % 251).unwrap(); size]);
        let text = within(theirs.recv()).await.unwrap();
        assert_eq!((text.kind, text.data.len()), (Kind::Text, size));
    }
    drop(sender.await.unwrap());
    assert!(
        within(theirs.recv()).await.is_none(),
        "dropping the other side closes this one"
    );
}

#[tokio::test]
async fn what_a_channel_was_made_with_reaches_the_peer() {
    let mut pair = Pair::new(&api());
    let kinds = [
        (true, None, None, Reliability::Reliable),
        (false, None, None, Reliability::Reliable),
        (true, Some(3), None, Reliability::Retransmits(3)),
        (false, Some(0), None, Reliability::Retransmits(0)),
        (
            true,
            None,
            Some(500),
            Reliability::Lifetime(std::time::Duration::from_millis(500)),
        ),
        (
            false,
            None,
            Some(100),
            Reliability::Lifetime(std::time::Duration::from_millis(100)),
        ),
    ];
    let mut open = Vec::new();
    for (ordered, max_retransmits, max_packet_life_time, expected) in kinds {
        let init = DataChannelInit {
            ordered,
            max_retransmits,
            max_packet_life_time,
            protocol: "p".into(),
            priority: Priority::High,
            ..DataChannelInit::default()
        };
        let (ours, theirs) = pair.channel("six", init).await;
        assert_eq!((theirs.ordered(), theirs.reliability()), (ordered, expected));
        assert_eq!(
            (theirs.label(), theirs.protocol()),
            ("six".to_owned(), "p".to_owned())
        );
        assert_eq!(ours.id(), theirs.id());
        theirs.send("works").await.unwrap();
        assert_eq!(within(ours.recv()).await.unwrap().data, "works");
        open.push((ours, theirs));
    }
}

#[tokio::test]
async fn a_negotiated_channel_is_announced_to_nobody() {
    let pair = Pair::new(&api());
    let init = DataChannelInit {
        negotiated: true,
        id: Some(7),
        ..DataChannelInit::default()
    };
    let ours = pair.offerer.pc.create_data_channel("a", init.clone()).unwrap();
    let theirs = pair.answerer.pc.create_data_channel("b", init).unwrap();
    pair.negotiate();
    ours.send("hello").await.unwrap();
    assert_eq!(within(theirs.recv()).await.unwrap().data, "hello");
    assert_eq!(
        (ours.id(), theirs.id(), theirs.negotiated()),
        (Some(7), Some(7), true)
    );
}

#[tokio::test]
async fn closing_one_side_closes_the_other_and_frees_the_id() {
    let mut pair = Pair::new(&api());
    let (ours, theirs) = pair.channel("first", DataChannelInit::default()).await;
    let id = ours.id();
    ours.send("last words").await.unwrap();
    ours.close();
    assert!(matches!(ours.try_send("too late"), Err(SendError::NotOpen(_))));
    assert_eq!(within(theirs.recv()).await.unwrap().data, "last words");
    assert!(within(theirs.recv()).await.is_none());
    while !matches!(within(ours.next_event()).await, Some(ChannelEvent::Closed(_))) {}
    assert_eq!(
        (ours.ready_state(), theirs.ready_state()),
        (DataChannelState::Closed, DataChannelState::Closed)
    );
    let (again, theirs) = pair.channel("second", DataChannelInit::default()).await;
    assert_eq!(again.id(), id, "the id is free once both directions are reset");
    theirs.close();
    assert!(within(again.recv()).await.is_none());
}

#[tokio::test]
async fn a_message_over_the_peers_limit_is_refused_with_the_limit() {
    let mut small = settings();
    small.max_message_size = 1000;
    let mut pair = Pair::new(&webrtc::Api::builder().setting_engine(small).build());
    let (ours, _theirs) = pair.channel("small", DataChannelInit::default()).await;
    assert_eq!(
        ours.try_send(vec![0; 1001]),
        Err(SendError::TooLarge { limit: 1000 })
    );
    ours.try_send(vec![0; 1000]).unwrap();
}

#[tokio::test]
async fn a_full_buffer_makes_the_sender_wait_for_the_reader() {
    let mut little = settings();
    little.send_buffer = 256 * 1024;
    little.receive_buffer = 256 * 1024;
    let mut pair = Pair::new(&webrtc::Api::builder().setting_engine(little).build());
    let (ours, theirs) = pair.channel("bulk", DataChannelInit::default()).await;
    let message = Bytes::from(vec![7; 16 * 1024]);
    let mut taken = 0;
    while ours.try_send(message.clone()).is_ok() {
        taken += 1;
        assert!(taken < 100, "the buffer has no bound");
    }
    assert_eq!(ours.try_send(message.clone()), Err(SendError::BufferFull));
    let sender = tokio::spawn(async move {
        for _ in 0..200 {
            ours.send(message.clone()).await.unwrap();
        }
        ours
    });
    for _ in 0..taken + 200 {
        assert_eq!(within(theirs.recv()).await.unwrap().data.len(), 16 * 1024);
    }
    drop(sender.await.unwrap());
}

#[tokio::test]
async fn a_low_buffer_is_told() {
    let mut pair = Pair::new(&api());
    let (ours, theirs) = pair.channel("low", DataChannelInit::default()).await;
    ours.set_buffered_amount_low_threshold(1000);
    for _ in 0..20 {
        ours.send(vec![0; 60_000]).await.unwrap();
    }
    let reader = tokio::spawn(async move { while theirs.recv().await.is_some() {} });
    while within(ours.next_event()).await != Some(ChannelEvent::BufferedAmountLow) {}
    assert!(ours.buffered_amount() <= 1000);
    drop(ours);
    within(reader).await.unwrap();
}

#[tokio::test]
async fn a_detached_channel_is_a_stream_of_bytes() {
    let mut pair = Pair::new(&api());
    let (ours, theirs) = pair.channel("pipe", DataChannelInit::default()).await;
    let (mut ours, mut theirs) = (ours.detach(), theirs.detach());
    let sent: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let expected = sent.clone();
    let writer = tokio::spawn(async move {
        ours.write_all(&sent).await.unwrap();
        ours.shutdown().await.unwrap();
        ours
    });
    let mut received = Vec::new();
    within(theirs.read_to_end(&mut received)).await.unwrap();
    assert!(
        received == expected,
        "{} of {} bytes",
        received.len(),
        expected.len()
    );
    drop(writer.await.unwrap());
}
