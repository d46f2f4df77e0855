//! One data channel of the matcher's.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use webrtc::{DataChannel, DataChannelState, Kind, Message, Payload, Reliability};

use crate::connection::Voice;
use crate::pattern::{Checker, Pattern};
use crate::protocol::{Failure, Request, with};

/// So much of a message is shown to the matcher.
const SHOWN: usize = 4096;

/// A channel, and what is expected on it.
#[derive(Debug)]
pub(crate) struct Channel {
    channel: DataChannel,
    checker: Mutex<Option<Checker>>,
    voice: Voice,
}

impl Channel {
    /// Takes a channel over: what it receives goes to the matcher or its checker.
    pub(crate) fn new(channel: DataChannel, voice: Voice) -> Arc<Self> {
        let this = Arc::new(Self {
            channel,
            checker: Mutex::default(),
            voice,
        });
        tokio::spawn(Arc::clone(&this).listen());
        this
    }

    /// Its name.
    pub(crate) fn label(&self) -> String {
        self.channel.label()
    }

    async fn listen(self: Arc<Self>) {
        if self.channel.opened().await {
            self.voice.tell("open", describe(&self.channel));
        }
        while let Some(message) = self.channel.recv().await {
            self.take(&message);
        }
        let reason = self.channel.close_reason().map(|reason| format!("{reason:?}"));
        self.voice
            .tell("closed", json!({"label": self.label(), "reason": reason}));
    }

    fn take(&self, message: &Message) {
        let mut guard = self.checker();
        let Some(checker) = guard.as_mut() else {
            let (key, body) = show(message);
            self.voice
                .tell("message", json!({"label": self.label(), key: body}));
            return;
        };
        if checker.receive(message.kind, &message.data) {
            let verdict = with(checker.verdict(), [("label", json!(self.label()))]);
            self.voice.tell("verified", verdict);
        }
    }

    fn checker(&self) -> MutexGuard<'_, Option<Checker>> {
        self.checker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves everything that does not take long.
    pub(crate) fn answer(&self, request: &Request) -> Result<Value, Failure> {
        match request.op.as_str() {
            "send" => self.channel.try_send(payload(request)?)?,
            "expect" => {
                *self.checker() = Some(Checker::new(
                    pattern(request),
                    request.ordered.unwrap_or(true),
                    request.lossy,
                ));
            }
            "verdict" => {
                return self
                    .checker()
                    .as_ref()
                    .map(Checker::verdict)
                    .ok_or_else(|| "nothing is expected".into());
            }
            "close" => self.channel.close(),
            other => return Err(format!("no operation {other}").into()),
        }
        Ok(json!({}))
    }

    /// Sends a pattern and waits until all of it has left.
    pub(crate) async fn burst(&self, request: &Request) -> Result<Value, Failure> {
        let pattern = pattern(request);
        let gap = Duration::from_millis(request.gap_ms);
        let mut bytes = 0;
        for index in 0..pattern.count {
            let (kind, data) = pattern.message(index);
            bytes += data.len();
            self.channel.send(Payload { kind, data }).await?;
            if !gap.is_zero() && index % 10 == 9 {
                tokio::time::sleep(gap).await;
            }
        }
        while self.channel.buffered_amount() > 0 && self.channel.ready_state() == DataChannelState::Open {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(json!({"messages": pattern.count, "bytes": bytes}))
    }
}

const fn pattern(request: &Request) -> Pattern {
    Pattern {
        seed: request.seed,
        count: request.count,
        max: request.max,
    }
}

/// What the matcher is told of a channel.
pub(crate) fn describe(channel: &DataChannel) -> Value {
    let (mut retransmits, mut life_time) = (None, None);
    match channel.reliability() {
        Reliability::Reliable => {}
        Reliability::Retransmits(limit) => retransmits = Some(limit),
        Reliability::Lifetime(limit) => life_time = Some(limit.as_millis()),
    }
    json!({
        "label": channel.label(), "ordered": channel.ordered(), "protocol": channel.protocol(),
        "maxRetransmits": retransmits, "maxPacketLifeTime": life_time,
        "negotiated": channel.negotiated(), "stream": channel.id(),
    })
}

fn show(message: &Message) -> (&'static str, String) {
    match message.kind {
        Kind::Text => {
            let text = String::from_utf8_lossy(&message.data);
            ("text", text.chars().take(SHOWN).collect())
        }
        Kind::Binary => (
            "hex",
            message
                .data
                .iter()
                .take(SHOWN)
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        ),
    }
}

fn payload(request: &Request) -> Result<Payload, Failure> {
    if let Some(text) = &request.text {
        return Ok(Payload::text(text.as_str()));
    }
    let digits = request.hex.as_deref().ok_or("neither text nor hex")?;
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap_or("?"), 16);
    let bytes: Result<Vec<u8>, _> = digits.as_bytes().chunks(2).map(byte).collect();
    Ok(Payload::binary(bytes?))
}
