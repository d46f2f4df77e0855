//! Our partner of the interop matrix. The protocol is described in `interop/README.md`.

mod channel;
mod check;
mod connection;
mod pattern;
mod request;
mod writer;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use webrtc::{Api, SettingEngine};

use connection::Connection;
use request::Request;
use writer::Writer;

/// What goes wrong, in words for the matcher.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut settings = SettingEngine::default();
    settings.gathering.include_loopback = true;
    if std::env::var_os("INTEROP_PURE_RUST").is_some() {
        settings.provider = pure_rust()?;
    }
    let mut peer = Peer {
        api: Api::builder().setting_engine(settings).build(),
        connections: HashMap::new(),
        writer: Writer::default(),
    };
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str::<Request>(&line) {
            Ok(request) => peer.serve(request).await,
            Err(error) => peer.writer.write(&json!({"ok": false, "error": error.to_string()})),
        }
    }
    Ok(())
}

#[cfg(feature = "rust-crypto")]
#[expect(clippy::unnecessary_wraps, reason = "the other form fails")]
fn pure_rust() -> Result<webrtc::Provider, Failure> {
    Ok(webrtc::Provider::rust_crypto())
}

#[cfg(not(feature = "rust-crypto"))]
fn pure_rust() -> Result<webrtc::Provider, Failure> {
    Err("this program was built without the feature rust-crypto".into())
}

struct Peer {
    api: Api,
    connections: HashMap<String, Arc<Connection>>,
    writer: Writer,
}

impl Peer {
    async fn serve(&mut self, request: Request) {
        let id = request.id;
        let outcome = match request.op.as_str() {
            "hello" => Ok(json!({"name": "ours", "version": env!("CARGO_PKG_VERSION")})),
            "new" => Connection::new(&self.api, &request.pc, self.writer.clone()).map(|connection| {
                self.connections.insert(request.pc, connection);
                Value::Null
            }),
            "vanish" => std::process::abort(),
            _ => match self.connections.get(&request.pc) {
                Some(connection) if request.op == "burst" => {
                    // Bursts take long and run beside the rest; everything else keeps the order of the lines.
                    tokio::spawn(Arc::clone(connection).burst(request));
                    return;
                }
                Some(connection) => connection.serve(&request).await,
                None => Err(format!("no connection {:?}", request.pc).into()),
            },
        };
        self.writer.reply(id, outcome);
    }
}
