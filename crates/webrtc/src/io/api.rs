//! Where connections come from: everything that they have in common.

use std::sync::Arc;

use super::endpoint::{Endpoint, current_runtime};
use super::events::{EventQueue, Events};
use super::peer_connection::PeerConnection;
use super::shared::Shared;
use crate::configuration::Configuration;
use crate::core::{self, MediaEngine};
use crate::error::Error;
use crate::registry::Registry;
use crate::setting_engine::SettingEngine;

/// Makes connections that share settings and, if one is given, an [`Endpoint`]. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Api {
    settings: Arc<SettingEngine>,
    media: Arc<MediaEngine>,
    registry: Arc<Registry>,
    endpoint: Option<Endpoint>,
}

/// Collects what an [`Api`] is made of; see [`Api::builder`].
#[derive(Debug, Default)]
pub struct ApiBuilder {
    settings: SettingEngine,
    media: MediaEngine,
    registry: Registry,
    endpoint: Option<Endpoint>,
}

impl ApiBuilder {
    /// Settings below the W3C configuration. Default: [`SettingEngine::default`].
    #[must_use]
    pub fn setting_engine(mut self, settings: SettingEngine) -> Self {
        self.settings = settings;
        self
    }

    /// Codecs and header extensions. Default: [`MediaEngine::default`], those of browsers.
    #[must_use]
    pub fn media_engine(mut self, media: MediaEngine) -> Self {
        self.media = media;
        self
    }

    /// Interceptors that stand between the network and the tracks. Default: those that WebRTC needs.
    #[must_use]
    pub fn interceptor_registry(mut self, registry: Registry) -> Self {
        self.registry = registry;
        self
    }

    /// One endpoint for every connection. Default: each connection has sockets of its own.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    /// The finished [`Api`].
    #[must_use]
    pub fn build(self) -> Api {
        Api {
            settings: Arc::new(self.settings),
            media: Arc::new(self.media),
            registry: Arc::new(self.registry),
            endpoint: self.endpoint,
        }
    }
}

impl Api {
    /// Begins with defaults.
    #[must_use]
    pub fn builder() -> ApiBuilder {
        ApiBuilder::default()
    }

    /// Makes a connection and the stream of its events. Needs a tokio runtime, which drives it.
    ///
    /// # Errors
    ///
    /// [`Error::IceServer`] for a URL that cannot be used, [`Error::Certificate`] for a certificate that cannot,
    /// [`Error::Io`] without a runtime.
    pub fn new_peer_connection(
        &self,
        configuration: Configuration,
    ) -> Result<(PeerConnection, Events), Error> {
        let runtime = current_runtime()?;
        let mut urls = configuration.ice_servers.iter().flat_map(|server| &server.urls);
        if let Some(url) = urls.find(|url| url.parse::<stun::Uri>().is_err()) {
            return Err(Error::IceServer(url.clone()));
        }
        let mut seed = [0; 32];
        self.settings.provider.random(&mut seed);
        let core = core::PeerConnection::new(&configuration, Arc::clone(&self.settings), seed)?
            .with_media_engine(Arc::clone(&self.media))
            .with_interceptor_registry(Arc::clone(&self.registry));
        let queue = Arc::new(EventQueue::default());
        let shared = Arc::new(Shared::new(core, Arc::clone(&queue)));
        let events = Events::new(queue, Arc::downgrade(&shared));
        let settings = Arc::clone(&self.settings);
        let connection = PeerConnection::new(shared, configuration, settings, runtime, self.endpoint.clone());
        Ok((connection, events))
    }
}
