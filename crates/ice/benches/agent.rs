//! What one datagram costs: a check answered, data recognised, a datagram routed among many agents.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::Instant;

use criterion::{Criterion, criterion_group, criterion_main};
use ice::core::Agent;
use ice::{Candidate, CandidateKind, Config, Credentials, Mux, Path, RemoteParameters, Role};
use stun::attributes::{IceControlling, Priority, UseCandidate, Username};
use stun::{Class, IntegrityKey, MessageWriter, Method};

const PWD: &str = "password-password-password";

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn path() -> Path {
    Path {
        local: address("10.0.0.1:1000"),
        remote: address("10.0.0.2:2000"),
    }
}

fn request(ufrag: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let key = IntegrityKey::short_term(&crypto::Provider::default(), PWD);
    MessageWriter::new(&mut out, Class::Request, Method::BINDING, [7; 12].into())
        .attribute(&Username(&format!("{ufrag}:peer")))
        .attribute(&Priority(0x6e00_ffff))
        .attribute(&IceControlling(1))
        .attribute(&UseCandidate)
        .integrity(&key)
        .fingerprint()
        .finish();
    out
}

/// A lite agent with a selected pair: it only answers.
fn connected(now: Instant) -> Agent {
    let credentials = Some(Credentials::new("ours", PWD));
    let mut agent = Agent::new(
        Config {
            role: Role::Controlled,
            lite: true,
            credentials,
            ..Config::default()
        },
        [1; 32],
    );
    agent.add_local_address(now, path().local);
    agent
        .set_remote(now, RemoteParameters::from(Credentials::new("peer", PWD)))
        .unwrap();
    agent.handle_input(now, path(), &request("ours"));
    assert!(agent.data_path().is_some());
    agent
}

fn agent(c: &mut Criterion) {
    let now = Instant::now();
    let mut agent = connected(now);
    let request = request("ours");
    let mut out = Vec::new();
    while agent.poll_transmit(now, &mut out).is_some() {}
    c.bench_function("binding request to response", |b| {
        b.iter(|| {
            agent.handle_input(now, path(), black_box(&request));
            out.clear();
            agent.poll_transmit(now, &mut out)
        });
    });
    let data = [0x80; 1200];
    c.bench_function("data recognised", |b| {
        b.iter(|| agent.handle_input(now, path(), black_box(&data)))
    });
    c.bench_function("two agents from new to selected", |b| b.iter(|| establish(now)));
}

fn establish(now: Instant) -> (Agent, Agent) {
    let mut agents = [(Role::Controlling, 1), (Role::Controlled, 2)].map(|(role, n)| {
        let mut agent = Agent::new(
            Config {
                role,
                ..Config::default()
            },
            [n; 32],
        );
        agent.add_local_address(now, SocketAddr::from(([10, 0, 0, n], 1000)));
        agent
    });
    let [a, b] = &mut agents;
    b.set_remote(now, RemoteParameters::from(a.local_credentials().clone()))
        .unwrap();
    a.set_remote(now, RemoteParameters::from(b.local_credentials().clone()))
        .unwrap();
    a.add_remote_candidate(now, Candidate::new(CandidateKind::Host, address("10.0.0.2:1000")))
        .unwrap();
    let mut out = Vec::new();
    loop {
        let mut quiet = true;
        for turn in [true, false] {
            let (from, to) = if turn {
                (&mut *a, &mut *b)
            } else {
                (&mut *b, &mut *a)
            };
            while let Some(transmit) = from.poll_transmit(now, &mut out) {
                let path = Path {
                    local: transmit.path.remote,
                    remote: transmit.path.local,
                };
                to.handle_input(now, path, &out);
                out.clear();
                quiet = false;
            }
        }
        if quiet {
            break;
        }
    }
    assert!(a.selected_pair().is_some() && b.selected_pair().is_some());
    let [a, b] = agents;
    (a, b)
}

fn mux(c: &mut Criterion) {
    let mut mux = Mux::new();
    for n in 0..10_000_u32 {
        mux.register(&format!("ufrag{n}"), n);
        let [.., high, low] = n.to_be_bytes();
        mux.bind(
            Path {
                remote: SocketAddr::from(([10, 1, high, low], 5000)),
                ..path()
            },
            n,
        );
    }
    let known = Path {
        remote: address("10.1.3.232:5000"),
        ..path()
    };
    let data = [0x80; 1200];
    c.bench_function("route data among 10,000", |b| {
        b.iter(|| mux.route(black_box(known), black_box(&data)))
    });
    let request = request("ufrag4711");
    c.bench_function("route a request among 10,000", |b| {
        b.iter(|| mux.route(black_box(path()), black_box(&request)))
    });
}

criterion_group!(benches, agent, mux);
criterion_main!(benches);
