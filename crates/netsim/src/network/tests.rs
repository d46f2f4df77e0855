use super::*;
use crate::endpoint::Path;
use crate::link::Loss;
use crate::nat::Behavior;
use crate::toy::{Asker, Event};

const MS: Duration = Duration::from_millis(1);

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

const A: &str = "192.0.2.1:1000";
const B: &str = "192.0.2.2:2000";

fn two(seed: u64, link: &Link) -> (Network<Asker>, NodeId, NodeId) {
    Network::pair(seed, link, [Asker::new(A), Asker::new(B)])
}

fn is_done(network: &Network<Asker>, node: NodeId) -> bool {
    network.endpoint(node).unanswered() == 0
}

#[test]
fn a_round_trip_takes_twice_the_latency() {
    let (mut network, a, b) = two(1, &Link::with_latency(30 * MS));
    network.with(a, |asker, now| asker.ask(now, addr(B), "hello"));
    assert!(network.run_while(Duration::from_secs(9), |network| !is_done(network, a)));
    assert_eq!(network.elapsed(), 60 * MS);
    assert_eq!(network.take_events(b), [Event::Asked(addr(A), b"hello".to_vec())]);
    assert_eq!(
        network.take_events(a),
        [Event::Answered(addr(B), b"hello".to_vec())]
    );
    assert_eq!(network.stats().delivered, 2);
}

#[test]
fn timeouts_repeat_what_the_link_lost() {
    let (mut network, a, _) = two(
        5,
        &Link {
            loss: Loss::Random(0.6),
            ..Link::with_latency(10 * MS)
        },
    );
    for question in 0..100 {
        network.with(a, |asker, now| asker.ask(now, addr(B), &question.to_string()));
    }
    assert!(network.run_while(Duration::from_secs(60), |network| !is_done(network, a)));
    let stats = network.stats();
    assert!(stats.lost > 100, "{stats:?}");
    assert_eq!(stats.sent, stats.delivered + stats.lost);
}

