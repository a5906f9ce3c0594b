//! How the files of the log are called: `log-000001.jsonl`, counted from 1 without a gap.

/// The file that says how far the log has come.
pub(super) const HEAD: &str = "head";

/// The file that says where the log begins, once its first files were retired.
pub(super) const ANCHOR: &str = "anchor";

pub(super) fn log_name(number: u32) -> String {
    format!("log-{number:06}.jsonl")
}

/// The numbers of the log files among `names`, in order.
pub(super) fn log_numbers<'a>(names: impl Iterator<Item = &'a str>) -> Vec<u32> {
    let mut numbers: Vec<u32> = names.filter_map(log_number).collect();
    numbers.sort_unstable();
    numbers
}

/// The number in a name that `log_name` gives, and in no other spelling.
fn log_number(name: &str) -> Option<u32> {
    let number: u32 = name.strip_prefix("log-")?.strip_suffix(".jsonl")?.parse().ok()?;
    (number > 0 && log_name(number) == name).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_name() {
        for number in [1, 42, 999_999, 1_000_000, u32::MAX] {
            assert_eq!(log_number(&log_name(number)), Some(number));
        }
        for other in ["log-1.jsonl", "log-000000.jsonl", "log-+00001.jsonl", "log-0000001.jsonl", "head", ""]
        {
            assert_eq!(log_number(other), None, "{other}");
        }
    }

    #[test]
    fn files_are_in_the_order_of_their_numbers() {
        let names = ["log-1000000.jsonl", "head", "log-000002.jsonl", "log-999999.jsonl"];
        assert_eq!(log_numbers(names.into_iter()), [2, 999_999, 1_000_000]);
    }
}
