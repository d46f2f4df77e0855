//! Files that the test writes arrive as they are.

use std::fs::File;

use media::{ivf, ogg};
use page::Failure;
use page::browser::{Program, connection, folder, packets, picture, sound};
use webrtc::{MediaKind, RtpTransceiverDirection, RtpTransceiverInit};

const FRAMES: u8 = 20;

#[tokio::test]
async fn pictures_and_sound_arrive() -> Result<(), Failure> {
    let folder = folder("play-from-disk")?;
    let [video, audio] = ["film.ivf", "song.ogg"].map(|name| folder.join(name).display().to_string());
    let header = ivf::Header {
        rate: 50,
        ..ivf::Header::new(ivf::Codec::Vp8)
    };
    let mut film = ivf::Writer::new(File::create(&video)?, header)?;
    let mut song = ogg::OpusWriter::new(File::create(&audio)?, &ogg::OpusHead::new(2))?;
    for number in 0..FRAMES {
        film.write_frame(number.into(), &picture(number).data)?;
        song.write_packet(&sound().data)?;
    }
    film.finish()?;
    song.finish()?;

    let files = ["--video", &video, "--audio", &audio];
    let mut program = Program::start(env!("CARGO_BIN_EXE_play-from-disk"), &files).await?;
    let (pc, _events) = connection()?;
    let watch = RtpTransceiverInit {
        direction: RtpTransceiverDirection::RecvOnly,
        ..RtpTransceiverInit::default()
    };
    let video = pc.add_transceiver(MediaKind::Video, watch.clone())?;
    let audio = pc.add_transceiver(MediaKind::Audio, watch)?;
    program.connect(&pc, "").await?;
    let (pictures, sounds) = tokio::try_join!(packets(&video, 60), packets(&audio, 20))?;
    let ends: Vec<_> = pictures.iter().filter(|packet| packet.header.marker).collect();
    assert_eq!(ends.len(), usize::from(FRAMES));
    for (pair, number) in ends.windows(2).zip(1..) {
        let [one, two] = pair else { continue };
        assert_eq!(
            two.header.timestamp.wrapping_sub(one.header.timestamp),
            1800,
            "20 ms"
        );
        assert_eq!(two.payload.last(), Some(&number));
    }
    assert!(sounds.iter().all(|packet| packet.payload == sound().data));
    program.says("played").await?;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

#[tokio::test]
async fn without_a_file_it_says_what_is_missing() {
    let program = env!("CARGO_BIN_EXE_play-from-disk");
    for arguments in [&[][..], &["--video", "missing.ivf"]] {
        assert!(Program::start(program, arguments).await.is_err());
    }
}
