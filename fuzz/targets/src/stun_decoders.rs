//! STUN: everything that reads bytes or text.

use stun::attributes::*;
use stun::{
    Attribute, AttributeType, IntegrityKey, MessageRef, MessageWriter, SecurityFeatures, StreamDecoder, Uri,
};

/// A STUN message, each of its attributes, and the same bytes as a stream.
///
/// # Panics
/// When a law is broken.
pub fn stun_decode(data: &[u8]) {
    stream(data);
    let stun = stun::is_stun(data);
    let Ok(message) = MessageRef::decode(data) else {
        // What has the shape of STUN may still have broken attributes.
        return;
    };
    assert_eq!(stun, data.first().is_some_and(|first| *first < 4));
    read(&message);
    rewrite(&message);
}

fn stream(data: &[u8]) {
    let mut decoder = StreamDecoder::with_max_len(512);
    let mut input = data;
    while let Ok(Some(message)) = decoder.next_message(&mut input) {
        assert!(message.len() <= 512);
    }
}

fn attribute<'a, A: Attribute<'a>>(message: &MessageRef<'a>) {
    // What can be read is written and read again as the same.
    if let Some(Ok(attribute)) = message.attribute::<A>() {
        let mut value = Vec::new();
        attribute.encode(&message.transaction_id(), &mut value);
        assert!(value.len() <= A::MAX_LEN);
    }
    assert!(message.all::<A>().count() <= message.as_bytes().len() / 4);
}

macro_rules! all {
    ($message:ident: $($attribute:ty),* $(,)?) => { $(attribute::<$attribute>($message);)* };
}

fn read(message: &MessageRef<'_>) {
    all!(message: MappedAddress, ChangeRequest, Username<'_>, ErrorCode<'_>, UnknownAttributes<'_>, ChannelNumber,
        Lifetime, XorPeerAddress, Data<'_>, Realm<'_>, Nonce<'_>, XorRelayedAddress, RequestedAddressFamily, EvenPort,
        RequestedTransport, DontFragment, AccessToken<'_>, PasswordAlgorithm, Userhash, XorMappedAddress,
        ReservationToken, Priority, UseCandidate, Padding<'_>, ResponsePort, ConnectionId, AdditionalAddressFamily,
        AddressErrorCode<'_>, PasswordAlgorithms<'_>, AlternateDomain<'_>, Icmp, Software<'_>, AlternateServer,
        TransactionTransmitCounter, IceControlled, IceControlling, ResponseOrigin, OtherAddress,
        ThirdPartyAuthorization<'_>, MobilityTicket<'_>);
    if let Some(Ok(list)) = message.attribute::<PasswordAlgorithms<'_>>() {
        let _ = (list.numbers().count(), list.first_known());
    }
    if let Some(Ok(list)) = message.attribute::<UnknownAttributes<'_>>() {
        let _ = list.iter().count();
    }
    let _ = message.nonce().and_then(SecurityFeatures::of_nonce);
    let _ = (
        message.mapped_address(),
        message.unknown_comprehension_required().count(),
        format!("{message:?}"),
    );
    let key = IntegrityKey::short_term(&crypto::Provider::default(), "password");
    let _ = (message.check_fingerprint(), message.check_integrity(&key));
    let _ = message.check_integrity_sha256_truncated(&key, 16);
}

/// The attributes that count, written again, are the same attributes.
fn rewrite(message: &MessageRef<'_>) {
    let closing = [
        AttributeType::MESSAGE_INTEGRITY,
        AttributeType::MESSAGE_INTEGRITY_SHA256,
        AttributeType::FINGERPRINT,
    ];
    let key = IntegrityKey::short_term(&crypto::Provider::default(), "password");
    let kept = || message.attributes().filter(|raw| !closing.contains(&raw.ty));
    let mut out = Vec::new();
    let mut writer = MessageWriter::new(
        &mut out,
        message.class(),
        message.method(),
        message.transaction_id(),
    );
    kept().for_each(|raw| {
        writer.raw(raw.ty, raw.value);
    });
    if writer
        .integrity(&key)
        .integrity_sha256(&key)
        .fingerprint()
        .finish()
        == 0
    {
        assert!(message.as_bytes().len() > 65_000);
        return;
    }
    let again = MessageRef::decode(&out);
    assert!(again.is_ok_and(|again| {
        let same = kept().map(|raw| (raw.ty, raw.value)).eq(again
            .attributes()
            .map(|raw| (raw.ty, raw.value))
            .take(kept().count()));
        same && again.check_fingerprint()
            && again.check_integrity(&key).is_ok()
            && again.check_integrity_sha256(&key).is_ok()
    }));
}

/// URIs, and the preparation of names and passwords.
///
/// # Panics
/// When a law is broken.
pub fn stun_text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(uri) = text.parse::<Uri>() {
        assert_eq!(uri.to_string().parse(), Ok(uri), "what is written is read");
    }
    if let Ok(prepared) = stun::opaque_string(text) {
        assert_eq!(
            stun::opaque_string(&prepared).as_deref(),
            Ok(&*prepared),
            "RFC 8264 §10.4: stable"
        );
    }
    let _ = stun::prepare_password(text);
}
