//! Files as `openssl` writes them, and what is wrong with others. The passphrase of those in `openssl` is
//! `correct horse`; they belong to nobody, and are valid until 2126.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

use super::*;

const CERTIFICATE: &[u8] = include_bytes!("tests/openssl/cert.pem");
const KEY: &[u8] = include_bytes!("tests/openssl/key.pem");
const PASSPHRASE: &str = "correct horse";
const MODERN: &[u8] = include_bytes!("tests/openssl/modern.p12");
const AES: &[u8] = include_bytes!("tests/openssl/key-aes.pem");
/// Within 2030.
const NOW_MS: u64 = 1_900_000_000_000;

fn of(format: CertificateFormat, certificate: &[u8], key: Option<&[u8]>, passphrase: &str) -> ClientIdentity {
    let cleared = |bytes: &[u8]| Zeroizing::new(bytes.to_vec());
    ClientIdentity {
        format,
        certificate: cleared(certificate),
        private_key: key.map(cleared),
        passphrase: (!passphrase.is_empty()).then(|| cleared(passphrase.as_bytes())),
    }
}

fn pem(certificate: &[u8], key: &[u8], passphrase: &str) -> Result<CertifiedKey, IdentityError> {
    of(CertificateFormat::Pem, certificate, Some(key), passphrase).open(NOW_MS)
}

fn pkcs12(file: &[u8], passphrase: &str) -> Result<CertifiedKey, IdentityError> {
    of(CertificateFormat::Pkcs12, file, None, passphrase).open(NOW_MS)
}

#[test]
fn every_common_file_opens() {
    let both = [KEY, CERTIFICATE].concat();
    let opened = [
        pem(CERTIFICATE, KEY, ""),
        pem(CERTIFICATE, KEY, "not needed"),
        pem(CERTIFICATE, include_bytes!("tests/openssl/key-sec1.pem"), ""),
        pem(CERTIFICATE, AES, PASSPHRASE),
        pem(CERTIFICATE, include_bytes!("tests/openssl/key-3des.pem"), PASSPHRASE),
        pem(CERTIFICATE, include_bytes!("tests/openssl/key-scrypt.pem"), PASSPHRASE),
        of(CertificateFormat::Pem, &both, None, "").open(NOW_MS),
        pkcs12(MODERN, PASSPHRASE),
        pkcs12(include_bytes!("tests/openssl/legacy.p12"), PASSPHRASE),
        pkcs12(include_bytes!("tests/openssl/no-passphrase.p12"), ""),
    ];
    for (index, opened) in opened.into_iter().enumerate() {
        let opened = opened.unwrap_or_else(|error| panic!("{index}: {error}"));
        opened.keys_match().unwrap();
        assert_eq!(opened.cert.len(), 1, "{index}");
    }
}

#[test]
fn what_cannot_be_used_says_why() {
    use IdentityError as E;
    let other = KeyPair::generate().unwrap().serialize_pem();
    let two = [KEY, other.as_bytes()].concat();
    let damaged_key = "-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----\n";
    let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    for (outcome, expected) in [
        (pem(b"", KEY, ""), E::NoCertificate),
        (pem(KEY, KEY, ""), E::NoCertificate),
        (pem(MODERN, KEY, ""), E::OtherFormat),
        (pem(broken.as_bytes(), KEY, ""), E::NotPem),
        (pem(damaged.as_bytes(), KEY, ""), E::DamagedCertificate),
        (pem(CERTIFICATE, CERTIFICATE, ""), E::NoKey),
        (pem(CERTIFICATE, b"", ""), E::NoKey),
        (pem(CERTIFICATE, damaged_key.as_bytes(), ""), E::DamagedKey),
        (pem(CERTIFICATE, &two, ""), E::SeveralKeys),
        (pem(CERTIFICATE, other.as_bytes(), ""), E::OtherKey),
        (pem(CERTIFICATE, AES, ""), E::KeyEncrypted),
        (pem(CERTIFICATE, AES, "wrong"), E::WrongPassphrase),
        (
            pem(CERTIFICATE, include_bytes!("tests/openssl/key-pbes1.pem"), PASSPHRASE),
            E::UnsupportedEncryption,
        ),
        (
            pem(CERTIFICATE, include_bytes!("tests/openssl/key-proc-type.pem"), PASSPHRASE),
            E::UnsupportedEncryption,
        ),
        (pkcs12(b"", ""), E::NotPkcs12),
        (pkcs12(CERTIFICATE, PASSPHRASE), E::NotPkcs12),
        (pkcs12(&MODERN[..MODERN.len() - 1], PASSPHRASE), E::NotPkcs12),
        (pkcs12(MODERN, ""), E::WrongPassphrase),
        (pkcs12(MODERN, "wrong"), E::WrongPassphrase),
    ] {
        let error = outcome.err().unwrap_or_else(|| panic!("opened instead of {expected:?}"));
        assert_eq!(error, expected);
        assert!(!error.to_string().contains(PASSPHRASE));
    }
}

