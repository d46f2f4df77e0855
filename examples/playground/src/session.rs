//! One connection with a page, and what the page is told of it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::response::sse;
use futures_core::Stream;
use serde_json::{Value, json};
use tokio::sync::mpsc::{self, Receiver, Sender};
use webrtc::{
    Api, Configuration, Error, Event, Events, IceCandidateInit, PeerConnection, PeerConnectionState,
    SessionDescription,
};

use crate::report;
use crate::services::Services;
use crate::studio::Studio;

/// So much news waits for a page that does not listen; more is dropped.
const MAX_NEWS: usize = 256;
const STATS_EVERY: Duration = Duration::from_secs(1);

/// A connection with a page.
#[derive(Debug)]
pub(crate) struct Session {
    pc: PeerConnection,
    studio: Arc<Studio>,
    started: Instant,
    sender: Sender<sse::Event>,
    news: Mutex<Option<Receiver<sse::Event>>>,
}

impl Session {
    /// Makes a connection, which waits for an offer.
    pub(crate) fn new(
        api: &Api,
        configuration: Configuration,
        studio: Arc<Studio>,
    ) -> Result<Arc<Self>, Error> {
        let (pc, events) = api.new_peer_connection(configuration)?;
        let (sender, receiver) = mpsc::channel(MAX_NEWS);
        let news = Mutex::new(Some(receiver));
        let session = Arc::new(Self {
            pc,
            studio,
            started: Instant::now(),
            sender,
            news,
        });
        tokio::spawn(Arc::clone(&session).listen(events));
        tokio::spawn(Arc::clone(&session).report());
        Ok(session)
    }

    /// Takes an offer and gives the answer.
    pub(crate) fn answer(self: &Arc<Self>, sdp: String) -> Result<String, Error> {
        self.pc.set_remote_description(&SessionDescription::offer(sdp))?;
        self.studio.attach(&self.pc, self)?;
        let answer = self.pc.create_answer()?;
        let sdp = answer.sdp.clone();
        self.pc.set_local_description(answer)?;
        Ok(sdp)
    }

    /// Takes a candidate of the page.
    pub(crate) fn add_candidate(&self, init: IceCandidateInit) -> Result<(), Error> {
        self.pc.add_ice_candidate(init)
    }

    /// What the page is told; once.
    pub(crate) fn news(&self) -> Option<News> {
        self.news
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .map(News)
    }

    /// Whether nothing will come any more.
    pub(crate) fn is_over(&self) -> bool {
        matches!(
            self.pc.connection_state(),
            PeerConnectionState::Closed | PeerConnectionState::Failed
        )
    }

    /// Ends the connection.
    pub(crate) fn close(&self) {
        self.pc.close();
    }

    async fn listen(self: Arc<Self>, mut events: Events) {
        let services = Services::new();
        self.tell("studio", &self.studio.describe());
        while let Some(event) = events.next().await {
            // The page makes the offers, and channels tell of themselves.
            #[expect(clippy::wildcard_enum_match_arm, reason = "an application picks the events that it wants")]
            match event {
                Event::IceCandidate(init) => self.tell(
                    "candidate",
                    &json!({
                        "candidate": init.candidate, "sdpMid": init.sdp_mid, "sdpMLineIndex": init.sdp_m_line_index,
                    }),
                ),
                Event::IceCandidateError(error) => {
                    self.step(&format!("no candidate from {}: {}", error.url, error.text));
                }
                Event::SignalingStateChange(state) => self.step(&format!("signaling {state}")),
                Event::IceGatheringStateChange(state) => self.step(&format!("gathering {state}")),
                Event::IceConnectionStateChange(state) => self.step(&format!("ICE {state}")),
                Event::SelectedCandidatePairChange(path) => {
                    self.step(&format!("pair {} ↔ {}", path.local, path.remote));
                }
                Event::DtlsStateChange(state) => self.step(&format!("DTLS {state}")),
                Event::ConnectionStateChange(state) => self.step(&format!("connection {state}")),
                Event::Failed(reason) => self.problem(&reason.to_string()),
                Event::DataChannel(channel) => {
                    self.step(&format!("channel {} open", channel.label()));
                    services.attach(channel);
                }
                _ => {}
            }
        }
    }

    async fn report(self: Arc<Self>) {
        while !self.is_over() {
            tokio::time::sleep(STATS_EVERY).await;
            self.tell(
                "stats",
                &report::entries(&self.pc.stats(), &self.pc.transceivers()),
            );
        }
    }

    /// Waits until nothing will come any more.
    pub(crate) async fn over(&self) {
        while !self.is_over() {
            tokio::time::sleep(STATS_EVERY).await;
        }
    }

    /// Tells the page what goes wrong.
    pub(crate) fn problem(&self, reason: &str) {
        self.tell("problem", &json!({"reason": reason}));
    }

    /// Tells the page what has happened.
    pub(crate) fn step(&self, step: &str) {
        let ms = self.started.elapsed().as_secs_f64() * 1e3;
        self.tell("timeline", &json!({"step": step, "ms": ms}));
    }

    /// Tells the page; when it does not listen, it misses what is too much.
    fn tell(&self, name: &str, data: &Value) {
        drop(
            self.sender
                .try_send(sse::Event::default().event(name).data(data.to_string())),
        );
    }
}

/// The stream of what a page is told.
#[derive(Debug)]
pub(crate) struct News(Receiver<sse::Event>);

impl Stream for News {
    type Item = Result<sse::Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|event| event.map(Ok))
    }
}
