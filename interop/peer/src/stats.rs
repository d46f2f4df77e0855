//! What the matcher is told of a connection.

use serde_json::{Value, json};
use webrtc::PeerConnection;

/// The reply to `stats`.
pub(crate) fn report(pc: &PeerConnection) -> Value {
    let report = pc.stats();
    let transport = report.transport;
    json!({
        "iceState": pc.ice_connection_state().name(),
        "connectionState": pc.connection_state().name(),
        "localUfrag": transport.ice_local_username_fragment,
        "dtlsVersion": transport.tls_version,
        "dtlsCipher": transport.dtls_cipher,
        "localCandidate": transport.selected_candidate_pair.map(|path| path.local.to_string()),
        "remoteCandidate": transport.selected_candidate_pair.map(|path| path.remote.to_string()),
        "bytesSent": transport.bytes_sent,
        "bytesReceived": transport.bytes_received,
        "ignoredCandidates": report.ignored_candidates,
        "sendErrors": report.send_errors,
    })
}
