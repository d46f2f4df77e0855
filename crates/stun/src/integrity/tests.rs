use super::*;

#[test]
fn long_term_keys_have_the_length_of_their_hash() {
    let login = Login {
        username: "user",
        realm: "realm",
        password: "pass",
    };
    let provider = Provider::default();
    let md5 = IntegrityKey::long_term(&provider, PasswordAlgorithm::Md5, &login);
    let sha256 = IntegrityKey::long_term(&provider, PasswordAlgorithm::Sha256, &login);
    assert_eq!((md5.as_bytes().len(), sha256.as_bytes().len()), (16, 32));
    assert_eq!(
        IntegrityKey::from_bytes(&provider, md5.as_bytes()).sign_sha1(&[b"x"]),
        md5.sign_sha1(&[b"x"])
    );
    assert_ne!(md5.sign_sha256(&[b"x"]), sha256.sign_sha256(&[b"x"]));
}

#[test]
fn secrets_are_not_printed() {
    let login = Login {
        username: "user",
        realm: "realm",
        password: "hunter2",
    };
    let key = IntegrityKey::short_term(&Provider::default(), login.password);
    assert!(!format!("{login:?} {key:?}").contains("hunter2"));
}
