//! Settings and configurations: each does what its documentation says (W3C webrtc-pc §4.2).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    unreachable_pub,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod peers;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use peers::{Pair, Peer, settings};
use webrtc::dtls::{FingerprintAlgorithm, KeyKind, UnixTime};
use webrtc::{
    Api, Certificate, Configuration, DataChannelInit, DtlsRole, Error, IceGatheringState, IceTransportPolicy,
    KeyLog, Provider, SettingEngine,
};

fn pair(offerer: SettingEngine, answerer: SettingEngine) -> Pair {
    let [offerer, answerer] =
        [offerer, answerer].map(|settings| Peer::new(&Api::builder().setting_engine(settings).build()));
    Pair { offerer, answerer }
}

fn lite() -> SettingEngine {
    SettingEngine {
        ice_lite: true,
        ..settings()
    }
}

/// The offer of a connection with a data channel.
fn offer(api: &Api, configuration: Configuration) -> Result<String, Error> {
    let (pc, _events) = api.new_peer_connection(configuration)?;
    let _channel = pc.create_data_channel("x", DataChannelInit::default())?;
    pc.set_local_description(None)?;
    assert_eq!(pc.ice_gathering_state(), IceGatheringState::Complete);
    Ok(pc.local_description().unwrap().sdp)
}

/// Address and port of each candidate.
fn candidates(sdp: &str) -> Vec<(&str, u16)> {
    let lines = sdp.lines().filter(|line| line.starts_with("a=candidate:"));
    lines
        .map(|line| {
            let mut words = line.split(' ').skip(4);
            (words.next().unwrap(), words.next().unwrap().parse().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn a_lite_agent_connects_with_a_full_one_in_either_role() {
    for (offerer, answerer) in [(lite(), settings()), (settings(), lite())] {
        let is_lite = [offerer.ice_lite, answerer.ice_lite];
        let mut pair = pair(offerer, answerer);
        let _channels = pair.channel("x", DataChannelInit::default()).await;
        for (peer, is_lite) in [&pair.offerer, &pair.answerer].into_iter().zip(is_lite) {
            let sdp = peer.pc.local_description().unwrap().sdp;
            assert_eq!(sdp.contains("a=ice-lite\r\n"), is_lite, "{sdp}");
        }
    }
}

#[tokio::test]
async fn the_answerer_takes_the_role_it_is_set_to() {
    for (role, setup) in [(DtlsRole::Client, "active"), (DtlsRole::Server, "passive")] {
        let answerer = SettingEngine {
            answering_dtls_role: role,
            ..settings()
        };
        let mut pair = pair(settings(), answerer);
        let _channels = pair.channel("x", DataChannelInit::default()).await;
        let sdp = pair.answerer.pc.local_description().unwrap().sdp;
        assert!(sdp.contains(&format!("a=setup:{setup}\r\n")), "{sdp}");
    }
}

/// What names a secret, its connection, and the secret.
type Secret = (String, [u8; 32], Vec<u8>);

#[derive(Debug, Default)]
struct Secrets(Mutex<Vec<Secret>>);

impl KeyLog for Secrets {
    fn log(&self, label: &str, client_random: &[u8; 32], secret: &[u8]) {
        let line = (label.to_owned(), *client_random, secret.to_vec());
        self.0.lock().unwrap().push(line);
    }
}

#[tokio::test]
async fn secrets_are_logged_by_both_sides_alike() {
    let logs = [Arc::new(Secrets::default()), Arc::new(Secrets::default())];
    let [offerer, answerer] = logs.clone().map(|log| SettingEngine {
        key_log: Some(log),
        ..settings()
    });
    let mut pair = pair(offerer, answerer);
    let _channels = pair.channel("x", DataChannelInit::default()).await;
    let [ours, theirs] = logs.map(|log| log.0.lock().unwrap().clone());
    assert_eq!(ours, theirs);
    assert_eq!(
        (ours.len(), ours[0].0.as_str(), ours[0].2.len()),
        (1, "CLIENT_RANDOM", 48)
    );
}

#[tokio::test]
async fn ports_come_from_the_range() {
    let mut settings = settings();
    settings.gathering.udp_ports = Some(42_000..=42_999);
    let api = Api::builder().setting_engine(settings).build();
    let sdp = offer(&api, Configuration::default()).unwrap();
    let found = candidates(&sdp);
    assert!(!found.is_empty());
    assert!(
        found.iter().all(|(_, port)| (42_000..=42_999).contains(port)),
        "{found:?}"
    );
}

#[tokio::test]
async fn one_family_may_be_left_out() {
    let mut settings = settings();
    settings.gathering.addresses = Some(webrtc::Filter::new(|address: &std::net::IpAddr| {
        address.is_loopback()
    }));
    settings.gathering.ipv4_only = true;
    let api = Api::builder().setting_engine(settings).build();
    let sdp = offer(&api, Configuration::default()).unwrap();
    assert_eq!(candidates(&sdp).len(), 1);
    assert_eq!(candidates(&sdp)[0].0, "127.0.0.1");
}

#[tokio::test]
async fn who_wants_relays_alone_shows_no_address() {
    let configuration = Configuration {
        ice_transport_policy: IceTransportPolicy::Relay,
        ..Configuration::default()
    };
    let sdp = offer(&peers::api(), configuration).unwrap();
    assert_eq!(candidates(&sdp), []);
    let mut elsewhere = sdp.lines().filter(|line| !line.starts_with("o="));
    assert!(elsewhere.all(|line| !line.contains("127.0.0.1")), "{sdp}");
}

fn certificate(until: Duration) -> Certificate {
    let from = UnixTime::since_unix_epoch(Duration::ZERO);
    let until = UnixTime::since_unix_epoch(until);
    Certificate::self_signed(&Provider::default(), KeyKind::EcdsaP256, from, until).unwrap()
}

#[tokio::test]
async fn the_certificate_is_the_one_given_and_an_expired_one_is_refused() {
    let with = |certificate: &Certificate| Configuration {
        certificates: vec![certificate.clone()],
        ..Configuration::default()
    };
    let valid = certificate(
        UnixTime::now()
            .as_secs()
            .checked_add(60)
            .map(Duration::from_secs)
            .unwrap(),
    );
    let fingerprint = valid.fingerprint(FingerprintAlgorithm::Sha256).to_string();
    let sdp = offer(&peers::api(), with(&valid)).unwrap();
    assert!(sdp.contains(&format!("a=fingerprint:{fingerprint}\r\n")), "{sdp}");
    let expired = certificate(Duration::from_secs(1_000_000));
    let refused = offer(&peers::api(), with(&expired));
    assert!(matches!(refused, Err(Error::CertificateExpired)), "{refused:?}");
}
