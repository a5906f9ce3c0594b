//! One JSON object of names and texts.

use super::Raw;
use crate::cli::error::CliError;
use crate::cli::json::{Node, parse};

pub(super) fn entries(text: &str) -> Result<Vec<Raw>, CliError> {
    let Some(Node::Record(fields)) = parse(text.as_bytes()) else {
        return Err(CliError::with_help(
            "the source is not one JSON object",
            r#"write it as {"OPENAI_API_KEY": "VALUE", …}"#,
        ));
    };
    let entry = |(name, value): (String, Node)| match value.into_text() {
        Some(value) => Raw::new(&name, value.as_bytes()),
        None => Err(CliError::usage(format!("the value of {} is no text", super::shown(&name)))),
    };
    fields.into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_and_nothing_else() {
        let found = entries(r#"{"A":"1","B_C":"x\n\u00e9"}"#).unwrap();
        assert_eq!(found.iter().map(|raw| raw.name.as_str()).collect::<Vec<_>>(), ["A", "B_C"]);
        assert!(found[1].value.matches(|text| text == "x\n\u{e9}"));
        for bad in
            [r#"["A"]"#, r#"{"A":1}"#, r#"{"A":{"B":"secret"}}"#, r#"{"A":""}"#, "secret", r#"{"A":"secret""#]
        {
            let error = entries(bad).err().unwrap().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
