//! Fields of structs with behaviour: those with a method on `&mut self`. Plain data (a `Config`, `Stats`, a header) may be
//! as wide as its RFC. The files are read line by line, which is enough for code that rustfmt has laid out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::files::Source;
use super::{Finding, at};

/// Fields: wanted, and permitted.
const FIELDS: (usize, usize) = (12, 16);

/// The folder of the crate, and the name of the type.
type Name = (PathBuf, String);

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let sources = || sources.iter().filter(|source| !source.is_test);
    let behaving: BTreeSet<Name> = sources().flat_map(behaving).collect();
    let (soft, hard) = FIELDS;
    sources()
        .flat_map(|source| structs(source.code()).map(move |found| (source, found)))
        .filter(|(source, (name, _))| behaving.contains(&(home(&source.path), (*name).to_owned())))
        .filter_map(|(source, (name, fields))| {
            Finding::limit(fields, soft, hard, || {
                at(
                    &source.path,
                    format_args!("struct {name} has behaviour and {fields} fields"),
                )
            })
        })
        .collect()
}

/// The crate's folder.
fn home(path: &Path) -> PathBuf {
    path.iter().take_while(|part| *part != "src").collect()
}

/// Top-level items: their first lines, and the lines inside them.
fn items(code: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    let mut lines = code.lines();
    std::iter::from_fn(move || {
        let first = lines.find(|line| line.ends_with('{') && !line.starts_with([' ', '/']))?;
        Some((first, lines.by_ref().take_while(|line| *line != "}").collect()))
    })
}

/// Structs with named fields, and how many each has.
fn structs(code: &str) -> impl Iterator<Item = (&str, usize)> {
    items(code).filter_map(|(first, body)| {
        let (_, rest) = first.split_once("struct ")?;
        let fields = body.iter().filter(|line| is_field(line)).count();
        Some((word(rest), fields))
    })
}

/// `    pub(crate) name: Type,` or its first line.
fn is_field(line: &str) -> bool {
    let Some(line) = line.strip_prefix("    ").filter(|line| !line.starts_with(' ')) else {
        return false;
    };
    let name = line.split(':').next().unwrap_or_default();
    let name = name.rsplit(' ').next().unwrap_or_default();
    let is_name = name
        .chars()
        .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_');
    line.contains(':') && is_name && !line.starts_with(['/', '#'])
}

/// The types that have a method on `&mut self`.
fn behaving(source: &Source) -> Vec<Name> {
    let impls = items(source.code()).filter(|(first, _)| first.starts_with("impl"));
    let active = impls.filter(|(_, body)| body.iter().any(|line| line.contains("&mut self")));
    active
        .map(|(first, _)| (home(&source.path), subject(first).to_owned()))
        .collect()
}

/// The type in `impl<T> Trait<T> for Type<T> {`.
fn subject(line: &str) -> &str {
    if let Some((_, subject)) = line.rsplit_once(" for ") {
        return word(subject);
    }
    let rest = line.strip_prefix("impl").unwrap_or(line);
    let rest = if rest.starts_with('<') {
        rest.split_once("> ").map_or(rest, |(_, rest)| rest)
    } else {
        rest
    };
    word(rest.trim_start())
}

/// Up to the first character that is not of a name.
fn word(text: &str) -> &str {
    let end = text
        .find(|it: char| !it.is_alphanumeric() && it != '_')
        .unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(fields: usize, method: &str) -> Vec<Finding> {
        let fields: String = (0..fields)
            .map(|it| format!("    /// Doc: text.\n    pub(crate) f_{it}: u8,\n"))
            .collect();
        let text = format!(
            "pub struct Core<T> {{\n{fields}}}\n\nimpl<T> Core<T> {{\n    fn go({method}) {{}}\n}}\n"
        );
        check(&[Source {
            path: "crates/a/src/core.rs".into(),
            text,
            is_test: false,
        }])
    }

    #[test]
    fn wide_structs_with_behaviour_are_found() {
        assert_eq!(findings(12, "&mut self"), []);
        assert!(matches!(findings(13, "&mut self")[..], [Finding::Note(_)]));
        assert!(matches!(findings(17, "&mut self")[..], [Finding::Fault(_)]));
        assert_eq!(findings(17, "&self"), []);
    }

    #[test]
    fn an_impl_tells_its_type() {
        assert_eq!(subject("impl Core {"), "Core");
        assert_eq!(subject("impl<'a, E: Endpoint> Duel<'a, E> {"), "Duel");
        assert_eq!(subject("impl<T: Into<u8>> From<T> for Core<T> {"), "Core");
    }

    #[test]
    fn fields_are_counted_and_nothing_else() {
        let text = "pub struct A {\n    /// One: it is.\n    #[doc = \"a: b\"]\n    a: u8,\n    pub b: Vec<\n        c: u8,\n    >,\n}\n";
        assert_eq!(structs(text).collect::<Vec<_>>(), [("A", 2)]);
    }
}
