//! Two providers with each other, each way.

use super::bytes::pattern;
use super::{Checks, Failure};
use crate::{Aead, Ctr, Group, KeyKind, Mac, Provider};

pub(super) fn run(checks: &mut Checks<'_>, second: &Provider) -> Result<(), Failure> {
    let first = checks.provider;
    for (from, to) in [(first, second), (second, first)] {
        aead(checks, from, to)?;
        exchange(checks, from, to)?;
        signatures(checks, from, to)?;
    }
    same(checks, first, second)
}

fn aead(checks: &mut Checks<'_>, from: &Provider, to: &Provider) -> Result<(), Failure> {
    for algorithm in Aead::ALL {
        if !(from.supports_aead(algorithm) && to.supports_aead(algorithm)) {
            checks.skip(algorithm);
            continue;
        }
        let key = pattern(algorithm.key_len());
        let sealer = checks.value(from.aead(algorithm, &key), format_args!("{algorithm:?}"))?;
        let opener = checks.value(to.aead(algorithm, &key), format_args!("{algorithm:?}"))?;
        for len in (0..200).chain([1199, 1200, 16_384]) {
            let case = format!(
                "{algorithm:?} of {len} bytes sealed by {} for {}",
                from.name(),
                to.name()
            );
            let plaintext = pattern(len);
            let (mut data, mut tag) = (plaintext.clone(), [0; 16]);
            let mut nonce = [0; 12];
            from.random(&mut nonce);
            let aad = pattern(len % 33);
            sealer.seal(&nonce, &aad, &mut data, &mut tag);
            checks.value(opener.open(&nonce, &aad, &mut data, &tag), &case)?;
            checks.holds(data == plaintext, case)?;
        }
    }
    Ok(())
}

fn exchange(checks: &mut Checks<'_>, client: &Provider, server: &Provider) -> Result<(), Failure> {
    for group in Group::ALL {
        if !(client.supports_group(group) && server.supports_group(group)) {
            checks.skip(group);
            continue;
        }
        for _ in 0..4 {
            let case = format!(
                "{group:?} started by {}, answered by {}",
                client.name(),
                server.name()
            );
            let started = checks.value(client.start_key_exchange(group), &case)?;
            let answered = server.answer_key_exchange(group, started.share());
            let (share, server_secret) = checks.value(answered, &case)?;
            let secret = checks.value(started.finish(&share), &case)?;
            checks.holds(secret == server_secret, case)?;
        }
    }
    Ok(())
}

fn signatures(checks: &mut Checks<'_>, signer: &Provider, verifier: &Provider) -> Result<(), Failure> {
    for kind in KeyKind::ALL {
        if !(signer.supports_key(kind) && verifier.supports_key(kind)) {
            checks.skip(kind);
            continue;
        }
        let case = format!("{kind:?} made by {}, used by {}", signer.name(), verifier.name());
        let key = checks.value(signer.generate_key(kind), &case)?;
        for &scheme in key
            .schemes()
            .iter()
            .filter(|scheme| verifier.supports_signature(**scheme))
        {
            let signature = checks.value(key.sign(scheme, b"message"), &case)?;
            let verified = verifier.verify(scheme, key.public_key_info(), b"message", &signature);
            checks.value(verified, format_args!("{scheme:?}, {case}"))?;
        }
        if let Some(pkcs8) = key.pkcs8() {
            let loaded = checks.value(verifier.load_key(pkcs8.as_ref()), &case)?;
            let same = loaded.public_key_info() == key.public_key_info();
            checks.holds(same, format_args!("public key of {case}"))?;
        }
    }
    Ok(())
}

/// What has to come out the same.
fn same(checks: &mut Checks<'_>, first: &Provider, second: &Provider) -> Result<(), Failure> {
    for len in 0..300 {
        let data = pattern(len);
        for algorithm in crate::Hash::ALL {
            let same = first.digest(algorithm, &data) == second.digest(algorithm, &data);
            checks.holds(same, format_args!("{algorithm:?} of {len} bytes"))?;
        }
        for algorithm in Mac::ALL {
            let tags = [first, second].map(|provider| provider.mac(algorithm, &data).tag(&[&data, b"end"]));
            checks.holds(
                matches!(&tags, [a, b] if a == b),
                format_args!("{algorithm:?} of {len} bytes"),
            )?;
        }
        for algorithm in Ctr::ALL {
            let key = pattern(algorithm.key_len());
            let mut streams = Vec::new();
            for provider in [first, second] {
                let key = checks.value(provider.ctr(algorithm, &key), format_args!("{algorithm:?}"))?;
                let mut stream = data.clone();
                key.apply(&[5; 16], &mut stream);
                streams.push(stream);
            }
            checks.holds(
                matches!(&streams[..], [a, b] if a == b),
                format_args!("{algorithm:?} of {len} bytes"),
            )?;
        }
    }
    Ok(())
}
