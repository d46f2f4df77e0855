//! Three tracks come back as one, without a jump.

use page::Failure;
use page::browser::{Program, camera, connection, filming, microphone, packets};
use webrtc::{RtpTransceiverDirection, RtpTransceiverInit, TrackLocal};

#[tokio::test]
async fn tracks_take_turns() -> Result<(), Failure> {
    let mut program = Program::start(env!("CARGO_BIN_EXE_swap-tracks"), &["--every", "100"]).await?;
    let (pc, _events) = connection()?;
    // What a camera writes goes out on each transceiver that has it; the streams differ.
    let camera = camera()?;
    let output = pc.add_track(&camera, &[])?;
    for _ in 1..3 {
        let init = RtpTransceiverInit {
            direction: RtpTransceiverDirection::SendOnly,
            ..RtpTransceiverInit::default()
        };
        let input = pc.add_transceiver(camera.info().kind, init)?;
        input.replace_track(Some(&camera))?;
    }
    program.connect(&pc, "").await?;
    let microphone = microphone()?;
    let turns = filming(&camera, &microphone, async {
        for track in ["0", "1", "2", "0"] {
            while program.says("track ").await? != track {}
        }
        packets(&output, 200).await
    });
    let seen = turns.await??;
    for pair in seen.windows(2) {
        let [one, two] = pair else { continue };
        assert_eq!(
            two.header
                .sequence_number
                .wrapping_sub(one.header.sequence_number),
            1
        );
        assert_eq!(one.header.ssrc, two.header.ssrc);
        let ticks = two.header.timestamp.wrapping_sub(one.header.timestamp);
        assert!(ticks < 90_000, "{ticks} ticks");
    }
    Ok(())
}
