//! Whole connections in virtual time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod support;

use std::time::Duration;

use ice::{CandidateKind, Config, ConnectionState, Event, FailReason, GatheringError, PairError, Role};
use netsim::{Behavior, Link, Nat, Network};
use support::{Host, Peer, Scene, StunServer, config, ip, seed, with_server};

const SECOND: Duration = Duration::from_secs(1);
const BOTH: [Role; 2] = [Role::Controlling, Role::Controlled];

fn latency() -> Link {
    Link::with_latency(Duration::from_millis(20))
}

#[test]
fn two_full_agents_complete() {
    let mut scene = Scene::pair(1, &latency(), BOTH.map(config));
    scene.connect();
    let took = scene.until_selected(5 * SECOND).unwrap();
    // Signalling takes 60 ms; the answerer checks at 30 ms, the offerer answers, checks and nominates.
    assert!(took < Duration::from_millis(200), "{took:?}");
    scene.net.run_for(SECOND);
    for node in [scene.a, scene.b] {
        assert_eq!(scene.state(node), ConnectionState::Completed);
        let rtt = scene.agent(node).stats().rtt.unwrap();
        assert_eq!(rtt.as_millis(), 40);
    }
    scene.ping(1);
}

#[test]
fn connects_over_three_thousand_hostile_links() {
    for n in 0..3000 {
        let link = Link::hostile(f64::from(u32::try_from(n % 5).unwrap()) * 0.05);
        let mut scene = Scene::pair(n, &link, BOTH.map(config));
        scene.connect();
        assert!(scene.until_selected(39 * SECOND).is_some(), "seed {n}");
        for node in [scene.a, scene.b] {
            assert!(!scene.saw(node, ConnectionState::Failed), "seed {n}");
        }
    }
}

#[test]
fn roles_that_conflict_are_repaired() {
    for n in 0..50 {
        for roles in [[Role::Controlling; 2], [Role::Controlled; 2]] {
            let mut scene = Scene::pair(n, &latency(), roles.map(config));
            scene.connect();
            assert!(scene.until_selected(5 * SECOND).is_some(), "seed {n} {roles:?}");
            assert_ne!(scene.agent(scene.a).role(), scene.agent(scene.b).role());
            scene.ping(7);
        }
    }
}

#[test]
fn a_full_agent_controls_a_lite_one() {
    for lite_offers in [false, true] {
        let configs = [true, false].map(|first| Config {
            lite: first == lite_offers,
            ..config(Role::Controlled)
        });
        let mut scene = Scene::pair(3, &latency(), configs);
        scene.connect();
        assert!(scene.until_selected(5 * SECOND).is_some());
        let (lite, full) = if lite_offers {
            (scene.a, scene.b)
        } else {
            (scene.b, scene.a)
        };
        assert_eq!(scene.agent(full).role(), Role::Controlling);
        assert_eq!(scene.agent(lite).role(), Role::Controlled);
        assert_eq!(scene.agent(lite).stats().requests_sent, 0);
        scene.ping(3);
        // The lite one lives on the checks of the full one.
        scene.net.run_for(120 * SECOND);
        assert_eq!(scene.state(lite), ConnectionState::Completed);
        scene.ping(4);
        // And notices when they end.
        let gone = ip(if lite_offers { "192.0.2.2" } else { "192.0.2.1" });
        scene.net.set_up(full, gone, false);
        scene.net.run_for(40 * SECOND);
        assert_eq!(scene.state(lite), ConnectionState::Failed);
    }
}

#[test]
fn two_lite_agents_take_the_best_pair() {
    let mut scene = Scene::pair(
        3,
        &latency(),
        BOTH.map(|role| Config {
            lite: true,
            ..config(role)
        }),
    );
    scene.connect();
    assert!(scene.until_selected(5 * SECOND).is_some());
    scene.ping(3);
    scene.net.run_for(300 * SECOND);
    scene.ping(4);
}

