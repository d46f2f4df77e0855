//! Requests, replies and events as JSON lines.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::{Value, json};

/// What goes wrong, in words.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A line from the matcher: the union of what the operations take.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    pub(crate) id: u64,
    pub(crate) op: String,
    #[serde(default)]
    pub(crate) pc: String,
    #[serde(default)]
    pub(crate) sdp: String,
    #[serde(default)]
    pub(crate) candidate: String,
    pub(crate) sdp_mid: Option<String>,
    #[serde(rename = "sdpMLineIndex")]
    pub(crate) sdp_m_line_index: Option<u16>,
    pub(crate) label: Option<String>,
    #[serde(default)]
    pub(crate) protocol: String,
    pub(crate) ordered: Option<bool>,
    pub(crate) max_retransmits: Option<u16>,
    pub(crate) max_packet_life_time: Option<u16>,
    pub(crate) negotiated: Option<u16>,
    pub(crate) text: Option<String>,
    pub(crate) hex: Option<String>,
    #[serde(default)]
    pub(crate) seed: u32,
    #[serde(default)]
    pub(crate) count: u32,
    #[serde(default)]
    pub(crate) max: u32,
    #[serde(default)]
    pub(crate) gap_ms: u64,
    #[serde(default)]
    pub(crate) lossy: bool,
    #[serde(default)]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) codecs: Vec<String>,
    #[serde(default)]
    pub(crate) rids: Vec<String>,
    pub(crate) rid: Option<String>,
    /// Header extensions are preferred in encrypted form.
    #[serde(default)]
    pub(crate) encrypt: bool,
    /// Every so many datagrams of media one is lost, in each direction.
    pub(crate) loss: Option<u64>,
}

impl Request {
    /// The label of the channel that the request is about.
    pub(crate) fn label(&self) -> Result<&str, Failure> {
        self.label.as_deref().ok_or_else(|| "no label".into())
    }
}

/// Standard output, a line at a time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Output(Arc<Mutex<()>>);

impl Output {
    /// Writes the reply to a request.
    pub(crate) fn reply(&self, id: u64, result: Result<Value, Failure>) {
        let line = match result {
            Ok(value) => with(value, [("id", json!(id)), ("ok", json!(true))]),
            Err(error) => json!({"id": id, "ok": false, "error": chain(error.as_ref())}),
        };
        self.write(&line);
    }

    /// Writes one line. Where nobody reads any more, nobody misses it.
    pub(crate) fn write(&self, line: &Value) {
        let _guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stdout = std::io::stdout().lock();
        drop(writeln!(stdout, "{line}").and_then(|()| stdout.flush()));
    }
}

/// An error and what is behind it.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// An object with more members.
pub(crate) fn with<const N: usize>(mut value: Value, members: [(&str, Value); N]) -> Value {
    if let Some(object) = value.as_object_mut() {
        object.extend(members.map(|(key, member)| (key.to_owned(), member)));
    }
    value
}
