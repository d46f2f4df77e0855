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

#[test]
fn a_pair_that_answers_no_nomination_gives_way_to_another() {
    let start = Instant::now();
    let mut a = agent(Role::Controlling, 1, "10.0.0.1:1000", start);
    let mut b = Agent::new(
        Config {
            role: Role::Controlled,
            ..Config::default()
        },
        [2; 32],
    );
    let sockets = ["10.0.0.2:2000", "10.0.0.3:3000"].map(|socket| socket.parse().unwrap());
    for socket in sockets {
        b.add_local_address(start, socket);
    }
    b.end_local_addresses(start);
    b.set_remote(start, RemoteParameters::from(a.local_credentials().clone()))
        .unwrap();
    a.set_remote(start, RemoteParameters::from(b.local_credentials().clone()))
        .unwrap();
    signal(&mut b, &mut a, start);
    a.end_of_remote_candidates(start);
    // The better one hears one check, which makes its pair valid, and nothing from then on.
    let best = a
        .remote_candidates()
        .into_iter()
        .max_by_key(|known| known.priority);
    let best = best.and_then(|known| known.address.ip()).unwrap();
    let other = sockets.into_iter().find(|socket| *socket != best).unwrap();
    let (mut now, mut heard) = (start, 0);
    while a.selected_pair().is_none() {
        let mut out = Vec::new();
        while let Some(transmit) = a.poll_transmit(now, &mut out) {
            let datagram = std::mem::take(&mut out);
            heard += usize::from(transmit.path.remote == best);
            if transmit.path.remote == other || heard == 1 {
                let path = Path {
                    local: transmit.path.remote,
                    remote: transmit.path.local,
                };
                b.handle_input(now, path, &datagram);
            }
        }
        while let Some(transmit) = b.poll_transmit(now, &mut out) {
            let path = Path {
                local: transmit.path.remote,
                remote: transmit.path.local,
            };
            a.handle_input(now, path, &std::mem::take(&mut out));
        }
        now += Duration::from_millis(20);
        for agent in [&mut a, &mut b] {
            agent.handle_timeout(now);
        }
        assert!(now - start < Duration::from_secs(10), "nothing is selected");
    }
    assert_eq!(a.data_path().unwrap().remote, other);
    assert!(heard > 2, "the better one was nominated first");
}

/// A pair of agents that carry data, and a third one with the credentials and the role of the second on other sockets.
fn replaced(role: Role, now: Instant) -> (Agent, Agent, Agent) {
    let mut a = agent(role, 1, "10.0.0.1:1000", now);
    let mut b = agent(role.opposite(), 2, "10.0.0.2:2000", now);
    let credentials = b.local_credentials().clone();
    let config = Config {
        role: role.opposite(),
        credentials: Some(credentials.clone()),
        ..Config::default()
    };
    let mut c = Agent::new(config, [3; 32]);
    c.add_local_address(now, "10.0.0.3:3000".parse().unwrap());
    c.end_local_addresses(now);
    a.set_remote(now, RemoteParameters::from(credentials)).unwrap();
    for peer in [&mut b, &mut c] {
        peer.set_remote(now, RemoteParameters::from(a.local_credentials().clone()))
            .unwrap();
    }
    signal(&mut b, &mut a, now);
    for peer in [&mut b, &mut c] {
        let ours = "candidate:1 1 udp 2130706431 10.0.0.1 1000 typ host";
        peer.add_remote_candidate(now, ours.parse().unwrap()).unwrap();
    }
    signal(&mut a, &mut b, now);
    for agent in [&mut a, &mut b] {
        agent.end_of_remote_candidates(now);
    }
    exchange(&mut a, &mut b, now);
    assert!(a.selected_pair().is_some() && a.connection_state() == ConnectionState::Completed);
    (a, b, c)
}

const ROLES: [Role; 2] = [Role::Controlling, Role::Controlled];

