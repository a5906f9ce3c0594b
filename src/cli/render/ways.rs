//! The ways to authenticate that a provider offers, where it offers several.

use super::listed;
use crate::service::WayView;
use crate::spec::SecretName;

/// Over the secrets of a way: what it is called, and what it lacks.
pub(super) fn title(way: &WayView) -> String {
    let state = match way.missing.as_deref() {
        None => String::new(),
        Some([]) => ", complete".to_owned(),
        Some(missing) => format!(", which lacks {} of {}", missing.len(), way.secrets.len()),
    };
    format!("Secrets of the way {} ({}){state}", way.name, way.auth)
}

/// `oauth (oauth2), with A, B and C`.
pub(super) fn in_a_line(way: &WayView) -> String {
    format!("{} ({}), with {}", way.name, way.auth, names(way))
}

/// What one of them takes, or another: `A (default), or B and C (oauth),`.
pub(super) fn to_store(ways: &[WayView]) -> String {
    let each: Vec<String> = ways.iter().map(|way| format!("{} ({})", names(way), way.name)).collect();
    format!("{},", each.join(", or "))
}

fn names(way: &WayView) -> String {
    let names: Vec<&str> = way.secrets.iter().map(SecretName::as_str).collect();
    listed(&names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(missing: Option<Vec<SecretName>>) -> WayView {
        let secrets = vec![SecretName::from_static("A"), SecretName::from_static("B")];
        WayView { name: "oauth".into(), auth: "oauth2".into(), secrets, optional: Vec::new(), missing }
    }

    #[test]
    fn a_way_says_what_it_takes_and_lacks() {
        assert_eq!(in_a_line(&way(None)), "oauth (oauth2), with A and B");
        assert_eq!(to_store(&[way(None), way(None)]), "A and B (oauth), or A and B (oauth),");
        for (missing, told) in [
            (None, ""),
            (Some(Vec::new()), ", complete"),
            (Some(vec![SecretName::from_static("B")]), ", which lacks 1 of 2"),
        ] {
            assert_eq!(title(&way(missing)), format!("Secrets of the way oauth (oauth2){told}"));
        }
    }
}
