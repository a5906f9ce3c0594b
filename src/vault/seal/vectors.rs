//! The cipher as it is used here, held against Project Wycheproof's cases for it.

use super::{Key, NONCE, open_locked, open_part, seal_part};

const TABLE: &str = include_str!("../../../tests/vectors/xchacha20-poly1305.txt");

struct Case {
    opens: bool,
    key: Key,
    nonce: Vec<u8>,
    data: Vec<u8>,
    plain: Vec<u8>,
    /// With the tag after it.
    sealed: Vec<u8>,
}

fn bytes(cell: &str) -> Vec<u8> {
    let digits = if cell == "-" { "" } else { cell };
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn cases() -> Vec<Case> {
    let mut before: Vec<&str> = Vec::new();
    let mut cases = Vec::new();
    for line in TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let cells = line.split(' ').enumerate();
        let cells: Vec<&str> = cells.map(|(at, cell)| if cell == "=" { before[at] } else { cell }).collect();
        let [opens, key, nonce, data, plain, text, tag] = cells[..] else { panic!("{line}") };
        cases.push(Case {
            opens: opens == "opens",
            key: Key::from_slice(&bytes(key)).unwrap(),
            nonce: bytes(nonce),
            data: bytes(data),
            plain: bytes(plain),
            sealed: [bytes(text), bytes(tag)].concat(),
        });
        before = cells;
    }
    cases
}

#[test]
fn every_case_opens_or_not_as_it_should() {
    let cases = cases();
    assert_eq!((cases.len(), cases.iter().filter(|case| case.opens).count()), (315, 246));
    for (number, case) in cases.iter().enumerate() {
        let Case { opens, key, nonce, data, plain, sealed } = case;
        let expected = opens.then_some(plain.as_slice());
        let opened = open_part(key, nonce, sealed, data).ok();
        assert_eq!(opened.as_deref().map(Vec::as_slice), expected, "{number}");
        let opened = open_locked(key, nonce, sealed, data).ok();
        assert_eq!(opened.as_deref(), expected, "{number}, in locked pages");
        if *opens {
            let nonce = <[u8; NONCE]>::try_from(nonce.as_slice()).unwrap();
            assert_eq!(&seal_part(key, nonce, plain, data), sealed, "{number}");
        }
    }
}
