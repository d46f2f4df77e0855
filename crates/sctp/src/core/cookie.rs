//! The state cookie, RFC 9260 §5.1.3: what COOKIE ECHO must bring back to make an association, under a MAC.
//!
//! Its MAC is HMAC-SHA-256 cut to 128 bits under a key that exists only in this association. Tie-Tags are present only when
//! there was an association already, which keeps INIT ACK within three times the length of the shortest INIT.

use super::peer::PeerInit;
use crate::tsn::Tsn;
use bytes::BufMut;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

type HmacSha256 = Hmac<Sha256>;

const MAC_LEN: usize = 16;
const PLAIN_LEN: usize = 32;
const TIED_LEN: usize = PLAIN_LEN + 8;

/// What a cookie carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cookie {
    /// The tag this end gave in INIT ACK.
    pub(super) local_tag: u32,
    /// The first TSN this end gave in INIT ACK.
    pub(super) local_tsn: Tsn,
    /// The peer's side, from its INIT.
    pub(super) peer: PeerInit,
    /// When it was made, in milliseconds since the association's first call.
    pub(super) created: u32,
    /// Local and peer's tag of the association that existed then.
    pub(super) tie_tags: Option<(u32, u32)>,
}

/// Makes and checks cookies.
#[derive(Clone)]
pub(super) struct CookieKey([u8; 32]);

impl std::fmt::Debug for CookieKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CookieKey")
    }
}

impl CookieKey {
    pub(super) const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    fn mac(&self, bytes: &[u8]) -> Option<HmacSha256> {
        let mut mac = HmacSha256::new_from_slice(&self.0).ok()?;
        mac.update(bytes);
        Some(mac)
    }

    /// Appends the cookie.
    pub(super) fn write(&self, cookie: &Cookie, out: &mut Vec<u8>) {
        let start = out.len();
        out.put_u32(cookie.local_tag);
        out.put_u32(cookie.local_tsn.0);
        cookie.peer.encode(out);
        out.put_u32(cookie.created);
        if let Some((local, peer)) = cookie.tie_tags {
            out.put_u32(local);
            out.put_u32(peer);
        }
        let tag = out.get(start..).and_then(|plain| self.mac(plain));
        let tag = tag.map(|mac| mac.finalize().into_bytes());
        out.extend_from_slice(
            tag.as_ref()
                .and_then(|tag| tag.get(..MAC_LEN))
                .unwrap_or(&[0; MAC_LEN]),
        );
    }

    /// The content of a cookie that this key made; `None` for any other bytes.
    pub(super) fn open(&self, bytes: &[u8]) -> Option<Cookie> {
        let (plain, tag) = bytes.split_at_checked(bytes.len().checked_sub(MAC_LEN)?)?;
        if plain.len() != PLAIN_LEN && plain.len() != TIED_LEN {
            return None;
        }
        self.mac(plain)?.verify_truncated_left(tag).ok()?;
        let (words, _) = plain.as_chunks::<4>();
        let word = |index: usize| words.get(index).map(|word| u32::from_be_bytes(*word));
        let peer = plain.get(8..8 + PeerInit::LEN)?;
        Some(Cookie {
            local_tag: word(0)?,
            local_tsn: Tsn(word(1)?),
            peer: PeerInit::decode(peer.try_into().ok()?),
            created: word(7)?,
            tie_tags: word(8).zip(word(9)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie(tie_tags: Option<(u32, u32)>) -> Cookie {
        Cookie {
            local_tag: 0x0102_0304,
            local_tsn: Tsn(5),
            peer: PeerInit {
                tag: 6,
                a_rwnd: 7,
                outbound_streams: 8,
                inbound_streams: 9,
                initial_tsn: Tsn(10),
                forward_tsn: true,
                reconfig: false,
            },
            created: 11,
            tie_tags,
        }
    }

    #[test]
    fn a_cookie_comes_back_whole_and_nothing_else_does() {
        let key = CookieKey::new([7; 32]);
        for tie_tags in [None, Some((12, 13))] {
            let mut bytes = Vec::new();
            key.write(&cookie(tie_tags), &mut bytes);
            assert_eq!(bytes.len(), if tie_tags.is_some() { 56 } else { 48 });
            assert_eq!(key.open(&bytes), Some(cookie(tie_tags)));
            for end in 0..bytes.len() {
                assert_eq!(key.open(&bytes[..end]), None, "cut to {end}");
            }
            for index in 0..bytes.len() {
                let mut forged = bytes.clone();
                forged[index] ^= 0x10;
                assert_eq!(key.open(&forged), None, "byte {index} changed");
            }
            assert_eq!(CookieKey::new([8; 32]).open(&bytes), None, "another key");
        }
    }
}
