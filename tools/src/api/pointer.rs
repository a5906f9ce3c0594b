//! `$ref` within one document: path items, parameters and schemas by name.
//!
//! A reference into another file stays unresolved, and so does one to itself.

use super::document::{Document, Parameter, PathItem, Scalar, Schema};

/// References to references are followed so far.
const MAX_DEPTH: usize = 8;

/// The path item itself, where it stands elsewhere.
pub fn path_item<'a>(document: &'a Document, item: &'a PathItem) -> &'a PathItem {
    let mut item = item;
    for _ in 0..MAX_DEPTH {
        let Some(found) = item.reference.as_deref().and_then(|reference| path_item_at(document, reference))
        else {
            break;
        };
        item = found;
    }
    item
}

fn path_item_at<'a>(document: &'a Document, reference: &str) -> Option<&'a PathItem> {
    if let Some(name) = reference.strip_prefix("#/components/pathItems/") {
        return document.components.as_ref()?.path_items.as_ref()?.get(&plain(name));
    }
    let path = plain(reference.strip_prefix("#/paths/")?);
    document.paths.0.iter().find(|(one, _)| *one == path).map(|(_, item)| item)
}

pub fn parameter<'a>(document: &'a Document, parameter: &'a Parameter) -> &'a Parameter {
    let found = parameter.reference.as_deref().and_then(|reference| {
        let name = reference.rsplit('/').next().map(plain)?;
        let shared = document.components.as_ref().and_then(|components| components.parameters.as_ref());
        shared.or(document.parameters.as_ref())?.get(&name)
    });
    found.unwrap_or(parameter)
}

/// The values that a parameter may have, when they are listed.
pub fn values(document: &Document, parameter: &Parameter) -> Vec<String> {
    let listed = parameter.r#enum.as_ref().or_else(|| listed(document, parameter.schema.as_ref()?));
    listed.into_iter().flatten().filter_map(Scalar::text).collect()
}

fn listed<'a>(document: &'a Document, schema: &'a Schema) -> Option<&'a Vec<Scalar>> {
    let mut schema = schema;
    for _ in 0..MAX_DEPTH {
        let Some(name) = schema.reference.as_deref().and_then(|it| it.strip_prefix("#/components/schemas/"))
        else {
            break;
        };
        schema = document.components.as_ref()?.schemas.as_ref()?.get(&plain(name))?;
    }
    schema.r#enum.as_ref()
}

/// A key of a JSON pointer without its escapes.
fn plain(key: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(key).decode_utf8_lossy();
    decoded.replace("~1", "/").replace("~0", "~")
}
