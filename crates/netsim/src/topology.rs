//! Who is where: interfaces of hosts, and the realms (address spaces) they are attached to. The public internet is a
//! realm; behind each NAT there is another.

use crate::link::{Link, LinkState};
use crate::nat::{Nat, NatState};
use crate::network::NodeId;
use std::collections::HashMap;
use std::net::IpAddr;

/// An address space: the internet, or what is behind a NAT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Realm(pub(crate) usize);

/// The realm that exists from the start.
pub const INTERNET: Realm = Realm(0);

/// An interface of a host: one IP address, with a link each way to its realm.
#[derive(Debug)]
pub(crate) struct Interface {
    pub(crate) node: NodeId,
    pub(crate) realm: Realm,
    pub(crate) outbound: LinkState,
    pub(crate) inbound: LinkState,
}

/// The way out of a realm.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) outer: Realm,
    pub(crate) nat: NatState,
    pub(crate) outbound: LinkState,
    pub(crate) inbound: LinkState,
}

/// Where an address leads, seen from within a realm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// To a host here.
    Interface(usize),
    /// Into the realm behind a NAT whose outer address it is.
    Into(Realm),
    /// Out through this realm's NAT.
    Out,
    Nowhere,
}

#[derive(Debug)]
pub(crate) struct Topology {
    interfaces: Vec<Interface>,
    /// Per realm: its gateway. The internet has none.
    realms: Vec<Option<Gateway>>,
    hosts: HashMap<(Realm, IpAddr), usize>,
    nats: HashMap<(Realm, IpAddr), Realm>,
    by_node: HashMap<(NodeId, IpAddr), usize>,
}

impl Topology {
    pub(crate) fn new() -> Self {
        Self {
            interfaces: Vec::new(),
            realms: vec![None],
            hosts: HashMap::new(),
            nats: HashMap::new(),
            by_node: HashMap::new(),
        }
    }

    /// Adds an interface unless the realm has the address already.
    pub(crate) fn add_interface(&mut self, node: NodeId, realm: Realm, address: IpAddr, link: Link) -> bool {
        if self.hosts.contains_key(&(realm, address)) || self.nats.contains_key(&(realm, address)) {
            return false;
        }
        let index = self.interfaces.len();
        let (outbound, inbound) = (LinkState::new(link), LinkState::new(Link::default()));
        self.interfaces.push(Interface {
            node,
            realm,
            outbound,
            inbound,
        });
        self.hosts.insert((realm, address), index);
        self.by_node.insert((node, address), index);
        true
    }

    pub(crate) fn add_nat(&mut self, outer: Realm, addresses: &[IpAddr], nat: Nat) -> Realm {
        let inner = Realm(self.realms.len());
        let nat = NatState::new(nat, addresses.to_vec());
        let (outbound, inbound) = (LinkState::new(Link::default()), LinkState::new(Link::default()));
        self.realms.push(Some(Gateway {
            outer,
            nat,
            outbound,
            inbound,
        }));
        for address in addresses {
            self.nats.insert((outer, *address), inner);
        }
        inner
    }

    /// Takes an address from a host and gives it another one in the same place.
    pub(crate) fn change_address(&mut self, node: NodeId, old: IpAddr, new: IpAddr) -> bool {
        let Some(index) = self.by_node.remove(&(node, old)) else {
            return false;
        };
        let Some(realm) = self.interfaces.get(index).map(|interface| interface.realm) else {
            return false;
        };
        self.hosts.remove(&(realm, old));
        self.hosts.insert((realm, new), index);
        self.by_node.insert((node, new), index);
        true
    }

    pub(crate) fn interface_of(&mut self, node: NodeId, address: IpAddr) -> Option<&mut Interface> {
        let index = *self.by_node.get(&(node, address))?;
        self.interfaces.get_mut(index)
    }

    pub(crate) fn interface(&mut self, index: usize) -> Option<&mut Interface> {
        self.interfaces.get_mut(index)
    }

    pub(crate) fn gateway(&mut self, realm: Realm) -> Option<&mut Gateway> {
        self.realms.get_mut(realm.0)?.as_mut()
    }

    pub(crate) fn next(&self, realm: Realm, address: IpAddr) -> Next {
        if let Some(index) = self.hosts.get(&(realm, address)) {
            return Next::Interface(*index);
        }
        if let Some(inner) = self.nats.get(&(realm, address)) {
            return Next::Into(*inner);
        }
        match self.realms.get(realm.0) {
            Some(Some(_)) => Next::Out,
            Some(None) | None => Next::Nowhere,
        }
    }
}
