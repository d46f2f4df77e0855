//! What the media examples share and is not WebRTC: a page over HTTP that posts an offer and gets the answer, and
//! [`browser`], which stands in for a browser in their tests.

pub mod browser;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

/// What goes wrong, in words.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Opens camera and microphone, or what stands in for them, and shows what becomes of them.
pub const MEDIA_JS: &str = include_str!("files/media.js");
const SIGNAL_JS: &str = include_str!("files/signal.js");
const STYLE_CSS: &str = include_str!("files/style.css");

/// The words before the address in the line that [`serve`] says.
const OPEN: &str = "open http://";

/// What a page posts.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Offer {
    /// The offer, with the candidates.
    pub sdp: String,
    /// What the page is here for, where there is a choice.
    #[serde(default)]
    pub role: String,
}

/// What the page gets for it.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Answer {
    sdp: String,
}

/// Says a line to the person who started the program. A reader who has seen enough, such as `head`, is no reason to stop.
pub fn say(line: impl std::fmt::Display) {
    drop(writeln!(std::io::stdout().lock(), "{line}"));
}

/// Serves a page until Ctrl-C, and gives each offer of it to `answer`, which returns the answer's SDP.
///
/// # Errors
///
/// The address cannot be listened on.
pub async fn serve<A, F>(listen: SocketAddr, html: &'static str, answer: A) -> Result<(), Failure>
where
    A: Fn(Offer) -> F + Send + Sync + 'static,
    F: Future<Output = Result<String, Failure>> + Send + 'static,
{
    let router = Router::new()
        .route("/", get(|| file("text/html; charset=utf-8", html)))
        .route("/signal.js", get(|| file("text/javascript", SIGNAL_JS)))
        .route("/media.js", get(|| file("text/javascript", MEDIA_JS)))
        .route("/style.css", get(|| file("text/css", STYLE_CSS)))
        .route("/offer", post(offer::<A, F>))
        .with_state(Arc::new(answer));
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|error| format!("cannot listen on {listen}: {error} (choose another with --listen)"))?;
    say(format!(
        "{OPEN}{} in a browser (Ctrl-C ends this)",
        listener.local_addr()?
    ));
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

async fn offer<A, F>(
    State(answer): State<Arc<A>>,
    Json(offer): Json<Offer>,
) -> Result<Json<Answer>, (StatusCode, String)>
where
    A: Fn(Offer) -> F + Send + Sync + 'static,
    F: Future<Output = Result<String, Failure>> + Send + 'static,
{
    match answer(offer).await {
        Ok(sdp) => Ok(Json(Answer { sdp })),
        Err(error) => Err((StatusCode::BAD_REQUEST, error.to_string())),
    }
}