#[test]
fn of_several_interfaces_the_best_that_works_is_used() {
    for n in 0..20 {
        let mut net = Network::new(n);
        let [a, b] = [1, 2].map(|side| {
            let role = if side == 1 {
                Role::Controlling
            } else {
                Role::Controlled
            };
            Host::Peer(Box::new(Peer::new(config(role), seed(n, side))))
        });
        let addresses = |host: u8| {
            [
                format!("2001:db8::{host}"),
                format!("192.0.2.{host}"),
                format!("198.51.100.{host}"),
            ]
        };
        let [first, second] = [1, 2].map(|host| addresses(host).map(|address| ip(&address)));
        let a = net.add_host(a, &first, &latency());
        let b = net.add_host(b, &second, &latency());
        // IPv6 is broken at one end, as often.
        net.set_up(b, second[0], false);
        let mut scene = Scene::new(net, a, b);
        scene.add_addresses(a, &addresses(1).each_ref().map(String::as_str));
        scene.add_addresses(b, &addresses(2).each_ref().map(String::as_str));
        scene.signal();
        let took = scene.until_selected(5 * SECOND).expect("connects");
        assert!(took < SECOND, "{took:?}");
        let path = scene.agent(a).data_path().unwrap();
        assert_eq!(
            (path.local.ip(), path.remote.ip()),
            (first[1], second[1]),
            "seed {n}"
        );
        // Few pairs are kept.
        scene.net.run_for(SECOND);
        assert!(scene.agent(a).candidate_pairs().len() <= 4);
    }
}

/// Two hosts, each behind a NAT of its own (or none), and a STUN server.
fn nats(n: u64, nats: [Option<Nat>; 2]) -> Scene {
    let mut net = Network::new(n);
    net.add_host(
        Host::Server(StunServer::default()),
        &[ip("198.51.100.1")],
        &latency(),
    );
    let (mut nodes, mut realms) = (Vec::new(), Vec::new());
    for (at, nat) in nats.into_iter().enumerate() {
        let side = u8::try_from(at).unwrap() + 1;
        let host = Host::Peer(Box::new(Peer::new(with_server(BOTH[at]), seed(n, side))));
        let node = match nat {
            Some(nat) => {
                let realm = net.add_nat(netsim::INTERNET, &[[203, 0, 113, side].into()], nat);
                realms.push(realm);
                net.add_host_in(realm, host, &[[10, 0, side, 2].into()], &latency())
            }
            None => net.add_host(host, &[[192, 0, 2, side].into()], &latency()),
        };
        nodes.push(node);
    }
    let mut scene = Scene::new(net, nodes[0], nodes[1]);
    scene.realms = realms;
    for (node, side) in [(nodes[0], 1), (nodes[1], 2)] {
        let address = if nats[side - 1].is_some() {
            format!("10.0.{side}.2")
        } else {
            format!("192.0.2.{side}")
        };
        scene.add_addresses(node, &[&address]);
    }
    scene.signal();
    scene
}

#[test]
fn nats_are_traversed_in_all_combinations_that_can_be() {
    let address_restricted = Nat {
        filtering: Behavior::AddressDependent,
        ..Nat::default()
    };
    let kinds = [
        None,
        Some(Nat::default()),
        Some(address_restricted),
        Some(Nat::port_restricted()),
        Some(Nat::symmetric()),
    ];
    for n in 0..10 {
        for (i, first) in kinds.iter().enumerate() {
            for (j, second) in kinds.iter().enumerate() {
                let mut scene = nats(n, [*first, *second]);
                let took = scene.until_selected(20 * SECOND);
                // Symmetric meets symmetric or port-restricted: nobody can know the port.
                let possible = i + j < 7;
                assert_eq!(took.is_some(), possible, "seed {n}: {first:?} with {second:?}");
                if possible {
                    scene.ping(1);
                    // NAT bindings are kept alive by consent alone.
                    scene.net.run_for(300 * SECOND);
                    scene.ping(2);
                }
            }
        }
    }
}

