//! What other keys leave as it was.

use std::time::{Duration, Instant};

use interceptor::Ecn;

use super::super::{Keys, Protection, RtpTransport, Setup};
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

#[test]
fn counters_go_on_with_other_keys() {
    let now = Instant::now();
    let registry = Registry::default();
    let protection = Protection {
        replay_window: 64,
        cryptex: false,
    };
    let setup = Setup {
        protection,
        unix: Duration::ZERO,
        cname: "me",
        seed: [1; 32],
        registry: &registry,
    };
    let mut rtp = RtpTransport::new(now, &keys(1), &setup).unwrap();
    for (key, rejected) in [(1, 0), (2, 1)] {
        // What the peer protects with the first keys is good until there are others.
        let (_, mut peer) = protection.contexts(&keys(1)).unwrap();
        let mut packet = vec![0x80, 96, 0, key, 0, 0, 0, 0, 0, 0, 0, 7, 1, 2, 3];
        peer.protect_rtp(&mut packet, 0).unwrap();
        rtp.handle_input(now, Ecn::NotEct, &mut packet);
        let told = rtp.stats();
        assert_eq!((told.packets_received, told.unsignalled), (1, 1));
        assert_eq!((told.rejected, told.rejections.bad_tag), (rejected, rejected));
        rtp.use_keys(&keys(2)).unwrap();
        assert_eq!(rtp.stats(), told);
    }
}
