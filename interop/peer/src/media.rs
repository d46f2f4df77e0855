//! Tracks: whatever arrives on a transceiver goes back on it, and the peer's requests for key frames go the other way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use webrtc::{
    MediaEngine, MediaKind, PeerConnection, RtpCodec, RtpEvent, RtpTransceiver, RtpTransceiverInit, TrackInfo,
};

use crate::echo::Echo;
use crate::protocol::{Failure, Request};

/// The tracks of one connection.
#[derive(Debug, Default)]
pub(crate) struct Tracks(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    by_label: HashMap<String, RtpTransceiver>,
    echoes: Vec<(RtpTransceiver, Arc<Mutex<Echo>>)>,
}

impl Tracks {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves what concerns media.
    pub(crate) fn answer(&self, pc: &PeerConnection, request: &Request) -> Result<Value, Failure> {
        match request.op.as_str() {
            "track" => self.add(pc, request)?,
            "untrack" => pc.remove_track(&self.find(request)?)?,
            "stop" => self.find(request)?.stop()?,
            "swap" => {
                let transceiver = self.find(request)?;
                let kind = transceiver.kind().ok_or("the transceiver is gone")?;
                transceiver.replace_track(Some(&info(request.label()?, kind, "swapped")))?;
                transceiver.begin_source();
            }
            "layer" => {
                let transceiver = self.find(request)?;
                let rid = request.rid.as_deref().ok_or("no rid")?;
                lock(&self.echo(&transceiver)).select(rid);
            }
            "media" => return Ok(self.report(pc)),
            other => return Err(format!("no operation {other}").into()),
        }
        Ok(json!({}))
    }

    fn add(&self, pc: &PeerConnection, request: &Request) -> Result<(), Failure> {
        let label = request.label()?;
        let kind = match request.kind.as_str() {
            "audio" => MediaKind::Audio,
            "video" => MediaKind::Video,
            other => return Err(format!("no kind {other:?}").into()),
        };
        let track = info(label, kind, "echo");
        let transceiver = if request.rids.is_empty() {
            pc.add_track(&track, &["echo".to_owned()])?
        } else {
            let init = RtpTransceiverInit {
                stream_ids: vec!["echo".to_owned()],
                receive_rids: request.rids.clone(),
                ..RtpTransceiverInit::default()
            };
            pc.add_transceiver(track, init)?
        };
        if !request.codecs.is_empty() {
            transceiver.set_codec_preferences(&codecs(kind, &request.codecs))?;
        }
        self.reflect(&transceiver);
        self.lock().by_label.insert(label.to_owned(), transceiver);
        Ok(())
    }

    fn find(&self, request: &Request) -> Result<RtpTransceiver, Failure> {
        let label = request.label()?;
        let found = self.lock().by_label.get(label).cloned();
        found.ok_or_else(|| format!("no track {label}").into())
    }

    /// Sends back what arrives on a transceiver, from the first time that this is asked for.
    pub(crate) fn reflect(&self, transceiver: &RtpTransceiver) {
        drop(self.echo(transceiver));
    }

    fn echo(&self, transceiver: &RtpTransceiver) -> Arc<Mutex<Echo>> {
        let mut inner = self.lock();
        let known = inner
            .echoes
            .iter()
            .find(|(known, _)| known.id() == transceiver.id());
        if let Some((_, echo)) = known {
            return Arc::clone(echo);
        }
        let echo = Arc::<Mutex<Echo>>::default();
        tokio::spawn(reflect(transceiver.clone(), Arc::clone(&echo)));
        tokio::spawn(ask(transceiver.clone(), Arc::clone(&echo)));
        inner.echoes.push((transceiver.clone(), Arc::clone(&echo)));
        echo
    }

    fn report(&self, pc: &PeerConnection) -> Value {
        let tracks: Vec<_> = self
            .lock()
            .echoes
            .iter()
            .map(|(transceiver, echo)| lock(echo).report(transceiver))
            .collect();
        let stats = pc.rtp_stats().unwrap_or_default();
        json!({
            "tracks": tracks,
            "packetsReceived": stats.packets_received, "packetsSent": stats.packets_sent,
            "rtcpReceived": stats.rtcp_received, "rejected": stats.rejected, "replayed": stats.replayed, "unsignalled": stats.unsignalled,
            "dropped": stats.dropped, "overflowed": stats.overflowed, "sendErrors": stats.send_errors,
        })
    }
}

fn lock(echo: &Mutex<Echo>) -> MutexGuard<'_, Echo> {
    echo.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends everything back until the connection or the transceiver ends.
async fn reflect(transceiver: RtpTransceiver, echo: Arc<Mutex<Echo>>) {
    loop {
        let mut packet = Vec::new();
        let Some(received) = transceiver.recv_rtp_into(&mut packet).await else {
            return;
        };
        lock(&echo).pass(&transceiver, packet, &received);
    }
}

/// Carries the peer's wish for a key frame back to the peer.
async fn ask(transceiver: RtpTransceiver, echo: Arc<Mutex<Echo>>) {
    while let Some(event) = transceiver.next_rtp_event().await {
        if let RtpEvent::KeyFrameRequested { .. } = event {
            let rid = lock(&echo).asked();
            transceiver.request_key_frame(rid.as_deref());
        }
    }
}

fn info(label: &str, kind: MediaKind, what: &str) -> TrackInfo {
    TrackInfo {
        id: format!("{what}-{label}"),
        kind,
    }
}

/// The codecs of these names in this order, with retransmission.
fn codecs(kind: MediaKind, names: &[String]) -> Vec<RtpCodec> {
    let engine = MediaEngine::with_default_codecs();
    let mut chosen: Vec<_> = names
        .iter()
        .flat_map(|name| engine.codecs(kind).filter(move |known| known.codec.is(name)))
        .map(|known| known.codec.clone())
        .collect();
    if kind == MediaKind::Video {
        chosen.push(RtpCodec::video("rtx", ""));
    }
    chosen
}
