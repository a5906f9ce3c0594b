//! `--header`, in both of its spellings. Names and values are not judged here, and a value
//! is never repeated in an error, since it may be a secret typed by mistake.

use crate::cli::error::CliError;

/// `Name: value`, or `name=value` when the `=` stands before any `:`.
pub(in crate::cli) fn parse(number: usize, text: &str) -> Result<(String, String), CliError> {
    let split = text.find([':', '=']).map(|at| (text[..at].trim(), text[at + 1..].trim()));
    match split {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(CliError::with_help(
            format!("header {number} has no name"),
            "write it as --header 'Name: value' or --header name=value",
        )),
    }
}

/// Announces the body's type, unless the caller did.
pub(super) fn default_content_type(headers: &mut Vec<(String, String)>, content_type: Option<String>) {
    const NAME: &str = "content-type";
    let announced = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(NAME));
    if let Some(content_type) = content_type.filter(|_| !announced) {
        headers.push((NAME.to_owned(), content_type));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_colon_and_equals_splits() {
        for (text, name, value) in [
            ("Name: value", "Name", "value"),
            ("name=value", "name", "value"),
            ("  x-a :  b  ", "x-a", "b"),
            ("openai-beta: assistants=v2", "openai-beta", "assistants=v2"),
            ("x-url=https://a/?b=c", "x-url", "https://a/?b=c"),
            ("x-empty:", "x-empty", ""),
        ] {
            assert_eq!(parse(1, text).unwrap(), (name.to_owned(), value.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_header_without_a_name_is_refused_without_its_text() {
        for text in ["sk-verysecret", ": sk-verysecret", "=sk-verysecret", ""] {
            let error = parse(3, text).unwrap_err().to_string();
            assert_eq!(error, "header 3 has no name", "{text}");
        }
    }
}
