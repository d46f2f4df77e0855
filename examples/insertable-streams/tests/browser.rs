//! Frames are changed on both ways, all but their header, and are the same below.

use bytes::Bytes;
use page::Failure;
use page::browser::{Program, camera, connection, picture, within};
use rtp::payload::{Depacketizer, vp8};
use webrtc::{Sample, TrackLocalStaticSample};

/// As the page does it.
fn change(frame: &[u8], key: u8) -> Bytes {
    let (header, body) = frame.split_at(10);
    let body = body.iter().map(|byte| byte ^ key);
    header.iter().copied().chain(body).collect()
}

async fn film(camera: TrackLocalStaticSample) {
    loop {
        let sample = picture(7);
        camera.write_sample(&Sample {
            data: change(&sample.data, 0xAA),
            duration: sample.duration,
        });
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn frames_are_changed_both_ways() -> Result<(), Failure> {
    let mut program = Program::start(env!("CARGO_BIN_EXE_insertable-streams"), &[]).await?;
    let (pc, _events) = connection()?;
    let camera = camera()?;
    let video = pc.add_track(&camera, &[])?;
    program.connect(&pc, "").await?;
    let filming = tokio::spawn(film(camera));
    let mut frame = Vec::new();
    let mut depacketizer = vp8::Depacketizer::new();
    let mut seen = 0;
    while seen < 10 {
        let (packet, _) = within(video.recv_rtp())
            .await?
            .ok_or("the connection has ended")?;
        if depacketizer.is_frame_start(&packet.payload) {
            frame.clear();
        }
        depacketizer.depacketize(&packet.payload, &mut frame)?;
        if packet.header.marker {
            assert_eq!(change(&frame, 0x55), picture(7).data);
            seen += 1;
        }
    }
    assert!(program.says("a key frame of ").await?.starts_with("320×240"));
    filming.abort();
    Ok(())
}
