//! Connections that close while their socket is full.

use super::*;
use crate::{
    Api, Configuration, DataChannelInit, Event as ApiEvent, Events, PeerConnection, PeerConnectionState,
    SettingEngine,
};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

fn api() -> Api {
    let mut settings = SettingEngine::default();
    settings.gathering.include_loopback = true;
    settings.gathering.addresses = Some(crate::Filter::new(|address: &std::net::IpAddr| {
        address.is_loopback() && address.is_ipv4()
    }));
    Api::builder().setting_engine(settings).build()
}

async fn reached(events: &mut Events, wanted: PeerConnectionState) {
    let waiting = async {
        loop {
            if let Some(ApiEvent::ConnectionStateChange(state)) = events.next().await
                && state == wanted
            {
                return;
            }
        }
    };
    timeout(PATIENCE, waiting).await.unwrap();
}

/// Two peers that are connected.
async fn connected() -> [(PeerConnection, Events); 2] {
    let api = api();
    let [mut a, mut b] = [(), ()].map(|()| api.new_peer_connection(Configuration::default()).unwrap());
    let _channel =
        a.0.create_data_channel("chat", DataChannelInit::default())
            .unwrap();
    a.0.set_local_description(None).unwrap();
    b.0.set_remote_description(&a.0.local_description().unwrap())
        .unwrap();
    b.0.set_local_description(None).unwrap();
    a.0.set_remote_description(&b.0.local_description().unwrap())
        .unwrap();
    reached(&mut a.1, PeerConnectionState::Connected).await;
    reached(&mut b.1, PeerConnectionState::Connected).await;
    [a, b]
}

/// Closes while a datagram waits for room.
fn close_when_full(pc: &PeerConnection) -> Instant {
    pc.shared().run(|state, now| {
        let home = state.home.as_ref().unwrap();
        let path = ice::Path {
            local: home.announced[0],
            remote: ([127, 0, 0, 1], 9).into(),
        };
        state.unsent = Some(Unsent {
            transmit: Transmit {
                path,
                len: 1,
                segment_size: None,
            },
            bytes: vec![0xff],
        });
        home.endpoint.schedule.block(home.id);
        state.core.close(now);
        now
    })
}

#[tokio::test]
async fn the_farewell_waits_for_room_in_the_socket() {
    let [(a, mut a_events), (_b, mut b_events)] = connected().await;
    close_when_full(&a);
    assert!(a.shared().lock().home.is_some(), "there is something left to say");
    reached(&mut a_events, PeerConnectionState::Closed).await;
    reached(&mut b_events, PeerConnectionState::Closed).await;
    assert!(a.shared().lock().home.is_none());
    assert_eq!(a.shared().lock().send_errors, 0);
}

/// The driver has no turn here: the socket stays full.
#[tokio::test]
async fn the_wait_for_room_ends() {
    let [(a, _a_events), _b] = connected().await;
    let closed = close_when_full(&a);
    let mut state = a.shared().lock();
    state.leave(closed + FAREWELL / 2);
    assert!(state.home.is_some());
    state.leave(closed + FAREWELL);
    assert!(state.home.is_none() && state.unsent.is_none());
    assert_eq!(state.send_errors, 1, "what was not said is counted");
}
