//! Which agent a datagram is for, against a model that looks everything up the slow way.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Instant;

use ice::core::Agent;
use ice::{Config, Credentials, Mux, Path, RemoteParameters, Role};
use stun::{Class, MessageRef, MessageWriter, Method};

use crate::duel::Script;

/// So many agents, fragments and paths there are.
const AGENTS: u8 = 6;
const NAMES: usize = 16;
const PATHS: u16 = 40;

/// What an agent keeps of each, by its documentation.
const UFRAGS_KEPT: usize = 4;
const PATHS_KEPT: usize = 16;

/// A fragment, a check that names it, and the answer to a check of its agent.
struct Name {
    ufrag: String,
    request: Vec<u8>,
    response: Vec<u8>,
}

impl Name {
    /// Both messages come from real agents: what they put into their transactions is what routes.
    fn new(number: usize) -> Option<Self> {
        let ufrag = format!("name{number:04}");
        let credentials = |ufrag: &str| Credentials::new(ufrag, "a-password-of-24-letters");
        let (mine, other) = (credentials(&ufrag), credentials("other"));
        let request = check(other.clone(), mine.clone())?;
        let own = check(mine, other)?;
        let id = MessageRef::decode(&own).ok()?.transaction_id();
        let mut response = Vec::new();
        MessageWriter::new(&mut response, Class::SuccessResponse, Method::BINDING, id)
            .fingerprint()
            .finish();
        Some(Self {
            ufrag,
            request,
            response,
        })
    }
}

/// The first check of an agent.
fn check(local: Credentials, remote: Credentials) -> Option<Vec<u8>> {
    let now = Instant::now();
    let config = Config {
        role: Role::Controlling,
        credentials: Some(local),
        ..Config::default()
    };
    let mut agent = Agent::new(config, [7; 32]);
    agent.add_local_address(now, path(0).local);
    agent.set_remote(now, RemoteParameters::from(remote)).ok()?;
    let candidate = "candidate:1 1 udp 1 10.0.0.2 1000 typ host";
    agent.add_remote_candidate(now, candidate.parse().ok()?).ok()?;
    let mut out = Vec::new();
    agent.poll_transmit(now, &mut out).map(|_| out)
}

fn names() -> &'static [Name] {
    static ALL: OnceLock<Vec<Name>> = OnceLock::new();
    ALL.get_or_init(|| (0..NAMES).filter_map(Name::new).collect())
}

fn path(number: u16) -> Path {
    Path {
        local: SocketAddr::from(([10, 0, 0, 1], 1)),
        remote: SocketAddr::from(([10, 0, 0, 2], 1000 + number)),
    }
}

/// One agent of the model, oldest first.
#[derive(Debug)]
struct Known {
    id: u8,
    ufrags: Vec<usize>,
    paths: Vec<u16>,
}

#[derive(Debug, Default)]
struct Model(Vec<Known>);

impl Model {
    fn of_name(&self, name: usize) -> Option<u8> {
        let found = self.0.iter().find(|known| known.ufrags.contains(&name));
        found.map(|known| known.id)
    }

    fn of_path(&self, path: u16) -> Option<u8> {
        let found = self.0.iter().find(|known| known.paths.contains(&path));
        found.map(|known| known.id)
    }

    fn register(&mut self, name: usize, id: u8) -> bool {
        if self.of_name(name).is_some_and(|owner| owner != id) {
            return false;
        }
        if !self.0.iter().any(|known| known.id == id) {
            self.0.push(Known {
                id,
                ufrags: Vec::new(),
                paths: Vec::new(),
            });
        }
        for known in self.0.iter_mut().filter(|known| known.id == id) {
            // Registered again it is the last one.
            known.ufrags.retain(|earlier| *earlier != name);
            known.ufrags.push(name);
            let surplus = known.ufrags.len().saturating_sub(UFRAGS_KEPT);
            known.ufrags.drain(..surplus);
        }
        true
    }

    fn bind(&mut self, path: u16, id: u8) {
        if !self.0.iter().any(|known| known.id == id) {
            return;
        }
        for known in &mut self.0 {
            known.paths.retain(|bound| *bound != path);
            if known.id == id {
                known.paths.push(path);
                let surplus = known.paths.len().saturating_sub(PATHS_KEPT);
                known.paths.drain(..surplus);
            }
        }
    }
}

fn step(mux: &mut Mux<u8>, model: &mut Model, script: &mut Script<'_>) {
    let op = script.byte();
    let id = op >> 4 & 7;
    let id = id % AGENTS;
    let number = usize::from(script.byte()) % NAMES;
    let place = u16::from(script.byte()) % PATHS;
    let name = names().get(number);
    match (op & 7, name) {
        (0 | 1, Some(name)) => {
            assert_eq!(mux.register(&name.ufrag, id), model.register(number, id));
        }
        (2 | 3, _) => {
            mux.bind(path(place), id);
            model.bind(place, id);
        }
        (4, _) => {
            mux.remove(id);
            model.0.retain(|known| known.id != id);
        }
        (5, Some(name)) => {
            let expected = model.of_name(number).or_else(|| model.of_path(place));
            assert_eq!(mux.route(path(place), &name.request), expected, "a request");
            assert_eq!(mux.route(path(place), &name.response), expected, "a response");
        }
        (6, Some(name)) => {
            // A STUN message with some of its bytes changed is for somebody who is there, or for nobody.
            let mut message = name.request.clone();
            for _ in 0..=script.byte() & 3 {
                let at = usize::from(script.byte()) % message.len().max(1);
                let with = script.byte();
                message.get_mut(at).into_iter().for_each(|byte| *byte ^= with);
            }
            let found = mux.route(path(place), &message);
            assert!(found.is_none_or(|found| model.0.iter().any(|known| known.id == found)));
        }
        (_, _) => {
            let length = usize::from(script.byte());
            let datagram = script.bytes(length);
            let found = mux.route(path(place), datagram);
            if !stun::is_stun(datagram) {
                assert_eq!(found, model.of_path(place), "data");
            }
            assert!(found.is_none_or(|found| model.0.iter().any(|known| known.id == found)));
        }
    }
    assert_eq!(mux.len(), model.0.len());
}

/// Agents that come and go on one port, and datagrams for them.
///
/// # Panics
/// When a law is broken.
pub fn ice_mux(data: &[u8]) {
    assert_eq!(names().len(), NAMES, "every name has its messages");
    let (mut mux, mut model) = (Mux::new(), Model::default());
    let mut script = Script::new(data);
    for _ in 0..400 {
        if script.is_empty() {
            break;
        }
        step(&mut mux, &mut model, &mut script);
    }
    for id in 0..AGENTS {
        mux.remove(id);
    }
    assert!(mux.is_empty());
    for place in 0..PATHS {
        assert_eq!(
            mux.route(path(place), b"\xffdata"),
            None,
            "a path outlived its agent"
        );
    }
    for name in names() {
        assert_eq!(
            mux.route(path(0), &name.request),
            None,
            "a name outlived its agent"
        );
        assert_eq!(
            mux.route(path(0), &name.response),
            None,
            "a tag outlived its agent"
        );
    }
}
