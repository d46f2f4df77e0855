//! Audio and video of a connection: what comes goes back, or a film is played in its place; and it may be recorded.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use webrtc::{Error, MediaKind, PeerConnection, RtpEvent, RtpTransceiver, TrackInfo, TrackLocalStaticSample};

use crate::Failure;
use crate::film::Film;
use crate::recording::Recording;
use crate::session::Session;

/// What the program does with audio and video.
#[derive(Args, Debug, Default)]
pub(crate) struct Studio {
    /// A file to play in place of what the page sends, over and over: .ivf (VP8, VP9, AV1) or .ogg (Opus). May be given twice,
    /// for pictures and for sound.
    #[arg(long, value_name = "FILE")]
    play: Vec<Film>,
    /// A folder in which everything that pages send is recorded, as pictures-N.ivf and sound-N.ogg.
    #[arg(long, value_name = "FOLDER")]
    record: Option<PathBuf>,
}

impl Studio {
    /// What the page is told of it.
    pub(crate) fn describe(&self) -> serde_json::Value {
        let played: Vec<_> = self.play.iter().map(Film::name).collect();
        let folder = self.record.as_ref().map(|folder| folder.display().to_string());
        serde_json::json!({"play": played, "record": folder})
    }

    /// Serves the transceivers that an offer has brought; to be called before the answer is made.
    pub(crate) fn attach(self: &Arc<Self>, pc: &PeerConnection, session: &Arc<Session>) -> Result<(), Error> {
        for (number, transceiver) in pc.transceivers().into_iter().enumerate() {
            let Some(kind) = transceiver.kind() else {
                continue;
            };
            // One that has a track was served with an earlier offer.
            if transceiver.track().is_some() || transceiver.is_stopping() {
                continue;
            }
            let film = self.play.iter().find(|film| film.kind() == Some(kind)).cloned();
            if let Some(film) = &film {
                let Some(track) = film.track() else { continue };
                pc.add_track(&track, &["film".to_owned()])?;
                tokio::spawn(show(film.clone(), track, Arc::clone(session)));
            } else {
                pc.add_track(&reflection(kind, number), &["reflection".to_owned()])?;
                tokio::spawn(relay_requests(transceiver.clone()));
            }
            let booth = Booth {
                studio: Arc::clone(self),
                session: Arc::clone(session),
                reflects: film.is_none(),
            };
            tokio::spawn(booth.serve(transceiver));
        }
        Ok(())
    }
}

fn reflection(kind: MediaKind, number: usize) -> TrackInfo {
    TrackInfo {
        id: format!("reflection-{number}"),
        kind,
    }
}

async fn show(film: Film, track: TrackLocalStaticSample, session: Arc<Session>) {
    tokio::select! {
        Err(error) = film.play(&track) => session.problem(&format!("{}: {error}", film.name())),
        () = session.over() => {}
    }
}

/// The page's decoder asks its own encoder for a key frame, by way of us.
async fn relay_requests(transceiver: RtpTransceiver) {
    while let Some(event) = transceiver.next_rtp_event().await {
        if let RtpEvent::KeyFrameRequested { .. } = event {
            transceiver.request_key_frame(None);
        }
    }
}

/// One track of a page.
struct Booth {
    studio: Arc<Studio>,
    session: Arc<Session>,
    reflects: bool,
}

impl Booth {
    async fn serve(self, transceiver: RtpTransceiver) {
        let mut recording = None;
        let mut records = self.studio.record.is_some();
        while let Some((mut packet, _)) = transceiver.recv_rtp().await {
            if records && let Err(error) = self.record(&mut recording, &transceiver, &packet) {
                self.session.problem(&format!("not recorded: {error}"));
                records = false;
            }
            if self.reflects {
                // Before the page is ready for media, and when there is no room, packets are passed over.
                let _ = transceiver.send_rtp(&mut packet.header, &packet.payload);
            }
        }
        if let Some(recording) = recording
            && let Err(error) = recording.finish()
        {
            self.session.problem(&format!("not recorded to the end: {error}"));
        }
    }

    fn record(
        &self,
        recording: &mut Option<Recording>,
        transceiver: &RtpTransceiver,
        packet: &rtp::Packet,
    ) -> Result<(), Failure> {
        let Some(folder) = &self.studio.record else {
            return Ok(());
        };
        let recording = if let Some(recording) = recording {
            recording
        } else {
            let begun = Recording::new(folder, transceiver, packet.header.payload_type)?;
            self.session
                .step(&format!("recording {}", begun.path().display()));
            recording.insert(begun)
        };
        if recording.push(packet.clone())? {
            transceiver.request_key_frame(None);
        }
        Ok(())
    }
}
