//! What a packet and a handshake cost with each provider: `cargo bench -p crypto --all-features`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot be set up has to stop"
)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crypto::{Aead, Ctr, Group, Hash, KeyKind, Mac, Provider};

/// A full packet.
const PACKET: usize = 1200;

fn providers() -> Vec<Provider> {
    vec![
        #[cfg(feature = "aws-lc-rs")]
        Provider::aws_lc_rs(),
        #[cfg(feature = "rust-crypto")]
        Provider::rust_crypto(),
    ]
}

fn aead(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("aead");
    group.throughput(Throughput::Bytes(PACKET as u64));
    for provider in providers() {
        for algorithm in Aead::ALL {
            let key = provider.aead(algorithm, &vec![1; algorithm.key_len()]).unwrap();
            let (mut data, mut tag, mut nonce) = (vec![7; PACKET], [0; 16], [0_u8; 12]);
            group.bench_function(format!("seal/{algorithm:?}/{}", provider.name()), |bencher| {
                bencher.iter(|| {
                    nonce[11] = nonce[11].wrapping_add(1);
                    key.seal(black_box(&nonce), &[1; 13], black_box(&mut data), &mut tag);
                });
            });
            let plain = data.clone();
            key.seal(&nonce, &[1; 13], &mut data, &mut tag);
            group.bench_function(format!("open/{algorithm:?}/{}", provider.name()), |bencher| {
                let mut opened = data.clone();
                bencher.iter(|| {
                    opened.copy_from_slice(&data);
                    key.open(&nonce, &[1; 13], black_box(&mut opened), &tag).unwrap();
                });
                assert_eq!(opened, plain);
            });
        }
    }
}

fn stream_and_mac(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("packet");
    group.throughput(Throughput::Bytes(PACKET as u64));
    for provider in providers() {
        let mut data = vec![7; PACKET];
        for algorithm in [Ctr::Aes128, Ctr::Aes256] {
            let key = provider.ctr(algorithm, &vec![1; algorithm.key_len()]).unwrap();
            group.bench_function(format!("ctr/{algorithm:?}/{}", provider.name()), |bencher| {
                bencher.iter(|| key.apply(black_box(&[9; 16]), black_box(&mut data)));
            });
        }
        for algorithm in Mac::ALL {
            let key = provider.mac(algorithm, &[1; 20]);
            group.bench_function(format!("mac/{algorithm:?}/{}", provider.name()), |bencher| {
                bencher.iter(|| key.tag(black_box(&[&data, &[0; 4]])));
            });
        }
        group.bench_function(format!("hash/Sha256/{}", provider.name()), |bencher| {
            bencher.iter(|| provider.digest(Hash::Sha256, black_box(&data)));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("random");
    for provider in providers() {
        let mut bytes = [0; 12];
        group.bench_function(format!("12 bytes/{}", provider.name()), |bencher| {
            bencher.iter(|| provider.random(black_box(&mut bytes)));
        });
    }
}

fn handshake(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("handshake");
    for provider in providers() {
        for exchange in Group::ALL {
            group.bench_function(
                format!("exchange, both sides/{exchange:?}/{}", provider.name()),
                |bencher| {
                    bencher.iter(|| {
                        let client = provider.start_key_exchange(exchange).unwrap();
                        let (share, _) = provider.answer_key_exchange(exchange, client.share()).unwrap();
                        client.finish(&share).unwrap()
                    });
                },
            );
        }
        for kind in KeyKind::ALL {
            let key = provider.generate_key(kind).unwrap();
            let scheme = key.schemes()[0];
            let signature = key.sign(scheme, b"message").unwrap();
            group.bench_function(format!("sign/{scheme:?}/{}", provider.name()), |bencher| {
                bencher.iter(|| key.sign(scheme, black_box(b"message")).unwrap());
            });
            group.bench_function(format!("verify/{scheme:?}/{}", provider.name()), |bencher| {
                let public = key.public_key_info();
                bencher.iter(|| {
                    provider
                        .verify(scheme, public, black_box(b"message"), &signature)
                        .unwrap()
                });
            });
        }
        group.bench_function(format!("generate/EcdsaP256/{}", provider.name()), |bencher| {
            bencher.iter(|| provider.generate_key(KeyKind::EcdsaP256).unwrap());
        });
    }
}

criterion_group!(benches, aead, stream_and_mac, handshake);
criterion_main!(benches);
