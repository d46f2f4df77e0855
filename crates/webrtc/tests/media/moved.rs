//! The BUNDLE transport moves to another section: the one that carried it was stopped, refused or is used again
//! (RFC 9143 §7.3.1 and §7.5). What Chromium 156 and Firefox 153 write then was seen on the wire: both make another
//! transport – other sockets, the same certificate, mostly the same ICE credentials – and another DTLS association.

use std::net::SocketAddr;
use std::time::Instant;

use sdp::{Attribute, SessionDescription as Sdp};
use webrtc::core::Event;
use webrtc::{
    Certificate, Configuration, DtlsTransportState, IceConnectionState, MediaEngine, MediaKind,
    RtpTransceiverDirection as Direction, SessionDescription,
};

use super::peer::{Peer, mids, negotiate, parse, ports};

const CHROMIUM: &str = include_str!("../../../sdp/tests/corpus/chromium-156-offer-av-data-lo.sdp");
const FIREFOX: &str = include_str!("../../../sdp/tests/corpus/firefox-chromium-offer.sdp");

fn group(description: &Sdp) -> String {
    let groups = description.bundle_groups();
    let mids: Vec<_> = groups
        .flat_map(|group| &group.mids)
        .map(ToString::to_string)
        .collect();
    format!("BUNDLE {}", mids.join(" "))
}

/// The members of the BUNDLE group, in a browser's order.
fn regroup(description: &mut Sdp, mids: &str) {
    description
        .attributes
        .retain(|attribute| !matches!(attribute, Attribute::Group(_)));
    let group = sdp::Group {
        semantics: "BUNDLE".into(),
        mids: mids.split_whitespace().map(Into::into).collect(),
    };
    description.attributes.push(Attribute::Group(group));
}

fn stop(description: &mut Sdp, index: usize) {
    description.media[index].reject();
}

/// Its transport is another one.
fn renew(description: &mut Sdp, ufrag: &str) {
    for media in &mut description.media {
        media
            .attributes
            .retain(|it| !matches!(it, Attribute::IceUfrag(_) | Attribute::IcePwd(_)));
        media.attributes.push(Attribute::IceUfrag(ufrag.into()));
        let password = "0123456789abcdef01234567".into();
        media.attributes.push(Attribute::IcePwd(password));
    }
}

fn rename(description: &mut Sdp, index: usize, mid: &str) {
    let attributes = &mut description.media[index].attributes;
    attributes.retain(|attribute| !matches!(attribute, Attribute::Mid(_)));
    attributes.push(Attribute::Mid(mid.into()));
}

fn answer(peer: &mut Peer, offer: &Sdp) -> Sdp {
    peer.hear(&SessionDescription::offer(offer.to_string()));
    parse(&peer.answer().sdp)
}

fn our_ufrag(answer: &Sdp, index: usize) -> String {
    let section = answer.section(index).unwrap();
    section.ice_credentials().unwrap().0.to_owned()
}

#[test]
fn a_browser_may_stop_what_carried_the_transport() {
    for text in [CHROMIUM, FIREFOX] {
        let mut offer = parse(text);
        let [first, second, third] = &mids(&offer)[..] else {
            panic!("three sections")
        };
        let (first, second, third) = (first.clone(), second.clone(), third.clone());
        let mut peer = Peer::new(1);
        let before = answer(&mut peer, &offer);
        assert_eq!(group(&before), format!("BUNDLE {first} {second} {third}"));
        peer.news();
        // The first of several is stopped.
        stop(&mut offer, 0);
        regroup(&mut offer, &format!("{second} {third}"));
        let after = answer(&mut peer, &offer);
        assert_eq!(
            after.media.iter().map(|media| media.port).collect::<Vec<_>>(),
            [0, 9, 9]
        );
        assert_eq!(group(&after), format!("BUNDLE {second} {third}"));
        assert_eq!(
            our_ufrag(&after, 1),
            our_ufrag(&before, 0),
            "nobody has restarted ICE"
        );
        assert_eq!(
            after.section(1).unwrap().setup(),
            before.section(0).unwrap().setup()
        );
        assert_eq!(peer.ids().len(), 1);
        // All of the media are stopped: the data channels are left.
        stop(&mut offer, 1);
        regroup(&mut offer, &third);
        let last = answer(&mut peer, &offer);
        assert_eq!(
            last.media.iter().map(|media| media.port).collect::<Vec<_>>(),
            [0, 0, 9]
        );
        assert_eq!(group(&last), format!("BUNDLE {third}"));
        assert!(peer.ids().is_empty());
    }
}

