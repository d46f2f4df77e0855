//! `play-from-disk`: a file of pictures and one of sound, played to every browser that comes.

use std::fs::File;
use std::io::BufReader;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use media::{ivf, ogg};
use page::{Failure, Offer, say};
use tokio::time::{Instant, sleep, sleep_until};
use webrtc::{
    Api, Configuration, Event, Events, PeerConnection, PeerConnectionState, RtpCodec, Sample,
    SessionDescription, SettingEngine, TrackLocalStaticSample,
};

/// From the connection to the first picture.
const BEFORE_THE_FILM: Duration = Duration::from_millis(300);

/// Plays files to a browser.
#[derive(Clone, Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where the page is served.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
    /// Pictures: an IVF file with VP8, VP9 or AV1.
    #[arg(long, value_name = "FILE")]
    video: Option<PathBuf>,
    /// Sound: an Ogg file with Opus.
    #[arg(long, value_name = "FILE")]
    audio: Option<PathBuf>,
}

type Pictures = ivf::Reader<BufReader<File>>;
type Sound = ogg::OpusReader<BufReader<File>>;

impl Arguments {
    /// Opens what there is to play.
    fn open(&self) -> Result<(Option<Pictures>, Option<Sound>), Failure> {
        let open = |path: &PathBuf| match File::open(path) {
            Ok(file) => Ok(BufReader::new(file)),
            Err(error) => Err(format!("{}: {error}", path.display())),
        };
        let pictures = self.video.as_ref().map(open).transpose()?;
        let sound = self.audio.as_ref().map(open).transpose()?;
        Ok((
            pictures.map(ivf::Reader::new).transpose()?,
            sound.map(ogg::OpusReader::new).transpose()?,
        ))
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    if let (None, None) = arguments.open()? {
        return Err("nothing to play: name files with --video and --audio".into());
    }
    let mut settings = SettingEngine::default();
    // The browser may run on this machine, which need not have a network.
    settings.gathering.include_loopback = true;
    let api = Api::builder().setting_engine(settings).build();
    page::serve(arguments.listen, include_str!("page.html"), move |offer| {
        answer(api.clone(), arguments.clone(), offer)
    })
    .await
}

/// Makes a connection for an offer: the browser offers to receive, and what there is to play are the tracks.
async fn answer(api: Api, arguments: Arguments, offer: Offer) -> Result<String, Failure> {
    let (pc, mut events) = api.new_peer_connection(Configuration::default())?;
    pc.set_remote_description(&SessionDescription::offer(offer.sdp))?;
    let (pictures, sound) = arguments.open()?;
    let streams = ["film".to_owned()];
    let mut video = None;
    if let Some(reader) = pictures {
        let track = TrackLocalStaticSample::new(codec(reader.header().codec)?, "video")?;
        pc.add_track(&track, &streams)?;
        video = Some((reader, track));
    }
    let mut audio = None;
    if let Some(reader) = sound {
        let opus = RtpCodec::audio("opus", 48_000, Some(2), "");
        let track = TrackLocalStaticSample::new(opus, "audio")?;
        pc.add_track(&track, &streams)?;
        audio = Some((reader, track));
    }
    pc.set_local_description(None)?;
    let answer = pc.local_description().ok_or("no answer")?;
    tokio::spawn(async move {
        if !connected(&pc, &mut events).await {
            return;
        }
        // Firefox drops what comes right behind the handshake, and no encoder is here to be asked for another key frame.
        sleep(BEFORE_THE_FILM).await;
        say("playing");
        // Both begin at one time, and the browser keeps them together by what sender reports tell.
        let result = tokio::try_join!(play_pictures(video), play_sound(audio));
        say(result.map_or_else(|error| format!("stopped: {error}"), |_| "played".to_owned()));
        // The browser shows the last picture until it leaves.
        while connected(&pc, &mut events).await && events.next().await.is_some() {}
    });
    Ok(answer.sdp)
}

fn codec(codec: ivf::Codec) -> Result<RtpCodec, Failure> {
    match &codec.fourcc() {
        b"VP80" => Ok(RtpCodec::video("VP8", "")),
        b"VP90" => Ok(RtpCodec::video("VP9", "profile-id=0")),
        b"AV01" => Ok(RtpCodec::video("AV1", "")),
        other => Err(format!("{} is not played", other.escape_ascii()).into()),
    }
}

/// Waits until media can be sent. False when it comes to nothing, or is over.
async fn connected(pc: &PeerConnection, events: &mut Events) -> bool {
    while pc.connection_state() != PeerConnectionState::Connected {
        match events.next().await {
            Some(Event::ConnectionStateChange(PeerConnectionState::Failed)) => pc.close(),
            Some(Event::ConnectionStateChange(state)) => say(format!("connection {state}")),
            Some(_) => {}
            None => return false,
        }
    }
    true
}

/// Sends each picture when its time has come.
async fn play_pictures(film: Option<(Pictures, TrackLocalStaticSample)>) -> Result<(), Failure> {
    let Some((mut reader, track)) = film else {
        return Ok(());
    };
    let started = Instant::now();
    let header = *reader.header();
    let time = |timestamp| header.time(timestamp).ok_or("the file has no times");
    let mut frame = reader.next_frame()?;
    while let Some(current) = frame {
        frame = reader.next_frame()?;
        let (now, tick) = (time(current.timestamp)?, time(1)?);
        let next = frame
            .as_ref()
            .map_or(Ok(now + tick), |next| time(next.timestamp))?;
        sleep_until(started + now).await;
        track.write_sample(&Sample {
            data: current.data,
            duration: next.saturating_sub(now),
        });
    }
    Ok(())
}

/// Sends each packet of sound when its time has come.
async fn play_sound(song: Option<(Sound, TrackLocalStaticSample)>) -> Result<(), Failure> {
    let Some((mut reader, track)) = song else {
        return Ok(());
    };
    let mut time = Instant::now();
    while let Some(packet) = reader.next_packet()? {
        sleep_until(time).await;
        let duration = Duration::from_micros(u64::from(packet.samples) * 125 / 6);
        time += duration;
        track.write_sample(&Sample {
            data: packet.data,
            duration,
        });
    }
    Ok(())
}
