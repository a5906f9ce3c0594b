//! The path of an operation, and how much of it a path pattern reaches.
//!
//! Pure. A template such as `{id}` stands for any value: a pattern has all of the
//! operation only if it matches every one of them.

use std::fmt;

use crate::spec::{PathPattern, Segment};

/// The values of a path's parameters are spelled out up to so many paths.
const MAX_PATHS: usize = 512;

/// One segment of an operation's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Literal(String),
    /// A template with what stands around it: `{id}.json`.
    Template {
        before: String,
        name: String,
        after: String,
    },
}

/// A path with templates, as descriptions write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route(Vec<Piece>);

/// How much of an operation a pattern reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    None,
    Some,
    All,
}

impl Route {
    /// Reads `/v1/things/{id}`. What a description adds to tell operations apart (`?x`, `#y`) is no
    /// part of the path. `{name=things/*}` is a template within literal segments.
    pub fn parse(text: &str) -> Self {
        let path = outside_braces(text, &['?', '#']).next().unwrap_or_default();
        let path = path.strip_prefix('/').unwrap_or(path);
        let written: Vec<String> = outside_braces(path, &['/']).map(spelled_out).collect();
        Self(written.iter().flat_map(|part| part.split('/')).map(piece).collect())
    }

    /// This path behind another.
    pub fn below(mut self, base: &str) -> Self {
        let base = base.trim_matches('/');
        if !base.is_empty() {
            let mut pieces = Self::parse(base).0;
            pieces.append(&mut self.0);
            self.0 = pieces;
        }
        self
    }

    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// The segments that are literal.
    pub fn literals(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Literal(text) if !text.is_empty() => Some(text.as_str()),
            _ => None,
        })
    }

    /// One route for each combination of the values that `values` gives for a parameter's name.
    pub fn spelled(&self, values: &dyn Fn(&str) -> Vec<String>) -> Vec<Self> {
        let mut all = vec![Vec::new()];
        for piece in &self.0 {
            let choices = match piece {
                Piece::Template { before, name, after } => {
                    let value = |value: String| Piece::Literal(format!("{before}{value}{after}"));
                    values(name).into_iter().map(value).collect()
                }
                Piece::Literal(_) => Vec::new(),
            };
            let choices = if choices.is_empty() { vec![piece.clone()] } else { choices };
            if all.len() * choices.len() > MAX_PATHS {
                return vec![self.clone()];
            }
            let longer = |start: &Vec<Piece>| {
                let start = start.clone();
                let more = |piece: &Piece| start.iter().chain([piece]).cloned().collect();
                choices.iter().map(more).collect::<Vec<Vec<Piece>>>()
            };
            all = all.iter().flat_map(longer).collect();
        }
        all.into_iter().map(Self).collect()
    }

    /// How much of this path `pattern` reaches.
    pub fn reach(&self, pattern: &PathPattern) -> Reach {
        let wanted = pattern.segments();
        let trailing_slash = self.0.last() == Some(&Piece::Literal(String::new()));
        let fits = match pattern.has_rest() {
            true => self.0.len() >= wanted.len() && !(trailing_slash && self.0.len() > wanted.len()),
            false => self.0.len() == wanted.len(),
        };
        if !fits {
            return Reach::None;
        }
        wanted
            .into_iter()
            .zip(&self.0)
            .map(|(segment, piece)| piece.reach(segment))
            .min()
            .unwrap_or(Reach::All)
    }
}

impl Piece {
    fn reach(&self, segment: Segment<'_>) -> Reach {
        match (self, segment) {
            (Self::Literal(text), segment) if segment.matches(text) => Reach::All,
            (Self::Literal(_), _) => Reach::None,
            (Self::Template { .. }, Segment::Any) => Reach::All,
            (Self::Template { before, .. }, Segment::Starts(start)) => {
                one_in_other(before, start, str::starts_with)
            }
            (Self::Template { after, .. }, Segment::Ends(end)) => one_in_other(after, end, str::ends_with),
            (Self::Template { before, after, .. }, Segment::Literal(text)) => {
                let inner =
                    text.strip_prefix(before.as_str()).and_then(|rest| rest.strip_suffix(after.as_str()));
                if inner.is_some_and(|inner| !inner.is_empty()) { Reach::Some } else { Reach::None }
            }
        }
    }
}

