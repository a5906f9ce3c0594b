//! The older tool's documents as they are written; fields that are of no use here are passed over.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VaultDocument {
    pub(super) version: u32,
    pub(super) provider: ProviderDocument,
    /// SHA-256 of the key, in hexadecimal.
    pub(super) kek_id: String,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ProviderDocument {
    MacosKeychain {},
    Passphrase { kdf: KdfDocument, check: CheckDocument },
    Env { env_var: String },
    File { path: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KdfDocument {
    pub(super) salt_b64: String,
    pub(super) m_cost_kib: u32,
    pub(super) t_cost: u32,
    pub(super) p_cost: u32,
}

#[derive(Deserialize)]
pub(super) struct CheckDocument {
    pub(super) blob: BlobDocument,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BlobDocument {
    pub(super) alg: String,
    pub(super) nonce_b64: String,
    pub(super) ciphertext_b64: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SecretDocument {
    pub(super) secret_id: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    pub(super) scope: ScopeDocument,
    #[serde(default)]
    pub(super) system_managed: bool,
    #[serde(default)]
    pub(super) pinned_provider: Option<String>,
    #[serde(default)]
    pub(super) aad_version: u32,
    #[serde(default)]
    pub(super) revoked_at_ms: Option<i64>,
    #[serde(default)]
    pub(super) ciphertext: Option<CiphertextDocument>,
    #[serde(default, alias = "attachedTeams")]
    pub(super) attached_groups: Vec<GroupDocument>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ScopeDocument {
    Global,
    Workspace {
        workspace_id: String,
    },
    Group {
        workspace_id: String,
        group_id: String,
    },
    /// What groups were called at first.
    Team {
        workspace_id: String,
        team: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupDocument {
    pub(super) workspace_id: String,
    #[serde(alias = "team")]
    pub(super) group_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CiphertextDocument {
    pub(super) dek_wrapped: BlobDocument,
    pub(super) value: BlobDocument,
}

#[derive(Deserialize)]
pub(super) struct BrokerDocument {
    #[serde(default)]
    pub(super) credentials: Vec<CredentialDocument>,
    #[serde(default)]
    pub(super) capabilities: Vec<CapabilityDocument>,
    #[serde(default)]
    pub(super) policies: Vec<PolicyDocument>,
}

#[derive(Deserialize)]
pub(super) struct CredentialDocument {
    pub(super) id: String,
    pub(super) provider: String,
}

#[derive(Deserialize)]
pub(super) struct CapabilityDocument {
    pub(super) id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PolicyDocument {
    pub(super) capability_id: String,
}

impl SecretDocument {
    pub(super) fn groups(&self) -> impl Iterator<Item = String> + '_ {
        self.attached_groups.iter().map(|group| format!("group:{}/{}", group.workspace_id, group.group_id))
    }
}
