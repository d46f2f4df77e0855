//! Many agents on one UDP port: which one a datagram is for.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use stun::{AttributeType, MessageRef};

use crate::core::transaction_tag;
use crate::event::Path;

/// How many paths one agent may have bound.
const MAX_PATHS: usize = 16;

/// How many username fragments one agent may have registered: the present one, and those before restarts.
const MAX_UFRAGS: usize = 4;

/// Routes the datagrams of one socket to many agents, each in constant time.
///
/// A STUN request goes by the local fragment in its USERNAME, a STUN response by its transaction identifier
/// (agents of this crate put a tag of their fragment into it), everything else by the path on which the agent's
/// peer has proven itself ([`Event::PathValidated`](crate::Event::PathValidated)).
///
/// ```
/// use ice::{Mux, Path};
///
/// let mut mux = Mux::new();
/// mux.register("Yx4a", 7);
/// let path = Path { local: "10.0.0.1:3478".parse()?, remote: "192.0.2.1:999".parse()? };
/// assert_eq!(mux.route(path, b"media"), None);
/// mux.bind(path, 7);
/// assert_eq!(mux.route(path, b"media"), Some(7));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Mux<Id> {
    ufrags: HashMap<Box<str>, Id>,
    tags: HashMap<[u8; 4], Id>,
    paths: HashMap<Path, Id>,
    agents: HashMap<Id, Names>,
}

/// What one agent is known by, oldest first.
#[derive(Clone, Debug, Default)]
struct Names {
    ufrags: Vec<Box<str>>,
    paths: Vec<Path>,
}

impl<Id> Default for Mux<Id> {
    fn default() -> Self {
        Self {
            ufrags: HashMap::new(),
            tags: HashMap::new(),
            paths: HashMap::new(),
            agents: HashMap::new(),
        }
    }
}

impl<Id: Copy + Eq + Hash> Mux<Id> {
    /// A mux without agents.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many agents are known.
    pub fn len(&self) -> usize {
        self.agents.len()
    }

    /// Whether no agent is known.
    pub fn is_empty(&self) -> bool {
        self.agents.is_empty()
    }

    /// Routes a local username fragment to an agent: for each generation when it begins. An agent keeps its last
    /// four. False when the fragment belongs to another agent.
    pub fn register(&mut self, ufrag: &str, id: Id) -> bool {
        match self.ufrags.entry(ufrag.into()) {
            Entry::Occupied(known) if *known.get() != id => return false,
            Entry::Occupied(_) => {}
            Entry::Vacant(free) => {
                free.insert(id);
            }
        }
        self.tags.insert(transaction_tag(ufrag), id);
        let names = self.agents.entry(id).or_default();
        // A generation that is in force again is the last one.
        names.ufrags.retain(|known| **known != *ufrag);
        names.ufrags.push(ufrag.into());
        if names.ufrags.len() > MAX_UFRAGS {
            let oldest = names.ufrags.remove(0);
            self.forget_ufrag(&oldest, id);
        }
        true
    }

    /// Routes a path to an agent, once its peer has proven itself there. An agent keeps its last sixteen.
    pub fn bind(&mut self, path: Path, id: Id) {
        let Some(names) = self.agents.get_mut(&id) else {
            return;
        };
        if let Some(at) = names.paths.iter().position(|known| *known == path) {
            names.paths.remove(at);
        }
        names.paths.push(path);
        let oldest = if names.paths.len() > MAX_PATHS {
            Some(names.paths.remove(0))
        } else {
            None
        };
        if let Some(other) = self.paths.insert(path, id).filter(|other| *other != id)
            && let Some(names) = self.agents.get_mut(&other)
        {
            names.paths.retain(|known| *known != path);
        }
        if let Some(oldest) = oldest {
            self.paths.remove(&oldest);
        }
    }

    /// Forgets an agent.
    pub fn remove(&mut self, id: Id) {
        let Some(names) = self.agents.remove(&id) else {
            return;
        };
        for ufrag in &names.ufrags {
            self.forget_ufrag(ufrag, id);
        }
        for path in &names.paths {
            self.paths.remove(path);
        }
    }

    fn forget_ufrag(&mut self, ufrag: &str, id: Id) {
        self.ufrags.remove(ufrag);
        if let Entry::Occupied(tag) = self.tags.entry(transaction_tag(ufrag))
            && *tag.get() == id
        {
            tag.remove();
        }
    }

    /// The agent that a datagram is for.
    #[inline]
    pub fn route(&self, path: Path, datagram: &[u8]) -> Option<Id> {
        if !stun::is_stun(datagram) {
            return self.paths.get(&path).copied();
        }
        self.route_stun(path, datagram)
    }

