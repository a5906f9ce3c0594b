//! Capabilities for tests.

use crate::service::{CapabilityDetail, CapabilityView, GrantView, Readiness};
use crate::spec::{CapabilityId, ProviderId, Risk, SecretName};

pub(super) fn view(id: &str, readiness: Readiness) -> CapabilityView {
    let id = CapabilityId::parse(id).unwrap();
    let is_ready = readiness == Readiness::Ready;
    CapabilityView {
        provider: ProviderId::parse(id.provider()).unwrap(),
        id,
        category: "ai".into(),
        summary: "Create and read".into(),
        risk: Risk::Write,
        readiness,
        missing: if is_ready { Vec::new() } else { vec![SecretName::from_static("A_KEY")] },
        needs_auth: None,
    }
}

pub(super) fn detail(id: &str) -> CapabilityDetail {
    let path = "/v1/chat/completions";
    let body = r#"{"model":"gpt-5.2"}"#;
    let example = ["aivault", "invoke", id, "--method", "POST", "--path", path, "--body", body];
    CapabilityDetail {
        row: view(id, Readiness::Ready),
        provider_name: "OpenAI".to_owned(),
        docs: "https://docs.example".to_owned(),
        host: "api.openai.com".to_owned(),
        mirrors: Vec::new(),
        auth: "header".to_owned(),
        secrets: Vec::new(),
        ways: Vec::new(),
        allow: vec![GrantView {
            methods: ["GET", "POST"].map(str::to_owned).to_vec(),
            paths: vec![path.to_owned()],
        }],
        default_method: Some("POST".to_owned()),
        default_path: Some(path.to_owned()),
        example: example.map(str::to_owned).to_vec(),
        credentials: Vec::new(),
    }
}