fn one_in_other<'a>(own: &'a str, asked: &'a str, edge: fn(&'a str, &'a str) -> bool) -> Reach {
    if edge(own, asked) {
        Reach::All
    } else if edge(asked, own) {
        Reach::Some
    } else {
        Reach::None
    }
}

/// The parts of `text` between those of `marks` that stand outside of braces.
fn outside_braces<'a>(text: &'a str, marks: &'static [char]) -> impl Iterator<Item = &'a str> {
    let mut depth = 0_usize;
    text.split(move |c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && marks.contains(&c)
    })
}

/// `{name=things/*}` as `things/{name}`; other parts as they are.
fn spelled_out(part: &str) -> String {
    let Some((before, rest)) = part.split_once('{') else { return part.to_owned() };
    let Some((inner, after)) = rest.split_once('}') else { return part.to_owned() };
    let Some((name, shape)) = inner.split_once('=') else { return part.to_owned() };
    let segment =
        |segment: &str| if segment.starts_with('*') { format!("{{{name}}}") } else { segment.to_owned() };
    let inner: Vec<String> = shape.split('/').map(segment).collect();
    format!("{before}{}{after}", inner.join("/"))
}

fn piece(segment: &str) -> Piece {
    match (segment.find('{'), segment.rfind('}')) {
        (Some(open), Some(close)) if open < close => Piece::Template {
            before: segment[..open].to_owned(),
            name: segment[open + 1..close].trim_start_matches('+').to_owned(),
            after: segment[close + 1..].to_owned(),
        },
        _ => Piece::Literal(segment.to_owned()),
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.0 {
            match piece {
                Piece::Literal(text) => write!(f, "/{text}")?,
                Piece::Template { before, name, after } => write!(f, "/{before}{{{name}}}{after}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reach(route: &str, pattern: &str) -> Reach {
        Route::parse(route).reach(&PathPattern::parse(pattern).unwrap())
    }

    #[test]
    fn a_template_is_reached_by_what_matches_every_value() {
        for (route, pattern, wanted) in [
            ("/v1/things/{id}", "/v1/things/*", Reach::All),
            ("/v1/things/{id}", "/v1/things/**", Reach::All),
            ("/v1/things", "/v1/things/**", Reach::All),
            ("/v1/things/", "/v1/things/**", Reach::None),
            ("/v1/things/{id}", "/v1/things/me", Reach::Some),
            ("/v1/things/{id}", "/v1/things", Reach::None),
            ("/v1/things/{id}.json", "/v1/things/*.json", Reach::All),
            ("/v1/things/{id}.json", "/v1/things/*", Reach::All),
            ("/v1/things/{id}", "/v1/things/*.json", Reach::Some),
            ("/v1/things/{id}.xml", "/v1/things/*.json", Reach::None),
            ("/v1/{name=models/*}:generate", "/v1/models/*:generate", Reach::All),
            ("/v1/{+name}?alt=sse", "/v1/*", Reach::All),
            ("/contents/{path}", "/contents/**", Reach::All),
        ] {
            assert_eq!(reach(route, pattern), wanted, "{route} {pattern}");
        }
    }

    #[test]
    fn values_are_spelled_out() {
        let values = |name: &str| match name {
            "field" => vec!["a".to_owned(), "b".to_owned()],
            _ => Vec::new(),
        };
        let all = Route::parse("/x/{id}/{field}").spelled(&values);
        assert_eq!(all.iter().map(Route::to_string).collect::<Vec<_>>(), ["/x/{id}/a", "/x/{id}/b"]);
    }
}
