//! A service that checks AWS Signature Version 4, written from AWS's description of it alone: it uses
//! neither the product nor the library that the product signs with.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::{Answer, Received};

/// What the service knows.
#[derive(Clone, Copy)]
pub struct Service {
    pub name: &'static str,
    pub region: &'static str,
    pub key_id: &'static str,
    pub secret: &'static str,
    pub token: Option<&'static str>,
}

impl Service {
    /// An answer as such a service gives it: 403 with a reason where the signature is not right.
    pub fn answer(&self, received: &Received) -> Answer {
        match self.verify(received) {
            Ok(()) => Answer::text("signed"),
            Err(fault) => Answer::status(403, format!("SignatureDoesNotMatch: {fault}")),
        }
    }

    fn verify(&self, received: &Received) -> Result<(), String> {
        let field = |name: &str| {
            let all = received.head.all(name);
            if all.len() > 1 { Err(format!("{name} twice")) } else { Ok(all.first().copied()) }
        };
        let authorization = field("authorization")?.ok_or("no authorization")?;
        let date = field("x-amz-date")?.ok_or("no date")?;
        let signed = Authorization::parse(authorization)?;
        let scope = format!("{}/{}/{}/aws4_request", &date[..8], self.region, self.name);
        if signed.credential != format!("{}/{scope}", self.key_id) {
            return Err(format!("credential {}", signed.credential));
        }
        if field("x-amz-security-token")? != self.token {
            return Err("token".to_owned());
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        if seconds(date).abs_diff(now) > 15 * 60 {
            return Err(format!("date {date}"));
        }
        let must = received.header_names();
        let must = must
            .iter()
            .filter(|name| name.starts_with("x-amz-") || *name == "host" || *name == "content-type");
        if let Some(unsigned) = must.clone().find(|name| !signed.headers.contains(*name)) {
            return Err(format!("{unsigned} is not signed"));
        }
        let text = format!(
            "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
            hex(&Sha256::digest(self.canonical(received, &signed)?))
        );
        let first = format!("AWS4{}", self.secret);
        let steps = [&date[..8], self.region, self.name, "aws4_request"];
        let key = steps.iter().fold(first.into_bytes(), |key, step| mac(&key, step.as_bytes()));
        let wanted = hex(&mac(&key, text.as_bytes()));
        if wanted == signed.signature { Ok(()) } else { Err(format!("signature of {text}")) }
    }

    fn canonical(&self, received: &Received, signed: &Authorization) -> Result<String, String> {
        let (path, query) = received.target.split_once('?').unwrap_or((&received.target, ""));
        // S3 takes the path for a key; others take it as the text that came.
        let path =
            if self.name == "s3" { escape(&unescape(path), true) } else { escape(path.as_bytes(), true) };
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let [name, value] = [name, value].map(|text| escape(&unescape(&text.replace('+', " ")), false));
            pairs.push((name, value));
        }
        pairs.sort();
        let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut headers = String::new();
        for name in &signed.headers {
            let values: Vec<String> = received.head.all(name).iter().map(|value| collapsed(value)).collect();
            headers += &format!("{name}:{}\n", values.join(","));
        }
        let names: Vec<&str> = signed.headers.iter().map(String::as_str).collect();
        let hash = self.payload(received)?;
        let parts = [&received.method, &path, &query.join("&"), &headers, &names.join(";"), &hash];
        Ok(parts.map(String::as_str).join("\n"))
    }

    /// S3 alone takes a body that nobody signed.
    fn payload(&self, received: &Received) -> Result<String, String> {
        let hash = hex(&Sha256::digest(&received.body));
        match received.head.all("x-amz-content-sha256")[..] {
            ["UNSIGNED-PAYLOAD"] if self.name == "s3" => Ok("UNSIGNED-PAYLOAD".to_owned()),
            [said] if said == hash => Ok(hash),
            ref other => Err(format!("the body's hash is {hash}, not {other:?}")),
        }
    }
}

struct Authorization {
    credential: String,
    headers: BTreeSet<String>,
    signature: String,
}

impl Authorization {
    fn parse(value: &str) -> Result<Self, String> {
        let rest = value.strip_prefix("AWS4-HMAC-SHA256 ").ok_or("another algorithm")?;
        let part = |name: &str| {
            let found = rest.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
            found.map(str::to_owned).ok_or(format!("no {name}"))
        };
        let headers = part("SignedHeaders")?.split(';').map(str::to_owned).collect();
        Ok(Self { credential: part("Credential")?, headers, signature: part("Signature")? })
    }
}

/// Of a date such as `20150830T123600Z`.
fn seconds(date: &str) -> u64 {
    let number = |from: usize, to: usize| date[from..to].parse::<u64>().unwrap();
    let (year, month, day) = (number(0, 4), number(4, 6), number(6, 8));
    // Years that begin in March (Howard Hinnant's way of counting days).
    let (shifted, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + (153 * month + 2) / 5 + day
        - 1
        - 719_468;
    days * 86_400 + number(9, 11) * 3600 + number(11, 13) * 60 + number(13, 15)
}

fn collapsed(value: &str) -> String {
    value.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn escape(bytes: &[u8], slash: bool) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || slash && byte == b'/';
    let one = |byte: &u8| if plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") };
    bytes.iter().map(one).collect()
}

fn unescape(text: &str) -> Vec<u8> {
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::new(), 0);
    while at < bytes.len() {
        if bytes[at] == b'%' {
            out.push(u8::from_str_radix(&text[at + 1..at + 3], 16).unwrap());
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}
