//! Hello extensions (RFC 5246 §7.4.1.4, RFC 6066 §3, RFC 8422 §5.1, RFC 7301, RFC 5764 §4.1.1, RFC 7627 §5.1,
//! RFC 5746 §3.2, RFC 8446 §4.2.1).
//!
//! Unknown extensions – GREASE and those of later versions among them – are skipped. A known one that is malformed, or
//! any one that comes twice, makes the hello invalid.

use crate::codec::{DecodeError, Reader, put_u16, put_vector};

const SERVER_NAME: u16 = 0;
const SUPPORTED_GROUPS: u16 = 10;
const EC_POINT_FORMATS: u16 = 11;
const SIGNATURE_ALGORITHMS: u16 = 13;
const USE_SRTP: u16 = 14;
const ALPN: u16 = 16;
const EXTENDED_MASTER_SECRET: u16 = 23;
const SUPPORTED_VERSIONS: u16 = 43;
const RENEGOTIATION_INFO: u16 = 0xff01;

/// The `use_srtp` extension.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UseSrtp {
    /// Registered numbers of profiles: the client's offer, or the server's one choice.
    pub profiles: Vec<u16>,
    /// The master key identifier; WebRTC has none (RFC 8827 §6.5).
    pub mki: Vec<u8>,
}

impl UseSrtp {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let profiles = reader.vector16_of_u16()?;
        Ok(Self {
            profiles,
            mki: reader.vector8()?.to_vec(),
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_vector::<2>(out, |out| {
            self.profiles.iter().for_each(|profile| put_u16(out, *profile))
        });
        put_vector::<1>(out, |out| out.extend_from_slice(&self.mki));
    }
}

/// Calls `each` with the type and the content of every extension.
///
/// No extensions at all is valid: TLS 1.2 lets a hello end before their length.
fn for_each_extension<'a>(
    reader: &mut Reader<'a>,
    mut each: impl FnMut(u16, &mut Reader<'a>) -> Result<bool, DecodeError>,
) -> Result<Vec<u16>, DecodeError> {
    let mut types = Vec::new();
    if reader.is_empty() {
        return Ok(types);
    }
    let mut list = Reader::new(reader.vector16()?);
    while !list.is_empty() {
        let extension_type = list.u16()?;
        let mut content = Reader::new(list.vector16()?);
        types.push(extension_type);
        if each(extension_type, &mut content)? {
            content.finish()?;
        }
    }
    let mut sorted = types.clone();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(reader.error("extension sent twice"));
    }
    Ok(types)
}

fn put_extension(out: &mut Vec<u8>, extension_type: u16, content: impl FnOnce(&mut Vec<u8>)) {
    put_u16(out, extension_type);
    put_vector::<2>(out, content);
}

fn put_list_of_u16(out: &mut Vec<u8>, extension_type: u16, list: &[u16]) {
    put_extension(out, extension_type, |out| {
        put_vector::<2>(out, |out| list.iter().for_each(|value| put_u16(out, *value)));
    });
}

fn put_protocols<'a>(out: &mut Vec<u8>, protocols: impl IntoIterator<Item = &'a Vec<u8>>) {
    put_extension(out, ALPN, |out| {
        put_vector::<2>(out, |out| {
            for protocol in protocols {
                put_vector::<1>(out, |out| out.extend_from_slice(protocol));
            }
        });
    });
}

fn put_server_name(out: &mut Vec<u8>, name: &str) {
    put_extension(out, SERVER_NAME, |out| {
        put_vector::<2>(out, |out| {
            out.push(0);
            put_vector::<2>(out, |out| out.extend_from_slice(name.as_bytes()));
        });
    });
}

fn decode_protocols(reader: &mut Reader<'_>) -> Result<Vec<Vec<u8>>, DecodeError> {
    let mut list = Reader::new(reader.vector16()?);
    let mut protocols = Vec::new();
    while !list.is_empty() {
        let protocol = list.vector8()?;
        if protocol.is_empty() {
            return Err(reader.error("empty protocol name"));
        }
        protocols.push(protocol.to_vec());
    }
    Ok(protocols)
}

/// The DNS name in a server_name list; other kinds of names are skipped (RFC 6066 §3).
fn decode_server_name(reader: &mut Reader<'_>) -> Result<Option<String>, DecodeError> {
    let mut list = Reader::new(reader.vector16()?);
    let mut found = None;
    while !list.is_empty() {
        let name_type = list.u8()?;
        let name = list.vector16()?;
        if name_type == 0 && found.is_none() {
            let name = std::str::from_utf8(name).map_err(|_| reader.error("server name is no text"))?;
            found = Some(name.to_owned());
        }
    }
    Ok(found)
}

/// What a ClientHello's extensions say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientExtensions {
    /// The name of the server the client wants.
    pub server_name: Option<String>,
    /// Groups for the key exchange, preferred first.
    pub supported_groups: Option<Vec<u16>>,
    /// Point formats; 0 is the uncompressed one.
    pub point_formats: Option<Vec<u8>>,
    /// Signature schemes the client verifies, preferred first.
    pub signature_algorithms: Option<Vec<u16>>,
    /// SRTP protection profiles.
    pub use_srtp: Option<UseSrtp>,
    /// Application protocols, preferred first.
    pub protocols: Vec<Vec<u8>>,
    /// Whether the extended master secret is offered.
    pub extended_master_secret: bool,
    /// Versions, from clients that also speak DTLS 1.3.
    pub supported_versions: Option<Vec<u16>>,
    /// Content of renegotiation_info: empty in a first handshake.
    pub renegotiation_info: Option<Vec<u8>>,
}

