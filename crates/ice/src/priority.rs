//! Priorities of candidates and pairs (RFC 8445 §5.1.2, §6.1.2.3; RFC 8421 for dual stack).

use std::net::IpAddr;

use crate::candidate::CandidateKind;

/// RFC 8445 §5.1.2: the highest priority a candidate may have.
const MAX_PRIORITY: u32 = 0x7fff_ffff;

/// RFC 8445 §5.1.2.1, for component 1.
pub(crate) const fn candidate_priority(kind: CandidateKind, local_preference: u16) -> u32 {
    ((kind.preference() as u32) << 24) | ((local_preference as u32) << 8) | 255
}

/// RFC 8445 §6.1.2.3: `2^32*MIN(G,D) + 2*MAX(G,D) + (G>D?1:0)`.
pub(crate) fn pair_priority(controlling: u32, controlled: u32) -> u64 {
    // §5.1.2: a priority lies between 1 and 2^31 - 1; larger ones on the wire would overflow the sum.
    let (g, d) = (
        u64::from(controlling.min(MAX_PRIORITY)),
        u64::from(controlled.min(MAX_PRIORITY)),
    );
    (g.min(d) << 32) + 2 * g.max(d) + u64::from(g > d)
}

/// How many candidates of one kind a base may have: the step between the preferences of two bases.
pub(crate) const PER_BASE: u16 = 32;

/// The local preference of the `index`-th address of its family, of which there are 256 at most.
///
/// RFC 8421 §4: the families take turns, IPv6 first, so that a broken family costs one check, not all of
/// them. Addresses that rarely lead anywhere (loopback, link-local) come behind all others.
pub(crate) fn local_preference(address: IpAddr, index: u16) -> u16 {
    let turn = index.min(255) * 2 + u16::from(address.is_ipv4());
    let class = match address {
        _ if address.is_loopback() => 2,
        IpAddr::V4(v4) if v4.is_link_local() => 1,
        IpAddr::V6(v6) if v6.is_unicast_link_local() => 1,
        IpAddr::V4(_) | IpAddr::V6(_) => 0,
    };
    u16::MAX - (class * 512 + turn) * PER_BASE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidate_priorities_follow_the_formula() {
        // RFC 8839 §5.1's examples: 2130706431 for a sole host candidate, 1694498815 for its reflexive one.
        assert_eq!(candidate_priority(CandidateKind::Host, 65535), 2_130_706_431);
        assert_eq!(
            candidate_priority(CandidateKind::ServerReflexive, 65535),
            1_694_498_815
        );
        assert_eq!(
            candidate_priority(CandidateKind::PeerReflexive, 65535),
            1_862_270_975
        );
        assert_eq!(candidate_priority(CandidateKind::Relay, 65535), 16_777_215);
    }

    #[test]
    fn pair_priorities_follow_the_formula() {
        assert_eq!(pair_priority(1, 2), (1 << 32) + 4);
        assert_eq!(pair_priority(2, 1), (1 << 32) + 5);
        assert_eq!(pair_priority(7, 7), (7 << 32) + 14);
        assert_eq!(
            pair_priority(u32::MAX, u32::MAX),
            pair_priority(0x7fff_ffff, 0x7fff_ffff)
        );
    }

    #[test]
    fn families_take_turns_and_odd_addresses_come_last() {
        let order = [
            ("2001:db8::1", 0),
            ("10.0.0.1", 0),
            ("2001:db8::2", 1),
            ("10.0.0.2", 1),
            ("10.0.0.3", 255),
            ("169.254.0.1", 0),
            ("169.254.0.2", 255),
            ("::1", 0),
            ("127.0.0.1", 0),
        ];
        let values: Vec<_> = order
            .iter()
            .map(|(ip, n)| local_preference(ip.parse().unwrap(), *n))
            .collect();
        // Between two of them there is room for all candidates of a base.
        assert!(values.is_sorted_by(|a, b| a - b >= PER_BASE), "{values:?}");
        assert!(local_preference("127.0.0.1".parse().unwrap(), u16::MAX) >= PER_BASE);
    }
}
