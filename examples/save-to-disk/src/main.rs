//! `save-to-disk`: what browsers send, recorded.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use clap::Parser;
use media::{Sample, SampleBuilder, SampleConfig, h26x, ivf, ogg};
use page::{Failure, Offer, say};
use webrtc::{
    Api, Configuration, Event, Events, MediaKind, PeerConnection, PeerConnectionState, RtpCodec,
    RtpTransceiver, SessionDescription, SettingEngine,
};

/// Records what a browser sends.
#[derive(Clone, Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where the page is served.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
    /// The folder for the recordings.
    #[arg(long, default_value = "recordings", value_name = "FOLDER")]
    folder: PathBuf,
    /// How pictures are to come: VP8, VP9, AV1 or H264.
    #[arg(long, default_value = "VP8", value_name = "NAME")]
    codec: String,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let Arguments {
        listen,
        folder,
        codec,
    } = Arguments::parse();
    let pictures = match codec.to_ascii_lowercase().as_str() {
        "h264" => RtpCodec::video(
            "H264",
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        ),
        "vp9" => RtpCodec::video("VP9", "profile-id=0"),
        "vp8" | "av1" => RtpCodec::video(&codec, ""),
        other => return Err(format!("{other} is none of the codecs in --help").into()),
    };
    fs::create_dir_all(&folder)?;
    let mut settings = SettingEngine::default();
    // The browser may run on this machine, which need not have a network.
    settings.gathering.include_loopback = true;
    let api = Api::builder().setting_engine(settings).build();
    let count = Arc::new(AtomicU32::new(0));
    page::serve(listen, include_str!("page.html"), move |offer| {
        let name = format!("recording-{}", count.fetch_add(1, Ordering::Relaxed) + 1);
        answer(api.clone(), folder.join(name), pictures.clone(), offer)
    })
    .await
}

/// Makes a connection for an offer. The codecs are those that a file can hold.
async fn answer(api: Api, name: PathBuf, pictures: RtpCodec, offer: Offer) -> Result<String, Failure> {
    let (pc, events) = api.new_peer_connection(Configuration::default())?;
    pc.set_remote_description(&SessionDescription::offer(offer.sdp))?;
    for transceiver in pc.transceivers() {
        let codecs = match transceiver.kind() {
            Some(MediaKind::Video) => vec![pictures.clone(), RtpCodec::video("rtx", "")],
            _ => vec![RtpCodec::audio(
                "opus",
                48_000,
                Some(2),
                "minptime=10;useinbandfec=1",
            )],
        };
        transceiver.set_codec_preferences(&codecs)?;
        tokio::spawn(record(transceiver, name.clone()));
    }
    pc.set_local_description(None)?;
    let answer = pc.local_description().ok_or("no answer")?;
    tokio::spawn(watch(pc, events));
    Ok(answer.sdp)
}

/// Records a track until it ends.
async fn record(transceiver: RtpTransceiver, name: PathBuf) {
    if let Err(error) = write_all(&transceiver, &name).await {
        say(format!("{}: {error}", name.display()));
    }
}

async fn write_all(transceiver: &RtpTransceiver, name: &Path) -> Result<(), Failure> {
    let Some((first, _)) = transceiver.recv_rtp().await else {
        return Ok(());
    };
    let payload_type = first.header.payload_type;
    let section = transceiver.negotiated().ok_or("nothing was agreed upon")?;
    let mut codecs = section.receive.iter();
    let codec = codecs.find(|codec| codec.payload_type == payload_type);
    let codec = &codec.ok_or("an unknown payload type")?.codec;
    let depacketizer = rtp::payload::depacketizer(codec.name()).ok_or("an unknown payload format")?;
    // Packets come in any order, some late, some never; what comes out is frames, one after the other.
    let mut builder = SampleBuilder::new(depacketizer, SampleConfig::new(codec.clock_rate));
    let mut recording = Recording::new(name, codec)?;
    builder.push(first);
    while let Some((packet, _)) = transceiver.recv_rtp().await {
        builder.push(packet);
        while let Some(sample) = builder.pop() {
            // What follows refers to what is missing.
            if sample.lost_packets > 0 {
                transceiver.request_key_frame(None);
            }
            recording.write(&sample)?;
        }
    }
    while let Some(sample) = builder.flush() {
        recording.write(&sample)?;
    }
    recording.finish()?;
    say(format!("recorded {} of {}", codec.name(), name.display()));
    Ok(())
}

/// A file.
enum Recording {
    Pictures(ivf::Writer<BufWriter<File>>),
    Stream(h26x::Writer<BufWriter<File>>),
    Sound(ogg::OpusWriter<BufWriter<File>>),
}

impl Recording {
    fn new(name: &Path, codec: &RtpCodec) -> Result<Self, Failure> {
        let create = |extension| File::create(name.with_extension(extension)).map(BufWriter::new);
        let pictures = |codec| {
            Ok(Self::Pictures(ivf::Writer::new(
                create("ivf")?,
                ivf::Header::new(codec),
            )?))
        };
        match codec.name().to_ascii_lowercase().as_str() {
            "vp8" => pictures(ivf::Codec::Vp8),
            "vp9" => pictures(ivf::Codec::Vp9),
            "av1" => pictures(ivf::Codec::Av1),
            "h264" => Ok(Self::Stream(h26x::Writer::new(
                create("h264")?,
                h26x::Codec::H264,
            ))),
            "opus" => Ok(Self::Sound(ogg::OpusWriter::new(
                create("ogg")?,
                &ogg::OpusHead::new(2),
            )?)),
            other => Err(format!("{other} is not recorded").into()),
        }
    }

    fn write(&mut self, sample: &Sample) -> Result<(), media::Error> {
        match self {
            Self::Pictures(writer) => writer.write_frame(sample.position, &sample.data),
            // It begins with the first picture that decodes alone.
            Self::Stream(writer) => writer.write_frame(&sample.data).map(drop),
            // Where packets are missing the writer fills in what makes decoders conceal.
            Self::Sound(writer) => writer.write_rtp(sample.timestamp, &sample.data).map(drop),
        }
    }

    fn finish(self) -> Result<(), media::Error> {
        match self {
            Self::Pictures(writer) => writer.finish().map(drop),
            Self::Stream(writer) => Ok(writer.into_inner().flush()?),
            Self::Sound(writer) => writer.finish().map(drop),
        }
    }
}

/// Holds the connection for as long as there is a browser.
async fn watch(pc: PeerConnection, mut events: Events) {
    while let Some(event) = events.next().await {
        if let Event::ConnectionStateChange(state) = event {
            say(format!("connection {state}"));
            if state == PeerConnectionState::Failed {
                pc.close();
            }
        }
    }
}