#[test]
fn candidates_name_the_section_that_has_the_transport() {
    let mut peer = Peer::new(1);
    let mut offer = parse(CHROMIUM);
    answer(&mut peer, &offer);
    let now = peer.now;
    peer.core
        .add_local_address(now, "192.0.2.1:1000".parse().unwrap());
    peer.core.end_local_addresses(now);
    let told = |peer: &mut Peer| -> Vec<_> {
        std::iter::from_fn(|| peer.core.poll_event())
            .filter_map(|event| {
                let Event::IceCandidate(candidate) = event else {
                    return None;
                };
                Some((candidate.sdp_mid.unwrap(), candidate.candidate.is_empty()))
            })
            .collect()
    };
    let expected = |mid: &str| vec![(mid.to_owned(), false), (mid.to_owned(), true)];
    assert_eq!(told(&mut peer), expected("0"));
    stop(&mut offer, 0);
    regroup(&mut offer, "1 2");
    answer(&mut peer, &offer);
    assert_eq!(
        told(&mut peer),
        expected("1"),
        "the transport of a browser that is new knows none of them"
    );
    let described = parse(&peer.core.local_description().unwrap().sdp);
    let counts: Vec<_> = described
        .media
        .iter()
        .map(|media| media.candidates().count())
        .collect();
    assert_eq!(counts, [0, 1, 0]);
    // The same again changes nothing, and tells nothing.
    answer(&mut peer, &offer);
    assert!(told(&mut peer).is_empty());
}

#[test]
fn a_section_that_is_used_again_may_have_the_transport_or_not() {
    // Chromium: the group is in the order of the sections, and the transport has other credentials.
    let mut chromium = parse(CHROMIUM);
    let mut peer = Peer::new(1);
    let first = answer(&mut peer, &chromium);
    stop(&mut chromium, 0);
    regroup(&mut chromium, "1 2");
    answer(&mut peer, &chromium);
    let again = parse(CHROMIUM).media[0].clone();
    chromium.media[0] = again;
    rename(&mut chromium, 0, "3");
    regroup(&mut chromium, "3 1 2");
    renew(&mut chromium, "APQy");
    let reused = answer(&mut peer, &chromium);
    assert_eq!(mids(&reused), ["3", "1", "2"]);
    assert_eq!(group(&reused), "BUNDLE 3 1 2");
    assert_ne!(our_ufrag(&reused, 0), our_ufrag(&first, 0));
    assert_eq!(peer.ids().len(), 2);
    // Our own offer leaves the transport where it is.
    let ours = parse(&peer.offer().sdp);
    assert_eq!(group(&ours), "BUNDLE 3 1 2");
    peer.roll_back();
    // Firefox: the new section is the last of the group, wherever it stands.
    let mut firefox = parse(FIREFOX);
    let known = mids(&firefox);
    let mut peer = Peer::new(1);
    answer(&mut peer, &firefox);
    stop(&mut firefox, 0);
    regroup(&mut firefox, &known[1..].join(" "));
    answer(&mut peer, &firefox);
    firefox.media[0] = parse(FIREFOX).media[0].clone();
    rename(&mut firefox, 0, "9");
    regroup(&mut firefox, &format!("{} {} 9", known[1], known[2]));
    let reused = answer(&mut peer, &firefox);
    assert_eq!(group(&reused), format!("BUNDLE {} {} 9", known[1], known[2]));
    assert_eq!(ports(&reused)[0], "audio 9");
    // So does ours.
    let ours = parse(&peer.offer().sdp);
    assert_eq!(group(&ours).split(' ').nth(1), Some(&*known[1]));
}

