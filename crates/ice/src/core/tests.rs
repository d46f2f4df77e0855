use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Agent;
use crate::{Config, ConnectionState, Event, Input, Path, RemoteParameters, Role};

fn agent(role: Role, seed: u8, address: &str, now: Instant) -> Agent {
    let mut agent = Agent::new(
        Config {
            role,
            ..Config::default()
        },
        [seed; 32],
    );
    agent.add_local_address(now, address.parse().unwrap());
    agent.end_local_addresses(now);
    agent
}

fn signal(from: &mut Agent, to: &mut Agent, now: Instant) -> Vec<Event> {
    let mut news = Vec::new();
    while let Some(event) = from.poll_event() {
        if let Event::LocalCandidate(candidate) = &event {
            to.add_remote_candidate(now, candidate.to_string().parse().unwrap())
                .unwrap();
        }
        news.push(event);
    }
    news
}

fn exchange(a: &mut Agent, b: &mut Agent, now: Instant) -> usize {
    let mut wire = VecDeque::new();
    let mut count = 0;
    loop {
        let mut out = Vec::new();
        while let Some(transmit) = a.poll_transmit(now, &mut out) {
            wire.push_back((true, transmit.path, std::mem::take(&mut out)));
        }
        while let Some(transmit) = b.poll_transmit(now, &mut out) {
            wire.push_back((false, transmit.path, std::mem::take(&mut out)));
        }
        let Some((to_b, path, datagram)) = wire.pop_front() else {
            return count;
        };
        let target = if to_b { &mut *b } else { &mut *a };
        let path = Path {
            local: path.remote,
            remote: path.local,
        };
        assert_eq!(target.handle_input(now, path, &datagram), Input::Stun);
        count += 1;
    }
}

#[test]
fn two_agents_connect_without_waiting() {
    let now = Instant::now();
    let mut a = agent(Role::Controlling, 1, "10.0.0.1:1000", now);
    let mut b = agent(Role::Controlled, 2, "10.0.0.2:2000", now);
    b.set_remote(now, RemoteParameters::from(a.local_credentials().clone()))
        .unwrap();
    signal(&mut a, &mut b, now);
    a.set_remote(now, RemoteParameters::from(b.local_credentials().clone()))
        .unwrap();
    signal(&mut b, &mut a, now);
    a.end_of_remote_candidates(now);
    b.end_of_remote_candidates(now);
    let datagrams = exchange(&mut a, &mut b, now);
    assert!(datagrams <= 8, "{datagrams} datagrams");
    let path = a.data_path().unwrap();
    assert_eq!(
        path,
        Path {
            local: "10.0.0.1:1000".parse().unwrap(),
            remote: "10.0.0.2:2000".parse().unwrap()
        }
    );
    assert_eq!(a.connection_state(), ConnectionState::Completed);
    assert_eq!(b.connection_state(), ConnectionState::Completed);
    assert!(a.selected_pair().is_some() && b.selected_pair().is_some());
    let back = Path {
        local: path.remote,
        remote: path.local,
    };
    assert_eq!(b.handle_input(now, back, b"data"), Input::Data);
    // One deadline: the next consent request.
    let wait = a.poll_timeout().unwrap() - now;
    assert!(
        wait >= Duration::from_secs(4) && wait <= Duration::from_secs(6),
        "{wait:?}"
    );
}
