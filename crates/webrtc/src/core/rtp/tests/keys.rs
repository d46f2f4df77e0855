//! What other keys leave as it was.

use std::time::{Duration, Instant};

use interceptor::Ecn;

use super::super::{Keys, Protection, RtpTransport, Setup};
use super::{MID, section};
use crate::core::media::NegotiatedMedia;
use crate::registry::Registry;

fn keys(byte: u8) -> Keys {
    let profile = srtp::Profile::AeadAes128Gcm;
    let key = srtp::MasterKey::new(&vec![byte; profile.key_len()], &vec![byte; profile.salt_len()]);
    Keys {
        profile,
        provider: crypto::Provider::default(),
        outbound: key.clone(),
        inbound: key,
    }
}

const PROTECTION: Protection = Protection {
    replay_window: 64,
    replay_protection: [true; 2],
    cryptex: false,
};

fn transport(now: Instant) -> RtpTransport {
    let setup = Setup {
        protection: PROTECTION,
        unix: Duration::ZERO,
        cname: "me",
        seed: [1; 32],
        registry: &Registry::default(),
    };
    RtpTransport::new(now, &keys(1), &setup).unwrap()
}

#[test]
fn counters_go_on_with_other_keys() {
    let now = Instant::now();
    let mut rtp = transport(now);
    for (key, rejected) in [(1, 0), (2, 1)] {
        // What the peer protects with the first keys is good until there are others.
        let (_, mut peer) = PROTECTION.contexts(&keys(1)).unwrap();
        let mut packet = vec![0x80, 96, 0, key, 0, 0, 0, 0, 0, 0, 0, 7, 1, 2, 3];
        peer.protect_rtp(&mut packet, 0).unwrap();
        rtp.handle_input(now, Ecn::NotEct, &mut packet);
        let told = rtp.stats();
        assert_eq!((told.packets_received, told.unsignalled), (1, 1));
        assert_eq!((told.rejected, told.rejections.bad_tag), (rejected, rejected));
        rtp.use_keys(now, &keys(2)).unwrap();
        assert_eq!(rtp.stats(), told);
    }
}

/// Two sections that differ by their MIDs alone, which are encrypted or not.
fn media(is_encrypted: bool) -> NegotiatedMedia {
    let mut sections = vec![section(0, &[]), section(1, &[])];
    for section in &mut sections {
        section.receive.truncate(1);
        section.extensions[0].is_encrypted = is_encrypted;
    }
    NegotiatedMedia {
        sections,
        ..NegotiatedMedia::default()
    }
}

/// An exchange may change which extensions are encrypted while keys and numbers go on, and other keys change nothing of it.
#[test]
fn extensions_are_read_in_the_form_that_the_last_exchange_agreed_on() {
    let now = Instant::now();
    let mut rtp = transport(now);
    let mut peer = PROTECTION.contexts(&keys(1)).unwrap().1;
    let send = |rtp: &mut RtpTransport, peer: &mut srtp::Outbound, ssrc: u8| {
        // MID "b", by which a stream that nobody has named finds its section.
        let extension = [0xbe, 0xde, 0, 1, MID << 4, b'b', 0, 0];
        let mut packet = [&[0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, ssrc][..], &extension, &[1]].concat();
        peer.protect_rtp(&mut packet, 0).unwrap();
        rtp.handle_input(now, Ecn::NotEct, &mut packet);
        (rtp.stats().packets_received, rtp.stats().unsignalled)
    };
    rtp.apply(now, &media(false), PROTECTION);
    assert_eq!(send(&mut rtp, &mut peer, 1), (1, 0));
    peer.set_encrypted_extensions(&[MID]);
    assert_eq!(send(&mut rtp, &mut peer, 2), (2, 1), "this test needs two forms");
    rtp.apply(now, &media(true), PROTECTION);
    assert_eq!(send(&mut rtp, &mut peer, 3), (3, 1));
    rtp.use_keys(now, &keys(2)).unwrap();
    let mut peer = PROTECTION.contexts(&keys(2)).unwrap().1;
    peer.set_encrypted_extensions(&[MID]);
    assert_eq!(send(&mut rtp, &mut peer, 4), (4, 1));
    rtp.apply(now, &media(false), PROTECTION);
    peer.set_encrypted_extensions(&[]);
    assert_eq!(send(&mut rtp, &mut peer, 5), (5, 1));
}
