//! Names and paths as plain words, so that `apiKeys`, `api-keys` and `API key` are one.

/// The words of a text, in lower case, without the `s` of a plural, with a space around each.
pub fn words(text: &str) -> String {
    let mut all = String::from(" ");
    for word in split(text) {
        all.push_str(&singular(&word.to_lowercase()));
        all.push(' ');
    }
    all
}

/// Whether `phrase` stands in what `words` gave, as whole words.
pub fn has(words: &str, phrase: &str) -> bool {
    words.contains(&format!(" {phrase} "))
}

fn split(text: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let starts = c.is_uppercase()
            && (before.is_lowercase()
                || before.is_uppercase() && rest.peek().is_some_and(|next| next.is_lowercase()));
        if starts || !c.is_alphanumeric() {
            all.push(String::new());
        }
        if let Some(last) = all.last_mut().filter(|_| c.is_alphanumeric()) {
            last.push(c);
        }
        before = c;
    }
    all.retain(|word| !word.is_empty());
    all
}

fn singular(word: &str) -> String {
    let spared = word.len() <= 3 || ["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    match (word.strip_suffix("ies"), word.strip_suffix('s')) {
        _ if spared => word.to_owned(),
        (Some(stem), _) if stem.len() > 2 => format!("{stem}y"),
        (_, Some(stem)) => stem.to_owned(),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_in_all_its_spellings() {
        for text in ["apiKeys", "api-keys", "API key", "api_key", "APIKey", "/api/keys"] {
            assert_eq!(words(text), " api key ", "{text}");
        }
        assert_eq!(words("policies of addresses, status"), " policy of addresse status ");
        assert!(has(&words("/v1/webhooks/{id}/secret"), "secret") && !has(&words("secretary"), "secret"));
    }
}