#[test]
fn a_pair_behind_nats_shows_reflexive_candidates() {
    let mut scene = nats(1, [Some(Nat::symmetric()), Some(Nat::default())]);
    scene.until_selected(5 * SECOND).unwrap();
    // The symmetric NAT gave a port that nobody signalled: peer-reflexive at both ends.
    let a = scene.agent(scene.a).selected_pair().unwrap();
    let b = scene.agent(scene.b).selected_pair().unwrap();
    assert_eq!(
        (a.local.kind, a.remote.kind),
        (CandidateKind::PeerReflexive, CandidateKind::ServerReflexive)
    );
    assert_eq!(
        (b.local.kind, b.remote.kind),
        (CandidateKind::ServerReflexive, CandidateKind::PeerReflexive)
    );
    assert_eq!(a.local.address, b.remote.address);
    assert_eq!(a.path.local, "10.0.1.2:5000".parse().unwrap());
}

#[test]
fn a_nat_that_restarts_breaks_nothing() {
    for side in [1, 2] {
        let kinds = [1, 2].map(|n| (n == side).then(Nat::port_restricted));
        let mut scene = nats(5, kinds);
        scene.until_selected(5 * SECOND).unwrap();
        scene.net.run_for(10 * SECOND);
        scene.net.restart_nat(scene.realms[0]);
        scene.net.run_for(25 * SECOND);
        scene.ping(9);
        scene.net.run_for(60 * SECOND);
        scene.ping(10);
    }
}

#[test]
fn a_reflexive_candidate_is_kept_alive_until_a_pair_is_selected() {
    let mut net = Network::new(6);
    let server = net.add_host(
        Host::Server(StunServer::default()),
        &[ip("198.51.100.1")],
        &latency(),
    );
    let home = Nat {
        timeout: 30 * SECOND,
        ..Nat::default()
    };
    let realm = net.add_nat(netsim::INTERNET, &[ip("203.0.113.1")], home);
    let [a, b] = [with_server(BOTH[0]), config(BOTH[1])]
        .map(|config| Host::Peer(Box::new(Peer::new(config, seed(6, 1)))));
    let a = net.add_host_in(realm, a, &[ip("10.0.1.2")], &latency());
    let b = net.add_host(b, &[ip("192.0.2.2")], &latency());
    let mut scene = Scene::new(net, a, b);
    scene.add_addresses(a, &["10.0.1.2"]);
    scene.add_addresses(b, &["192.0.2.2"]);
    scene.net.run_for(600 * SECOND);
    let asked = |scene: &Scene| scene.net.endpoint(server).server().asked;
    // Tr: once when gathering, then every 15 s.
    assert_eq!(asked(&scene), 40);
    assert_eq!(scene.agent(a).gathering_state(), ice::GatheringState::Complete);
    let news = scene.net.take_events(a).into_iter();
    let ends = news.filter(|event| matches!(event, Event::GatheringStateChange(_)));
    assert_eq!(ends.count(), 2, "a refresh is no gathering");
    // The checks of an answer that comes late find a way in, before anything of ours opens one.
    let offer = support::parameters(scene.agent(a));
    let candidates = scene.agent(a).local_candidates();
    scene.with(b, |agent, now| {
        agent.set_remote(now, offer).unwrap();
        for candidate in candidates {
            agent.add_remote_candidate(now, candidate).unwrap();
        }
    });
    scene.net.run_for(SECOND);
    assert!(scene.agent(a).stats().requests_received > 0);
    let answer = support::parameters(scene.agent(b));
    scene.with(a, |agent, now| agent.set_remote(now, answer).unwrap());
    assert!(scene.until_selected(5 * SECOND).is_some());
    let before = asked(&scene);
    scene.net.run_for(600 * SECOND);
    assert_eq!(asked(&scene), before, "consent keeps the binding that matters");
    // A new generation has new candidates.
    scene.with(a, |agent, now| agent.restart(now));
    scene.net.run_for(600 * SECOND);
    assert!(asked(&scene) > before + 30, "{}", asked(&scene));
    scene.with(a, |agent, _| agent.close());
    let before = asked(&scene);
    scene.net.run_for(600 * SECOND);
    assert_eq!(asked(&scene), before);
}

