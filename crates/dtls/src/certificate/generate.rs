//! Self-signed X.509 certificates (RFC 5280 §4.1).
//!
//! They carry BasicConstraints: without an extension a certificate is version 1, which WebPKI verifiers refuse.

use std::net::IpAddr;
use std::time::Duration;

use crypto::{KeyKind, Provider, SignatureScheme, SigningKey};
use der::asn1::{Any, BitString, GeneralizedTime, Ia5String, OctetString, UtcTime, Utf8StringRef};
use der::oid::{AssociatedOid, ObjectIdentifier};
use der::{Decode, Encode, Sequence};
use rustls_pki_types::{AlgorithmIdentifier, CertificateDer, UnixTime, alg_id};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, SubjectAltName};
use x509_cert::name::{RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};

use super::CertificateError;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// X.509 version 3.
const VERSION_3: u8 = 2;

/// What goes into a self-signed certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateParameters {
    /// The kind of key. Default: ECDSA on P-256, which every WebRTC peer verifies (RFC 8827 §6.5).
    pub kind: KeyKind,
    /// Subject and issuer. Default: `WebRTC`, so that certificates tell nothing about who made them.
    pub common_name: String,
    /// DNS names and IP addresses for peers that verify names. Default: none.
    pub subject_alt_names: Vec<String>,
    /// The beginning of its validity; take it a day back, for peers whose clocks are slow.
    pub not_before: UnixTime,
    /// The end of its validity.
    pub not_after: UnixTime,
}

impl CertificateParameters {
    /// Defaults with this validity.
    pub fn new(not_before: UnixTime, not_after: UnixTime) -> Self {
        Self {
            kind: KeyKind::EcdsaP256,
            common_name: "WebRTC".to_owned(),
            subject_alt_names: Vec::new(),
            not_before,
            not_after,
        }
    }
}

/// RFC 5280 §4.1.2
#[derive(Sequence)]
struct TbsCertificate {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    version: u8,
    serial_number: SerialNumber,
    signature: AlgorithmIdentifierOwned,
    issuer: RdnSequence,
    validity: Validity,
    subject: RdnSequence,
    subject_public_key_info: SubjectPublicKeyInfoOwned,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT")]
    extensions: Vec<Extension>,
}

/// RFC 5280 §4.1.1
#[derive(Sequence)]
struct SignedCertificate {
    tbs_certificate: TbsCertificate,
    signature_algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

pub(super) fn self_signed(
    provider: &Provider,
    parameters: &CertificateParameters,
    key: &dyn SigningKey,
) -> Result<CertificateDer<'static>, CertificateError> {
    let (scheme, identifier) = signature_algorithm(key.kind());
    let tbs_certificate =
        to_be_signed(provider, parameters, key, identifier).map_err(|_| CertificateError::Name)?;
    let message = tbs_certificate.to_der().map_err(|_| CertificateError::Name)?;
    let signature = key.sign(scheme, &message)?;
    let certificate = SignedCertificate {
        signature_algorithm: tbs_certificate.signature.clone(),
        signature: BitString::from_bytes(&signature).map_err(|_| CertificateError::Malformed)?,
        tbs_certificate,
    };
    Ok(CertificateDer::from(
        certificate.to_der().map_err(|_| CertificateError::Malformed)?,
    ))
}

fn signature_algorithm(kind: KeyKind) -> (SignatureScheme, AlgorithmIdentifier) {
    match kind {
        KeyKind::EcdsaP256 => (SignatureScheme::EcdsaP256Sha256, alg_id::ECDSA_SHA256),
        KeyKind::EcdsaP384 => (SignatureScheme::EcdsaP384Sha384, alg_id::ECDSA_SHA384),
        KeyKind::Ed25519 => (SignatureScheme::Ed25519, alg_id::ED25519),
        KeyKind::Rsa2048 => (SignatureScheme::RsaPkcs1Sha256, alg_id::RSA_PKCS1_SHA256),
    }
}

fn to_be_signed(
    provider: &Provider,
    parameters: &CertificateParameters,
    key: &dyn SigningKey,
    identifier: AlgorithmIdentifier,
) -> der::Result<TbsCertificate> {
    let mut serial = [0; 16];
    provider.random(&mut serial);
    // Positive and not zero (§4.1.2.2).
    if let Some(first) = serial.first_mut() {
        *first = *first & 0x7f | 0x40;
    }
    let name = common_name(&parameters.common_name)?;
    let mut extensions = vec![extension(
        true,
        &BasicConstraints {
            ca: false,
            path_len_constraint: None,
        },
    )?];
    if !parameters.subject_alt_names.is_empty() {
        let names = parameters.subject_alt_names.iter().map(|name| general_name(name));
        extensions.push(extension(
            false,
            &SubjectAltName(names.collect::<der::Result<_>>()?),
        )?);
    }
    Ok(TbsCertificate {
        version: VERSION_3,
        serial_number: SerialNumber::new(&serial)?,
        signature: AlgorithmIdentifierOwned::from_der(&super::der::algorithm(identifier))?,
        issuer: name.clone(),
        validity: Validity::new(time(parameters.not_before)?, time(parameters.not_after)?),
        subject: name,
        subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(key.public_key_info())?,
        extensions,
    })
}

fn common_name(name: &str) -> der::Result<RdnSequence> {
    let value = Any::encode_from(&Utf8StringRef::new(name)?)?;
    let attribute = AttributeTypeAndValue {
        oid: COMMON_NAME,
        value,
    };
    let part = RelativeDistinguishedName::try_from(vec![attribute])?;
    Ok(RdnSequence::from(vec![part]))
}

fn general_name(name: &str) -> der::Result<GeneralName> {
    Ok(match name.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => GeneralName::IpAddress(OctetString::new(address.octets())?),
        Ok(IpAddr::V6(address)) => GeneralName::IpAddress(OctetString::new(address.octets())?),
        Err(_) => GeneralName::DnsName(Ia5String::new(name)?),
    })
}

fn extension<E: Encode + AssociatedOid>(critical: bool, content: &E) -> der::Result<Extension> {
    Ok(Extension {
        extn_id: E::OID,
        critical,
        extn_value: OctetString::new(content.to_der()?)?,
    })
}

/// UTCTime to the end of 2049, GeneralizedTime beyond (§4.1.2.5).
fn time(at: UnixTime) -> der::Result<Time> {
    let at = Duration::from_secs(at.as_secs());
    match UtcTime::from_unix_duration(at) {
        Ok(time) => Ok(Time::UtcTime(time)),
        Err(_) => GeneralizedTime::from_unix_duration(at).map(Time::GeneralTime),
    }
}

/// The end of a Validity in DER.
pub(super) fn expires(validity: &[u8]) -> Option<UnixTime> {
    let validity: Validity = Validity::from_der(validity).ok()?;
    Some(UnixTime::since_unix_epoch(validity.not_after.to_unix_duration()))
}
