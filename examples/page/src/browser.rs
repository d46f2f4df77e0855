//! What stands in for a browser in the examples' tests: the program as a user starts it, offers over HTTP as its page
//! posts them, and frames to send that look like those of a camera and a microphone.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{self, Receiver};
use webrtc::{
    Api, Configuration, Events, Filter, PeerConnection, RtpCodec, RtpTransceiver, Sample, SessionDescription,
    SettingEngine, TrackLocalStaticSample,
};

use crate::{Answer, Failure, OPEN, Offer};

/// No test waits longer for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// Lines of a program that wait to be asked for.
const MAX_LINES: usize = 1000;

/// A program that runs; dropping it ends it.
#[derive(Debug)]
pub struct Program {
    _child: Child,
    address: SocketAddr,
    lines: Receiver<String>,
}

impl Program {
    /// Starts an example on a free port, and waits until it serves.
    ///
    /// # Errors
    ///
    /// It does not start, or says no address.
    pub async fn start(path: &str, arguments: &[&str]) -> Result<Self, Failure> {
        let mut child = Command::new(path)
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut output = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let (sender, lines) = mpsc::channel(MAX_LINES);
        let address = loop {
            let line = within(output.next_line())
                .await??
                .ok_or("the program has ended")?;
            if let Some(rest) = line.strip_prefix(OPEN) {
                break rest.split(' ').next().unwrap_or_default().parse()?;
            }
            drop(sender.try_send(line));
        };
        // Everything is read, so that the program need not wait; what nobody asks for is dropped.
        tokio::spawn(async move {
            while let Ok(Some(line)) = output.next_line().await {
                drop(sender.try_send(line));
            }
        });
        Ok(Self {
            _child: child,
            address,
            lines,
        })
    }

    /// Waits for a line with these words in it, and gives what comes behind them.
    ///
    /// # Errors
    ///
    /// The program does not say so.
    pub async fn says(&mut self, words: &str) -> Result<String, Failure> {
        within(async {
            while let Some(line) = self.lines.recv().await {
                if let Some((_, rest)) = line.split_once(words) {
                    return Ok(rest.to_owned());
                }
            }
            Err(format!("the program has ended without {words}").into())
        })
        .await?
    }

    /// Offers what the connection has, as a page does, and applies the answer.
    ///
    /// # Errors
    ///
    /// The program refuses, with its words.
    pub async fn connect(&self, pc: &PeerConnection, role: &str) -> Result<(), Failure> {
        self.connect_at("/offer", pc, role).await
    }

    /// The same for a program that takes offers elsewhere.
    ///
    /// # Errors
    ///
    /// The program refuses, with its words.
    pub async fn connect_at(&self, path: &str, pc: &PeerConnection, role: &str) -> Result<(), Failure> {
        pc.set_local_description(None)?;
        let offer = Offer {
            sdp: pc.local_description().ok_or("no offer")?.sdp,
            role: role.to_owned(),
        };
        let answer = within(self.post(path, &serde_json::to_string(&offer)?)).await??;
        let answer: Answer = serde_json::from_str(&answer)?;
        Ok(pc.set_remote_description(&SessionDescription::answer(answer.sdp))?)
    }

    /// Posts JSON and returns what comes back.
    ///
    /// # Errors
    ///
    /// The program refuses, with its words.
    pub async fn post(&self, path: &str, body: &str) -> Result<String, Failure> {
        let mut stream = TcpStream::connect(self.address).await?;
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await?;
        let (head, body) = reply.split_once("\r\n\r\n").ok_or("no reply")?;
        if head.starts_with("HTTP/1.1 2") {
            Ok(body.to_owned())
        } else {
            Err(format!("{}: {body}", head.lines().next().unwrap_or_default()).into())
        }
    }
}

/// A connection on loopback only, which needs no network.
///
/// # Errors
///
/// There is no runtime.
pub fn connection() -> Result<(PeerConnection, Events), Failure> {
    let mut settings = SettingEngine::default();
    settings.gathering.include_loopback = true;
    settings.gathering.addresses = Some(Filter::new(|address: &IpAddr| {
        address.is_loopback() && address.is_ipv4()
    }));
    let api = Api::builder().setting_engine(settings).build();
    Ok(api.new_peer_connection(Configuration::default())?)
}

/// A track like a camera's.
///
/// # Errors
///
/// There is no packetizer for VP8.
pub fn camera() -> Result<TrackLocalStaticSample, Failure> {
    Ok(TrackLocalStaticSample::new(RtpCodec::video("VP8", ""), "camera")?)
}

/// A track like a microphone's.
///
/// # Errors
///
/// There is no packetizer for Opus.
pub fn microphone() -> Result<TrackLocalStaticSample, Failure> {
    let opus = RtpCodec::audio("opus", 48_000, Some(2), "minptime=10;useinbandfec=1");
    Ok(TrackLocalStaticSample::new(opus, "microphone")?)
}

/// The head of a VP8 key frame of 320×240 and as many bytes as a picture may have.
#[must_use]
pub fn picture(number: u8) -> Sample {
    let mut data = vec![0x10, 0, 0, 0x9d, 1, 0x2a, 64, 1, 240, 0];
    data.resize(3000, number);
    Sample {
        data: data.into(),
        duration: Duration::from_millis(33),
    }
}

/// 20 ms of silence in Opus.
#[must_use]
pub fn sound() -> Sample {
    Sample {
        data: Bytes::from_static(&[0xfc, 0xff, 0xfe]),
        duration: Duration::from_millis(20),
    }
}

/// Writes pictures and sound until `done` is, which it returns.
///
/// # Errors
///
/// It is not done after a long time.
pub async fn filming<T>(
    camera: &TrackLocalStaticSample,
    microphone: &TrackLocalStaticSample,
    done: impl Future<Output = T>,
) -> Result<T, Failure> {
    let film = async {
        for number in (0..=u8::MAX).cycle() {
            camera.write_sample(&picture(number));
            microphone.write_sample(&sound());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    within(async {
        tokio::select! {
            done = done => Ok(done),
            () = film => Err("the film has ended".into()),
        }
    })
    .await?
}

/// Reads so many packets and gives them back.
///
/// # Errors
///
/// The connection ends before, or they do not come.
pub async fn packets(transceiver: &RtpTransceiver, count: usize) -> Result<Vec<rtp::Packet>, Failure> {
    within(async {
        let mut packets = Vec::new();
        while packets.len() < count {
            packets.push(transceiver.recv_rtp().await.ok_or("the connection has ended")?.0);
        }
        Ok(packets)
    })
    .await?
}

/// An empty folder of this name for a test.
///
/// # Errors
///
/// It cannot be made.
pub fn folder(name: &str) -> Result<PathBuf, Failure> {
    let folder = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Waits until `look` finds something.
///
/// # Errors
///
/// It never does.
pub async fn until<T>(mut look: impl FnMut() -> Option<T>) -> Result<T, Failure> {
    within(async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

/// Waits, but not for ever.
///
/// # Errors
///
/// It took too long.
pub async fn within<F: Future>(future: F) -> Result<F::Output, Failure> {
    tokio::time::timeout(PATIENCE, future)
        .await
        .map_err(|_| format!("nothing within {PATIENCE:?}").into())
}
