//! Key containers: SubjectPublicKeyInfo (RFC 5280 §4.1.2.7 with RFC 5480, RFC 8410, RFC 3279) and private keys as
//! PKCS#8 (RFC 5958), SEC1 (RFC 5915) or PKCS#1 (RFC 8017 App. A.1.2). Both providers read them here, so that both
//! accept and refuse the same keys and no library guesses what kind of key it was given.

use crate::der::{self, Reader};
use crate::{BadSignature, KeyError, KeyKind, Secret, SignatureScheme};

const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const PRIME256V1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const SECP384R1: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// What an AlgorithmIdentifier of a key says.
#[derive(Debug, PartialEq, Eq)]
enum Algorithm {
    Known(KeyKind),
    Unknown,
}

/// Reads an AlgorithmIdentifier; `None` if it is malformed.
fn algorithm(reader: &mut Reader<'_>) -> Option<Algorithm> {
    let mut identifier = reader.nested(der::SEQUENCE)?;
    let oid = identifier.read(der::OID)?;
    let kind = match oid {
        EC_PUBLIC_KEY => match identifier.optional(der::OID) {
            Some(PRIME256V1) => KeyKind::EcdsaP256,
            Some(SECP384R1) => KeyKind::EcdsaP384,
            _ => return Some(Algorithm::Unknown),
        },
        ED25519 => KeyKind::Ed25519,
        RSA_ENCRYPTION => {
            // RFC 3279 §2.3.1: the parameters are NULL. Some encoders leave them out.
            if identifier
                .optional(der::NULL)
                .is_some_and(|content| !content.is_empty())
            {
                return None;
            }
            KeyKind::Rsa2048
        }
        _ => return Some(Algorithm::Unknown),
    };
    identifier.end()?;
    Some(Algorithm::Known(kind))
}

/// The AlgorithmIdentifier of a kind of key.
fn algorithm_identifier(kind: KeyKind) -> Option<Vec<u8>> {
    let mut content = Vec::with_capacity(24);
    match kind {
        KeyKind::EcdsaP256 | KeyKind::EcdsaP384 => {
            der::write(&mut content, der::OID, &[EC_PUBLIC_KEY])?;
            der::write(
                &mut content,
                der::OID,
                &[if kind == KeyKind::EcdsaP256 {
                    PRIME256V1
                } else {
                    SECP384R1
                }],
            )?;
        }
        KeyKind::Ed25519 => der::write(&mut content, der::OID, &[ED25519])?,
        KeyKind::Rsa2048 => {
            der::write(&mut content, der::OID, &[RSA_ENCRYPTION])?;
            der::write(&mut content, der::NULL, &[])?;
        }
    }
    der::value(der::SEQUENCE, &[&content])
}

/// A public key taken out of its SubjectPublicKeyInfo: an uncompressed point, an Ed25519 key or an RSAPublicKey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey<'a> {
    pub(crate) kind: KeyKind,
    pub(crate) bytes: &'a [u8],
}

impl<'a> PublicKey<'a> {
    /// Reads a SubjectPublicKeyInfo whose key must sign by `scheme`.
    pub(crate) fn for_scheme(scheme: SignatureScheme, spki: &'a [u8]) -> Result<Self, BadSignature> {
        let mut reader = der::read_only(spki, der::SEQUENCE).ok_or(BadSignature::InvalidKey)?;
        let algorithm = algorithm(&mut reader).ok_or(BadSignature::InvalidKey)?;
        if algorithm != Algorithm::Known(scheme.key_kind()) {
            return Err(BadSignature::WrongKey);
        }
        let bytes = reader.bit_string().ok_or(BadSignature::InvalidKey)?;
        reader.end().ok_or(BadSignature::InvalidKey)?;
        let key = Self {
            kind: scheme.key_kind(),
            bytes,
        };
        if key.is_plausible() {
            Ok(key)
        } else {
            Err(BadSignature::InvalidKey)
        }
    }

    /// Length and form are right. RFC 5480 §2.2 permits compressed points; no peer of WebRTC sends them, and TLS
    /// forbids them (RFC 8422 §5.4.1).
    fn is_plausible(self) -> bool {
        match self.kind {
            KeyKind::EcdsaP256 => is_uncompressed_point(self.bytes, 65),
            KeyKind::EcdsaP384 => is_uncompressed_point(self.bytes, 97),
            KeyKind::Ed25519 => self.bytes.len() == 32,
            KeyKind::Rsa2048 => rsa_bits(self.bytes).is_some_and(is_rsa_size),
        }
    }
}

