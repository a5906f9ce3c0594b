//! A form as arguments: fields, and files whose content comes along. No path of a file is taken: whoever asks may not
//! read what this process can.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::service::RequestBody;
use crate::service::multipart::{Form, UploadError};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct FilePart {
    name: String,
    filename: String,
    #[serde(default)]
    content_type: Option<String>,
    /// In base64.
    data: String,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum FormError {
    #[error(transparent)]
    Upload(#[from] UploadError),
    #[error("the data of {0:?} is not base64")]
    Base64(String),
}

/// The body, and what it is announced as.
pub(super) fn body(
    fields: Vec<(String, String)>,
    files: Vec<FilePart>,
) -> Result<(RequestBody, String), FormError> {
    let mut form = Form::new()?;
    for (name, value) in fields {
        form.field(&name, &value)?;
    }
    for FilePart { name, filename, content_type, data } in files {
        let data = STANDARD.decode(data).map_err(|_| FormError::Base64(name.clone()))?;
        form.bytes(&name, &filename, content_type.as_deref(), data.into())?;
    }
    let kind = form.content_type();
    Ok((form.into_body(), kind))
}
