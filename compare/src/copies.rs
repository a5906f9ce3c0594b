//! The registry several times over, under other names: provider files that are renamed in their text, and compiled
//! as any other.

use std::fs;
use std::path::Path;

use aivault::spec::{Provider, Source, compile_provider};
use aivault::suite::{Lowered, lower};

/// The provider files, `times` over. The first copy keeps its names.
pub fn catalog(times: usize) -> Lowered {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../providers");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let texts: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let sources = (0..times).flat_map(|copy| texts.iter().map(move |text| renamed(text, copy))).collect();
    lower(sources).unwrap_or_else(|mistakes| panic!("a copy does not compile: {}", mistakes[0]))
}

fn renamed(text: &str, copy: usize) -> Source {
    let provider = compiled("original.yaml", text);
    let mut text = text.to_owned();
    let mut id = provider.id.to_string();
    if copy > 0 {
        text = text.replacen(&format!("provider: {id}\n"), &format!("provider: {id}-{copy}\n"), 1);
        id = format!("{id}-{copy}");
        for claim in provider.secrets.iter() {
            text = with_prefix(&text, claim.name.as_str(), &format!("COPY_{copy}_"));
        }
        let mut hosts: Vec<&str> = provider.capabilities.iter().map(|one| one.host.as_str()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        for host in hosts {
            text = with_prefix(&text, host, &format!("copy-{copy}."));
        }
    }
    Source { name: format!("{id}.yaml"), text }
}

fn compiled(name: &str, text: &str) -> Provider {
    let source = Source { name: name.to_owned(), text: text.to_owned() };
    compile_provider(source).provider.expect("a provider file compiles")
}

/// `text` with `prefix` before each whole word `word`.
fn with_prefix(text: &str, word: &str, prefix: &str) -> String {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut out = String::with_capacity(text.len() * 2);
    let mut done = 0;
    for (at, _) in text.match_indices(word) {
        out.push_str(&text[done..at]);
        let whole = !text[..at].ends_with(inside) && !text[at + word.len()..].starts_with(inside);
        out.push_str(if whole { prefix } else { "" });
        done = at;
    }
    out + &text[done..]
}
