//! The part of OpenAPI and Swagger documents that is read, as it is written.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Document {
    pub openapi: Option<IgnoredAny>,
    pub swagger: Option<IgnoredAny>,
    pub info: Option<Info>,
    #[serde(rename = "externalDocs")]
    pub external_docs: Option<Link>,
    pub servers: Option<Vec<Server>>,
    pub host: Option<String>,
    #[serde(rename = "basePath")]
    pub base_path: Option<String>,
    pub paths: Paths,
    pub parameters: Option<BTreeMap<String, Parameter>>,
    pub components: Option<Components>,
    #[serde(rename = "securityDefinitions")]
    pub security_definitions: Option<BTreeMap<String, SecurityScheme>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Info {
    pub title: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Link {
    pub url: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Server {
    pub url: String,
    pub variables: Option<BTreeMap<String, Variable>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Variable {
    pub default: Option<Scalar>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Components {
    pub parameters: Option<BTreeMap<String, Parameter>>,
    pub schemas: Option<BTreeMap<String, Schema>>,
    #[serde(rename = "pathItems")]
    pub path_items: Option<BTreeMap<String, PathItem>>,
    #[serde(rename = "securitySchemes")]
    pub security_schemes: Option<BTreeMap<String, SecurityScheme>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SecurityScheme {
    pub r#type: String,
    pub name: Option<String>,
    pub r#in: Option<String>,
    pub scheme: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PathItem {
    #[serde(rename = "$ref")]
    pub reference: Option<String>,
    pub servers: Option<Vec<Server>>,
    pub parameters: Option<Vec<Parameter>>,
    pub get: Option<Operation>,
    pub head: Option<Operation>,
    pub post: Option<Operation>,
    pub put: Option<Operation>,
    pub patch: Option<Operation>,
    pub delete: Option<Operation>,
    pub options: Option<Operation>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Operation {
    pub tags: Option<Vec<Scalar>>,
    #[serde(rename = "operationId")]
    pub operation_id: Option<Scalar>,
    pub summary: Option<String>,
    pub servers: Option<Vec<Server>>,
    pub parameters: Option<Vec<Parameter>>,
    #[serde(rename = "requestBody")]
    pub request_body: Option<RequestBody>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RequestBody {
    #[serde(rename = "$ref")]
    pub reference: Option<String>,
    pub content: Option<BTreeMap<String, IgnoredAny>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Parameter {
    #[serde(rename = "$ref")]
    pub reference: Option<String>,
    pub name: Option<String>,
    pub r#in: Option<String>,
    pub r#enum: Option<Vec<Scalar>>,
    pub schema: Option<Schema>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Schema {
    #[serde(rename = "$ref")]
    pub reference: Option<String>,
    pub r#enum: Option<Vec<Scalar>>,
}

/// A text, or something that is meant as one.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    Text(String),
    Integer(i64),
    Number(f64),
    Bool(bool),
    Other(IgnoredAny),
}

impl Scalar {
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Integer(number) => Some(number.to_string()),
            Self::Number(number) => Some(number.to_string()),
            Self::Bool(truth) => Some(truth.to_string()),
            Self::Other(_) => None,
        }
    }
}

/// Paths in the order in which they are written, without extensions (`x-…`).
#[derive(Debug, Default)]
pub struct Paths(pub Vec<(String, PathItem)>);

impl<'de> Deserialize<'de> for Paths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Paths;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of paths")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Paths, A::Error> {
        let mut paths = Vec::new();
        while let Some(path) = map.next_key::<String>()? {
            if path.starts_with("x-") {
                map.next_value::<IgnoredAny>()?;
            } else {
                paths.push((path, map.next_value()?));
            }
        }
        Ok(Paths(paths))
    }
}
