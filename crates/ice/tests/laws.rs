//! The laws L1–L6 over two agents.
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

use ice::{Candidate, CandidateKind, Config, RemoteParameters, Role};
use netsim::laws::{Case, Side};
use support::{Host, Peer, config, seed};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Two agents that know each other's credentials from the start, as signalling would tell them.
fn build(n: u64, configs: [Config; 2]) -> [Host; 2] {
    let [a, b] = configs;
    let with = |config: Config, side: u8| {
        let credentials = Some(credentials(side));
        Host::Peer(Box::new(Peer::new(
            Config {
                credentials,
                ..config
            },
            seed(n, side),
        )))
    };
    [with(a, 1), with(b, 2)]
}

fn credentials(side: u8) -> ice::Credentials {
    ice::Credentials::new(
        format!("ufrag{side}"),
        format!("password-password-password-{side}"),
    )
}

fn remote(side: u8, lite: bool) -> RemoteParameters {
    RemoteParameters {
        lite,
        ..credentials(side).into()
    }
}

fn candidate(side: Side) -> Candidate {
    Candidate::new(CandidateKind::Host, side.address())
}

fn case(name: &'static str, configs: [Config; 2]) -> Case<Host> {
    let lite = [configs[0].lite, configs[1].lite];
    Case::new(name, move |n| build(n, configs.clone()))
        .at(ms(0), Side::A, |host, now| {
            let agent = &mut host.peer_mut().agent;
            agent.add_local_address(now, Side::A.address());
            agent.end_local_addresses(now);
        })
        .at(ms(0), Side::B, |host, now| {
            let agent = &mut host.peer_mut().agent;
            agent.add_local_address(now, Side::B.address());
            agent.end_local_addresses(now);
        })
        .at(ms(30), Side::B, move |host, now| {
            let agent = &mut host.peer_mut().agent;
            agent.set_remote(now, remote(1, lite[0])).unwrap();
            agent.add_remote_candidate(now, candidate(Side::A)).unwrap();
        })
        .at(ms(60), Side::A, move |host, now| {
            host.peer_mut().agent.set_remote(now, remote(2, lite[1])).unwrap();
        })
        .at(ms(90), Side::A, |host, now| {
            let agent = &mut host.peer_mut().agent;
            agent.add_remote_candidate(now, candidate(Side::B)).unwrap();
            agent.end_of_remote_candidates(now);
        })
        .goal(|a, b| a.peer().agent.selected_pair().is_some() && b.peer().agent.selected_pair().is_some())
        // One base each; candidates and pairs are bounded by the limits.
        .footprint_limit(64 + 64 + 100)
        .validated(|b| b.peer().agent.stats().requests_received > 0)
        .seeds(0..24)
        .duration(Duration::from_secs(45))
        .noise_is_harmless()
}

#[test]
fn full_agents_keep_the_laws() {
    case("ice full", [Role::Controlling, Role::Controlled].map(config)).check();
}

#[test]
fn agents_in_conflict_keep_the_laws() {
    case("ice conflict", [Role::Controlled; 2].map(config)).check();
}

#[test]
fn a_lite_agent_keeps_the_laws() {
    let lite = Config {
        lite: true,
        ..config(Role::Controlled)
    };
    case("ice lite", [config(Role::Controlling), lite]).check();
}

#[test]
fn a_restart_keeps_the_laws() {
    // The restart of one side that its peer never learns of: the old path goes on.
    case("ice restart", [Role::Controlling, Role::Controlled].map(config))
        .at(Duration::from_secs(5), Side::B, |host, now| {
            host.peer_mut().agent.restart(now)
        })
        .at(Duration::from_millis(5100), Side::B, move |host, now| {
            let agent = &mut host.peer_mut().agent;
            agent.set_remote(now, remote(1, false)).unwrap();
            agent.add_remote_candidate(now, candidate(Side::A)).unwrap();
        })
        .goal(|a, b| a.peer().agent.selected_pair().is_some() && b.peer().agent.data_path().is_some())
        .duration(Duration::from_secs(20))
        .check();
}
