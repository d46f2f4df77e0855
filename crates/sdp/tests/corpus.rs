//! Every offer and answer in `corpus/` (its README tells who wrote them) survives a round trip.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its corpus has failed")]

use std::path::PathBuf;

use sdp::{Attribute, SessionDescription};

fn corpus() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sdp"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    assert!(files.len() >= 50, "the corpus is not there");
    files
}

#[test]
fn every_description_is_written_back_byte_for_byte() {
    for (name, text) in corpus() {
        let description: SessionDescription = text.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        // One capture has an empty line behind its end.
        let expected = text
            .strip_suffix("\r\n\n")
            .map_or(text.clone(), |text| format!("{text}\r\n"));
        assert_eq!(description.to_string(), expected, "{name}");
    }
}

#[test]
fn line_feeds_alone_mean_the_same() {
    for (name, text) in corpus() {
        let description: SessionDescription = text.parse().unwrap();
        assert_eq!(text.replace("\r\n", "\n").parse(), Ok(description), "{name}");
    }
}

#[test]
fn every_attribute_of_the_corpus_has_a_type() {
    let allowed = ["framerate"];
    for (name, text) in corpus() {
        let description: SessionDescription = text.parse().unwrap();
        let media = description.media.iter().flat_map(|media| media.attributes.iter());
        for attribute in description.attributes.iter().chain(media) {
            if let Attribute::Unknown { name: attribute, .. } = attribute {
                assert!(allowed.contains(&attribute.as_str()), "{name}: {attribute}");
            }
            assert!(!matches!(attribute, Attribute::Line(_)), "{name}: {attribute}");
        }
    }
}

#[test]
fn every_section_can_be_connected_to() {
    for (name, text) in corpus() {
        let description: SessionDescription = text.parse().unwrap();
        let group = description
            .bundle_groups()
            .next()
            .unwrap_or_else(|| panic!("{name}: no BUNDLE group"));
        for section in description.sections() {
            let mid = section.media.mid().unwrap_or_else(|| panic!("{name}: no mid"));
            assert!(group.mids.iter().any(|member| member == mid), "{name}: {mid}");
            assert!(section.ice_credentials().is_some(), "{name}: no credentials");
            assert!(section.setup().is_some(), "{name}: no setup");
            let hashes: Vec<_> = section
                .fingerprints()
                .map(|fingerprint| fingerprint.bytes().len())
                .collect();
            assert!(
                !hashes.is_empty() && hashes.iter().all(|len| [32, 48, 64].contains(len)),
                "{name}"
            );
            let description = section.media;
            assert_eq!(
                description.is_data_channel(),
                description.sctp_port().is_some(),
                "{name}"
            );
            assert!(!description.is_rejected(), "{name}");
        }
        assert_eq!(
            description
                .sections()
                .filter(|section| section.media.is_data_channel())
                .count(),
            1,
            "{name}"
        );
    }
}

#[test]
fn a_truncated_description_parses_or_names_a_line() {
    let (_, text) = corpus()
        .into_iter()
        .find(|(name, _)| name == "chromium-ldc-offer.sdp")
        .unwrap();
    for end in 0..text.len() {
        let lines = text[..end].lines().count().max(1);
        match text[..end].parse::<SessionDescription>() {
            Ok(description) => assert_eq!(description.to_string().parse(), Ok(description)),
            Err(error) => assert!((1..=lines + 1).contains(&error.line), "{end}: {error}"),
        }
    }
}