#[test]
fn data_may_come_first_and_media_may_go_and_come() {
    let mut offer = parse(CHROMIUM);
    offer.media.rotate_right(1);
    regroup(&mut offer, "2 0 1");
    let mut peer = Peer::new(1);
    assert_eq!(group(&answer(&mut peer, &offer)), "BUNDLE 2 0 1");
    stop(&mut offer, 0);
    regroup(&mut offer, "0 1");
    let without = answer(&mut peer, &offer);
    assert_eq!(ports(&without), ["application 0", "audio 9", "video 9"]);
    // Nothing at all is left, and then something again, in places that were used before.
    for index in 0..3 {
        stop(&mut offer, index);
    }
    regroup(&mut offer, "");
    let nothing = answer(&mut peer, &offer);
    assert!(nothing.media.iter().all(|media| media.port == 0));
    assert!(peer.ids().is_empty());
    // RFC 9429 §5.2.2: what nobody uses stays rejected at its place.
    assert_eq!(
        ports(&parse(&peer.offer().sdp))[..3],
        ["application 0", "audio 0", "video 0"]
    );
    peer.roll_back();
    offer.media[1] = parse(CHROMIUM).media[0].clone();
    rename(&mut offer, 1, "7");
    regroup(&mut offer, "7");
    renew(&mut offer, "WNE3");
    let again = answer(&mut peer, &offer);
    assert_eq!(ports(&again), ["application 0", "audio 9", "video 0"]);
    assert_eq!(group(&again), "BUNDLE 7");
}

#[test]
fn another_certificate_is_still_refused() {
    let mut offer = parse(CHROMIUM);
    let mut peer = Peer::new(1);
    answer(&mut peer, &offer);
    stop(&mut offer, 0);
    regroup(&mut offer, "1 2");
    for media in &mut offer.media {
        media
            .attributes
            .retain(|attribute| !matches!(attribute, Attribute::Fingerprint(_)));
        let other = sdp::Fingerprint::new("sha-256", &[7; 32]);
        media.attributes.push(other.into());
    }
    let refused = |peer: &mut Peer, offer: &Sdp| {
        let offer = SessionDescription::offer(offer.to_string());
        matches!(
            peer.core.set_remote_description(peer.now, &offer),
            Err(webrtc::Error::Description(
                webrtc::DescriptionError::NewDtlsAssociation
            ))
        )
    };
    assert!(refused(&mut peer, &offer));
    // Also where another section may come to carry the transport.
    let mut second = parse(CHROMIUM);
    second.media[1].attributes = offer.media[1].attributes.clone();
    assert!(refused(&mut peer, &second));
    assert!(!refused(&mut peer, &parse(CHROMIUM)));
}

/// Peers with their addresses, on one network.
struct World {
    peers: Vec<(Peer, SocketAddr)>,
    now: Instant,
}

impl World {
    fn core(&mut self, index: usize) -> &mut webrtc::core::PeerConnection {
        &mut self.peers[index].0.core
    }

    /// Candidates of one go to another, under the mid that it has for the section.
    fn tell(&mut self, from: usize, to: usize, mid: &str) {
        let now = self.now;
        let address = self.peers[from].1;
        if self.core(from).wants_addresses() {
            self.core(from).add_local_address(now, address);
            self.core(from).end_local_addresses(now);
        }
        while let Some(event) = self.core(from).poll_event() {
            if let Event::IceCandidate(mut candidate) = event {
                candidate.sdp_mid = Some(mid.to_owned());
                self.core(to).add_ice_candidate(now, Some(candidate)).unwrap();
            }
        }
    }

    /// Moves what is to be sent; false if there is nothing.
    fn flush(&mut self) -> bool {
        let now = self.now;
        let mut datagrams = Vec::new();
        for (peer, _) in &mut self.peers {
            let mut out = Vec::new();
            while let Some(transmit) = peer.core.poll_transmit(now, 1, &mut out) {
                datagrams.push((transmit.path, std::mem::take(&mut out)));
            }
        }
        let some = !datagrams.is_empty();
        for (path, mut datagram) in datagrams {
            let mut all = self.peers.iter_mut();
            if let Some((peer, _)) = all.find(|(_, address)| *address == path.remote) {
                let (local, remote) = (path.remote, path.local);
                peer.core
                    .handle_input(now, ice::Path { local, remote }, &mut datagram);
            }
        }
        some
    }

    /// The next moment at which something is due.
    fn wait(&mut self) {
        let deadlines = self.peers.iter().filter_map(|(peer, _)| peer.core.poll_timeout());
        self.now = deadlines.min().unwrap().max(self.now);
        for (peer, _) in &mut self.peers {
            peer.core.handle_timeout(self.now);
        }
    }

