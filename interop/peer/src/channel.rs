//! One data channel of a connection: what arrives on it, and what is sent.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use webrtc::core::ChannelEvent;
use webrtc::{DataChannel, DataChannelState, Kind, Message, Payload, Reliability};

use crate::Failure;
use crate::check::Check;
use crate::pattern::Pattern;
use crate::request::Request;
use crate::writer::Writer;

/// Bytes of a message that are shown.
const SHOWN: usize = 4096;

/// A channel, and what is expected on it.
#[derive(Debug, Default)]
pub(crate) struct Channel {
    pub(crate) handle: Mutex<Option<DataChannel>>,
    check: Mutex<Option<Check>>,
}

impl Channel {
    pub(crate) fn handle(&self) -> Option<DataChannel> {
        self.handle.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn expect(&self, request: &Request) {
        let pattern = Pattern { seed: request.seed, count: request.count, max: request.max };
        let check = Check::new(pattern, request.ordered.unwrap_or(true), request.lossy);
        *self.check.lock().unwrap_or_else(PoisonError::into_inner) = Some(check);
    }

    pub(crate) fn verdict(&self) -> Result<Value, Failure> {
        let check = self.check.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(check.as_ref().ok_or("nothing is expected there")?.verdict())
    }

    /// What is to be said about a message.
    pub(crate) fn arrived(&self, message: &Message) -> Option<(&'static str, Value)> {
        let is_text = message.kind == Kind::Text;
        let mut check = self.check.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(check) = check.as_mut() {
            return check.receive(&message.data, is_text).then(|| ("verified", check.verdict()));
        }
        let shown = message.data.get(..SHOWN.min(message.data.len())).unwrap_or_default();
        let shown = match message.kind {
            Kind::Text => json!({"text": String::from_utf8_lossy(shown)}),
            Kind::Binary => json!({"hex": to_hex(shown)}),
        };
        Some(("message", shown))
    }
}

/// What the matcher is told about a channel.
pub(crate) fn describe(channel: &DataChannel) -> Value {
    let (retransmits, lifetime) = match channel.reliability() {
        Reliability::Reliable => (None, None),
        Reliability::Retransmits(count) => (Some(count), None),
        Reliability::Lifetime(time) => (None, Some(time.as_millis())),
    };
    json!({
        "label": channel.label(), "ordered": channel.ordered(), "protocol": channel.protocol(),
        "maxRetransmits": retransmits, "maxPacketLifeTime": lifetime,
        "negotiated": channel.negotiated(), "stream": channel.id(),
    })
}

/// Waits until the channel is open, or closed.
pub(crate) async fn report_states(channel: &DataChannel, pc: &str, writer: &Writer) {
    let label = channel.label();
    while let Some(event) = channel.next_event().await {
        match event {
            ChannelEvent::Open => writer.event(pc, "open", describe(channel)),
            ChannelEvent::Closed(reason) => {
                writer.event(pc, "closed", json!({"label": label, "reason": reason.to_string()}));
            }
            _ => {}
        }
    }
}

/// Sends one message.
pub(crate) async fn send(channel: &DataChannel, request: &Request) -> Result<Value, Failure> {
    let payload = match (&request.text, &request.hex) {
        (Some(text), _) => Payload::text(text.as_str()),
        (None, Some(hex)) => Payload::binary(from_hex(hex)?),
        (None, None) => return Err("neither text nor hex".into()),
    };
    channel.send(payload).await?;
    Ok(Value::Null)
}

/// Sends a whole pattern and waits until it has left.
pub(crate) async fn burst(channel: &DataChannel, request: &Request) -> Result<Value, Failure> {
    let pattern = Pattern { seed: request.seed, count: request.count, max: request.max };
    let mut bytes = 0;
    for index in 0..pattern.count {
        let (data, is_text) = pattern.message(index);
        bytes += data.len();
        let kind = if is_text { Kind::Text } else { Kind::Binary };
        channel.send(Payload { kind, data: Bytes::from(data) }).await?;
        if request.gap_ms > 0 && index % 10 == 9 {
            tokio::time::sleep(Duration::from_millis(request.gap_ms)).await;
        }
    }
    while channel.buffered_amount() > 0 && channel.ready_state() == DataChannelState::Open {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(json!({"messages": pattern.count, "bytes": bytes}))
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(hex: &str) -> Result<Vec<u8>, Failure> {
    let digits: Option<Vec<u32>> = hex.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.ok_or("not hexadecimal")?;
    let bytes = digits.chunks_exact(2).map(|pair| match pair {
        [high, low] => u8::try_from(high << 4 | low).unwrap_or_default(),
        _ => 0,
    });
    Ok(bytes.collect())
}
