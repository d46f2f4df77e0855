//! The façade over real sockets on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]
#![cfg(feature = "tokio")]

use std::time::Duration;

use ice::{
    Agent, Config, ConnectError, Connection, ConnectionState, Endpoint, Event, Events, GatherOptions, Role,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn options() -> GatherOptions {
    // The host's other interfaces are none of the test's business.
    GatherOptions {
        loopback: true,
        ipv6: false,
        filter: |_, ip| ip.is_loopback(),
        ..GatherOptions::default()
    }
}

fn config(role: Role) -> Config {
    Config {
        role,
        ..Config::default()
    }
}

/// Hands the candidates of one agent to another, as long as there are any.
fn signal(mut events: Events, to: Agent) -> tokio::task::JoinHandle<Vec<Event>> {
    tokio::spawn(async move {
        let mut seen = Vec::new();
        while let Some(event) = events.next().await {
            match &event {
                Event::LocalCandidate(candidate) => {
                    to.add_remote_candidate(candidate.to_string().parse().unwrap())
                        .unwrap();
                }
                Event::GatheringStateChange(ice::GatheringState::Complete) => to.end_of_remote_candidates(),
                Event::ConnectionStateChange(ConnectionState::Completed) => {
                    seen.push(event);
                    break;
                }
                _ => {}
            }
            seen.push(event);
        }
        seen
    })
}

async fn connected(a: (Agent, Events), b: (Agent, Events)) -> (Connection, Connection) {
    let ((a, a_events), (b, b_events)) = (a, b);
    b.set_remote(a.local_credentials()).unwrap();
    a.set_remote(b.local_credentials()).unwrap();
    a.gather(&options()).unwrap();
    b.gather(&options()).unwrap();
    let (first, second) = (signal(a_events, b.clone()), signal(b_events, a.clone()));
    let (left, right) = tokio::join!(a.connect(), b.connect());
    for seen in [first.await.unwrap(), second.await.unwrap()] {
        assert!(
            seen.iter()
                .any(|event| matches!(event, Event::SelectedPairChange(_)))
        );
    }
    (left.unwrap(), right.unwrap())
}

fn pair() -> [(Agent, Events); 2] {
    [Role::Controlling, Role::Controlled].map(|role| Agent::new(config(role)).unwrap())
}

#[tokio::test]
async fn two_agents_exchange_datagrams_and_bytes() {
    let [a, b] = pair();
    let (mut left, mut right) = connected(a, b).await;
    left.send(b"\xffhello").await.unwrap();
    assert_eq!(&right.recv().await.unwrap()[..], b"\xffhello");
    right.write_all(b"\xff0123456789").await.unwrap();
    let mut bytes = [0; 4];
    left.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"\xff012");
    left.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"3456");
}

#[tokio::test]
async fn data_survives_a_restart() {
    let [(a, a_events), (b, b_events)] = pair();
    let (handle_a, handle_b) = (a.clone(), b.clone());
    let (left, right) = connected((a, a_events), (b, b_events)).await;
    handle_a.restart();
    handle_b.restart();
    left.send(b"\xffbetween").await.unwrap();
    assert_eq!(&right.recv().await.unwrap()[..], b"\xffbetween");
    handle_b.set_remote(handle_a.local_credentials()).unwrap();
    handle_a.set_remote(handle_b.local_credentials()).unwrap();
    let candidate = |connection: &Connection| {
        ice::Candidate::new(ice::CandidateKind::Host, connection.path().unwrap().local)
    };
    handle_a.add_remote_candidate(candidate(&right)).unwrap();
    handle_b.add_remote_candidate(candidate(&left)).unwrap();
    while handle_a.selected_pair().is_none() || handle_b.selected_pair().is_none() {
        tokio::task::yield_now().await;
    }
    right.send(b"\xffafter").await.unwrap();
    assert_eq!(&left.recv().await.unwrap()[..], b"\xffafter");
}

#[tokio::test]
async fn closing_ends_everything_and_frees_the_port() {
    let [a, b] = pair();
    let (left, right) = connected(a, b).await;
    let address = left.path().unwrap().local;
    drop(left);
    // The peer does not hear of it: that is for the layer above. The port is free as soon as the task has ended.
    while std::net::UdpSocket::bind(address).is_err() {
        tokio::task::yield_now().await;
    }
    drop(right);
}