/// Whether these bytes have the form of an uncompressed point; whether it lies on the curve is for the provider.
pub(crate) fn is_uncompressed_point(bytes: &[u8], len: usize) -> bool {
    bytes.len() == len && bytes.first() == Some(&4)
}

/// RSA sizes that are used: smaller ones are not safe, larger ones cost a peer's choice of our time.
pub(crate) fn is_rsa_size(bits: usize) -> bool {
    (2048..=8192).contains(&bits)
}

/// Length in bits of the modulus of an RSAPublicKey.
fn rsa_bits(rsa_public_key: &[u8]) -> Option<usize> {
    let mut reader = der::read_only(rsa_public_key, der::SEQUENCE)?;
    let bits = unsigned_bits(reader.read(der::INTEGER)?)?;
    // An exponent beyond 64 bits is no key in use, and makes verification slow.
    unsigned_bits(reader.read(der::INTEGER)?).filter(|exponent| (2..=33).contains(exponent))?;
    reader.end()?;
    Some(bits)
}

/// Refuses an RSAPrivateKey whose modulus is too small or too large, and keys of more than two primes.
fn check_rsa_private_key(rsa_private_key: &[u8]) -> Result<(), KeyError> {
    let mut reader = der::read_only(rsa_private_key, der::SEQUENCE).ok_or(KeyError::Malformed)?;
    match reader.read(der::INTEGER) {
        Some([0]) => {}
        Some([1]) => return Err(KeyError::Unsupported),
        Some(_) | None => return Err(KeyError::Malformed),
    }
    let bits = reader
        .read(der::INTEGER)
        .and_then(unsigned_bits)
        .ok_or(KeyError::Malformed)?;
    if is_rsa_size(bits) {
        Ok(())
    } else {
        Err(KeyError::Invalid)
    }
}

/// Length in bits of the content of a positive INTEGER.
fn unsigned_bits(content: &[u8]) -> Option<usize> {
    let (first, rest) = content.split_first()?;
    match (first, rest.first()) {
        (0x80.., _) | (0, None | Some(0..=0x7f)) => None,
        (0, Some(_)) => Some(rest.len() * 8),
        (first, _) => Some(content.len() * 8 - usize::try_from(first.leading_zeros()).ok()?),
    }
}

/// Wraps a public key into a SubjectPublicKeyInfo.
pub(crate) fn public_key_info(kind: KeyKind, key: &[u8]) -> Result<Vec<u8>, KeyError> {
    let encode = || {
        let key = der::value(der::BIT_STRING, &[&[0], key])?;
        der::value(der::SEQUENCE, &[&algorithm_identifier(kind)?, &key])
    };
    encode().ok_or(KeyError::Invalid)
}

/// A private key brought into PKCS#8, whatever it came in.
#[derive(Debug)]
pub(crate) struct PrivateKey {
    pub(crate) kind: KeyKind,
    /// PKCS#8 in DER.
    pub(crate) pkcs8: Secret,
    /// What is inside: ECPrivateKey, an Ed25519 seed, or RSAPrivateKey.
    pub(crate) inner: Secret,
    /// The public key that came along: of an Ed25519 key in PKCS#8 version 2.
    pub(crate) public: Option<Vec<u8>>,
}

impl PrivateKey {
    /// Reads a private key in DER.
    pub(crate) fn from_der(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut reader = der::read_only(bytes, der::SEQUENCE).ok_or(KeyError::Malformed)?;
        let version = reader.read(der::INTEGER).ok_or(KeyError::Malformed)?;
        match (reader.peek(), version) {
            (Some(der::SEQUENCE), [0 | 1]) => Self::from_pkcs8(bytes, reader),
            (Some(der::OCTET_STRING), [1]) => Self::from_sec1(bytes, reader),
            (Some(der::INTEGER), [0]) => Self::wrap(KeyKind::Rsa2048, bytes),
            _ => Err(KeyError::Malformed),
        }
    }

    /// Wraps the inner form into PKCS#8 version 1. For Ed25519 this is the OCTET STRING around the seed
    /// (RFC 8410 §7).
    pub(crate) fn wrap(kind: KeyKind, inner: &[u8]) -> Result<Self, KeyError> {
        let encode = || {
            let key = Secret::new(der::value(der::OCTET_STRING, &[inner])?);
            der::value(
                der::SEQUENCE,
                &[&[der::INTEGER, 1, 0], &algorithm_identifier(kind)?, key.as_ref()],
            )
        };
        let pkcs8 = Secret::new(encode().ok_or(KeyError::Malformed)?);
        Self::from_der(pkcs8.as_ref())
    }