#[test]
fn who_asks_no_server_and_knows_no_peer_sleeps() {
    let mut scene = Scene::pair(6, &latency(), BOTH.map(config));
    scene.add_addresses(scene.a, &["192.0.2.1"]);
    scene.net.run_for(SECOND);
    assert_eq!(scene.agent(scene.a).poll_timeout(), None);
}

#[test]
fn consent_expires_thirty_seconds_behind_the_last_answer() {
    let mut scene = Scene::pair(9, &latency(), BOTH.map(config));
    scene.connect();
    scene.until_selected(5 * SECOND).unwrap();
    scene.net.run_for(60 * SECOND);
    let (a, b) = (scene.a, scene.b);
    let consents = scene
        .agent(a)
        .selected_pair()
        .unwrap()
        .counters
        .consent_requests_sent;
    assert!((10..=15).contains(&consents), "{consents}");
    scene.net.set_up(b, ip("192.0.2.2"), false);
    let gone = scene.net.elapsed();
    let disconnected = scene.net.run_while(60 * SECOND, |net| {
        net.endpoint(a).peer().agent.connection_state() != ConnectionState::Disconnected
    });
    assert!(disconnected && scene.net.elapsed() - gone < 12 * SECOND);
    assert!(scene.agent(a).data_path().is_some());
    let failed = scene.net.run_while(60 * SECOND, |net| {
        net.endpoint(a).peer().agent.connection_state() != ConnectionState::Failed
    });
    let took = scene.net.elapsed() - gone;
    assert!(failed && took > 23 * SECOND && took <= 30 * SECOND, "{took:?}");
    assert_eq!(scene.agent(a).data_path(), None);
    assert_eq!(scene.agent(a).poll_timeout(), None);
    let reason = scene
        .net
        .take_events(a)
        .into_iter()
        .find_map(|event| match event {
            Event::Failed(reason) => Some(reason),
            _ => None,
        });
    let Some(FailReason::ConsentExpired { silence, .. }) = reason else {
        panic!("{reason:?}")
    };
    assert_eq!(silence.as_secs(), 30);
}

#[test]
fn a_short_outage_is_survived_without_restart() {
    let mut scene = Scene::pair(9, &latency(), BOTH.map(config));
    scene.connect();
    scene.until_selected(5 * SECOND).unwrap();
    scene.net.run_for(10 * SECOND);
    scene.net.set_up(scene.b, ip("192.0.2.2"), false);
    scene.net.run_for(15 * SECOND);
    assert_eq!(scene.state(scene.a), ConnectionState::Disconnected);
    scene.net.set_up(scene.b, ip("192.0.2.2"), true);
    scene.net.run_for(7 * SECOND);
    assert_eq!(scene.state(scene.a), ConnectionState::Completed);
    assert_eq!(scene.state(scene.b), ConnectionState::Completed);
    scene.ping(2);
}

