//! Records of 1200 bytes, and whole handshakes in memory.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "the macros of criterion; a bench that cannot go on has failed"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use dtls::core::Connection;
use dtls::{
    Certificate, CipherSuite, ClientAuth, Config, FingerprintAlgorithm, KeyKind, PeerVerification, UnixTime,
};

const PAYLOAD: usize = 1200;
/// Records sealed for one measurement of opening: fewer than the replay window looks back would not matter here.
const BATCH: usize = 64;

fn configs(suite: CipherSuite) -> [Arc<Config>; 2] {
    let time = |secs| UnixTime::since_unix_epoch(Duration::from_secs(secs));
    let base = Config::default();
    let make = || {
        Certificate::self_signed(
            &base.provider,
            KeyKind::EcdsaP256,
            time(1_700_000_000),
            time(1_900_000_000),
        )
        .unwrap()
    };
    let (ours, theirs) = (make(), make());
    [(&ours, &theirs), (&theirs, &ours)].map(|(own, other)| {
        Arc::new(Config {
            certificate: Some(own.clone()),
            verify: PeerVerification::Fingerprints(vec![other.fingerprint(FingerprintAlgorithm::Sha256)]),
            client_auth: ClientAuth::Require,
            cipher_suites: vec![suite],
            ..base.clone()
        })
    })
}

fn carry(now: Instant, from: &mut Connection, to: &mut Connection) {
    let mut out = Vec::with_capacity(2048);
    while from.poll_transmit(now, &mut out).is_some() {
        to.handle_input(now, &mut out).into_iter().for_each(drop);
        out.clear();
    }
}

fn handshake([client, server]: &[Arc<Config>; 2]) -> (Connection, Connection) {
    let now = Instant::now();
    let mut client = Connection::client(Arc::clone(client), [1; 32]);
    let mut server = Connection::server(Arc::clone(server), [2; 32]);
    client.connect(now);
    for _ in 0..3 {
        carry(now, &mut client, &mut server);
        carry(now, &mut server, &mut client);
    }
    assert!(client.is_connected() && server.is_connected());
    (client, server)
}

fn sealed(connection: &mut Connection) -> Vec<u8> {
    let mut out = Vec::with_capacity(PAYLOAD + 64);
    out.resize(connection.head_room() + PAYLOAD, 7);
    connection.seal(&mut out, 0).unwrap();
    out
}

fn records(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("record");
    group.throughput(Throughput::Bytes(PAYLOAD as u64));
    for suite in [
        CipherSuite::EcdheEcdsaAes128Gcm,
        CipherSuite::EcdheEcdsaAes256Gcm,
        CipherSuite::EcdheEcdsaChaCha20Poly1305,
    ] {
        let configs = configs(suite);
        let (mut client, mut server) = handshake(&configs);
        let head = client.head_room();
        let mut out = Vec::with_capacity(PAYLOAD + 64);
        group.bench_function(format!("seal {suite}"), |bencher| {
            bencher.iter(|| {
                out.resize(head + PAYLOAD, 7);
                client.seal(black_box(&mut out), 0).unwrap();
                out.truncate(head);
            });
        });
        let now = Instant::now();
        group.throughput(Throughput::Bytes((BATCH * PAYLOAD) as u64));
        group.bench_function(format!("open {BATCH} {suite}"), |bencher| {
            bencher.iter_batched(
                || (0..BATCH).map(|_| sealed(&mut client)).collect::<Vec<_>>(),
                |mut batch| {
                    let opened = batch
                        .iter_mut()
                        .flat_map(|datagram| server.handle_input(now, datagram));
                    assert_eq!(opened.count(), BATCH);
                    batch
                },
                BatchSize::LargeInput,
            );
        });
        group.throughput(Throughput::Bytes(PAYLOAD as u64));
    }
    group.finish();
}

fn handshakes(criterion: &mut Criterion) {
    let configs = configs(CipherSuite::EcdheEcdsaAes128Gcm);
    criterion.bench_function("handshake, both sides, mutual ECDSA P-256, X25519", |bencher| {
        bencher.iter(|| handshake(black_box(&configs)));
    });
}

criterion_group!(benches, records, handshakes);
criterion_main!(benches);
