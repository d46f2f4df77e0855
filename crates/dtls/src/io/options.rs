//! Configurations for plain use: a client of a named server, a server with a certificate.

use std::sync::Arc;

use rustls_pki_types::{CertificateDer, InvalidDnsNameError, PrivateKeyDer, ServerName};

use crate::certificate::{Certificate, CertificateError, PeerVerification};
use crate::config::{ClientAuth, Config};

/// A client that verifies the name and the chain of the server it connects to.
///
/// ```
/// let config = dtls::ClientConfig::new("turn.example.org")?.with_webpki_roots();
/// assert!(dtls::ClientConfig::new("no such name!").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Everything else that can be set.
    pub config: Config,
}

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
impl ClientConfig {
    /// For the server of this name: a DNS name or an IP address. No authority is trusted yet.
    ///
    /// # Errors
    /// When it is neither.
    pub fn new(server_name: &str) -> Result<Self, InvalidDnsNameError> {
        let server_name = Some(ServerName::try_from(server_name.to_owned())?);
        Ok(Self {
            config: Config {
                server_name,
                verify: PeerVerification::WebPki(Arc::new([])),
                ..Config::default()
            },
        })
    }
}

impl ClientConfig {
    /// Trusts the authorities that Mozilla trusts.
    #[must_use]
    pub fn with_webpki_roots(mut self) -> Self {
        self.config.verify = PeerVerification::webpki_roots();
        self
    }

    /// Trusts these authorities only.
    ///
    /// # Errors
    /// When one of the certificates cannot be read.
    pub fn with_authorities<'a>(
        mut self,
        certificates: impl IntoIterator<Item = &'a CertificateDer<'a>>,
    ) -> Result<Self, CertificateError> {
        self.config.verify = PeerVerification::authorities(certificates)?;
        Ok(self)
    }

    /// Shows this certificate to a server that asks for one.
    #[must_use]
    pub fn with_certificate(mut self, certificate: Certificate) -> Self {
        self.config.certificate = Some(certificate);
        self
    }
}

impl From<ClientConfig> for Arc<Config> {
    fn from(client: ClientConfig) -> Self {
        Self::new(client.config)
    }
}

/// A server with a certificate, which asks its clients for none and demands cookies.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Everything else that can be set.
    pub config: Config,
}

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
impl ServerConfig {
    /// With this chain, the server's certificate first, and its private key.
    ///
    /// # Errors
    /// When one of them is malformed or they do not belong together.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: &PrivateKeyDer<'_>,
    ) -> Result<Self, CertificateError> {
        let config = Config::default();
        let certificate = Certificate::from_der(&config.provider, chain, key)?;
        Ok(Self::with_certificate(certificate))
    }

    /// With a certificate that exists already.
    pub fn with_certificate(certificate: Certificate) -> Self {
        Self {
            config: Config {
                certificate: Some(certificate),
                cookies: true,
                ..Config::default()
            },
        }
    }
}

impl ServerConfig {
    /// Demands a certificate of every client, from these authorities.
    ///
    /// # Errors
    /// When one of the certificates cannot be read.
    pub fn with_client_authorities<'a>(
        mut self,
        certificates: impl IntoIterator<Item = &'a CertificateDer<'a>>,
    ) -> Result<Self, CertificateError> {
        self.config.verify = PeerVerification::authorities(certificates)?;
        self.config.client_auth = ClientAuth::Require;
        Ok(self)
    }
}

impl From<ServerConfig> for Arc<Config> {
    fn from(server: ServerConfig) -> Self {
        Self::new(server.config)
    }
}
