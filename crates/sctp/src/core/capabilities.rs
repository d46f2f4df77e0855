//! The parameters of INIT and INIT ACK: what this end can do, and what it does not know, RFC 9260 §3.2.1 and §5.1.

use crate::codec::{ChunkKind, InitRef, Padding, ParamKind, write_param};

/// Unrecognised parameters reported back, in bytes.
const MAX_REPORT: usize = 256;

/// The extensions of this crate: RFC 3758 by its own parameter, and both chunks in the list of RFC 5061 §4.2.7.
pub(super) fn write_capabilities(out: &mut Vec<u8>) -> Padding {
    write_param(out, ParamKind::FORWARD_TSN_SUPPORTED, |_| {});
    write_param(out, ParamKind::SUPPORTED_EXTENSIONS, |out| {
        out.extend_from_slice(&[ChunkKind::RE_CONFIG.0, ChunkKind::FORWARD_TSN.0]);
    })
}

/// Parameters that mean something to this end or may be ignored in silence.
const fn is_recognized(kind: ParamKind) -> bool {
    matches!(
        kind,
        ParamKind::IPV4_ADDRESS
            | ParamKind::IPV6_ADDRESS
            | ParamKind::STATE_COOKIE
            | ParamKind::UNRECOGNIZED
            | ParamKind::COOKIE_PRESERVATIVE
            | ParamKind::SUPPORTED_ADDRESS_TYPES
            | ParamKind::SUPPORTED_EXTENSIONS
            | ParamKind::FORWARD_TSN_SUPPORTED
    )
}

/// Appends what INIT or INIT ACK had and this end does not know, as far as it wants to be reported (§3.2.1, §3.2.2).
/// Returns the padding of the last report if there is one.
pub(super) fn report_unrecognized(init: &InitRef<'_>, out: &mut Vec<u8>) -> Option<Padding> {
    let start = out.len();
    let mut padding = None;
    for param in init.params().flatten().filter(|param| !is_recognized(param.kind)) {
        let action = param.kind.unknown_action();
        if action.reports() && out.len() - start + 4 + param.encoded_len() <= MAX_REPORT {
            padding = Some(write_param(out, ParamKind::UNRECOGNIZED, |out| {
                param.copy_to(out)
            }));
        }
        if action.stops() {
            break;
        }
    }
    padding
}