    fn run(&mut self, done: impl Fn(&[(Peer, SocketAddr)]) -> bool) {
        for _ in 0..5000 {
            if done(&self.peers) {
                return;
            }
            if !self.flush() {
                self.wait();
            }
        }
        panic!("it took too long");
    }
}

fn is_up(peer: &Peer) -> bool {
    let ice = peer.core.ice_connection_state();
    peer.core.dtls_state() == DtlsTransportState::Connected
        && matches!(ice, IceConnectionState::Connected | IceConnectionState::Completed)
}

/// A browser of one certificate: every transport of it has the same one, and the same credentials.
fn browser(certificate: &Certificate) -> Peer {
    let configuration = Configuration {
        certificates: vec![certificate.clone()],
        ..Configuration::default()
    };
    Peer::with(2, &configuration, MediaEngine::default())
}

fn certificate() -> Certificate {
    let provider = webrtc::Provider::default();
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    let day = std::time::Duration::from_secs(86_400);
    let at = dtls::UnixTime::since_unix_epoch;
    Certificate::self_signed(&provider, dtls::KeyKind::EcdsaP256, at(now - day), at(now + day)).unwrap()
}

/// We are connected with a browser, which offered if `it_offers`; then it stops the first section, closes the sockets of
/// that transport and opens others for the second.
fn replaced(it_offers: bool) -> World {
    let certificate = certificate();
    let address = |n: u8| SocketAddr::from(([192, 0, 2, n], 1000));
    let (mut ours, mut old) = (Peer::new(1), browser(&certificate));
    let now = ours.now;
    let first = if it_offers { &mut old } else { &mut ours };
    first.add(MediaKind::Audio, Direction::SendRecv);
    first.add(MediaKind::Video, Direction::SendRecv);
    if it_offers {
        negotiate(&mut old, &mut ours);
    } else {
        negotiate(&mut ours, &mut old);
    }
    let mut world = World {
        peers: vec![(ours, address(1)), (old, address(2))],
        now,
    };
    world.tell(0, 1, "0");
    world.tell(1, 0, "0");
    world.run(|peers| peers.iter().all(|(peer, _)| is_up(peer)));
    // What the browser offers, in the name of its next transport.
    let mut offer = parse(&world.peers[1].0.offer().sdp);
    stop(&mut offer, 0);
    regroup(&mut offer, "1");
    let mut reply = answer(&mut world.peers[0].0, &offer);
    // Chromium says goodbye on the transport that it gives up.
    let now = world.now;
    world.core(1).close(now);
    let mut goodbye = Vec::new();
    let sent = world.core(1).poll_transmit(now, 1, &mut goodbye).unwrap();
    let (local, remote) = (sent.path.remote, sent.path.local);
    world
        .core(0)
        .handle_input(now, ice::Path { local, remote }, &mut goodbye);
    assert!(!world.core(0).is_closed());
    world.peers.truncate(1);
    let mut new = browser(&certificate);
    let kind = MediaKind::Video;
    // Who controls is decided once for all transports of a browser.
    if it_offers {
        new.add(kind, Direction::SendRecv);
        new.offer();
        reply.media.remove(0);
        rename(&mut reply, 0, "0");
        regroup(&mut reply, "0");
        new.hear(&SessionDescription::answer(reply.to_string()));
    } else {
        reply.media.remove(0);
        rename(&mut reply, 0, "0");
        regroup(&mut reply, "0");
        let text = reply.to_string();
        let text = ["a=setup:active", "a=setup:passive"]
            .iter()
            .fold(text, |text, setup| text.replace(setup, "a=setup:actpass"));
        new.hear(&SessionDescription::offer(text));
        new.answer();
    }
    world.peers.push((new, address(3)));
    world.tell(0, 1, "0");
    world.tell(1, 0, "1");
    world
}

