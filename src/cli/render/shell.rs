//! Commands as a POSIX shell reads them.

/// `word` as one word of a shell command.
///
/// POSIX.1-2024, XCU 2.2.2: nothing but a single quote is special between single quotes.
pub(super) fn quote(word: &str) -> String {
    let plain = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_' | b'.' | b'/' | b':' | b'@' | b'+' | b',' | b'%')
    };
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A whole command, one option a line when it is long; it runs when pasted.
pub(super) fn command(words: &[String]) -> Vec<String> {
    const WIDE: usize = 96;
    let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
    let whole = quoted.join(" ");
    if whole.len() <= WIDE {
        return vec![whole];
    }
    let mut lines = vec![String::new()];
    for (word, quoted) in words.iter().zip(quoted) {
        if word.starts_with("--") {
            lines.push(format!("  {quoted}"));
        } else if let Some(line) = lines.last_mut() {
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(&quoted);
        }
    }
    let last = lines.len() - 1;
    lines[..last].iter_mut().for_each(|line| line.push_str(" \\"));
    lines
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    /// The words that a shell makes of a command's lines.
    fn read_by_shell(lines: &[String]) -> Vec<String> {
        let script = format!("printf '%s\\0' {}", lines.join("\n"));
        let output = Command::new("/bin/sh").arg("-c").arg(script).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.strip_suffix('\0').unwrap_or(&text).split('\0').map(str::to_owned).collect()
    }

    #[test]
    fn only_what_needs_quotes_gets_them() {
        assert_eq!(quote("openai/chat-completions"), "openai/chat-completions");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(r#"{"a":1}"#), r#"'{"a":1}'"#);
        for special in ["a b", "$HOME", "`id`", "*", "~", "a=b", "#x", "!x", "a\nb", "é"] {
            assert!(quote(special).starts_with('\''), "{special}");
        }
    }

    #[test]
    fn a_long_command_has_a_line_for_each_option() {
        let body = format!("{{\"text\":\"{}\"}}", "x".repeat(80));
        let words = ["aivault", "invoke", "a/b", "--method", "POST", "--body", &body].map(str::to_owned);
        let lines = command(&words);
        assert_eq!(lines[..2], ["aivault invoke a/b \\", "  --method POST \\"]);
        assert_eq!(read_by_shell(&lines), words);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_shell_reads_back_the_same_words(words in proptest::collection::vec("[^\\x00]{0,60}", 1..6)) {
            prop_assert_eq!(read_by_shell(&command(&words)), words);
        }
    }
}