impl ClientExtensions {
    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut found = Self::default();
        for_each_extension(reader, |extension_type, content| {
            match extension_type {
                SERVER_NAME => found.server_name = decode_server_name(content)?,
                SUPPORTED_GROUPS => found.supported_groups = Some(content.vector16_of_u16()?),
                EC_POINT_FORMATS => found.point_formats = Some(content.vector8()?.to_vec()),
                SIGNATURE_ALGORITHMS => found.signature_algorithms = Some(content.vector16_of_u16()?),
                USE_SRTP => found.use_srtp = Some(UseSrtp::decode(content)?),
                ALPN => found.protocols = decode_protocols(content)?,
                EXTENDED_MASTER_SECRET => found.extended_master_secret = true,
                SUPPORTED_VERSIONS => {
                    let (versions, _) = content.vector8()?.as_chunks::<2>();
                    found.supported_versions =
                        Some(versions.iter().copied().map(u16::from_be_bytes).collect());
                }
                RENEGOTIATION_INFO => found.renegotiation_info = Some(content.vector8()?.to_vec()),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(found)
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        put_vector::<2>(out, |out| {
            if let Some(info) = &self.renegotiation_info {
                put_extension(out, RENEGOTIATION_INFO, |out| {
                    put_vector::<1>(out, |out| out.extend_from_slice(info));
                });
            }
            if let Some(name) = &self.server_name {
                put_server_name(out, name);
            }
            if self.extended_master_secret {
                put_extension(out, EXTENDED_MASTER_SECRET, |_| {});
            }
            if let Some(groups) = &self.supported_groups {
                put_list_of_u16(out, SUPPORTED_GROUPS, groups);
            }
            if let Some(formats) = &self.point_formats {
                put_extension(out, EC_POINT_FORMATS, |out| {
                    put_vector::<1>(out, |out| out.extend_from_slice(formats));
                });
            }
            if let Some(schemes) = &self.signature_algorithms {
                put_list_of_u16(out, SIGNATURE_ALGORITHMS, schemes);
            }
            self.encode_applications(out);
        });
    }

    fn encode_applications(&self, out: &mut Vec<u8>) {
        if let Some(use_srtp) = &self.use_srtp {
            put_extension(out, USE_SRTP, |out| use_srtp.encode(out));
        }
        if !self.protocols.is_empty() {
            put_protocols(out, &self.protocols);
        }
        if let Some(versions) = &self.supported_versions {
            put_extension(out, SUPPORTED_VERSIONS, |out| {
                put_vector::<1>(out, |out| {
                    versions.iter().for_each(|version| put_u16(out, *version))
                });
            });
        }
    }
}

/// What a ServerHello's extensions say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerExtensions {
    /// Every type that was there, so that a client can refuse what it did not offer.
    pub types: Vec<u16>,
    /// The chosen point formats.
    pub point_formats: Option<Vec<u8>>,
    /// The chosen SRTP protection profile.
    pub use_srtp: Option<UseSrtp>,
    /// The chosen application protocol.
    pub protocol: Option<Vec<u8>>,
    /// Whether the extended master secret is used.
    pub extended_master_secret: bool,
    /// Content of renegotiation_info: empty in a first handshake.
    pub renegotiation_info: Option<Vec<u8>>,
}

impl ServerExtensions {
    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut found = Self::default();
        let types = for_each_extension(reader, |extension_type, content| {
            match extension_type {
                EC_POINT_FORMATS => found.point_formats = Some(content.vector8()?.to_vec()),
                USE_SRTP => {
                    let chosen = UseSrtp::decode(content)?;
                    if chosen.profiles.len() != 1 {
                        return Err(content.error("not exactly one SRTP profile"));
                    }
                    found.use_srtp = Some(chosen);
                }
                ALPN => {
                    let mut chosen = decode_protocols(content)?.into_iter();
                    match (chosen.next(), chosen.next()) {
                        (Some(only), None) => found.protocol = Some(only),
                        (None | Some(_), _) => return Err(content.error("not exactly one protocol")),
                    }
                }
                EXTENDED_MASTER_SECRET => found.extended_master_secret = true,
                RENEGOTIATION_INFO => found.renegotiation_info = Some(content.vector8()?.to_vec()),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        found.types = types;
        Ok(found)
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        put_vector::<2>(out, |out| {
            if let Some(info) = &self.renegotiation_info {
                put_extension(out, RENEGOTIATION_INFO, |out| {
                    put_vector::<1>(out, |out| out.extend_from_slice(info));
                });
            }
            if self.extended_master_secret {
                put_extension(out, EXTENDED_MASTER_SECRET, |_| {});
            }
            if let Some(formats) = &self.point_formats {
                put_extension(out, EC_POINT_FORMATS, |out| {
                    put_vector::<1>(out, |out| out.extend_from_slice(formats));
                });
            }
            if let Some(use_srtp) = &self.use_srtp {
                put_extension(out, USE_SRTP, |out| use_srtp.encode(out));
            }
            if let Some(protocol) = &self.protocol {
                put_protocols(out, [protocol]);
            }
        });
    }

    /// The first extension that `offer` did not ask for (RFC 5246 §7.4.1.4: a client must refuse it).
    pub(crate) fn unsolicited(&self, offer: &ClientExtensions) -> Option<u16> {
        self.types
            .iter()
            .copied()
            .find(|extension_type| match *extension_type {
                SERVER_NAME => offer.server_name.is_none(),
                EC_POINT_FORMATS => offer.point_formats.is_none(),
                USE_SRTP => offer.use_srtp.is_none(),
                ALPN => offer.protocols.is_empty(),
                EXTENDED_MASTER_SECRET => !offer.extended_master_secret,
                RENEGOTIATION_INFO => offer.renegotiation_info.is_none(),
                _ => true,
            })
    }
}