#[test]
fn another_transport_of_a_browser_takes_over() {
    for it_offers in [true, false] {
        let mut world = replaced(it_offers);
        let began = world.now;
        world.run(|peers| {
            let there = peers[1].1;
            let stats = peers[0].0.core.stats();
            let mut pairs = stats.candidate_pairs.iter();
            pairs.any(|pair| pair.selected && pair.path.remote == there) && is_up(&peers[1].0)
        });
        // Nobody waits for the sockets that are gone to fall silent.
        let took = world.now - began;
        assert!(took < std::time::Duration::from_secs(1), "{took:?}");
        // Media goes on with the keys of the other association.
        let [from, to] = if it_offers { [1, 0] } else { [0, 1] };
        let sender = world.peers[from].0.ids()[0];
        let codec = world.peers[from].0.section(sender).send[0].payload_type;
        let mut header = rtp::Header {
            payload_type: codec,
            ..rtp::Header::default()
        };
        let now = world.now;
        let sent = world
            .core(from)
            .send_rtp(now, (sender, 0), &mut header, &[0x10, 0, 0, 0][..]);
        sent.unwrap();
        world.run(|peers| {
            let stats = peers[to].0.core.rtp_stats();
            stats.is_some_and(|stats| stats.packets_received == 1 && stats.rejected == 0)
        });
        assert!(world.core(0).failure().is_none());
    }
}

/// The browser is the server of the handshake, which its last record completes for us; a packet is faster.
#[test]
fn media_that_overtakes_the_handshake_of_another_transport_is_received() {
    let mut world = replaced(true);
    world.run(|peers| peers[1].0.core.dtls_state() == DtlsTransportState::Connected);
    let now = world.now;
    let sender = world.peers[1].0.ids()[0];
    let mut header = rtp::Header {
        payload_type: world.peers[1].0.section(sender).send[0].payload_type,
        ..rtp::Header::default()
    };
    let browser = world.core(1);
    browser
        .send_rtp(now, (sender, 0), &mut header, &[0x10, 0, 0, 0][..])
        .unwrap();
    let (mut last, mut media) = (Vec::new(), Vec::new());
    let mut out = Vec::new();
    while let Some(transmit) = browser.poll_transmit(now, 1, &mut out) {
        let (local, remote) = (transmit.path.remote, transmit.path.local);
        let is_media = matches!(out[0], 128..=191);
        let queue = if is_media { &mut media } else { &mut last };
        queue.push((ice::Path { local, remote }, std::mem::take(&mut out)));
    }
    let counters = |ours: &webrtc::core::PeerConnection| {
        let stats = ours.rtp_stats().unwrap();
        (stats.early, stats.packets_received, stats.rejected)
    };
    let ours = world.core(0);
    for (path, datagram) in &mut media {
        ours.handle_input(now, *path, datagram);
    }
    assert_eq!(
        counters(ours),
        (media.len() as u64, 0, 0),
        "there are no keys yet"
    );
    for (path, datagram) in &mut last {
        ours.handle_input(now, *path, datagram);
    }
    assert_eq!(counters(ours), (media.len() as u64, 1, 0));
}

/// Pion looks at ICE credentials alone, and so did we: nothing begins anew, and the association there is goes on.
#[test]
fn a_peer_that_keeps_its_transport_keeps_the_connection() {
    for it_offers in [true, false] {
        let address = |n: u8| SocketAddr::from(([192, 0, 2, n], 1000));
        let (mut ours, mut peer) = (Peer::new(1), Peer::new(2));
        let first = if it_offers { &mut peer } else { &mut ours };
        first.add(MediaKind::Audio, Direction::SendRecv);
        first.add(MediaKind::Video, Direction::SendRecv);
        if it_offers {
            negotiate(&mut peer, &mut ours);
        } else {
            negotiate(&mut ours, &mut peer);
        }
        let now = ours.now;
        let mut world = World {
            peers: vec![(ours, address(1)), (peer, address(2))],
            now,
        };
        world.tell(0, 1, "0");
        world.tell(1, 0, "0");
        world.run(|peers| peers.iter().all(|(peer, _)| is_up(peer)));
        let mut offer = parse(&world.peers[1].0.offer().sdp);
        stop(&mut offer, 0);
        regroup(&mut offer, "1");
        answer(&mut world.peers[0].0, &offer);
        world.peers[1].0.roll_back();
        // Longer than a handshake may take, and than consent lasts.
        let began = world.now;
        while world.now < began + std::time::Duration::from_secs(70) {
            while world.flush() {}
            world.wait();
            assert!(is_up(&world.peers[0].0), "after {:?}", world.now - began);
        }
        assert!(world.core(0).failure().is_none() && world.core(1).failure().is_none());
    }
}