#[tokio::test]
async fn a_closed_agent_says_so() {
    let (agent, mut events) = Agent::new(config(Role::Controlling)).unwrap();
    let other = agent.clone();
    let waiting = tokio::spawn(async move { other.connect().await.map(drop) });
    tokio::task::yield_now().await;
    agent.close();
    assert_eq!(waiting.await.unwrap(), Err(ConnectError::Closed));
    assert_eq!(
        events.next().await,
        Some(Event::ConnectionStateChange(ConnectionState::Closed))
    );
    assert_eq!(events.next().await, None);
    assert!(
        agent
            .set_remote(ice::Credentials::new("abcd", "p".repeat(22)))
            .is_err()
    );
}

#[tokio::test]
async fn a_url_that_cannot_be_used_is_reported() {
    let (agent, mut events) = Agent::new(config(Role::Controlling)).unwrap();
    let urls = vec!["turn:192.0.2.1".into(), "http://example.org".into()];
    agent.gather(&GatherOptions { urls, ..options() }).unwrap();
    let mut errors = 0;
    while let Some(event) = events.next().await {
        match event {
            Event::GatheringError { code, .. } => {
                assert_eq!(code, 701);
                errors += 1;
            }
            Event::GatheringStateChange(ice::GatheringState::Complete) => break,
            _ => {}
        }
    }
    assert_eq!(errors, 2);
}

#[tokio::test]
async fn ports_come_from_the_range_that_was_given() {
    let free = std::net::UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let (agent, mut events) = Agent::new(config(Role::Controlling)).unwrap();
    agent
        .gather(&GatherOptions {
            ports: free..=free,
            ..options()
        })
        .unwrap();
    while let Some(event) = events.next().await {
        if let Event::LocalCandidate(candidate) = event {
            assert_eq!(candidate.address.port(), free);
            break;
        }
    }
    // The only port of the range is taken.
    let (second, _events) = Agent::new(config(Role::Controlling)).unwrap();
    assert!(
        second
            .gather(&GatherOptions {
                ports: free..=free,
                ..options()
            })
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_agents_share_a_port() {
    let server = Endpoint::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut tasks = Vec::new();
    for n in 0..50_u8 {
        let b = server.agent(config(Role::Controlled)).unwrap();
        tasks.push(tokio::spawn(async move {
            let a = Agent::new(config(Role::Controlling)).unwrap();
            let (left, right) = connected(a, b).await;
            left.send(&[0xff, n]).await.unwrap();
            assert_eq!(&right.recv().await.unwrap()[..], [0xff, n]);
            right.send(&[0xfe, n]).await.unwrap();
            assert_eq!(&left.recv().await.unwrap()[..], [0xfe, n]);
            right.path().unwrap().local.port()
        }));
    }
    for task in tasks {
        assert_eq!(task.await.unwrap(), server.local_addr().port());
    }
    // What is dropped is forgotten.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    while server.agents() > 0 && tokio::time::Instant::now() < deadline {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.agents(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_shared_ports_carry_many_connections_between_two_sets_of_ports() {
    // Each side has one port per agent pair on the other side, so the paths differ.
    let (first, second) = (
        Endpoint::bind("127.0.0.1:0".parse().unwrap()).unwrap(),
        Endpoint::bind("127.0.0.1:0".parse().unwrap()).unwrap(),
    );
    let (left, right) = connected(
        first.agent(config(Role::Controlling)).unwrap(),
        second.agent(config(Role::Controlled)).unwrap(),
    )
    .await;
    left.send(b"\xff1").await.unwrap();
    assert_eq!(&right.recv().await.unwrap()[..], b"\xff1");
}

#[tokio::test]
async fn gathering_again_follows_the_host() {
    let (agent, mut events) = Agent::new(config(Role::Controlling)).unwrap();
    agent.gather(&options()).unwrap();
    let host = |event| match event {
        Some(Event::LocalCandidate(candidate)) => Some(candidate.address.ip().unwrap()),
        Some(_) => None,
        None => panic!("the agent has ended"),
    };
    let first = loop {
        if let Some(address) = host(events.next().await) {
            break address;
        }
    };
    // Nothing new: nothing is opened, and nothing closed.
    agent.gather(&options()).unwrap();
    assert!(std::net::UdpSocket::bind(first).is_err());
    // As if the host had lost the address.
    let nothing = GatherOptions {
        filter: |_, _| false,
        ..options()
    };
    agent.gather(&nothing).unwrap();
    let free = async {
        while std::net::UdpSocket::bind(first).is_err() {
            tokio::task::yield_now().await;
        }
    };
    let patience = Duration::from_secs(10);
    tokio::time::timeout(patience, free)
        .await
        .expect("the socket is closed");
    // It comes back.
    agent.gather(&options()).unwrap();
    let second = loop {
        if let Some(address) = host(events.next().await) {
            break address;
        }
    };
    assert_eq!(second.ip(), first.ip());
    assert!(std::net::UdpSocket::bind(second).is_err());
}
