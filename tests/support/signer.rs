//! A key pair of RSA, which the library of the tests cannot make, and what checks its signatures.
//!
//! Made for these tests; it opens nothing.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustls::SignatureScheme;
use rustls::crypto::ring::default_provider;
use serde_json::Value;

/// PKCS#1, as GitHub hands keys out.
pub const PRIVATE_KEY: &str = "\
-----BEGIN RSA PRIVATE KEY-----\n\
MIIEpAIBAAKCAQEAgpxUoHCcEKN+mskNfJRVa+WMqvKkWq9QJmjBcKyCo5MyKemr\n\
8CInxAIsMXqr5vLSHSCOr8JckARglvwTZWjbmsDBnwoEPibMWj6himMK45dIEqBZ\n\
jsTO1Zo8jeEfmmNMMhFPOK14ZZClSDVz8MYoA50UWFHbvQxPxY27CH1BdNOhO7V9\n\
uWq8oFu2IkFqFn0zpqZDOm3T6NrVIiOy9THAJQCh0VKwIUv60+2IQzfpkYm7o/wq\n\
NX8OMXx6KJC7+SJdwW2OHIfcbq9cN6fxtUTjErDDWbGT6ejclmz0a7OKihwfyXuL\n\
FONqtsDvqLs7XpQgtVizYgMBJefKrdecxYeZ0QIDAQABAoIBACBTSK6csEN982uj\n\
ru7SV4HowjPc8chv80pOSvH0ADEz0QqGhsNb8LOWRhHI5pq2JkKHOElPtVD/hFhZ\n\
8wL6PL/ETSdrdzlaqOD890Yk1SEW5AOYJBItq3M6RRpoSUYQpV8O4aiJZm7cqcuB\n\
TzycDnM2gT6Ko/PaBDREq7GiLn0XOSD6AMzfqWcptD4NjR2L5suUuhqc2bxMfc5I\n\
OaUP3D0GtgZgA0q/0fF0fMfPKtPoRb3YjaPFDUcB92c6z+DEltQ19mSg5hzE1wX0\n\
XbeUnigcI1KwZ9BAI0mvQJ/brejYuWaRV2PtMulzg3tJM5x7IQC6aEA8IFypR9gK\n\
TJcK+vECgYEAt4NF1gHb9xMDdIjqIeI/XryLyS6i1lDrZ13Z7qOuH5fi+0GqHs4G\n\
e0vFopGTvRRNsyH/JjquNuCy/K0s04WjwyuAIGyINm6qXsNSHc8uHqd37+G4m/cs\n\
5P78aVWSCYXrL7FP+5Gekc8RgHj1B12CL/iHd9ylJWWKRQv+Teimem8CgYEAtjOe\n\
yWJSggT+bcuQzvEdwVoLPEAVKkXUH2BReFmyk6iIGyYR2G5upjYsF4AVZA9WBH88\n\
yXOLcUsd/Fu56GUHq23jqkDVn1hLYqyIRnvtY2/LXT20vx58RjmmCvFR9h4o8qGA\n\
gVnogOuf03WGNGtndfK9xbz6260FYcCfmHQWT78CgYEAmd1qH35dlPKPMhVd4d0V\n\
7vO9bIg6peEhDwEEqe75Hqo1+R7caYmqq5QjeCQBMEamwywdB0uqKH8L84mrjQp+\n\
/TQq8ISvTJxLIrs3zaCZdcBKconaRILhVHtq3VKO6IctY0aS3kYBIxXwAbzpDSzc\n\
7CXAR8JrgUh6v1vH9EC93OcCgYEAhBhktKh+HRm1xLBjakVRR08a+jGTprQ9mAni\n\
xxhw6bC0DMrLAVj/C64WxWrtF0AvIs+EqKEGpbrKIJ336M7mgpkHB/Y9ams/LGjd\n\
3AwZDZCNpioIks9tVhSRlzliLMes9Eu2uREQCffKRircg8Cin9a/U08xqHaGglp+\n\
2q6/Rk0CgYAFab9HZop7xJsmhzHYbLCSOwwgV/ILwjAbE9ZF6y5HM59KE1eHU+Wr\n\
P3vyi5b+kz46gw0SP1s8jiqkFEr5QZ521wSnpyBYtt9APnKb+AxXX5qSlJqD6mzT\n\
QoadhBHA/7Z5zypZdA+fOnjjLBbFfvu4brFo5vWZFzsA5Gyj44YLAg==\n\
-----END RSA PRIVATE KEY-----\n";
/// PKCS#1 in DER and base64.
const PUBLIC_KEY: &str = "\
MIIBCgKCAQEAgpxUoHCcEKN+mskNfJRVa+WMqvKkWq9QJmjBcKyCo5MyKemr8CInxAIsMXqr5vLSHSCOr8JckARglv\
wTZWjbmsDBnwoEPibMWj6himMK45dIEqBZjsTO1Zo8jeEfmmNMMhFPOK14ZZClSDVz8MYoA50UWFHbvQxPxY27CH1B\
dNOhO7V9uWq8oFu2IkFqFn0zpqZDOm3T6NrVIiOy9THAJQCh0VKwIUv60+2IQzfpkYm7o/wqNX8OMXx6KJC7+SJdwW\
2OHIfcbq9cN6fxtUTjErDDWbGT6ejclmz0a7OKihwfyXuLFONqtsDvqLs7XpQgtVizYgMBJefKrdecxYeZ0QIDAQAB";

/// Header and claims of an assertion that [`PRIVATE_KEY`] signed by RS256.
#[track_caller]
pub fn verified(assertion: &str) -> (Value, Value) {
    let public = STANDARD.decode(PUBLIC_KEY).unwrap();
    checked(assertion, SignatureScheme::RSA_PKCS1_SHA256, &public)
}

/// Header and claims of an assertion with a valid signature.
#[track_caller]
pub fn checked(assertion: &str, scheme: SignatureScheme, public: &[u8]) -> (Value, Value) {
    let [header, claims, signature] = assertion.split('.').collect::<Vec<_>>()[..] else {
        panic!("no assertion: {assertion}")
    };
    let bytes = |part| URL_SAFE_NO_PAD.decode(part).unwrap();
    let algorithms = default_provider().signature_verification_algorithms.mapping;
    let algorithm = algorithms.iter().find(|(one, _)| *one == scheme).unwrap().1[0];
    let signed = format!("{header}.{claims}");
    algorithm.verify_signature(public, signed.as_bytes(), &bytes(signature)).unwrap();
    (serde_json::from_slice(&bytes(header)).unwrap(), serde_json::from_slice(&bytes(claims)).unwrap())
}