    /// RFC 5958 §2, after the version.
    fn from_pkcs8(bytes: &[u8], mut reader: Reader<'_>) -> Result<Self, KeyError> {
        let Algorithm::Known(kind) = algorithm(&mut reader).ok_or(KeyError::Malformed)? else {
            return Err(KeyError::Unsupported);
        };
        let mut inner = reader.read(der::OCTET_STRING).ok_or(KeyError::Malformed)?;
        let _attributes = reader.optional(der::CONTEXT_0);
        let public = reader
            .optional(der::CONTEXT_1_PRIMITIVE)
            .map(|key| key.strip_prefix(&[0]).unwrap_or(key));
        reader.end().ok_or(KeyError::Malformed)?;
        if kind == KeyKind::Ed25519 {
            let mut seed = Reader::new(inner);
            inner = seed
                .read(der::OCTET_STRING)
                .filter(|seed| seed.len() == 32)
                .ok_or(KeyError::Malformed)?;
            seed.end().ok_or(KeyError::Malformed)?;
        }
        if kind == KeyKind::Rsa2048 {
            check_rsa_private_key(inner)?;
        }
        let public = public.map(<[u8]>::to_vec);
        Ok(Self {
            kind,
            pkcs8: Secret::from(bytes),
            inner: Secret::from(inner),
            public,
        })
    }

    /// RFC 5915 §3, after the version. The curve may be left out: the length of the key tells it.
    fn from_sec1(bytes: &[u8], mut reader: Reader<'_>) -> Result<Self, KeyError> {
        let scalar = reader.read(der::OCTET_STRING).ok_or(KeyError::Malformed)?;
        let curve = match reader.optional(der::CONTEXT_0) {
            Some(parameters) => Some(
                Reader::new(parameters)
                    .read(der::OID)
                    .ok_or(KeyError::Malformed)?,
            ),
            None => None,
        };
        let kind = match (curve, scalar.len()) {
            (Some(PRIME256V1), _) | (None, 32) => KeyKind::EcdsaP256,
            (Some(SECP384R1), _) | (None, 48) => KeyKind::EcdsaP384,
            _ => return Err(KeyError::Unsupported),
        };
        Self::wrap(kind, bytes)
    }

    /// The scalar of an ECPrivateKey and the public point, where it came along. The scalar must have the full length
    /// of the curve (RFC 5915 §3).
    pub(crate) fn ec_parts(&self, scalar_len: usize) -> Result<(&[u8], Option<&[u8]>), KeyError> {
        let read = || {
            let mut reader = der::read_only(self.inner.as_ref(), der::SEQUENCE)?;
            reader.read(der::INTEGER).filter(|version| *version == [1])?;
            let scalar = reader
                .read(der::OCTET_STRING)
                .filter(|scalar| scalar.len() == scalar_len)?;
            let _parameters = reader.optional(der::CONTEXT_0);
            let public = match reader.optional(der::CONTEXT_1) {
                Some(content) => Some(Reader::new(content).bit_string()?),
                None => None,
            };
            reader.end()?;
            Some((scalar, public))
        };
        read().ok_or(KeyError::Malformed)
    }

    /// Refuses a key whose own statement of its public key is wrong.
    pub(crate) fn check_public(&self, public: &[u8]) -> Result<(), KeyError> {
        match &self.public {
            Some(stated) if stated != public => Err(KeyError::Invalid),
            Some(_) | None => Ok(()),
        }
    }

    /// Wraps an elliptic-curve scalar and its public point.
    #[cfg(feature = "rust-crypto")]
    pub(crate) fn from_ec_parts(kind: KeyKind, scalar: &[u8], point: &[u8]) -> Result<Self, KeyError> {
        let encode = || {
            let scalar = Secret::new(der::value(der::OCTET_STRING, &[scalar])?);
            let point = der::value(der::CONTEXT_1, &[&der::value(der::BIT_STRING, &[&[0], point])?])?;
            der::value(der::SEQUENCE, &[&[der::INTEGER, 1, 1], scalar.as_ref(), &point])
        };
        Self::wrap(kind, Secret::new(encode().ok_or(KeyError::Invalid)?).as_ref())
    }

    /// Wraps an Ed25519 seed.
    #[cfg(feature = "rust-crypto")]
    pub(crate) fn from_ed25519_seed(seed: &[u8; 32]) -> Result<Self, KeyError> {
        let inner = Secret::new(der::value(der::OCTET_STRING, &[seed]).ok_or(KeyError::Invalid)?);
        Self::wrap(KeyKind::Ed25519, inner.as_ref())
    }
}
