//! What an idle agent holds. A program of its own, since it measures the process.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use ice::core::Agent;
use ice::{Candidate, CandidateKind, Config, Path, RemoteParameters, Role};

fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

/// Two agents with three addresses each, which have checked some pairs and selected one.
fn connected(n: u16, now: Instant) -> [Agent; 2] {
    let mut agents = [(Role::Controlling, 1), (Role::Controlled, 2)].map(|(role, side)| {
        let mut seed = [side; 32];
        seed[1..3].copy_from_slice(&n.to_be_bytes());
        let mut agent = Agent::new(
            Config {
                role,
                ..Config::default()
            },
            seed,
        );
        for net in 0..3 {
            agent.add_local_address(now, SocketAddr::from(([10, net, 0, side], 5000)));
        }
        agent.end_local_addresses(now);
        agent
    });
    let credentials = agents.each_ref().map(|agent| agent.local_credentials().clone());
    for (at, credentials) in [(1, &credentials[0]), (0, &credentials[1])] {
        let side = if at == 0 { 2 } else { 1 };
        agents[at]
            .set_remote(now, RemoteParameters::from(credentials.clone()))
            .unwrap();
        for net in 0..3 {
            let address = SocketAddr::from(([10, net, 0, side], 5000));
            agents[at]
                .add_remote_candidate(now, Candidate::new(CandidateKind::Host, address))
                .unwrap();
        }
        agents[at].end_of_remote_candidates(now);
    }
    let mut out = Vec::new();
    for round in 0..20 {
        let now = now + Duration::from_millis(50) * round;
        for at in 0..2 {
            agents[at].handle_timeout(now);
            while let Some(transmit) = agents[at].poll_transmit(now, &mut out) {
                let path = Path {
                    local: transmit.path.remote,
                    remote: transmit.path.local,
                };
                agents[1 - at].handle_input(now, path, &out);
                out.clear();
            }
            while agents[at].poll_event().is_some() {}
        }
    }
    assert!(agents.iter().all(|agent| agent.selected_pair().is_some()));
    agents
}

#[test]
fn an_idle_agent_holds_less_than_six_kibibytes() {
    let now = Instant::now();
    drop((0..50).map(|n| connected(n, now)).collect::<Vec<_>>());
    let before = resident();
    let agents: Vec<_> = (0..2000).map(|n| connected(n, now)).collect();
    let each = (resident() - before) / (2 * agents.len());
    println!("{each} bytes an agent, {} of them its struct", size_of::<Agent>());
    assert!(
        each <= 6 * 1024,
        "{each} bytes an agent, {} of them its struct",
        size_of::<Agent>()
    );
}