#[test]
fn nothing_fails_before_the_patience_of_rfc_8863() {
    for with_candidates in [false, true] {
        let mut scene = Scene::pair(4, &latency(), BOTH.map(config));
        scene.add_addresses(scene.a, &["192.0.2.1"]);
        if with_candidates {
            scene.add_addresses(scene.b, &["192.0.2.2"]);
        }
        scene.net.set_up(scene.b, ip("192.0.2.2"), false);
        scene.signal();
        let a = scene.a;
        let failed = scene.net.run_while(120 * SECOND, |net| {
            net.endpoint(a).peer().agent.connection_state() != ConnectionState::Failed
        });
        assert!(failed);
        let took = scene.net.elapsed() - Duration::from_millis(60);
        assert!(
            took >= Duration::from_millis(39_500) && took < 42 * SECOND,
            "{took:?}"
        );
        let reason = scene
            .net
            .take_events(a)
            .into_iter()
            .find_map(|event| match event {
                Event::Failed(reason) => Some(reason),
                _ => None,
            });
        match reason {
            Some(FailReason::NoPairWorks { pairs, refused: 0 }) if with_candidates => {
                assert_eq!(pairs.len(), 1);
                assert_eq!(
                    (pairs[0].requests, pairs[0].error),
                    (7, Some(PairError::NoResponse))
                );
            }
            Some(FailReason::NoPairs {
                local: 1, remote: 0, ..
            }) if !with_candidates => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_restart_keeps_data_flowing_and_takes_new_credentials() {
    for n in 0..50 {
        let link = if n % 2 == 0 { latency() } else { Link::hostile(0.1) };
        let mut scene = Scene::pair(n, &link, BOTH.map(config));
        scene.connect();
        scene.until_selected(30 * SECOND).unwrap();
        scene.net.run_for(3 * SECOND);
        let (a, b) = (scene.a, scene.b);
        let old = scene.agent(a).local_credentials().clone();
        let next = scene.with(a, |agent, _| agent.next_credentials().clone());
        scene.with(a, |agent, now| agent.restart(now));
        assert_eq!(*scene.agent(a).local_credentials(), next);
        assert_ne!(next, old);
        assert!(scene.agent(a).data_path().is_some());
        if n % 2 == 0 {
            // Half-way between the generations.
            scene.ping(5);
        }
        scene.with(b, |agent, now| agent.restart(now));
        scene.signal();
        assert!(scene.agent(a).selected_pair().is_none());
        assert!(scene.until_selected(30 * SECOND).is_some(), "seed {n}");
        for node in [a, b] {
            assert!(!scene.saw(node, ConnectionState::Failed));
            let peer = if node == a { b } else { a };
            let known = scene.agent(node).remote_credentials().unwrap().clone();
            assert_eq!(known, *scene.agent(peer).local_credentials());
        }
        if n % 2 == 0 {
            scene.ping(6);
        }
    }
}

#[test]
fn a_restart_that_is_taken_back_leaves_what_there_was() {
    for n in 0..40 {
        let link = if n % 2 == 0 { latency() } else { Link::hostile(0.1) };
        let mut scene = Scene::pair(n, &link, BOTH.map(config));
        scene.connect();
        scene.until_selected(30 * SECOND).unwrap();
        scene.net.run_for(3 * SECOND);
        let node = if n % 4 < 2 { scene.a } else { scene.b };
        let ends = |scene: &Scene| {
            let agent = scene.agent(node);
            (
                agent.local_credentials().clone(),
                agent.remote_credentials().cloned(),
                agent.remote_candidates().len(),
            )
        };
        let before = ends(&scene);
        assert!(!scene.with(node, |agent, now| agent.take_back_restart(now)));
        scene.with(node, |agent, now| agent.restart(now));
        // A second offer with a restart of its own replaces the first.
        if n % 3 == 0 {
            scene.with(node, |agent, now| agent.restart(now));
        }
        scene.net.run_for(3 * SECOND);
        assert_ne!(ends(&scene).0, before.0);
        assert!(scene.with(node, |agent, now| agent.take_back_restart(now)));
        assert_eq!(ends(&scene), before);
        // Longer than consent lasts.
        scene.net.run_for(60 * SECOND);
        for node in [scene.a, scene.b] {
            assert!(!scene.saw(node, ConnectionState::Failed), "seed {n}");
            assert!(!scene.saw(node, ConnectionState::Disconnected) || n % 2 == 1);
            assert!(scene.agent(node).selected_pair().is_some(), "seed {n}");
        }
        if n % 2 == 0 {
            scene.ping(6);
        }
        assert!(!scene.with(node, |agent, now| agent.take_back_restart(now)));
    }
}

#[test]
fn a_failed_agent_connects_again_after_a_restart() {
    let mut scene = Scene::pair(4, &latency(), BOTH.map(config));
    scene.connect();
    scene.until_selected(5 * SECOND).unwrap();
    scene.net.set_up(scene.b, ip("192.0.2.2"), false);
    scene.net.run_for(60 * SECOND);
    assert_eq!(scene.state(scene.a), ConnectionState::Failed);
    assert_eq!(scene.state(scene.b), ConnectionState::Failed);
    scene.net.set_up(scene.b, ip("192.0.2.2"), true);
    for node in [scene.a, scene.b] {
        scene.with(node, |agent, now| agent.restart(now));
    }
    scene.signal();
    assert!(scene.until_selected(5 * SECOND).is_some());
    scene.ping(1);
}

#[test]
fn another_interface_takes_over_when_one_breaks() {
    for (n, broken) in [(0, 'a'), (1, 'b'), (2, 'a'), (3, 'b')] {
        let mut net = Network::new(n);
        let [a, b] = [1, 2].map(|side| {
            let role = if side == 1 {
                Role::Controlling
            } else {
                Role::Controlled
            };
            Host::Peer(Box::new(Peer::new(config(role), seed(n, side))))
        });
        let a = net.add_host(a, &[ip("192.0.2.1"), ip("198.51.100.1")], &latency());
        let b = net.add_host(b, &[ip("192.0.2.2"), ip("198.51.100.2")], &latency());
        let mut scene = Scene::new(net, a, b);
        scene.add_addresses(a, &["192.0.2.1", "198.51.100.1"]);
        scene.add_addresses(b, &["192.0.2.2", "198.51.100.2"]);
        scene.signal();
        scene.until_selected(5 * SECOND).unwrap();
        scene.net.run_for(10 * SECOND);
        let (node, address) = if broken == 'a' {
            (a, "192.0.2.1")
        } else {
            (b, "192.0.2.2")
        };
        scene.net.set_up(node, ip(address), false);
        scene.net.run_for(15 * SECOND);
        scene.ping(1);
        let path = scene.agent(node).data_path().unwrap();
        assert_ne!(path.local.ip(), ip(address));
        scene.net.run_for(120 * SECOND);
        scene.ping(2);
        for node in [a, b] {
            assert!(!scene.saw(node, ConnectionState::Failed), "{n}");
        }
    }
}

#[test]
fn a_host_that_moves_to_another_network_is_found_again() {
    let mut scene = Scene::pair(4, &latency(), BOTH.map(config));
    scene.connect();
    scene.until_selected(5 * SECOND).unwrap();
    scene.net.run_for(10 * SECOND);
    let a = scene.a;
    scene.net.change_address(a, ip("192.0.2.1"), ip("192.0.2.77"));
    scene.with(a, |agent, now| {
        agent.remove_local_address(now, "192.0.2.1:5000".parse().unwrap());
        agent.add_local_address(now, "192.0.2.77:5000".parse().unwrap());
    });
    // No restart, no signalling: the peer learns the new address from the checks.
    scene.net.run_for(10 * SECOND);
    scene.ping(1);
    scene.net.run_for(60 * SECOND);
    scene.ping(2);
    assert!(!scene.saw(scene.b, ConnectionState::Failed));
}

#[test]
fn a_new_address_may_come_before_the_old_one_goes() {
    for moves in [BOTH[0], BOTH[1]] {
        let mut scene = Scene::pair(4, &latency(), BOTH.map(config));
        scene.connect();
        scene.until_selected(5 * SECOND).unwrap();
        scene.net.run_for(10 * SECOND);
        let (node, old, new) = if moves == Role::Controlling {
            (scene.a, "192.0.2.1:5000", "192.0.2.77:5000")
        } else {
            (scene.b, "192.0.2.2:5000", "192.0.2.78:5000")
        };
        let [old, new] = [old, new].map(|text| text.parse::<std::net::SocketAddr>().unwrap());
        scene
            .net
            .add_interface(node, netsim::INTERNET, new.ip(), &latency());
        scene.with(node, |agent, now| agent.add_local_address(now, new));
        scene.net.run_for(SECOND);
        scene.net.set_up(node, old.ip(), false);
        scene.with(node, |agent, now| agent.remove_local_address(now, old));
        scene.net.run_for(10 * SECOND);
        scene.ping(1);
        assert_eq!(scene.agent(node).data_path().unwrap().local, new);
        scene.net.run_for(60 * SECOND);
        scene.ping(2);
        for node in [scene.a, scene.b] {
            assert!(!scene.saw(node, ConnectionState::Failed), "{moves:?}");
        }
    }
}

#[test]
fn an_address_that_came_after_the_selection_takes_over_when_the_old_one_falls_silent() {
    let mut scene = Scene::pair(4, &latency(), BOTH.map(config));
    scene.connect();
    scene.until_selected(5 * SECOND).unwrap();
    scene.net.run_for(10 * SECOND);
    let (a, new) = (scene.a, ip("192.0.2.77"));
    scene.net.add_interface(a, netsim::INTERNET, new, &latency());
    scene.with(a, |agent, now| agent.add_local_address(now, (new, 5000).into()));
    scene.net.run_for(SECOND);
    // A working pair is not left for the new address.
    assert_eq!(scene.agent(a).candidate_pairs().len(), 1);
    scene.net.set_up(a, ip("192.0.2.1"), false);
    scene.net.run_for(20 * SECOND);
    scene.ping(1);
    assert_eq!(scene.agent(a).data_path().unwrap().local.ip(), new);
    for node in [a, scene.b] {
        assert!(!scene.saw(node, ConnectionState::Failed));
    }
}

#[test]
fn servers_that_do_not_help_are_reported_and_waited_for_no_longer_than_said() {
    let mut net = Network::new(1);
    let config = with_server(Role::Controlling);
    let server = net.add_host(
        Host::Server(StunServer::default()),
        &[ip("198.51.100.1")],
        &latency(),
    );
    let a = net.add_host(
        Host::Peer(Box::new(Peer::new(config.clone(), seed(1, 1)))),
        &[ip("192.0.2.1")],
        &latency(),
    );
    let refusing = StunServer {
        refuse: Some(420),
        ..StunServer::default()
    };
    net.add_host(Host::Server(refusing), &[ip("198.51.100.2")], &latency());
    net.set_up(server, ip("198.51.100.1"), false);
    net.with(a, |host, now| {
        let agent = &mut host.peer_mut().agent;
        agent.add_stun_server(now, "198.51.100.2:3478".parse().unwrap(), "stun:refusing");
        agent.add_local_address(now, "192.0.2.1:5000".parse().unwrap());
        agent.end_local_addresses(now);
    });
    net.run_for(6 * SECOND);
    let complete = net.events(a).find_map(|(at, event)| match event {
        Event::GatheringStateChange(ice::GatheringState::Complete) => Some(*at),
        _ => None,
    });
    let first = net.events(a).next().unwrap().0;
    assert_eq!((complete.unwrap() - first).as_secs(), 5);
    let errors: Vec<_> = net
        .take_events(a)
        .into_iter()
        .filter_map(|event| match event {
            Event::GatheringError {
                url, code, reason, ..
            } => Some((url, code, reason)),
            _ => None,
        })
        .collect();
    let refused = GatheringError::Refused {
        code: 420,
        reason: "no".into(),
    };
    let timeout = GatheringError::Timeout(5 * SECOND);
    assert_eq!(
        errors,
        [
            ("stun:refusing".into(), 420, refused),
            ("stun:198.51.100.1".into(), 701, timeout)
        ]
    );
}

#[test]
fn candidates_and_credentials_may_come_in_any_order() {
    // What each side learns, in every order: credentials, candidate, end of candidates.
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let orders = orders.iter();
    for (first, second) in orders
        .clone()
        .flat_map(|first| orders.clone().map(move |second| (first, second)))
    {
        for gap in [0, 20, 700] {
            learn_in_order(first, second, Duration::from_millis(gap));
        }
    }
}

fn learn_in_order(first: &[u8; 3], second: &[u8; 3], gap: Duration) {
    let mut scene = Scene::pair(1, &latency(), BOTH.map(config));
    scene.add_addresses(scene.a, &["192.0.2.1"]);
    scene.add_addresses(scene.b, &["192.0.2.2"]);
    let facts = [scene.a, scene.b].map(|node| {
        let agent = scene.agent(node);
        (support::parameters(agent), agent.local_candidates()[0].clone())
    });
    for step in 0..3 {
        for (node, order, facts) in [(scene.a, first, &facts[1]), (scene.b, second, &facts[0])] {
            scene.with(node, |agent, now| match order[step] {
                0 => agent.set_remote(now, facts.0.clone()).unwrap(),
                1 => agent.add_remote_candidate(now, facts.1.clone()).unwrap(),
                _ => agent.end_of_remote_candidates(now),
            });
            scene.net.run_for(gap);
        }
    }
    assert!(
        scene.until_selected(2 * SECOND).is_some(),
        "{first:?} {second:?} {gap:?}"
    );
    scene.net.run_for(SECOND);
    assert_eq!(scene.state(scene.a), ConnectionState::Completed);
    assert_eq!(scene.state(scene.b), ConnectionState::Completed);
}

#[test]
fn one_side_may_know_no_candidates_at_all() {
    for (known_by_a, known_by_b) in [(true, false), (false, true)] {
        let mut scene = Scene::pair(8, &latency(), BOTH.map(config));
        scene.add_addresses(scene.a, &["192.0.2.1"]);
        scene.add_addresses(scene.b, &["192.0.2.2"]);
        for (node, peer, known) in [(scene.a, scene.b, known_by_a), (scene.b, scene.a, known_by_b)] {
            let (parameters, candidate) = (
                support::parameters(scene.agent(peer)),
                scene.agent(peer).local_candidates()[0].clone(),
            );
            scene.with(node, |agent, now| {
                agent.set_remote(now, parameters).unwrap();
                if known {
                    agent.add_remote_candidate(now, candidate).unwrap();
                }
            });
        }
        assert!(scene.until_selected(2 * SECOND).is_some());
        scene.ping(1);
    }
}

#[test]
fn bursts_of_loss_neither_fail_nor_flap_for_ever() {
    for n in 0..200 {
        let link = Link {
            loss: netsim::Loss::bursts(0.1, 8.0),
            ..latency()
        };
        let mut scene = Scene::pair(n, &link, BOTH.map(config));
        scene.connect();
        assert!(scene.until_selected(39 * SECOND).is_some(), "seed {n}");
        scene.net.run_for(300 * SECOND);
        for node in [scene.a, scene.b] {
            assert!(!scene.saw(node, ConnectionState::Failed), "seed {n}");
            assert_eq!(scene.agent(node).stats().selected_pair_changes, 1, "seed {n}");
        }
    }
}

#[test]
fn several_interfaces_and_loss_agree_on_one_path() {
    for n in 0..1000 {
        let mut net = Network::new(n);
        let link = Link::hostile(f64::from(u32::try_from(n % 5).unwrap()) * 0.05);
        let peers = [1, 2].map(|side| {
            let role = if side == 1 {
                Role::Controlling
            } else {
                Role::Controlled
            };
            Host::Peer(Box::new(Peer::new(config(role), seed(n, side))))
        });
        let [a, b] = peers;
        let a = net.add_host(
            a,
            &[ip("192.0.2.1"), ip("198.51.100.1"), ip("2001:db8::1")],
            &link,
        );
        let b = net.add_host(
            b,
            &[ip("192.0.2.2"), ip("198.51.100.2"), ip("2001:db8::2")],
            &link,
        );
        let mut scene = Scene::new(net, a, b);
        scene.add_addresses(a, &["192.0.2.1", "198.51.100.1", "2001:db8::1"]);
        scene.add_addresses(b, &["192.0.2.2", "198.51.100.2", "2001:db8::2"]);
        scene.signal();
        assert!(scene.until_selected(39 * SECOND).is_some(), "seed {n}");
        scene.net.run_for(20 * SECOND);
        // One side may be a moment behind: loss makes the other one turn to a spare pair.
        let agree = |net: &Network<Host>| {
            let path = |node| net.endpoint(node).peer().agent.data_path().unwrap();
            (path(a).local, path(a).remote) == (path(b).remote, path(b).local)
        };
        assert!(scene.net.run_while(60 * SECOND, |net| !agree(net)), "seed {n}");
        assert!(
            !scene.saw(a, ConnectionState::Failed) && !scene.saw(b, ConnectionState::Failed),
            "seed {n}"
        );
    }
}
