//! The order in which the model's fields stand in the binary.

use super::model::{Capability, DefaultHeader, Example, Grant, Payload, Provider, Risk, Sdk, SecretClaim};
use super::packed::{packed_enum, packed_struct};

packed_struct!(Provider {
    id,
    name,
    category,
    docs,
    secrets,
    auth,
    client_certificate,
    alternatives,
    private,
    headers,
    act_as,
    owned_parameters,
    sdk,
    errors,
    capabilities,
});
packed_struct!(SecretClaim { name, placeholder, help, pattern, identifier, optional });
packed_struct!(DefaultHeader { name, value, allow });
packed_struct!(Sdk { base_url_env, base_path });
packed_struct!(Capability { id, summary, host, mirrors, risk, grants, example });
packed_enum!(Risk { 0 => Read, 1 => Write, 2 => Spend, 3 => Admin });
packed_struct!(Grant { methods, paths });
packed_struct!(Example { method, path, headers, payload });
packed_enum!(Payload {
    0 => None,
    1 => Json(text),
    2 => Form(fields),
    3 => Multipart { fields, files },
    4 => File(name),
});
