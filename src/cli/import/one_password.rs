//! What 1Password's `op item get --format json --reveal` prints: one item, a list of them, or one behind the other.
//!
//! Of each item the concealed fields that have a value are taken. A field whose label is a secret's name gets that;
//! an item's only one gets the item's title, several its title and their labels, in capitals.

use serde::Deserialize;

use super::Raw;
use crate::cli::error::CliError;
use crate::spec::SecretName;

#[derive(Deserialize)]
#[serde(untagged)]
enum Items {
    Many(Vec<Item>),
    One(Item),
}

#[derive(Deserialize)]
struct Item {
    title: String,
    #[serde(default)]
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    #[serde(default)]
    label: String,
    #[serde(default, rename = "type")]
    kind: String,
    value: Option<String>,
}

pub(super) fn entries(text: &str) -> Result<Vec<Raw>, CliError> {
    let mut found = Vec::new();
    for items in serde_json::Deserializer::from_str(text).into_iter::<Items>() {
        // The error would quote what stands there.
        let items = items.map_err(|_| {
            CliError::with_help(
                "the source is no export of 1Password",
                "make one with: op item get ITEM --format json --reveal",
            )
        })?;
        let items = match items {
            Items::Many(items) => items,
            Items::One(item) => vec![item],
        };
        for item in items {
            found.extend(of_item(item)?);
        }
    }
    if found.is_empty() {
        return Err(CliError::with_help(
            "no item there has a concealed field with a value",
            "`op item list` prints none: op item list --format json | op item get - --format json --reveal",
        ));
    }
    Ok(found)
}

fn of_item(item: Item) -> Result<Vec<Raw>, CliError> {
    let Item { title, fields } = item;
    let concealed: Vec<(String, String)> = fields
        .into_iter()
        .filter(|field| field.kind == "CONCEALED")
        .filter_map(|field| Some((field.label, field.value.filter(|value| !value.is_empty())?)))
        .collect();
    let is_alone = concealed.len() == 1;
    let name = |label: &str| match SecretName::parse(label) {
        Ok(name) => name.to_string(),
        Err(_) if is_alone => capitals(&title),
        Err(_) => capitals(&format!("{title} {label}")),
    };
    concealed.iter().map(|(label, value)| Raw::new(&name(label), value.as_bytes())).collect()
}

/// `OpenAI API key` as `OPENAI_API_KEY`.
fn capitals(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_uppercase).collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: &str = r#"{"id":"x","title":"OpenAI API key","category":"API_CREDENTIAL","fields":[
        {"id":"username","type":"STRING","label":"username","value":"me"},
        {"id":"credential","type":"CONCEALED","label":"credential","value":"sk-1","reference":"op://x"},
        {"id":"empty","type":"CONCEALED","label":"old"}]}"#;

    fn names(text: &str) -> Vec<String> {
        entries(text).unwrap().into_iter().map(|raw| raw.name).collect()
    }

    #[test]
    fn each_concealed_field_gets_a_name() {
        assert_eq!(names(ITEM), ["OPENAI_API_KEY"]);
        assert_eq!(names(&format!("[{ITEM}]")), ["OPENAI_API_KEY"]);
        let two = r#"{"title":"Trello","fields":[{"type":"CONCEALED","label":"TRELLO_API_KEY","value":"a"},
            {"type":"CONCEALED","label":"the token","value":"b"}]}"#;
        assert_eq!(
            names(&format!("{ITEM}\n{two}")),
            ["OPENAI_API_KEY", "TRELLO_API_KEY", "TRELLO_THE_TOKEN"]
        );
    }

    #[test]
    fn an_error_quotes_nothing() {
        for bad in
            ["sk-secret", r#"[{"id":"x","title":"sk-secret"}]"#, r#"{"title":"A","fields":"sk-secret"}"#]
        {
            let error = entries(bad).err().unwrap().to_string();
            assert!(!error.contains("sk-secret"), "{error}");
        }
    }
}