#[test]
fn a_certificate_is_shown_within_its_time_alone() {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2029, 3, 1);
    params.not_after = date_time_ymd(2031, 4, 2);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    let key = key.serialize_pem();
    let identity = of(CertificateFormat::Pem, certificate.as_bytes(), Some(key.as_bytes()), "");
    assert!(identity.open(NOW_MS).is_ok());
    let late = identity.open(1_990_000_000_000).err();
    assert_eq!(late, Some(IdentityError::Expired { on: "2031-04-02".to_owned() }));
    let early = identity.open(1_700_000_000_000).err();
    assert_eq!(early, Some(IdentityError::NotYetValid { from: "2029-03-01".to_owned() }));
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

#[test]
fn a_chain_is_put_in_order_without_root_and_strangers() {
    let [root_key, between_key, key] = std::array::from_fn(|_| KeyPair::generate().unwrap());
    let root = CertifiedIssuer::self_signed(authority("root"), root_key).unwrap();
    let between = CertifiedIssuer::signed_by(authority("between"), between_key, &root).unwrap();
    let leaf = CertificateParams::default().signed_by(&key, &between).unwrap();
    let stranger = authority("stranger").self_signed(&KeyPair::generate().unwrap()).unwrap();
    let mut all = [root.pem(), between.pem(), stranger.pem(), leaf.pem()];
    for _ in 0..all.len() {
        all.rotate_left(1);
        let opened = pem(all.concat().as_bytes(), key.serialize_pem().as_bytes(), "").unwrap();
        assert_eq!(opened.cert[0], *leaf.der());
        assert_eq!(opened.cert[1], *between.der());
        assert_eq!(opened.cert.len(), 2);
    }
}

#[test]
fn an_identity_is_another_as_soon_as_a_part_of_it_is() {
    use CertificateFormat::{Pem, Pkcs12};
    let all = [
        of(Pem, b"a", Some(b"b"), "c"),
        of(Pkcs12, b"a", Some(b"b"), "c"),
        of(Pem, b"ab", Some(b""), "c"),
        of(Pem, b"ab", None, "c"),
        of(Pem, b"a", Some(b"bc"), ""),
        of(Pem, b"a", Some(b"b"), "d"),
    ];
    for (index, one) in all.iter().enumerate() {
        for (other_index, other) in all.iter().enumerate() {
            let is_same = one.fingerprint() == other.fingerprint();
            assert_eq!(is_same, index == other_index, "{index} {other_index}");
        }
    }
}

#[test]
fn a_key_of_an_unknown_kind_is_refused() {
    // P-521, which the TLS library does not sign with.
    let key = include_bytes!("tests/openssl/key-p521.pem");
    assert_eq!(pem(CERTIFICATE, key, "").err(), Some(IdentityError::UnsupportedKey));
}
