//! `--ice-server`: a candidate from the other side of a NAT, or the news that the server gave none. The server is the one of
//! the `stun` crate, on loopback, and the NAT forwards between two sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use stun::core::StaticCredentials;
use stun::{Authentication, Server, ServerConfig};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UdpSocket};
use tokio::process::{Child, Command};
use webrtc::{Api, Configuration, DataChannelInit};

/// Much longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs a server; its address.
fn serve(authentication: Authentication) -> SocketAddr {
    let config = ServerConfig {
        authentication,
        ..ServerConfig::default()
    };
    let mut server = Server::bind("127.0.0.1:0".parse().unwrap(), config).unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(async move { server.run().await });
    address
}

/// Puts a NAT in front of a server: each client gets an outer socket, which the server sees. The address of the inside.
async fn nat(server: SocketAddr) -> SocketAddr {
    let inside = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let address = inside.local_addr().unwrap();
    tokio::spawn(async move {
        let mut outsides: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
        let mut buffer = [0; 1500];
        while let Ok((length, client)) = inside.recv_from(&mut buffer).await {
            let outside = match outsides.entry(client) {
                Entry::Occupied(known) => Arc::clone(known.get()),
                Entry::Vacant(place) => {
                    let outside = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
                    outside.connect(server).await.unwrap();
                    tokio::spawn(back(Arc::clone(&outside), Arc::clone(&inside), client));
                    Arc::clone(place.insert(outside))
                }
            };
            outside.send(&buffer[..length]).await.unwrap();
        }
    });
    address
}

/// What comes to an outer socket goes to its client.
async fn back(outside: Arc<UdpSocket>, inside: Arc<UdpSocket>, client: SocketAddr) {
    let mut buffer = [0; 1500];
    while let Ok(length) = outside.recv(&mut buffer).await {
        inside.send_to(&buffer[..length], client).await.unwrap();
    }
}

/// The playground with a server, and where its page is.
async fn playground(server: SocketAddr) -> (Child, SocketAddr) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_playground"))
        .args([
            "--listen",
            "127.0.0.1:0",
            "--ice-server",
            &format!("stun:{server}"),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let (_, rest) = line.split_once("http://").unwrap();
    let address = rest.split_whitespace().next().unwrap().trim_end_matches('/');
    (child, address.parse().unwrap())
}

/// Sends a request and reads the reply up to its body.
async fn request(page: SocketAddr, head: &str, body: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(page).await.unwrap();
    let length = body.len();
    let text = format!(
        "{head} HTTP/1.1\r\nhost: {page}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut reply = BufReader::new(stream);
    let mut line = String::new();
    reply.read_line(&mut line).await.unwrap();
    assert!(line.contains(" 200 "), "{line}");
    while line != "\r\n" {
        line.clear();
        reply.read_line(&mut line).await.unwrap();
    }
    reply
}

/// Connects as the page does, and waits for a line of news that `wanted` accepts.
async fn news(server: SocketAddr, wanted: impl Fn(&str) -> bool) -> String {
    let (_child, page) = playground(server).await;
    let (pc, _events) = Api::builder()
        .build()
        .new_peer_connection(Configuration::default())
        .unwrap();
    let _channel = pc
        .create_data_channel("chat", DataChannelInit::default())
        .unwrap();
    pc.set_local_description(None).unwrap();
    let offer = serde_json::json!({"sdp": pc.local_description().unwrap().sdp});
    let mut reply = request(page, "POST /api/offer", &offer.to_string()).await;
    let mut body = String::new();
    reply.read_to_string(&mut body).await.unwrap();
    let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
    let id = answer["id"].as_str().unwrap();
    let mut lines = request(page, &format!("GET /api/events/{id}"), "").await.lines();
    let found = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if wanted(&line) {
                return line;
            }
        }
        panic!("the news ended")
    };
    tokio::time::timeout(PATIENCE, found).await.expect("no such news")
}

#[tokio::test]
async fn a_server_beyond_a_nat_gives_a_reflexive_candidate() {
    let server = nat(serve(Authentication::None)).await;
    let line = news(server, |line| line.contains("typ srflx")).await;
    // The outer socket's address, and behind it ours.
    assert!(
        line.contains("127.0.0.1") && line.contains("raddr 127.0.0.1"),
        "{line}"
    );
}

#[tokio::test]
async fn a_server_that_gives_none_is_named() {
    let store = Arc::new(StaticCredentials::new(None));
    let server = serve(Authentication::ShortTerm(store));
    let line = news(server, |line| line.contains("no candidate from")).await;
    assert!(line.contains(&format!("stun:{server}: refused with 4")), "{line}");
}

#[tokio::test]
async fn the_page_is_told_of_the_server() {
    let server = "192.0.2.1:3478".parse().unwrap();
    let (_child, page) = playground(server).await;
    let mut body = String::new();
    let mut reply = request(page, "GET /api/configuration", "").await;
    reply.read_to_string(&mut body).await.unwrap();
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        body,
        serde_json::json!({"iceServers": [{"urls": ["stun:192.0.2.1:3478"]}]})
    );
}

#[tokio::test]
async fn a_server_that_cannot_be_used_is_named_at_the_start() {
    for url in ["stun.example.org", "stun:stun.example.org:99999"] {
        let ended = Command::new(env!("CARGO_BIN_EXE_playground"))
            .args(["--listen", "127.0.0.1:0", "--ice-server", url])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(PATIENCE, ended)
            .await
            .expect("it starts")
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(url), "{said}");
    }
}