#[test]
fn the_sockets_of_a_peer_may_be_others_with_the_same_credentials() {
    for role in ROLES {
        let now = Instant::now();
        let (mut a, _, mut c) = replaced(role, now);
        let old = a.data_path().unwrap();
        a.renew_remote(now);
        assert_eq!(a.data_path(), Some(old), "until another one is selected");
        signal(&mut c, &mut a, now);
        exchange(&mut a, &mut c, now);
        assert_eq!(a.data_path().unwrap().remote, "10.0.0.3:3000".parse().unwrap());
        assert!(a.selected_pair().is_some(), "{role:?}");
    }
}

/// Lets `a` hear what `from` sends from a socket.
fn hear(a: &mut Agent, from: &mut Agent, socket: &str, now: Instant) {
    let remote = socket.parse().unwrap();
    let mut out = Vec::new();
    while let Some(transmit) = from.poll_transmit(now, &mut out) {
        let local = transmit.path.remote;
        let datagram = std::mem::take(&mut out);
        assert_eq!(
            a.handle_input(now, Path { local, remote }, &datagram),
            Input::Stun
        );
    }
}

/// The old sockets of a peer answer so many checks more, and then the new ones only.
fn late_move(role: Role, answers: usize) {
    const OLD: &str = "10.0.0.2:2000";
    const NEW: &str = "10.0.0.3:3000";
    let early = Instant::now();
    let (mut a, mut b, mut c) = replaced(role, early);
    let start = early + Duration::from_secs(1);
    a.renew_remote(start);
    let (mut now, mut left) = (start, answers);
    let moved =
        |a: &Agent| a.selected_pair().is_some() && a.data_path().unwrap().remote == NEW.parse().unwrap();
    while !moved(&a) {
        let has_moved = now - start >= Duration::from_millis(50);
        if has_moved {
            signal(&mut c, &mut a, now);
        }
        let mut out = Vec::new();
        while let Some(transmit) = a.poll_transmit(now, &mut out) {
            let to = transmit.path.remote;
            let path = Path {
                local: to,
                remote: transmit.path.local,
            };
            let datagram = std::mem::take(&mut out);
            if to == NEW.parse().unwrap() {
                assert_eq!(c.handle_input(now, path, &datagram), Input::Stun);
            } else if left > 0 {
                left -= 1;
                assert_eq!(b.handle_input(now, path, &datagram), Input::Stun);
            }
        }
        hear(&mut a, &mut b, OLD, now);
        if has_moved {
            hear(&mut a, &mut c, NEW, now);
        }
        now += Duration::from_millis(5);
        for agent in [&mut a, &mut b, &mut c] {
            agent.handle_timeout(now);
        }
        let late = now - start > Duration::from_millis(400);
        assert!(!late, "{role:?}, {answers}: still at {:?}", a.data_path());
    }
}

#[test]
fn a_peer_that_moves_is_followed_at_once_whatever_its_old_sockets_still_answer() {
    for role in ROLES {
        for answers in 0..6 {
            late_move(role, answers);
        }
    }
}

#[test]
fn a_peer_that_keeps_its_sockets_is_selected_again() {
    for role in ROLES {
        let now = Instant::now();
        let (mut a, mut b, _) = replaced(role, now);
        let old = a.data_path();
        a.renew_remote(now);
        for millis in 0..20 {
            let now = now + Duration::from_millis(50 * millis);
            for agent in [&mut a, &mut b] {
                agent.handle_timeout(now);
            }
            exchange(&mut a, &mut b, now);
        }
        assert_eq!(a.data_path(), old);
        let selected = a.selected_pair().is_some();
        // The peer has nothing to nominate anew; its consent requests repeat what it nominated.
        assert_eq!(selected, role == Role::Controlling, "{role:?}");
    }
}

#[test]
fn a_peer_that_moves_for_ever_finds_room_for_its_candidates() {
    let now = Instant::now();
    let (mut a, _, _) = replaced(Role::Controlled, now);
    let limit = Config::default().limits.remote_candidates;
    for port in 1..=1000 {
        let candidate = format!("candidate:1 1 udp 77 10.1.0.1 {port} typ host");
        if a.add_remote_candidate(now, candidate.parse().unwrap()).is_err() {
            a.renew_remote(now);
            let again = a.add_remote_candidate(now, candidate.parse().unwrap());
            assert!(again.is_ok(), "{port}");
        }
        assert!(a.remote_candidates().len() <= limit);
    }
}
