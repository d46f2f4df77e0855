//! What a client offers (RFC 5246 §7.4.1.2), and what a server chooses from an offer (§7.4.1.3).

use crypto::Group;
use rustls_pki_types::ServerName;

use super::context::{Context, failed, illegal, no_scheme};
use crate::alert::AlertDescription;
use crate::certificate::Certificate;
use crate::config::{Config, ExtendedMasterSecret};
use crate::error::CloseReason;
use crate::handshake::{ClientExtensions, ClientHello, UseSrtp};
use crate::record::header::DTLS_1_2;
use crate::suite::{CipherSuite, choose_signature_scheme, is_classic, offered_signature_schemes};

/// The only point format there is (RFC 8422 §5.1.2).
pub(super) const UNCOMPRESSED: u8 = 0;

impl Context {
    /// The first hello, from the configuration.
    pub(super) fn first_hello(&mut self) -> ClientHello {
        let random = self.random();
        let config = &self.config;
        let use_srtp = (!config.srtp_profiles.is_empty()).then(|| UseSrtp {
            profiles: config
                .srtp_profiles
                .iter()
                .map(|profile| profile.code_point())
                .collect(),
            mki: Vec::new(),
        });
        let provider = &config.provider;
        let groups = config
            .groups
            .iter()
            .filter(|group| is_classic(**group) && provider.supports_group(**group));
        ClientHello {
            version: DTLS_1_2,
            random,
            session_id: Vec::new(),
            cookie: Vec::new(),
            cipher_suites: config
                .cipher_suites
                .iter()
                .filter(|suite| provider.supports_aead(suite.aead()))
                .map(|suite| suite.code_point())
                .collect(),
            compression_methods: vec![0],
            extensions: ClientExtensions {
                server_name: match &config.server_name {
                    // RFC 6066 §3: no literal addresses.
                    Some(ServerName::DnsName(name)) => Some(name.as_ref().to_owned()),
                    Some(_) | None => None,
                },
                supported_groups: Some(groups.map(|group| group.code_point()).collect()),
                point_formats: Some(vec![UNCOMPRESSED]),
                signature_algorithms: Some(offered_signature_schemes(provider)),
                use_srtp,
                protocols: config
                    .alpn
                    .iter()
                    .filter(|name| (1..=255).contains(&name.len()))
                    .cloned()
                    .collect(),
                extended_master_secret: true,
                supported_versions: None,
                renegotiation_info: Some(Vec::new()),
            },
        }
    }
}

/// What the server chose from a ClientHello.
pub(super) struct Choice {
    pub(super) suite: CipherSuite,
    pub(super) group: Group,
    pub(super) protocol: Option<Vec<u8>>,
    pub(super) use_srtp: Option<UseSrtp>,
}

/// Whether a ClientHello can be answered at all.
pub(super) fn check_hello(config: &Config, hello: &ClientHello) -> Result<(), CloseReason> {
    // Versions count down: 1.2 is 0xfefd, 1.0 is 0xfeff. RFC 8446 §4.2.1: supported_versions goes first.
    let old = hello.version >> 8 != 0xfe || hello.version > DTLS_1_2;
    let versions = hello.extensions.supported_versions.as_ref();
    if versions.map_or(old, |versions| !versions.contains(&DTLS_1_2)) {
        return Err(failed(
            AlertDescription::PROTOCOL_VERSION,
            "the client does not speak DTLS 1.2",
        ));
    }
    if !hello.compression_methods.contains(&0) {
        return Err(illegal("the client demands compression"));
    }
    let required = config.extended_master_secret == ExtendedMasterSecret::Required;
    if required && !hello.extensions.extended_master_secret {
        return Err(failed(
            AlertDescription::HANDSHAKE_FAILURE,
            "no extended master secret",
        ));
    }
    // RFC 5746 §3.6: empty in a first handshake.
    if hello
        .extensions
        .renegotiation_info
        .as_ref()
        .is_some_and(|info| !info.is_empty())
    {
        return Err(failed(
            AlertDescription::HANDSHAKE_FAILURE,
            "renegotiation_info is not empty",
        ));
    }
    if hello
        .extensions
        .point_formats
        .as_ref()
        .is_some_and(|formats| !formats.contains(&0))
    {
        return Err(illegal("uncompressed points are not supported"));
    }
    Ok(())
}

pub(super) fn choose(
    config: &Config,
    certificate: &Certificate,
    hello: &ClientHello,
) -> Result<Choice, CloseReason> {
    let extensions = &hello.extensions;
    let kind = certificate.key().kind();
    let suite = config
        .cipher_suites
        .iter()
        .copied()
        .find(|suite| {
            suite.fits(kind)
                && config.provider.supports_aead(suite.aead())
                && hello.cipher_suites.contains(&suite.code_point())
        })
        .ok_or_else(|| failed(AlertDescription::HANDSHAKE_FAILURE, "no common cipher suite"))?;
    // RFC 8422 §4: without the extension any group will do; P-256 is the one everybody has.
    let offered = extensions
        .supported_groups
        .as_deref()
        .unwrap_or(&[Group::Secp256r1 as u16]);
    let group = config
        .groups
        .iter()
        .copied()
        .find(|group| {
            is_classic(*group)
                && config.provider.supports_group(*group)
                && offered.contains(&group.code_point())
        })
        .ok_or_else(|| failed(AlertDescription::HANDSHAKE_FAILURE, "no common group"))?;
    let accepted = extensions.signature_algorithms.as_deref().unwrap_or_default();
    choose_signature_scheme(&**certificate.key(), accepted).ok_or_else(no_scheme)?;
    Ok(Choice {
        suite,
        group,
        protocol: choose_protocol(config, hello)?,
        use_srtp: choose_srtp(config, hello),
    })
}

/// RFC 7301 §3.2: a server with protocols of its own refuses a client that has none of them, unless it was told otherwise.
fn choose_protocol(config: &Config, hello: &ClientHello) -> Result<Option<Vec<u8>>, CloseReason> {
    let offered = &hello.extensions.protocols;
    if offered.is_empty() || config.alpn.is_empty() {
        return Ok(None);
    }
    let chosen = config.alpn.iter().find(|protocol| offered.contains(protocol));
    if chosen.is_none() && config.alpn_required {
        return Err(failed(
            AlertDescription::NO_APPLICATION_PROTOCOL,
            "no common application protocol",
        ));
    }
    Ok(chosen.cloned())
}

/// RFC 5764 §4.1.1: without a common profile there is no extension in the answer, and no SRTP.
fn choose_srtp(config: &Config, hello: &ClientHello) -> Option<UseSrtp> {
    let offered = hello.extensions.use_srtp.as_ref()?;
    let profile = config
        .srtp_profiles
        .iter()
        .find(|profile| offered.profiles.contains(&profile.code_point()))?;
    Some(UseSrtp {
        profiles: vec![profile.code_point()],
        mki: Vec::new(),
    })
}
