//! How a connection comes to its candidates: sockets, their addresses, and servers that are asked (RFC 8445 §5.1.1).

use std::sync::Arc;
use std::time::Instant;

use super::endpoint::Inner;
use super::home::Home;
use super::peer_connection::Owner;
use super::shared::{Shared, State};
use crate::error::Error;

impl Owner {
    /// Another generation begins: what it announces are the addresses that this host has by then.
    pub(super) fn follow_addresses(&self, state: &mut State, now: Instant) -> Result<(), Error> {
        let Some(home) = &mut state.home else {
            return Ok(());
        };
        let _entered = self.runtime.enter();
        for gone in home.follow(&self.settings.gathering)? {
            state.core.remove_local_address(now, gone);
        }
        Ok(())
    }

    /// Opens sockets, or joins the endpoint, when the core wants addresses.
    pub(super) fn gather(&self, state: &mut State, now: Instant) -> Result<(), Error> {
        if state.core.wants_addresses() {
            let home = match state.home.take() {
                Some(home) => home,
                None => self.join()?,
            };
            let home = state.home.insert(home);
            for address in &home.announced {
                state.core.add_local_address(now, *address);
            }
            self.ask_servers(state, now);
        }
        let ufrag = state.core.local_ufrag().to_owned();
        state.register(&ufrag);
        Ok(())
    }

    fn join(&self) -> Result<Home, Error> {
        let gathering = &self.settings.gathering;
        let endpoint = match &self.endpoint {
            Some(endpoint) => Arc::clone(endpoint.inner()),
            None => Inner::private(gathering, self.settings.mtu, &self.runtime)?,
        };
        Ok(Home::new(endpoint, Arc::clone(&self.shared), gathering))
    }

    /// STUN servers with an address are asked at once; names are looked up on the side.
    fn ask_servers(&self, state: &mut State, now: Instant) {
        let servers = &self.configuration.ice_servers;
        let mut names = Vec::new();
        for url in servers.iter().flat_map(|server| &server.urls) {
            let address = url.parse::<stun::Uri>().ok();
            let address = address.filter(|uri| uri.scheme == stun::Scheme::Stun);
            match address.and_then(|uri| uri.socket_addr()) {
                Some(address) => state.core.add_stun_server(now, address, url),
                None => names.push(url.clone()),
            }
        }
        state.look_ups += 1;
        if names.is_empty() {
            state.core.end_local_addresses(now);
        } else {
            self.look_up(names, state.look_ups);
        }
    }

    fn look_up(&self, names: Vec<String>, look_up: u64) {
        let connection = Arc::downgrade(&self.shared);
        self.runtime.spawn(async move {
            ice::look_up_servers(names, |url, found| {
                let connection = connection.upgrade();
                connection.map(|shared| ask(&shared, url, found)).is_some()
            })
            .await;
            if let Some(shared) = connection.upgrade() {
                shared.run(|state, now| state.end_look_up(now, look_up));
            }
        });
    }
}

impl State {
    /// Gathering ends with the last name, unless another generation has begun to look them up.
    fn end_look_up(&mut self, now: Instant, look_up: u64) {
        if self.look_ups == look_up {
            self.core.end_local_addresses(now);
        }
    }
}

fn ask(shared: &Shared, url: &str, found: ice::LookUp) {
    shared.run(|state, now| match found {
        Ok(addresses) => addresses
            .into_iter()
            .for_each(|address| state.core.add_stun_server(now, address, url)),
        Err(reason) => state.core.stun_server_failed(url, &reason.to_string()),
    });
}
