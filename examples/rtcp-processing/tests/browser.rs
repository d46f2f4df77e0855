//! Reports of both sides are shown, and a request for a key frame.

use page::Failure;
use page::browser::{Program, camera, connection, filming, microphone, packets};

#[tokio::test]
async fn reports_of_both_sides_are_shown() -> Result<(), Failure> {
    let mut program = Program::start(env!("CARGO_BIN_EXE_rtcp-processing"), &["--every", "100"]).await?;
    let (pc, _events) = connection()?;
    let (camera, microphone) = (camera()?, microphone()?);
    let video = pc.add_track(&camera, &[])?;
    pc.add_track(&microphone, &[])?;
    program.connect(&pc, "").await?;
    let told = filming(&camera, &microphone, async {
        packets(&video, 30).await?;
        assert!(video.request_key_frame(None));
        program.says("the browser needs a key frame").await?;
        let sent = program.says("SR in: sent ").await?;
        let lost = program.says("RR in: lost ").await?;
        Ok::<_, Failure>((sent, lost))
    });
    let (sent, lost) = told.await??;
    let count: u32 = sent.split(',').next().unwrap_or_default().parse()?;
    assert!(count > 0, "{sent}");
    assert!(lost.starts_with("0 "), "{lost}");
    Ok(())
}