#[test]
fn a_run_can_be_repeated_exactly() {
    let run = |seed| {
        let (mut network, a, _) = two(seed, &Link::hostile(0.2));
        network.keep_trace(10_000);
        for question in 0..50 {
            network.with(a, |asker, now| asker.ask(now, addr(B), &question.to_string()));
        }
        network.run_for(Duration::from_secs(20));
        network.trace().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}

#[test]
fn the_clock_stops_where_it_is_told() {
    let (mut network, a, _) = two(
        1,
        &Link {
            loss: Loss::Random(1.0),
            ..Link::default()
        },
    );
    network.with(a, |asker, now| asker.ask(now, addr(B), "lost"));
    network.run_for(1234 * MS);
    assert_eq!(network.elapsed(), 1234 * MS);
    assert_eq!(network.stats().sent, 3, "at 0, 500 and 1000 ms");
    assert!(!network.run_while(66 * MS, |_| true));
    assert_eq!(network.elapsed(), 1300 * MS);
}

#[test]
fn links_fail_and_addresses_change_at_their_times() {
    let (mut network, a, b) = two(1, &Link::with_latency(10 * MS));
    network.after(100 * MS, move |network| network.set_up(a, ip("192.0.2.1"), false));
    network.after(700 * MS, move |network| network.set_up(a, ip("192.0.2.1"), true));
    network.run_for(200 * MS);
    network.with(a, |asker, now| asker.ask(now, addr(B), "down"));
    network.run_for(499 * MS);
    assert_eq!(network.stats().down, 1, "sent at 200 ms");
    assert!(network.run_while(Duration::from_secs(5), |network| !is_done(network, a)));
    assert_eq!(network.elapsed(), 720 * MS);

    assert!(network.change_address(b, ip("192.0.2.2"), ip("192.0.2.3")));
    network.with(a, |asker, now| asker.ask(now, addr(B), "moved"));
    network.run_for(100 * MS);
    assert_eq!(network.stats().no_route, 1);
    network.with(b, |asker, now| {
        asker.local = addr("192.0.2.3:2000");
        asker.ask(now, addr(A), "I moved");
    });
    network.run_for(100 * MS);
    assert!(is_done(&network, b));
}

#[test]
fn a_datagram_for_an_address_that_moved_away_meanwhile_is_not_delivered() {
    let (mut network, a, b) = two(1, &Link::default());
    network.set_inbound_link(b, ip("192.0.2.2"), Link::with_latency(50 * MS));
    network.with(a, |asker, now| asker.ask(now, addr(B), "late"));
    network.after(20 * MS, move |network| {
        network.change_address(b, ip("192.0.2.2"), ip("192.0.2.3"));
    });
    network.run_for(100 * MS);
    assert_eq!((network.stats().delivered, network.stats().no_route), (0, 1));
}

#[test]
fn nobody_sends_from_an_address_it_does_not_have() {
    let (mut network, a, _) = two(1, &Link::default());
    network.with(a, |asker, _| {
        asker.send_raw(Path::new(addr("192.0.2.9:9"), addr(B)), b"?spoofed")
    });
    network.run_for(MS);
    assert_eq!((network.stats().delivered, network.stats().no_route), (0, 1));
}

#[test]
fn a_host_uses_several_interfaces_and_families() {
    let mut network = Network::new(1);
    let a = network.add_host(
        Asker::new(A),
        &[ip("192.0.2.1"), ip("2001:db8::1")],
        &Link::default(),
    );
    let b = network.add_host(
        Asker::new("[2001:db8::2]:2000"),
        &[ip("2001:db8::2")],
        &Link::default(),
    );
    let path = Path::new(addr("[2001:db8::1]:7"), addr("[2001:db8::2]:2000"));
    network.with(a, |asker, _| asker.send_raw(path, b"?six"));
    network.run_for(MS);
    assert_eq!(
        network.take_events(b),
        [Event::Asked(path.local, b"six".to_vec())]
    );
}

/// Two hosts, each behind its own NAT, and a server between them.
struct Natted {
    network: Network<Asker>,
    hosts: [NodeId; 2],
    server: NodeId,
}

const SERVER: &str = "198.51.100.1:3478";

impl Natted {
    fn new(nat: Nat) -> Self {
        let mut network = Network::new(9);
        let server = network.add_host(Asker::new(SERVER), &[ip("198.51.100.1")], &Link::default());
        let hosts = [1, 2].map(|number: u8| {
            let realm = network.add_nat(INTERNET, &[IpAddr::from([203, 0, 113, number])], nat);
            let inner = IpAddr::from([10, 0, 0, 1]);
            network.add_host_in(
                realm,
                Asker::new("10.0.0.1:5000"),
                &[inner],
                &Link::with_latency(MS),
            )
        });
        Self {
            network,
            hosts,
            server,
        }
    }

    /// What the server sees as the address of a host.
    fn reflexive(&mut self, host: usize) -> SocketAddr {
        self.network.with(self.hosts[host], |asker, now| {
            asker.ask(now, addr(SERVER), "who am I")
        });
        self.network.run_for(10 * MS);
        match self.network.take_events(self.server).pop() {
            Some(Event::Asked(from, _)) => from,
            other => panic!("{other:?}"),
        }
    }

    /// Both ask each other at what the server saw; returns whether both got answers.
    fn punch(&mut self) -> bool {
        let seen = [self.reflexive(0), self.reflexive(1)];
        for (host, other) in [(0, 1), (1, 0)] {
            self.network.with(self.hosts[host], |asker, now| {
                asker.ask(now, seen[other], "punch")
            });
        }
        let hosts = self.hosts;
        self.network.run_while(Duration::from_secs(5), |network| {
            !hosts.iter().all(|host| is_done(network, *host))
        })
    }
}

#[test]
fn holes_are_punched_through_all_nats_but_symmetric_ones() {
    assert!(Natted::new(Nat::default()).punch());
    assert!(Natted::new(Nat::port_restricted()).punch());
    assert!(
        Natted::new(Nat {
            mapping: Behavior::AddressDependent,
            ..Nat::default()
        })
        .punch()
    );
    assert!(!Natted::new(Nat::symmetric()).punch());
}

#[test]
fn a_nat_filters_strangers_and_forgets_after_its_timeout() {
    let mut natted = Natted::new(Nat::port_restricted());
    let outer = natted.reflexive(0);
    let (host, server) = (natted.hosts[0], natted.server);
    let ask = |natted: &mut Natted, text: &str| {
        let asked = |natted: &mut Natted| natted.network.take_events(host).len();
        asked(natted);
        natted.network.with(server, |asker, _| {
            asker.send_raw(Path::new(asker.local, outer), format!("?{text}").as_bytes());
        });
        natted.network.run_for(10 * MS);
        asked(natted) > 0
    };
    assert!(ask(&mut natted, "soon"));
    natted.network.run_for(Duration::from_secs(110));
    assert!(ask(&mut natted, "in time, and the answer renews the mapping"));
    natted.network.run_for(Duration::from_secs(130));
    assert!(!ask(&mut natted, "late"));
    assert!(natted.network.stats().filtered > 0);
}

#[test]
fn hosts_behind_one_nat_meet_outside_only_where_it_hairpins() {
    for hairpin in [false, true] {
        let mut network = Network::new(2);
        let outer = ip("203.0.113.1");
        let realm = network.add_nat(
            INTERNET,
            &[outer],
            Nat {
                hairpin,
                ..Nat::default()
            },
        );
        let link = Link::default();
        let a = network.add_host_in(realm, Asker::new("10.0.0.1:1"), &[ip("10.0.0.1")], &link);
        let b = network.add_host_in(realm, Asker::new("10.0.0.2:2"), &[ip("10.0.0.2")], &link);
        // Opens a mapping for b, with its port preserved.
        network.with(b, |asker, _| {
            asker.send_raw(Path::new(asker.local, addr(SERVER)), b"")
        });
        network.with(a, |asker, now| {
            asker.ask(now, SocketAddr::new(outer, 2), "hairpin")
        });
        network.run_for(10 * MS);
        assert_eq!(is_done(&network, a), hairpin);
        // Inside they always meet.
        network.with(b, |asker, now| asker.ask(now, addr("10.0.0.1:1"), "direct"));
        network.run_for(10 * MS);
        assert!(is_done(&network, b));
    }
}

#[test]
fn nats_nest() {
    let mut network = Network::new(2);
    let link = Link::default();
    let server = network.add_host(Asker::new(SERVER), &[ip("198.51.100.1")], &link);
    let carrier = network.add_nat(INTERNET, &[ip("203.0.113.1")], Nat::default());
    let home = network.add_nat(carrier, &[ip("100.64.0.1")], Nat::default());
    let host = network.add_host_in(home, Asker::new("10.0.0.1:5"), &[ip("10.0.0.1")], &link);
    network.with(host, |asker, now| asker.ask(now, addr(SERVER), "far"));
    network.run_for(10 * MS);
    assert!(is_done(&network, host));
    let from = addr("203.0.113.1:5");
    assert_eq!(network.take_events(server), [Event::Asked(from, b"far".to_vec())]);
}

#[test]
#[should_panic(expected = "again and again")]
fn an_endpoint_that_spins_ends_the_test() {
    struct Spinner(Instant);
    impl Endpoint for Spinner {
        type Event = ();
        fn handle_input(&mut self, _: Instant, _: Path, _: &mut [u8]) {}
        fn handle_timeout(&mut self, _: Instant) {}
        fn poll_transmit(&mut self, _: Instant, _: &mut Vec<u8>) -> Option<crate::Transmit> {
            None
        }
        fn poll_event(&mut self) -> Option<()> {
            None
        }
        fn poll_timeout(&self) -> Option<Instant> {
            Some(self.0)
        }
    }
    let past = Instant::now();
    Network::new(1).add_host(Spinner(past), &[ip("192.0.2.1")], &Link::default());
}

#[test]
fn the_trace_tells_the_way_of_a_datagram_and_is_bounded() {
    let (mut network, a, _) = two(
        1,
        &Link {
            mtu: 10,
            ..Link::with_latency(MS)
        },
    );
    network.keep_trace(4);
    network.with(a, |asker, now| asker.ask(now, addr(B), "hi"));
    network.run_for(10 * MS);
    network.with(a, |asker, _| {
        asker.send_raw(Path::new(asker.local, addr(B)), &[0; 11])
    });
    let lines: Vec<_> = network.trace().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "    0.001000 192.0.2.2:2000 > 192.0.2.1:1000 len 3 sent: 216869",
            "    0.002000 192.0.2.2:2000 > 192.0.2.1:1000 len 3 delivered: 216869",
            "    0.010000 192.0.2.1:1000 > 192.0.2.2:2000 len 11 sent: 0000000000000000000000",
            "    0.010000 192.0.2.1:1000 > 192.0.2.2:2000 len 11 DROPPED too big: 0000000000000000000000",
        ]
    );
}