    fn route_stun(&self, path: Path, datagram: &[u8]) -> Option<Id> {
        let message = MessageRef::decode(datagram).ok()?;
        if message.class().is_response() {
            let id = message.transaction_id();
            let tag = id.as_bytes().first_chunk::<4>()?;
            return self.tags.get(tag).or_else(|| self.paths.get(&path)).copied();
        }
        let username = message
            .raw(AttributeType::USERNAME)
            .and_then(|raw| std::str::from_utf8(raw.value).ok());
        let ours = username.and_then(|username| username.split(':').next());
        ours.and_then(|ours| self.ufrags.get(ours))
            .or_else(|| self.paths.get(&path))
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stun::attributes::Username;
    use stun::{Class, MessageWriter, Method};

    fn path(n: u16) -> Path {
        Path {
            local: "10.0.0.1:1".parse().unwrap(),
            remote: ([10, 0, 0, 2], n).into(),
        }
    }

    fn request(ufrag: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let username = format!("{ufrag}:theirs");
        MessageWriter::new(&mut out, Class::Request, Method::BINDING, [7; 12].into())
            .attribute(&Username(&username))
            .fingerprint()
            .finish();
        out
    }

    fn response(ufrag: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let mut id = [7; 12];
        id[..4].copy_from_slice(&transaction_tag(ufrag));
        MessageWriter::new(&mut out, Class::SuccessResponse, Method::BINDING, id.into())
            .fingerprint()
            .finish();
        out
    }

    #[test]
    fn requests_go_by_fragment_responses_by_tag_and_data_by_path() {
        let mut mux = Mux::new();
        assert!(mux.register("aaaa", 1) && mux.register("bbbb", 2));
        assert_eq!(mux.route(path(1), &request("bbbb")), Some(2));
        assert_eq!(mux.route(path(1), &response("aaaa")), Some(1));
        assert_eq!(mux.route(path(1), b"\xffdata"), None);
        mux.bind(path(1), 1);
        assert_eq!(mux.route(path(1), b"\xffdata"), Some(1));
        // A fragment says more than an address that a NAT has given to somebody else since.
        assert_eq!(mux.route(path(1), &request("bbbb")), Some(2));
        assert_eq!(mux.route(path(1), &request("unknown")), Some(1));
        mux.bind(path(1), 2);
        assert_eq!(mux.route(path(1), b"\xffdata"), Some(2));
        mux.remove(1);
        assert_eq!(mux.route(path(1), b"\xffdata"), Some(2));
        assert_eq!(mux.route(path(3), &request("aaaa")), None);
        assert_eq!(mux.route(path(3), &response("aaaa")), None);
        mux.remove(2);
        assert!(mux.is_empty() && mux.paths.is_empty() && mux.tags.is_empty() && mux.ufrags.is_empty());
    }

    #[test]
    fn a_fragment_belongs_to_one_agent() {
        let mut mux = Mux::new();
        assert!(mux.register("aaaa", 1));
        assert!(mux.register("aaaa", 1));
        assert!(!mux.register("aaaa", 2));
        assert_eq!(mux.len(), 1);
    }

    #[test]
    fn a_generation_in_force_again_outlives_those_between() {
        let mut mux = Mux::new();
        for n in 0..20 {
            mux.register("before", 1);
            mux.register(&format!("restart{n}"), 1);
        }
        assert_eq!(mux.ufrags.len(), MAX_UFRAGS);
        assert!(mux.ufrags.contains_key("before"));
        // The restart that stays is not the first to go.
        mux.register("before", 1);
        mux.register("next", 1);
        mux.register("after", 1);
        assert!(mux.ufrags.contains_key("before"));
    }

    #[test]
    fn what_one_agent_may_have_is_bounded() {
        let mut mux = Mux::new();
        for n in 0..100_u16 {
            mux.register(&format!("ufrag{n}"), 1);
            mux.bind(path(n), 1);
        }
        assert_eq!(
            (mux.ufrags.len(), mux.tags.len(), mux.paths.len()),
            (MAX_UFRAGS, MAX_UFRAGS, MAX_PATHS)
        );
        assert_eq!(mux.route(path(99), b"\xff"), Some(1));
        assert_eq!(mux.route(path(0), b"\xff"), None);
        // Nobody binds for an agent that is not there.
        mux.bind(path(500), 9);
        assert_eq!(mux.route(path(500), b"\xff"), None);
    }
}
