//! HTTP: the page, and signalling with it (`README.md` has the table).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpListener;
use webrtc::{Api, Configuration, IceCandidateInit, Provider};

use crate::Failure;
use crate::session::Session;
use crate::studio::Studio;

/// The most connections at a time. Default of nobody but us: a page needs one.
const MAX_SESSIONS: usize = 64;

/// What all requests share.
#[derive(Debug)]
struct Shared {
    api: Api,
    configuration: Configuration,
    studio: Arc<Studio>,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
}

type App = State<Arc<Shared>>;

/// A status and the text that goes with it.
type Refusal = (StatusCode, String);

#[derive(Debug, Deserialize)]
struct Offer {
    sdp: String,
}

#[derive(Debug, Serialize)]
struct Answer {
    id: String,
    sdp: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    candidate: String,
    sdp_mid: Option<String>,
    #[serde(rename = "sdpMLineIndex")]
    sdp_m_line_index: Option<u16>,
}

/// Serves until Ctrl-C.
pub(crate) async fn serve(
    listener: TcpListener,
    api: Api,
    configuration: Configuration,
    studio: Studio,
) -> Result<(), Failure> {
    let shared = Arc::new(Shared {
        api,
        configuration,
        studio: Arc::new(studio),
        sessions: Mutex::default(),
    });
    let router = Router::new()
        .route(
            "/",
            get(|| file("text/html; charset=utf-8", include_str!("page/index.html"))),
        )
        .route(
            "/style.css",
            get(|| file("text/css", include_str!("page/style.css"))),
        )
        .route(
            "/app.js",
            get(|| file("text/javascript", include_str!("page/app.js"))),
        )
        .route("/media.js", get(|| file("text/javascript", page::MEDIA_JS)))
        .route(
            "/studio.js",
            get(|| file("text/javascript", include_str!("page/studio.js"))),
        )
        .route(
            "/graph.js",
            get(|| file("text/javascript", include_str!("page/graph.js"))),
        )
        .route(
            "/trials.js",
            get(|| file("text/javascript", include_str!("page/trials.js"))),
        )
        .route("/api/configuration", get(ice_servers))
        .route("/api/offer", post(offer))
        .route("/api/offer/{id}", post(offer_again))
        .route("/api/candidates/{id}", post(candidate))
        .route("/api/events/{id}", get(events))
        .route("/api/close/{id}", post(close))
        .with_state(shared);
    // A page holds its event stream open, so that waiting for requests to end would wait for the page.
    tokio::select! {
        result = axum::serve(listener, router) => Ok(result?),
        result = tokio::signal::ctrl_c() => Ok(result?),
    }
}

async fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")],
        text,
    )
}

impl Shared {
    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn session(&self, id: &str) -> Result<Arc<Session>, Refusal> {
        self.sessions()
            .get(id)
            .cloned()
            .ok_or((StatusCode::NOT_FOUND, "no such connection".to_owned()))
    }
}

fn bad(error: impl std::fmt::Display) -> Refusal {
    (StatusCode::BAD_REQUEST, error.to_string())
}

/// A name that nobody guesses.
fn new_id() -> String {
    let mut bytes = [0; 16];
    Provider::default().random(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The servers that the page should ask, in the form that `RTCPeerConnection` takes.
async fn ice_servers(State(shared): App) -> impl IntoResponse {
    let servers = &shared.configuration.ice_servers;
    let servers: Vec<_> = servers
        .iter()
        .map(|server| json!({"urls": server.urls}))
        .collect();
    (
        [(header::CACHE_CONTROL, "no-store")],
        Json(json!({"iceServers": servers})),
    )
}

async fn offer(State(shared): App, Json(offer): Json<Offer>) -> Result<Json<Answer>, Refusal> {
    shared.sessions().retain(|_, session| !session.is_over());
    if shared.sessions().len() >= MAX_SESSIONS {
        return Err((StatusCode::SERVICE_UNAVAILABLE, "too many connections".to_owned()));
    }
    let session = Session::new(
        &shared.api,
        shared.configuration.clone(),
        Arc::clone(&shared.studio),
    )
    .map_err(bad)?;
    let answer = session.answer(offer.sdp);
    // Nobody has a name for a connection that did not come about.
    let sdp = answer.inspect_err(|_| session.close()).map_err(bad)?;
    let id = new_id();
    shared.sessions().insert(id.clone(), session);
    Ok(Json(Answer { id, sdp }))
}

async fn offer_again(
    State(shared): App,
    Path(id): Path<String>,
    Json(offer): Json<Offer>,
) -> Result<Json<Answer>, Refusal> {
    let sdp = shared.session(&id)?.answer(offer.sdp).map_err(bad)?;
    Ok(Json(Answer { id, sdp }))
}

async fn candidate(
    State(shared): App,
    Path(id): Path<String>,
    Json(body): Json<Candidate>,
) -> Result<StatusCode, Refusal> {
    let init = IceCandidateInit {
        candidate: body.candidate,
        sdp_mid: body.sdp_mid,
        sdp_m_line_index: body.sdp_m_line_index,
        username_fragment: None,
    };
    shared.session(&id)?.add_candidate(init).map_err(bad)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn events(State(shared): App, Path(id): Path<String>) -> Result<Response, Refusal> {
    let news = shared
        .session(&id)?
        .news()
        .ok_or_else(|| bad("somebody listens already"))?;
    Ok(Sse::new(news).keep_alive(KeepAlive::default()).into_response())
}

async fn close(State(shared): App, Path(id): Path<String>) -> StatusCode {
    if let Some(session) = shared.sessions().remove(&id) {
        session.close();
    }
    StatusCode::NO_CONTENT
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_refused_offer_leaves_nothing_behind() {
        let shared = Arc::new(Shared {
            api: Api::builder().build(),
            configuration: Configuration::default(),
            studio: Arc::default(),
            sessions: Mutex::default(),
        });
        for _ in 0..10 {
            let sdp = String::from("v=0\r\nnonsense");
            let refused = offer(State(Arc::clone(&shared)), Json(Offer { sdp })).await;
            assert_eq!(
                refused.err().map(|(status, _)| status),
                Some(StatusCode::BAD_REQUEST)
            );
        }
        let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        assert!(tasks() > 0, "they end by themselves");
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!((tasks(), shared.sessions().len()), (0, 0));
    }
}
